/*
 * Between the files of mm/reclaim: one round of looking for pages that can go.
 */
#pragma once

#include "mm/reclaim/reclaim.h"

/* What is wanted, and what has come of it so far. */
struct scan {
	enum zone_type highest; /* pages of higher zones do not help */
	unsigned priority;      /* how much of the lists to look at: size >> priority */
	unsigned long wanted;   /* pages */
	unsigned long scanned, freed;
	bool by_kswapd;
};
#define SCAN_PRIORITY 12U /* to begin with */
#define SCAN_BATCH    32U

/* How pages are chosen: a policy, picked at boot. */
struct reclaim_policy {
	const char *name;
	/* One round over a node's lists. May sleep. */
	void (*shrink_node)(struct scan *scan, struct pglist_data *node);
};
extern const struct reclaim_policy two_lists; /* two_lists.c */
