/*
 * "I am the last sharer": the one place that decides it.
 *
 * A write meets an anonymous page mapped read-only.  If somebody else still sees
 * the page, the writer must copy; if nobody does, copying would be waste.  Nobody does if
 *
 *   - one page-table entry maps it (ours: we hold its table's lock), and
 *   - there is no other reference: a child's entry, the swap cache (a swapped-out sharer
 *     would bring this very page back), a page being written out, a device or another
 *     process that was handed the page.
 *
 * With our entry as the only way to the page nobody can get a new reference but through
 * the table whose lock we hold, or from the LRU list -- and who takes a page off the
 * list looks at the entries, under that lock, before anything is done to its contents.
 *
 * A doubtful case costs a copy, never correctness.  When page tables themselves come to be
 * shared between processes, one entry can stand for several sharers: then the table's
 * count of owners must be asked here as well, and only here.
 */
#include "mm/lru/page_lock.h"
#include "mm/space/pages.h"
#include "mm/swap/swap.h"

/* Nobody names its slot any more, so it need not be its copy. Decided without waiting. */
static __noinline void leave_swap(struct page *page)
{
	if (page_ref_count(page) != 2 || !trylock_page(page))
		return;
	if (page_test(page, PG_swapcache) && !page_test(page, PG_writeback) &&
	    swap_refs(page_swap_entry(page)) == 0) {
		page_set(page, PG_dirty); /* before what is on the disk goes */
		swap_cache_remove(page);
	}
	unlock_page(page);
}

bool page_reusable(struct page *page, struct vm_area_struct *vma)
{
	(void)vma;
	if (unlikely(page_test(page, PG_swapcache)) && page_mapcount(page) == 1)
		leave_swap(page);
	return page_is_anon(page) && page_mapcount(page) == 1 && page_ref_count(page) == 1 &&
	       !page_test(page, PG_swapcache);
}
