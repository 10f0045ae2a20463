/*
 * The checker of the lock order (debug builds), for the files that implement
 * locks and for the scheduler.  See lockdebug.c for how it works and
 * docs/locks.md for the order itself.
 */
#pragma once

#include "lib/types.h"

#define HELD_LOCKS_MAX 40

struct held_lock {
	const void *lock;
	const char *name;
	u32 rank;  /* RANK_NONE if it was had by trying: not checked */
	u32 class; /* the lock's rank */
	bool shared;
	u64 since; /* cycles() */
};

/* Locks held, in the order they were taken. */
struct held_locks {
	struct held_lock lock[HELD_LOCKS_MAX];
	unsigned n;
};

#ifdef PAGODA_DEBUG
/*
 * The scheduler's: where the current task keeps the sleeping locks it holds, a
 * member of its task_struct that starts as zeros. NULL until tasks can sleep:
 * nothing is checked before.
 */
struct held_locks *task_held_locks(void);

/* A sleeping lock of this rank is about to be waited for (checked; may sleep) ... */
void sleep_lock_acquire(const void *lock, unsigned rank, bool shared);
/* ... or was had by trying, which cannot deadlock. */
void sleep_lock_acquired(const void *lock, unsigned rank, bool shared);
void sleep_lock_release(const void *lock);
#else
#define sleep_lock_acquire(lock, rank, shared)  ((void)0)
#define sleep_lock_acquired(lock, rank, shared) ((void)0)
#define sleep_lock_release(lock)                ((void)0)
#endif
