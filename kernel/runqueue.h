/*
 * Run queues, between sched.c, runqueue.c and sched_stat.c.
 */
#pragma once

#include "kernel/sched.h"
#include "lib/assert.h"
#include "sync/percpu.h"

struct runqueue {
	spinlock_t lock;
	struct task_struct *curr, *idle; /* (lock) */
	struct rb_root tree;             /* (lock) ready tasks but curr, by vruntime */
	struct rb_node *leftmost;        /* (lock) */
	unsigned queued;                 /* (lock) tasks in the tree */
	u64 min_vruntime;                /* (lock) */
	u64 switches;                    /* this CPU */
	long uninterruptible;            /* (lock) went to sleep here minus woken here: sums up */
	struct cpu_times times;          /* this CPU, by the tick */
	u64 last_tick;                   /* this CPU: ktime of it */
	unsigned ticks;                  /* this CPU: until it looks for work elsewhere */
};

DECLARE_PER_CPU(struct runqueue, runqueue);

extern u64 idle_mask; /* atomic: CPUs that run their idle task */

static inline struct runqueue *cpu_rq(unsigned cpu)
{
	return &per_cpu(runqueue, cpu);
}

static inline bool is_idle_task(const struct task_struct *t)
{
	return t->pid == 0;
}

static inline struct task_struct *task_of(struct rb_node *node)
{
	return rb_entry(node, struct task_struct, se.node);
}

static inline u64 weighted(u64 ns, u32 weight)
{
	return likely(weight == 1024) ? ns : ns * 1024 / weight;
}

/* Bring the running task's clocks up to now. */
static inline void update_curr(struct runqueue *rq, u64 now)
{
	struct task_struct *t = rq->curr;
	u64 ran = now - t->se.exec_start, least;

	t->se.exec_start = now;
	if (is_idle_task(t))
		return;
	t->se.sum_exec += ran;
	t->se.vruntime += weighted(ran, t->se.weight);
	least = t->se.vruntime;
	if (rq->leftmost && (s64)(task_of(rq->leftmost)->se.vruntime - least) < 0)
		least = task_of(rq->leftmost)->se.vruntime;
	if ((s64)(least - rq->min_vruntime) > 0)
		rq->min_vruntime = least;
}

/* Into the tree, out of it. (rq->lock) */
void enqueue(struct runqueue *rq, struct task_struct *t);
void dequeue(struct runqueue *rq, struct task_struct *t);
/* Lock the queue of the task's CPU, interrupts off. */
struct runqueue *lock_task_rq(struct task_struct *t, unsigned long *flags);
/* The CPU's current task should call schedule() soon. (rq->lock) */
void resched_rq(struct runqueue *rq, unsigned cpu);
/* Should `t`, just made ready, run instead of the current one? Then so. (rq->lock) */
void check_preempt(struct runqueue *rq, unsigned cpu, struct task_struct *t);
/* Where a task that becomes ready should run; `cpu` is where it was. */
unsigned choose_cpu(const struct task_struct *t, unsigned cpu);
/*
 * Put a ready task that is on no queue, and belongs to nobody else, on a CPU's queue: its
 * vruntime is relative, t->cpu is `cpu`. No runqueue lock held.
 */
void activate(struct task_struct *t, unsigned cpu);
/*
 * Take a ready task that waits on another CPU, from the one where most do, if they are more
 * than `more_than`: for activate() here. NULL: none. (no runqueue lock; interrupts off)
 */
struct task_struct *steal_task(unsigned self, unsigned more_than);
/* The tick, now and then: even out the queues. */
void balance(struct runqueue *rq, unsigned self);
/* The tick: `passed` ns since the last one are charged to the task it interrupted. */
void account_tick(struct runqueue *rq, struct task_struct *t, u64 passed, bool user_mode);
void calc_load(u64 now); /* CPU 0's tick */
