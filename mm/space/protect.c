/*
 * mprotect, below the areas: the entries of a range get their area's new rights.
 *
 * A private page does not get the write right with the others: whether it may be written
 * in place is decided page by page (rmap_reuse.c).  The ones of which that is plain
 * -- dirty already, so written before, and nobody else's -- get it here and save the
 * fault; the rest is left to copy on write.
 *
 * The processor sets A and D in entries behind our back, so an entry is exchanged only
 * if it is still what was read.  One flush at the end, if any right was lost: for rights
 * gained, a CPU that remembers the old ones takes one spurious fault.
 *
 * The caller holds the VMA's lock for writing, so no fault fills entries meanwhile.
 */
#include "mm/space/pages.h"

static inline pte_t new_entry(struct vm_area_struct *vma, pte_t e)
{
	const bool private_write = (vma->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;
	pte_t new = pte_modify(e, vma->vm_page_prot);

	if (private_write && pte_dirty(e) && !pte_special(e) && page_reusable(pte_page(e), vma))
		new = pte_mkwrite(new);
	return new;
}

unsigned long change_protection(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	struct mm_struct *mm = vma->vm_mm;
	unsigned long changed = 0, next;
	bool flush = false;

	for (unsigned long va = start; va < end; va = next) {
		pte_t *slot = user_pte_next(mm, va, &next);

		if (!slot)
			continue;
		next = min(next, end);

		struct page *table = pt_page(slot);

		raw_spin_lock(&table->ptl, RANK_PTL);
		u32 left = table->pt_present;

		for (; va < next && left; va += PAGE_SIZE, slot++) {
			pte_t e = pte_get(slot), new;

			if (pte_none(e))
				continue;
			left--;
			if (!pte_present(e))
				continue;
			do
				new = new_entry(vma, e);
			while (!pte_cmpxchg(slot, &e, new));
			flush |= pte_loses_rights(e, new);
			changed++;
		}
		raw_spin_unlock(&table->ptl);
	}
	if (flush)
		tlb_flush_range(&mm->arch, start, end);
	return changed;
}
