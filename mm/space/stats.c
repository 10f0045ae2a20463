/*
 * What /proc says of a program's pages: smaps' sums and pagemap's entries, read from
 * the page tables themselves.
 *
 * A page is private if one entry maps it, in whatever space; its proportional size
 * is shared out over all that do.  The zero page and bare frames count for nobody.
 */
#include "lib/string.h"
#include "mm/space/pages.h"
#include "mm/swap/swap.h"

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

/* Shared out over those who name the slot. */
static void add_swapped(swp_entry_t entry, struct vma_stats *stats)
{
	stats->swap += PAGE_SIZE;
	stats->swap_pss += ((u64)PAGE_SIZE << PSS_SHIFT) / max(swap_refs(entry), 1U);
}

void vma_stats(struct vm_area_struct *vma, struct vma_stats *stats)
{
	unsigned long next;

	if (vma->vm_mapping && vma->vm_mapping->nrswapped)
		stats->swap += PAGE_SIZE * cache_count_swapped(vma->vm_mapping, vma->vm_pgoff,
							       vma->vm_pgoff + vma_pages(vma) - 1);

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
			if (!pte_present(e))
				add_swapped(pte_to_swp_entry(e), stats);
			else if (!pte_special(e))
				add_page(vma, e, pte_page(e), stats);
		}
		raw_spin_unlock(&table->ptl);
		cond_resched();
	}
}

static void add_numa_page(pte_t e, const struct page *page, struct vma_numa_stats *stats)
{
	stats->pages++;
	stats->anon += page_is_anon(page);
	stats->dirty += pte_dirty(e) || page_test(page, PG_dirty);
	stats->active += page_test(page, PG_active) || page_test(page, PG_unevictable);
	stats->swapcache += page_test(page, PG_swapcache);
	stats->writeback += page_test(page, PG_writeback);
	stats->mapmax = max(stats->mapmax, (unsigned)page_mapcount(page));
	stats->node[page_to_nid(page)]++;
}

void vma_numa_stats(struct vm_area_struct *vma, struct vma_numa_stats *stats)
{
	unsigned long next;

	for (unsigned long va = vma->vm_start; va < vma->vm_end; va = next) {
		pte_t *slot = user_pte_next(vma->vm_mm, va, &next);

		next = min(next, vma->vm_end);
		if (!slot)
			continue;

		struct page *table = user_table(slot);

		raw_spin_lock(&table->ptl, RANK_PTL);
		for (; va < next; va += PAGE_SIZE, slot++) {
			pte_t e = pte_get(slot);

			if (pte_counted(e))
				add_numa_page(e, pte_page(e), stats);
		}
		raw_spin_unlock(&table->ptl);
		cond_resched();
	}
}

/* Linux, Documentation/admin-guide/mm/pagemap.rst */
#define PAGEMAP_SOFT_DIRTY (1ULL << 55)
#define PAGEMAP_EXCLUSIVE  (1ULL << 56)
#define PAGEMAP_FILE       (1ULL << 61)
#define PAGEMAP_SWAP       (1ULL << 62)
#define PAGEMAP_PRESENT    (1ULL << 63)
#define PAGEMAP_SLOT_SHIFT 5 /* behind the area's number */

static u64 pagemap_of(const struct vm_area_struct *vma, pte_t e)
{
	u64 entry = vma->vm_flags & VM_SOFTDIRTY ? PAGEMAP_SOFT_DIRTY : 0;

	if (pte_present(e)) {
		const struct page *page = pte_counted_page(e);

		entry |= PAGEMAP_PRESENT | (pte_pfn(e) & PAGEMAP_FRAME);
		if (page && !page_is_anon(page))
			entry |= PAGEMAP_FILE;
		if (page && page_mapcount(page) == 1)
			entry |= PAGEMAP_EXCLUSIVE;
	} else if (!pte_none(e)) {
		const swp_entry_t swapped = pte_to_swp_entry(e);

		entry |= PAGEMAP_SWAP | swp_type(swapped) |
			 (u64)swp_slot(swapped) << PAGEMAP_SLOT_SHIFT;
	}
	return entry;
}

void pagemap_range(struct mm_struct *mm, unsigned long start, unsigned n, u64 *entries)
{
	const unsigned long end = start + n * PAGE_SIZE;
	const struct vm_area_struct *vma = find_vma(mm, start);
	unsigned long next;

	memset(entries, 0, n * sizeof(*entries));
	for (; vma && vma->vm_start < end; vma = vma_next(mm, vma)) {
		const unsigned long last = min(end, vma->vm_end);

		for (unsigned long va = max(start, vma->vm_start); va < last; va = next) {
			const pte_t *slot = user_pte_next(mm, va, &next);

			next = min(next, last);
			for (; va < next; va += PAGE_SIZE)
				entries[(va - start) >> PAGE_SHIFT] =
					pagemap_of(vma, slot ? pte_get(slot++) : (pte_t){0});
		}
	}
}

bool page_is_resident(struct mm_struct *mm, unsigned long address)
{
	const pte_t *slot;
	bool present;

	epoch_read_lock();
	slot = user_pte(mm, address);
	present = slot && pte_present(pte_get(slot));
	epoch_read_unlock();
	return present;
}
