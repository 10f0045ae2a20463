/*
 * mm_check(): walk everything and state the invariants (decision 8).
 *
 * Each floor registers its own check; mm_check() runs them all, bottom up, one at a
 * time.  Checks take the locks they need but not all at once; where none would do they ask
 * for a standstill.
 */
#pragma once

#include "lib/list.h"
#include "lib/types.h"

struct mm_checker {
	struct list_head list;
	const char *name;
	/* Each violation is logged; their number, or MM_CHECK_AGAIN. May sleep, unless `still`. */
	unsigned (*check)(void);
	/*
	 * Needs all other CPUs to stand still. Then it does not sleep, but returns MM_CHECK_AGAIN
	 * if somebody who cannot run now has a lock that it needs.
	 */
	bool still;
	/*
	 * Before and after, while the machine still moves: take and free what memory the check needs.
	 * prepare: 0 or -ENOMEM. NULL: it needs none.
	 */
	int (*prepare)(void);
	void (*finish)(void);
};
#define MM_CHECK_AGAIN (~0U)

/* How they are made to, and let go: set by the kernel. begin: false without memory. */
struct mm_standstill {
	bool (*begin)(void);
	void (*end)(void);
};
extern struct mm_standstill mm_standstill;

void mm_check_register(struct mm_checker *checker);

/* The number of violations; -ENOMEM: not all could be looked at, the rest is in order. Sleeps. */
int mm_check(void);
