/*
 * brk: the heap, an anonymous area behind the program that grows and shrinks at its end.
 *
 * There is no error: who asks for what he cannot have gets the break as it was.
 */
#include "mm/space/areas.h"

#define BRK_FLAGS (VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC | VM_ACCOUNT)

void mm_set_brk(struct mm_struct *mm, unsigned long end_of_bss)
{
	mm->start_brk = mm->brk = round_to_page(end_of_bss);
	if (space_randomize() == RANDOMIZE_ALL)
		mm->start_brk = mm->brk = round_to_page(end_of_bss) + random_pages(13);
}

static bool grow(struct mm_struct *mm, unsigned long from, unsigned long to)
{
	const vm_flags_t flags = BRK_FLAGS | mm->def_flags | VM_SOFTDIRTY;
	const struct vm_area_struct *next = vma_tree_find(&mm->vmas, from);

	if (to > TASK_SIZE || to < from || check_locked_limit(mm, flags, to - from))
		return false;
	if (next) {
		unsigned long limit = next->vm_start;

		if (next->vm_flags & VM_GROWSDOWN)
			limit -= min(limit, stack_guard_gap);
		if (to + PAGE_SIZE > limit)
			return false;
	}
	return map_anonymous(mm, from, to, flags) == 0;
}

static bool shrink(struct mm_struct *mm, unsigned long to, unsigned long from)
{
	const struct vm_area_struct *vma = vma_tree_find(&mm->vmas, to);

	/* Somebody unmapped the heap and perhaps put something else there. */
	if (!vma || vma->vm_start >= from)
		return false;
	return unmap_range_locked(mm, to, from) == 0;
}

unsigned long do_brk(struct mm_struct *mm, unsigned long brk)
{
	unsigned long from, to, populate = 0, limit, data;

	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	if (brk < mm->start_brk)
		goto out;
	limit = space_rlimit(RLIMIT_DATA);
	data = mm->end_data - mm->start_data;
	if (limit != ~0UL && brk - mm->start_brk + data > limit)
		goto out;
	from = round_to_page(mm->brk);
	to = round_to_page(brk);
	if (to < brk) /* beyond the last page */
		goto out;
	if (to > from) {
		if (!grow(mm, from, to))
			goto out;
		if (mm->def_flags & VM_LOCKED)
			populate = to - from;
	} else if (to < from && !shrink(mm, to, from)) {
		goto out;
	}
	mm->brk = brk;
out:
	brk = mm->brk;
	mm_unlock(mm);
	if (populate)
		populate_quietly(mm, from, populate);
	return brk;
}
