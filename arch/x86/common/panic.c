/*
 * When the kernel's own state is wrong: say all that is known, then end as
 * "panic=" wants it.
 *
 * The other CPUs are stopped first, by an NMI (backtrace.c), wherever they are: perhaps in the
 * middle of a log message, so nothing that is said from then on waits for a lock.
 * What they were doing is printed behind the panic's own backtrace.
 */
#include "arch/x86/common/backtrace.h"
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
#include "machine/upcall.h"

#define DEBUG_EXIT_PORT  0xf4 /* QEMU's isa-debug-exit; value v ends it with status 2v+1 */
#define DEBUG_EXIT_PANIC 0x31

int panic_timeout;

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

/* From here on this CPU is alone, and waits for nobody. */
static void begin_panic(void)
{
	static u32 panicking; /* atomic: the CPU that panics, plus one */
	u32 none = 0;

	irq_disable();
	if (!try_cmpxchg(&panicking, &none, cpu_id() + 1)) {
		if (none == cpu_id() + 1) /* what panic prints is broken, too */
			end_panic();
		for (;;) /* the other one's NMI notes where we are */
			__asm__ volatile("cli; hlt");
	}
	console_loglevel = 8;
	panic_stop_cpus();
	console_flush_on_panic(); /* what a stopped CPU was printing */
	printk_urgent(true);
}

void panic(const char *fmt, ...)
{
	char text[256], task[48];
	va_list args;

	begin_panic();
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	printk(KERN_EMERG "Kernel panic - not syncing: %s\n", text);
	describe_current(task, sizeof(task));
	printk(KERN_WARNING "CPU: %u %s\n", cpu_id(), task);
	print_backtrace_from((unsigned long)__builtin_frame_address(0), 0);
	panic_print_cpus();
	printk(KERN_EMERG "---[ end Kernel panic - not syncing: %s ]---\n", text);
	end_panic();
}

void oops(struct pt_regs *regs, const char *what, unsigned long address)
{
	begin_panic();
	printk(KERN_ALERT "BUG: %s, address or code %#lx\n", what, address);
	dump_regs(regs);
	panic_print_cpus();
	printk(KERN_EMERG "Kernel panic - not syncing: Fatal exception: %s\n", what);
	printk(KERN_EMERG "---[ end Kernel panic - not syncing: Fatal exception ]---\n");
	end_panic();
}

/* Where a task is: C functions that want registers printed have none of their own. */
void dump_regs(const struct pt_regs *regs)
{
	struct control_registers control = {read_cr2(), read_cr3(), read_cr4()};
	char task[48];

	describe_current(task, sizeof(task));
	printk(KERN_WARNING "CPU: %u %s\n", cpu_id(), task);
	print_regs(regs);
	print_control(&control);
	if (!user_mode(regs))
		print_backtrace_from(regs->bp, regs->ip);
}
