/*
 * The lists' part of a mark: each list, front to back, and what every page that
 * could be on one is mapped by and belongs to.  (mm/mark.h)
 */
#include "mm/lru/lru.h"
#include "mm/mark.h"
#include "mm/trace/trace.h"

static void mark_lists(const struct lruvec *lruvec)
{
	for (unsigned list = 0; list < NR_LRU_LISTS; list++) {
		const struct page *page = page_list_first(&lruvec->list[list]);

		for (u64 position = 0; page; page = page_list_next(page))
			trace_mark_lru(page_to_pfn(page), list, lruvec->node->nid, position++);
	}
}

static void mark_pages(const struct zone *zone)
{
	const pfn_t end = zone->start_pfn + zone->spanned_pages;

	for (pfn_t pfn = zone->start_pfn; pfn < end; pfn++) {
		const struct page *page;

		if (!frames_present(pfn, 1))
			continue;
		page = pfn_to_page(pfn);
		if (page_test(page, PG_lru) && page_zone(page) == zone)
			trace_mark_page(pfn, (u64)page_mapcount(page), page->mapping,
					page_is_anon(page) ? 0 : page_index(page));
	}
}

void lru_mark(void)
{
	struct zone *zone;
	int nid;

	for_each_node (nid)
		mark_lists(node_lruvec(node_data[nid]));
	for_each_zone (zone)
		if (zone->present_pages)
			mark_pages(zone);
}
