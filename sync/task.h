/*
 * What the lower floors know of a thread of execution: who is running, how to
 * sleep, how to be woken.  On PCs the scheduler (kernel/sched.c) implements it,
 * on `soft` arch/soft/task.c with pthreads and CPU tokens.
 *
 * Sleeping is: set_current_state(), look again whether the reason to sleep still
 * holds, schedule().  A wake-up between the first and the last turns schedule()
 * into a mere yield, so none is lost.
 */
#pragma once

#include "lib/types.h"
#include "machine/current.h" /* current: the running struct task_struct * */

struct task_struct;

enum task_state {
	TASK_RUNNING = 0,
	TASK_INTERRUPTIBLE = 1,   /* a signal wakes it */
	TASK_UNINTERRUPTIBLE = 2, /* only wake_up_process() */
	TASK_STOPPED = 4,         /* by job control */
	TASK_ZOMBIE = 8,
	TASK_DEAD = 16,
	TASK_KILLABLE = 32, /* only fatal signals and wake_up_process() */
};

void set_current_state(enum task_state state); /* with a full barrier */
/*
 * Give up the CPU until woken (or just yield, when the state is TASK_RUNNING). It begins with
 * epoch_quiescent(): nothing fetched in an epoch may be used across it.
 */
void schedule(void);
/* As schedule(), for at most `ns` nanoseconds; returns what remained of them, or 0. */
u64 schedule_timeout(u64 ns);
#define FOREVER (~0ULL)
/* Make a sleeping task runnable; false if it was not asleep. Any context. */
bool wake_up_process(struct task_struct *task);
/*
 * The named rescheduling point: let others run if the tick asked for it. May sleep, and is a
 * quiescent point of the epochs in any case.
 */
void cond_resched(void);
/* Does a signal wait that would end an interruptible (a killable) sleep? */
bool signal_pending(void);
bool fatal_signal_pending(void);

/*
 * Start a kernel thread that runs fn(arg) and ends when it returns. Returns it, or
 * an ERR_PTR. It is shown in brackets by ps.
 */
struct task_struct *kthread_run(int (*fn)(void *), void *arg, const char *name);

/*
 * The current task is getting memory back: its own requests may take the last page there is, and
 * never reclaim. Set, and what it was before; is it?
 */
bool task_set_reclaiming(bool reclaiming);
bool task_reclaiming(void);

#ifdef PAGODA_DEBUG
/* The current task's allocations until one fails (mm/frame/debug.c); NULL before there are tasks. */
unsigned *task_fail_nth(void);
#endif

/* What a task has read and written (/proc/PID/io). */
struct io_counts {
	u64 rchar, wchar;          /* bytes by system calls */
	u64 syscr, syscw;          /* such calls */
	u64 read_bytes;            /* asked of disks */
	u64 write_bytes;           /* of files on disks made dirty, or written past the cache */
	u64 cancelled_write_bytes; /* made dirty by whomever, and forgotten unwritten */
};
static inline void io_counts_add(struct io_counts *sum, const struct io_counts *io)
{
	sum->rchar += io->rchar;
	sum->wchar += io->wchar;
	sum->syscr += io->syscr;
	sum->syscw += io->syscw;
	sum->read_bytes += io->read_bytes;
	sum->write_bytes += io->write_bytes;
	sum->cancelled_write_bytes += io->cancelled_write_bytes;
}
/* The running task's, changed by itself alone. */
struct io_counts *task_io(void);

/* Nanoseconds since boot; monotonic, the same on all CPUs. */
u64 ktime_ns(void);
