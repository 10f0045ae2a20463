/* See family.h. */
#include "kernel/family.h"
#include "sync/spinlock.h"

static struct {
	spinlock_t lock;
} __aligned(64) families[NR_FAMILIES] = {
	[0 ... NR_FAMILIES - 1] = {SPINLOCK_INIT(RANK_TASKLIST)},
};

void lock_families(families_t set) NO_LOCK_ANALYSIS
{
	for (; set; set &= set - 1)
		spin_lock(&families[__builtin_ctz(set)].lock);
}

void unlock_families(families_t set) NO_LOCK_ANALYSIS
{
	for (; set; set &= set - 1)
		spin_unlock(&families[__builtin_ctz(set)].lock);
}

#ifdef PAGODA_DEBUG
void assert_families_locked(families_t set)
{
	for (; set; set &= set - 1)
		assert_spin_locked(&families[__builtin_ctz(set)].lock);
}
#endif
