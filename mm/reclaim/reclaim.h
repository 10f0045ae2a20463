/*
 * Reclaim: frames back from pages that can be had again (SYSTEM.md S39-S41, docs/reclaim.md).
 */
#pragma once

#include "mm/lru/lru.h"

/* What became of a page. */
enum reclaimed {
	PAGE_FREED,   /* gone, with the caller's reference */
	PAGE_WRITING, /* on its way to its disk, and to be freed then; the reference is gone, too */
	PAGE_ACTIVATE, /* in use: to the active list */
	PAGE_KEPT,     /* not now: back to where it was */
};

/* How to go about it. */
#define RECLAIM_FORCE  1u /* do not ask whether it was used */
#define RECLAIM_SWAP   2u /* anonymous pages may get a slot, and be written to it */
#define RECLAIM_WRITE  4u /* pages of files may be written */
#define RECLAIM_DIRECT 8u /* by a task that needs the memory itself */

/*
 * The work on pages, in S40's order: used lately? a place in swap, out of all tables, written, free.
 * They are isolated and the caller has a reference to each; they go back to their lists or are gone. `pages`
 * is scratch afterwards. Returns how many of each. May sleep, for a disk's queue; never for a page, nor for a
 * lock that others hold while they ask for memory.
 */
struct reclaimed_pages {
	unsigned freed, writing, activated;
};
struct reclaimed_pages reclaim_pages(struct page **pages, unsigned n, unsigned how);

extern int sysctl_swappiness; /* 0 .. 200 */

/* Which pages go first is a policy's matter: choose one by name, at boot. False: there is none of that name. */
bool reclaim_choose_policy(const char *name);
/* The n-th there is, or NULL. */
const char *reclaim_policy_name(unsigned n, bool *chosen);

void reclaim_init(void); /* after space_init(): direct reclaim works */
/* Has kswapd given up on it? Then only those who need memory look for some there, until one has found any. */
bool node_unreclaimable(const struct pglist_data *node);
/* The threads, one for each node with memory. 0 or -errno. */
int kswapd_run(void);
