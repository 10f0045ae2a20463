/*
 * Which pages go: two lists with second chance, for anonymous pages and for those of files
 * (SYSTEM.md S40).
 *
 *	new --> [front  inactive  old] --> asked: used?  no -> out
 *	             ^                        | once: again to the front of inactive
 *	             |                        v twice, by several, or program text
 *	         not used    [front  active  old]
 *	             '------------------------'
 *
 * The active list gives pages to the inactive one only while that is short: below a part of the active
 * one's size that shrinks with memory (the square root of ten times its GiB), so that what is used once, by
 * a scan of a large file, passes through the inactive list and leaves the other alone.
 *
 * Anonymous or file?  Each round looks at both pairs, in proportion to what giving a page back has cost
 * of late: pages of a kind that were found used, or had to be written or read again, make that kind
 * dear, and the other is looked at more. So do pages that had been active and come back (mm/lru/refault.c).  swappiness (0 .. 200) weighs anonymous against file pages from
 * the start.  Where there is no swap, or no file page worth mentioning, there is no choice.
 *
 * Old costs fade: when their sum passes a quarter of the lists, both are halved.
 *
 * After: "Linux MM: the page frame reclamation", M. Gorman, Understanding the Linux Virtual Memory Manager,
 * ch. 10; the two-handed clock of 4.3BSD; J. Weiner, on balancing by cost.
 */
#include "mm/frame/vmstat.h"
#include "mm/reclaim/scan.h"
#include "mm/space/space.h"
#include "mm/swap/swap.h"

int sysctl_swappiness = 60;

/* What giving back pages of each kind has cost lately, by node. Races lose a little of it. */
static unsigned long cost[MAX_NUMNODES][2];   /* anonymous, file */
static unsigned long missed[MAX_NUMNODES][2]; /* of those that came back, how many are in it */

static void add_cost(int nid, bool file, unsigned long n, unsigned long lists)
{
	unsigned long *c = cost[nid];

	c[file] += n;
	if (c[0] + c[1] > lists / 4 + SCAN_BATCH) {
		c[0] /= 2;
		c[1] /= 2;
	}
}

/* Pages that had been active, went, and came back since the last look. */
static void add_returned(const struct pglist_data *node)
{
	for (unsigned file = 0; file < 2; file++) {
		const unsigned long now = node_stat(node, WORKINGSET_RESTORE_ANON + file);
		const unsigned long new = now - READ_ONCE(missed[node->nid][file]);
		const enum lru_list list = file ? LRU_INACTIVE_FILE : LRU_INACTIVE_ANON;

		WRITE_ONCE(missed[node->nid][file], now);
		if ((long)new > 0)
			add_cost(node->nid, file, new,
				 list_pages(node, list) + list_pages(node, list + 1));
	}
}

static bool inactive_is_short(const struct pglist_data *node, enum lru_list inactive)
{
	const unsigned long small = list_pages(node, inactive),
			    large = list_pages(node, inactive + 1);
	const unsigned long gib = (small + large) >> (30 - PAGE_SHIFT);
	unsigned long ratio = 1;

	while ((ratio + 1) * (ratio + 1) <= 10 * gib)
		ratio++;
	return small * ratio < large;
}

/* Old pages of an active list: those that were used lately turn round once more if they are program text. */
static void deactivate(struct scan *scan, struct lruvec *lruvec, enum lru_list active,
		       unsigned look)
{
	struct page *page[SCAN_BATCH];
	unsigned looked, n = lru_isolate_old(lruvec, active, scan->highest, look, page, &looked);

	trace_scan_active(lruvec->node->nid, active, looked, 0);
	for (unsigned i = 0; i < n; i++) {
		struct page_use use = {0};

		if (trylock_page(page[i])) {
			use = page_take_use(page[i]);
			unlock_page(page[i]);
		}
		if (!(use.entries && use.exec && active == LRU_ACTIVE_FILE)) {
			page_clear(page[i], PG_active);
			page_set(page[i], PG_workingset);
			trace_lru_deactivate(page_to_pfn(page[i]), active - 1, lruvec->node->nid,
					     0);
		}
		lru_putback(page[i]);
		put_page(page[i]);
	}
	lru_isolated_done(lruvec, active, n);
}

static void shrink_inactive(struct scan *scan, struct pglist_data *node, enum lru_list inactive,
			    unsigned look)
{
	const struct reclaimed_pages done = scan_list(scan, node, inactive, look, scan->how);

	/* What had to be written, or proved to be in use, was looked at for nothing or dearly. */
	add_cost(node->nid, inactive == LRU_INACTIVE_FILE, done.activated + done.writing,
		 list_pages(node, inactive) + list_pages(node, inactive + 1));
}

/* How many pages of each kind to look at, for the lists' sizes at this priority. */
static void divide(const struct scan *scan, const struct pglist_data *node,
		   unsigned long part[NR_LRU_LISTS])
{
	const unsigned long *c = cost[node->nid], sum = c[0] + c[1];
	const unsigned long anon_weight = (unsigned long)sysctl_swappiness * (sum + 1) / (c[0] + 1);
	const unsigned long file_weight =
		(200 - (unsigned long)sysctl_swappiness) * (sum + 1) / (c[1] + 1);
	const unsigned long weights = anon_weight + file_weight + 1;
	const bool swap = scan->how & RECLAIM_SWAP && swap_free_pages() > 0 &&
			  (sysctl_swappiness > 0 || !scan->priority);

	for (enum lru_list list = LRU_INACTIVE_ANON; list <= LRU_ACTIVE_FILE; list++) {
		const bool file = list >= LRU_INACTIVE_FILE;
		unsigned long n = list_pages(node, list) >> scan->priority;

		if (!swap)
			n = file ? n : 0;
		else if (scan->priority) /* at the end everything is looked at */
			n = n * (file ? file_weight : anon_weight) / weights;
		/* A short list's turn comes, too. */
		part[list] = n ? n
			     : (file || swap) && scan->priority < SCAN_PRIORITY / 2
				     ? min(list_pages(node, list), (unsigned long)SCAN_BATCH)
				     : 0;
	}
}

static void shrink_node(struct scan *scan, struct pglist_data *node)
{
	struct lruvec *lruvec = node_lruvec(node);
	unsigned long part[NR_LRU_LISTS];
	bool more = true;

	lru_add_drain();
	add_returned(node);
	divide(scan, node, part);
	while (more && scan->freed + scan->writing < scan->wanted) {
		more = false;
		for (enum lru_list list = LRU_INACTIVE_ANON; list <= LRU_ACTIVE_FILE; list++) {
			const unsigned look = (unsigned)min(part[list], (unsigned long)SCAN_BATCH);

			if (!look)
				continue;
			part[list] -= look;
			more = true;
			if (list == LRU_INACTIVE_ANON || list == LRU_INACTIVE_FILE)
				shrink_inactive(scan, node, list, look);
			else if (inactive_is_short(node, list - 1))
				deactivate(scan, lruvec, list, look);
		}
		cond_resched();
	}
}

const struct reclaim_policy two_lists = {.name = "two-lists", .shrink_node = shrink_node};
