/*
 * What the scheduler knows of time spent: by task, by CPU, and the load averages.
 *
 * Run time is exact, by the clock at every switch.  How it divides into user and
 * system time is a sample, taken by the tick.
 */
#include "kernel/runqueue.h"
#include "lib/string.h"
#include "sync/stall.h"

#define LOAD_PERIOD 5000000000ULL /* ns between samples of the load */

static unsigned long loadavg[3]; /* CPU 0's tick */
static u64 loadavg_next;         /* CPU 0's tick: ktime of the next sample */

/* Who was running when the tick came is charged with all the time since the last one. */
void account_tick(struct runqueue *rq, struct task_struct *t, u64 passed, bool user_mode)
{
	if (is_idle_task(t)) {
		*(atomic_read(&stalled[STALL_IO]) ? &rq->times.iowait : &rq->times.idle) += passed;
	} else if (user_mode) {
		t->utime += passed;
		*(t->se.nice > 0 ? &rq->times.nice : &rq->times.user) += passed;
	} else {
		t->stime += passed;
		rq->times.system += passed;
	}
}

/*
 * The load averages: every 5 s each moves towards the number of tasks that run or wait
 * uninterruptibly, by 1 - e^(-5s/period), in fixed point.
 */
void calc_load(u64 now)
{
	static const u16 decay[3] = {1884, 2014, 2037}; /* 2048 / e^(5/60), e^(5/300), e^(5/900) */
	unsigned long active;

	if (now < loadavg_next)
		return;
	loadavg_next = now + LOAD_PERIOD;
	active = (unsigned long)(nr_running() + nr_uninterruptible()) << LOAD_SHIFT;
	for (unsigned i = 0; i < 3; i++) {
		unsigned long load = loadavg[i] * decay[i] + active * (2048 - decay[i]);

		if (active >= loadavg[i])
			load += 2047; /* round towards where it goes, so that it gets there */
		loadavg[i] = load >> LOAD_SHIFT;
	}
}

u64 task_sum_exec(struct task_struct *t)
{
	unsigned long flags;
	struct runqueue *rq = lock_task_rq(t, &flags);
	u64 sum;

	if (rq->curr == t)
		update_curr(rq, ktime_ns());
	sum = t->se.sum_exec;
	spin_unlock_irqrestore(&rq->lock, flags);
	return sum;
}

void cpu_times(unsigned cpu, struct cpu_times *times)
{
	*times = cpu_rq(cpu)->times;
}

unsigned nr_running(void)
{
	unsigned cpu, n = 0;

	for_each_online_cpu (cpu) {
		struct runqueue *rq = cpu_rq(cpu);

		n += READ_ONCE(rq->queued) + !is_idle_task(READ_ONCE(rq->curr));
	}
	return n;
}

unsigned nr_uninterruptible(void)
{
	unsigned cpu;
	long n = 0;

	for_each_online_cpu (cpu)
		n += READ_ONCE(cpu_rq(cpu)->uninterruptible);
	return max(n, 0L);
}

u64 nr_context_switches(void)
{
	unsigned cpu;
	u64 n = 0;

	for_each_online_cpu (cpu)
		n += cpu_rq(cpu)->switches;
	return n;
}

void get_loadavg(unsigned long load[3])
{
	memcpy(load, loadavg, sizeof(loadavg));
}
