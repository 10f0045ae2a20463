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

/* A run over entries of one table, locked. */
struct protect_run {
	struct vm_area_struct *vma;
	pte_t *slot, *end;
	u32 present; /* entries of the table in use */
	u32 changed;
	bool lost; /* a right was lost: a flush is due */
};

static __always_inline void protect_run(struct protect_run *run, bool private_write)
{
	const pgprot_t prot = run->vma->vm_page_prot;
	const pte_t *end = run->end;
	pte_t *slot = run->slot;
	u32 empty = 0;
	bool lost = run->lost;

	while (slot < end) {
		pte_t e = pte_get(slot), new;

		if (pte_none(e)) {
			pte_t *gap = slot;

			if (slot - run->slot - empty == run->present)
				break; /* nothing follows */
			slot = skip_empty(slot + 1, end);
			empty += slot - gap;
			continue;
		}
		do {
			if (unlikely(!pte_present(
				    e))) /* in swap: it gets its rights when it comes back */
				break;
			new = pte_modify(e, prot);
			if (private_write && pte_dirty(e) && pte_counted(e) &&
			    page_reusable(pte_page(e), run->vma))
				new = pte_mkwrite(new);
			lost = lost || pte_loses_rights(e, new);
		} while (unlikely(!pte_cmpxchg(slot, &e, new)));
		slot++;
	}
	run->changed += slot - run->slot - empty;
	run->lost = lost;
}

/* Functions of their own, so that the loops have all registers. */
static __noinline void protect(struct protect_run *run)
{
	protect_run(run, false);
}

static __noinline void protect_private_write(struct protect_run *run)
{
	protect_run(run, true);
}

unsigned long change_protection(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	const bool private_write = (vma->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;
	struct mm_struct *mm = vma->vm_mm;
	struct protect_run run = {.vma = vma};
	unsigned long next;

	trace_protect_range((unsigned long)mm, start, end, vma->vm_flags);
	for (unsigned long va = start; va < end; va = next) {
		struct page *table;

		run.slot = user_pte_next(mm, va, &next);
		if (!run.slot)
			continue;
		next = min(next, end);
		run.end = run.slot + ((next - va) >> PAGE_SHIFT);
		table = user_table(run.slot);
		raw_spin_lock(&table->ptl, RANK_PTL);
		run.present = table->pt_present;
		if (private_write)
			protect_private_write(&run);
		else
			protect(&run);
		raw_spin_unlock(&table->ptl);
	}
	if (run.lost)
		tlb_flush_range(&mm->arch, start, end);
	tlb_flush_pending(mm);
	return run.changed;
}
