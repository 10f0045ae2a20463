/*
 * remap_file_pages: other pages of the same file at a place within a shared mapping.
 *
 * Once an area could hold its pages in any order. Since Linux 4.0 the call is emulated by a mapping
 * of the other pages over the place, which costs an area for each piece:
 *
 *	[ 0 1 2 3 4 5 6 7 ]        pages 6, 7 at the place of 2, 3:
 *	[ 0 1 ][ 6 7 ][ 4 5 6 7 ]
 *
 * What the mapping may do it keeps: its rights now, those that mprotect may give it, locked or not.
 */
#include "mm/space/areas.h"
#include <linux/mman.h>

/* The owner of the operations wants to know of each area that uses them. */
static int open_copy(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops->open(vma);
	return 0;
}

/* Shared areas of one file and one kind from start to end without a hole: the first, or NULL. */
static const struct vm_area_struct *shared_run(struct mm_struct *mm, unsigned long start,
					       unsigned long end)
{
	const struct vm_area_struct *first = vma_tree_find(&mm->vmas, start), *vma = first;

	if (!first || first->vm_start > start || !(first->vm_flags & VM_SHARED) ||
	    !first->vm_mapping)
		return NULL;
	while (vma->vm_end < end) {
		const struct vm_area_struct *next = vma_tree_find(&mm->vmas, vma->vm_end);

		if (!next || next->vm_start != vma->vm_end || next->vm_file != first->vm_file ||
		    next->vm_flags != first->vm_flags)
			return NULL;
		vma = next;
	}
	return first;
}

static unsigned long prot_of(vm_flags_t flags)
{
	return (flags & VM_READ ? PROT_READ : 0) | (flags & VM_WRITE ? PROT_WRITE : 0) |
	       (flags & VM_EXEC ? PROT_EXEC : 0);
}

int do_remap_file_pages(struct mm_struct *mm, unsigned long start, unsigned long len,
			unsigned long pgoff, unsigned long flags)
{
	const struct vm_area_struct *vma;
	struct map_source source;
	unsigned long prot, result;

	start &= PAGE_MASK;
	len &= PAGE_MASK;
	if (start + len <= start || pgoff + (len >> PAGE_SHIFT) < pgoff)
		return -EINVAL;
	flags = (flags & MAP_NONBLOCK) | MAP_SHARED | MAP_FIXED | MAP_POPULATE;
	down_read(&mm->mmap_lock);
	vma = shared_run(mm, start, start + len);
	if (!vma) {
		up_read(&mm->mmap_lock);
		return -EINVAL;
	}
	prot = prot_of(vma->vm_flags);
	if (vma->vm_flags & VM_LOCKED)
		flags |= MAP_LOCKED;
	source = (struct map_source){
		.file = vma->vm_file,
		.mapping = vma->vm_mapping,
		.ops = vma->vm_ops,
		.readable = vma->vm_flags & VM_MAYREAD,
		.writable = vma->vm_flags & VM_MAYWRITE,
		.noexec = !(vma->vm_flags & VM_MAYEXEC),
		.mmap = vma->vm_ops && vma->vm_ops->open ? open_copy : NULL,
	};
	vm_file_ops.get(source.file);
	up_read(&mm->mmap_lock);
	result = do_mmap(mm, start, len, prot, flags, pgoff, &source);
	vm_file_ops.put(source.file);
	return IS_ERR_VALUE(result) ? (int)(long)result : 0;
}
