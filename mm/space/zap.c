/*
 * Taking pages out of page tables: munmap, exit, MADV_DONTNEED, truncation.
 *
 * An entry is cleared first; then the translation that some CPU may still hold is
 * invalidated; only then may the page or the table be used for something else.  One
 * invalidation is much dearer than clearing an entry, so a mmu_gather stands between the
 * two: it collects pages until it is full or the operation ends, flushes once, and gives
 * the whole batch back.
 *
 *      entries:  x x x . x . . x x x x . . .        per table, under its lock
 *                | | |   |     | | |
 *      gather:  [p p p   p     p p p ]  end ->  tlb_flush_range -> release_pages
 *
 * When the gather's own 64 are full it takes a frame to go on in, and another, so that
 * an munmap of any number of pages interrupts other CPUs once. Where there is no frame to be had (memory is
 * short: the pages here are what is wanted) it flushes and gives back what it has.
 *
 * Two at once.  MADV_DONTNEED and truncation clear entries without having the space for
 * themselves.  Who finds an entry cleared must not take it for flushed: another CPU may still use the
 * old page, which is not freed yet, but is not to be seen any more either once munmap or madvise has returned.
 * So those two count themselves in mm->flushing from before the first entry to after the flush,
 * and whoever has gone through entries of a space and finds others counted there flushes as well.
 *
 * Under the lock a page costs: one exchange of the entry (the hardware may be setting
 * its D bit at that moment), one decrement of mapcount; counters are added up for each table.
 *
 * Tables.  A table counts its entries in use; when a range has been emptied for
 * good (munmap, exit: no VMA reaches into [floor, ceiling) any more), tables that cover
 * nothing else are unhooked bottom up, and freed after the flush, by epoch, as walkers
 * without locks may still be reading them.  That nobody can be about to fill such a table
 * follows from the VMAs being gone: a fault holds its VMA's lock, rmap walks find
 * VMAs in trees that they have left before.
 *
 * Exit of a whole space (full_mm) needs no flush for its pages: no CPU runs in it, and whoever
 * still has its root loaded (a kernel thread, an idle CPU) uses no user address.  Before the
 * tables go there is one flush, as a processor may walk them on speculation.
 */
#include "mm/space/pages.h"
#include "mm/swap/swap.h"

void tlb_gather_init(struct mmu_gather *tlb, struct mm_struct *mm, bool full_mm)
{
	tlb->mm = mm;
	tlb->start = ~0UL;
	tlb->end = 0;
	tlb->pages = tlb->own;
	tlb->nr = 0;
	tlb->room = ARRAY_SIZE(tlb->own);
	tlb->full_mm = full_mm;
	tlb->shared = false;
	tlb->tables = NULL;
	tlb->batches = NULL;
	note_rss_peak(mm);
}

void tlb_gather_init_shared(struct mmu_gather *tlb, struct mm_struct *mm)
{
	tlb_gather_init(tlb, mm, false);
	tlb->shared = true;
	atomic_inc(&mm->flushing); /* before any entry is cleared */
}

/* Give back what stands in further batches, with these; the gather's own 64 are to be filled again. */
static __noinline void release_batches(struct mmu_gather *tlb)
{
	struct gather_batch *batch = tlb->batches;

	tlb->last->nr = tlb->nr;
	release_pages(tlb->own, ARRAY_SIZE(tlb->own));
	while (batch) {
		struct gather_batch *next = batch->next;

		release_pages(batch->pages, batch->nr);
		free_page(batch);
		batch = next;
	}
	tlb->batches = NULL;
	tlb->pages = tlb->own;
	tlb->room = ARRAY_SIZE(tlb->own);
}

static void flush_gathered(struct mmu_gather *tlb)
{
	if (tlb->end && !tlb->full_mm) {
		tlb_flush_range(&tlb->mm->arch, tlb->start, tlb->end);
		tlb->start = ~0UL;
		tlb->end = 0;
	}
	if (unlikely(tlb->batches))
		release_batches(tlb);
	else if (tlb->nr)
		release_pages(tlb->pages, tlb->nr);
	tlb->nr = 0;
}

/* No room is left: some more, or a flush. A space that nobody uses any more needs none to be spared. */
static __noinline void make_room(struct mmu_gather *tlb)
{
	struct gather_batch *batch = NULL;

	if (!tlb->full_mm)
		batch = get_free_pages(__GFP_NOWARN, 0); /* not by reclaim, nor from reserves */
	if (!batch) {
		flush_gathered(tlb);
		return;
	}
	batch->next = NULL;
	if (tlb->batches) {
		tlb->last->nr = tlb->nr;
		tlb->last->next = batch;
	} else {
		tlb->batches = batch;
	}
	tlb->last = batch;
	tlb->pages = batch->pages;
	tlb->nr = 0;
	tlb->room = ARRAY_SIZE(batch->pages);
}

static void gather_range(struct mmu_gather *tlb, unsigned long start, unsigned long end)
{
	tlb->start = min(tlb->start, start);
	tlb->end = max(tlb->end, end);
}

void tlb_gather_finish(struct mmu_gather *tlb)
{
	if (tlb->tables && tlb->full_mm)
		tlb_flush_mm(&tlb->mm->arch);
	flush_gathered(tlb);
	if (tlb->shared)
		atomic_dec(&tlb->mm->flushing);
	if (!tlb->full_mm)
		tlb_flush_pending(tlb->mm);
	while (tlb->tables) {
		struct page *table = tlb->tables;

		tlb->tables = table->next ? pfn_to_page(table->next) : NULL;
		pt_free_table(page_address(table));
	}
}

/* A run over entries of one table: where it is, and what it adds up. */
struct zap_run {
	struct mmu_gather *tlb;
	struct vm_area_struct *vma;
	pte_t *slot, *end;
	u32 present;              /* entries of the table in use, as it began */
	u32 cleared, kept;        /* of those seen */
	u32 anon, file;           /* pages that lost an entry */
	u32 anon_gone, file_gone; /* of those: plain ones that nobody maps any more */
	u32 swapped;              /* swap entries among the cleared */
	u32 plain; /* what is plain: the node, in place, of most pages here; constant */
};

/* Nothing special about an unmapped page: of the run's node, not locked in memory, not in swap. */
#define PLAIN_MASK (~0u << PAGE_NODE_SHIFT | 1u << PG_mlocked | 1u << PG_swapcache)

static __noinline void odd_page_unmapped(struct page *page, bool anon)
{
	mod_page_stat(page, anon ? NR_ANON_MAPPED : NR_FILE_MAPPED, -1);
	page_unmapped(page);
	if (page_test(page, PG_swapcache))
		swap_cache_forget(page);
}

/* One entry less maps the page. 1 if it was the last, for the run to count. Under the table's lock. */
static __always_inline u32 drop_mapping(struct page *page, u32 plain, bool anon)
{
	ASSERT(page_mapcount(page) > 0);
	if (!atomic_dec_and_test(&page->mapcount))
		return 0;
	if (likely(((READ_ONCE(page->flags) ^ plain) & PLAIN_MASK) == 0))
		return 1;
	odd_page_unmapped(page, anon);
	return 0;
}

/*
 * The entry's reference goes: after the flush, by the gather; at once if no flush will come and it
 * is not the last, which spares the pages that a forked child leaves to its parent the way.
 */
static __always_inline struct page **drop_reference(struct page **gathered, struct page *page,
						    bool full_mm)
{
	if (full_mm && page_ref_count(page) != 1) {
		if (unlikely(atomic_dec_and_test(&page->refcount)))
			put_page_last(page); /* the others went at this moment */
		return gathered;
	}
	*gathered = page;
	return gathered + 1;
}

static __noinline void forget_swapped(struct zap_run *run, pte_t e)
{
	run->swapped++;
	swap_forget(pte_to_swp_entry(e));
}

/* An area without a file: all its pages are anonymous, and all go. */
static __always_inline void zap_anon_run(struct zap_run *run, bool full_mm)
{
	struct page **gathered = &run->tlb->pages[run->tlb->nr];
	const pte_t *end = run->end;
	const u32 plain = run->plain;
	u32 empty = 0, bare = 0, gone = 0;
	pte_t *slot = run->slot;

	while (slot < end) {
		pte_t e = pte_get(slot);
		struct page *page;

		if (pte_none(e)) {
			pte_t *gap = slot;

			if (slot - run->slot - empty == run->present)
				break; /* nothing follows */
			slot = skip_empty(slot + 1, end);
			empty += slot - gap;
			continue;
		}
		pte_set(slot++, (pte_t){0}); /* what A and D it had is of no use to anyone */
		if (unlikely(!pte_counted(e))) {
			bare++;
			if (!pte_present(e))
				forget_swapped(run, e);
			continue;
		}
		page = pte_page(e);
		gone += drop_mapping(page, plain, true);
		gathered = drop_reference(gathered, page, full_mm);
	}
	run->tlb->nr = gathered - run->tlb->pages;
	run->cleared = slot - run->slot - empty;
	run->anon = run->cleared - bare;
	run->anon_gone = gone;
}

/* Functions of their own, so that the loops have all registers. */
static __noinline void zap_anon(struct zap_run *run)
{
	zap_anon_run(run, false);
}

static __noinline void zap_anon_at_exit(struct zap_run *run)
{
	zap_anon_run(run, true);
}

/* What the entry knew about a file page goes to the page. */
static inline void file_page_leaves(struct vm_area_struct *vma, struct page *page, pte_t e)
{
	if (pte_dirty(e))
		set_page_dirty(page);
	if (pte_young(e) && !(vma->vm_flags & (VM_SEQ_READ | VM_RAND_READ)))
		mark_page_accessed(page);
}

/* The same where pages of a file, private copies of them and bare frames can be. */
static __noinline void zap_mixed(struct zap_run *run, bool even_cows)
{
	struct mmu_gather *tlb = run->tlb;
	struct page **gathered = &tlb->pages[tlb->nr];
	const pte_t *end = run->end;
	pte_t *slot = run->slot;
	u32 empty = 0, kept = 0;

	while (slot < end) {
		pte_t e = pte_get(slot);
		struct page *page;

		if (pte_none(e)) {
			pte_t *gap = slot;

			if (slot - run->slot - empty == run->present)
				break; /* nothing follows */
			slot = skip_empty(slot + 1, end);
			empty += slot - gap;
			continue;
		}
		if (unlikely(!pte_counted(e))) {
			if (!pte_present(e) && !even_cows) {
				kept++;
				slot++;
				continue;
			}
			pte_set(slot++, (pte_t){0});
			if (!pte_present(e))
				forget_swapped(run, e);
			continue;
		}
		page = pte_page(e);
		if (!page_is_anon(page)) {
			e = pte_xchg(slot++, (pte_t){0});
			run->file++;
			file_page_leaves(run->vma, page, e);
			run->file_gone += drop_mapping(page, run->plain, false);
		} else if (even_cows) {
			pte_set(slot++, (pte_t){0});
			run->anon++;
			run->anon_gone += drop_mapping(page, run->plain, true);
		} else {
			kept++;
			slot++;
			continue;
		}
		gathered = drop_reference(gathered, page, tlb->full_mm);
	}
	tlb->nr = gathered - tlb->pages;
	run->cleared = slot - run->slot - empty - kept;
	run->kept = kept;
}

static void post_counts(const struct zap_run *run)
{
	struct mm_struct *mm = run->tlb->mm;
	struct pglist_data *node = node_data[run->plain >> PAGE_NODE_SHIFT];

	count_rss(mm, MM_ANONPAGES, -(long)run->anon);
	count_rss(mm, file_counter(run->vma), -(long)run->file);
	count_rss(mm, MM_SWAPENTS, -(long)run->swapped);
	if (run->anon_gone)
		mod_node_stat(node, NR_ANON_MAPPED, -(long)run->anon_gone);
	if (run->file_gone)
		mod_node_stat(node, NR_FILE_MAPPED, -(long)run->file_gone);
}

/*
 * The event of the run that is about to be done, if it will find anything. First, for with an entry
 * goes a reference: another CPU may free the page before the run is over.
 */
static __cold void record_unmap(const struct zap_run *run, unsigned long va, bool even_cows)
{
	const unsigned long end = va + ((run->end - run->slot) << PAGE_SHIFT);
	u32 count = 0;

	for (const pte_t *slot = run->slot; slot < run->end; slot++) {
		pte_t e = pte_get(slot);

		if (!pte_none(e))
			count += even_cows ||
				 (pte_present(e) && (pte_special(e) || !page_is_anon(pte_page(e))));
	}
	if (count)
		trace_record(even_cows ? TRACE_unmap_range : TRACE_unmap_file,
			     (unsigned long)run->tlb->mm, va, end, count);
}

/*
 * Empty the entries of [va, end), which lie in one table, as far as the gather has room; private
 * copies only if even_cows. Returns where it stopped.
 */
static unsigned long zap_table(struct mmu_gather *tlb, struct vm_area_struct *vma, pte_t *slot,
			       unsigned long va, unsigned long end, bool even_cows)
{
	const unsigned long room = tlb->room - tlb->nr;
	struct page *table = user_table(slot);
	struct zap_run run = {
		.tlb = tlb,
		.vma = vma,
		.slot = slot,
		.end = slot + min((end - va) >> PAGE_SHIFT, room),
		.plain = table->flags & ~0u << PAGE_NODE_SHIFT,
	};

	raw_spin_lock(&table->ptl, RANK_PTL);
	run.present = table->pt_present;
	if (trace_on())
		record_unmap(&run, va, even_cows);
	if (!vma_is_anonymous(vma))
		zap_mixed(&run, even_cows);
	else if (tlb->full_mm)
		zap_anon_at_exit(&run);
	else
		zap_anon(&run);
	if (run.cleared) {
		table->pt_present -= run.cleared;
		trace_add(even_cows ? TRACE_unmap_range : TRACE_unmap_file, 1);
	}
	raw_spin_unlock(&table->ptl);

	end = run.cleared + run.kept == run.present ? end : va + ((run.end - slot) << PAGE_SHIFT);
	if (run.cleared) {
		gather_range(tlb, va, end);
		post_counts(&run);
	}
	return end;
}

static void zap_range(struct mmu_gather *tlb, struct vm_area_struct *vma, unsigned long start,
		      unsigned long end, bool even_cows)
{
	unsigned long next;

	for (unsigned long va = start; va < end; va = next) {
		pte_t *slot = user_pte_next(tlb->mm, va, &next);

		if (!slot)
			continue;
		next = min(next, end);
		for (;;) {
			unsigned long stop = zap_table(tlb, vma, slot, va, next, even_cows);

			if (tlb->nr == tlb->room)
				make_room(tlb);
			if (stop >= next)
				break;
			slot += (stop - va) >> PAGE_SHIFT;
			va = stop;
		}
	}
}

void zap_page_range(struct mmu_gather *tlb, struct vm_area_struct *vma, unsigned long start,
		    unsigned long end)
{
	ASSERT(start >= vma->vm_start && end <= vma->vm_end);
	zap_range(tlb, vma, start, end, true);
}

/* --- tables --- */

/*
 * The entries on the way to va, by level, as far down as there are tables; the level of the last
 * (PT_PTE: a leaf table is there).
 */
static __always_inline int descend(const struct mm_struct *mm, unsigned long va,
				   pte_t *way[PT_LEVELS])
{
	pte_t *table = mm->arch.root;
	int level;

#pragma GCC unroll 5
	for (level = PT_LEVELS - 1; level >= PT_PTE; level--) {
		if (PT_BITS(level) == 0)
			continue;
		way[level] = table + pt_index(level, va);
		if (level == PT_PTE || !pte_is_table(pte_get(way[level])))
			break;
		table = pt_table(pte_get(way[level]));
	}
	return level;
}

/* Take the empty table at `below`, of a level, out of the tree, where `slot` leads to it for va. */
static inline void unhook_table(struct mmu_gather *tlb, pte_t *slot, struct page *below,
				unsigned long va, int level)
{
	struct page *table = user_table(slot);

	raw_spin_lock(&table->ptl, RANK_PTL);
	pte_set(slot, (pte_t){0});
	table->pt_present--;
	trace_table_unhook((unsigned long)tlb->mm, va, (u64)level, page_to_pfn(below));
	raw_spin_unlock(&table->ptl);
	below->next = tlb->tables ? page_to_pfn(tlb->tables) : 0;
	tlb->tables = below;
	atomic_sub(PAGE_SIZE, &tlb->mm->pgtables_bytes);
}

void free_page_tables(struct mmu_gather *tlb, unsigned long start, unsigned long end,
		      unsigned long floor, unsigned long ceiling)
{
	const unsigned long last = ceiling >= TASK_SIZE ? ~0UL : ceiling - 1;
	unsigned long next;

	for (unsigned long va = start; va < end; va = next) {
		pte_t *way[PT_LEVELS];
		int level = descend(tlb->mm, va, way);
		const int leaf_above = level == PT_PTE ? pt_above(PT_PTE) : level;

		next = ALIGN_DOWN(va, PT_SIZE(leaf_above)) + PT_SIZE(leaf_above);
		/* Up again, as long as a table is empty and nobody else can be about to fill it. */
		while (level < (int)pt_top()) {
			const int up = pt_above(level);
			const unsigned long base = ALIGN_DOWN(va, PT_SIZE(up));
			struct page *table = user_table(way[level]);

			if (base < floor || base + PT_SIZE(up) - 1 > last ||
			    READ_ONCE(table->pt_present))
				break;
			unhook_table(tlb, way[up], table, va, level);
			gather_range(tlb, va,
				     va + PAGE_SIZE); /* any flush drops cached upper levels */
			level = up;
		}
	}
}

/* --- truncation --- */

static void unmap_range_in(struct i_mmap *i_mmap, u64 first, u64 last, bool even_cows)
{
	struct interval_node *at;

	down_read(&i_mmap->lock);
	interval_for_each(at, &i_mmap->areas, first, last)
	{
		struct vm_area_struct *vma = container_of(at, struct vm_area_struct, file_node);
		u64 from = max(first, vma->vm_pgoff);
		u64 to = min(last, vma->vm_pgoff + vma_pages(vma) - 1);
		struct mmu_gather tlb;

		if (from > to)
			continue;
		tlb_gather_init_shared(&tlb, vma->vm_mm);
		zap_range(&tlb, vma, vma->vm_start + ((from - vma->vm_pgoff) << PAGE_SHIFT),
			  vma->vm_start + ((to + 1 - vma->vm_pgoff) << PAGE_SHIFT), even_cows);
		tlb_gather_finish(&tlb);
	}
	up_read(&i_mmap->lock);
}

/* unmap_mapping_range(): every mapping of [first, last] of a file lets go of its pages. */
void unmap_file_range(struct address_space *mapping, u64 first, u64 last, bool even_cows)
{
	for (unsigned part = 0; part < I_MMAP_PARTS; part++)
		if (READ_ONCE(mapping->i_mmap[part].count))
			unmap_range_in(&mapping->i_mmap[part], first, last, even_cows);
}
