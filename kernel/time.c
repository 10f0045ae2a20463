/*
 * Clocks, and sleeping by them.
 *
 * The machine counts nanoseconds since boot (ktime).  Wall time is that plus an
 * offset, which the battery clock gives at boot and clock_settime() changes; a
 * sleep until a wall time is turned into ktime when it starts.
 * CPU-time clocks read the scheduler's sums.
 */
#include "kernel/time.h"
#include "kernel/family.h"
#include "kernel/initcall.h"
#include "kernel/sched.h"
#include "kernel/syscall.h"
#include "kernel/timer.h"
#include "lib/div.h"
#include "lib/printk.h"
#include "lib/string.h"
#include "machine/clock.h"
#include <linux/capability.h>
#include <linux/time.h>
#include <linux/timex.h>

static s64 wall_offset; /* one 64-bit word: read and written whole */

u64 ktime_ns(void)
{
	return machine_clock_ns();
}

s64 wall_offset_ns(void)
{
	return READ_ONCE(wall_offset);
}

u64 realtime_ns(void)
{
	return ktime_ns() + wall_offset_ns();
}

u64 boot_time_seconds(void)
{
	return div_u64(wall_offset_ns(), NSEC_PER_SEC, NULL);
}

static u64 log_clock(void)
{
	return div_u64(ktime_ns(), 1000, NULL);
}

void time_init(void)
{
	wall_offset = machine_rtc_seconds() * NSEC_PER_SEC;
	printk_clock = log_clock;
}

/* --- To and from programs --- */

int timespec_ns(u64 *ns, const struct __kernel_timespec *ts)
{
	if (ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= (long long)NSEC_PER_SEC)
		return -EINVAL;
	if (ts->tv_sec >= (long long)(FOREVER / NSEC_PER_SEC / 2))
		*ns = FOREVER / 2; /* 292 years: longer than any machine runs */
	else
		*ns = ts->tv_sec * NSEC_PER_SEC + ts->tv_nsec;
	return 0;
}

/* What the older calls of 32-bit machines pass. */
struct narrow_timespec {
	s32 sec, nsec;
};

static bool time_is_narrow(void)
{
	return call_time_is_32bit(regs_syscall_nr(arch_user_regs(&current->thread)));
}

int get_timespecs(struct __kernel_timespec *ts, const struct __kernel_timespec __user *from,
		  unsigned n)
{
	const struct narrow_timespec __user *narrow_from = (const void __user *)from;
	const bool is_narrow = time_is_narrow();

	for (unsigned i = 0; i < n; i++) {
		struct narrow_timespec narrow;

		if (!is_narrow) {
			if (copy_from_user(&ts[i], &from[i], sizeof(ts[i])))
				return -EFAULT;
			if (sizeof(long) == 4) /* the upper half is padding */
				ts[i].tv_nsec = (u32)ts[i].tv_nsec;
			continue;
		}
		if (copy_from_user(&narrow, &narrow_from[i], sizeof(narrow)))
			return -EFAULT;
		ts[i] = (struct __kernel_timespec){.tv_sec = narrow.sec, .tv_nsec = narrow.nsec};
	}
	return 0;
}

int get_timespec(struct __kernel_timespec *ts, const struct __kernel_timespec __user *from)
{
	return get_timespecs(ts, from, 1);
}

static int put_timespec(struct __kernel_timespec __user *to, const struct __kernel_timespec *ts,
			bool is_narrow)
{
	struct narrow_timespec narrow = {(s32)ts->tv_sec, (s32)ts->tv_nsec};

	if (is_narrow)
		return copy_to_user(to, &narrow, sizeof(narrow)) ? -EFAULT : 0;
	return copy_to_user(to, ts, sizeof(*ts)) ? -EFAULT : 0;
}

int get_timespec_ns(u64 *ns, const struct __kernel_timespec __user *from)
{
	struct __kernel_timespec ts;
	int err = get_timespec(&ts, from);

	return err ? err : timespec_ns(ns, &ts);
}

static int put_ns(struct __kernel_timespec __user *to, u64 ns, bool narrow)
{
	struct __kernel_timespec ts;
	u32 rest;

	ts.tv_sec = div_u64(ns, NSEC_PER_SEC, &rest);
	ts.tv_nsec = rest;
	return put_timespec(to, &ts, narrow);
}

int put_timespec_ns(struct __kernel_timespec __user *to, u64 ns)
{
	return put_ns(to, ns, time_is_narrow());
}

/* --- Reading clocks --- */

/* The CPU-time clock of another process or thread: its number is in the clock's, inverted. */
#define CPUCLOCK_THREAD 4
#define CPUCLOCK_MASK   3 /* 0 user+system by tick, 1 user, 2 run time */

static u64 process_run_time(struct task_struct *t)
{
	u64 user, system;

	lock_families(family_of(t));
	process_cputime(t, &user, &system);
	unlock_families(family_of(t));
	return user + system;
}

static int read_cpu_clock(int clock, u64 *ns)
{
	pid_t pid = ~(clock >> 3);
	struct task_struct *t;

	if ((clock & CPUCLOCK_MASK) == 3)
		return -EINVAL;
	t = find_get_task(pid ? pid : clock & CPUCLOCK_THREAD ? current->pid : current->tgid);
	if (!t)
		return -EINVAL;
	*ns = clock & CPUCLOCK_THREAD ? task_sum_exec(t) : process_run_time(t);
	put_task(t);
	return 0;
}

static int read_clock(int clock, u64 *ns)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
	case CLOCK_TAI: *ns = realtime_ns(); return 0;
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME: *ns = ktime_ns(); return 0;
	case CLOCK_PROCESS_CPUTIME_ID: *ns = process_run_time(current); return 0;
	case CLOCK_THREAD_CPUTIME_ID: *ns = task_sum_exec(current); return 0;
	default: return clock < 0 ? read_cpu_clock(clock, ns) : -EINVAL;
	}
}

SYSCALL2(clock_gettime, int, clock, struct __kernel_timespec __user *, to)
{
	u64 ns;
	int err = read_clock(clock, &ns);

	return err ? err : put_timespec_ns(to, ns);
}

SYSCALL2(clock_getres, int, clock, struct __kernel_timespec __user *, to)
{
	u64 ns;
	int err = read_clock(clock, &ns);

	if (err || !to)
		return err;
	return put_timespec_ns(to, clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE
					   ? NSEC_PER_SEC / HZ
					   : 1);
}

SYSCALL2(clock_settime, int, clock, const struct __kernel_timespec __user *, from)
{
	u64 ns;
	int err = get_timespec_ns(&ns, from);

	if (clock != CLOCK_REALTIME)
		return -EINVAL;
	if (err)
		return err;
	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	WRITE_ONCE(wall_offset, (s64)(ns - ktime_ns()));
	return 0;
}

struct user_timeval {
	long sec, usec;
};

SYSCALL2(gettimeofday, struct user_timeval __user *, to, struct timezone __user *, zone)
{
	if (to) {
		u32 us;
		u64 all = div_u64(realtime_ns(), 1000, NULL);
		struct user_timeval tv;

		tv.sec = div_u64(all, 1000000, &us);
		tv.usec = us;
		if (copy_to_user(to, &tv, sizeof(tv)))
			return -EFAULT;
	}
	return zone && clear_user(zone, sizeof(struct timezone)) ? -EFAULT : 0;
}

SYSCALL2(settimeofday, const struct user_timeval __user *, from, const struct timezone __user *,
	 zone)
{
	struct user_timeval tv;

	if (!capable(CAP_SYS_TIME))
		return -EPERM;
	if (!from)
		return 0;
	if (copy_from_user(&tv, from, sizeof(tv)))
		return -EFAULT;
	if (tv.sec < 0 || tv.usec < 0 || tv.usec >= 1000000)
		return -EINVAL;
	WRITE_ONCE(wall_offset, (s64)(tv.sec * NSEC_PER_SEC + tv.usec * 1000 - ktime_ns()));
	return 0;
}

#ifdef __NR_time
SYSCALL1(time, long __user *, to)
{
	long now = div_u64(realtime_ns(), NSEC_PER_SEC, NULL);

	return to && put_user(now, to) ? -EFAULT : now;
}
#endif

/* --- Sleeping --- */

int sleep_until(u64 deadline)
{
	for (;;) {
		u64 now = ktime_ns();

		if (now >= deadline)
			return 0;
		if (signal_pending())
			return -ERESTARTSYS;
		set_current_state(TASK_INTERRUPTIBLE);
		if (!signal_pending())
			schedule_timeout(deadline - now);
		set_current_state(TASK_RUNNING);
	}
}

static long nanosleep_restart(struct task_struct *t);

/* A relative sleep: cut short by a signal, it says what is left and can be resumed. */
static long sleep_relative(u64 deadline, struct __kernel_timespec __user *left, bool narrow)
{
	struct task_struct *t = current;
	u64 now;

	if (!sleep_until(deadline))
		return 0;
	now = ktime_ns();
	if (left && put_ns(left, deadline > now ? deadline - now : 0, narrow))
		return -EFAULT;
	t->restart.fn = nanosleep_restart;
	t->restart.deadline = deadline;
	t->restart.user = left;
	t->restart.narrow_time = narrow;
	return -ERESTART_RESTARTBLOCK;
}

static long nanosleep_restart(struct task_struct *t)
{
	return sleep_relative(t->restart.deadline, t->restart.user, t->restart.narrow_time);
}

SYSCALL2(nanosleep, const struct __kernel_timespec __user *, from,
	 struct __kernel_timespec __user *, left)
{
	u64 ns;
	int err = get_timespec_ns(&ns, from);

	return err ? err : sleep_relative(ktime_ns() + ns, left, time_is_narrow());
}

SYSCALL4(clock_nanosleep, int, clock, int, flags, const struct __kernel_timespec __user *, from,
	 struct __kernel_timespec __user *, left)
{
	u64 ns, now;
	int err = read_clock(clock, &now);

	if (err || clock == CLOCK_THREAD_CPUTIME_ID)
		return -EINVAL;
	if (clock == CLOCK_PROCESS_CPUTIME_ID || clock < 0 || clock == CLOCK_MONOTONIC_RAW ||
	    clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE)
		return -EOPNOTSUPP;
	err = get_timespec_ns(&ns, from);
	if (err)
		return err;
	if (!(flags & TIMER_ABSTIME))
		return sleep_relative(ktime_ns() + ns, left, time_is_narrow());
	/* Until a time: simply again after a signal. */
	err = ns > now ? sleep_until(ktime_ns() + (ns - now)) : 0;
	return err ? -ERESTARTNOHAND : 0;
}
