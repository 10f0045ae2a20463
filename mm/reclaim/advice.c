/*
 * MADV_PAGEOUT and MADV_COLD: a program says of its pages what reclaim would otherwise have to find
 * out.
 *
 * Only pages that nobody else maps: what others use is not for this program to judge.  Cold pages go
 * to the inactive list and forget that they were used; paged out ones go at once.
 */
#include "mm/reclaim/scan.h"
#include "mm/space/pages.h"

#define BATCH 32U

struct advice {
	bool page_out;
	unsigned n;
	struct page *page[BATCH]; /* isolated, with a reference each */
};

static void finish_batch(struct advice *advice)
{
	if (advice->page_out) {
		(void)reclaim_pages(advice->page, advice->n,
				    RECLAIM_FORCE | RECLAIM_SWAP | RECLAIM_WRITE);
	} else {
		for (unsigned i = 0; i < advice->n; i++) {
			page_clear(advice->page[i], PG_active);
			page_clear(advice->page[i], PG_referenced);
			lru_putback(advice->page[i]);
			put_page(advice->page[i]);
		}
	}
	advice->n = 0;
}

/* (the table's lock) */
static void take(struct advice *advice, pte_t *slot)
{
	pte_t e = pte_get(slot);
	struct page *page;

	if (!pte_counted(e))
		return;
	page = pte_page(e);
	if (page_mapcount(page) != 1 || page_test(page, PG_unevictable))
		return;
	if (!advice->page_out)
		while (pte_young(e) && !pte_cmpxchg(slot, &e, pte_mkold(e)))
			;
	get_page(page);
	if (lru_isolate(page))
		advice->page[advice->n++] = page;
	else
		put_page(page);
}

static void advise(struct vm_area_struct *vma, unsigned long start, unsigned long end,
		   bool page_out)
{
	struct advice advice = {.page_out = page_out};
	unsigned long next;

	for (unsigned long va = start; va < end; va = next) {
		pte_t *slot = user_pte_next(vma->vm_mm, va, &next);

		if (!slot)
			continue;
		next = min(next, min(end, va + BATCH * PAGE_SIZE));

		struct page *table = user_table(slot);

		raw_spin_lock(&table->ptl, RANK_PTL);
		for (; va < next; va += PAGE_SIZE)
			take(&advice, slot++);
		raw_spin_unlock(&table->ptl);
		finish_batch(&advice);
		cond_resched();
	}
}

void reclaim_init(void)
{
	madvise_reclaim = advise;
	kswapd_init();
	direct_init();
}
