/*
 * Registers as text, for the log.
 */
#include "arch/x86/common/backtrace.h"
#include "lib/printf.h"
#include "lib/printk.h"
#include "machine/symbols.h"

void print_regs(const struct pt_regs *regs)
{
	bool user = user_mode(regs);
	unsigned long sp = user ? regs->sp : (unsigned long)&regs->sp;
	char where[96];

	printk(KERN_WARNING "EIP: %04lx:%s\n", regs->cs & 0xffff,
	       user ? (scnprintf(where, sizeof(where), "%#lx", regs->ip), where)
		    : symbol_format(regs->ip, where, sizeof(where)));
	printk(KERN_WARNING "EAX: %08lx EBX: %08lx ECX: %08lx EDX: %08lx\n", regs->ax, regs->bx,
	       regs->cx, regs->dx);
	printk(KERN_WARNING "ESI: %08lx EDI: %08lx EBP: %08lx ESP: %08lx\n", regs->si, regs->di,
	       regs->bp, sp);
	printk(KERN_WARNING "DS: %04lx ES: %04lx FS: %04lx EFLAGS: %08lx\n", regs->ds & 0xffff,
	       regs->es & 0xffff, regs->fs & 0xffff, regs->flags);
}

void print_control(const struct control_registers *control)
{
	printk(KERN_WARNING "CR2: %08lx CR3: %08lx CR4: %08lx\n", control->cr2, control->cr3,
	       control->cr4);
}
