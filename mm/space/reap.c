/*
 * A space whose programs have been killed for their memory gives it back before they are gone.
 *
 * The killed may not get round to dying for a long time: they sleep where no signal wakes them, or wait for
 * a lock of the one who needs the memory.  So another takes what is theirs alone: private
 * pages, which nobody will look at again.
 *
 * Not even by accident: a kernel function that copies from such a page would find zeros, and might write
 * them to a file.  So first no fault is served any more: `reaped` says so, and `forking` sends
 * all faults where it is looked at.  Then each area is taken from the faults that had begun.
 * Locks are tried: who holds them may be the one who waits for us.
 */
#include "mm/space/pages.h"

static bool has_private_pages(const struct vm_area_struct *vma)
{
	return !(vma->vm_flags & (VM_SHARED | VM_PFNMAP | VM_HUGETLB)) &&
	       (vma->anon_vma || vma_is_anonymous(vma));
}

static bool reap_area(struct vm_area_struct *vma)
{
	struct mmu_gather tlb;

	if (!down_write_trylock(&vma->lock))
		return false;
	tlb_gather_init_shared(&tlb, vma->vm_mm);
	zap_page_range(&tlb, vma, vma->vm_start, vma->vm_end);
	tlb_gather_finish(&tlb);
	up_write(&vma->lock);
	return true;
}

bool mm_reap(struct mm_struct *mm)
{
	struct vm_area_struct *vma;
	bool all = true;

	if (!down_read_trylock(&mm->mmap_lock))
		return false;
	(void)xchg(&mm->reaped, true);
	(void)xchg(&mm->forking, true); /* no fork is under way: it has the lock */
	for (vma = find_vma(mm, 0); vma; vma = find_vma(mm, vma->vm_end)) {
		if (has_private_pages(vma))
			all &= reap_area(vma);
		if (vma->vm_end >= TASK_SIZE)
			break;
		cond_resched();
	}
	up_read(&mm->mmap_lock);
	return all;
}
