/*
 * Memory made present without being touched by its program: MAP_POPULATE and mlock.
 *
 * All of it is faults, taken on purpose.  What is present already is skipped by a look
 * at the entry without locks: tables live until the end of an epoch.
 */
#include "mm/space/pages.h"

/* Does the entry for an address allow the access already? No lock, a hint. */
static bool is_present(const struct mm_struct *mm, unsigned long address, bool write)
{
	pte_t *slot = user_pte(mm, address), e;

	if (!slot)
		return false;
	e = pte_get(slot);
	return pte_present(e) && pte_user(e) && (!write || pte_write(e));
}

/* What a program would do to have its pages: private memory is written, the rest read. */
static unsigned populate_access(const struct vm_area_struct *vma)
{
	if ((vma->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE)
		return ACCESS_WRITE;
	return vma->vm_flags & (VM_READ | VM_WRITE) ? ACCESS_READ : ACCESS_EXEC;
}

long populate_range(struct mm_struct *mm, unsigned long start, unsigned long len)
{
	const unsigned long end = ALIGN_UP(start + len, PAGE_SIZE);
	unsigned long area_end = 0;
	unsigned access = 0;
	bool on_fault = false;
	long done = 0;

	for (unsigned long va = start & PAGE_MASK; va < end; va += PAGE_SIZE, done++) {
		if (va >= area_end) {
			struct vm_area_struct *vma;

			cond_resched();
			down_read(&mm->mmap_lock);
			vma = find_vma(mm, va);
			if (vma && vma->vm_start <= va) {
				access = populate_access(vma);
				area_end = vma->vm_end;
				on_fault = vma->vm_flags & VM_LOCKONFAULT;
			} else {
				vma = NULL;
			}
			up_read(&mm->mmap_lock);
			if (!vma)
				return -ENOMEM;
			if (on_fault) { /* it is to have its pages when they are touched */
				done += (min(area_end, end) - va - 1) >> PAGE_SHIFT;
				va = min(area_end, end) - PAGE_SIZE;
				continue;
			}
		}

		bool present;

		epoch_read_lock();
		present = is_present(mm, va, access == ACCESS_WRITE);
		epoch_read_unlock();
		if (present)
			continue;

		fault_t result = handle_mm_fault(mm, va, access);

		if (result & FAULT_ERROR)
			return fault_to_errno(result);
		if (fatal_signal_pending())
			return -EINTR;
	}
	return done;
}
