/*
 * Spinlocks.
 *
 * The kernel is never preempted inside itself, so holding a spinlock needs
 * nothing switched off unless an interrupt handler takes the same lock; those
 * locks have a rank from RANK_IRQ up and are taken with the _irqsave forms.
 * A holder must not sleep; the debug build checks that, the order of ranks, and
 * that the CPU that unlocks is the one that locked.
 *
 * A raw_spinlock is the bare four bytes, for places that have no room for a
 * name (a page table's descriptor): its rank is given at each call.
 */
#pragma once

#include "lib/atomic.h"
#include "lib/types.h"
#include "machine/cpu.h"
#include "sync/annotations.h"
#include "sync/lockrank.h"

typedef struct LOCK_TYPE("spinlock") {
	u32 v; /* 0 free, 1 held, 2 held and (on soft) waited for */
} raw_spinlock_t;

typedef struct LOCK_TYPE("spinlock") {
	raw_spinlock_t raw;
#ifdef PAGODA_DEBUG
	u32 rank;
	const char *name;
#endif
} spinlock_t;

#ifdef PAGODA_DEBUG
#define SPINLOCK_INIT(lock_rank)                        \
	{                                               \
		.rank = (lock_rank), .name = #lock_rank \
	}
void lock_debug_acquire(const void *lock, unsigned rank, const char *name);  /* before waiting */
void lock_debug_acquired(const void *lock, unsigned rank, const char *name); /* had by trying */
void lock_debug_release(const void *lock);
void lock_debug_assert_held(const void *lock);
/* Panic if this CPU holds a lock that others may be waiting for with interrupts off. */
void lock_debug_below_irq(void);
/* Panic if the caller holds a spinlock or has interrupts off: it is about to sleep. */
void might_sleep(void);
#else
#define SPINLOCK_INIT(lock_rank) \
	{                        \
		.raw = { 0 }     \
	}
#define lock_debug_acquire(lock, rank, name)  ((void)0)
#define lock_debug_acquired(lock, rank, name) ((void)0)
#define lock_debug_release(lock)              ((void)0)
#define lock_debug_assert_held(lock)          ((void)0)
#define lock_debug_below_irq()                ((void)0)
#define might_sleep()                         ((void)0)
#endif

static inline void spin_lock_init(spinlock_t *lock, enum lock_rank rank)
{
	*lock = (spinlock_t)SPINLOCK_INIT(rank);
#ifdef PAGODA_DEBUG
	lock->rank = rank;
#else
	(void)rank;
#endif
}

/* Wait until the lock is free; the slow half of taking it. */
void spin_wait(raw_spinlock_t *lock);

static inline bool raw_spin_trylock(raw_spinlock_t *lock) TRY_ACQUIRES(true, *lock) NO_LOCK_ANALYSIS
{
	return __atomic_exchange_n(&lock->v, 1, __ATOMIC_ACQUIRE) == 0;
}

static inline void raw_spin_lock(raw_spinlock_t *lock, enum lock_rank rank __maybe_unused)
	ACQUIRES(*lock) NO_LOCK_ANALYSIS
{
	lock_debug_acquire(lock, rank, "raw");
	if (unlikely(!raw_spin_trylock(lock)))
		spin_wait(lock);
}

static inline void raw_spin_unlock(raw_spinlock_t *lock) RELEASES(*lock) NO_LOCK_ANALYSIS
{
	lock_debug_release(lock);
	__atomic_store_n(&lock->v, 0, __ATOMIC_RELEASE);
}

static inline void spin_lock(spinlock_t *lock) ACQUIRES(*lock) NO_LOCK_ANALYSIS
{
	lock_debug_acquire(lock, lock->rank, lock->name);
	if (unlikely(!raw_spin_trylock(&lock->raw)))
		spin_wait(&lock->raw);
}

static inline bool spin_trylock(spinlock_t *lock) TRY_ACQUIRES(true, *lock) NO_LOCK_ANALYSIS
{
	if (!raw_spin_trylock(&lock->raw))
		return false;
	lock_debug_acquired(lock, lock->rank, lock->name);
	return true;
}

static inline void spin_unlock(spinlock_t *lock) RELEASES(*lock) NO_LOCK_ANALYSIS
{
	lock_debug_release(lock);
	__atomic_store_n(&lock->raw.v, 0, __ATOMIC_RELEASE);
}

/* For locks that interrupt handlers take: returns the state to restore. */
static inline unsigned long spin_lock_irqsave(spinlock_t *lock) ACQUIRES(*lock)
{
	unsigned long flags = irq_save();

	spin_lock(lock);
	return flags;
}

static inline void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags) RELEASES(*lock)
{
	spin_unlock(lock);
	irq_restore(flags);
}

static inline bool spin_is_locked(const spinlock_t *lock)
{
	return READ_ONCE(lock->raw.v) != 0;
}

#define assert_spin_locked(lock) lock_debug_assert_held(lock)
