/*
 * Pressure stall information, as far as ticks tell it (Linux, Documentation/accounting/psi.rst).
 *
 * At each tick a CPU looks whether tasks wait for it while it runs another, and whether anybody
 * stands still for memory or a disk (sync/stall.h); the time since its last tick is counted
 * by what it finds.  "full" is the time when somebody stands still and no CPU does anything: for
 * a CPU as such there is no such state.
 *
 *	        some                                    full
 *	cpu     ready tasks beside the running one      -
 *	io      a task waits for a disk                 ... and this CPU is idle
 *	memory  a task waits for memory                 ... and this CPU is idle
 *
 * Every two seconds CPU 0 makes one figure of all CPUs' -- their mean, weighted by how long each
 * was not idle, for a CPU with nothing to do loses nothing -- adds it to the total, and moves
 * each average towards it by 1 - e^(-2s/period).
 *
 * Linux keeps the times exactly, at every switch; a sample costs nothing there.
 */
#include "kernel/pressure.h"

#include "lib/div.h"
#include "sync/stall.h"

#define PERIOD_NS  2000000000ULL
#define FIXED      2048 /* 1.0 */
#define CPU_STATES (2 * NR_PRESSURES)

/* ns since boot; written by the CPU's own tick, read whole by CPU 0's. */
static DEFINE_PER_CPU(u64, lost[CPU_STATES]); /* [2 * what + full] */
static DEFINE_PER_CPU(u64, not_idle);

static struct { /* written by CPU 0's tick; words are read whole */
	u64 total_ns;
	u32 average[3]; /* of 1.0, in FIXED squared */
} sums[CPU_STATES];
static u64 seen_lost[NR_CPUS][CPU_STATES], seen_busy[NR_CPUS]; /* CPU 0's tick: last time */
static u64 period_start;                                       /* CPU 0's tick */

static void add(enum pressure what, bool full, u64 passed)
{
	u64 *word = &this_cpu(lost)[2 * what + full];

	WRITE_ONCE(*word, *word + passed);
}

/* What one state lost in the period, over all CPUs: ns. */
static u64 mean_lost(unsigned state, const u64 *busy, u64 all_busy)
{
	u64 weighted_us = 0;
	unsigned cpu;

	for_each_online_cpu (cpu) {
		const u64 now = READ_ONCE(per_cpu(lost, cpu)[state]);
		const u64 us = div_u64(now - seen_lost[cpu][state], 1000, NULL);

		seen_lost[cpu][state] = now;
		weighted_us += us * busy[cpu];
	}
	return all_busy ? weighted_us / all_busy * 1000 : 0;
}

static void end_period(u64 passed)
{
	/* FIXED / e^(2/10), e^(2/60), e^(2/300) */
	static const u16 decay[3] = {1677, 1981, 2034};
	u64 busy[NR_CPUS], all_busy = 0;
	unsigned cpu;

	for_each_online_cpu (cpu) {
		const u64 now = READ_ONCE(per_cpu(not_idle, cpu));

		busy[cpu] = div_u64(now - seen_busy[cpu], 1000, NULL);
		seen_busy[cpu] = now;
		all_busy += busy[cpu];
	}
	for (unsigned state = 0; state < CPU_STATES; state++) {
		const u64 ns = min(mean_lost(state, busy, all_busy), passed);
		const u64 part = ns * FIXED / passed;

		WRITE_ONCE(sums[state].total_ns, sums[state].total_ns + ns);
		for (unsigned i = 0; i < 3; i++) {
			u64 average = (u64)sums[state].average[i] * decay[i] / FIXED;

			average += part * (FIXED - decay[i]);
			WRITE_ONCE(sums[state].average[i], (u32)average);
		}
	}
}

void pressure_tick(const struct runqueue *rq, unsigned self, u64 passed, u64 now)
{
	const bool idle = is_idle_task(rq->curr), memory = atomic_read(&stalled[STALL_MEMORY]) > 0,
		   io = atomic_read(&stalled[STALL_IO]) > 0;

	if (!idle && READ_ONCE(rq->queued))
		add(PRESSURE_CPU, false, passed);
	if (unlikely(memory)) {
		add(PRESSURE_MEMORY, false, passed);
		if (idle)
			add(PRESSURE_MEMORY, true, passed);
	}
	if (unlikely(io)) {
		add(PRESSURE_IO, false, passed);
		if (idle)
			add(PRESSURE_IO, true, passed);
	}
	if (!idle || memory || io)
		WRITE_ONCE(this_cpu(not_idle), this_cpu(not_idle) + passed);
	if (self == 0 && now - period_start >= PERIOD_NS) {
		end_period(now - period_start);
		period_start = now;
	}
}

void pressure_read(enum pressure what, bool full, struct pressure_figures *figures)
{
	const unsigned state = 2 * what + full;

	figures->total_us = div_u64(READ_ONCE(sums[state].total_ns), 1000, NULL);
	for (unsigned i = 0; i < 3; i++)
		figures->average[i] = (unsigned)((u64)READ_ONCE(sums[state].average[i]) * 10000 /
						 (FIXED * FIXED));
}
