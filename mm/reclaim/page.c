/*
 * The way out of memory of one page (SYSTEM.md S40).
 *
 *	1  used since it was last asked?      stays, or goes up
 *	2  a slot in swap                     anonymous pages only; none to be had: it stays
 *	3  out of all page tables             somebody has it locked: it stays
 *	4  written, if it is dirty            and comes by again when it is clean
 *	5  free
 *
 * All under the page lock, which is tried, not waited for: who holds it uses the page.  What is written
 * is let go of meanwhile; PG_reclaim says that it should be freed when that is done.
 *
 * Second chance: a page that was used through an entry, and is asked for the first time, gets
 * PG_referenced and another round on the inactive list; used again, or by several, or program text
 * that was used at all, it goes to the active list.
 */
#include "lib/errno.h"
#include "mm/cache/cache.h"
#include "mm/reclaim/reclaim.h"
#include "mm/space/space.h"
#include "mm/swap/swap.h"

/* Step 1. PAGE_FREED: go on. */
static enum reclaimed judge(struct page *page)
{
	const struct page_use use = page_take_use(page);

	if (use.locked)
		return PAGE_ACTIVATE;
	if (use.entries == 0)
		return PAGE_FREED;
	if (page_test_and_set(page, PG_referenced) || use.entries > 1 ||
	    (use.exec && !page_is_anon(page)))
		return PAGE_ACTIVATE;
	return PAGE_KEPT;
}

/* Can it be had again from somewhere? Shared memory and tmpfs cannot go to swap yet. */
static bool has_home(const struct page *page)
{
	if (page_test(page, PG_swapcache))
		return true;
	return page_owner_ptr(page) && (page_is_anon(page) || !page_test(page, PG_swapbacked));
}

/* Step 4: begin; the page is unlocked then. */
static enum reclaimed write(struct page *page)
{
	struct address_space *mapping;

	page_set(page, PG_reclaim);
	if (page_test(page, PG_swapcache)) {
		swap_write_page(page);
		return PAGE_WRITING;
	}
	mapping = page_owner_ptr(page);
	if (cache_write_page(mapping, page))
		return PAGE_WRITING;
	page_clear(page, PG_reclaim);
	return PAGE_KEPT;
}

static bool remove_unused(struct page *page)
{
	return page_test(page, PG_swapcache) ? swap_cache_remove_unused(page)
					     : cache_remove_unused(page_owner_ptr(page), page);
}

/* A copy of a slot that nothing names: who had it has gone while it was being written. */
static bool is_orphan(const struct page *page)
{
	return page_mapcount(page) == 0 && swap_refs(page_swap_entry(page)) == 0;
}

/* Steps 1 to 3, on a locked page: may it go? */
static enum reclaimed prepare(struct page *page, bool force)
{
	if (page_test(page, PG_writeback) || !has_home(page))
		return PAGE_KEPT;
	if (!force) {
		const enum reclaimed verdict = judge(page);

		if (verdict != PAGE_FREED)
			return verdict;
	}
	if (page_test(page, PG_swapcache) && is_orphan(page)) {
		page_clear(page, PG_dirty);
		return PAGE_FREED;
	}
	if (page_is_anon(page) && !page_test(page, PG_swapcache)) {
		if (!swap_cache_new(page))
			return PAGE_ACTIVATE;
		page_set(page, PG_dirty); /* the slot has nothing yet */
	}
	if (!page_unmap_all(page))
		return PAGE_ACTIVATE;
	return PAGE_FREED;
}

enum reclaimed reclaim_page(struct page *page, bool force)
{
	enum reclaimed verdict;

	if (!trylock_page(page))
		return PAGE_KEPT;
	verdict = prepare(page, force);
	if (verdict == PAGE_FREED) {
		if (page_test(page, PG_dirty))
			return write(page);
		if (remove_unused(page))
			return PAGE_FREED;
		verdict = PAGE_KEPT;
	}
	unlock_page(page);
	return verdict;
}

unsigned reclaim_pages(struct page **pages, unsigned n, bool force)
{
	unsigned freed = 0;

	for (unsigned i = 0; i < n; i++) {
		struct page *page = pages[i];

		switch (reclaim_page(page, force)) {
		case PAGE_FREED: freed++; continue;
		case PAGE_ACTIVATE:
			page_set(page, PG_active);
			page_clear(page, PG_referenced);
			break;
		default: break;
		}
		lru_putback(page);
		put_page(page);
	}
	return freed;
}
