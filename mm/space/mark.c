/*
 * The address spaces' part of a mark: of each its counts, its areas, and its entries as
 * runs of pages that follow each other in the space and in memory.  (mm/mark.h)
 *
 * All spaces are visited, also those that no task is in any more.
 */
#include "mm/mark.h"
#include "mm/space/pages.h"

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

static void mark_leaf(unsigned long va, enum pt_level level, pte_t e, struct pt_rights rights,
		      void *arg)
{
	const pfn_t pfn = pte_pfn(e);
	struct run *run = arg;

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

static void mark_mm(struct mm_struct *mm)
{
	struct run run = {.mm = mm};
	struct vm_area_struct *vma;

	trace_mark_mm((unsigned long)mm, (u64)atomic_read(&mm->rss[MM_ANONPAGES]),
		      (u64)atomic_read(&mm->rss[MM_FILEPAGES]),
		      (u64)atomic_read(&mm->rss[MM_SHMEMPAGES]));
	trace_mark_tables((unsigned long)mm, (u64)atomic_read(&mm->pgtables_bytes) >> PAGE_SHIFT, 0,
			  0);
	for_each_vma(mm, vma)
		trace_mark_vma((unsigned long)mm, vma->vm_start, vma->vm_end, vma->vm_flags);
	pt_each_leaf(mm->arch.root, 0, TASK_SIZE - 1, mark_leaf, &run);
	end_run(&run);
}

void space_mark(void)
{
	struct mm_struct *mm;

	list_for_each_entry (mm, &all_mms, all_mms)
		mark_mm(mm);
}
