/*
 * What reclaim asks of page tables: was this page used, and take it out of all of them.
 *
 * Used: the processor sets A in an entry that it uses; here it is cleared again, without a flush.  A
 * CPU that remembers the translation will not set it anew until it forgets, so a page may look less
 * used than it is; that costs a fault at worst.
 *
 * Taking out: an entry is replaced by the name of the swap slot that the page is a copy of, or, for a file's
 * page, by nothing.  What D said is the page's business then.  CPUs that remember the entry are told
 * once for a batch of pages, as each time all of them have to answer.  Until then programs there may
 * still use the page, and write to it if D was set; the page is locked, so nobody else gets it
 * by the name.  Who changes entries of that space meanwhile, and relies on it, flushes as well
 * (mm->flushing, zap.c).  The locks that keep walks whole are the walk's (rmap.c); a
 * fork that runs meanwhile may still add an entry, so who must be sure asks mapcount.
 *
 * Whoever needs a page may have any lock, so nobody is waited for here: a family or a file that is busy
 * keeps its pages this time.
 */
#include "mm/lru/page_lock.h"
#include "mm/space/pages.h"
#include "mm/swap/swap.h"

/* The entry by which an area maps the page at an address, with its table locked; or NULL. */
static pte_t *locked_entry(struct page *page, const struct vm_area_struct *vma,
			   unsigned long address) NO_LOCK_ANALYSIS
{
	pte_t *slot = user_pte(vma->vm_mm, address);
	pte_t e;

	if (!slot)
		return NULL;
	raw_spin_lock(&user_table(slot)->ptl, RANK_PTL);
	e = pte_get(slot);
	if (pte_counted(e) && pte_page(e) == page)
		return slot;
	raw_spin_unlock(&user_table(slot)->ptl);
	return NULL;
}

/* ---- Used? ---- */

static int was_used(struct page *page, struct vm_area_struct *vma, unsigned long address,
		    void *arg) NO_LOCK_ANALYSIS
{
	struct page_use *use = arg;
	pte_t *slot = locked_entry(page, vma, address), e;

	if (!slot)
		return 0;
	e = pte_get(slot);
	while (pte_young(e) && !pte_cmpxchg(slot, &e, pte_mkold(e)))
		;
	raw_spin_unlock(&user_table(slot)->ptl);
	use->entries += pte_young(e) && !(vma->vm_flags & (VM_SEQ_READ | VM_RAND_READ));
	use->exec |= (vma->vm_flags & VM_EXEC) != 0;
	use->locked |= (vma->vm_flags & VM_LOCKED) != 0;
	return use->locked;
}

struct page_use page_take_use(struct page *page)
{
	struct page_use use = {0};

	if (page_mapcount(page))
		use.busy = rmap_try_walk(page, was_used, &use) == -EAGAIN;
	return use;
}

/* ---- Out ---- */

/* Note that the space is to be flushed at address; or do it, if there is no room. */
static void flush_later(struct unmap_batch *batch, struct mm_struct *mm, unsigned i,
			unsigned long address)
{
	if (i == UNMAP_SPACES) {
		flush_page(mm, address);
		return;
	}
	batch->space[i].start = min(batch->space[i].start, address);
	batch->space[i].end = max(batch->space[i].end, address + PAGE_SIZE);
}

/* The space's place in the batch; UNMAP_SPACES: there is none. Before an entry is changed. */
static unsigned place_in_batch(struct unmap_batch *batch, struct mm_struct *mm)
{
	unsigned i = 0;

	while (i < batch->n && batch->space[i].mm != mm)
		i++;
	if (i == batch->n && i < UNMAP_SPACES) {
		mmgrab(mm);
		atomic_inc(&mm->flushing);
		batch->space[i].mm = mm;
		batch->space[i].start = ~0UL;
		batch->space[i].end = 0;
		batch->n++;
	}
	return i;
}

void unmap_flush(struct unmap_batch *batch)
{
	for (unsigned i = 0; i < batch->n; i++) {
		struct mm_struct *mm = batch->space[i].mm;

		if (batch->space[i].end)
			tlb_flush_range(&mm->arch, batch->space[i].start, batch->space[i].end);
		atomic_dec(&mm->flushing);
		mmdrop(mm);
	}
	batch->n = 0;
}

static int take_out(struct page *page, struct vm_area_struct *vma, unsigned long address,
		    void *arg) NO_LOCK_ANALYSIS
{
	const bool anon = page_is_anon(page);
	struct mm_struct *mm = vma->vm_mm;
	struct unmap_batch *batch = arg;
	struct page *table;
	pte_t *slot, e;
	unsigned place;

	if (vma->vm_flags & VM_LOCKED)
		return 1;
	place = place_in_batch(batch, mm);
	slot = locked_entry(page, vma, address);
	if (!slot)
		return 0;
	table = user_table(slot);
	note_rss_peak(mm);
	e = pte_xchg(slot, (pte_t){0});
	flush_later(batch, mm, place, address);
	if (anon) {
		const swp_entry_t entry = page_swap_entry(page);

		if (pte_dirty(e))
			page_set(page, PG_dirty);
		swap_dup(entry);
		pte_set(slot, swp_entry_to_pte(entry));
		trace_swap_name((unsigned long)mm, address, page_to_pfn(page), entry.v);
		count_rss(mm, MM_SWAPENTS, 1);
		count_rss(mm, MM_ANONPAGES, -1);
	} else {
		if (pte_dirty(e))
			set_page_dirty(page);
		table->pt_present--;
		trace_unmap_file((unsigned long)mm, address, address + PAGE_SIZE, 1);
		count_rss(mm, file_counter(vma), -1);
	}
	page_remove_rmap(page);
	raw_spin_unlock(&table->ptl);
	put_page(page); /* the caller has one more */
	return page_mapcount(page) == 0;
}

bool page_unmap_all(struct page *page, struct unmap_batch *batch)
{
	ASSERT(page_test(page, PG_locked));
	ASSERT(!page_is_anon(page) || page_test(page, PG_swapcache));
	if (page_mapcount(page))
		(void)rmap_try_walk(page, take_out, batch);
	return page_mapcount(page) == 0;
}
