/*
 * The way out of memory of one page (SYSTEM.md S40).
 *
 *	1  used since it was last asked?      stays, or goes up
 *	2  a slot in swap                     anonymous pages only; none to be had: it stays
 *	                                      (shared memory's get it after step 3)
 *	3  out of all page tables             somebody has it locked: it stays
 *	4  written, if it is dirty            and comes by again when it is clean
 *	5  free
 *
 * Steps 1 to 3 are done for a batch of pages, then one flush for all of them, then the rest: to have all CPUs
 * forget an entry is dear.  All under the page lock, which is tried, not waited for: who holds it uses the page.  What is written
 * is let go of meanwhile; PG_reclaim says that it should be freed when that is done, and whoever ends the
 * writing does so at once (mm/swap/io.c, mm/cache/writeback.c): step 5 without a second round.
 *
 * Second chance: a page that was used through an entry, and is asked for the first time, gets
 * PG_referenced and another round on the inactive list; used again, or by several, or program text
 * that was used at all, it goes to the active list.
 */
#include "lib/errno.h"
#include "mm/cache/cache.h"
#include "mm/lru/refault.h"
#include "mm/lru/written.h"
#include "mm/reclaim/reclaim.h"
#include "mm/space/pages.h"
#include "mm/swap/swap.h"

/* Step 1. PAGE_FREED: go on. */
static enum reclaimed judge(struct page *page, const struct page_use *use)
{
	if (use->locked) { /* an munlock() of one of two areas took the mark off */
		mlock_page(page);
		page_set(page, PG_unevictable);
		return PAGE_KEPT;
	}
	if (use->busy)
		return PAGE_KEPT;
	if (use->entries == 0) /* read() once is what brought it here; twice, and it is active */
		return PAGE_FREED;
	if (page_test_and_set(page, PG_referenced) || use->entries > 1 ||
	    (use->exec && !page_is_anon(page)))
		return PAGE_ACTIVATE;
	return PAGE_KEPT;
}

static enum reclaimed ask(struct page *page)
{
	const struct page_use use = page_take_use(page);
	const enum reclaimed verdict = judge(page, &use);

	trace_reclaim_ask(page_to_pfn(page), use.entries, verdict, 0);
	return verdict;
}

/* A page of tmpfs, memfd or the like, which goes to swap by its file's tree (mm/cache/shmem.c). */
static bool is_shmem(const struct page *page)
{
	return !page_is_anon(page) && page_test(page, PG_swapbacked) &&
	       !page_test(page, PG_swapcache);
}

/* Can it be had again from somewhere? */
static bool has_home(const struct page *page)
{
	const struct address_space *mapping;

	if (page_test(page, PG_swapcache))
		return true;
	if (!is_shmem(page))
		return page_owner_ptr(page);
	mapping = page_owner_ptr(page);
	return mapping && !READ_ONCE(mapping->unevictable) && swap_free_pages();
}

/* Step 4: begin. The page is unlocked then, on its list, and the reference the I/O's. */
static enum reclaimed write(struct page *page, unsigned how)
{
	struct address_space *mapping;

	mod_node_stat(page_node(page), NR_VMSCAN_WRITE, 1);
	write_out_begin(page, how & RECLAIM_DIRECT);
	lru_putback(page);
	if (page_test(page, PG_swapcache)) {
		swap_write_page(page);
		return PAGE_WRITING;
	}
	mapping = page_owner_ptr(page);
	if (!cache_write_page(mapping, page)) {
		write_out_cancel(page); /* clean by now */
		put_page(page);
	}
	return PAGE_WRITING;
}

static bool remove_unused(struct page *page)
{
	return page_test(page, PG_swapcache) ? swap_cache_remove_unused(page)
					     : cache_evict(page_owner_ptr(page), page);
}

/* A copy of a slot that nothing names: who had it has gone while it was being written. */
static bool is_orphan(const struct page *page)
{
	return page_mapcount(page) == 0 && swap_refs(page_swap_entry(page)) == 0;
}

/* May what this page holds be written now, if it must be? */
static bool may_write(const struct page *page, unsigned how)
{
	const bool swap = page_is_anon(page) || page_test(page, PG_swapbacked);

	return how & (swap ? RECLAIM_SWAP : RECLAIM_WRITE);
}

/* Steps 2 and 3, on a locked page that was not used. */
static enum reclaimed take_out(struct page *page, unsigned how, struct unmap_batch *batch)
{
	if (page_test(page, PG_swapcache) && is_orphan(page)) {
		page_clear(page, PG_dirty);
		return PAGE_FREED;
	}
	if (page_is_anon(page) && !page_test(page, PG_swapcache)) {
		if (!(how & RECLAIM_SWAP))
			return PAGE_KEPT;
		if (!swap_cache_new(page))
			return PAGE_ACTIVATE;
		page_set(page, PG_dirty); /* the slot has nothing yet */
	}
	if ((page_test(page, PG_dirty) || is_shmem(page)) && !may_write(page, how))
		return PAGE_KEPT;
	if (!page_unmap_all(page, batch))
		return PAGE_ACTIVATE;
	if (is_shmem(page)) {
		if (!cache_to_swap(page_owner_ptr(page), page))
			return PAGE_ACTIVATE;
		page_set(page, PG_dirty);
	}
	return PAGE_FREED;
}

/* Steps 1 to 3: may it go? */
static enum reclaimed prepare(struct page *page, unsigned how, struct unmap_batch *batch)
{
	enum reclaimed verdict;

	if (page_test(page, PG_writeback))
		return PAGE_KEPT;
	if (!has_home(page))
		return PAGE_KEPT;
	if (!(how & RECLAIM_FORCE)) {
		verdict = ask(page);
		if (verdict != PAGE_FREED)
			return verdict;
	}
	return take_out(page, how, batch);
}

/* Steps 4 and 5, on a locked page that no CPU uses any more. Unlocks it. */
static enum reclaimed let_go(struct page *page, unsigned how)
{
	if (page_test(page, PG_dirty)) {
		if (may_write(page, how))
			return write(page, how);
	} else if (remove_unused(page)) {
		return PAGE_FREED;
	}
	unlock_page(page);
	return PAGE_KEPT;
}

/* Back to its list, or one further up, unless it is gone. */
static void put_back(struct page *page, enum reclaimed verdict, struct reclaimed_pages *done)
{
	done->writing += verdict == PAGE_WRITING;
	done->freed += verdict == PAGE_FREED;
	done->activated += verdict == PAGE_ACTIVATE;
	if (verdict == PAGE_FREED || verdict == PAGE_WRITING)
		return;
	if (verdict == PAGE_ACTIVATE) {
		page_set(page, PG_active);
		page_clear(page, PG_referenced);
		refault_age(page_to_nid(page), 1);
	}
	lru_putback(page);
	put_page(page);
}

struct reclaimed_pages reclaim_pages(struct page **pages, unsigned n, unsigned how)
{
	struct reclaimed_pages done = {0};
	struct unmap_batch batch = {0};
	unsigned going = 0;

	for (unsigned i = 0; i < n; i++) {
		struct page *page = pages[i];
		enum reclaimed verdict = PAGE_KEPT;

		if (trylock_page(page)) {
			verdict = prepare(page, how, &batch);
			if (verdict == PAGE_FREED) {
				pages[going++] = page;
				continue;
			}
			unlock_page(page);
		}
		put_back(page, verdict, &done);
	}
	unmap_flush(&batch);
	for (unsigned i = 0; i < going; i++)
		put_back(pages[i], let_go(pages[i], how), &done);
	swap_submit_writes();
	return done;
}
