/*
 * Tasks as the processor sees them: stacks, the switch between them, TLS and FPU.
 *
 * A new task's stack is built so that the first switch to it "returns" into
 * thread_start (entry.S):
 *
 *   stack_top  pt_regs            what it will have in user mode
 *              thread_start       return address of switch_stacks
 *              ebp ebx esi edi    ebx = function or 0, esi = its argument
 *   kernel_sp
 *
 * The switch is software's: one TSS a CPU, of which only esp0 changes; there is another model
 * (hardware_tasks.c). The task's three
 * TLS descriptors are written into the GDT, then %gs is loaded, which the program
 * has most likely set to one of them: a selector that has become invalid is replaced by the null one.
 *
 * FPU state is written to its place on the stack when a task is switched away
 * from, and read when one is switched to, unless it is in the registers still:
 * fpu_owner says whose state the CPU holds, last_cpu that no other CPU has had
 * the task since.
 */
#include "arch/x86/common/internal.h"
#include "arch/x86/common/segments.h"
#include "arch/x86/i386/hardware_tasks.h"
#include "arch/x86/i386/segments.h"
#include "arch/x86/i386/tls.h"
#include "lib/assert.h"
#include "lib/errno.h"
#include "machine/current.h"
#include "machine/layout.h"
#include "x86/root.h"
#include "machine/thread.h"
#include "machine/uaccess.h"
#include "machine/upcall.h"

struct task_struct *switch_stacks(struct task_struct *prev, unsigned long *prev_sp,
				  unsigned long next_sp);
extern char thread_start[];

static struct arch_thread boot_thread; /* until the first switch */
DEFINE_PER_CPU(struct arch_thread *, current_thread) = &boot_thread;
static DEFINE_PER_CPU(struct arch_thread *, fpu_owner);

static u16 read_gs(void)
{
	u16 gs;

	__asm__ volatile("mov %%gs, %w0" : "=r"(gs));
	return gs;
}

void load_gs(u16 gs)
{
	__asm__ volatile goto("1: mov %w0, %%gs\n\t" EXTABLE("1b", "%l[bad]")::"r"(gs)
			      : "memory"
			      : bad);
	return;
bad:
	__asm__ volatile("mov %w0, %%gs" ::"r"(0));
}

u16 thread_gs(void)
{
	return read_gs();
}

static struct start_frame *place(struct arch_thread *t, void *stack, size_t stack_bytes)
{
	unsigned long end = (unsigned long)stack + stack_bytes;
	struct start_frame *frame;

	t->fpu = (void *)ALIGN_DOWN(end - fpu_bytes, 64UL);
	t->stack_top = (unsigned long)t->fpu;
	t->last_cpu = NR_CPUS;
	t->windows = 0;
	frame = (struct start_frame *)arch_user_regs(t) - 1;
	t->kernel_sp = (unsigned long)frame;
	*frame = (struct start_frame){.ip = (unsigned long)thread_start};
	return frame;
}

static const struct pt_regs fresh_regs = {
	.ds = USER_DS,
	.es = USER_DS,
	.orig_ax = -1,
	.cs = USER_CS,
	.flags = EFLAGS_IF,
	.ss = USER_DS,
};

int arch_thread_kernel(struct arch_thread *t, void *stack, size_t stack_bytes, void (*fn)(void *),
		       void *arg)
{
	struct start_frame *frame = place(t, stack, stack_bytes);

	frame->bx = (unsigned long)fn;
	frame->si = (unsigned long)arg;
	*arch_user_regs(t) = fresh_regs;
	t->tls = (struct arch_tls){0};
	t->user = false;
	return hardware_tasks ? hardware_task_new(t) : 0;
}

int arch_thread_fork(struct arch_thread *t, void *stack, size_t stack_bytes,
		     const struct pt_regs *regs, unsigned long user_sp, bool set_tls,
		     unsigned long tls)
{
	struct pt_regs *child;

	if (set_tls) {
		int err = tls_set(&t->tls, (struct user_desc __user *)tls, false);

		if (err)
			return err;
	}
	place(t, stack, stack_bytes);
	child = arch_user_regs(t);
	*child = *regs;
	child->ax = 0;
	if (user_sp)
		child->sp = user_sp;
	t->tls.gs = read_gs();
	t->user = true;
	fpu_init_area(t->fpu); /* XSAVE leaves parts of the header as they are */
	fpu_save(t->fpu);
	return hardware_tasks ? hardware_task_new(t) : 0;
}

void arch_thread_free(struct arch_thread *t)
{
	t->last_cpu = NR_CPUS;
	if (hardware_tasks)
		hardware_task_free(t);
}

void arch_thread_space(struct arch_thread *t, const struct arch_mm *mm)
{
	if (hardware_tasks)
		hardware_task_space(t, mm);
}

int arch_thread_flush(struct arch_thread *t)
{
	unsigned long flags = irq_save();

	t->tls = (struct arch_tls){0};
	load_tls(&t->tls);
	load_gs(0);
	irq_restore(flags);
	fpu_init_area(t->fpu);
	fpu_restore(t->fpu);
	t->user = true;
	return 0;
}

struct task_struct *arch_switch_to(struct task_struct *prev, struct arch_thread *prev_thread,
				   struct task_struct *next, struct arch_thread *next_thread)
{
	unsigned cpu = cpu_id();

	if (prev_thread->user) {
		fpu_save(prev_thread->fpu);
		prev_thread->last_cpu = cpu;
		this_cpu(fpu_owner) = prev_thread;
		prev_thread->tls.gs = read_gs();
	}
	if (next_thread->user) {
		if (this_cpu(fpu_owner) != next_thread || next_thread->last_cpu != cpu) {
			fpu_restore(next_thread->fpu);
			this_cpu(fpu_owner) = next_thread;
		}
		load_tls(&next_thread->tls);
		if (likely(!hardware_tasks))
			load_gs(next_thread->tls.gs);
	}
	/* What this CPU remembers of windows that were opened on another one may be old. */
	if (unlikely(next_thread->windows))
		reload_root();
	set_trap_stack(next_thread->stack_top);
	this_cpu(current_task) = next;
	this_cpu(current_thread) = next_thread;
	if (unlikely(hardware_tasks))
		return hardware_switch(prev, prev_thread, next_thread);
	return switch_stacks(prev, &prev_thread->kernel_sp, next_thread->kernel_sp);
}

unsigned long arch_thread_pc(const struct arch_thread *t)
{
	/* switch_stacks' caller has the return address; one frame further is schedule()'s caller. */
	const struct start_frame *frame = (const void *)t->kernel_sp;

	return frame->ip;
}

void start_thread(struct pt_regs *regs, unsigned long pc, unsigned long sp)
{
	BUG_ON(pc >= TASK_SIZE); /* exec has refused such an image */
	*regs = fresh_regs;
	regs->ip = pc;
	regs->sp = sp;
	fetch_or((u32 *)current, ARCH_WORK_FULL_RETURN);
}

void machine_note_fault(unsigned long address, unsigned long error, unsigned long trapno)
{
	struct arch_thread *t = this_cpu(current_thread);

	t->fault_address = address;
	t->fault_error = error;
	t->fault_trapno = trapno;
}
