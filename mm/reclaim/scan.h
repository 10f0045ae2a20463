/*
 * Between the files of mm/reclaim: one round of looking for pages that can go.
 */
#pragma once

#include "mm/frame/vmstat.h"
#include "mm/reclaim/reclaim.h"

/* What is wanted, and what has come of it so far. */
struct scan {
	enum zone_type highest; /* pages of higher zones do not help */
	unsigned priority;      /* how much of the lists to look at: size >> priority */
	unsigned how;           /* RECLAIM_SWAP, RECLAIM_WRITE */
	bool by_kswapd;
	unsigned long wanted; /* pages */
	unsigned long scanned, freed;
	unsigned long writing; /* pages put on their way to a disk, and to be freed then */
};
#define SCAN_PRIORITY 12U /* to begin with */
#define SCAN_BATCH    32U

/* How pages are chosen: a policy, picked at boot (policy.c). */
struct reclaim_policy {
	const char *name;
	/* One round over a node's lists. May sleep. */
	void (*shrink_node)(struct scan *scan, struct pglist_data *node);
};
extern const struct reclaim_policy two_lists, fifo; /* the files of those names */
extern const struct reclaim_policy *reclaim_policy; /* constant after boot */

/*
 * Of a list's old end so many pages (SCAN_BATCH at most): each is freed, written, or back on a list. They are
 * counted in scan and in vmstat. how: as scan->how, with RECLAIM_FORCE if the policy does not ask. May sleep.
 */
struct reclaimed_pages scan_list(struct scan *scan, struct pglist_data *node, enum lru_list list,
				 unsigned look, unsigned how);

static inline unsigned long list_pages(const struct pglist_data *node, enum lru_list list)
{
	return node_stat(node, NR_INACTIVE_ANON + list);
}

/*
 * Has one of the node's zones up to `highest` its high mark, beside what it keeps from requests for that
 * one? (kswapd.c)
 */
bool node_balanced(const struct pglist_data *node, enum zone_type highest, unsigned order);
/* Somebody has had pages of it freed: a kswapd that had given up tries again. */
void kswapd_encourage(struct pglist_data *node);
void kswapd_init(void);
/* frame_ops (direct.c) */
void direct_init(void);
