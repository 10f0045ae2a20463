/*
 * The lock that many readers or one writer may hold.
 *
 * Without competition each operation is one atomic instruction on the word. The bit that says
 * that somebody waits closes the fast ways in: who comes later asks sync/sleeper.c, readers too,
 * so a stream of readers cannot starve a writer.  Whoever takes the last reader or the writer out, and
 * finds the bit set, passes the lock on there.
 */
#include "lib/assert.h"
#include "sync/lockdebug.h"
#include "sync/lockstat.h"
#include "sync/mutex.h"
#include "sync/sleeper.h"

void init_rwsem(struct rw_semaphore *sem, enum lock_rank rank)
{
	sem->word = 0;
	sem->owner = NULL;
	init_waitqueue_head(&sem->wait);
#ifdef PAGODA_DEBUG
	sem->rank = rank;
#endif
}

static inline bool try_read(struct rw_semaphore *sem)
{
	u32 word = READ_ONCE(sem->word);

	while (likely(!(word & (WRITER | WAITING))))
		if (likely(try_cmpxchg(&sem->word, &word, word + READER)))
			return true;
	return false;
}

static inline bool try_write(struct rw_semaphore *sem)
{
	u32 expected = 0;

	if (unlikely(!try_cmpxchg(&sem->word, &expected, WRITER)))
		return false;
	WRITE_ONCE(sem->owner, current);
	return true;
}

static __noinline int rwsem_wait(struct rw_semaphore *sem, bool exclusive, enum task_state state)
{
	const u64 start = lock_stat_clock();
	const int err = sleeper_wait(&sem->word, &sem->wait, exclusive, state);

	if (!err) {
		if (exclusive)
			WRITE_ONCE(sem->owner, current);
		lock_stat_waited(sem, start);
	}
	return err;
}

void down_read(struct rw_semaphore *sem)
{
	sleep_lock_acquire(sem, sem->rank, true);
	if (unlikely(!try_read(sem)))
		(void)rwsem_wait(sem, false, TASK_UNINTERRUPTIBLE);
}

bool down_read_trylock(struct rw_semaphore *sem)
{
	if (!try_read(sem))
		return false;
	sleep_lock_acquired(sem, sem->rank, true);
	return true;
}

void up_read(struct rw_semaphore *sem)
{
	u32 left;

	sleep_lock_release(sem);
	left = fetch_add(&sem->word, -READER) - READER;
	ASSERT(left < (u32)-READER && !(left & WRITER));
	if (unlikely((left & WAITING) && left < READER))
		sleeper_pass(&sem->word, &sem->wait);
}

void down_write(struct rw_semaphore *sem)
{
	sleep_lock_acquire(sem, sem->rank, false);
	if (unlikely(!try_write(sem)))
		(void)rwsem_wait(sem, true, TASK_UNINTERRUPTIBLE);
}

int down_write_killable(struct rw_semaphore *sem)
{
	int err = 0;

	sleep_lock_acquire(sem, sem->rank, false);
	if (unlikely(!try_write(sem)))
		err = rwsem_wait(sem, true, TASK_KILLABLE);
	if (err)
		sleep_lock_release(sem);
	return err;
}

bool down_write_trylock(struct rw_semaphore *sem)
{
	if (!try_write(sem))
		return false;
	sleep_lock_acquired(sem, sem->rank, false);
	return true;
}

void up_write(struct rw_semaphore *sem)
{
	u32 left;

	ASSERT(sem->owner == current);
	sleep_lock_release(sem);
	WRITE_ONCE(sem->owner, NULL);
	left = fetch_add(&sem->word, -WRITER) - WRITER;
	ASSERT(left < READER && !(left & WRITER));
	if (unlikely(left & WAITING))
		sleeper_pass(&sem->word, &sem->wait);
}

void downgrade_write(struct rw_semaphore *sem)
{
	u32 left;

	ASSERT(sem->owner == current);
	WRITE_ONCE(sem->owner, NULL);
	left = fetch_add(&sem->word, READER - WRITER) + READER - WRITER;
	if (unlikely(left & WAITING)) /* readers in front of the queue may join */
		sleeper_pass(&sem->word, &sem->wait);
}

bool rwsem_is_locked(const struct rw_semaphore *sem)
{
	return (READ_ONCE(sem->word) & ~(WAITING | INSISTS)) != 0;
}
