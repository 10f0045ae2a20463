/*
 * Direct reclaim: who finds no page above the min marks gets some back himself (SYSTEM.md S41).
 *
 * He wants SCAN_BATCH pages, goes round the lists of the nodes his request may use, ever more of them,
 * and stops when he has what he wants, when a fatal signal comes, or when all has been looked at.
 *
 * Whom does he wait for?  His caller may hold any sleeping lock.  So nobody is waited for who might ask
 * for memory: pages are locked by trying, families and files too (rmap_try_walk()), and a disk's
 * queue drains without memory.  A request without __GFP_IO starts no I/O at all, one without __GFP_FS none
 * of files.  A task that reclaims never does so a second time inside (task_reclaiming()).
 *
 * Pages that are being written are memory that comes soon: after a round that brought too little he
 * sleeps until the first of them has been freed, and with enough of them under way he is content.
 */
#include "mm/lru/written.h"
#include "mm/reclaim/scan.h"
#include "sync/stall.h"
#include "sync/task.h"

#define WAIT_NS 100000000ULL

static unsigned how_of(gfp_t gfp)
{
	return RECLAIM_DIRECT | (gfp & __GFP_IO ? RECLAIM_SWAP : 0) |
	       ((gfp & (__GFP_IO | __GFP_FS)) == (__GFP_IO | __GFP_FS) ? RECLAIM_WRITE : 0);
}

/*
 * One round over the nodes of a zonelist, nearest first. Those where something could go, a bit for each.
 * A node that kswapd has given up on is asked for a batch even if there is enough: who else would find out
 * that it has something again?
 */
static u32 shrink_nodes(struct scan *scan, const struct zonelist *zonelist)
{
	u32 done = 0, gave = 0;

	for (struct zone *const *z = zonelist->zone; *z; z++) {
		struct pglist_data *node = (*z)->node;
		const unsigned long before = scan->freed + scan->writing, wanted = scan->wanted;

		if (done & 1u << node->nid)
			continue;
		done |= 1u << node->nid;
		if (node_unreclaimable(node))
			scan->wanted = max(wanted, before + SCAN_BATCH);
		reclaim_policy->shrink_node(scan, node);
		scan->wanted = wanted;
		if (scan->freed + scan->writing > before)
			gave |= 1u << node->nid;
	}
	return gave;
}

/* Some of it is free by now: kswapd may believe in these nodes again. */
static void encourage(u32 nodes)
{
	for (; nodes; nodes &= nodes - 1)
		kswapd_encourage(node_data[__builtin_ctz(nodes)]);
}

static unsigned long direct_reclaim(const struct zonelist *zonelist, unsigned order, gfp_t gfp)
{
	const unsigned long before = pages_freed_written();
	struct scan scan = {
		.highest = gfp_zone(gfp),
		.how = how_of(gfp),
		.wanted = max((unsigned long)SCAN_BATCH, 1UL << order),
	};
	unsigned long freed = 0;
	u32 gave = 0;
	const bool outer = task_set_reclaiming(true);

	stall_begin(STALL_MEMORY);
	for (unsigned left = SCAN_PRIORITY + 1; left > 0; left--) {
		scan.priority = left - 1;
		gave |= shrink_nodes(&scan, zonelist);
		if (scan.freed < scan.wanted && (scan.writing || left == 1))
			wait_for_written(before, 1, WAIT_NS);
		freed = scan.freed + (pages_freed_written() - before);
		if (fatal_signal_pending() || (freed && freed + scan.writing >= scan.wanted))
			break;
	}
	if (freed)
		encourage(gave);
	stall_end(STALL_MEMORY);
	(void)task_set_reclaiming(outer);
	return freed;
}

/* Pages that somebody has taken off the lists, or that are being written for this. */
static bool reclaim_under_way(void)
{
	return global_node_stat(NR_ISOLATED_ANON) + global_node_stat(NR_ISOLATED_FILE) +
		       pages_written_out() >
	       0;
}

void direct_init(void)
{
	frame_ops.direct_reclaim = direct_reclaim;
	frame_ops.reclaim_under_way = reclaim_under_way;
}
