/*
 * What the machine needs of the kernel that stands on it: the functions it calls
 * when the hardware speaks.  The machine declares them, the kernel implements
 * them (kernel/trap.c, kernel/sched.c); soft has no traps and calls none.
 */
#pragma once

#include "lib/types.h"
#include "machine/regs.h"

/* A page fault at `address`; `regs` is the interrupted state. Interrupts are on again. */
struct fault_info {
	unsigned long address;
	bool write, exec, present; /* what was tried; present: the entry was, its rights were not */
	bool user;		   /* from user mode */
};
void handle_page_fault(struct pt_regs *regs, const struct fault_info *fault);

/* Any other exception of user mode: raise `signo` with these siginfo fields. */
void user_trap(struct pt_regs *regs, int signo, int si_code, unsigned long si_addr, int trapno,
	       unsigned long error);

/* A system call: number and arguments by regs; stores the result in regs. */
void handle_syscall(struct pt_regs *regs);

/* Before each return to user mode while work_pending() says so: signals, rescheduling. */
void exit_to_user_work(struct pt_regs *regs);

/* The timer's tick (HZ times a second), interrupts off. */
void timer_tick(bool user_mode);

/* A new task's first steps, on its own stack, after the switch to it. */
void task_first_run(struct task_struct *previous);

/* The machine is up on the boot CPU: RAM map known, console early, interrupts off. */
void __noreturn start_kernel(void);
