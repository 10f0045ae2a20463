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
 * cover nothing any more go, one TLB flush for all, and the pages are freed.
 */
#include "mm/space/areas.h"

/* What a range took with it. */
struct unmapped {
	struct mmu_gather tlb;
	unsigned long promised; /* pages */
};

static inline void uncount(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			   struct unmapped *u)
{
	const unsigned long pages = (end - start) >> PAGE_SHIFT;
	struct mm_struct *mm = vma->vm_mm;

	mm_count(mm, vma->vm_flags, -(long)pages);
	if (unlikely(vma->vm_flags & VM_LOCKED))
		mm->locked_vm -= pages;
	if (vma->vm_flags & VM_ACCOUNT)
		u->promised += pages;
	trace_vma_unmap((unsigned long)mm, start, end, vma->vm_flags);
}

/* Cut [start, end), one end of the cursor's area, off. */
static void trim(struct vma_cursor *at, struct vm_area_struct *vma, unsigned long start,
		 unsigned long end, struct unmapped *u)
{
	uncount(vma, start, end, u);
	down_write(&vma->lock);
	zap_page_range(&u->tlb, vma, start, end);
	vma_range_begin(vma);
	if (start == vma->vm_start) {
		vma->vm_pgoff += (end - start) >> PAGE_SHIFT;
		vma_tree_resize_at(at, vma, end, vma->vm_end);
	} else {
		vma_tree_resize_at(at, vma, vma->vm_start, start);
	}
	vma_range_end(vma);
	up_write(&vma->lock);
}

/*
 * Areas that lie within the range as a whole, beginning with the cursor's and as many as stand
 * in its node. The area behind them, and the cursor is there.
 */
static struct vm_area_struct *remove_run(struct vma_cursor *at, unsigned long end,
					 struct unmapped *u)
{
	const struct vma_node *node = at->node[0];
	struct vm_area_struct *run[VMA_NODE_ENTRIES], *next;
	unsigned n = 0;

	for (unsigned i = at->index[0]; i < node->n && node->end[i] <= end; i++) {
		struct vm_area_struct *vma = node->slot[i];

		uncount(vma, vma->vm_start, vma->vm_end, u);
		down_write(&vma->lock); /* who is inside leaves, who comes sees that it is gone */
		vma->vm_flags |= VM_DETACHED;
		up_write(&vma->lock);
		run[n++] = vma;
	}
	next = vma_tree_remove_at(at, n, run[n - 1]->vm_end);
	for (unsigned i = 0; i < n; i++) {
		zap_page_range(&u->tlb, run[i], run[i]->vm_start, run[i]->vm_end);
		vma_discard(run[i]);
	}
	return next;
}

int unmap_range_locked(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vma_cursor at;
	struct vm_area_struct *vma = vma_seek(&at, &mm->vmas, start), *prev;
	unsigned long floor = start;
	struct unmapped u;

	if (!vma || vma->vm_start >= end)
		return 0;
	if (vma->vm_start < start) {
		if (end < vma->vm_end) {
			if (vma_split_at(&at, vma, end))
				return -ENOMEM;
			vma_seek(&at, &mm->vmas, start);
		}
	} else {
		prev = vma_before(&at, vma->vm_start);
		floor = prev ? prev->vm_end : 0;
	}
	u.promised = 0;
	tlb_gather_init(&u.tlb, mm, false);
	if (vma->vm_start < start) {
		trim(&at, vma, start, vma->vm_end, &u);
		vma = vma_seek(&at, &mm->vmas, start);
	}
	while (vma && vma->vm_end <= end)
		vma = remove_run(&at, end, &u);
	if (vma && vma->vm_start < end)
		trim(&at, vma, vma->vm_start, end, &u);
	free_page_tables(&u.tlb, start, end, floor, vma ? vma->vm_start : TASK_SIZE);
	tlb_gather_finish(&u.tlb);
	if (u.promised)
		vm_unaccount(u.promised);
	return 0;
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
