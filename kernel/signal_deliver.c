/*
 * Delivering signals: what a thread does about them before it returns to user mode.
 *
 *   deliver_signals()
 *      next_signal(): process ends? -> do_group_exit()
 *                     process stops? -> sleep in TASK_STOPPED
 *                     went on? -> tell the parent
 *                     default action? -> do it
 *                     handler? -> that one
 *      run_handler():  a frame on the user stack; mask changed until rt_sigreturn()
 *      no handler:     restart the interrupted system call, restore a temporary mask
 *
 * A system call that a signal cut short returned one of the ERESTART codes:
 *
 *                            no handler runs        a handler runs
 *   ERESTARTNOINTR           again                  again, after it
 *   ERESTARTSYS              again                  again if SA_RESTART, else EINTR
 *   ERESTARTNOHAND           again                  EINTR
 *   ERESTART_RESTARTBLOCK    restart_syscall(2)     EINTR
 */
#include "kernel/family.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/session.h"
#include "kernel/signal_int.h"
#include "kernel/syscall.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "machine/upcall.h"

bool on_altstack(unsigned long sp)
{
	const struct task_struct *t = current;

	return !(t->sas_flags & SS_AUTODISARM) && sp > t->sas_sp && sp - t->sas_sp <= t->sas_size;
}

/* --- Stopping --- */

/* (sighand lock) True when `t` was the last to stop. */
static bool leave_stop_count(struct task_struct *t)
{
	struct signal_struct *signal = t->signal;

	if (!(READ_ONCE(t->work_pending) & WORK_STOP))
		return false;
	fetch_and(&t->work_pending, ~WORK_STOP);
	if (signal->stop_count == 0 || --signal->stop_count > 0)
		return false;
	signal->stop_flags = SIGNAL_STOPPED | SIGNAL_STOP_NEWS;
	return true;
}

static void report_stop(struct task_struct *t)
{
	lock_tasklist();
	if (t->signal->stop_flags & SIGNAL_STOPPED)
		notify_parent(t->group_leader, SIGCHLD, CLD_STOPPED, t->signal->stop_code);
	unlock_tasklist();
}

void leave_group_stop(struct task_struct *t)
{
	struct sighand_struct *sighand;
	bool last;

	if (!(READ_ONCE(t->work_pending) & WORK_STOP))
		return;
	sighand = lock_sighand(t);
	last = leave_stop_count(t);
	unlock_sighand(sighand);
	if (last)
		report_stop(t);
}

/* Take part in the stop. (sighand lock, let go of) */
static void stop_here(struct sighand_struct *sighand)
{
	struct task_struct *t = current;
	bool last = leave_stop_count(t);

	set_current_state(TASK_STOPPED);
	recalc_signal_work(t);
	unlock_sighand(sighand);
	if (last)
		report_stop(t);
	schedule();
}

/* A stop signal takes effect: every thread is asked to stop. (sighand lock) */
static void begin_stop(int sig)
{
	struct signal_struct *signal = current->signal;
	struct task_struct *t;

	signal->stop_code = sig;
	signal->stop_count = 0;
	for_each_thread(t, current)
	{
		if (t->pf & PF_EXITING || READ_ONCE(t->state) == TASK_STOPPED)
			continue;
		signal->stop_count++;
		fetch_or(&t->work_pending, WORK_STOP | WORK_SIGNAL);
		if (t != current) {
			wake_up_state(t, TASK_INTERRUPTIBLE);
			kick_task(t);
		}
	}
}

/* --- The next signal with a handler --- */

static void report_continue(struct sighand_struct *sighand)
{
	current->signal->stop_flags &= ~SIGNAL_CONT_NOTIFY;
	unlock_sighand(sighand);
	lock_tasklist();
	notify_parent(current->group_leader, SIGCHLD, CLD_CONTINUED, SIGCONT);
	unlock_tasklist();
}

/* Do default actions until a signal comes up that has a handler; 0: none. Fills *action. */
static int next_signal(siginfo_t *info, struct k_sigaction *action)
{
	struct task_struct *t = current;
	struct signal_struct *signal = t->signal;
	struct sighand_struct *sighand = lock_sighand(t);

	for (;;) {
		int sig;

		if (signal->group_exit) {
			unlock_sighand(sighand);
			do_group_exit(signal->group_exit_code);
		}
		if (t->pending.set & SIGMASK(SIGKILL)) { /* another thread execs */
			unlock_sighand(sighand);
			do_exit(0);
		}
		if (signal->stop_flags & SIGNAL_CONT_NOTIFY) {
			report_continue(sighand);
			sighand = lock_sighand(t);
			continue;
		}
		if (READ_ONCE(t->work_pending) & WORK_STOP) {
			stop_here(sighand);
			sighand = lock_sighand(t);
			continue;
		}
		sig = dequeue_signal(t, t->blocked, info);
		if (!sig)
			break;
		*action = sighand->action[sig - 1];
		if (action->handler == SIG_IGN_PTR)
			continue;
		if (action->handler != SIG_DFL_PTR) {
			if (action->flags & SA_ONESHOT)
				sighand->action[sig - 1].handler = SIG_DFL_PTR;
			unlock_sighand(sighand);
			return sig;
		}
		if (default_action(sig) == ACTION_IGNORE || signal->unkillable)
			continue;
		if (default_action(sig) == ACTION_STOP) {
			if (sig != SIGSTOP) {
				bool orphaned;

				unlock_sighand(sighand);
				orphaned = is_current_pgrp_orphaned();
				sighand = lock_sighand(t);
				if (orphaned)
					continue;
			}
			/* A SIGCONT may have come while the lock was free: it wins. */
			if (!(signal->shared_pending.set & SIGMASK(SIGCONT)))
				begin_stop(sig);
			continue;
		}
		unlock_sighand(sighand);
		do_group_exit(sig);
	}
	unlock_sighand(sighand);
	return 0;
}

/* --- Handlers --- */

static void run_handler(struct pt_regs *regs, int sig, const siginfo_t *info,
			const struct k_sigaction *action)
{
	struct task_struct *t = current;
	bool on = on_altstack(regs_sp(regs));
	struct signal_frame_info frame = {
		.signo = sig,
		.siginfo = info,
		.handler = (unsigned long)action->handler,
		.restorer = (unsigned long)action->restorer,
		.flags = action->flags,
		.oldmask = t->restore_sigmask ? t->saved_sigmask : t->blocked,
		.altstack_sp = t->sas_sp,
		.altstack_bytes = t->sas_size,
		.altstack_flags = (!t->sas_size ? SS_DISABLE
				   : on         ? SS_ONSTACK
						: 0) |
				  (int)(t->sas_flags & SS_AUTODISARM),
	};

	if (action->flags & SA_ONSTACK && t->sas_size && !on)
		frame.stack_end = t->sas_sp + t->sas_size;
	if (arch_push_signal_frame(regs, &frame)) {
		if (sig == SIGSEGV) { /* no stack for its own handler: nothing left to try */
			struct sighand_struct *sighand = lock_sighand(t);

			sighand->action[SIGSEGV - 1].handler = SIG_DFL_PTR;
			unlock_sighand(sighand);
		}
		force_signal(SIGSEGV, SI_KERNEL, 0);
		return;
	}
	if (t->sas_flags & SS_AUTODISARM) {
		t->sas_sp = t->sas_size = 0;
		t->sas_flags = SS_DISABLE;
	}
	t->restore_sigmask = false;
	fetch_and(&t->work_pending, ~WORK_SIGMASK);
	set_current_blocked(t->blocked | action->mask |
			    (action->flags & SA_NODEFER ? 0 : SIGMASK(sig)));
}

static void restore_mask(void)
{
	struct task_struct *t = current;

	fetch_and(&t->work_pending, ~WORK_SIGMASK);
	if (t->restore_sigmask) {
		t->restore_sigmask = false;
		set_current_blocked(t->saved_sigmask);
	}
}

static bool interrupted(const struct pt_regs *regs)
{
	switch ((long)regs_result(regs)) {
	case -EINTR:
	case -ERESTARTSYS:
	case -ERESTARTNOINTR:
	case -ERESTARTNOHAND:
	case -ERESTART_RESTARTBLOCK: return (long)regs_syscall_nr(regs) >= 0;
	default: return false;
	}
}

/* Before a handler's frame (action) or without one: what becomes of the interrupted call. */
static void finish_syscall(struct pt_regs *regs, const struct k_sigaction *action)
{
	unsigned long nr = regs_syscall_nr(regs);
	bool again;

	if ((long)nr < 0)
		return;
	switch ((long)regs_result(regs)) {
	case -ERESTARTNOINTR: again = true; break;
	case -ERESTARTSYS: again = !action || action->flags & SA_RESTART; break;
	case -ERESTARTNOHAND: again = !action; break;
	case -ERESTART_RESTARTBLOCK:
		again = !action;
		nr = __NR_restart_syscall;
		break;
	default: return;
	}
	if (again)
		regs_restart_syscall(regs, nr);
	else
		regs_result(regs) = -EINTR;
	regs_syscall_nr(regs) = -1UL; /* only once */
}

void deliver_signals(struct pt_regs *regs)
{
	struct k_sigaction action;
	siginfo_t info;
	int sig;

	/* A call that ran to its end under a temporary mask: signals meet the old one. */
	if (current->restore_sigmask && !interrupted(regs))
		restore_mask();
	sig = next_signal(&info, &action);
	if (sig) {
		finish_syscall(regs, &action);
		run_handler(regs, sig, &info, &action);
	} else {
		finish_syscall(regs, NULL);
		restore_mask();
	}
}

/* Leaving the kernel with work to do. Interrupts are on. */
void exit_to_user_work(struct pt_regs *regs)
{
	for (;;) {
		unsigned work = READ_ONCE(current->work_pending);

		if (work & (WORK_SIGNAL | WORK_SIGMASK))
			deliver_signals(regs);
		else if (work & WORK_RESCHED)
			schedule();
		else
			break;
	}
}
