/*
 * Letting go of page cache that nothing would miss: clean pages of files on disks, which no
 * page table maps and nobody else refers to (/proc/sys/vm/drop_caches).
 *
 * The pages are found on the lists they stand on, so that no list of files is needed.  Each list is
 * turned round once, from its old end: what is examined goes to the front, and all who stay are
 * in the order they were in.  Under the list's lock a page on it is not freed (its last reference
 * must take it off first), so a reference can be had if its count is not zero; with that and
 * the page lock its owner stays, too, for truncation waits for the page lock.
 *
 * Memory that is its own file (tmpfs, shared anonymous memory) stays: it is nowhere else.
 */
#include "mm/cache/cache.h"
#include "mm/lru/lru.h"

#define BATCH 32u
#define TURN  256u /* pages examined with one hold of the lock */

#define KEEPS (1u << PG_locked | 1u << PG_dirty | 1u << PG_writeback | 1u << PG_swapbacked)

/* Worth a closer look? Any answer will do, but for the time it takes. */
static bool looks_idle(const struct page *page)
{
	return !(READ_ONCE(page->flags) & KEEPS) && page_owner_ptr(page) && !page_is_anon(page) &&
	       page_mapcount(page) == 0;
}

/* Drop it if it can be; the caller's reference goes in any case. */
static bool drop_page(struct page *page)
{
	struct address_space *mapping;

	if (trylock_page(page)) {
		mapping = page_is_anon(page) ? NULL : page_owner_ptr(page);
		if (mapping && !mapping->swap_backed && cache_remove_unused(mapping, page))
			return true;
		unlock_page(page);
	}
	put_page(page);
	return false;
}

/* Examine up to *left pages from the list's end on: candidates, with a reference each. */
static unsigned turn_list(struct lruvec *lruvec, struct page_list *list, u32 *left,
			  struct page **batch)
{
	unsigned n = 0, seen = 0;
	struct page *page;

	spin_lock(&lruvec->lock);
	while (seen < TURN && n < BATCH && *left && (page = page_list_last(list))) {
		page_list_del(list, page);
		page_list_add(list, page);
		if (looks_idle(page) && get_page_unless_zero(page))
			batch[n++] = page;
		seen++;
		(*left)--;
	}
	if (!seen)
		*left = 0;
	spin_unlock(&lruvec->lock);
	return n;
}

static unsigned long drop_list(struct lruvec *lruvec, enum lru_list which)
{
	struct page_list *list = &lruvec->list[which];
	struct page *batch[BATCH];
	unsigned long pages = 0;
	u32 left;

	spin_lock(&lruvec->lock);
	left = list->count;
	spin_unlock(&lruvec->lock);
	while (left) {
		unsigned n = turn_list(lruvec, list, &left, batch);

		for (unsigned i = 0; i < n; i++)
			pages += drop_page(batch[i]);
		cond_resched();
	}
	return pages;
}

unsigned long cache_drop_clean(void)
{
	unsigned long pages = 0;
	int nid;

	lru_add_drain_all();
	for_each_node (nid) {
		pages += drop_list(node_lruvec(node_data[nid]), LRU_INACTIVE_FILE);
		pages += drop_list(node_lruvec(node_data[nid]), LRU_ACTIVE_FILE);
	}
	return pages;
}
