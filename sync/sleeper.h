/*
 * What the sleeping locks share (private to sync/): a thread in the queue of a
 * lock, which sleeps until whoever releases the lock hands it over.
 *
 * Handing over instead of letting all compete is what makes the locks fair: the
 * queue is served in order of arrival and nobody overtakes.  It has a price where CPUs keep
 * coming back for one lock: once somebody sleeps, each pass hands the lock to a CPU that has to wake
 * first, while the others are back already, find the lock held and go to sleep in their turn.  So a lock is
 * watched for a moment before queueing, and who queues stays awake for a moment: each about
 * what going to sleep and being woken costs, which at worst trebles the price.
 */
#pragma once

#include "lib/errno.h"
#include "sync/percpu.h"
#include "sync/wait.h"

/* How often to look before going to sleep: not at all where nobody else runs. */
static inline unsigned sleeper_spins(void)
{
	return cpu_online_mask & (cpu_online_mask - 1) ? 1000 : 0;
}

struct sleeper {
	struct list_head list; /* (queue's lock) in wait_queue_head.waiters */
	struct task_struct *task;
	bool exclusive; /* wants the lock alone */
	bool granted;   /* (queue's lock; who waits also looks without) has it */
};

/*
 * Sleep until granted: 0, or -EINTR if a signal that the state admits came first;
 * then the sleeper has left the queue. The queue's lock is held on entry and on return
 * (its flags in *flags) and released while asleep.
 */
static inline int sleeper_wait(struct wait_queue_head *queue, struct sleeper *me,
			       enum task_state state, unsigned long *flags)
{
	unsigned spins = sleeper_spins();

	while (!me->granted) {
		if ((state == TASK_INTERRUPTIBLE && signal_pending()) ||
		    (state == TASK_KILLABLE && fatal_signal_pending())) {
			list_del(&me->list);
			return -EINTR;
		}
		if (spins) {
			spin_unlock_irqrestore(&queue->lock, *flags);
			for (; spins && !READ_ONCE(me->granted); spins--)
				cpu_relax();
		} else {
			set_current_state(state);
			spin_unlock_irqrestore(&queue->lock, *flags);
			schedule();
		}
		*flags = spin_lock_irqsave(&queue->lock);
	}
	return 0;
}

/*
 * Hand the lock to a sleeper. Both under the queue's lock, and the sleeper looks under it
 * too: it cannot return, and its stack frame cannot vanish, before the wake-up is done.
 */
static inline void sleeper_grant(struct sleeper *sleeper)
{
	list_del(&sleeper->list);
	WRITE_ONCE(sleeper->granted, true);
	wake_up_process(sleeper->task);
}
