/*
 * Who called whom, on this CPU, on all of them, of a sleeping task.
 *
 * The kernel is built with frame pointers:
 *
 *     rbp -> | caller's rbp | return address | ...
 *
 * They are followed with care, since the stack may be what is broken.  Where the
 * chain leads through an exception, the interrupted instruction is listed too and
 * the walk goes on with the interrupted function.
 *
 * Other CPUs are asked by an NMI, the one interrupt that is never switched off.
 * Its handler may have interrupted anything, the log's own lock included, so it prints
 * nothing: it notes registers and return addresses in memory of its CPU, clears
 * the CPU's bit in `asked` and goes back.  Who asked prints the notes.
 *
 *     asking CPU                          another CPU
 *     asked = the others, send NMIs  -->  note(), clear own bit
 *     wait, three seconds at most    <--
 *     print the notes
 *
 * An NMI that nobody asked for comes from outside: a button, or QEMU's monitor
 * (`nmi`, inject-nmi), pressed because the machine hangs.  QEMU gives it to every CPU; the first
 * to arrive does the asking and the printing, and since it may have interrupted a
 * holder of the log's locks it does so without waiting for them (printk_urgent()).
 * NMIs that come late, just after such a report, belong to it and are dropped.
 *
 * A panic asks in the same way, and those asked stay in the handler for good.
 */
#include "arch/x86/common/backtrace.h"
#include "arch/x86/common/internal.h"
#include "lib/assert.h"
#include "lib/printf.h"
#include "lib/printk.h"
#include "machine/backtrace.h"
#include "machine/clock.h"
#include "machine/power.h"
#include "machine/symbols.h"
#include "machine/thread.h"
#include "machine/uaccess.h"
#include "machine/upcall.h"
#include "machine/words.h"

#define DEPTH     40
#define EXCEPTION 0UL           /* among return addresses: here an exception came in between */
#define ANSWER_NS 3000000000ULL /* emulated CPUs on a busy host take their time */
#define LATE_NS   500000000ULL

struct calls {
	unsigned n;
	unsigned long ip[DEPTH];
};

/* What a CPU was doing when the NMI came. Written by that CPU, read when it has answered. */
struct note {
	struct pt_regs regs;
	struct control_registers control;
	char task[48];
	struct calls calls;
};
static DEFINE_PER_CPU(struct note, cpu_note);

static u64 asked;          /* atomic: CPUs that are to make a note */
static unsigned panic_cpu; /* the one that panics, plus one: the others are not to come back */
static u32 reporting;      /* atomic: a CPU makes the report for an NMI from outside */
static u64 report_end;     /* (reporting) clock, ns: when the last one was complete */

/* Where C returns to in entry.S: behind these stands a struct pt_regs. */
extern char exception_return[], exception_called[], interrupt_called[], any_time_return[];
extern char syscall_called[], sysenter_called[];

/* --- Walking --- */

/* One word of kernel memory, or false if it cannot be read. */
static bool read_word(unsigned long at, unsigned long *word)
{
	if (at < DIRECT_MAP_BASE || !IS_ALIGNED(at, sizeof(long)))
		return false;
	__asm__ volatile goto("1: mov %1, %0\n\t" EXTABLE("1b", "%l[fault]")
			      : "=r"(*word)
			      : "m"(*(unsigned long *)at)
			      : "memory"
			      : fault);
	return true;
fault:
	return false;
}

static void add_call(struct calls *calls, unsigned long ip)
{
	if (calls->n < DEPTH)
		calls->ip[calls->n++] = ip;
}

static bool called_by_exception(unsigned long caller)
{
	return caller == (unsigned long)exception_return ||
	       caller == (unsigned long)exception_called ||
	       caller == (unsigned long)interrupt_called ||
	       caller == (unsigned long)any_time_return;
}

/* A return address, and what lies above it. False: nobody called the caller; else its *frame. */
static bool add_caller(struct calls *calls, unsigned long caller, unsigned long above,
		       unsigned long *frame)
{
	const struct pt_regs *regs = (void *)above;

	if (caller < (unsigned long)_text)
		return false;
	if (!called_by_exception(caller)) {
		add_call(calls, caller - 1); /* the call, not what follows it */
		/* Stacks grow down: callers lie higher. */
		return caller != (unsigned long)syscall_called &&
		       caller != (unsigned long)sysenter_called && *frame >= above;
	}
	add_call(calls, EXCEPTION);
	if (user_mode(regs))
		return false;
	add_call(calls, regs->ip);
	*frame = regs->bp;
	return true;
}

static void walk_frames(struct calls *calls, unsigned long frame)
{
	unsigned long caller, next;

	while (calls->n < DEPTH && read_word(frame, &next) &&
	       read_word(frame + sizeof(long), &caller) &&
	       add_caller(calls, caller, frame + 2 * sizeof(long), &next))
		frame = next;
}

static void walk(struct calls *calls, unsigned long frame, unsigned long ip)
{
	calls->n = 0;
	if (ip)
		add_call(calls, ip);
	walk_frames(calls, frame);
}

/* From where the kernel was interrupted; perhaps before a function had made its frame. */
static void walk_interrupted(struct calls *calls, const struct pt_regs *regs)
{
	const u8 push_bp = 0x55;
	unsigned long frame = regs->bp, sp = kernel_sp(regs), caller;

	calls->n = 0;
	add_call(calls, regs->ip);
	if (regs->ip >= (unsigned long)_text && regs->ip < (unsigned long)_etext &&
	    *(const u8 *)regs->ip == push_bp && read_word(sp, &caller) &&
	    !add_caller(calls, caller, sp + sizeof(long), &frame))
		return;
	walk_frames(calls, frame);
}

static void print_calls(const struct calls *calls)
{
	char text[96];

	printk(KERN_WARNING "Call trace:\n");
	for (unsigned i = 0; i < calls->n; i++)
		printk(KERN_WARNING " %s\n",
		       calls->ip[i] == EXCEPTION ? "<exception>"
						 : symbol_format(calls->ip[i], text, sizeof(text)));
}

void print_backtrace_from(unsigned long frame, unsigned long ip)
{
	struct calls calls;

	walk(&calls, frame, ip);
	print_calls(&calls);
}

void dump_stack(void)
{
	print_backtrace_from((unsigned long)__builtin_frame_address(0), 0);
}

void machine_backtrace_thread(const struct arch_thread *t, const void *stack)
{
	unsigned long sp = READ_ONCE(t->kernel_sp), at = sp + SWITCH_FRAME_BYTES, frame, ip;

	/* What switch_stacks() or a new task's first frame left. */
	if (sp < (unsigned long)stack || sp >= t->stack_top || !read_word(at, &frame) ||
	    !read_word(at + sizeof(long), &ip))
		return;
	print_backtrace_from(frame, ip);
}

/* --- All CPUs --- */

static void make_note(const struct pt_regs *regs, unsigned long cr2)
{
	struct note *note = &this_cpu(cpu_note);

	note->regs = *regs;
	note->control = (struct control_registers){cr2, read_cr3(), read_cr4()};
	describe_current(note->task, sizeof(note->task));
	note->calls.n = 0;
	if (!user_mode(regs))
		walk_interrupted(&note->calls, regs);
}

static void print_note(unsigned cpu, const struct note *note)
{
	printk(KERN_WARNING "NMI backtrace for cpu %u\n", cpu);
	printk(KERN_WARNING "CPU: %u %s\n", cpu, note->task);
	print_regs(&note->regs);
	print_control(&note->control);
	if (!user_mode(&note->regs))
		print_calls(&note->calls);
}

/* Every online CPU but this one makes a note. Returns those that have not. */
static u64 ask_others(void)
{
	u64 others = READ_ONCE(cpu_online_mask) & ~BIT(cpu_id()), end;

	if (!others || !lapic_enabled)
		return others;
	fetch_or(&asked, others);
	for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++)
		if (others >> cpu & 1)
			lapic_send_nmi(cpu);
	end = machine_clock_ns() + ANSWER_NS;
	while (load_acquire(&asked) & others && machine_clock_ns() < end)
		cpu_relax();
	return fetch_and(&asked, ~others) & others;
}

static void print_others(u64 silent)
{
	unsigned cpu;

	for_each_online_cpu (cpu) {
		if (cpu == cpu_id())
			continue;
		if (silent >> cpu & 1)
			printk(KERN_WARNING "CPU: %u does not answer\n", cpu);
		else
			print_note(cpu, &per_cpu(cpu_note, cpu));
	}
}

void machine_backtrace_cpus(void)
{
	u64 silent = ask_others();
	char task[48];

	describe_current(task, sizeof(task));
	printk(KERN_WARNING "NMI backtrace for cpu %u\n", cpu_id()); /* as Linux has it */
	printk(KERN_WARNING "CPU: %u %s\n", cpu_id(), task);
	dump_stack();
	print_others(silent);
}

static u64 panic_silent;

void panic_stop_cpus(void)
{
	WRITE_ONCE(panic_cpu, cpu_id() + 1);
	panic_silent = ask_others();
}

void panic_print_cpus(void)
{
	print_others(panic_silent);
}

/* From outside: make the report with what this CPU has noted of itself. */
static void report(void)
{
	int loglevel = console_loglevel;
	u64 silent;

	if (xchg(&reporting, 1))
		return;
	if (!report_end || machine_clock_ns() - report_end > LATE_NS) {
		silent = ask_others();
		printk_urgent(true);
		console_loglevel = 8;
		print_note(cpu_id(), &this_cpu(cpu_note));
		print_others(silent);
		console_loglevel = loglevel;
		printk_urgent(false);
		report_end = machine_clock_ns();
	}
	store_release(&reporting, 0);
}

void nmi(const struct pt_regs *regs)
{
	unsigned long cr2 = read_cr2(); /* the walk may fault */
	u64 self = BIT(cpu_id());
	bool was_asked;

	make_note(regs, cr2);
	was_asked = fetch_and(&asked, ~self) & self;
	if (READ_ONCE(panic_cpu) && panic_cpu != cpu_id() + 1)
		for (;;)
			__asm__ volatile("cli; hlt");
	if (!was_asked && !panic_cpu)
		report();
	write_cr2(cr2);
}
