/*
 * Sending signals.
 *
 * A signal waits in one of two sets, the thread's own (`pending`) or the process's
 * (`shared_pending`), each a mask of 64 bits plus a list that holds the siginfo.
 * The signals 1..31 wait at most once; from 32 on every one is queued.
 *
 *   send --> stop and continue cancel each other (cancel_opposite)
 *        --> nobody would notice? dropped (is_ignored)
 *        --> into the set (queue_signal)
 *        --> which thread is to look? (choose_thread)
 *        --> fatal for the whole process? every thread gets SIGKILL at once, so
 *            that killable sleeps end; else WORK_SIGNAL and a wake-up
 *
 * The sighand lock guards all of it.  Delivery, in the context of the thread that
 * returns to user mode, is in signal_deliver.c.
 */
#include "kernel/family.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/session.h"
#include "kernel/signal_int.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "mm/slab/slab.h"
#include <linux/capability.h>

static struct kmem_cache *sigqueue_cache;

enum default_action default_action(int sig)
{
	switch (sig) {
	case SIGCHLD:
	case SIGURG:
	case SIGWINCH:
	case SIGCONT: return ACTION_IGNORE;
	case SIGSTOP:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU: return ACTION_STOP;
	default: return ACTION_TERMINATE;
	}
}

/* --- The sets --- */

void sigpending_init(struct sigpending *pending)
{
	pending->set = 0;
	list_init(&pending->list);
}

static void free_sigqueue(struct sigqueue *q)
{
	list_del(&q->list);
	atomic_dec(q->count);
	kmem_cache_free(sigqueue_cache, q);
}

static void discard(struct sigpending *pending, u64 mask)
{
	struct sigqueue *q, *next;

	if (!(pending->set & mask))
		return;
	pending->set &= ~mask;
	list_for_each_entry_safe (q, next, &pending->list, list)
		if (mask & SIGMASK(q->info.si_signo))
			free_sigqueue(q);
}

void sigpending_flush(struct sigpending *pending)
{
	discard(pending, ~0ULL);
}

void discard_signals(struct task_struct *t, u64 mask)
{
	struct task_struct *thread;

	discard(&t->signal->shared_pending, mask);
	for_each_thread(thread, t) discard(&thread->pending, mask);
}

struct sighand_struct *lock_sighand(struct task_struct *t)
{
	for (;;) {
		struct sighand_struct *sighand = READ_ONCE(t->sighand);

		spin_lock(&sighand->lock);
		if (likely(sighand == READ_ONCE(t->sighand)))
			return sighand;
		spin_unlock(&sighand->lock); /* exec gave it a new one */
	}
}

void unlock_sighand(struct sighand_struct *sighand)
{
	spin_unlock(&sighand->lock);
}

void recalc_signal_work(struct task_struct *t)
{
	u64 set = t->pending.set | t->signal->shared_pending.set;

	if (set & ~t->blocked || t->signal->group_exit || READ_ONCE(t->work_pending) & WORK_STOP ||
	    t->signal->stop_flags & SIGNAL_CONT_NOTIFY)
		fetch_or(&t->work_pending, WORK_SIGNAL);
	else if (t == current) /* others may be about to look: they clear it themselves */
		fetch_and(&t->work_pending, ~WORK_SIGNAL);
}

static void wake_for_signal(struct task_struct *t, bool fatal)
{
	fetch_or(&t->work_pending, WORK_SIGNAL);
	if (!wake_up_state(t, TASK_INTERRUPTIBLE | (fatal ? TASK_KILLABLE | TASK_STOPPED : 0)))
		kick_task(t);
}

/* The first signal of the set, faults of the program itself before all others. */
static int first_signal(u64 set)
{
	const u64 faults = SIGMASK(SIGSEGV) | SIGMASK(SIGBUS) | SIGMASK(SIGILL) | SIGMASK(SIGTRAP) |
			   SIGMASK(SIGFPE) | SIGMASK(SIGSYS);

	if (!set)
		return 0;
	return __builtin_ctzll(set & faults ? set & faults : set) + 1;
}

/* Take one `sig` out of the set; its info, or a plain one if none was kept. */
static void take(struct sigpending *pending, int sig, siginfo_t *info)
{
	struct sigqueue *q, *found = NULL;
	bool more = false;

	list_for_each_entry (q, &pending->list, list) {
		if (q->info.si_signo != sig)
			continue;
		if (found) {
			more = true;
			break;
		}
		found = q;
	}
	if (!more)
		pending->set &= ~SIGMASK(sig);
	if (found) {
		*info = found->info;
		free_sigqueue(found);
	} else {
		memset(info, 0, sizeof(*info));
		info->si_signo = sig;
		info->si_code = SI_USER;
	}
}

int dequeue_signal(struct task_struct *t, u64 mask, siginfo_t *info)
{
	struct sigpending *pending = &t->pending;
	int sig = first_signal(pending->set & ~mask);

	if (!sig) {
		pending = &t->signal->shared_pending;
		sig = first_signal(pending->set & ~mask);
	}
	if (sig)
		take(pending, sig, info);
	recalc_signal_work(t);
	return sig;
}

/* --- Sending --- */

/* Would the signal have no effect on the process? A blocked one waits: it may get a handler. */
static bool is_ignored(const struct task_struct *t, int sig)
{
	const void __user *handler = t->sighand->action[sig - 1].handler;

	if ((t->blocked | t->sigwait) & SIGMASK(sig))
		return false;
	if (t->signal->unkillable && handler == SIG_DFL_PTR)
		return true;
	return handler == SIG_IGN_PTR ||
	       (handler == SIG_DFL_PTR && default_action(sig) == ACTION_IGNORE);
}

/* A stop signal takes back pending SIGCONTs; SIGCONT takes back stops and lets the process go on. */
static void cancel_opposite(struct task_struct *t, int sig)
{
	struct signal_struct *signal = t->signal;
	struct task_struct *thread;

	if (default_action(sig) == ACTION_STOP) {
		discard_signals(t, SIGMASK(SIGCONT));
		return;
	}
	if (sig != SIGCONT)
		return;
	discard_signals(t, STOP_SIGNALS);
	if (signal->stop_flags & SIGNAL_STOPPED)
		signal->stop_flags = SIGNAL_CONT_NEWS | SIGNAL_CONT_NOTIFY;
	signal->stop_count = 0;
	for_each_thread(thread, t)
	{
		fetch_and(&thread->work_pending, ~WORK_STOP);
		if (signal->stop_flags & SIGNAL_CONT_NOTIFY)
			fetch_or(&thread->work_pending, WORK_SIGNAL);
		wake_up_state(thread, TASK_STOPPED);
	}
}

static int queue_signal(int sig, const siginfo_t *info, struct task_struct *t,
			struct sigpending *pending)
{
	struct signal_struct *signal = t->signal;
	struct sigqueue *q = NULL;

	if (sig < SIGRTMIN && pending->set & SIGMASK(sig))
		return 0; /* waits already */
	if (sig != SIGKILL) {
		/* Kernel-made and plain signals are not refused for the limit. */
		bool limited = info && info->si_code < 0;

		if (!limited ||
		    atomic_read(&signal->queued) < signal->rlim[RLIMIT_SIGPENDING].rlim_cur)
			q = kmem_cache_alloc(sigqueue_cache, GFP_ATOMIC | __GFP_NOWARN);
		if (!q && sig >= SIGRTMIN && limited)
			return -EAGAIN; /* sigqueue(3) promises delivery with its value */
	}
	if (q) {
		if (info) {
			q->info = *info;
		} else {
			memset(&q->info, 0, sizeof(q->info));
			q->info.si_code = SI_KERNEL;
		}
		q->info.si_signo = sig;
		q->count = &signal->queued;
		atomic_inc(&signal->queued);
		list_add_tail(&q->list, &pending->list);
	}
	pending->set |= SIGMASK(sig);
	return 0;
}

static bool wants_signal(const struct task_struct *t, int sig)
{
	if (t->pf & PF_EXITING)
		return false;
	if (sig == SIGKILL)
		return true;
	return !(t->blocked & ~t->sigwait & SIGMASK(sig)) && READ_ONCE(t->state) != TASK_STOPPED;
}

static struct task_struct *choose_thread(struct task_struct *t, int sig, bool group)
{
	struct task_struct *thread;

	if (wants_signal(t, sig))
		return t;
	if (group)
		for_each_thread(thread, t) if (wants_signal(thread, sig)) return thread;
	return NULL;
}

/* The whole process is to end with this wait status. */
static void begin_group_exit(struct signal_struct *signal, int code)
{
	signal->group_exit = true;
	signal->group_exit_code = code;
	signal->stop_count = 0;
	signal->stop_flags = 0;
}

static void kill_thread(struct task_struct *t)
{
	fetch_and(&t->work_pending, ~WORK_STOP);
	t->pending.set |= SIGMASK(SIGKILL);
	wake_for_signal(t, true);
}

void kill_other_threads(struct task_struct *self)
{
	struct task_struct *t;

	for_each_thread(t, self) if (t != self && !(t->pf & PF_EXITING)) kill_thread(t);
}

void set_group_exit(int code)
{
	begin_group_exit(current->signal, code);
	kill_other_threads(current);
}

/* (sighand lock) */
static int send_locked(int sig, const siginfo_t *info, struct task_struct *t, bool group)
{
	struct signal_struct *signal = t->signal;
	const struct k_sigaction *action = &t->sighand->action[sig - 1];
	struct task_struct *target, *thread;
	int err;

	if (signal->group_exit || task_is_dead(t))
		return 0; /* dying: nothing more matters */
	cancel_opposite(t, sig);
	if (is_ignored(t, sig))
		return 0;
	err = queue_signal(sig, info, t, group ? &signal->shared_pending : &t->pending);
	if (err)
		return err;
	target = choose_thread(t, sig, group);
	if (!target)
		return 0; /* blocked everywhere: found when somebody unblocks it */
	if (action->handler == SIG_DFL_PTR && default_action(sig) == ACTION_TERMINATE &&
	    !(target->blocked & SIGMASK(sig))) {
		begin_group_exit(signal, sig);
		for_each_thread(thread, t) if (!(thread->pf & PF_EXITING)) kill_thread(thread);
		return 0;
	}
	wake_for_signal(target, false);
	return 0;
}

static int send(int sig, const siginfo_t *info, struct task_struct *t, bool group)
{
	struct sighand_struct *sighand = lock_sighand(t);
	int err = send_locked(sig, info, t, group);

	unlock_sighand(sighand);
	return err;
}

int send_signal(int sig, const siginfo_t *info, struct task_struct *t)
{
	return t->pf & PF_KTHREAD ? 0 : send(sig, info, t, false);
}

int send_signal_group(int sig, const siginfo_t *info, struct task_struct *process)
{
	return process->pf & PF_KTHREAD ? 0 : send(sig, info, process, true);
}

int kill_pgrp(int sig, const siginfo_t *info, pid_t pgrp)
{
	struct task_struct *p;
	int err = -ESRCH;

	lock_tasklist();
	for_each_process(p)
	{
		if (p->signal->pgrp != pgrp || p->pf & PF_KTHREAD)
			continue;
		int sent = send_signal_group(sig, info, p);

		if (err)
			err = sent;
	}
	unlock_tasklist();
	return err;
}

void force_signal(int sig, int code, unsigned long address)
{
	struct task_struct *t = current;
	struct sighand_struct *sighand = lock_sighand(t);
	struct k_sigaction *action = &sighand->action[sig - 1];
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_signo = sig;
	info.si_code = code;
	info.si_addr = (void *)address;
	if (t->blocked & SIGMASK(sig) || action->handler == SIG_IGN_PTR) {
		action->handler = SIG_DFL_PTR;
		t->blocked &= ~SIGMASK(sig);
	}
	if (action->handler == SIG_DFL_PTR)
		t->signal->unkillable = false; /* not even init survives this */
	send_locked(sig, &info, t, false);
	recalc_signal_work(t);
	unlock_sighand(sighand);
}

/* --- What waiting code asks --- */

bool signal_pending(void)
{
	return READ_ONCE(current->work_pending) & WORK_SIGNAL;
}

bool fatal_signal_pending(void)
{
	return unlikely(signal_pending()) && current->pending.set & SIGMASK(SIGKILL);
}

bool signal_ignored_or_blocked(int sig)
{
	return current->blocked & SIGMASK(sig) ||
	       READ_ONCE(current->sighand->action[sig - 1].handler) == SIG_IGN_PTR;
}

/* --- The parent --- */

bool notify_parent(struct task_struct *child, int sig, int code, int status)
{
	struct task_struct *parent = child->real_parent;
	struct sighand_struct *sighand = lock_sighand(parent);
	const struct k_sigaction *action = &sighand->action[SIGCHLD - 1];
	bool careless = false;

	assert_families_locked(family_of(child) | family_of(parent));
	if (sig == SIGCHLD) {
		bool ended = code != CLD_STOPPED && code != CLD_CONTINUED;

		careless =
			ended && (action->handler == SIG_IGN_PTR || action->flags & SA_NOCLDWAIT);
		if (action->handler == SIG_IGN_PTR || (!ended && action->flags & SA_NOCLDSTOP))
			sig = 0;
	}
	if (sig > 0) {
		siginfo_t info;
		u64 user, system;

		memset(&info, 0, sizeof(info));
		process_cputime(child, &user, &system);
		info.si_signo = sig;
		info.si_code = code;
		info.si_pid = child->tgid;
		info.si_uid = child->cred.uid;
		info.si_status = status;
		info.si_utime = user / (1000000000 / USER_HZ);
		info.si_stime = system / (1000000000 / USER_HZ);
		send_locked(sig, &info, parent, true);
	}
	unlock_sighand(sighand);
	wake_up_all(&parent->signal->wait_child);
	return careless;
}

int may_signal(const struct task_struct *t, int sig)
{
	const struct cred *own = &current->cred, *its = &t->cred;

	if (t->signal == current->signal || own->euid == its->suid || own->euid == its->uid ||
	    own->uid == its->suid || own->uid == its->uid || capable(CAP_KILL) ||
	    (sig == SIGCONT && t->signal->session == current->signal->session))
		return 0;
	return -EPERM;
}

void signals_init(void)
{
	sigqueue_cache = KMEM_CACHE(sigqueue, SLAB_PANIC);
}
