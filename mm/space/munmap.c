/*
 * munmap: areas, or parts of them, go (S32).
 *
 *	          start                        end
 *	            |                           |
 *	   [ AAAA|AAAA ]   [ BBBB ]   [ CCCC|CCCC ]        A keeps its head, B goes,
 *	   [ AAAA ]                         [ CCCC ]       C keeps its tail
 *
 *	   [ AAAA|AAAAAAAA|AAAA ]                          a hole: the one case that needs
 *	   [ AAAA ]      [ AAAA ]                          memory, so it is cut first
 *
 * Nothing else can fail. One after the other, from below: a part that is cut off goes under
 * the lock of the area that stays: its pages, then its range; an area as a whole first
 * leaves the index, then its pages go, then rmap forgets it. At the end page tables that
 * cover nothing any more go, one TLB flush for all, and the pages are freed. For what was
 * never touched, which one look at the tables shows, none of that is done.
 */
#include "mm/space/areas.h"
#include "mm/space/pages.h"

/* What a range took with it. */
struct unmapped {
	unsigned long promised; /* pages */
	bool pages;             /* something was mapped: tlb is in use */
	struct mmu_gather tlb;
};

/* How many entries a table has, while faults elsewhere may add some. */
static __no_sanitize_thread u32 present_about(const pte_t *slot)
{
	return READ_ONCE(user_table(slot)->pt_present);
}

/*
 * Nothing to do in the tables for [start, end)? Nothing was ever touched there, and on the way to
 * it is no table that other areas have left empty: the last to go must take it along. Faults are
 * kept out.
 */
static inline bool untouched(const struct mm_struct *mm, unsigned long start, unsigned long end)
{
	pte_t *table = mm->arch.root;

#pragma GCC unroll 5
	for (int level = PT_LEVELS - 1; level > PT_PTE; level--) {
		if (PT_BITS(level) == 0)
			continue;

		pte_t *slot = table + pt_index(level, start);
		const pte_t e = pte_get(slot);

		if (!pte_is_table(e))
			return end <= ALIGN_DOWN(start, PT_SIZE(level)) + PT_SIZE(level) &&
			       (level == (int)pt_top() || present_about(slot));
		table = pt_table(e);
	}
	return false;
}

static __noinline void zap(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			   struct unmapped *u)
{
	if (!u->pages)
		tlb_gather_init(&u->tlb, vma->vm_mm, false);
	u->pages = true;
	zap_page_range(&u->tlb, vma, start, end);
}

static inline void uncount(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			   unsigned long *promised)
{
	const unsigned long pages = (end - start) >> PAGE_SHIFT;
	struct mm_struct *mm = vma->vm_mm;

	mm_count(mm, vma->vm_flags, -(long)pages);
	if (unlikely(vma->vm_flags & VM_LOCKED))
		mm->locked_vm -= pages;
	if (vma->vm_flags & VM_ACCOUNT)
		*promised += pages;
}

/* Cut [start, end), one end of the cursor's area, off. */
static __noinline void trim(struct vma_cursor *at, struct vm_area_struct *vma, unsigned long start,
			    unsigned long end, struct unmapped *u)
{
	uncount(vma, start, end, &u->promised);
	down_write(&vma->lock);
	if (!untouched(vma->vm_mm, start, end))
		zap(vma, start, end, u);
	vma_range_begin(vma);
	trace_vma_unmap((unsigned long)vma->vm_mm, start, end, vma->vm_flags);
	if (start == vma->vm_start) {
		vma->vm_pgoff += (end - start) >> PAGE_SHIFT;
		vma_tree_resize_at(at, vma, end, vma->vm_end);
	} else {
		vma_tree_resize_at(at, vma, vma->vm_start, start);
	}
	vma_range_end(vma);
	up_write(&vma->lock);
}

/* Take an area from the faults: who is inside leaves, who comes sees that it is gone. */
static inline void detach(struct vm_area_struct *vma, unsigned long *promised)
{
	uncount(vma, vma->vm_start, vma->vm_end, promised);
	down_write(&vma->lock);
	vma->vm_flags |= VM_DETACHED;
	up_write(&vma->lock);
}

/* At the moment when they leave the index, and not before: the mark goes by that (mark.c). */
static __cold void record_unmap(struct vm_area_struct *const *run, unsigned n)
{
	for (; n > 0; n--, run++)
		trace_vma_unmap((unsigned long)(*run)->vm_mm, (*run)->vm_start, (*run)->vm_end,
				(*run)->vm_flags);
}

/*
 * Areas that lie within the range as a whole, beginning with the cursor's, as many as stand in
 * its node. The area behind those that went, and the cursor is there.
 */
static struct vm_area_struct *remove_run(struct vma_cursor *at, unsigned long end,
					 struct unmapped *u)
{
	const struct vma_node *node = at->node[0];
	struct vm_area_struct *run[VMA_NODE_ENTRIES], *next;
	unsigned long run_end = 0;
	unsigned n = 0;

	for (unsigned i = at->index[0]; i < node->n && node->end[i] <= end; i++) {
		run[n] = node->slot[i];
		run_end = node->end[i];
		detach(run[n++], &u->promised);
	}
	if (trace_on())
		record_unmap(run, n);
	next = vma_tree_remove_at(at, n, run_end);
	for (unsigned i = 0; i < n; i++) {
		if (!untouched(run[i]->vm_mm, run[i]->vm_start, run[i]->vm_end))
			zap(run[i], run[i]->vm_start, run[i]->vm_end, u);
		vma_discard(run[i]);
	}
	return next;
}

/* Is there a table that covers a part of [start, end) and nothing outside [floor, ceiling)? */
static inline bool may_empty_table(unsigned long start, unsigned long end, unsigned long floor,
				   unsigned long ceiling)
{
	const unsigned long span = PT_SIZE(PT_PTE) << PT_BITS(PT_PTE);
	const unsigned long base = ALIGN_DOWN(start, span);

	return end - base > span ||
	       (floor <= base && (base + span <= ceiling || ceiling >= TASK_SIZE));
}

/* There may be a gap now that ends here. */
static __noinline void raise_hint(struct mm_struct *mm, unsigned long address)
{
	address = min(address, mm->mmap_base);
	if (mm->mmap_hint && address > mm->mmap_hint)
		mm->mmap_hint = address;
}

static inline void update_hint(struct mm_struct *mm, const struct vm_area_struct *next)
{
	if (unlikely((next ? next->vm_start : TASK_SIZE) > mm->mmap_hint))
		raise_hint(mm, next ? vma_guarded_start(next, next->vm_start) : TASK_SIZE);
}

/* The pages and the tables of a detached area, and the area. */
static __noinline void empty_and_discard(struct vm_area_struct *vma, unsigned long floor,
					 unsigned long ceiling)
{
	const unsigned long start = vma->vm_start, end = vma->vm_end;
	struct mmu_gather tlb;

	tlb_gather_init(&tlb, vma->vm_mm, false);
	zap_page_range(&tlb, vma, start, end);
	vma_discard(vma);
	if (may_empty_table(start, end, floor, ceiling))
		free_page_tables(&tlb, start, end, floor, ceiling);
	tlb_gather_finish(&tlb);
}

/* The commonest case: the range is the cursor's area, no more and no less. */
static __always_inline void unmap_area(struct mm_struct *mm, struct vma_cursor *at,
				       struct vm_area_struct *vma)
{
	const struct vm_area_struct *prev = vma_before(at, vma->vm_start), *next;
	unsigned long promised = 0;

	detach(vma, &promised);
	trace_vma_unmap((unsigned long)mm, vma->vm_start, vma->vm_end, vma->vm_flags);
	next = vma_tree_remove_at(at, 1, vma->vm_end);
	if (untouched(mm, vma->vm_start, vma->vm_end))
		vma_discard(vma);
	else
		empty_and_discard(vma, prev ? prev->vm_end : 0, next ? next->vm_start : TASK_SIZE);
	if (promised)
		vm_unaccount(promised);
	update_hint(mm, next);
}

/* Any range; `vma` is the cursor's and at least a part of it lies within. */
static __noinline int unmap_range(struct mm_struct *mm, struct vma_cursor *at,
				  struct vm_area_struct *vma, unsigned long start,
				  unsigned long end)
{
	unsigned long floor = start, ceiling;
	const struct vm_area_struct *prev;
	struct unmapped u;

	u.promised = 0;
	u.pages = false;
	if (vma->vm_start < start) {
		if (end < vma->vm_end) {
			if (vma_split_at(at, vma, end, vma->vm_flags))
				return -ENOMEM;
			vma_seek(at, &mm->vmas, start);
		}
		trim(at, vma, start, vma->vm_end, &u);
		vma = vma_seek(at, &mm->vmas, start);
	} else {
		prev = vma_before(at, vma->vm_start);
		floor = prev ? prev->vm_end : 0;
	}
	while (vma && vma->vm_end <= end)
		vma = remove_run(at, end, &u);
	if (vma && vma->vm_start < end)
		trim(at, vma, vma->vm_start, end, &u);
	ceiling = vma ? vma->vm_start : TASK_SIZE;
	if (u.pages) {
		if (may_empty_table(start, end, floor, ceiling))
			free_page_tables(&u.tlb, start, end, floor, ceiling);
		tlb_gather_finish(&u.tlb);
	}
	if (u.promised)
		vm_unaccount(u.promised);
	update_hint(mm, vma);
	return 0;
}

int unmap_range_locked(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vma_cursor at;
	struct vm_area_struct *vma = vma_seek(&at, &mm->vmas, start);

	if (!vma || vma->vm_start >= end)
		return 0;
	if (likely(vma->vm_start == start && vma->vm_end == end)) {
		unmap_area(mm, &at, vma);
		return 0;
	}
	return unmap_range(mm, &at, vma, start, end);
}

/* Is this area a piece of a mapping of `file` (NULL: any) that began at addr? */
static bool is_piece(const struct vm_area_struct *vma, unsigned long addr,
		     const struct vm_operations *ops, const struct file *file)
{
	return vma->vm_ops == ops && (!file || vma->vm_file == file) &&
	       (vma->vm_start - addr) >> PAGE_SHIFT == vma->vm_pgoff;
}

int do_unmap_object(struct mm_struct *mm, unsigned long addr, const struct vm_operations *ops)
{
	const struct file *file = NULL;
	struct vm_area_struct *vma;
	unsigned long next = addr;
	u64 last = ~0ULL; /* page of the file */

	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	while ((vma = vma_tree_find(&mm->vmas, next)) &&
	       (vma->vm_start - addr) >> PAGE_SHIFT <= last) {
		next = vma->vm_end;
		if (vma->vm_start < addr || !is_piece(vma, addr, ops, file))
			continue;
		file = vma->vm_file; /* which stays until mm_unlock() */
		last = (vma->vm_mapping->size(vma->vm_mapping) - 1) >> PAGE_SHIFT;
		(void)unmap_range_locked(mm, vma->vm_start, vma->vm_end); /* whole: cannot fail */
	}
	mm_unlock(mm);
	return file ? 0 : -EINVAL;
}

int do_munmap(struct mm_struct *mm, unsigned long start, unsigned long len)
{
	int err;

	if ((start & ~PAGE_MASK) || start > TASK_SIZE || len > TASK_SIZE - start || !len)
		return -EINVAL;
	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	err = unmap_range_locked(mm, start, start + round_to_page(len));
	mm_unlock(mm);
	return err;
}
