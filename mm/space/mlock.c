/*
 * mlock: memory that stays in memory.
 *
 * A lock is two things: the area's flag, which keeps reclaim's hands off every page it maps
 * and makes later faults lock theirs, and the pages being there, which is done after the
 * flags and without mmap_lock (it may take long). With MLOCK_ONFAULT the second is
 * left out. Errors of the second half are what mlock(2) says: -ENOMEM or -EAGAIN;
 * the flags stay.
 */
#include "mm/space/areas.h"
#include <linux/mman.h>

#define LOCK_FLAGS (VM_LOCKED | VM_LOCKONFAULT)

static bool may_lock_all(void)
{
	return space_limits.capable_ipc_lock && space_limits.capable_ipc_lock();
}

/* One area's part: the area that covers it now, or ERR_PTR(-ENOMEM). */
static struct vm_area_struct *lock_part(struct mm_struct *mm, struct vm_area_struct *vma,
					unsigned long start, unsigned long end, vm_flags_t flags)
{
	const vm_flags_t old = vma->vm_flags, new = (old & ~LOCK_FLAGS) | flags;
	const unsigned long pages = (end - start) >> PAGE_SHIFT;

	struct vma_cursor at;

	if (new == old || (old & VM_SPECIAL))
		return vma;
	vma_seek(&at, &mm->vmas, vma->vm_start);
	vma = vma_modify(&at, vma, start, end, new);
	if (IS_ERR(vma))
		return vma;
	if ((new &VM_LOCKED) && !(old & VM_LOCKED))
		mm->locked_vm += pages;
	else if (!(new &VM_LOCKED))
		mm->locked_vm -= pages;
	if ((new ^ old) & VM_LOCKED)
		mlock_range(vma, start, end, new &VM_LOCKED);
	return vma;
}

static int lock_range(struct mm_struct *mm, unsigned long start, unsigned long end,
		      vm_flags_t flags)
{
	struct vm_area_struct *vma;

	if (end < start)
		return -EINVAL;
	while (start < end) {
		vma = vma_tree_find(&mm->vmas, start);
		if (!vma || vma->vm_start > start)
			return -ENOMEM;
		vma = lock_part(mm, vma, start, min(vma->vm_end, end), flags);
		if (IS_ERR(vma))
			return PTR_ERR(vma);
		start = min(vma->vm_end, end);
	}
	return 0;
}

/* Pages of the range that are locked already: they need not be counted twice. */
static unsigned long locked_within(const struct mm_struct *mm, unsigned long start,
				   unsigned long end)
{
	const struct vm_area_struct *vma = vma_tree_find(&mm->vmas, start);
	unsigned long pages = 0;

	for (; vma && vma->vm_start < end; vma = vma_tree_find(&mm->vmas, vma->vm_end))
		if (vma->vm_flags & VM_LOCKED)
			pages += (min(vma->vm_end, end) - max(vma->vm_start, start)) >> PAGE_SHIFT;
	return pages;
}

int do_mlock(struct mm_struct *mm, unsigned long start, unsigned long len, vm_flags_t flags)
{
	const unsigned long limit = space_rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	unsigned long locked;
	long result = -ENOMEM;

	if (!can_mlock())
		return -EPERM;
	len = round_to_page(len + (start & ~PAGE_MASK));
	start &= PAGE_MASK;
	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	locked = mm->locked_vm + (len >> PAGE_SHIFT);
	if (locked > limit && !may_lock_all())
		locked -= locked_within(mm, start, start + len);
	if (locked <= limit || may_lock_all())
		result = lock_range(mm, start, start + len, flags);
	mm_unlock(mm);
	if (result || !len || (flags & VM_LOCKONFAULT))
		return result;
	result = populate_range(mm, start, len);
	if (result == -EFAULT)
		return -ENOMEM;
	return result == -ENOMEM ? -EAGAIN : min(result, 0L);
}

int do_munlock(struct mm_struct *mm, unsigned long start, unsigned long len)
{
	int err;

	len = round_to_page(len + (start & ~PAGE_MASK));
	start &= PAGE_MASK;
	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	err = lock_range(mm, start, start + len, 0);
	mm_unlock(mm);
	return err;
}

/* All areas there are; one that cannot be split or joined for want of memory is left. */
static void lock_all(struct mm_struct *mm, vm_flags_t flags)
{
	struct vm_area_struct *vma = vma_tree_find(&mm->vmas, 0);

	while (vma) {
		const unsigned long end = vma->vm_end;

		lock_part(mm, vma, vma->vm_start, end, flags);
		vma = vma_tree_find(&mm->vmas, end);
	}
}

int do_mlockall(struct mm_struct *mm, int flags)
{
	const unsigned long limit = space_rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	vm_flags_t vm_flags = VM_LOCKED;
	int err = -ENOMEM;

	if (!flags || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) || flags == MCL_ONFAULT)
		return -EINVAL;
	if (!can_mlock())
		return -EPERM;
	if (flags & MCL_ONFAULT)
		vm_flags |= VM_LOCKONFAULT;
	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	if (!(flags & MCL_CURRENT) || mm->total_vm <= limit || may_lock_all()) {
		mm->def_flags &= ~LOCK_FLAGS;
		if (flags & MCL_FUTURE)
			mm->def_flags |= vm_flags;
		if (flags & MCL_CURRENT)
			lock_all(mm, vm_flags);
		err = 0;
	}
	mm_unlock(mm);
	if (!err && (flags & MCL_CURRENT))
		populate_locked(mm, 0, TASK_SIZE);
	return err;
}

void do_munlockall(struct mm_struct *mm)
{
	down_write(&mm->mmap_lock);
	mm->def_flags &= ~LOCK_FLAGS;
	lock_all(mm, 0);
	mm_unlock(mm);
}

void populate_locked(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	while (start < end) {
		struct vm_area_struct *vma;
		unsigned long from, to;
		bool wanted;

		down_read(&mm->mmap_lock);
		vma = vma_tree_find(&mm->vmas, start);
		from = vma ? max(start, vma->vm_start) : end;
		to = vma ? min(end, vma->vm_end) : end;
		wanted = vma && (vma->vm_flags & LOCK_FLAGS) == VM_LOCKED;
		up_read(&mm->mmap_lock);
		if (wanted && from < to)
			populate_quietly(mm, from, to - from);
		start = to;
	}
}
