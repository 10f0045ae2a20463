/*
 * exec, the process's side: from many threads to one, and what the new program
 * does not inherit.
 *
 * Whichever thread calls execve() goes on as the process: all others are made to
 * end, and if the caller is not the leader it takes the leader's place -- number,
 * parent, children -- so that nobody outside notices which thread it was.
 */
#include "kernel/exec.h"
#include "kernel/cred.h"
#include "kernel/family.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "lib/assert.h"
#include "lib/string.h"

/* Only the caller and perhaps the dead leader are left. (its family) */
static bool others_are_gone(const struct task_struct *t)
{
	const struct task_struct *other;

	for_each_thread(other, t) if (other != t && (other != t->group_leader ||
						     other->state != TASK_ZOMBIE)) return false;
	return true;
}

static void wait_for_others(struct task_struct *t)
{
	for (;;) {
		bool gone;

		set_current_state(TASK_UNINTERRUPTIBLE);
		lock_families(family_of(t));
		gone = others_are_gone(t);
		unlock_families(family_of(t));
		if (gone)
			break;
		schedule();
	}
	set_current_state(TASK_RUNNING);
}

/* Take the dead leader's number and place. (all families) */
static void replace_leader(struct task_struct *t, struct task_struct *leader)
{
	pid_t own = t->pid;
	struct task_struct *child;

	/* Both out of the tables, numbers exchanged, then the caller in as the leader. */
	task_unpublish(leader);
	task_unpublish(t);
	leader->pid = own;
	t->pid = leader->tgid;
	t->group_leader = t;
	t->real_parent = leader->real_parent;
	t->exit_signal = SIGCHLD;
	t->start_time = leader->start_time;
	t->oom_score_adj = leader->oom_score_adj;
	t->oom_score_adj_min = leader->oom_score_adj_min;
	while (!list_empty(&leader->children)) {
		child = list_first_entry(&leader->children, struct task_struct, sibling);
		child->real_parent = t;
		list_move_tail(&child->sibling, &t->children);
	}
	task_publish(t);
	leader->released = true;
	keep_usage(leader);
	free_pid(own);
}

int become_only_thread(void)
{
	struct task_struct *t = current, *leader = t->group_leader;
	struct signal_struct *signal = t->signal;
	struct sighand_struct *own = NULL, *sighand;

	if (atomic_read(&t->sighand->count) > 1) {
		own = sighand_alloc();
		if (!own)
			return -ENOMEM;
	}
	sighand = lock_sighand(t);
	if (signal->group_exit || signal->group_exec) {
		unlock_sighand(sighand);
		if (own)
			put_sighand(own);
		return -EAGAIN;
	}
	if (signal->live > 1 || leader != t) {
		signal->group_exec = t;
		kill_other_threads(t);
		unlock_sighand(sighand);
		wait_for_others(t);
		lock_tasklist();
		if (leader != t)
			replace_leader(t, leader);
		signal->group_exec = NULL;
		unlock_tasklist();
		if (leader != t)
			reap_later(leader);
		sighand = lock_sighand(t);
	}
	if (own) {
		copy_actions(own, sighand);
		WRITE_ONCE(t->sighand, own);
	}
	unlock_sighand(sighand);
	if (own)
		put_sighand(sighand);
	return 0;
}

void exec_reset_task(const char *path)
{
	struct task_struct *t = current;
	const char *name = strrchr(path, '/');
	struct sighand_struct *sighand;

	t->pf &= ~(PF_KTHREAD | PF_FORKNOEXEC);
	set_task_comm(t, name ? name + 1 : path);
	sighand = lock_sighand(t);
	flush_signal_handlers(t, false);
	unlock_sighand(sighand);
	t->robust_list = NULL;
	t->clear_child_tid = t->set_child_tid = NULL;
	t->restart.fn = NULL;
	if (task_parts)
		task_parts->exec(t);
	t->signal->undumpable = false; /* there is no set-user-ID: what it runs is its own */
	cred_exec(&t->cred);
	arch_thread_flush(&t->thread);
}
