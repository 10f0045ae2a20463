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
#include "mm/space/pages.h"

bool page_reusable(struct page *page, struct vm_area_struct *vma)
{
	(void)vma;
	return page_is_anon(page) && page_mapcount(page) == 1 && page_ref_count(page) == 1 &&
	       !page_test(page, PG_swapcache);
}
