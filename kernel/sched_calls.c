/*
 * System calls about scheduling.
 *
 * There is one policy, SCHED_OTHER, with nice values; BATCH and IDLE are taken for it
 * and remembered.  The real-time policies are refused (EPERM), as to a process
 * without the right to them.
 */
#include "kernel/family.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/syscall.h"
#include "kernel/time.h"
#include "lib/string.h"
#include "sync/percpu.h"
#include <linux/capability.h>
#include <linux/sched.h>
#include <linux/sched/types.h>

#define PRIO_PROCESS 0
#define PRIO_PGRP    1
#define PRIO_USER    2

static bool may_change(const struct task_struct *t)
{
	const struct cred *own = &current->cred;

	return own->euid == t->cred.euid || own->euid == t->cred.uid || capable(CAP_SYS_NICE);
}

SYSCALL0(sched_yield)
{
	sched_yield_current();
	return 0;
}

/* --- CPUs --- */

SYSCALL3(sched_setaffinity, int, pid, unsigned, size, const u8 __user *, from)
{
	struct task_struct *t;
	u64 mask = 0;
	int err;

	if (copy_from_user(&mask, from, min(size, (unsigned)sizeof(mask))))
		return -EFAULT;
	t = find_get_task(pid ? pid : current->pid);
	if (!t)
		return -ESRCH;
	err = may_change(t) ? set_cpus_allowed(t, mask) : -EPERM;
	put_task(t);
	return err;
}

SYSCALL3(sched_getaffinity, int, pid, unsigned, size, u64 __user *, to)
{
	struct task_struct *t;
	u64 mask;

	if (size * 8 < nr_cpu_ids || size % sizeof(long))
		return -EINVAL;
	t = find_get_task(pid ? pid : current->pid);
	if (!t)
		return -ESRCH;
	mask = READ_ONCE(t->cpus_allowed) & cpu_online_mask;
	put_task(t);
	size = min(size, (unsigned)sizeof(mask));
	return copy_to_user(to, &mask, size) ? -EFAULT : (long)size;
}

/* --- Nice values --- */

/* Give a new one; more than before needs a right or the limit's permission. */
static int renice(struct task_struct *t, int nice)
{
	if (!may_change(t))
		return -EPERM;
	if (nice < t->se.nice && 20 - nice > (long)t->signal->rlim[RLIMIT_NICE].rlim_cur &&
	    !capable(CAP_SYS_NICE))
		return -EACCES;
	set_user_nice(t, nice);
	return 0;
}

/* Does `who` of kind `which` (0: the caller's) name this process? */
static bool names(int which, int who, const struct task_struct *p)
{
	if (which == PRIO_PGRP)
		return p->signal->pgrp == (who ? who : current->signal->pgrp);
	return p->cred.uid == (who ? (u32)who : current->cred.uid);
}

SYSCALL3(setpriority, int, which, int, who, int, nice)
{
	struct task_struct *p, *t;
	int err = -ESRCH;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	nice = min(max(nice, -20), 19);
	lock_tasklist();
	if (which == PRIO_PROCESS) {
		t = who ? find_task(who) : current;
		if (t)
			err = renice(t, nice);
	} else {
		for_each_process(p)
		{
			if (!names(which, who, p))
				continue;
			for_each_thread(t, p)
			{
				int one = renice(t, nice);

				err = err == -ESRCH || one ? one : err;
			}
		}
	}
	unlock_tasklist();
	return err;
}

/* 1..40, the higher the better: the C library turns it into a nice value. */
SYSCALL2(getpriority, int, which, int, who)
{
	struct task_struct *p;
	long best = -ESRCH;

	if (which < PRIO_PROCESS || which > PRIO_USER)
		return -EINVAL;
	lock_tasklist();
	if (which == PRIO_PROCESS) {
		p = who ? find_task(who) : current;
		if (p)
			best = 20 - p->se.nice;
	} else {
		for_each_process(p) if (names(which, who, p)) best = max(best, 20L - p->se.nice);
	}
	unlock_tasklist();
	return best;
}

/* --- Policies --- */

static bool is_fair(int policy)
{
	return policy == SCHED_NORMAL || policy == SCHED_BATCH || policy == SCHED_IDLE;
}

static int set_policy(int pid, int policy, int priority)
{
	struct task_struct *t;
	int err = 0;

	if (pid < 0)
		return -EINVAL;
	if (!is_fair(policy))
		return policy == SCHED_FIFO || policy == SCHED_RR ? -EPERM : -EINVAL;
	if (priority)
		return -EINVAL;
	t = find_get_task(pid ? pid : current->pid);
	if (!t)
		return -ESRCH;
	if (may_change(t))
		t->policy = policy;
	else
		err = -EPERM;
	put_task(t);
	return err;
}

SYSCALL3(sched_setscheduler, int, pid, int, policy, const int __user *, param)
{
	int priority;

	if (policy < 0 || !param)
		return -EINVAL;
	if (get_user(priority, param))
		return -EFAULT;
	return set_policy(pid, policy & ~SCHED_RESET_ON_FORK, priority);
}

SYSCALL2(sched_setparam, int, pid, const int __user *, param)
{
	int priority;

	if (!param || pid < 0)
		return -EINVAL;
	if (get_user(priority, param))
		return -EFAULT;
	return set_policy(pid, SCHED_NORMAL, priority);
}

static int get_policy(int pid)
{
	struct task_struct *t;
	int policy;

	if (pid < 0)
		return -EINVAL;
	t = find_get_task(pid ? pid : current->pid);
	if (!t)
		return -ESRCH;
	policy = t->policy;
	put_task(t);
	return policy;
}

SYSCALL1(sched_getscheduler, int, pid)
{
	return get_policy(pid);
}

SYSCALL2(sched_getparam, int, pid, int __user *, param)
{
	int policy = get_policy(pid);

	if (!param)
		return -EINVAL;
	if (policy < 0)
		return policy;
	return put_user(0, param);
}

SYSCALL1(sched_get_priority_max, int, policy)
{
	return is_fair(policy) || policy == SCHED_DEADLINE  ? 0
	       : policy == SCHED_FIFO || policy == SCHED_RR ? 99
							    : -EINVAL;
}

SYSCALL1(sched_get_priority_min, int, policy)
{
	return is_fair(policy) || policy == SCHED_DEADLINE  ? 0
	       : policy == SCHED_FIFO || policy == SCHED_RR ? 1
							    : -EINVAL;
}

SYSCALL2(sched_rr_get_interval, int, pid, struct __kernel_timespec __user *, to)
{
	int policy = get_policy(pid);

	return policy < 0 ? policy : put_timespec_ns(to, NSEC_PER_SEC / HZ);
}
