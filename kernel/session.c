/*
 * Sessions and process groups.
 *
 *   session  = what began with setsid(): one login, at most one terminal
 *     group  = what a shell calls a job: gets the terminal's signals together
 *       process
 *
 * They are numbers in signal_struct, guarded by all families' locks; a group consists of
 * whoever carries its number.  The number of a dead leader stays taken while a
 * group or session still carries it (leave_pgrp).
 */
#include "kernel/session.h"
#include "kernel/family.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "lib/assert.h"

void (*tty_leader_exit)(struct tty_struct *tty);

/* --- Numbers that outlive their task --- */

/* Does a process carry the number as its group or session? (all families) */
static bool is_number_carried(pid_t pid)
{
	struct task_struct *p;

	for_each_process(p) if (p->signal->pgrp == pid || p->signal->session == pid) return true;
	return false;
}

static bool is_task(pid_t pid)
{
	bool found;

	epoch_read_lock();
	found = pid <= 0 || find_task(pid);
	epoch_read_unlock();
	return found;
}

/* Free a number whose task is gone, once nobody carries it. (all families) */
static void free_if_unused(pid_t pid)
{
	if (!is_task(pid) && !is_number_carried(pid))
		free_pid(pid);
}

bool leaves_others_numbers(const struct task_struct *leader)
{
	const struct signal_struct *signal = leader->signal, *up = leader->real_parent->signal;

	if (signal->names_group)
		return false;
	if (signal->pgrp == up->pgrp && signal->session == up->session)
		return true; /* the parent carries them */
	return is_task(signal->pgrp) && is_task(signal->session);
}

void leave_pgrp(struct task_struct *leader)
{
	struct signal_struct *signal = leader->signal;
	pid_t pgrp = signal->pgrp, session = signal->session;

	if (leaves_others_numbers(leader)) {
		free_pid(leader->pid);
		return;
	}
	assert_families_locked(ALL_FAMILIES);
	if (!signal->names_group || !is_number_carried(leader->pid))
		free_pid(leader->pid);
	if (pgrp != leader->pid)
		free_if_unused(pgrp);
	if (session != leader->pid && session != pgrp)
		free_if_unused(session);
}

/* --- Orphaned groups --- */

/* Does a parent in another group of the session keep `p`'s group from being orphaned? */
static bool is_link(const struct task_struct *p, const struct task_struct *parent)
{
	return parent->signal->pgrp != p->signal->pgrp &&
	       parent->signal->session == p->signal->session;
}

/* Leave `without` out: it is about to go. (all families) */
static bool is_orphaned_but_for(pid_t pgrp, const struct task_struct *without)
{
	struct task_struct *p;

	for_each_process(p)
	{
		if (p == without || p->signal->pgrp != pgrp || task_is_dead(p))
			continue;
		if (p->real_parent->pid > 1 && is_link(p, p->real_parent))
			return false;
	}
	return true;
}

bool is_pgrp_orphaned(pid_t pgrp)
{
	assert_families_locked(ALL_FAMILIES);
	return is_orphaned_but_for(pgrp, NULL);
}

bool is_current_pgrp_orphaned(void)
{
	bool orphaned;

	lock_tasklist();
	orphaned = is_pgrp_orphaned(current->signal->pgrp);
	unlock_tasklist();
	return orphaned;
}

static bool has_stopped_process(pid_t pgrp)
{
	struct task_struct *p;

	for_each_process(p) if (p->signal->pgrp == pgrp &&
				p->signal->stop_flags & SIGNAL_STOPPED) return true;
	return false;
}

static void signal_pgrp_locked(pid_t pgrp, int sig)
{
	struct task_struct *p;

	for_each_process(p) if (p->signal->pgrp == pgrp) send_signal_group(sig, NULL, p);
}

bool keeps_pgrp(const struct task_struct *leader)
{
	return is_link(leader, leader->real_parent);
}

/* `p` was what kept its group from being orphaned in its parent's eyes; the parent is `parent`. */
static void check_orphaned(struct task_struct *p, const struct task_struct *parent,
			   const struct task_struct *without)
{
	pid_t pgrp = p->signal->pgrp;

	if (!is_link(p, parent))
		return; /* it made no difference */
	if (is_orphaned_but_for(pgrp, without) && has_stopped_process(pgrp)) {
		signal_pgrp_locked(pgrp, SIGHUP);
		signal_pgrp_locked(pgrp, SIGCONT);
	}
}

void exit_orphan_pgrps(struct task_struct *leader)
{
	check_orphaned(leader, leader->real_parent, leader);
}

void orphan_child_pgrp(struct task_struct *child, const struct task_struct *old_parent)
{
	check_orphaned(child, old_parent, NULL);
}

/* --- Terminals --- */

int check_pgrp_session(pid_t pgrp, pid_t session)
{
	struct task_struct *p;
	int err = -ESRCH;

	assert_families_locked(ALL_FAMILIES);
	for_each_process(p)
	{
		if (p->signal->pgrp != pgrp)
			continue;
		if (p->signal->session == session)
			return 0;
		err = -EPERM;
	}
	return err;
}

void clear_session_tty(pid_t session)
{
	struct task_struct *p;

	lock_tasklist();
	for_each_process(p) if (p->signal->session == session) p->signal->tty = NULL;
	unlock_tasklist();
}

void session_leader_exit(struct task_struct *leader)
{
	struct tty_struct *tty;

	if (!leader->signal->leader)
		return;
	lock_families(family_of(leader));
	tty = leader->signal->tty;
	unlock_families(family_of(leader));
	if (tty && tty_leader_exit)
		tty_leader_exit(tty);
}

/* --- System calls --- */

SYSCALL0(setsid)
{
	struct task_struct *leader = current->group_leader;
	struct signal_struct *signal = leader->signal;
	long result = -EPERM;

	lock_tasklist();
	if (!signal->leader && !is_number_carried(leader->pid)) {
		pid_t pgrp = signal->pgrp, session = signal->session;

		signal->pgrp = signal->session = leader->pid;
		signal->leader = signal->names_group = true;
		signal->tty = NULL;
		free_if_unused(pgrp);
		if (session != pgrp)
			free_if_unused(session);
		result = leader->pid;
	}
	unlock_tasklist();
	return result;
}

static int set_pgrp(struct task_struct *p, pid_t pgrp)
{
	struct task_struct *own = current->group_leader, *member;
	pid_t old = p->signal->pgrp;
	bool found = pgrp == p->pid;

	if (p->group_leader != p)
		return -EINVAL;
	if (p->real_parent == own) {
		if (p->signal->session != own->signal->session)
			return -EPERM;
		if (!(p->pf & PF_FORKNOEXEC))
			return -EACCES;
	} else if (p != own) {
		return -ESRCH;
	}
	if (p->signal->leader)
		return -EPERM;
	for_each_process(member) if (member->signal->pgrp == pgrp &&
				     member->signal->session == p->signal->session) found = true;
	if (!found)
		return -EPERM;
	if (pgrp == old)
		return 0;
	if (pgrp == p->pid)
		p->signal->names_group = true;
	p->signal->pgrp = pgrp;
	free_if_unused(old);
	return 0;
}

SYSCALL2(setpgid, int, pid, int, pgrp)
{
	struct task_struct *p;
	long err = -ESRCH;

	if (pgrp < 0)
		return -EINVAL;
	lock_tasklist();
	p = pid ? find_task(pid) : current->group_leader;
	if (p && !p->released)
		err = set_pgrp(p, pgrp ? pgrp : p->pid);
	unlock_tasklist();
	return err;
}

/* A process's numbers, 0: the caller's. 0 or -ESRCH. */
static int numbers_of(pid_t pid, pid_t *pgrp, pid_t *session)
{
	const pid_t number = pid ? pid : current->pid;
	const struct task_struct *t;

	lock_families(family_of_number(number));
	t = find_task(number);
	if (t) {
		*pgrp = t->signal->pgrp;
		*session = t->signal->session;
	}
	unlock_families(family_of_number(number));
	return t ? 0 : -ESRCH;
}

SYSCALL1(getpgid, int, pid)
{
	pid_t pgrp, session;
	const int err = numbers_of(pid, &pgrp, &session);

	return err ? err : pgrp;
}

SYSCALL1(getsid, int, pid)
{
	pid_t pgrp, session;
	const int err = numbers_of(pid, &pgrp, &session);

	return err ? err : session;
}

#ifdef __NR_getpgrp
SYSCALL0(getpgrp)
{
	return READ_ONCE(current->signal->pgrp);
}
#endif
