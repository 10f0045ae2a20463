/*
 * What /proc says of a program's pages: smaps' sums and pagemap's entries, read from
 * the page tables themselves.
 *
 * A page is private if one entry maps it, in whatever space; its proportional size
 * is shared out over all that do.  The zero page and bare frames count for nobody.
 */
#include "mm/space/pages.h"

#define PSS_SHIFT 12

static void add_page(const struct vm_area_struct *vma, pte_t e, struct page *page,
		     struct vma_stats *stats)
{
	const bool dirty = pte_dirty(e) || page_test(page, PG_dirty);
	const int sharers = max(page_mapcount(page), 1);
	const u64 pss = ((u64)PAGE_SIZE << PSS_SHIFT) / (unsigned)sharers;

	stats->rss += PAGE_SIZE;
	stats->pss += pss;
	if (sharers > 1)
		*(dirty ? &stats->shared_dirty : &stats->shared_clean) += PAGE_SIZE;
	else
		*(dirty ? &stats->private_dirty : &stats->private_clean) += PAGE_SIZE;
	if (dirty)
		stats->pss_dirty += pss;
	if (pte_young(e) || page_test(page, PG_referenced))
		stats->referenced += PAGE_SIZE;
	if (page_is_anon(page)) {
		stats->anonymous += PAGE_SIZE;
		stats->pss_anon += pss;
		if (!page_test(page, PG_swapbacked) && !dirty)
			stats->lazyfree += PAGE_SIZE;
	} else if (page_test(page, PG_swapbacked)) {
		stats->pss_shmem += pss;
	} else {
		stats->pss_file += pss;
	}
	if (vma->vm_flags & VM_LOCKED) {
		stats->locked += PAGE_SIZE;
		stats->pss_locked += pss;
	}
}

void vma_stats(struct vm_area_struct *vma, struct vma_stats *stats)
{
	unsigned long next;

	for (unsigned long va = vma->vm_start; va < vma->vm_end; va = next) {
		pte_t *slot = user_pte_next(vma->vm_mm, va, &next);

		if (!slot)
			continue;
		next = min(next, vma->vm_end);

		struct page *table = user_table(slot);

		raw_spin_lock(&table->ptl, RANK_PTL);
		u32 left = table->pt_present;

		for (; va < next && left; va += PAGE_SIZE, slot++) {
			pte_t e = pte_get(slot);

			if (pte_none(e))
				continue;
			left--;
			if (pte_present(e) && !pte_special(e))
				add_page(vma, e, pte_page(e), stats);
		}
		raw_spin_unlock(&table->ptl);
		cond_resched();
	}
}

/* Linux, Documentation/admin-guide/mm/pagemap.rst */
#define PAGEMAP_PFN        ((1ULL << 55) - 1)
#define PAGEMAP_SOFT_DIRTY (1ULL << 55)
#define PAGEMAP_EXCLUSIVE  (1ULL << 56)
#define PAGEMAP_FILE       (1ULL << 61)
#define PAGEMAP_PRESENT    (1ULL << 63)

u64 pagemap_entry(struct mm_struct *mm, unsigned long address)
{
	struct vm_area_struct *vma;
	pte_t *slot, e = {0};
	u64 entry = 0;

	epoch_read_lock();
	vma = vma_tree_find(&mm->vmas, address);
	if (vma && vma->vm_start <= address && vma->vm_flags & VM_SOFTDIRTY)
		entry |= PAGEMAP_SOFT_DIRTY;
	slot = user_pte(mm, address);
	if (slot)
		e = pte_get(slot);
	if (pte_present(e)) {
		struct page *page = pte_counted_page(e);

		entry |= PAGEMAP_PRESENT | (pte_pfn(e) & PAGEMAP_PFN);
		if (page && !page_is_anon(page))
			entry |= PAGEMAP_FILE;
		if (page && page_mapcount(page) == 1)
			entry |= PAGEMAP_EXCLUSIVE;
	}
	epoch_read_unlock();
	return entry;
}
