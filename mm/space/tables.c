/*
 * Tables for a program's addresses, made on the way down to an entry.
 *
 * A table on the way is missing: a zeroed one is had first, sleeping if it must, then the
 * upper table's lock decides between all who came with one.  Readers without
 * locks see the entry either absent or leading to a table of zeros.
 */
#include "mm/space/pages.h"

/* Make the table below an empty entry of a level, for va; the entry as it is then, none without memory. */
static __noinline pte_t add_table(struct mm_struct *mm, pte_t *slot, unsigned long va, int level)
{
	struct page *upper = user_table(slot);
	pte_t *table = pt_alloc_table(GFP_KERNEL);
	pte_t e;

	if (!table)
		return (pte_t){0};
	user_table(table)->pt_mm = mm;
	raw_spin_lock(&upper->ptl, RANK_PTL);
	e = pte_get(slot);
	if (pte_none(e)) {
		e = mk_table(virt_to_pfn(table), true);
		store_release(&slot->v, e.v); /* who finds the table finds it zeroed */
		upper->pt_present++;
		trace_table_hook((unsigned long)mm, va, (u64)pt_below(level),
				 page_to_pfn(user_table(table)));
		table = NULL;
	}
	raw_spin_unlock(&upper->ptl);
	if (table)
		pt_free_table(table);
	else
		atomic_add(PAGE_SIZE, &mm->pgtables_bytes);
	return e;
}

pte_t *user_pte_alloc(struct mm_struct *mm, unsigned long va)
{
	pte_t *table = mm->arch.root;

#pragma GCC unroll 5
	for (int level = PT_LEVELS - 1; level > PT_PTE; level--) {
		if (PT_BITS(level) == 0)
			continue;

		pte_t *slot = table + pt_index(level, va);
		pte_t e = pte_get(slot);

		if (unlikely(!pte_is_table(e))) {
			if (pte_none(e))
				e = add_table(mm, slot, va, level);
			if (!pte_is_table(e))
				return NULL;
		}
		table = pt_table(e);
	}
	return table + pt_index(PT_PTE, va);
}
