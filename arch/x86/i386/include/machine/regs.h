/*
 * What a trap saves, in the order the entry code pushes it (Linux's struct pt_regs
 * without %gs, which the kernel leaves alone).
 *
 * sp and ss are there only if the trap came from user mode: without a change of privilege the
 * processor does not push them, and sp was the address where they would be.
 */
#pragma once

#include "lib/types.h"

struct pt_regs {
	unsigned long bx, cx, dx, si, di, bp, ax;
	unsigned long ds, es, fs;
	unsigned long orig_ax; /* system call number, or -1, or the error code */
	unsigned long ip, cs, flags, sp, ss;
};

static inline bool user_mode(const struct pt_regs *regs)
{
	return regs->cs & 3;
}
#define regs_ip(regs)         ((regs)->ip)
#define regs_sp(regs)         ((regs)->sp)
/* Where the kernel was interrupted: its stack pointer, which the processor has not pushed. */
#define kernel_sp(regs)       ((unsigned long)&(regs)->sp)
#define regs_syscall_nr(regs) ((regs)->orig_ax)
#define regs_result(regs)     ((regs)->ax)
#define regs_arg(regs, n)        \
	((n) == 0   ? (regs)->bx \
	 : (n) == 1 ? (regs)->cx \
	 : (n) == 2 ? (regs)->dx \
	 : (n) == 3 ? (regs)->si \
	 : (n) == 4 ? (regs)->di \
		    : (regs)->bp)
/* Run the system call again when the task returns to user mode. */
static inline void regs_restart_syscall(struct pt_regs *regs, unsigned long nr)
{
	regs->ax = nr;
	regs->ip -= 2; /* the length of INT n */
}
