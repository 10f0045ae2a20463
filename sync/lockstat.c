/*
 * Statistics of locks, by class.
 *
 * A class is a rank (sync/lockrank.h) and a mode: all page tables' locks are one, all mmap_locks
 * held by readers another.  That answers "which lock is in the way?"; which one of a class it was, the
 * callers know.
 *
 *     want it --------- have it ------------- let it go
 *        |-- waited, if --|-------- held ---------|
 *          somebody had it
 *
 * Counts are per CPU and only that CPU's, interrupts off around them, so counting adds no contention
 * of its own; a sleeping lock's waiting is counted where the waiter wakes, its holding where it is
 * let go.  A reader adds the CPUs up while they go on: sums may be a few events apart.  To begin anew is
 * to raise `generation`: a CPU that finds it raised clears its own counts, one that has not yet is left out.
 *
 * What is not seen: the page lock (a bit without a rank's holder), and trying that fails.
 */
#ifdef PAGODA_DEBUG

#include "sync/lockstat.h"
#include "lib/atomic.h"
#include "lib/string.h"
#include "machine/cpu.h"
#include "sync/percpu.h"

struct lock_stats {
	unsigned generation; /* that these are of */
	struct lock_stat of[LOCK_RANKS][LOCK_MODES];
};
static DEFINE_PER_CPU(struct lock_stats, lock_stats); /* this CPU only; read by all */
static unsigned generation;                           /* atomic */

static struct lock_stat *mine(unsigned rank, enum lock_mode mode)
{
	struct lock_stats *stats = &this_cpu(lock_stats);

	if (unlikely(stats->generation != READ_ONCE(generation))) {
		memset(stats->of, 0, sizeof(stats->of));
		store_release(&stats->generation, READ_ONCE(generation));
	}
	return &stats->of[rank < LOCK_RANKS ? rank : RANK_NONE][mode];
}

static void add(u64 *to, u64 n)
{
	WRITE_ONCE(*to, *to + n);
}

static void raise(u64 *to, u64 n)
{
	if (n > *to)
		WRITE_ONCE(*to, n);
}

void lock_stat_taken(unsigned rank, enum lock_mode mode)
{
	add(&mine(rank, mode)->taken, 1);
}

void lock_stat_released(unsigned rank, enum lock_mode mode, u64 held)
{
	struct lock_stat *stat = mine(rank, mode);

	add(&stat->hold_total, held);
	raise(&stat->hold_max, held);
}

void lock_stat_add_wait(unsigned rank, enum lock_mode mode, u64 waited)
{
	struct lock_stat *stat = mine(rank, mode);

	add(&stat->waited, 1);
	add(&stat->wait_total, waited);
	raise(&stat->wait_max, waited);
}

void lock_stat_read(unsigned rank, enum lock_mode mode, struct lock_stat *stat)
{
	unsigned cpu;

	memset(stat, 0, sizeof(*stat));
	for_each_online_cpu (cpu) {
		const struct lock_stats *stats = &per_cpu(lock_stats, cpu);
		const struct lock_stat *its = &stats->of[rank][mode];

		if (load_acquire(&stats->generation) != READ_ONCE(generation))
			continue;
		stat->taken += READ_ONCE(its->taken);
		stat->waited += READ_ONCE(its->waited);
		stat->wait_total += READ_ONCE(its->wait_total);
		stat->hold_total += READ_ONCE(its->hold_total);
		raise(&stat->wait_max, READ_ONCE(its->wait_max));
		raise(&stat->hold_max, READ_ONCE(its->hold_max));
	}
}

void lock_stat_reset(void)
{
	fetch_add(&generation, 1);
}

#endif /* PAGODA_DEBUG */
