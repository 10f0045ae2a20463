/*
 * An access met the name of a swap slot: bring the page back.
 *
 *	1  under the table's lock, if the name still stands there: count it once more, so that
 *	   neither the slot nor its area can go
 *	2  the slot's copy in memory; else a new page becomes that, and is read
 *	3  lock it: it has been read by then
 *	4  under the table's lock, if the name still stands there: the page instead of the name
 *	5  both counts of the name go
 *
 * A writer who turns out to be the only one who names the slot gets the page as its own, and the
 * slot is free.  Else the page is mapped read-only and stays the slot's copy: a write copies
 * or reuses it like any shared page, and as long as nobody writes it can go again without being
 * written.  Unless slots are dear (swap_wants_slot): then the last who names it frees it.
 *
 * Rmap.  A page that is read anew belongs to no family.  Whoever has the name, in whatever space, came
 * to it by fork from the area that had the page: if others have it, the page goes to the family's
 * root, below which all of them are; if nobody else has, to the area's own node.
 */
#include "mm/lru/page_lock.h"
#include "mm/space/pages.h"
#include "mm/swap/swap.h"

/* Lock the table; false (unlocked) if the name is not there any more. */
static bool lock_if_there(pte_t *slot, pte_t e, struct page *table) TRY_ACQUIRES(true, table->ptl)
{
	raw_spin_lock(&table->ptl, RANK_PTL);
	if (likely(pte_get(slot).v == e.v))
		return true;
	raw_spin_unlock(&table->ptl);
	return false;
}

/* The entry instead of the name. The table's lock and the page's are held. */
static void map_swapped(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long address,
			pte_t *slot, struct page *page, bool write)
{
	const swp_entry_t entry = page_swap_entry(page);
	const bool last = swap_refs(entry) == 2; /* ours, counted twice */
	const bool alone = last && page_mapcount(page) == 0;
	pte_t e = mk_pte(page_to_pfn(page), vma->vm_page_prot);

	if (!page->mapping)
		page_set_anon_owner(page, alone ? vma->anon_vma : vma->anon_vma->root,
				    vma_page_index(vma, address));
	if (((write && alone) || (last && swap_wants_slot(entry))) &&
	    !page_test(page, PG_writeback)) {
		page_set(page, PG_dirty); /* before its copy on the disk goes */
		swap_cache_remove(page);
		if (write && alone)
			e = pte_mkwrite(pte_mkdirty(e));
	}
	if (fetch_add(&page->mapcount.v, 1) == 0)
		mod_page_stat(page, NR_ANON_MAPPED, 1);
	pte_set(slot, e);
	if (unlikely(vma->vm_flags & VM_LOCKED))
		mlock_page(page);
	trace_map_page((unsigned long)mm, address, page_to_pfn(page), MM_ANONPAGES);
}

fault_t swap_in(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long address,
		pte_t *slot, pte_t e, bool write, gfp_t gfp, bool *major)
{
	const swp_entry_t entry = pte_to_swp_entry(e);
	struct page *table = user_table(slot), *page;
	fault_t result = FAULT_DONE;

	if (swp_is_lost(entry))
		return FAULT_SIGBUS;
	if (!lock_if_there(slot, e, table))
		return FAULT_DONE;
	swap_hold(entry);
	raw_spin_unlock(&table->ptl);

	page = swap_get_copy(entry, gfp, major);
	if (IS_ERR(page)) {
		result = FAULT_OOM;
		goto out;
	}
	if (!swap_lock_copy(page, entry))
		goto drop; /* it went again meanwhile: the access is tried again */
	if (write)
		wait_on_page_writeback(page);
	if (!page_test(page, PG_uptodate)) {
		result = FAULT_SIGBUS;
		goto drop;
	}
	if (!lock_if_there(slot, e, table))
		goto drop;
	map_swapped(mm, vma, address, slot, page, write);
	raw_spin_unlock(&table->ptl);
	unlock_page(page); /* the reference is the entry's */
	count_rss(mm, MM_ANONPAGES, 1);
	count_rss(mm, MM_SWAPENTS, -1);
	swap_free(entry);
	goto out;
drop:
	unlock_page(page);
	put_page(page);
out:
	swap_unhold(entry);
	return result;
}

bool swapped_copy(struct mm_struct *mm, unsigned long address, struct page **page)
{
	bool swapped = false;
	pte_t *slot, e;

	*page = NULL;
	epoch_read_lock();
	slot = user_pte(mm, address);
	if (slot) {
		raw_spin_lock(&user_table(slot)->ptl, RANK_PTL);
		e = pte_get(slot);
		swapped = pte_is_swap(e);
		if (swapped && !swp_is_lost(pte_to_swp_entry(e)))
			*page = swap_cache_get(pte_to_swp_entry(e));
		raw_spin_unlock(&user_table(slot)->ptl);
	}
	epoch_read_unlock();
	return swapped;
}
