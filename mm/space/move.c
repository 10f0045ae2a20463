/*
 * mremap, below the areas: entries move from one place of a space to another.
 *
 * A page stays where it is; its entry moves, and with it its place in rmap's eyes: the
 * new area has the old one's page offsets, so index and address keep to each
 * other.  Both areas are in the rmap trees while entries move.  A walk that visits the
 * new area before and the old one after an entry has moved would miss it, and
 * truncation must miss none: so each run of entries moves under the locks that walks
 * hold.  Memory for the target's tables is had before, as reclaim takes these locks.
 *
 * The old translations are flushed before the locks are let go: from then on the page may be
 * unmapped at its new address and freed.
 */
#include "mm/space/pages.h"

/* The entries of `bytes` from slot `from`, in one table, to slot `to`, in one table. */
static void move_entries(struct mm_struct *mm, pte_t *from, unsigned long address, pte_t *to,
			 unsigned long target_address, unsigned long bytes) NO_LOCK_ANALYSIS
{
	struct page *source = user_table(from), *target = user_table(to);
	unsigned moved = 0;

	/* Two tables of one space: mmap_lock, held for writing, keeps other takers of two away. */
	raw_spin_lock(&source->ptl, RANK_PTL);
	if (target != source)
		raw_spin_lock(&target->ptl, RANK_PTL);
	for (unsigned long i = 0; i < bytes >> PAGE_SHIFT; i++) {
		if (pte_none(pte_get(from + i)))
			continue;
		ASSERT(pte_none(pte_get(to + i)));
		pte_set(to + i, pte_xchg(from + i, (pte_t){0}));
		moved++;
	}
	source->pt_present -= moved;
	target->pt_present += moved;
	if (moved) {
		trace_move_range((unsigned long)mm, address, target_address, bytes);
		tlb_flush_range(&mm->arch, address, address + bytes);
	}
	if (target != source)
		raw_spin_unlock(&target->ptl);
	raw_spin_unlock(&source->ptl);
}

unsigned long move_page_tables(struct vm_area_struct *from_vma, unsigned long from,
			       struct vm_area_struct *to_vma, unsigned long to, unsigned long len)
{
	struct mm_struct *mm = from_vma->vm_mm;
	const unsigned long end = from + len;
	unsigned long next;

	for (unsigned long va = from; va < end; va = next) {
		unsigned long target = to + (va - from);
		pte_t *source = user_pte_next(mm, va, &next), *slot;

		if (!source)
			continue;
		next = min(next, end);
		next = min(next, va + (PT_SIZE(PT_PTE) << PT_BITS(PT_PTE)) -
					 (target & ((PT_SIZE(PT_PTE) << PT_BITS(PT_PTE)) - 1)));
		if (!table_in_use(source))
			continue;
		slot = user_pte_alloc(mm, target);
		if (!slot)
			return va - from;
		rmap_lock(from_vma);
		move_entries(mm, source, va, slot, target, next - va);
		rmap_unlock(from_vma);
		cond_resched();
	}
	tlb_flush_pending(mm);
	return len;
}
