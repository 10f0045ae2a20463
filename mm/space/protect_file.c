/*
 * Write access to a page of a file goes from all who map it, for it is about to be written to
 * its disk: the next write faults, and is noticed (fault.c).
 *
 * Only shared mappings have entries that allow writing a file's page; and only those are dirty.  An
 * entry changes under its table's lock.  The processor sets its dirty bit behind our
 * back as long as it allows writing, so it is taken away with an exchange, and CPUs forget it
 * before the page lock, which the caller holds, is let go.
 */
#include "mm/space/pages.h"

static int protect_entry(struct page *page, struct vm_area_struct *vma, unsigned long address,
			 void *unused)
{
	struct page *table;
	pte_t *slot, e;

	if (!(vma->vm_flags & VM_SHARED))
		return 0;
	slot = user_pte(vma->vm_mm, address);
	if (!slot)
		return 0;
	table = user_table(slot);
	raw_spin_lock(&table->ptl, RANK_PTL);
	e = pte_get(slot);
	if (pte_counted(e) && pte_page(e) == page && (pte_write(e) || pte_dirty(e))) {
		do {
		} while (!pte_cmpxchg(slot, &e, pte_mkclean(pte_wrprotect(e))));
		if (pte_dirty(e))
			set_page_dirty(page);
		flush_page(vma->vm_mm, address);
	}
	raw_spin_unlock(&table->ptl);
	return 0;
}

void protect_file_page(struct page *page)
{
	rmap_walk(page, protect_entry, NULL);
}
