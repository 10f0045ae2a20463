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

static void uncount(struct vm_area_struct *vma, unsigned long start, unsigned long end,
		    struct unmapped *u)
{
	const unsigned long pages = (end - start) >> PAGE_SHIFT;
	struct mm_struct *mm = vma->vm_mm;

	mm_count(mm, vma->vm_flags, -(long)pages);
	if (vma->vm_flags & VM_LOCKED)
		mm->locked_vm -= pages;
	if (vma->vm_flags & VM_ACCOUNT)
		u->promised += pages;
	trace_vma_unmap((u64)(uintptr_t)mm, start, end, vma->vm_flags);
}

/* Cut [start, end), one end of the area, off. */
static void trim(struct vm_area_struct *vma, unsigned long start, unsigned long end,
		 struct unmapped *u)
{
	struct mm_struct *mm = vma->vm_mm;

	uncount(vma, start, end, u);
	down_write(&vma->lock);
	zap_page_range(&u->tlb, vma, start, end);
	vma_range_begin(vma);
	if (start == vma->vm_start) {
		vma->vm_pgoff += (end - start) >> PAGE_SHIFT;
		vma_tree_resize(&mm->vmas, vma, end, vma->vm_end);
	} else {
		vma_tree_resize(&mm->vmas, vma, vma->vm_start, start);
	}
	vma_range_end(vma);
	up_write(&vma->lock);
}

int unmap_range_locked(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vm_area_struct *prev, *vma = vma_tree_find_prev(&mm->vmas, start, &prev);
	unsigned long floor = prev ? prev->vm_end : 0, ceiling;
	struct unmapped u;

	if (!vma || vma->vm_start >= end)
		return 0;
	if (vma->vm_start < start && end < vma->vm_end && vma_split(mm, vma, end))
		return -ENOMEM;
	u.promised = 0;
	tlb_gather_init(&u.tlb, mm, false);
	if (vma->vm_start < start) {
		floor = start;
		trim(vma, start, vma->vm_end, &u);
		vma = vma_tree_find(&mm->vmas, start);
	}
	while (vma && vma->vm_end <= end) {
		const unsigned long vma_end = vma->vm_end;

		uncount(vma, vma->vm_start, vma_end, &u);
		vma_detach(mm, vma);
		zap_page_range(&u.tlb, vma, vma->vm_start, vma_end);
		vma_discard(vma);
		vma = vma_tree_find(&mm->vmas, vma_end);
	}
	if (vma && vma->vm_start < end)
		trim(vma, vma->vm_start, end, &u);
	ceiling = vma ? vma->vm_start : TASK_SIZE;
	free_page_tables(&u.tlb, start, end, floor, ceiling);
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
