/*
 * Pages off the old end of a list, for reclaim to look at (SYSTEM.md S40).
 *
 * With one hold of the lock as many as a batch.  Under the lock a page on the list is not freed (its
 * last reference must take it off first), so a reference can be had if its count is not zero; one whose count is
 * zero is on its way out, and is left to whoever takes it there.  Those that would not help -- of a
 * zone above the wanted one -- go to the front: they are seen again when all others have been.
 */
#include "mm/frame/vmstat.h"
#include "mm/lru/lru.h"
#include "mm/trace/trace.h"

unsigned lru_isolate_old(struct lruvec *lruvec, enum lru_list which, enum zone_type highest,
			 unsigned look, struct page **pages, unsigned *looked)
{
	struct page_list *list = &lruvec->list[which];
	struct pglist_data *node = lruvec->node;
	unsigned n = 0, seen = 0, skipped = 0;
	struct page *page;

	spin_lock(&lruvec->lock);
	while (seen < look && (page = page_list_last(list)) != NULL) {
		seen++;
		page_list_del(list, page);
		if (page_zone(page)->type > highest || !get_page_unless_zero(page)) {
			page_list_add(list, page);
			trace_lru_del(page_to_pfn(page), which, node->nid, 0);
			trace_lru_add(page_to_pfn(page), which, node->nid, 0);
			if (page_zone(page)->type > highest) {
				fetch_add(&page_zone(page)->skipped, 1);
				skipped++;
			}
			continue;
		}
		page_clear(page, PG_lru);
		mod_node_stat(node, NR_INACTIVE_ANON + which, -1);
		mod_zone_stat(page_zone(page), NR_ZONE_INACTIVE_ANON + which, -1);
		trace_lru_del(page_to_pfn(page), which, node->nid, 0);
		pages[n++] = page;
	}
	spin_unlock(&lruvec->lock);
	if (skipped)
		trace_scan_skip(node->nid, which, skipped, highest);
	mod_node_stat(node, which < LRU_INACTIVE_FILE ? NR_ISOLATED_ANON : NR_ISOLATED_FILE, n);
	*looked = seen - skipped;
	return n;
}

void lru_isolated_done(const struct lruvec *lruvec, enum lru_list list, unsigned n)
{
	mod_node_stat(lruvec->node, list < LRU_INACTIVE_FILE ? NR_ISOLATED_ANON : NR_ISOLATED_FILE,
		      -(long)n);
}
