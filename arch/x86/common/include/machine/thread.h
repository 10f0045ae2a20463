/*
 * The machine's part of a task: saved kernel stack pointer, FPU and TLS state.
 *
 * The kernel stack from its end downwards:
 *
 *   stack + bytes  +-------------------------+
 *                  | FPU state (fpu_bytes)   |  user tasks and kernel threads alike
 *   stack_top      +-------------------------+
 *                  | struct pt_regs (user)   |
 *                  +-------------------------+
 *                  | calls                   |
 */
#pragma once

#include "lib/types.h"
#include "machine/regs.h"
#include "machine/segments.h"
#include "machine/signal_frame.h"
#include "machine/tls.h"

struct task_struct;

struct arch_thread {
	unsigned long kernel_sp; /* saved while the task does not run */
	unsigned long stack_top; /* kernel stack's end: where traps from user mode start */
	bool user;               /* has, or is about to have, a user mode: FPU state is switched */
	struct arch_tls tls;
	struct thread_segments segments;
	void *fpu;         /* XSAVE area on the kernel stack, 64-byte aligned */
	unsigned last_cpu; /* whose registers may still hold that state; NR_CPUS: none */
	unsigned windows;  /* open onto high memory (i386) */
	/* The last fault of user mode that became a signal, for its frame. */
	unsigned long fault_address, fault_error, fault_trapno;
};

#define ARCH_WORK_FULL_RETURN 0x80000000u /* registers were replaced: return by IRET */
#define ARCH_WORK_MASK        0x80000000u

extern unsigned fpu_bytes; /* size of an XSAVE area on this CPU */

/*
 * A new task runs fn(arg) on its kernel stack, after task_first_run(); when fn returns it goes to
 * user mode with its regs (start_thread() has set them up). 0, or -EAGAIN: the processor knows of as
 * many tasks as it can (i386, "task_model=2.2").
 */
int __must_check arch_thread_kernel(struct arch_thread *t, void *stack, size_t stack_bytes,
				    void (*fn)(void *), void *arg);
/*
 * A new task returns to user mode as a copy of `regs` with result 0 and, if nonzero, the given
 * stack pointer and TLS base; FPU state is copied from the running task. 0, -ENOMEM, or -EAGAIN as above.
 */
int arch_thread_fork(struct arch_thread *t, void *stack, size_t stack_bytes,
		     const struct pt_regs *regs, unsigned long user_sp, bool set_tls,
		     unsigned long tls);
/* exec: reset the running task's TLS and FPU state to a fresh program's. Cannot fail: 0. */
int arch_thread_flush(struct arch_thread *t);
/* The task is dead and switched away from; before its stack is freed. */
void arch_thread_free(struct arch_thread *t);
/*
 * Switch stacks, FPU and TLS; returns, later, in the task switched back to, with who ran before
 * it. Interrupts off. The address space is switch_mm()'s business.
 */
struct task_struct *arch_switch_to(struct task_struct *prev, struct arch_thread *prev_thread,
				   struct task_struct *next, struct arch_thread *next_thread);

/* The user registers at the top of a task's kernel stack. */
static inline struct pt_regs *arch_user_regs(const struct arch_thread *t)
{
	return (struct pt_regs *)t->stack_top - 1;
}

/* exec of the running task: user registers for a program's first instruction. */
void start_thread(struct pt_regs *regs, unsigned long pc, unsigned long sp);
/* For wchan and backtraces of a task that does not run: where it called schedule(). */
unsigned long arch_thread_pc(const struct arch_thread *t);

/*
 * Signal frames: push a frame for info->signo onto the user stack so that the handler runs on
 * return, as the psABI and rt_sigreturn(2) have it. 0 or -EFAULT. And back: registers, FPU,
 * info->oldmask and info->altstack_*; 0 (then the call's result is regs_result(regs)) or -EFAULT.
 */
int arch_push_signal_frame(struct pt_regs *regs, const struct signal_frame_info *info);
int arch_pop_signal_frame(struct pt_regs *regs, struct signal_frame_info *info);
