/*
 * How locks are used (debug builds): for each class -- a rank, and how it is held -- how often it was
 * taken, how often somebody had to wait, how long they waited and held it. /proc/lock_stat shows it.
 * Times are in cycles(). The checker of the order (lockdebug.c) sees every lock taken and
 * released, and calls this; lockstat.c says how it counts.
 */
#pragma once

#include "lib/types.h"
#include "machine/cpu.h"
#include "sync/lockrank.h"

enum lock_mode { LOCK_EXCLUSIVE, LOCK_SHARED, LOCK_MODES };
#define LOCK_RANKS (RANK_CONSOLE + 1)

struct lock_stat {
	u64 taken, waited; /* times; who only tried, and failed, is in neither */
	u64 wait_total, wait_max;
	u64 hold_total, hold_max;
};

#ifdef PAGODA_DEBUG
#define lock_stat_clock() cycles()
/* By lockdebug.c, with interrupts off. */
void lock_stat_taken(unsigned rank, enum lock_mode mode);
void lock_stat_released(unsigned rank, enum lock_mode mode, u64 held);
void lock_stat_add_wait(unsigned rank, enum lock_mode mode, u64 waited);
/*
 * The caller, who has told the checker that it wants the lock, had to wait for it since `start` and
 * has it now: it holds it from here on.
 */
void lock_stat_waited(const void *lock, u64 start);

/* The sum over all CPUs, while they go on. */
void lock_stat_read(unsigned rank, enum lock_mode mode, struct lock_stat *stat);
void lock_stat_reset(void);
const char *lock_rank_name(unsigned rank); /* "MMAP"; NULL: there is no such rank */
#else
#define lock_stat_clock()             0
#define lock_stat_waited(lock, start) ((void)(start))
#endif
