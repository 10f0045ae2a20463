/*
 * The address spaces' part of a mark: of each its counts, its areas, and its entries as
 * runs of pages that follow each other in the space and in memory.  (mm/mark.h)
 *
 * All spaces are visited, also those that no task is in any more. Of a space whose mmap_lock somebody
 * holds for writing, and may be sleeping with, the areas are not told.
 */
#include "mm/mark.h"
#include "mm/space/pages.h"
#include "mm/swap/swap.h"

struct run {
	const struct mm_struct *mm;
	unsigned long start, count;
	pfn_t pfn;
};

static void end_run(struct run *run)
{
	if (run->count)
		trace_mark_range((unsigned long)run->mm, run->start, run->count, run->pfn);
	run->count = 0;
}

static void mark_entry(struct run *run, unsigned long va, pte_t e)
{
	const pfn_t pfn = pte_pfn(e);

	if (pte_is_swap(e)) {
		trace_mark_swapped((unsigned long)run->mm, va, pte_to_swp_entry(e).v, 0);
		return;
	}
	if (run->count && va == run->start + (run->count << PAGE_SHIFT) &&
	    pfn == run->pfn + run->count) {
		run->count++;
		return;
	}
	end_run(run);
	run->start = va;
	run->pfn = pfn;
	run->count = 1;
}

/* Everything below a table whose entries are of `level`. No rescheduling: pt_each_leaf() is not for us. */
static void mark_table(struct run *run, const pte_t *table, enum pt_level level, unsigned long base)
{
	for (unsigned i = 0; i < 1u << PT_BITS(level); i++) {
		const unsigned long va = base + i * PT_SIZE(level);
		const pte_t e = pte_get(table + i);

		if (va >= TASK_SIZE) /* the kernel's half of a root */
			break;
		if (pte_none(e))
			continue;
		if (level == PT_PTE)
			mark_entry(run, va, e);
		else if (pte_is_table(e))
			mark_table(run, pt_table(e), pt_below(level), va);
	}
}

static void mark_mm(struct mm_struct *mm)
{
	struct run run = {.mm = mm};
	struct vm_area_struct *vma;

	/* Sleeping in the midst of a change of the areas, or of taking them all away. */
	const bool changing = !atomic_read(&mm->mm_users) || !down_read_trylock(&mm->mmap_lock);

	trace_mark_mm((unsigned long)mm, (u64)atomic_read(&mm->pgtables_bytes) >> PAGE_SHIFT,
		      changing, 0);
	if (!changing) {
		trace_mark_rss((unsigned long)mm, (u64)atomic_read(&mm->rss[MM_ANONPAGES]),
			       (u64)atomic_read(&mm->rss[MM_FILEPAGES]),
			       (u64)atomic_read(&mm->rss[MM_SHMEMPAGES]));
		for_each_vma(mm, vma) trace_mark_vma((unsigned long)mm, vma->vm_start, vma->vm_end,
						     vma->vm_flags);
		up_read(&mm->mmap_lock);
	}
	mark_table(&run, mm->arch.root, pt_top(), 0);
	end_run(&run);
}

void space_mark(void)
{
	struct mm_struct *mm;
	struct mm_list *list;

	for_each_mm(mm, list) mark_mm(mm);
}
