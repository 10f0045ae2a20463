/*
 * What policies of reclaim share, and which one it is.
 *
 * A policy says which pages are looked at; what is done with one (page.c), when and by whom (kswapd.c,
 * direct.c) is the same for all.  It has one operation, a round over the lists of a node, and
 * takes pages off the old ends of lists by scan_list().  One is chosen once, on the command line: no page
 * carries anything of a policy's own, so there would be nothing to convert, but figures of a run that mean
 * two things mean nothing.
 */
#include "lib/string.h"
#include "mm/frame/vmstat.h"
#include "mm/reclaim/scan.h"

static const struct reclaim_policy *const policies[] = {&two_lists, &fifo};
const struct reclaim_policy *reclaim_policy = &two_lists;

bool reclaim_choose_policy(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(policies); i++) {
		if (strcmp(policies[i]->name, name) == 0) {
			reclaim_policy = policies[i];
			return true;
		}
	}
	return false;
}

const char *reclaim_policy_name(unsigned n, bool *chosen)
{
	if (n >= ARRAY_SIZE(policies))
		return NULL;
	*chosen = policies[n] == reclaim_policy;
	return policies[n]->name;
}

static void count_scan(const struct scan *scan, int nid, enum lru_list list, unsigned looked,
		       unsigned freed)
{
	if (scan->by_kswapd) {
		trace_scan_kswapd(nid, list, looked, 0);
		trace_steal_kswapd(nid, list, freed, 0);
	} else {
		trace_scan_direct(nid, list, looked, 0);
		trace_steal_direct(nid, list, freed, 0);
	}
	if (list >= LRU_INACTIVE_FILE) {
		trace_scan_file(nid, list, looked, 0);
		trace_steal_file(nid, list, freed, 0);
	} else {
		trace_scan_anon(nid, list, looked, 0);
		trace_steal_anon(nid, list, freed, 0);
	}
}

struct reclaimed_pages scan_list(struct scan *scan, struct pglist_data *node, enum lru_list list,
				 unsigned look, unsigned how)
{
	struct lruvec *lruvec = node_lruvec(node);
	struct page *page[SCAN_BATCH];
	unsigned looked, n = lru_isolate_old(lruvec, list, scan->highest, look, page, &looked);
	const struct reclaimed_pages done = reclaim_pages(page, n, how);

	lru_isolated_done(lruvec, list, n);
	scan->scanned += looked;
	scan->freed += done.freed;
	scan->writing += done.writing;
	count_scan(scan, node->nid, list, looked, done.freed);
	return done;
}
