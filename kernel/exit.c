/*
 * The end of a task.
 *
 *   do_exit()       in the task: gives back what it has, space first, then files;
 *                   tells the family (exit_notify); never returns from schedule()
 *   TASK_ZOMBIE     a process's leader waits for its parent's wait4() -- which
 *                   sees it only when all other threads are gone
 *   TASK_DEAD       nobody waits: a thread that is not the leader, or a child
 *                   whose parent ignores SIGCHLD; the reaper thread frees it
 *   release_task()  out of the tables; the number is free again
 *   free_task()     stack and struct, once no CPU stands on the stack any more
 *
 * A process ends as a whole (exit_group, a fatal signal) by `group_exit`: the first
 * to set it says the status, every other thread gets SIGKILL and ends when it is
 * about to return to user mode.
 *
 * The children of a dying process go to another thread of it -- they belong to the
 * process, that is its leader -- or, when it is the last, to the next ancestor
 * that is a subreaper, or to init.
 */
#include "kernel/family.h"
#include "kernel/itimer.h"
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/signal_int.h"
#include "kernel/syscall.h"
#include "lib/assert.h"
#include "mm/kva/kva.h"
#include "mm/trace/trace.h"

/* Tasks that nobody waits for, ready to be freed. It is the kthreadd's work. */
static struct {
	spinlock_t lock;
	struct list_head tasks; /* (lock) by `sibling` */
	struct wait_queue_head wait;
} reaper = {.lock = SPINLOCK_INIT(RANK_COUNTERS),
	    .tasks = LIST_HEAD_INIT(reaper.tasks),
	    .wait = WAIT_QUEUE_HEAD_INIT(reaper.wait)};

/* --- Away with the body --- */

void keep_usage(const struct task_struct *t)
{
	struct signal_struct *signal = t->signal;

	signal->utime += t->utime;
	signal->stime += t->stime;
	signal->sum_exec += t->se.sum_exec;
	signal->min_flt += t->min_flt;
	signal->maj_flt += t->maj_flt;
	signal->nvcsw += t->nvcsw;
	signal->nivcsw += t->nivcsw;
	io_counts_add(&signal->io, &t->io);
}

families_t families_to_release(const struct task_struct *t)
{
	if (t->group_leader == t && !leaves_others_numbers(t))
		return ALL_FAMILIES;
	return family_of(t) | family_of(t->real_parent) | family_of_number(t->pid);
}

void release_task(struct task_struct *t)
{
	ASSERT(!t->released && task_is_dead(t));
	t->released = true;
	if (t->group_leader != t)
		keep_usage(t);
	task_unpublish(t);
	if (t->group_leader == t)
		leave_pgrp(t);
	else
		free_pid(t->pid);
}

void free_task(struct task_struct *t)
{
	wait_task_off_cpu(t);
	arch_thread_free(&t->thread);
	free_kernel_stack(t->stack);
	t->stack = NULL;
	put_task(t);
}

void reap_later(struct task_struct *t)
{
	spin_lock(&reaper.lock);
	list_add_tail(&t->sibling, &reaper.tasks);
	spin_unlock(&reaper.lock);
	wake_up(&reaper.wait);
}

static struct task_struct *next_dead(void)
{
	struct task_struct *t = NULL;

	spin_lock(&reaper.lock);
	if (!list_empty(&reaper.tasks)) {
		t = list_first_entry(&reaper.tasks, struct task_struct, sibling);
		list_del_init(&t->sibling);
	}
	spin_unlock(&reaper.lock);
	return t;
}

int reaper_thread(void *unused)
{
	for (;;) {
		struct task_struct *t;

		wait_event_interruptible(&reaper.wait, !list_empty(&reaper.tasks));
		while ((t = next_dead()))
			free_task(t);
	}
}

/* --- The family --- */

static bool has_live_thread(const struct task_struct *t)
{
	const struct task_struct *thread;

	for_each_thread(thread, t) if (!(thread->pf & PF_EXITING)) return true;
	return false;
}

/* Who takes over the children of a process without living threads. (all families) */
static struct task_struct *new_parent(struct task_struct *t)
{
	struct task_struct *p = t->real_parent;

	for (; p->pid > 1; p = p->real_parent)
		if (p->signal->is_child_subreaper && has_live_thread(p))
			return p;
	p = find_task(1);
	return p && p != t ? p : &init_task;
}

/* A zombie leader, alone in its process: tell the parent. True: it reaps itself. */
static bool announce(struct task_struct *leader)
{
	int code = leader->exit_code;
	int how = code & 0x7f ? (code & 0x80 ? CLD_DUMPED : CLD_KILLED) : CLD_EXITED;

	return notify_parent(leader, leader->exit_signal, how,
			     code & 0x7f ? code & 0x7f : code >> 8 & 0xff);
}

static bool is_alone(const struct task_struct *leader)
{
	return leader->signal->threads.next->next == &leader->signal->threads;
}

static void give_children_away(struct task_struct *t)
{
	struct task_struct *heir, *child, *next;

	if (list_empty(&t->children))
		return;
	heir = new_parent(t);
	list_for_each_entry_safe (child, next, &t->children, sibling) {
		child->real_parent = heir;
		if (child->parent_death_signal)
			send_signal_group(child->parent_death_signal, NULL, child);
		list_move_tail(&child->sibling, &heir->children);
		if (child->exit_signal != -1)
			child->exit_signal = SIGCHLD;
		if (child->state == TASK_ZOMBIE && is_alone(child) && announce(child)) {
			release_task(child);
			reap_later(child);
		} else {
			orphan_child_pgrp(child, t);
		}
	}
}

/* Whose locks the end of a task takes, which may be the last of its process. (family) */
static families_t families_of_end(const struct task_struct *t, bool last)
{
	const struct task_struct *leader = t->group_leader;

	if (!last)
		return family_of(t) | family_of_number(t->pid);
	if (!list_empty(&leader->children) || keeps_pgrp(leader))
		return ALL_FAMILIES;
	return families_to_release(leader) | family_of_number(t->pid);
}

/* *last: no thread is left that has yet to come here. */
static families_t lock_for_end(const struct task_struct *t, bool *last)
{
	families_t held, needed;

	epoch_read_lock(); /* who is the parent may change until we have the lock: a guess */
	held = family_of(t) | family_of(task_parent(t->group_leader));
	epoch_read_unlock();
	for (;;) {
		lock_families(held);
		*last = !has_live_thread(t);
		needed = families_of_end(t, *last);
		if (!(needed & ~held))
			return held;
		unlock_families(held);
		held |= needed;
	}
}

/* The last thing but schedule(): from here on the task may be reaped. */
static void exit_notify(struct task_struct *t)
{
	struct task_struct *leader = t->group_leader;
	bool nobody_waits = t != leader || t->exit_signal == -1;
	bool last;
	const families_t families = lock_for_end(t, &last);

	if (last) {
		exit_orphan_pgrps(leader);
		give_children_away(leader);
	}
	if (t == leader && is_alone(t) && t->exit_signal != -1)
		nobody_waits = announce(t);
	xchg(&t->state, nobody_waits ? TASK_DEAD : TASK_ZOMBIE);
	if (nobody_waits)
		release_task(t);
	if (t->signal->group_exec)
		wake_up_process(t->signal->group_exec);
	else if (t != leader && leader->state == TASK_ZOMBIE && is_alone(leader) &&
		 announce(leader)) {
		release_task(leader);
		reap_later(leader);
	}
	unlock_families(families);
}

/* --- do_exit --- */

void note_maxrss(struct signal_struct *signal, const struct mm_struct *mm)
{
	unsigned long kib = max(mm->hiwater_rss, mm_rss(mm)) << (PAGE_SHIFT - 10);

	if (signal->maxrss < kib)
		signal->maxrss = kib;
}

static void exit_mm(struct task_struct *t)
{
	struct mm_struct *mm = t->mm;

	if (!mm)
		return;
	mm_release(t);
	note_maxrss(t->signal, mm);
	mmgrab(mm); /* as active_mm, until the switch */
	task_lock(t);
	t->mm = NULL;
	task_unlock(t);
	arch_thread_space(&t->thread, NULL);
	mmput(mm);
}

void __noreturn do_exit(int code)
{
	struct task_struct *t = current;
	struct sighand_struct *sighand;
	bool last;

	if (t->pid <= 1)
		panic(t->pid ? "Attempted to kill init! exitcode=0x%08x"
			     : "the idle task ended: %d",
		      t->signal->group_exit ? t->signal->group_exit_code : code);
	sighand = lock_sighand(t);
	t->pf |= PF_EXITING;
	last = --t->signal->live == 0;
	unlock_sighand(sighand);
	leave_group_stop(t);
	if (last)
		itimer_exit(t->signal);
	trace_task_exit(t->pid, code, 0, 0);
	exit_mm(t);
	if (task_parts)
		task_parts->exit(t);
	if (last)
		session_leader_exit(t->group_leader);
	t->exit_code = t->signal->group_exit ? t->signal->group_exit_code : code;
	exit_notify(t);
	schedule_dead();
}

void __noreturn do_group_exit(int code)
{
	struct signal_struct *signal = current->signal;
	struct sighand_struct *sighand = lock_sighand(current);

	if (!signal->group_exit)
		set_group_exit(code);
	else
		code = signal->group_exit_code;
	unlock_sighand(sighand);
	do_exit(code);
}

SYSCALL1(exit, int, code)
{
	do_exit((code & 0xff) << 8);
}

SYSCALL1(exit_group, int, code)
{
	do_group_exit((code & 0xff) << 8);
}
