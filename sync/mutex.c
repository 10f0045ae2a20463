/*
 * The mutex: state 0 is free, 1 held, 2 held and the queue is to be looked at.
 *
 *            lock: cmpxchg                   lock: queue up
 *       0 ------------------> 1 ----------------------------------> 2
 *         <------------------   <----------------------------------
 *            unlock: cmpxchg         unlock: hand over to the last in the queue
 *
 * Without competition each of lock and unlock is one compare-and-exchange.  With
 * it, the holder gives the lock to the first in the queue without ever setting it
 * free (sync/sleeper.h), so the order is that of arrival.  A waiter that leaves because of a
 * signal may leave state 2 behind with nobody queued: then unlock sets it free.
 */
#include "sync/mutex.h"
#include "lib/assert.h"
#include "sync/lockdebug.h"
#include "sync/lockstat.h"
#include "sync/sleeper.h"

enum { FREE, HELD, CONTENDED };

void mutex_init(struct mutex *lock, enum lock_rank rank)
{
	*lock = (struct mutex)MUTEX_INIT(*lock, rank);
}

static inline bool try_lock(struct mutex *lock)
{
	u32 expected = FREE;

	if (unlikely(!try_cmpxchg(&lock->state, &expected, HELD)))
		return false;
	WRITE_ONCE(lock->owner, current);
	return true;
}

/* See sync/sleeper.h. Not past those who queue. */
static bool had_by_spinning(struct mutex *lock)
{
	for (unsigned i = 0; i < sleeper_spins(); i++) {
		const u32 state = READ_ONCE(lock->state);

		if (state == CONTENDED)
			return false;
		if (state == FREE && try_lock(lock))
			return true;
		cpu_relax();
	}
	return false;
}

static __noinline int mutex_wait(struct mutex *lock, enum task_state state)
{
	struct sleeper me = {.task = current, .exclusive = true};
	const u64 start = lock_stat_clock();
	unsigned long flags;
	int err = 0;

	if (had_by_spinning(lock)) {
		lock_stat_waited(lock, start);
		return 0;
	}
	flags = spin_lock_irqsave(&lock->wait.lock);
	if (xchg(&lock->state, CONTENDED) == FREE) {
		store_release(&lock->state, HELD); /* free: then nobody is queued */
	} else {
		list_add_tail(&me.list, &lock->wait.waiters);
		err = sleeper_wait(&lock->wait, &me, state, &flags);
	}
	if (!err)
		WRITE_ONCE(lock->owner, current);
	spin_unlock_irqrestore(&lock->wait.lock, flags);
	if (!err)
		lock_stat_waited(lock, start);
	return err;
}

void mutex_lock(struct mutex *lock)
{
	sleep_lock_acquire(lock, lock->rank, false);
	if (likely(try_lock(lock)))
		return;
	(void)mutex_wait(lock, TASK_UNINTERRUPTIBLE);
}

int mutex_lock_interruptible(struct mutex *lock)
{
	sleep_lock_acquire(lock, lock->rank, false);
	if (likely(try_lock(lock)))
		return 0;
	if (mutex_wait(lock, TASK_INTERRUPTIBLE) == 0)
		return 0;
	sleep_lock_release(lock);
	return -ERESTARTSYS;
}

bool mutex_trylock(struct mutex *lock)
{
	if (!try_lock(lock))
		return false;
	sleep_lock_acquired(lock, lock->rank, false);
	return true;
}

static __noinline void mutex_hand_over(struct mutex *lock)
{
	unsigned long flags = spin_lock_irqsave(&lock->wait.lock);

	if (list_empty(&lock->wait.waiters)) {
		store_release(&lock->state, FREE);
	} else {
		sleeper_grant(list_first_entry(&lock->wait.waiters, struct sleeper, list));
		if (list_empty(&lock->wait.waiters))
			store_release(&lock->state, HELD);
	}
	spin_unlock_irqrestore(&lock->wait.lock, flags);
}

void mutex_unlock(struct mutex *lock)
{
	u32 expected = HELD;

	ASSERT(lock->owner == current);
	sleep_lock_release(lock);
	WRITE_ONCE(lock->owner, NULL);
	if (unlikely(!try_cmpxchg(&lock->state, &expected, FREE)))
		mutex_hand_over(lock);
}

bool mutex_is_locked(const struct mutex *lock)
{
	return READ_ONCE(lock->state) != FREE;
}
