/*
 * The stack: an area that grows downwards when it is touched below its start.
 *
 * Between it and what lies below stays a gap of stack_guard_gap, which mmap keeps free
 * (vma_tree.c) and growth does not enter, so a program that overruns its stack is told
 * (SIGSEGV) instead of writing into its heap. Areas without any access are allowed in the
 * gap: programs build guards of their own with them.
 */
#include "mm/space/areas.h"

#define STACK_MARGIN (128UL << 10) /* below the arguments, before the program starts */

static int grow_down(struct vm_area_struct *vma, unsigned long address)
{
	const unsigned long pages = (vma->vm_start - address) >> PAGE_SHIFT;
	struct mm_struct *mm = vma->vm_mm;

	if (pages > vma->vm_pgoff || !mm_may_expand(mm, vma->vm_flags, pages) ||
	    vma->vm_end - address > space_rlimit(RLIMIT_STACK) ||
	    check_locked_limit(mm, vma->vm_flags, pages << PAGE_SHIFT))
		return -ENOMEM;
	if ((vma->vm_flags & VM_ACCOUNT) && vm_account(mm, pages))
		return -ENOMEM;
	mm_count(mm, vma->vm_flags, pages);
	if (vma->vm_flags & VM_LOCKED)
		mm->locked_vm += pages;
	down_write(&vma->lock);
	vma_range_begin(vma);
	vma->vm_pgoff -= pages;
	trace_vma_resize((unsigned long)mm, vma->vm_start, address, vma->vm_end);
	vma_tree_resize(&mm->vmas, vma, address, vma->vm_end);
	vma_range_end(vma);
	up_write(&vma->lock);
	return 0;
}

int expand_stack(struct vm_area_struct *vma, unsigned long address)
{
	const struct vm_area_struct *prev;

	address &= PAGE_MASK;
	if (!(vma->vm_flags & VM_GROWSDOWN))
		return -EFAULT;
	if (address < sysctl_mmap_min_addr)
		return -EPERM;
	if (address >= vma->vm_start)
		return address < vma->vm_end ? 0 : -EFAULT;
	prev = vma_tree_prev(&vma->vm_mm->vmas, vma->vm_start);
	if (prev && prev->vm_end > address)
		return -EFAULT;
	if (prev && !(prev->vm_flags & VM_GROWSDOWN) && (prev->vm_flags & VM_ACCESS_FLAGS) &&
	    address - prev->vm_end < stack_guard_gap)
		return -ENOMEM;
	return grow_down(vma, address);
}

int setup_stack(struct mm_struct *mm, unsigned long top, bool executable)
{
	vm_flags_t flags = VM_STACK_FLAGS | VM_SOFTDIRTY | mm->def_flags;
	int err;

	top &= PAGE_MASK;
	if (executable)
		flags |= VM_EXEC;
	down_write(&mm->mmap_lock);
	err = map_anonymous(mm, top - PAGE_SIZE, top, flags);
	mm_unlock(mm);
	return err;
}

int finish_stack(struct mm_struct *mm)
{
	struct vm_area_struct *vma;
	unsigned long base, limit;
	int err;

	down_write(&mm->mmap_lock);
	vma = vma_tree_find(&mm->vmas, mm->start_stack);
	if (!vma || !(vma->vm_flags & VM_GROWSDOWN)) {
		mm_unlock(mm);
		return -EFAULT;
	}
	limit = space_rlimit(RLIMIT_STACK) & PAGE_MASK;
	/* Below the strings: the vectors, which were written already, are to be in the margin. */
	base = (mm->arg_start ? mm->arg_start & PAGE_MASK : vma->vm_start) - STACK_MARGIN;
	if (vma->vm_end - base > limit)
		base = max(vma->vm_end - limit, base);
	err = base < vma->vm_start ? expand_stack(vma, base) : 0;
	mm_unlock(mm);
	return err;
}
