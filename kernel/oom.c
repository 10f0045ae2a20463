/*
 * Badness of processes, for /proc/PID/oom_score and whoever must choose one to kill.
 *
 * It is a number of pages and nothing else: what would come back.  oom_score_adj moves it by
 * thousandths of all memory, so that +500 makes a process look as if it had half the
 * machine more, and -1000 takes it out of the choice altogether.
 */
#include "kernel/oom.h"

#include "mm/frame/frame.h"
#include <linux/oom.h>

unsigned long oom_total_pages(void)
{
	const unsigned long swap = space_limits.total_swap ? space_limits.total_swap() : 0;

	return max(totalram_pages() + swap, 1UL);
}

long oom_badness(struct task_struct *task, unsigned long total)
{
	const long adj = READ_ONCE(task->group_leader->oom_score_adj);
	struct mm_struct *mm;
	long points;

	if (task->tgid == 1 || (task->pf & PF_KTHREAD) || adj == OOM_SCORE_ADJ_MIN)
		return OOM_NEVER;
	mm = get_task_mm(task);
	if (!mm)
		return OOM_NEVER;
	points = (long)mm_rss(mm) + mm_counter(mm, MM_SWAPENTS) +
		 (atomic_read(&mm->pgtables_bytes) >> PAGE_SHIFT);
	mmput(mm);
	return points + adj * (long)(total / 1000);
}
