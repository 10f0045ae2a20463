/*
 * Registers as text, for the log.
 */
#include "arch/x86/common/backtrace.h"
#include "lib/printf.h"
#include "lib/printk.h"
#include "machine/symbols.h"

void print_regs(const struct pt_regs *regs)
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
}

void print_control(const struct control_registers *control)
{
	printk(KERN_WARNING "CR2: %016lx CR3: %016lx CR4: %08lx\n", control->cr2, control->cr3,
	       control->cr4);
}
