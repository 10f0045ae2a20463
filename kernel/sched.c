/*
 * The scheduler: who runs next, and for how long.
 *
 * Fairness is by virtual runtime: every task has a clock that runs while it has
 * the CPU, faster the smaller its weight (nice).  Each CPU keeps those that are
 * ready in a tree ordered by that clock and always runs the one furthest behind:
 *
 *     runqueue (per CPU)
 *     +-------------------------------+
 *     | curr   the task on the CPU    |  not in the tree
 *     | tree   the ready ones         |  o--o--o   leftmost = least vruntime
 *     | min_vruntime                  |  never runs backwards
 *     +-------------------------------+
 *
 * A task that slept starts again at most a bonus behind min_vruntime, so that it
 * soon gets the CPU but cannot claim all the time it was away.  The kernel is not
 * preempted inside itself: the tick and wake-ups only set WORK_RESCHED, which is
 * looked at on the way to user mode and in cond_resched().
 *
 * Sleeping and waking.  A sleeper sets its state, looks again at what it waits for
 * and calls schedule(); a waker makes the condition true and looks at the state
 * (both with full barriers between).  schedule() decides under the runqueue's lock
 * whether the task leaves the queue, and keeps that lock until the next task runs
 * on another stack; it is the next task that lets go of it.  So whoever
 * holds the lock of t->cpu's queue sees t either still running or fully switched
 * away, never in between.  `state` is changed by a waker by compare-and-exchange,
 * for a task that is not asleep may be setting it at the same moment.
 *
 * Several CPUs.  A wake-up or fork prefers the CPU where the task was last, or an
 * idle one; a CPU that runs dry takes a ready task from another.  No two runqueue
 * locks are ever held at once: a task in between is on no queue, with state
 * TASK_RUNNING and its new CPU already in t->cpu, so nobody else touches it.
 *
 * Address spaces are switched lazily: a kernel thread runs on whatever space was
 * there before, which it keeps alive by a count (active_mm); but its CPU lets go of it when
 * somebody else changes that space.
 */
#include "kernel/itimer.h"
#include "kernel/process.h"
#include "kernel/pressure.h"
#include "kernel/runqueue.h"
#include "kernel/timer.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "machine/mmu.h"
#include "machine/smp.h"
#include "machine/uaccess.h"
#include "machine/upcall.h"
#include "mm/trace/trace.h"
#include "sync/epoch.h"

#define WAKEUP_BONUS  6000000ULL /* ns of virtual time a sleeper may be behind */
#define STATES_ASLEEP (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE | TASK_KILLABLE)

struct io_counts *task_io(void)
{
	return &current->io;
}

bool task_set_reclaiming(bool reclaiming)
{
	const bool before = current->pf & PF_MEMALLOC;

	current->pf = reclaiming ? current->pf | PF_MEMALLOC : current->pf & ~PF_MEMALLOC;
	return before;
}

bool task_reclaiming(void)
{
	return nr_threads() && current->pf & PF_MEMALLOC;
}

#ifdef PAGODA_DEBUG
struct held_locks *task_held_locks(void)
{
	return nr_threads() ? &current->held_locks : NULL;
}

unsigned *task_fail_nth(void)
{
	return nr_threads() ? &current->fail_nth : NULL;
}
#endif

/* --- Waking --- */

bool wake_up_state(struct task_struct *t, unsigned states)
{
	unsigned long flags;
	struct runqueue *rq;
	unsigned state, cpu;
	u64 floor;

	smp_mb(); /* the condition was made true before we look at the state */
	if (!(READ_ONCE(t->state) & states))
		return false;
	rq = lock_task_rq(t, &flags);
	state = READ_ONCE(t->state);
	if (!(state & states) || !try_cmpxchg(&t->state, &state, TASK_RUNNING)) {
		spin_unlock_irqrestore(&rq->lock, flags);
		return false;
	}
	if (rq->curr == t || t->se.queued) { /* it had not gone to sleep yet */
		spin_unlock_irqrestore(&rq->lock, flags);
		return true;
	}
	if (state & (TASK_UNINTERRUPTIBLE | TASK_KILLABLE))
		rq->uninterruptible--;
	floor = rq->min_vruntime - WAKEUP_BONUS;
	if ((s64)(t->se.vruntime - floor) < 0)
		t->se.vruntime = floor;
	cpu = choose_cpu(t, t->cpu);
	if (likely(cpu == t->cpu)) {
		enqueue(rq, t);
		update_curr(rq, ktime_ns());
		check_preempt(rq, cpu, t);
		spin_unlock_irqrestore(&rq->lock, flags);
		return true;
	}
	t->se.vruntime -= rq->min_vruntime; /* relative while between queues */
	t->cpu = cpu;
	spin_unlock_irqrestore(&rq->lock, flags);
	activate(t, cpu);
	return true;
}

bool wake_up_process(struct task_struct *t)
{
	return wake_up_state(t, STATES_ASLEEP);
}

void kick_task(struct task_struct *t)
{
	unsigned cpu = READ_ONCE(t->cpu);

	if (t != current && READ_ONCE(t->on_cpu) && cpu != cpu_id())
		machine_kick_cpu(cpu);
}

void sched_fork(struct task_struct *child)
{
	child->state = TASK_RUNNING;
	child->on_cpu = 0;
	child->se.queued = false;
	child->se.sum_exec = child->utime = child->stime = 0;
	child->nvcsw = child->nivcsw = 0;
}

void wake_up_new_task(struct task_struct *child)
{
	struct runqueue *rq = &this_cpu(runqueue);
	unsigned long flags = spin_lock_irqsave(&rq->lock);
	unsigned cpu = cpu_id();

	/* Behind its parent by what waking would take: the parent goes on for now. */
	update_curr(rq, ktime_ns());
	child->se.vruntime = is_idle_task(current) ? rq->min_vruntime : current->se.vruntime;
	if (likely(choose_cpu(child, cpu) == cpu)) {
		child->cpu = cpu;
		enqueue(rq, child);
		check_preempt(rq, cpu, child);
		spin_unlock_irqrestore(&rq->lock, flags);
		return;
	}
	child->se.vruntime -= rq->min_vruntime;
	cpu = choose_cpu(child, cpu);
	child->cpu = cpu;
	spin_unlock_irqrestore(&rq->lock, flags);
	activate(child, cpu);
}

/* --- Switching --- */

/* First thing on the next task's stack: `prev` is switched away from. rq->lock is held. */
static void finish_switch(struct task_struct *prev)
{
	struct runqueue *rq = &this_cpu(runqueue);
	struct mm_struct *mm = NULL;
	unsigned prev_state = READ_ONCE(prev->state);
	unsigned push_to = NR_CPUS;

	if (!prev->mm && prev->active_mm) {
		mm = prev->active_mm;
		prev->active_mm = NULL;
	}
	/* It may not run here any more: nobody else can see it, so hand it over. */
	if (unlikely(prev_state == TASK_RUNNING && !prev->se.queued && !is_idle_task(prev))) {
		push_to = choose_cpu(prev, cpu_id());
		prev->se.vruntime -= rq->min_vruntime;
		prev->cpu = push_to;
	}
	store_release(&prev->on_cpu, 0);
	spin_unlock(&rq->lock);
	irq_enable();
	if (unlikely(push_to != NR_CPUS))
		activate(prev, push_to);
	if (mm)
		mmdrop(mm);
	if (unlikely(prev_state == TASK_DEAD))
		reap_later(prev);
}

void task_first_run(struct task_struct *prev)
{
	struct task_struct *t = current;

	finish_switch(prev);
	if (t->set_child_tid) /* CLONE_CHILD_SETTID: in the child's memory */
		(void)!put_user(t->pid, t->set_child_tid);
}

static inline bool sleep_ended(struct task_struct *t, unsigned state)
{
	if (state & TASK_INTERRUPTIBLE)
		return READ_ONCE(t->work_pending) & WORK_SIGNAL;
	return state & TASK_KILLABLE && fatal_signal_pending();
}

/*
 * The core. Interrupts off, rq->lock held; returns with the lock released, interrupts on, in
 * the same task, later.
 */
static void switch_away(struct runqueue *rq, struct task_struct *prev, struct task_struct *next)
{
	struct mm_struct *mm = next->mm;

	rq->curr = next;
	rq->switches++;
	trace_task_switch(prev->pid, next->pid, (unsigned long)mm, 0);
	next->on_cpu = 1;
	if (unlikely(is_idle_task(next)))
		fetch_or(&idle_mask, BIT(cpu_id()));
	else if (unlikely(is_idle_task(prev)))
		fetch_and(&idle_mask, ~BIT(cpu_id()));
	if (likely(mm)) {
		if (likely(mm != prev->active_mm) || !prev->mm)
			switch_mm(&mm->arch);
	} else { /* a kernel thread borrows the space */
		next->active_mm = prev->active_mm;
		if (next->active_mm)
			mmgrab(next->active_mm);
		lazy_mm();
	}
	finish_switch(arch_switch_to(prev, &prev->thread, next, &next->thread));
}

/* Nothing else is ready here: bring a task from another CPU. (rq->lock, let go of in between) */
static void pull_task(struct runqueue *rq)
{
	struct task_struct *t;

	spin_unlock(&rq->lock);
	t = steal_task(cpu_id(), 0);
	spin_lock(&rq->lock);
	if (!t)
		return;
	t->se.vruntime += rq->min_vruntime;
	enqueue(rq, t);
}

void schedule(void)
{
	struct task_struct *prev = current, *next;
	struct runqueue *rq;
	bool stays, allowed;
	unsigned state;
	u64 now;

	might_sleep();
	epoch_quiescent();
	irq_disable();
	rq = &this_cpu(runqueue);
	spin_lock(&rq->lock);
	now = ktime_ns();
	update_curr(rq, now);
	fetch_and(&prev->work_pending, ~WORK_RESCHED);
	if (unlikely(!rq->leftmost) && cpu_online_mask != 1 &&
	    (READ_ONCE(prev->state) != TASK_RUNNING || is_idle_task(prev)))
		pull_task(rq);
	state = READ_ONCE(prev->state);
	if (state != TASK_RUNNING && unlikely(sleep_ended(prev, state))) {
		WRITE_ONCE(prev->state, TASK_RUNNING);
		state = TASK_RUNNING;
	}
	allowed = likely(prev->cpus_allowed & BIT(cpu_id()));
	stays = state == TASK_RUNNING && !is_idle_task(prev);
	if (stays && allowed &&
	    (!rq->leftmost || (s64)(task_of(rq->leftmost)->se.vruntime - prev->se.vruntime) > 0)) {
		next = prev; /* still the furthest behind */
	} else {
		next = rq->leftmost ? task_of(rq->leftmost) : rq->idle;
		if (!is_idle_task(next))
			dequeue(rq, next);
	}
	if (next == prev) {
		spin_unlock(&rq->lock);
		irq_enable();
		return;
	}
	if (stays) {
		prev->nivcsw++;
		if (allowed)
			enqueue(rq, prev);
	} else if (state != TASK_RUNNING) {
		prev->nvcsw++;
		if (state & (TASK_UNINTERRUPTIBLE | TASK_KILLABLE))
			rq->uninterruptible++;
	}
	next->se.exec_start = now;
	switch_away(rq, prev, next);
}

void set_current_state(enum task_state state)
{
	xchg(&current->state, (unsigned)state);
}

void cond_resched(void)
{
	might_sleep();
	epoch_quiescent();
	if (unlikely(READ_ONCE(current->work_pending) & WORK_RESCHED))
		schedule();
}

void __noreturn schedule_dead(void)
{
	ASSERT(task_is_dead(current));
	schedule();
	panic("a dead task ran");
}

void wait_task_off_cpu(const struct task_struct *t)
{
	while (load_acquire(&t->on_cpu))
		cpu_relax();
}

/* --- The tick --- */

void timer_tick(bool user_mode)
{
	struct runqueue *rq = &this_cpu(runqueue);
	struct task_struct *t = current;
	unsigned self = cpu_id();
	u64 now = ktime_ns(), passed = now - rq->last_tick;

	rq->last_tick = now;
	account_tick(rq, t, passed, user_mode);
	pressure_tick(rq, self, passed, now);
	itimer_tick(t, passed, user_mode);
	run_timers(now);
	if (self == 0)
		calc_load(now);
	if (epoch_tick(user_mode) && !is_idle_task(t))
		fetch_or(&t->work_pending, WORK_RESCHED);
	if (cpu_online_mask != 1)
		balance(rq, self);
	spin_lock(&rq->lock);
	update_curr(rq, now);
	if (rq->leftmost &&
	    (is_idle_task(t) || (s64)(t->se.vruntime - task_of(rq->leftmost)->se.vruntime) > 0))
		fetch_or(&t->work_pending, WORK_RESCHED);
	spin_unlock(&rq->lock);
}

/* --- Idling and starting up --- */

void __noreturn cpu_idle(void)
{
	for (;;) {
		epoch_idle_enter();
		for (;;) {
			irq_disable();
			if (READ_ONCE(current->work_pending) & WORK_RESCHED)
				break;
			cpu_wait_for_interrupt();
		}
		irq_enable();
		epoch_idle_exit();
		schedule();
	}
}

void sched_cpu_init(unsigned cpu, struct task_struct *idle)
{
	struct runqueue *rq = cpu_rq(cpu);

	spin_lock_init(&rq->lock, RANK_RUNQUEUE);
	idle->cpu = cpu;
	idle->on_cpu = 1;
	idle->cpus_allowed = BIT(cpu);
	idle->se.exec_start = rq->last_tick = ktime_ns();
	rq->curr = rq->idle = idle;
	fetch_or(&idle_mask, BIT(cpu));
}

void sched_init(void)
{
	sched_cpu_init(0, &init_task);
}

/* --- What others ask of it --- */

void sched_yield_current(void)
{
	unsigned long flags = irq_save();
	struct runqueue *rq = &this_cpu(runqueue);

	spin_lock(&rq->lock);
	update_curr(rq, ktime_ns());
	if (rq->leftmost) {
		u64 first = task_of(rq->leftmost)->se.vruntime;

		if ((s64)(first - current->se.vruntime) >= 0)
			current->se.vruntime = first + 1;
	}
	spin_unlock_irqrestore(&rq->lock, flags);
	schedule();
}
