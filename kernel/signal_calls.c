/*
 * The system calls about signals.
 */
#include "kernel/family.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/signal_int.h"
#include "kernel/syscall.h"
#include "kernel/time.h"
#include "lib/string.h"
#include "machine/info.h"
#include "machine/upcall.h"
#include <linux/capability.h>

/* What rt_sigaction(2) passes. */
struct user_sigaction {
	unsigned long handler, flags, restorer;
	u64 mask;
};

/* --- The mask --- */

void set_current_blocked(u64 mask)
{
	struct task_struct *t = current;
	struct sighand_struct *sighand;

	mask &= ~UNBLOCKABLE;
	if (mask == t->blocked)
		return;
	sighand = lock_sighand(t);
	t->blocked = mask;
	recalc_signal_work(t);
	/* A process-wide signal that this thread was to take may suit another one now. */
	if (t->signal->live > 1 && t->signal->shared_pending.set & mask) {
		struct task_struct *other;

		for_each_thread(other, t) if (other != t &&
					      t->signal->shared_pending.set & ~other->blocked)
		{
			fetch_or(&other->work_pending, WORK_SIGNAL);
			wake_up_state(other, TASK_INTERRUPTIBLE);
			kick_task(other);
		}
	}
	unlock_sighand(sighand);
}

void set_temporary_sigmask(u64 mask)
{
	struct task_struct *t = current;

	t->saved_sigmask = t->blocked;
	t->restore_sigmask = true;
	fetch_or(&t->work_pending, WORK_SIGMASK);
	set_current_blocked(mask);
}

SYSCALL4(rt_sigprocmask, int, how, const u64 __user *, new, u64 __user *, old, size_t, size)
{
	u64 before = current->blocked, mask;

	if (size != sizeof(u64))
		return -EINVAL;
	if (new) {
		if (get_user(mask, new))
			return -EFAULT;
		switch (how) {
		case SIG_BLOCK: mask |= before; break;
		case SIG_UNBLOCK: mask = before & ~mask; break;
		case SIG_SETMASK: break;
		default: return -EINVAL;
		}
		set_current_blocked(mask);
	}
	return old && put_user(before, old) ? -EFAULT : 0;
}

SYSCALL2(rt_sigpending, u64 __user *, set, size_t, size)
{
	struct sighand_struct *sighand;
	u64 pending;

	if (size > sizeof(u64))
		return -EINVAL;
	sighand = lock_sighand(current);
	pending = (current->pending.set | current->signal->shared_pending.set) & current->blocked;
	unlock_sighand(sighand);
	return copy_to_user(set, &pending, size) ? -EFAULT : 0;
}

SYSCALL2(rt_sigsuspend, const u64 __user *, set, size_t, size)
{
	u64 mask;

	if (size != sizeof(u64))
		return -EINVAL;
	if (get_user(mask, set))
		return -EFAULT;
	set_temporary_sigmask(mask);
	while (!signal_pending()) {
		set_current_state(TASK_INTERRUPTIBLE);
		schedule();
	}
	set_current_state(TASK_RUNNING);
	return -ERESTARTNOHAND;
}

#ifdef __NR_pause
SYSCALL0(pause)
{
	while (!signal_pending()) {
		set_current_state(TASK_INTERRUPTIBLE);
		schedule();
	}
	set_current_state(TASK_RUNNING);
	return -ERESTARTNOHAND;
}
#endif

/* --- Actions --- */

SYSCALL4(rt_sigaction, int, sig, const struct user_sigaction __user *, new,
	 struct user_sigaction __user *, old, size_t, size)
{
	struct user_sigaction from, before;
	struct sighand_struct *sighand;
	struct k_sigaction *action;

	if (size != sizeof(u64))
		return -EINVAL;
	if (sig < 1 || sig > NSIG_ALL || (new &&SIGMASK(sig) & UNBLOCKABLE))
		return -EINVAL;
	if (new &&copy_from_user(&from, new, sizeof(from)))
		return -EFAULT;
	sighand = lock_sighand(current);
	action = &sighand->action[sig - 1];
	before = (struct user_sigaction){(unsigned long)action->handler, action->flags,
					 (unsigned long)action->restorer, action->mask};
	if (new) {
		*action = (struct k_sigaction){
			.handler = (void __user *)from.handler,
			.flags = from.flags,
			.restorer = (void __user *)from.restorer,
			.mask = from.mask & ~UNBLOCKABLE,
		};
		sighand->used = max(sighand->used, (unsigned)sig);
		/* Pending signals that are ignored from now on are discarded (POSIX). */
		if (action->handler == SIG_IGN_PTR ||
		    (action->handler == SIG_DFL_PTR && default_action(sig) == ACTION_IGNORE))
			discard_signals(current, SIGMASK(sig));
	}
	unlock_sighand(sighand);
	return old && copy_to_user(old, &before, sizeof(before)) ? -EFAULT : 0;
}

void flush_signal_handlers(struct task_struct *t, bool all)
{
	struct sighand_struct *sighand = t->sighand;
	unsigned used = 0;

	for (unsigned i = 0; i < sighand->used; i++) {
		struct k_sigaction *action = &sighand->action[i];
		bool ignored = !all && action->handler == SIG_IGN_PTR;

		*action = (struct k_sigaction){.handler = ignored ? SIG_IGN_PTR : SIG_DFL_PTR};
		if (ignored)
			used = i + 1;
	}
	sighand->used = used;
	t->sas_sp = t->sas_size = 0;
	t->sas_flags = SS_DISABLE;
}

static int set_altstack(const stack_t *stack, unsigned long user_sp)
{
	int mode = stack->ss_flags & ~SS_AUTODISARM;

	if (on_altstack(user_sp))
		return -EPERM;
	if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
		return -EINVAL;
	if (mode == SS_DISABLE) {
		current->sas_sp = current->sas_size = 0;
	} else {
		if (stack->ss_size < max((unsigned long)MINSIGSTKSZ, machine_minsigstksz()))
			return -ENOMEM;
		current->sas_sp = (unsigned long)stack->ss_sp;
		current->sas_size = stack->ss_size;
	}
	current->sas_flags = stack->ss_flags;
	return 0;
}

SYSCALL2(sigaltstack, const stack_t __user *, new, stack_t __user *, old)
{
	unsigned long sp = regs_sp(arch_user_regs(&current->thread));
	stack_t stack, before;

	memset(&before, 0, sizeof(before));
	before.ss_sp = (void *)current->sas_sp;
	before.ss_size = current->sas_size;
	before.ss_flags = (!current->sas_size ? SS_DISABLE
			   : on_altstack(sp)  ? SS_ONSTACK
					      : 0) |
			  (int)(current->sas_flags & SS_AUTODISARM);
	if (new) {
		int err;

		if (copy_from_user(&stack, new, sizeof(stack)))
			return -EFAULT;
		err = set_altstack(&stack, sp);
		if (err)
			return err;
	}
	return old && copy_to_user(old, &before, sizeof(before)) ? -EFAULT : 0;
}

SYSCALL0(rt_sigreturn)
{
	struct pt_regs *regs = arch_user_regs(&current->thread);
	struct signal_frame_info frame = {};
	stack_t stack;

	if (arch_pop_signal_frame(regs, &frame)) {
		force_signal(SIGSEGV, SI_KERNEL, 0);
		return 0;
	}
	regs_syscall_nr(regs) = -1UL; /* nothing to restart */
	set_current_blocked(frame.oldmask);
	stack = (stack_t){.ss_sp = (void *)frame.altstack_sp,
			  .ss_flags = frame.altstack_flags & ~SS_ONSTACK,
			  .ss_size = frame.altstack_bytes};
	set_altstack(&stack, regs_sp(regs)); /* what cannot be put back stays as it is */
	return regs_result(regs);
}

/* --- Sending --- */

static void user_info(siginfo_t *info, int sig, int code)
{
	memset(info, 0, sizeof(*info));
	info->si_signo = sig;
	info->si_code = code;
	info->si_pid = current->tgid;
	info->si_uid = current->cred.uid;
}

/* To a process that the caller may signal; sig 0 only asks. */
static int signal_process(struct task_struct *p, int sig, const siginfo_t *info)
{
	int err = may_signal(p, sig);

	return err || !sig ? err : send_signal_group(sig, info, p);
}

/* kill(-1): everybody but init and the caller. kill(-pgrp): that group. */
static int signal_many(pid_t pgrp, int sig, const siginfo_t *info)
{
	int err = -ESRCH;
	struct task_struct *p;

	lock_tasklist();
	for_each_process(p)
	{
		int sent;

		if (p->pf & PF_KTHREAD)
			continue;
		if (pgrp ? p->signal->pgrp != pgrp : p->pid == 1 || p->signal == current->signal)
			continue;
		sent = signal_process(p, sig, info);
		if (err == -ESRCH || (err == -EPERM && sent == 0))
			err = sent;
	}
	unlock_tasklist();
	return err;
}

SYSCALL2(kill, int, pid, int, sig)
{
	struct task_struct *p;
	siginfo_t info;
	int err = -ESRCH;

	if (sig < 0 || sig > NSIG_ALL)
		return -EINVAL;
	user_info(&info, sig, SI_USER);
	if (pid <= 0) {
		if (pid == (int)0x80000000)
			return -ESRCH;
		return signal_many(pid == -1  ? 0
				   : pid == 0 ? current->signal->pgrp
					      : -pid,
				   sig, &info);
	}
	p = find_get_task(pid);
	if (p) {
		err = signal_process(p, sig, &info);
		put_task(p);
	}
	return err;
}

static int signal_thread(pid_t tgid, pid_t pid, int sig, const siginfo_t *info)
{
	struct task_struct *t;
	int err = -ESRCH;

	if (pid <= 0 || sig < 0 || sig > NSIG_ALL)
		return -EINVAL;
	t = find_get_task(pid);
	if (!t)
		return -ESRCH;
	if (tgid <= 0 || t->tgid == tgid) {
		err = may_signal(t, sig);
		if (!err && sig)
			err = send_signal(sig, info, t);
	}
	put_task(t);
	return err;
}

SYSCALL3(tgkill, int, tgid, int, pid, int, sig)
{
	siginfo_t info;

	if (tgid <= 0)
		return -EINVAL;
	user_info(&info, sig, SI_TKILL);
	return signal_thread(tgid, pid, sig, &info);
}

SYSCALL2(tkill, int, pid, int, sig)
{
	siginfo_t info;

	user_info(&info, sig, SI_TKILL);
	return signal_thread(0, pid, sig, &info);
}

/* Only the kernel, and kill(), may say that a signal is from them. */
static int check_queued_info(siginfo_t *info, int sig, pid_t pid)
{
	if ((info->si_code >= 0 || info->si_code == SI_TKILL) && current->tgid != pid)
		return -EPERM;
	info->si_signo = sig;
	return 0;
}

SYSCALL3(rt_sigqueueinfo, int, pid, int, sig, const siginfo_t __user *, from)
{
	struct task_struct *p;
	siginfo_t info;
	int err;

	if (copy_from_user(&info, from, sizeof(info)))
		return -EFAULT;
	err = check_queued_info(&info, sig, pid);
	if (err)
		return err;
	if (sig < 0 || sig > NSIG_ALL)
		return -EINVAL;
	p = find_get_task(pid);
	if (!p)
		return -ESRCH;
	err = signal_process(p, sig, &info);
	put_task(p);
	return err;
}

SYSCALL4(rt_tgsigqueueinfo, int, tgid, int, pid, int, sig, const siginfo_t __user *, from)
{
	siginfo_t info;
	int err;

	if (copy_from_user(&info, from, sizeof(info)))
		return -EFAULT;
	if (tgid <= 0)
		return -EINVAL;
	err = check_queued_info(&info, sig, pid);
	return err ? err : signal_thread(tgid, pid, sig, &info);
}

/* --- Waiting for one --- */

SYSCALL4(rt_sigtimedwait, const u64 __user *, set, siginfo_t __user *, to,
	 const struct __kernel_timespec __user *, timeout, size_t, size)
{
	struct task_struct *t = current;
	struct sighand_struct *sighand;
	u64 wanted, ns = FOREVER;
	siginfo_t info;
	int sig;

	if (size != sizeof(u64))
		return -EINVAL;
	if (get_user(wanted, set))
		return -EFAULT;
	if (timeout) {
		int err = get_timespec_ns(&ns, timeout);

		if (err)
			return err;
	}
	wanted &= ~UNBLOCKABLE;
	for (;;) {
		sighand = lock_sighand(t);
		t->sigwait = wanted;
		sig = dequeue_signal(t, ~wanted, &info);
		if (sig || !ns || signal_pending()) {
			t->sigwait = 0;
			unlock_sighand(sighand);
			break;
		}
		set_current_state(TASK_INTERRUPTIBLE);
		unlock_sighand(sighand);
		ns = schedule_timeout(ns);
		set_current_state(TASK_RUNNING);
	}
	if (!sig)
		return signal_pending() ? -EINTR : -EAGAIN;
	if (to && copy_to_user(to, &info, sizeof(info)))
		return -EFAULT;
	return sig;
}

SYSCALL0(restart_syscall)
{
	return current->restart.fn ? current->restart.fn(current) : -EINTR;
}
