/*
 * Waiting for a spinlock.
 *
 * Taking a free lock is one atomic exchange, inlined (sync/spinlock.h).  Who finds
 * it held watches it with plain reads, which stay in its own cache, and tries the
 * exchange only when it looks free.  There is no queue: critical sections are short
 * and a thread is never preempted within one.
 */
#include "sync/spinlock.h"
#include "sync/lockstat.h"

void spin_wait(raw_spinlock_t *lock)
{
	const u64 start = lock_stat_clock();

	do {
		while (READ_ONCE(lock->v) != 0)
			cpu_relax();
	} while (!raw_spin_trylock(lock));
	lock_stat_waited(lock, start);
}
