/*
 * Accounting of CPU time and faults: per task while it lives, summed in
 * signal_struct for the threads that have ended, and in the parent's c* fields for
 * children that were waited for.
 *
 * sum_exec is exact (taken at every switch); the tick only says which part of it
 * was spent in user mode: user = sum_exec * utime / (utime + stime).
 */
#include "kernel/rusage.h"
#include "kernel/family.h"
#include "kernel/sched.h"
#include "kernel/syscall.h"
#include "kernel/time.h"
#include "lib/div.h"
#include "lib/string.h"

static void split(u64 sum, u64 user_ticks, u64 system_ticks, u64 *user, u64 *system)
{
	u64 ticks = user_ticks + system_ticks;
	u32 rest;

	*user = sum;
	if (ticks) {
		while (ticks >> 31) {
			ticks >>= 1;
			user_ticks >>= 1;
		}
		*user = div_u64(sum, ticks, &rest) * user_ticks;
		*user += div_u64(rest * user_ticks, ticks, NULL);
	}
	*system = sum - *user;
}

void task_cputime(struct task_struct *t, u64 *user, u64 *system)
{
	split(task_sum_exec(t), t->utime, t->stime, user, system);
}

void process_cputime(struct task_struct *t, u64 *user, u64 *system)
{
	struct signal_struct *signal = t->signal;
	u64 sum = signal->sum_exec, utime = signal->utime, stime = signal->stime;
	struct task_struct *thread;

	for_each_thread(thread, t)
	{
		sum += task_sum_exec(thread);
		utime += thread->utime;
		stime += thread->stime;
	}
	split(sum, utime, stime, user, system);
}

static void set_timeval(long *sec, long *usec, u64 ns)
{
	u32 us = 0;

	*sec = div_u64(div_u64(ns, 1000, NULL), 1000000, &us);
	*usec = us;
}

static void add_children(const struct signal_struct *signal, struct rusage *usage, u64 *user,
			 u64 *system)
{
	*user += signal->cutime;
	*system += signal->cstime;
	usage->ru_minflt += signal->cmin_flt;
	usage->ru_majflt += signal->cmaj_flt;
	usage->ru_nvcsw += signal->cnvcsw;
	usage->ru_nivcsw += signal->cnivcsw;
	usage->ru_maxrss = max((unsigned long)usage->ru_maxrss, signal->cmaxrss);
}

static void add_task(const struct task_struct *t, struct rusage *usage)
{
	usage->ru_minflt += t->min_flt;
	usage->ru_majflt += t->maj_flt;
	usage->ru_nvcsw += t->nvcsw;
	usage->ru_nivcsw += t->nivcsw;
}

static void add_process(struct task_struct *t, struct rusage *usage, u64 *user, u64 *system)
{
	const struct signal_struct *signal = t->signal;
	struct task_struct *thread;

	process_cputime(t, user, system);
	usage->ru_minflt = signal->min_flt;
	usage->ru_majflt = signal->maj_flt;
	usage->ru_nvcsw = signal->nvcsw;
	usage->ru_nivcsw = signal->nivcsw;
	usage->ru_maxrss = signal->maxrss;
	for_each_thread(thread, t) add_task(thread, usage);
}

void get_rusage(struct task_struct *t, int who, struct rusage *usage)
{
	u64 user = 0, system = 0;

	memset(usage, 0, sizeof(*usage));
	switch (who) {
	case RUSAGE_THREAD:
		task_cputime(t, &user, &system);
		add_task(t, usage);
		usage->ru_maxrss = t->signal->maxrss;
		break;
	case RUSAGE_CHILDREN: add_children(t->signal, usage, &user, &system); break;
	case RUSAGE_SELF: add_process(t, usage, &user, &system); break;
	case RUSAGE_BOTH:
		add_process(t, usage, &user, &system);
		add_children(t->signal, usage, &user, &system);
		break;
	}
	if (who != RUSAGE_CHILDREN && t == current && t->mm) {
		unsigned long kib = max(t->mm->hiwater_rss, mm_rss(t->mm)) << (PAGE_SHIFT - 10);

		usage->ru_maxrss = max((unsigned long)usage->ru_maxrss, kib);
	}
	set_timeval(&usage->ru_utime.tv_sec, &usage->ru_utime.tv_usec, user);
	set_timeval(&usage->ru_stime.tv_sec, &usage->ru_stime.tv_usec, system);
}

SYSCALL2(getrusage, int, who, struct rusage __user *, to)
{
	struct rusage usage;

	if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != RUSAGE_THREAD)
		return -EINVAL;
	lock_families(family_of(current));
	get_rusage(current, who, &usage);
	unlock_families(family_of(current));
	return copy_to_user(to, &usage, sizeof(usage)) ? -EFAULT : 0;
}

struct user_times { /* times(2), in ticks of USER_HZ */
	long user, system, child_user, child_system;
};

SYSCALL1(times, struct user_times __user *, to)
{
	struct user_times times;
	const u32 ns_per_tick = NSEC_PER_SEC / USER_HZ;
	u64 user, system;

	if (to) {
		lock_families(family_of(current));
		process_cputime(current, &user, &system);
		times.child_user = div_u64(current->signal->cutime, ns_per_tick, NULL);
		times.child_system = div_u64(current->signal->cstime, ns_per_tick, NULL);
		unlock_families(family_of(current));
		times.user = div_u64(user, ns_per_tick, NULL);
		times.system = div_u64(system, ns_per_tick, NULL);
		if (copy_to_user(to, &times, sizeof(times)))
			return -EFAULT;
	}
	return (long)div_u64(ktime_ns(), ns_per_tick, NULL);
}
