/*
 * Pages that reclaim must leave alone, because an area they are mapped in is locked.
 *
 * PG_mlocked says so and is counted in NR_MLOCK; such pages stand on the unevictable list.
 * The mark is not counted by area: munlock takes it off though another locked area may map
 * the page, too.  Then reclaim comes upon the page, finds that area by rmap, and marks it again.
 * The mark goes with the last mapping at the latest.
 */
#include "mm/space/pages.h"

/* Move the page to the list it belongs on now, if it is on one. The caller has a reference. */
static void relist(struct page *page, bool unevictable)
{
	if (!lru_isolate(page))
		return;
	if (unevictable)
		page_set(page, PG_unevictable);
	else
		page_clear(page, PG_unevictable);
	lru_putback(page);
}

void mlock_page(struct page *page)
{
	if (page_test_and_set(page, PG_mlocked))
		return;
	mod_zone_stat(page_zone(page), NR_MLOCK, 1);
	relist(page, true);
}

void munlock_page(struct page *page)
{
	if (!page_test_and_clear(page, PG_mlocked))
		return;
	mod_zone_stat(page_zone(page), NR_MLOCK, -1);
	relist(page, false);
}

void mlock_range(struct vm_area_struct *vma, unsigned long start, unsigned long end, bool lock)
{
	unsigned long next;

	for (unsigned long va = start; va < end; va = next) {
		pte_t *slot = user_pte_next(vma->vm_mm, va, &next);

		if (!slot)
			continue;
		next = min(next, end);

		struct page *table = user_table(slot);

		raw_spin_lock(&table->ptl, RANK_PTL);
		u32 left = table->pt_present;

		for (; va < next && left; va += PAGE_SIZE, slot++) {
			pte_t e = pte_get(slot);
			struct page *page;

			if (pte_none(e))
				continue;
			left--;
			page = pte_present(e) ? pte_counted_page(e) : NULL;
			if (page && lock)
				mlock_page(page);
			else if (page)
				munlock_page(page);
		}
		raw_spin_unlock(&table->ptl);
		cond_resched();
	}
}
