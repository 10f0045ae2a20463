/*
 * Deferred free by epochs: readers look at shared structures without locks, and
 * who removes an object frees it only when every CPU has since been outside the
 * kernel, idle, or in schedule() at least once -- for then no reader can still
 * hold a pointer to it.
 *
 * A reader does nothing but not sleep between fetching a pointer and its last
 * use; epoch_read_lock() only lets the debug build check that.
 */
#pragma once

#include "lib/atomic.h"
#include "lib/types.h"
#include "sync/percpu.h"

struct epoch_head {
	struct epoch_head *next;
	void (*func)(struct epoch_head *head);
};

struct epoch_list {
	struct epoch_head *first, *last;
};

/* One CPU's part. Its own CPU writes it; others read `seen`. */
struct epoch_cpu {
	u64 seen;               /* atomic: the last epoch it was quiescent in, or EPOCH_IDLE */
	bool pending;           /* callbacks wait here (or orphans were seen): look */
	unsigned readers;       /* debug: epoch_read_lock() without its unlock */
	u64 target;             /* callbacks in `waiting` run once all CPUs have seen this epoch */
	struct epoch_list next; /* called since that epoch began */
	struct epoch_list waiting;
};
DECLARE_PER_CPU(struct epoch_cpu, epoch_cpu);
extern u64 epoch_now; /* atomic */
#define EPOCH_IDLE (~0ULL)

#ifdef PAGODA_DEBUG
static inline void epoch_read_lock(void)
{
	this_cpu(epoch_cpu).readers++;
}
static inline void epoch_read_unlock(void)
{
	this_cpu(epoch_cpu).readers--;
}
#else
static inline void epoch_read_lock(void)
{
}
static inline void epoch_read_unlock(void)
{
}
#endif
/* Is this CPU between the two? (Debug builds know.) */
static inline bool epoch_reading(void)
{
	return this_cpu(epoch_cpu).readers != 0;
}

/*
 * Call func(head) once all present readers are done, in order of the calls on one CPU. func may
 * take spinlocks; it must not sleep. Any context but interrupts.
 */
void epoch_call(struct epoch_head *head, void (*func)(struct epoch_head *head));
/* Sleep until all present readers are done, and what this CPU had called before has run. */
void epoch_synchronize(void);

void epoch_quiescent_slow(void);
/*
 * This CPU holds no reference: called on return from each system call, at the start of
 * schedule() and in cond_resched(). Runs callbacks whose time has come, so no spinlock may be held;
 * sleeping locks may. Not from interrupts. A few instructions when there is nothing to do.
 */
static __always_inline void epoch_quiescent(void)
{
	struct epoch_cpu *e = &this_cpu(epoch_cpu);

	if (unlikely(e->seen != READ_ONCE(epoch_now) || e->pending))
		epoch_quiescent_slow();
}

/*
 * The timer's tick, which may interrupt a program that makes no system calls: report for it.
 * True when callbacks wait on this CPU: go by schedule() before returning to the program.
 */
bool epoch_tick(bool user_mode);

/*
 * Around a CPU's sleep for want of work: in between it counts as quiescent without saying
 * so. Callbacks still waiting here are left to the others.
 */
void epoch_idle_enter(void);
void epoch_idle_exit(void);
