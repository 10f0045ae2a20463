/*
 * msync and mincore: what of a mapping is on its disk, and what is in memory.
 */
#include "mm/space/areas.h"
#include "mm/space/pages.h"
#include <linux/mman.h>

/* Write back what the area maps of [start, end); mmap_lock is let go meanwhile. */
static int sync_area(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long start,
		     unsigned long end) REQUIRES_SHARED(mm->mmap_lock)
{
	const u64 first = vma->vm_pgoff + ((start - vma->vm_start) >> PAGE_SHIFT);
	struct file *file = vma->vm_file;
	int err = 0;

	vm_file_ops.get(file);
	up_read(&mm->mmap_lock);
	if (vm_file_ops.sync)
		err = vm_file_ops.sync(file, first, first + ((end - start) >> PAGE_SHIFT) - 1);
	vm_file_ops.put(file);
	down_read(&mm->mmap_lock);
	return err;
}

static int sync_range(struct mm_struct *mm, unsigned long start, unsigned long end, int flags)
	REQUIRES_SHARED(mm->mmap_lock)
{
	int hole = 0;

	while (start < end) {
		struct vm_area_struct *vma = vma_tree_find(&mm->vmas, start);
		unsigned long part_end;

		if (!vma)
			return -ENOMEM;
		if (start < vma->vm_start) {
			if (flags == MS_ASYNC || vma->vm_start >= end)
				return -ENOMEM;
			start = vma->vm_start;
			hole = -ENOMEM;
		}
		if ((flags & MS_INVALIDATE) && (vma->vm_flags & VM_LOCKED))
			return -EBUSY;
		part_end = min(vma->vm_end, end);
		if ((flags & MS_SYNC) && vma->vm_file && (vma->vm_flags & VM_SHARED)) {
			const int err = sync_area(mm, vma, start, part_end);

			if (err)
				return err;
		}
		start = part_end;
	}
	return hole;
}

int do_msync(struct mm_struct *mm, unsigned long start, unsigned long len, int flags)
{
	const unsigned long end = start + round_to_page(len);
	int err;

	if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) || (start & ~PAGE_MASK) ||
	    ((flags & MS_ASYNC) && (flags & MS_SYNC)))
		return -EINVAL;
	if (end < start)
		return -ENOMEM;
	down_read(&mm->mmap_lock);
	err = sync_range(mm, start, end, flags);
	up_read(&mm->mmap_lock);
	return err;
}

/* Is a touch of this page served without a disk? mmap_lock held. */
static bool in_core(struct mm_struct *mm, const struct vm_area_struct *vma, unsigned long address)
{
	struct page *page;
	bool uptodate;

	if (page_is_resident(mm, address))
		return true;
	if (!swapped_copy(mm, address, &page)) {
		if (!vma->vm_mapping)
			return false;
		page = find_get_page(vma->vm_mapping,
				     vma->vm_pgoff + ((address - vma->vm_start) >> PAGE_SHIFT));
	}
	if (!page)
		return false;
	uptodate = page_test(page, PG_uptodate);
	put_page(page);
	return uptodate;
}

long do_mincore(struct mm_struct *mm, unsigned long start, unsigned long n, u8 *answers)
{
	const struct vm_area_struct *vma;
	long result = -ENOMEM;

	down_read(&mm->mmap_lock);
	vma = vma_tree_find(&mm->vmas, start);
	if (vma && vma->vm_start <= start) {
		n = min(n, (vma->vm_end - start) >> PAGE_SHIFT);
		for (unsigned long i = 0; i < n; i++)
			answers[i] = in_core(mm, vma, start + (i << PAGE_SHIFT));
		result = n;
	}
	up_read(&mm->mmap_lock);
	return result;
}
