/*
 * Sessions and process groups.
 *
 *   session  = what began with setsid(): one login, at most one terminal
 *     group  = what a shell calls a job: gets the terminal's signals together
 *       process
 *
 * They are numbers in signal_struct, guarded by tasklist_lock; a group consists of
 * whoever carries its number.  The number of a dead leader stays taken while a
 * group or session still carries it (leave_pgrp).
 */
#include "kernel/session.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "lib/assert.h"

void (*tty_leader_exit)(struct tty_struct *tty);

/* --- Numbers that outlive their task --- */

/* Does a process carry the number as its group or session? (tasklist_lock) */
static bool is_number_carried(pid_t pid)
{
	struct task_struct *p;

	for_each_process(p) if (p->signal->pgrp == pid || p->signal->session == pid) return true;
	return false;
}

/* Free a number whose task is gone, once nobody carries it. (tasklist_lock) */
static void free_if_unused(pid_t pid)
{
	if (pid > 0 && !find_task(pid) && !is_number_carried(pid))
		free_pid(pid);
}

void leave_pgrp(struct task_struct *leader)
{
	struct signal_struct *signal = leader->signal;
	pid_t pgrp = signal->pgrp, session = signal->session;

	assert_spin_locked(&tasklist_lock);
	if (!signal->names_group || !is_number_carried(leader->pid))
		free_pid(leader->pid);
	if (pgrp != leader->pid)
		free_if_unused(pgrp);
	if (session != leader->pid && session != pgrp)
		free_if_unused(session);
}

/* --- Orphaned groups --- */

/* Leave `without` out: it is about to go. (tasklist_lock) */
static bool is_orphaned_but_for(pid_t pgrp, const struct task_struct *without)
{
	struct task_struct *p;

	for_each_process(p)
	{
		const struct signal_struct *up = p->real_parent->signal;

		if (p == without || p->signal->pgrp != pgrp || task_is_dead(p))
			continue;
		if (p->real_parent->pid > 1 && up->pgrp != pgrp &&
		    up->session == p->signal->session)
			return false;
	}
	return true;
}

bool is_pgrp_orphaned(pid_t pgrp)
{
	assert_spin_locked(&tasklist_lock);
	return is_orphaned_but_for(pgrp, NULL);
}

bool is_current_pgrp_orphaned(void)
{
	bool orphaned;

	spin_lock(&tasklist_lock);
	orphaned = is_pgrp_orphaned(current->signal->pgrp);
	spin_unlock(&tasklist_lock);
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

/* `p` was what kept its group from being orphaned in its parent's eyes; the parent is `parent`. */
static void check_orphaned(struct task_struct *p, const struct task_struct *parent,
			   const struct task_struct *without)
{
	pid_t pgrp = p->signal->pgrp;

	if (parent->signal->pgrp == pgrp || parent->signal->session != p->signal->session)
		return; /* it made no difference */
	if (is_orphaned_but_for(pgrp, without) && has_stopped_process(pgrp)) {
		signal_pgrp_locked(pgrp, SIGHUP);
		signal_pgrp_locked(pgrp, SIGCONT);
	}
}

void exit_orphan_pgrps(struct task_struct *leader)
{
	assert_spin_locked(&tasklist_lock);
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

	assert_spin_locked(&tasklist_lock);
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

	spin_lock(&tasklist_lock);
	for_each_process(p) if (p->signal->session == session) p->signal->tty = NULL;
	spin_unlock(&tasklist_lock);
}

void session_leader_exit(struct task_struct *leader)
{
	struct tty_struct *tty;

	if (!leader->signal->leader)
		return;
	spin_lock(&tasklist_lock);
	tty = leader->signal->tty;
	spin_unlock(&tasklist_lock);
	if (tty && tty_leader_exit)
		tty_leader_exit(tty);
}

/* --- System calls --- */

SYSCALL0(setsid)
{
	struct task_struct *leader = current->group_leader;
	struct signal_struct *signal = leader->signal;
	long result = -EPERM;

	spin_lock(&tasklist_lock);
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
	spin_unlock(&tasklist_lock);
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
	spin_lock(&tasklist_lock);
	p = pid ? find_task(pid) : current->group_leader;
	if (p && !p->released)
		err = set_pgrp(p, pgrp ? pgrp : p->pid);
	spin_unlock(&tasklist_lock);
	return err;
}

SYSCALL1(getpgid, int, pid)
{
	const struct task_struct *p;
	long pgrp = -ESRCH;

	spin_lock(&tasklist_lock);
	p = pid ? find_task(pid) : current;
	if (p)
		pgrp = p->signal->pgrp;
	spin_unlock(&tasklist_lock);
	return pgrp;
}

SYSCALL1(getsid, int, pid)
{
	const struct task_struct *p;
	long session = -ESRCH;

	spin_lock(&tasklist_lock);
	p = pid ? find_task(pid) : current;
	if (p)
		session = p->signal->session;
	spin_unlock(&tasklist_lock);
	return session;
}

#ifdef __NR_getpgrp
SYSCALL0(getpgrp)
{
	return READ_ONCE(current->signal->pgrp);
}
#endif
