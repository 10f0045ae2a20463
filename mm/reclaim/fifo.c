/*
 * Which pages go: the oldest, whether it is used or not (reclaim_policy=fifo).
 *
 *	new --> [front          old] --> out        each list of a node, in proportion to its length
 *
 * Nobody is asked for anything, so this is what looking at accessed bits has to be worth: a page that is
 * used all the time goes as often as one that was used once, and comes back by a fault.  It is the policy of
 * Belady's anomaly: with more memory there can be more faults (L. A. Belady, R. A. Nelson, G. S. Shedler,
 * "An anomaly in space-time characteristics of certain programs running in a paging machine", 1969).
 *
 * The lists are the same that two_lists.c has.  Who puts pages on them may still think some of them active;
 * they have no advantage by it.  Pages that cannot go now begin anew at the front, and locked ones
 * are on none of these lists.
 */
#include "mm/reclaim/scan.h"
#include "mm/swap/swap.h"

/* Pages of a list to look at in this round. */
static unsigned long share(const struct scan *scan, const struct pglist_data *node,
			   enum lru_list list)
{
	const unsigned long all = list_pages(node, list), part = all >> scan->priority;

	if (list < LRU_INACTIVE_FILE && !(scan->how & RECLAIM_SWAP && swap_free_pages()))
		return 0;
	/* A short list's turn comes, too. */
	return scan->priority < SCAN_PRIORITY / 2 ? max(part, min(all, (unsigned long)SCAN_BATCH))
						  : part;
}

static void shrink_node(struct scan *scan, struct pglist_data *node)
{
	unsigned long left[NR_LRU_LISTS];
	bool more = true;

	lru_add_drain();
	for (enum lru_list list = LRU_INACTIVE_ANON; list <= LRU_ACTIVE_FILE; list++)
		left[list] = share(scan, node, list);
	while (more && scan->freed + scan->writing < scan->wanted) {
		more = false;
		for (enum lru_list list = LRU_INACTIVE_ANON; list <= LRU_ACTIVE_FILE; list++) {
			const unsigned look = (unsigned)min(left[list], (unsigned long)SCAN_BATCH);

			if (!look)
				continue;
			(void)scan_list(scan, node, list, look, scan->how | RECLAIM_FORCE);
			left[list] -= look;
			more = true;
		}
		cond_resched();
	}
}

const struct reclaim_policy fifo = {.name = "fifo", .shrink_node = shrink_node};
