/*
 * Waiting for children: wait4(2), waitid(2).
 *
 * What a child has to tell is in its state (a zombie, alone in its process) or in
 * its signal->stop_flags (stopped, went on), so nothing is queued and nothing is
 * lost: the waiter gets on the parent's wait queue, looks at all children under
 * its family's lock, and sleeps when none has news.  Who changes a child's state
 * wakes that queue under the same lock.
 *
 * Children belong to the process, so every thread can wait for them.
 */
#include "kernel/family.h"
#include "kernel/process.h"
#include "kernel/rusage.h"
#include "kernel/syscall.h"
#include "lib/assert.h"
#include "lib/string.h"
#include <linux/wait.h>

struct wait_request {
	int which; /* P_ALL, P_PID, P_PGID */
	pid_t id;
	int options;
	bool want_usage;
	/* The answer */
	pid_t pid;  /* 0: none */
	int status; /* as wait4 has it */
	int code;   /* CLD_ */
	u32 uid;
	struct rusage usage;
};

static bool is_eligible(const struct wait_request *req, const struct task_struct *child)
{
	if (req->which == P_PID && child->pid != req->id)
		return false;
	if (req->which == P_PGID && child->signal->pgrp != req->id)
		return false;
	if (req->options & __WALL)
		return true;
	return (child->exit_signal != SIGCHLD) == !!(req->options & __WCLONE);
}

/* The parent's sums take over what the child and its children used. (both families) */
static void inherit_usage(struct task_struct *child)
{
	struct signal_struct *own = current->signal, *its = child->signal;
	u64 user, system;

	process_cputime(child, &user, &system);
	own->cutime += user + its->cutime;
	own->cstime += system + its->cstime;
	own->cmin_flt += child->min_flt + its->min_flt + its->cmin_flt;
	own->cmaj_flt += child->maj_flt + its->maj_flt + its->cmaj_flt;
	own->cnvcsw += child->nvcsw + its->nvcsw + its->cnvcsw;
	own->cnivcsw += child->nivcsw + its->nivcsw + its->cnivcsw;
	own->cmaxrss = max(own->cmaxrss, max(its->maxrss, its->cmaxrss));
}

/* Has it ended, as a whole? (its parent's family) */
static bool has_ended(const struct task_struct *child)
{
	return READ_ONCE(child->state) == TASK_ZOMBIE &&
	       child->signal->threads.next->next == &child->signal->threads;
}

/* Each takes what the child has to tell; false: nothing of the kind. (families of both) */
static bool take_exit(struct wait_request *req, struct task_struct *child)
{
	int code = child->exit_code;

	if (!has_ended(child))
		return false;
	req->status = code;
	req->code = code & 0x7f ? (code & 0x80 ? CLD_DUMPED : CLD_KILLED) : CLD_EXITED;
	if (req->want_usage)
		get_rusage(child, RUSAGE_BOTH, &req->usage);
	if (!(req->options & WNOWAIT)) {
		inherit_usage(child);
		release_task(child);
	}
	return true;
}

/* The SIGNAL_ flags of what the child may have to tell while it lives, as far as it is asked. */
static unsigned news_of(const struct wait_request *req, const struct task_struct *child)
{
	unsigned asked = 0;

	if (req->options & WUNTRACED)
		asked |= SIGNAL_STOP_NEWS;
	if (req->options & WCONTINUED)
		asked |= SIGNAL_CONT_NEWS;
	return READ_ONCE(child->signal->stop_flags) & asked;
}

static bool take_news(struct wait_request *req, struct task_struct *child)
{
	struct signal_struct *signal = child->signal;
	struct sighand_struct *sighand;
	unsigned news = news_of(req, child);

	if (!news)
		return false;
	sighand = lock_sighand(child);
	news &= signal->stop_flags;
	if (news & SIGNAL_STOP_NEWS) {
		req->status = signal->stop_code << 8 | 0x7f;
		req->code = CLD_STOPPED;
	} else {
		req->status = 0xffff;
		req->code = CLD_CONTINUED;
	}
	if (!(req->options & WNOWAIT))
		signal->stop_flags &= ~news;
	unlock_sighand(sighand);
	if (news && req->want_usage)
		get_rusage(child, RUSAGE_BOTH, &req->usage);
	return news != 0;
}

/* Look at all children: 1 and the answer in req, 0: no news yet, -ECHILD. */
static int look(struct wait_request *req, struct task_struct **dead)
{
	struct task_struct *child;
	families_t families = family_of(current), needed;
	int result;

	if (req->which == P_PID)
		families |= family_of_number(req->id);
again:
	result = -ECHILD;
	lock_families(families);
	list_for_each_entry (child, &current->group_leader->children, sibling) {
		if (!is_eligible(req, child))
			continue;
		result = 0;
		if (!(req->options & WEXITED && has_ended(child)) && !news_of(req, child))
			continue;
		needed = families_to_release(child);
		if (needed & ~families) {
			unlock_families(families);
			families |= needed;
			goto again;
		}
		if (req->options & WEXITED && take_exit(req, child)) {
			if (child->released)
				*dead = child;
		} else if (!take_news(req, child)) {
			continue;
		}
		req->pid = child->pid;
		req->uid = child->cred.uid;
		result = 1;
		break;
	}
	unlock_families(families);
	return result;
}

/* 1: req has the answer, 0: WNOHANG and none, or -errno. */
static int do_wait(struct wait_request *req)
{
	struct wait_queue_entry entry = {.task = current};
	struct wait_queue_head *head = &current->signal->wait_child;
	struct task_struct *dead = NULL;
	int result = look(req, &dead);

	if (result == 0 && !(req->options & WNOHANG)) {
		list_init(&entry.list);
		for (;;) {
			prepare_to_wait(head, &entry, TASK_INTERRUPTIBLE);
			result = look(req, &dead);
			if (result)
				break;
			if (signal_pending()) {
				result = -ERESTARTSYS;
				break;
			}
			schedule();
		}
		finish_wait(head, &entry);
	}
	if (dead)
		free_task(dead);
	return result;
}

SYSCALL4(wait4, int, pid, int __user *, status, int, options, struct rusage __user *, usage)
{
	struct wait_request req = {.want_usage = usage != NULL};
	int result;

	if (options & ~(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL))
		return -EINVAL;
	if (pid == (int)0x80000000)
		return -ESRCH;
	req.options = options | WEXITED;
	if (pid > 0) {
		req.which = P_PID;
		req.id = pid;
	} else if (pid == -1) {
		req.which = P_ALL;
	} else {
		req.which = P_PGID;
		req.id = pid ? -pid : current->signal->pgrp;
	}
	result = do_wait(&req);
	if (result <= 0)
		return result;
	if (status && put_user(req.status, status))
		return -EFAULT;
	if (usage && copy_to_user(usage, &req.usage, sizeof(req.usage)))
		return -EFAULT;
	return req.pid;
}

SYSCALL5(waitid, int, which, int, id, siginfo_t __user *, to, int, options, struct rusage __user *,
	 usage)
{
	struct wait_request req = {
		.which = which, .id = id, .options = options, .want_usage = usage != NULL};
	siginfo_t info;
	int result;

	if (options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD |
			__WCLONE | __WALL) ||
	    !(options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	switch (which) {
	case P_ALL: break;
	case P_PID:
		if (id <= 0)
			return -EINVAL;
		break;
	case P_PGID:
		if (id < 0)
			return -EINVAL;
		if (id == 0)
			req.id = current->signal->pgrp;
		break;
	default: return -EINVAL;
	}
	result = do_wait(&req);
	if (result < 0)
		return result;
	if (usage && result && copy_to_user(usage, &req.usage, sizeof(req.usage)))
		return -EFAULT;
	if (to) {
		memset(&info, 0, sizeof(info));
		if (result) {
			info.si_signo = SIGCHLD;
			info.si_code = req.code;
			info.si_pid = req.pid;
			info.si_uid = req.uid;
			info.si_status = req.code == CLD_EXITED      ? req.status >> 8 & 0xff
					 : req.code == CLD_STOPPED   ? req.status >> 8 & 0xff
					 : req.code == CLD_CONTINUED ? SIGCONT
								     : req.status & 0x7f;
		}
		/* Linux leaves the fields after si_status alone. */
		if (copy_to_user(to, &info, offsetof(siginfo_t, si_status) + sizeof(int)))
			return -EFAULT;
	}
	return 0;
}
