/*
 * mprotect: other rights for a range (S37).
 *
 * Area by area: the part inside the range gets new flags (merge.c cuts and joins), then
 * the entries of its present pages get the new rights (protect.c). The flags come
 * first and under the area's lock, so a fault in between acts by the new rights.
 *
 * Like on Linux a hole in the range is found when it is reached: what lies below it has
 * its new rights then, and -ENOMEM comes back.
 *
 * Private memory that becomes writable for the first time is promised now.
 */
#include "mm/space/areas.h"
#include <linux/mman.h>

#define LOCKED_READ_ONLY \
	(VM_WRITE | VM_SHARED | VM_LOCKED | VM_LOCKONFAULT) /* of these, VM_LOCKED */

/* One area's part of the range. The area that covers it now, or ERR_PTR(-EACCES, -ENOMEM). */
static struct vm_area_struct *protect_part(struct vma_cursor *at, struct vm_area_struct *vma,
					   unsigned long start, unsigned long end,
					   vm_flags_t access)
{
	struct mm_struct *mm = vma->vm_mm;
	const unsigned long pages = (end - start) >> PAGE_SHIFT;
	const vm_flags_t old = vma->vm_flags;
	vm_flags_t new = (old & ~VM_ACCESS_FLAGS) | access;
	unsigned long promised = 0;

	if ((new & ~(new >> 4)) & VM_ACCESS_FLAGS) /* VM_MAYx is VM_x << 4 */
		return ERR_PTR(-EACCES);
	if (new == old)
		return vma;
	if (new &VM_WRITE) {
		if (vma_is_data(new) && !vma_is_data(old) && !mm_may_expand(mm, new, pages) &&
		    mm_may_expand(mm, old, pages))
			return ERR_PTR(-ENOMEM);
		if (!(old & (VM_ACCOUNT | VM_WRITE | VM_HUGETLB | VM_SHARED | VM_NORESERVE))) {
			if (vm_account(mm, pages))
				return ERR_PTR(-ENOMEM);
			promised = pages;
			new |= VM_ACCOUNT;
		}
	}
	vma = vma_modify(at, vma, start, end, new);
	if (IS_ERR(vma)) {
		vm_unaccount(promised);
		return vma;
	}
	down_write(&vma->lock);
	change_protection(vma, start, end);
	up_write(&vma->lock);
	/*
	 * Locked pages become its own now. They are copied without mmap_lock (do_mprotect), but their
	 * family is founded here, for the areas that follow may be joined or not because of it.
	 */
	if (unlikely((old & LOCKED_READ_ONLY) == VM_LOCKED && (new &VM_WRITE)))
		(void)anon_vma_prepare(vma); /* without memory the copies will not be made either */
	return vma;
}

static int protect_range(struct mm_struct *mm, unsigned long start, unsigned long end,
			 vm_flags_t access, unsigned long grows)
{
	struct vma_cursor at;
	struct vm_area_struct *vma = vma_seek(&at, &mm->vmas, start);

	if (!vma)
		return -ENOMEM;
	if (unlikely(grows & PROT_GROWSDOWN)) {
		if (vma->vm_start >= end)
			return -ENOMEM;
		start = vma->vm_start;
		if (!(vma->vm_flags & VM_GROWSDOWN))
			return -EINVAL;
	} else {
		if (vma->vm_start > start)
			return -ENOMEM;
		if (grows & PROT_GROWSUP)
			return -EINVAL; /* nothing grows upwards here */
	}
	for (;;) {
		const unsigned long part_end = min(vma->vm_end, end);

		vma = protect_part(&at, vma, start, part_end, access);
		if (IS_ERR(vma))
			return PTR_ERR(vma);
		start = part_end;
		if (start >= end)
			return 0;
		vma = vma_seek(&at, &mm->vmas, start);
		if (!vma || vma->vm_start > start)
			return -ENOMEM;
	}
}

int do_mprotect(struct mm_struct *mm, unsigned long start, unsigned long len, unsigned long prot)
{
	const unsigned long grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
	unsigned long end;
	bool locked;
	int err;

	prot &= ~(unsigned long)(PROT_GROWSDOWN | PROT_GROWSUP);
	if (grows == (PROT_GROWSDOWN | PROT_GROWSUP))
		return -EINVAL;
	if (start & ~PAGE_MASK)
		return -EINVAL;
	if (!len)
		return 0;
	end = start + round_to_page(len);
	if (end <= start)
		return -ENOMEM;
	if (prot & ~(unsigned long)(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM))
		return -EINVAL;
	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	err = protect_range(mm, start, end, prot & VM_ACCESS_FLAGS, grows);
	locked = mm->locked_vm != 0;
	mm_unlock(mm);
	if (unlikely(locked) && (prot & PROT_WRITE))
		populate_locked(mm, start,
				end); /* private pages of its own, not at the first write */
	return err;
}
