/*
 * The OOM killer: badness of processes, the choice, the report, the kill (SYSTEM.md S45).
 *
 * Badness is a number of pages and nothing else: what would come back.  oom_score_adj moves it by
 * thousandths of all memory, so that +500 makes a process look as if it had half the
 * machine more, and -1000 takes it out of the choice altogether.
 *
 * out_of_memory() is called by the allocator when reclaim brings nothing more, for requests of orders 0 to
 * 3, by a task that may hold any sleeping lock.  So nothing here waits for a lock that sleeps, or
 * asks for memory; one task at a time is inside, others come again a little later.
 *
 *	request fails --> a victim is dying? --> wait a moment, try again
 *	                       | no, or it takes too long (its memory cannot be had): another one
 *	                       v
 *	                  the worst process --> SIGKILL to all who share its memory --> the reaper
 *
 * The victim.  SIGKILL ends every sleep but the short ones; its requests may take the last page
 * (mm/frame/alloc.c).  It may still be stuck behind a lock that the asking task holds: so a thread of the
 * kernel takes its private pages away meanwhile (mm/space/reap.c), and if that does not work either, after
 * VICTIM_NS, or REAPER_NS while that thread is still at it, the next worst has to go.
 *
 * Nobody is killed for requests that could not use what he has: DMA memory, one node's alone, low memory
 * while there is high memory to be had; nor for those who may not wait for file systems, for
 * which reclaim has not done its utmost.
 *
 * When nobody is left to kill the request fails, and whoever asked hears of it: Linux stops the machine.
 */
#include "kernel/oom.h"
#include "kernel/family.h"

#include "kernel/initcall.h"
#include "kernel/sched.h"
#include "lib/printk.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/swap/swap.h"
#include "mm/trace/trace.h"
#include "sync/stall.h"
#include <linux/oom.h>

#define PAUSE_NS  10000000ULL
#define VICTIM_NS 2000000000ULL
#define REAPER_NS 10000000000ULL
#define KB(pages) ((unsigned long)(pages) << (PAGE_SHIFT - 10))

int sysctl_panic_on_oom, sysctl_oom_kill_allocating_task, sysctl_oom_dump_tasks = 1;

static u32 inside; /* atomic: somebody is choosing */
/* Who is inside changes them; the reaper reads them, and takes the space. */
static struct {
	struct mm_struct *mm; /* held by mm_count; NULL: no victim, or it is gone */
	u64 since;            /* ktime */
	pid_t pid;
	char comm[TASK_COMM_LEN];
} victim;
static struct mm_struct *to_reap; /* atomic: held by mm_count; the reaper's when it takes it */
static u32 reaping;               /* atomic: it has, and is not done with it */
static struct task_struct *reaper;

/* --- Badness --- */

unsigned long oom_total_pages(void)
{
	const unsigned long swap = space_limits.total_swap ? space_limits.total_swap() : 0;

	return max(totalram_pages() + swap, 1UL);
}

/* A thread of the process that has its memory still, locked; NULL. (its family) */
static struct task_struct *lock_thread_with_mm(struct task_struct *process) NO_LOCK_ANALYSIS
{
	struct task_struct *t;

	for_each_thread(t, process)
	{
		task_lock(t);
		if (t->mm)
			return t;
		task_unlock(t);
	}
	return NULL;
}

static long pages_of(struct mm_struct *mm)
{
	return (long)mm_rss(mm) + mm_counter(mm, MM_SWAPENTS) +
	       (long)(atomic_read(&mm->pgtables_bytes) >> PAGE_SHIFT);
}

/* (its family) */
static long badness(struct task_struct *process, unsigned long total) NO_LOCK_ANALYSIS
{
	const long adj = READ_ONCE(process->group_leader->oom_score_adj);
	struct task_struct *t;
	long points;

	if (process->tgid == 1 || (process->pf & PF_KTHREAD) || adj == OOM_SCORE_ADJ_MIN ||
	    process->vfork_done)
		return OOM_NEVER;
	t = lock_thread_with_mm(process);
	if (!t)
		return OOM_NEVER;
	points = READ_ONCE(t->mm->reaped) ? OOM_NEVER : pages_of(t->mm);
	task_unlock(t);
	return points == OOM_NEVER ? points : points + adj * (long)(total / 1000);
}

long oom_badness(struct task_struct *process, unsigned long total)
{
	long points;

	lock_families(family_of(process));
	points = badness(process->group_leader, total);
	unlock_families(family_of(process));
	return points;
}

/* The worst process, with a reference; NULL: nobody. */
static struct task_struct *choose(long *worst)
{
	const unsigned long total = oom_total_pages();
	struct task_struct *process, *chosen = NULL;

	*worst = OOM_NEVER;
	lock_tasklist();
	if (sysctl_oom_kill_allocating_task) {
		*worst = badness(current->group_leader, total);
		if (*worst != OOM_NEVER)
			chosen = current->group_leader;
	}
	if (!chosen)
		for_each_process(process)
		{
			const long points = badness(process, total);

			if (points != OOM_NEVER && (!chosen || points > *worst)) {
				chosen = process;
				*worst = points;
			}
		}
	if (chosen)
		get_task(chosen);
	unlock_tasklist();
	return chosen;
}

/* --- The report --- */

static void list_tasks(void) NO_LOCK_ANALYSIS
{
	struct task_struct *process;

	printk(KERN_INFO "Tasks state (memory values in pages):");
	printk(KERN_INFO "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents "
			 "oom_score_adj name");
	lock_tasklist();
	for_each_process(process)
	{
		struct task_struct *t;

		if (process->tgid == 1 || process->pf & PF_KTHREAD)
			continue;
		t = lock_thread_with_mm(process);
		if (!t)
			continue;
		printk(KERN_INFO "[%7d] %5u %5d %8lu %8lu %8lu %8lu         %5d %s", t->pid,
		       t->cred.uid, t->tgid, t->mm->total_vm, (unsigned long)mm_rss(t->mm),
		       (unsigned long)atomic_read(&t->mm->pgtables_bytes),
		       (unsigned long)mm_counter(t->mm, MM_SWAPENTS), process->oom_score_adj,
		       t->comm);
		task_unlock(t);
	}
	unlock_tasklist();
}

static void report(gfp_t gfp, unsigned order)
{
	char flags[256];

	gfp_text(gfp, flags, sizeof(flags));
	printk(KERN_WARNING "%s invoked oom-killer: gfp_mask=%#x(%s), order=%u, oom_score_adj=%d",
	       current->comm, gfp, flags, order, current->group_leader->oom_score_adj);
	printk(KERN_WARNING "CPU: %u PID: %d Comm: %s Not tainted 6.1.0-pagoda", cpu_id(),
	       current->pid, current->comm);
	dump_stack();
	show_mem();
	if (sysctl_oom_dump_tasks)
		list_tasks();
}

static void report_kill(struct task_struct *process, const struct mm_struct *mm)
{
	printk(KERN_INFO
	       "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,"
	       "global_oom,task_memcg=/,task=%s,pid=%d,uid=%u",
	       process->comm, process->pid, process->cred.uid);
	printk(KERN_ERR "%s: Killed process %d (%s) total-vm:%lukB, anon-rss:%lukB, "
			"file-rss:%lukB, shmem-rss:%lukB, UID:%u pgtables:%lukB oom_score_adj:%d",
	       sysctl_oom_kill_allocating_task ? "Out of memory (oom_kill_allocating_task)"
					       : "Out of memory",
	       process->pid, process->comm, KB(mm->total_vm), KB(mm_counter(mm, MM_ANONPAGES)),
	       KB(mm_counter(mm, MM_FILEPAGES)), KB(mm_counter(mm, MM_SHMEMPAGES)),
	       process->cred.uid, (unsigned long)atomic_read(&mm->pgtables_bytes) >> 10,
	       process->oom_score_adj);
}

/* --- The kill --- */

/* SIGKILL to every process that shares the space: its memory comes back with the last of them. */
static void kill_users(const struct mm_struct *mm) NO_LOCK_ANALYSIS
{
	siginfo_t info;
	struct task_struct *process;

	memset(&info, 0, sizeof(info));
	info.si_signo = SIGKILL;
	info.si_code = SI_KERNEL;
	lock_tasklist();
	for_each_process(process)
	{
		struct task_struct *t = lock_thread_with_mm(process);
		bool shares;

		if (!t)
			continue;
		shares = t->mm == mm;
		task_unlock(t);
		if (shares && process->tgid != 1 && !(process->pf & PF_KTHREAD))
			(void)send_signal_group(SIGKILL, &info, process);
	}
	unlock_tasklist();
}

/* The space of a process, held by mm_count; NULL: gone meanwhile. */
static struct mm_struct *hold_mm(struct task_struct *process) NO_LOCK_ANALYSIS
{
	struct mm_struct *mm = NULL;
	struct task_struct *t;

	lock_families(family_of(process));
	t = lock_thread_with_mm(process);
	if (t) {
		mm = t->mm;
		mmgrab(mm);
		task_unlock(t);
	}
	unlock_families(family_of(process));
	return mm;
}

static void kill_process(struct task_struct *process, long points)
{
	struct mm_struct *mm = hold_mm(process);

	if (!mm)
		return;
	report_kill(process, mm);
	trace_oom_kill((u64)process->pid, (u64)points, (u64)pages_of(mm), 0);
	victim.since = ktime_ns();
	victim.pid = process->pid;
	str_copy(victim.comm, process->comm, sizeof(victim.comm));
	victim.mm = mm;
	kill_users(mm);
	mmgrab(mm);
	mm = xchg(&to_reap, mm);
	if (mm) /* the reaper is stuck with an earlier one, and this one has to go without it */
		mmdrop(mm);
	wake_up_process(reaper);
}

/*
 * Is there memory to come from the last victim? If not it is forgotten. The reaper gets more time, but
 * not for ever: what it waits for may be a lock of one who waits for memory.
 */
static bool victim_is_dying(void)
{
	u64 age;

	if (!victim.mm)
		return false;
	age = ktime_ns() - victim.since;
	if ((READ_ONCE(to_reap) || READ_ONCE(reaping)) && age < REAPER_NS)
		return true;
	if (mm_rss(victim.mm) && age < VICTIM_NS)
		return true;
	mmdrop(victim.mm);
	victim.mm = NULL;
	return false;
}

static void pause(void)
{
	stall_begin(STALL_MEMORY);
	set_current_state(TASK_KILLABLE);
	schedule_timeout(PAUSE_NS);
	set_current_state(TASK_RUNNING);
	stall_end(STALL_MEMORY);
}

/* Kill somebody: is it worth to try again? */
static bool make_room(gfp_t gfp, unsigned order)
{
	struct task_struct *process;
	long points;

	if (victim_is_dying())
		return true;
	if (sysctl_panic_on_oom) {
		report(gfp, order);
		panic("Out of memory: %s panic_on_oom is enabled",
		      sysctl_panic_on_oom == 2 ? "compulsory" : "system-wide");
	}
	process = choose(&points);
	if (!process)
		return false;
	report(gfp, order);
	kill_process(process, points);
	put_task(process);
	return true;
}

/* Could what a process has be of use to the request? */
static bool would_help(gfp_t gfp)
{
	if (!(gfp & __GFP_FS) || gfp & __GFP_THISNODE || gfp_zone(gfp) < ZONE_NORMAL)
		return false;
	return gfp_zone(gfp) >= ZONE_HIGHMEM || nr_free_highpages() <= totalhigh_pages() / 16;
}

static bool out_of_memory(gfp_t gfp, unsigned order)
{
	bool again;

	if (!would_help(gfp) || !reaper)
		return false;
	if (fatal_signal_pending())
		return true;
	if (current->pf & PF_EXITING)
		return false;
	if (xchg(&inside, 1u)) {
		pause();
		return true;
	}
	if (swap_tell_to_stay()) { /* a swapoff can give up, a victim cannot */
		store_release(&inside, 0u);
		pause();
		return true;
	}
	again = make_room(gfp, order);
	store_release(&inside, 0u);
	if (again && !fatal_signal_pending())
		pause();
	return again;
}

/* --- The reaper --- */

/* A space whose users have been killed. The mm_count goes. */
static void reap_space(struct mm_struct *mm)
{
	const bool alive = mmget_not_zero(mm);

	for (unsigned tries = 0; alive && tries < 10 && !mm_reap(mm); tries++) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule_timeout(PAUSE_NS);
	}
	drain_local_pages();
	if (alive)
		pr_info("oom_reaper: reaped process %d (%s), now anon-rss:%lukB, file-rss:%lukB, "
			"shmem-rss:%lukB\n",
			victim.pid, victim.comm, KB(mm_counter(mm, MM_ANONPAGES)),
			KB(mm_counter(mm, MM_FILEPAGES)), KB(mm_counter(mm, MM_SHMEMPAGES)));
	store_release(&reaping, 0u);
	if (alive)
		mmput(mm);
	mmdrop(mm);
}

static int reap(void *unused)
{
	(void)task_set_reclaiming(true);
	for (;;) {
		struct mm_struct *mm;

		set_current_state(TASK_INTERRUPTIBLE);
		if (!READ_ONCE(to_reap)) {
			schedule();
			continue;
		}
		set_current_state(TASK_RUNNING);
		store_release(&reaping, 1u); /* before it is seen to be gone */
		mm = xchg(&to_reap, NULL);
		reap_space(mm);
	}
	return 0;
}

static const char *name_of_task(void)
{
	return current->comm;
}

static void swap_space(unsigned long *free, unsigned long *total)
{
	*free = swap_free_pages();
	*total = swap_total_pages();
}

static int oom_init(void)
{
	struct task_struct *t = kthread_run(reap, NULL, "oom_reaper");

	if (IS_ERR(t))
		return PTR_ERR(t);
	reaper = t;
	frame_ops.out_of_memory = out_of_memory;
	frame_ops.task_name = name_of_task;
	frame_ops.swap_space = swap_space;
	return 0;
}
INITCALL(INIT_EARLY, oom_init);
