/*
 * The mutex: one atomic instruction to take it and one to give it back, as long as nobody waits; then
 * sync/sleeper.c decides.
 */
#include "sync/mutex.h"
#include "lib/assert.h"
#include "sync/lockdebug.h"
#include "sync/lockstat.h"
#include "sync/sleeper.h"

void mutex_init(struct mutex *lock, enum lock_rank rank)
{
	*lock = (struct mutex)MUTEX_INIT(*lock, rank);
}

static inline bool try_lock(struct mutex *lock)
{
	u32 expected = 0;

	if (unlikely(!try_cmpxchg(&lock->word, &expected, WRITER)))
		return false;
	WRITE_ONCE(lock->owner, current);
	return true;
}

static __noinline int mutex_wait(struct mutex *lock, enum task_state state)
{
	const u64 start = lock_stat_clock();
	const int err = sleeper_wait(&lock->word, &lock->wait, true, state);

	if (!err) {
		WRITE_ONCE(lock->owner, current);
		lock_stat_waited(lock, start);
	}
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

static __noinline void mutex_pass(struct mutex *lock)
{
	fetch_and(&lock->word, ~WRITER);
	sleeper_pass(&lock->word, &lock->wait);
}

void mutex_unlock(struct mutex *lock)
{
	u32 expected = WRITER;

	ASSERT(lock->owner == current);
	sleep_lock_release(lock);
	WRITE_ONCE(lock->owner, NULL);
	if (unlikely(!try_cmpxchg(&lock->word, &expected, 0)))
		mutex_pass(lock);
}

bool mutex_is_locked(const struct mutex *lock)
{
	return READ_ONCE(lock->word) & WRITER;
}
