/*
 * What the machine needs of the kernel that stands on it: the functions it calls
 * when the hardware speaks.  The machine declares them, the kernel implements
 * them (kernel/trap.c, kernel/sched.c); soft has no traps and calls none.
 *
 * All but timer_tick() are called with interrupts on.
 */
#pragma once

#include "lib/types.h"
#include "machine/regs.h"

struct task_struct;

/*
 * A page fault at `address`, which is below TASK_SIZE or was touched in user mode; `regs` is the
 * interrupted state. When it cannot be served: from user mode raise SIGSEGV or SIGBUS after
 * machine_note_fault(); from the kernel call machine_bad_access().
 */
struct fault_info {
	unsigned long address;
	union {
		u32 error; /* the hardware's code, whose bits are (Intel SDM 3A, 4.7): */
		struct {
			u32 present : 1; /* the entry was present, its rights were not */
			u32 write : 1;
			u32 user : 1; /* from user mode */
			u32 reserved : 1;
			u32 exec : 1;
		};
	};
};
void handle_page_fault(struct pt_regs *regs, const struct fault_info *fault);

/* Any other exception of user mode: raise `signo` with these siginfo fields. */
void user_trap(struct pt_regs *regs, int signo, int si_code, unsigned long address, int trapno,
	       unsigned long error);

/*
 * A system call: returns its result, or negative errno. The registers are at the top of the
 * task's stack (arch_user_regs); their ax becomes the result afterwards.
 */
long handle_syscall(unsigned long a, unsigned long b, unsigned long c, unsigned long d,
		    unsigned long e, unsigned long f, unsigned long nr);

/* Before a return to user mode while the task's work word is not zero (machine/thread.h). */
void exit_to_user_work(struct pt_regs *regs);

/* The timer's tick (HZ times a second), interrupts off. */
void timer_tick(bool user_mode);

/* "PID: 57 Comm: sh" of the running task, for messages. Any context, an NMI's handler included. */
void describe_current(char *text, size_t size);

/* A new task's first steps, on its own stack, after the switch to it. Interrupts off on entry. */
void task_first_run(struct task_struct *previous);

/* The kernel's first task, statically built: `current` from the first instruction on. */
extern struct task_struct init_task;

/*
 * The machine is up on the boot CPU: RAM map known and mapped, console early, traps, clock and
 * interrupt controllers ready, interrupts off. What the kernel calls is frame_init() and so on.
 */
void __noreturn start_kernel(void);

/* A CPU that machine_start_cpu() started, on its idle task's stack, interrupts off. */
void __noreturn start_secondary(void);

/* --- And what the kernel's trap code calls back. --- */

/* Remember the fault for the signal frame (sigcontext's cr2, err, trapno). */
void machine_note_fault(unsigned long address, unsigned long error, unsigned long trapno);
/*
 * A kernel access to user memory that cannot be served: continue at the access's fixup, so
 * that copy_from_user() and its like return what is missing. Panics if there is none.
 */
void machine_bad_access(struct pt_regs *regs, const struct fault_info *fault);
