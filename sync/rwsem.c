/*
 * The lock that many readers or one writer may hold.
 *
 *     count:  readers inside * 4  |  bit 1: somebody waits  |  bit 0: a writer is inside
 *
 * Without competition each operation is one atomic instruction on the count.  The
 * waiting bit closes the fast ways in: who comes later queues behind those who
 * wait, readers too, so a stream of readers cannot starve a writer.  While the bit
 * is set the count changes only by releases, without a lock, and by grants, under
 * the queue's lock; so what grant() sees can only get better while it looks.
 *
 * Who finds the lock held spins for a while before queueing (sync/sleeper.h): else one collision of two
 * CPUs that keep coming back would make each pass through the queue, and sleep, every time from then on.
 *
 * grant() serves the queue from the front: one writer once all have left, or all
 * readers up to the next writer (sync/sleeper.h).  The one who takes the last reader or
 * the writer out calls it when the bit is set; so does who has just queued, in
 * case the lock was released in between; and who leaves the queue because of a
 * signal, for the readers behind a writer that gives up.
 */
#include "lib/assert.h"
#include "sync/lockdebug.h"
#include "sync/lockstat.h"
#include "sync/mutex.h"
#include "sync/sleeper.h"

#define WRITER  1L
#define WAITING 2L
#define READER  4L

void init_rwsem(struct rw_semaphore *sem, enum lock_rank rank)
{
	sem->count = 0;
	sem->owner = NULL;
	init_waitqueue_head(&sem->wait);
#ifdef PAGODA_DEBUG
	sem->rank = rank;
#endif
}

static inline bool try_read(struct rw_semaphore *sem)
{
	long count = READ_ONCE(sem->count);

	while (likely(!(count & (WRITER | WAITING))))
		if (likely(try_cmpxchg(&sem->count, &count, count + READER)))
			return true;
	return false;
}

static inline bool try_write(struct rw_semaphore *sem)
{
	long expected = 0;

	if (unlikely(!try_cmpxchg(&sem->count, &expected, WRITER)))
		return false;
	WRITE_ONCE(sem->owner, current);
	return true;
}

/*
 * The lock is short of us by what another CPU is about to do: look on for about as long as going to sleep
 * and being woken would take, unless somebody queues already.
 */
static bool had_by_spinning(struct rw_semaphore *sem, bool exclusive)
{
	for (unsigned i = 0; i < sleeper_spins(); i++) {
		const long count = READ_ONCE(sem->count);

		if (count & WAITING)
			return false;
		if (exclusive ? count == 0 && try_write(sem) : !(count & WRITER) && try_read(sem))
			return true;
		cpu_relax();
	}
	return false;
}

/* Let in whom the state of the lock admits. The queue's lock is held. */
static void grant(struct rw_semaphore *sem)
{
	struct list_head *queue = &sem->wait.waiters;

	while (!list_empty(queue)) {
		struct sleeper *first = list_first_entry(queue, struct sleeper, list);
		long inside = READ_ONCE(sem->count) & ~WAITING;

		if (first->exclusive ? inside != 0 : (inside & WRITER) != 0)
			return;
		fetch_add(&sem->count, first->exclusive ? WRITER : READER);
		sleeper_grant(first);
	}
	fetch_and(&sem->count, ~WAITING);
}

static __noinline void grant_locked(struct rw_semaphore *sem)
{
	unsigned long flags = spin_lock_irqsave(&sem->wait.lock);

	grant(sem);
	spin_unlock_irqrestore(&sem->wait.lock, flags);
}

static __noinline int rwsem_wait(struct rw_semaphore *sem, bool exclusive, enum task_state state)
{
	struct sleeper me = {.task = current, .exclusive = exclusive};
	const u64 start = lock_stat_clock();
	unsigned long flags;
	int err;

	if (had_by_spinning(sem, exclusive)) {
		lock_stat_waited(sem, start);
		return 0;
	}
	flags = spin_lock_irqsave(&sem->wait.lock);
	list_add_tail(&me.list, &sem->wait.waiters);
	fetch_or(&sem->count, WAITING);
	grant(sem);
	err = sleeper_wait(&sem->wait, &me, state, &flags);
	if (err)
		grant(sem);
	else if (exclusive)
		WRITE_ONCE(sem->owner, current);
	spin_unlock_irqrestore(&sem->wait.lock, flags);
	if (!err)
		lock_stat_waited(sem, start);
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
	long left;

	sleep_lock_release(sem);
	left = fetch_add(&sem->count, -READER) - READER;
	ASSERT(left >= 0 && !(left & WRITER));
	if (unlikely(left == WAITING))
		grant_locked(sem);
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
	long left;

	ASSERT(sem->owner == current);
	sleep_lock_release(sem);
	WRITE_ONCE(sem->owner, NULL);
	left = fetch_add(&sem->count, -WRITER) - WRITER;
	ASSERT((left & ~WAITING) == 0);
	if (unlikely(left & WAITING))
		grant_locked(sem);
}

void downgrade_write(struct rw_semaphore *sem)
{
	long left;

	ASSERT(sem->owner == current);
	WRITE_ONCE(sem->owner, NULL);
	left = fetch_add(&sem->count, READER - WRITER) + READER - WRITER;
	if (unlikely(left & WAITING)) /* readers in front of the queue may join */
		grant_locked(sem);
}

bool rwsem_is_locked(const struct rw_semaphore *sem)
{
	return (READ_ONCE(sem->count) & ~WAITING) != 0;
}
