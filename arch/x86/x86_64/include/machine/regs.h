/*
 * What a trap saves, in the order the entry code pushes it (Linux's struct
 * user_regs_struct order, so that books and debuggers agree).
 */
#pragma once

#include "lib/types.h"

struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx;
	unsigned long r11, r10, r9, r8, ax, cx, dx, si, di;
	unsigned long orig_ax; /* system call number, or -1, or the error code */
	unsigned long ip, cs, flags, sp, ss;
};

static inline bool user_mode(const struct pt_regs *regs)
{
	return regs->cs & 3;
}
#define regs_ip(regs)         ((regs)->ip)
#define regs_sp(regs)         ((regs)->sp)
#define kernel_sp(regs)       ((regs)->sp) /* where the kernel was interrupted */
#define regs_syscall_nr(regs) ((regs)->orig_ax)
#define regs_result(regs)     ((regs)->ax)
#define regs_arg(regs, n)         \
	((n) == 0   ? (regs)->di  \
	 : (n) == 1 ? (regs)->si  \
	 : (n) == 2 ? (regs)->dx  \
	 : (n) == 3 ? (regs)->r10 \
	 : (n) == 4 ? (regs)->r8  \
		    : (regs)->r9)
/* Run the system call again when the task returns to user mode. */
static inline void regs_restart_syscall(struct pt_regs *regs, unsigned long nr)
{
	regs->ax = nr;
	regs->ip -= 2; /* the length of SYSCALL (and of INT n) */
}
