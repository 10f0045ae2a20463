/*
 * prctl(2): the options that programs commonly use.
 */
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "lib/string.h"
#include <linux/capability.h>
#include <linux/prctl.h>

#define DEFAULT_TIMER_SLACK 50000 /* ns */

static long set_name(const char __user *from)
{
	char name[TASK_COMM_LEN];
	long n = strncpy_from_user(name, from, sizeof(name));

	if (n < 0)
		return n;
	name[sizeof(name) - 1] = 0;
	set_task_comm(current, name);
	return 0;
}

static long get_name(char __user *to)
{
	char name[TASK_COMM_LEN];

	task_lock(current);
	memcpy(name, current->comm, sizeof(name));
	task_unlock(current);
	return copy_to_user(to, name, sizeof(name)) ? -EFAULT : 0;
}

/* The bounding set: what exec can never give again. */
static long drop_bound(unsigned long cap)
{
	if (!capable(CAP_SETPCAP))
		return -EPERM;
	if (cap > CAP_LAST_CAP)
		return -EINVAL;
	current->cred.cap_bounding &= ~(1ULL << cap);
	return 0;
}

static long change_ambient(unsigned long what, unsigned long cap)
{
	struct cred *cred = &current->cred;
	u64 bit = 1ULL << (cap & 63);

	if (what == PR_CAP_AMBIENT_CLEAR_ALL) {
		cred->cap_ambient = 0;
		return 0;
	}
	if (cap > CAP_LAST_CAP)
		return -EINVAL;
	switch (what) {
	case PR_CAP_AMBIENT_IS_SET: return !!(cred->cap_ambient & bit);
	case PR_CAP_AMBIENT_RAISE:
		if (!(cred->cap_permitted & cred->cap_inheritable & bit))
			return -EPERM;
		cred->cap_ambient |= bit;
		return 0;
	case PR_CAP_AMBIENT_LOWER: cred->cap_ambient &= ~bit; return 0;
	default: return -EINVAL;
	}
}

SYSCALL5(prctl, int, option, unsigned long, a, unsigned long, b, unsigned long, c, unsigned long, d)
{
	struct task_struct *t = current;

	switch (option) {
	case PR_SET_NAME: return set_name((const char __user *)a);
	case PR_GET_NAME: return get_name((char __user *)a);
	case PR_SET_PDEATHSIG:
		if (a > NSIG_ALL)
			return -EINVAL;
		t->parent_death_signal = a;
		return 0;
	case PR_GET_PDEATHSIG: return put_user(t->parent_death_signal, (int __user *)a);
	case PR_SET_DUMPABLE:
		if (a > 1)
			return -EINVAL;
		t->signal->undumpable = !a;
		return 0;
	case PR_GET_DUMPABLE: return !t->signal->undumpable;
	case PR_SET_CHILD_SUBREAPER: t->signal->is_child_subreaper = a != 0; return 0;
	case PR_GET_CHILD_SUBREAPER:
		return put_user((int)t->signal->is_child_subreaper, (int __user *)a);
	case PR_SET_NO_NEW_PRIVS:
		if (a != 1 || b || c || d)
			return -EINVAL;
		t->cred.no_new_privs = true;
		return 0;
	case PR_GET_NO_NEW_PRIVS: return a || b || c || d ? -EINVAL : t->cred.no_new_privs;
	case PR_SET_TIMERSLACK: t->timer_slack = a ? a : DEFAULT_TIMER_SLACK; return 0;
	case PR_GET_TIMERSLACK: return t->timer_slack;
	case PR_CAPBSET_READ:
		return a > CAP_LAST_CAP ? -EINVAL : (long)(t->cred.cap_bounding >> a & 1);
	case PR_CAPBSET_DROP: return drop_bound(a);
	case PR_CAP_AMBIENT: return d ? -EINVAL : change_ambient(a, b);
	case PR_GET_KEEPCAPS: return t->cred.keep_caps;
	case PR_SET_KEEPCAPS:
		if (a > 1)
			return -EINVAL;
		t->cred.keep_caps = a;
		return 0;
	case PR_GET_SECUREBITS: return 0;
	case PR_GET_SECCOMP: return 0;
	case PR_GET_TID_ADDRESS:
		return put_user((unsigned long)t->clear_child_tid, (unsigned long __user *)a);
	default: return -EINVAL;
	}
}
