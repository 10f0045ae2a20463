/*
 * /proc/lock_stat (debug builds): which locks are contended, and what that costs; in the spirit of
 * Linux's page of this name. Times are in microseconds. Writing 0 begins anew.
 *
 * The locks are classed by rank (docs/locks.md); where readers share, they have a line of their own
 * (-R). The first columns are of those who had to wait, the others of all.
 */
#ifdef PAGODA_DEBUG

#include "kernel/initcall.h"
#include "lib/printf.h"
#include "machine/cpu.h"
#include "proc/proc.h"
#include "sync/lockstat.h"
#include "sync/task.h"

static u64 first_cycles, first_ns; /* by which cycles become time */

/* Hundredths of a microsecond. */
static void show_time(struct seq_file *m, u64 cycles_of_it, u64 cycles_per_us)
{
	const u64 hundredths = cycles_of_it * 100 / cycles_per_us;

	seq_printf(m, " %11llu.%02llu", (unsigned long long)hundredths / 100,
		   (unsigned long long)hundredths % 100);
}

static void show_class(struct seq_file *m, unsigned rank, enum lock_mode mode, u64 per_us)
{
	struct lock_stat s;
	char name[24];

	lock_stat_read(rank, mode, &s);
	if (!s.taken)
		return;
	snprintf(name, sizeof(name), "%s%s", lock_rank_name(rank), mode == LOCK_SHARED ? "-R" : "");
	seq_printf(m, "%20s: %12llu", name, (unsigned long long)s.waited);
	show_time(m, s.wait_max, per_us);
	show_time(m, s.wait_total, per_us);
	show_time(m, s.waited ? s.wait_total / s.waited : 0, per_us);
	seq_printf(m, " %12llu", (unsigned long long)s.taken);
	show_time(m, s.hold_max, per_us);
	show_time(m, s.hold_total, per_us);
	show_time(m, s.hold_total / s.taken, per_us);
	seq_putc(m, '\n');
}

static int show_lock_stat(struct seq_file *m, void *unused)
{
	const u64 us = (ktime_ns() - first_ns) / 1000;
	const u64 per_us = us ? (cycles() - first_cycles) / us : 1;

	seq_puts(m, "lock_stat version 0.4\n");
	seq_printf(m, "%20s  %12s %14s %14s %14s %12s %14s %14s %14s\n", "class name",
		   "contentions", "waittime-max", "waittime-total", "waittime-avg", "acquisitions",
		   "holdtime-max", "holdtime-total", "holdtime-avg");
	for (unsigned rank = 0; rank < LOCK_RANKS; rank++)
		for (unsigned mode = 0; mode < LOCK_MODES; mode++)
			if (lock_rank_name(rank))
				show_class(m, rank, mode, per_us ? per_us : 1);
	return 0;
}

static int write_lock_stat(char *text, size_t bytes, void *unused)
{
	if (text[0] != '0')
		return -EINVAL;
	lock_stat_reset();
	return 0;
}

static int lock_stat_init(void)
{
	first_cycles = cycles();
	first_ns = ktime_ns();
	proc_create("lock_stat", 0600, show_lock_stat, write_lock_stat, NULL);
	return 0;
}
INITCALL(INIT_LATE, lock_stat_init);

#endif /* PAGODA_DEBUG */
