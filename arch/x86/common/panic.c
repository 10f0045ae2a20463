/*
 * When the kernel's own state is wrong: say all that is known, then end as
 * "panic=" wants it.
 *
 * Backtraces follow the saved frame pointers (the kernel is built with them):
 *
 *     rbp -> | caller's rbp | return address | ...
 *
 * reading with care, since the stack may be what is broken.  Where the chain
 * leads through an exception, the interrupted instruction is printed too and the
 * walk goes on with the interrupted function.
 */
#include "arch/x86/common/internal.h"
#include "drivers/serial.h"
#include "lib/assert.h"
#include "lib/printf.h"
#include "lib/printk.h"
#include "lib/string.h"
#include "machine/boot.h"
#include "machine/clock.h"
#include "machine/power.h"
#include "machine/symbols.h"
#include "machine/uaccess.h"

#define DEBUG_EXIT_PORT  0xf4 /* QEMU's isa-debug-exit; value v ends it with status 2v+1 */
#define DEBUG_EXIT_PANIC 0x31
#define BACKTRACE_DEPTH  40

int panic_timeout;

extern char exception_return[], any_time_return[], syscall_called[];

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

static void print_place(unsigned long ip)
{
	char text[96];

	printk(KERN_WARNING " %s\n", symbol_format(ip, text, sizeof(text)));
}

void print_backtrace_from(unsigned long frame, unsigned long ip)
{
	printk(KERN_WARNING "Call trace:\n");
	if (ip)
		print_place(ip);
	for (int depth = 0; depth < BACKTRACE_DEPTH; depth++) {
		unsigned long caller, next;

		if (!read_word(frame, &next) || !read_word(frame + sizeof(long), &caller) ||
		    caller < (unsigned long)_text)
			return;
		if (caller == (unsigned long)exception_return ||
		    caller == (unsigned long)any_time_return) {
			const struct pt_regs *regs = (void *)(frame + 2 * sizeof(long));

			printk(KERN_WARNING " <exception>\n");
			if (user_mode(regs))
				return;
			print_place(regs->ip);
			frame = regs->bp;
			continue;
		}
		print_place(caller - 1); /* the call, not what follows it */
		if (caller == (unsigned long)syscall_called)
			return;
		if (next <= frame) /* stacks grow down: callers lie higher */
			return;
		frame = next;
	}
}

void dump_stack(void)
{
	print_backtrace_from((unsigned long)__builtin_frame_address(0), 0);
}

/* No other output is under way that could be waited for: this CPU alone goes on. */
static void begin_panic(void)
{
	static u32 panicking; /* atomic */

	irq_disable();
	if (xchg(&panicking, 1)) /* a panic within the panic, or on another CPU at once */
		machine_halt();
	console_loglevel = 8;
	stop_other_cpus();
}

static void __noreturn end_panic(void)
{
	console_flush_on_panic();
	if (panic_timeout == 0)
		machine_halt();
	if (panic_timeout > 0) {
		printk(KERN_EMERG "Rebooting in %d seconds..\n", panic_timeout);
		console_flush_on_panic();
		machine_delay_ns(panic_timeout * 1000000000ULL);
	} else {
		outb(DEBUG_EXIT_PORT, DEBUG_EXIT_PANIC);
	}
	machine_reboot();
}

void panic(const char *fmt, ...)
{
	char text[256];
	va_list args;

	begin_panic();
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	printk(KERN_EMERG "Kernel panic - not syncing: %s\n", text);
	print_backtrace_from((unsigned long)__builtin_frame_address(0), 0);
	printk(KERN_EMERG "---[ end Kernel panic - not syncing: %s ]---\n", text);
	end_panic();
}

void oops(struct pt_regs *regs, const char *what, unsigned long address)
{
	begin_panic();
	printk(KERN_ALERT "BUG: %s, address or code %#lx\n", what, address);
	dump_regs(regs);
	printk(KERN_EMERG "Kernel panic - not syncing: Fatal exception: %s\n", what);
	printk(KERN_EMERG "---[ end Kernel panic - not syncing: Fatal exception ]---\n");
	end_panic();
}

/* Where a task is: C functions that want registers printed have none of their own. */
void dump_regs(const struct pt_regs *regs)
{
	char where[96];

	printk(KERN_WARNING "RIP: %04lx:%s\n", regs->cs,
	       user_mode(regs) ? (scnprintf(where, sizeof(where), "%#lx", regs->ip), where)
			       : symbol_format(regs->ip, where, sizeof(where)));
	printk(KERN_WARNING "RSP: %04lx:%016lx EFLAGS: %08lx\n", regs->ss, regs->sp, regs->flags);
	printk(KERN_WARNING "RAX: %016lx RBX: %016lx RCX: %016lx\n", regs->ax, regs->bx, regs->cx);
	printk(KERN_WARNING "RDX: %016lx RSI: %016lx RDI: %016lx\n", regs->dx, regs->si, regs->di);
	printk(KERN_WARNING "RBP: %016lx R08: %016lx R09: %016lx\n", regs->bp, regs->r8, regs->r9);
	printk(KERN_WARNING "R10: %016lx R11: %016lx R12: %016lx\n", regs->r10, regs->r11,
	       regs->r12);
	printk(KERN_WARNING "R13: %016lx R14: %016lx R15: %016lx\n", regs->r13, regs->r14,
	       regs->r15);
	printk(KERN_WARNING "CR2: %016lx CR3: %016lx CR4: %08lx CPU: %u\n", read_cr2(), read_cr3(),
	       read_cr4(), cpu_id());
	if (!user_mode(regs))
		print_backtrace_from(regs->bp, regs->ip);
}
