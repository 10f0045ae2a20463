/*
 * The machine's part of a task: saved kernel stack pointer, FPU and TLS state.
 */
#pragma once

#include "lib/types.h"
#include "machine/regs.h"

struct task_struct;

struct arch_thread {
	unsigned long kernel_sp;  /* saved while the task does not run */
	unsigned long stack_top;  /* kernel stack's end: where traps from user mode start */
	unsigned long fs_base;	  /* TLS; valid while not running */
	unsigned long gs_base;
	void *fpu;		  /* XSAVE area, 64-byte aligned, fpu_bytes; NULL for kernel threads */
};

extern unsigned fpu_bytes; /* size of an XSAVE area on this CPU */

/* A new task runs fn(arg) on its kernel stack; when fn returns it goes to user mode with its regs. */
void arch_thread_kernel(struct arch_thread *t, void *stack, size_t stack_bytes, void (*fn)(void *),
			void *arg);
/*
 * A new task returns to user mode as a copy of `regs` with result 0 and, if nonzero, the given
 * stack pointer and TLS base; FPU state is copied from the running task. 0 or -ENOMEM.
 */
int arch_thread_fork(struct arch_thread *t, void *stack, size_t stack_bytes,
		     const struct pt_regs *regs, unsigned long user_sp, bool set_tls,
		     unsigned long tls);
/* exec: reset TLS and FPU state to a fresh program's. */
int arch_thread_flush(struct arch_thread *t);
void arch_thread_free(struct arch_thread *t);
/* Switch stacks; returns, later, in the task switched back to, with who ran before it. */
struct task_struct *arch_switch_to(struct task_struct *prev, struct arch_thread *prev_thread,
				   struct task_struct *next, struct arch_thread *next_thread);
/* The user registers at the top of a task's kernel stack. */
struct pt_regs *arch_user_regs(const struct arch_thread *t);
/* Enter user mode for the first time in this task (exec of init): regs are set up. */
void start_thread(struct pt_regs *regs, unsigned long pc, unsigned long sp);

/*
 * Signal frames: push a frame for `signo` onto the user stack so that the handler runs on
 * return, as the x86-64 ABI and rt_sigreturn(2) have it. 0 or -EFAULT. And back.
 */
struct signal_frame_info; /* kernel/signal.h */
int arch_push_signal_frame(struct pt_regs *regs, const struct signal_frame_info *info);
long arch_pop_signal_frame(struct pt_regs *regs, struct signal_frame_info *info);

/* The machine's own system calls: arch_prctl and friends register themselves (kernel/syscall.h). */
