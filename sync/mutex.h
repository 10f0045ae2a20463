/*
 * Sleeping locks: a mutex, and a lock that many readers or one writer may hold.
 * Waiters queue in order of arrival, and a waiting writer keeps new readers out; on several
 * CPUs who is awake may overtake who has to be woken, for as long as that takes (sleeper.c).  So
 * nobody starves.  The holder may sleep; interrupt handlers take none.
 */
#pragma once

#include "sync/wait.h"

struct LOCK_TYPE("mutex") mutex {
	u32 word; /* atomic: who is inside, does somebody wait (sleeper.h) */
	struct wait_queue_head wait;
	struct task_struct *owner; /* the holder, for diagnosis */
#ifdef PAGODA_DEBUG
	u32 rank;
#endif
};

struct LOCK_TYPE("rwsem") rw_semaphore {
	u32 word; /* atomic: who is inside, does somebody wait (sleeper.h) */
	struct wait_queue_head wait;
	struct task_struct *owner; /* the writer, for diagnosis */
#ifdef PAGODA_DEBUG
	u32 rank;
#endif
};

void mutex_init(struct mutex *lock, enum lock_rank rank);
void mutex_lock(struct mutex *lock) ACQUIRES(*lock);
int __must_check mutex_lock_interruptible(struct mutex *lock)
	TRY_ACQUIRES(0, *lock); /* 0 or -ERESTARTSYS */
bool mutex_trylock(struct mutex *lock) TRY_ACQUIRES(true, *lock);
void mutex_unlock(struct mutex *lock) RELEASES(*lock);
bool mutex_is_locked(const struct mutex *lock);

#ifdef PAGODA_DEBUG
#define MUTEX_INIT(name, lock_rank)                                            \
	{                                                                      \
		.wait = WAIT_QUEUE_HEAD_INIT((name).wait), .rank = (lock_rank) \
	}
#else
#define MUTEX_INIT(name, lock_rank)                       \
	{                                                 \
		.wait = WAIT_QUEUE_HEAD_INIT((name).wait) \
	}
#endif

void init_rwsem(struct rw_semaphore *sem, enum lock_rank rank);
void down_read(struct rw_semaphore *sem) ACQUIRES_SHARED(*sem);
bool down_read_trylock(struct rw_semaphore *sem) TRY_ACQUIRES_SHARED(true, *sem);
void up_read(struct rw_semaphore *sem) RELEASES_SHARED(*sem);
void down_write(struct rw_semaphore *sem) ACQUIRES(*sem);
int __must_check down_write_killable(struct rw_semaphore *sem)
	TRY_ACQUIRES(0, *sem); /* 0 or -EINTR */
bool down_write_trylock(struct rw_semaphore *sem) TRY_ACQUIRES(true, *sem);
void up_write(struct rw_semaphore *sem) RELEASES(*sem);
void downgrade_write(struct rw_semaphore *sem); /* from writer to reader, without a gap */
bool rwsem_is_locked(const struct rw_semaphore *sem);
#define assert_rwsem_held(sem) ASSERT(rwsem_is_locked(sem))
