/*
 * /proc files about the machine as a whole: stat, uptime, loadavg, cpuinfo,
 * version, cmdline, filesystems, swaps, mm_check.
 */
#include "kernel/initcall.h"
#include "kernel/sched.h"
#include "kernel/time.h"
#include "lib/string.h"
#include "machine/info.h"
#include "machine/irq.h"
#include "mm/check.h"
#include "mm/mark.h"
#include "mm/swap/swap.h"
#include "proc/proc.h"
#include "kernel/uname.h"

static unsigned long long ticks(u64 ns)
{
	return ns / (1000000000 / USER_HZ);
}

static void cpu_line(struct seq_file *m, const struct cpu_times *t)
{
	seq_printf(m, " %llu %llu %llu %llu %llu %llu %llu 0 0 0\n", ticks(t->user), ticks(t->nice),
		   ticks(t->system), ticks(t->idle), ticks(t->iowait), ticks(t->irq),
		   ticks(t->softirq));
}

static int show_stat(struct seq_file *m, void *unused)
{
	struct cpu_times all = {}, t;
	unsigned cpu;

	for_each_online_cpu (cpu) {
		cpu_times(cpu, &t);
		all.user += t.user;
		all.nice += t.nice;
		all.system += t.system;
		all.idle += t.idle;
		all.iowait += t.iowait;
		all.irq += t.irq;
		all.softirq += t.softirq;
	}
	seq_puts(m, "cpu ");
	cpu_line(m, &all);
	for_each_online_cpu (cpu) {
		cpu_times(cpu, &t);
		seq_printf(m, "cpu%u", cpu);
		cpu_line(m, &t);
	}
	seq_printf(m, "intr %llu\n", (unsigned long long)irq_count_total());
	seq_printf(m, "ctxt %llu\nbtime %llu\nprocesses %lu\nprocs_running %u\nprocs_blocked %u\n",
		   (unsigned long long)nr_context_switches(),
		   (unsigned long long)boot_time_seconds(), total_forks, nr_running(),
		   nr_uninterruptible());
	seq_puts(m, "softirq 0 0 0 0 0 0 0 0 0 0 0\n");
	return 0;
}

static int show_uptime(struct seq_file *m, void *unused)
{
	u64 up = ktime_ns() / 10000000, idle = 0;
	struct cpu_times t;
	unsigned cpu;

	for_each_online_cpu (cpu) {
		cpu_times(cpu, &t);
		idle += t.idle;
	}
	idle /= 10000000;
	seq_printf(m, "%llu.%02llu %llu.%02llu\n", (unsigned long long)up / 100,
		   (unsigned long long)up % 100, (unsigned long long)idle / 100,
		   (unsigned long long)idle % 100);
	return 0;
}

static int show_loadavg(struct seq_file *m, void *unused)
{
	unsigned long load[3];

	get_loadavg(load);
	for (int i = 0; i < 3; i++) {
		unsigned long hundredths = (load[i] * 100 + (1 << (LOAD_SHIFT - 1))) >> LOAD_SHIFT;

		seq_printf(m, "%lu.%02lu ", hundredths / 100, hundredths % 100);
	}
	seq_printf(m, "%u/%u %d\n", nr_running(), nr_threads(), last_pid());
	return 0;
}

static int show_cpuinfo(struct seq_file *m, void *unused)
{
	char text[3072];
	unsigned cpu;

	for_each_online_cpu (cpu)
		seq_write(m, text, machine_cpuinfo(text, sizeof(text), cpu));
	return 0;
}

static int show_version(struct seq_file *m, void *unused)
{
	seq_printf(m, "%s version %s (%s) %s\n", UTS_SYSNAME, UTS_RELEASE, __VERSION__,
		   UTS_VERSION);
	return 0;
}

static int show_cmdline(struct seq_file *m, void *unused)
{
	seq_printf(m, "%s\n", boot_command_line);
	return 0;
}

static int show_filesystems(struct seq_file *m, void *unused)
{
	for (const struct file_system_type *t = NULL; (t = next_filesystem(t));)
		seq_printf(m, "%s\t%s\n", t->needs_device ? "" : "nodev", t->name);
	return 0;
}

static int show_swaps(struct seq_file *m, void *unused)
{
	struct swap_area_info info;

	seq_puts(m, "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	for (unsigned type = 0; type < MAX_SWAP_AREAS; type++) {
		size_t width;
		unsigned long size, used;

		if (!swap_area_info(type, &info))
			continue;
		width = strlen(info.name);
		size = (unsigned long)info.pages << (PAGE_SHIFT - 10);
		used = (unsigned long)info.used << (PAGE_SHIFT - 10);
		seq_printf(m, "%s%*s%s\t%lu\t%s%lu\t%s%d\n", info.name,
			   width < 40 ? (int)(40 - width) : 1, " ",
			   info.is_file ? "file\t" : "partition", size, size < 10000000 ? "\t" : "",
			   used, used < 10000000 ? "\t" : "", info.priority);
	}
	return 0;
}

/*
 * Reading tells how many warnings there were; writing runs the check: EIO if something is wrong,
 * ENOMEM if that could not be found out.
 */
static int show_mm_check(struct seq_file *m, void *unused)
{
	seq_printf(m, "warnings %u\n", warn_count);
	return 0;
}

static int write_mm_check(char *text, size_t bytes, void *unused)
{
	int found = mm_check();

	return found > 0 || warn_count ? -EIO : found;
}

/* Writing writes the machine's state into the event stream: ENODEV if nobody records that. */
static int write_mm_mark(char *text, size_t bytes, void *unused)
{
	return mm_mark();
}

static int system_init(void)
{
	proc_create("stat", 0444, show_stat, NULL, NULL);
	proc_create("uptime", 0444, show_uptime, NULL, NULL);
	proc_create("loadavg", 0444, show_loadavg, NULL, NULL);
	proc_create("cpuinfo", 0444, show_cpuinfo, NULL, NULL);
	proc_create("version", 0444, show_version, NULL, NULL);
	proc_create("cmdline", 0444, show_cmdline, NULL, NULL);
	proc_create("filesystems", 0444, show_filesystems, NULL, NULL);
	proc_create("swaps", 0444, show_swaps, NULL, NULL);
	proc_create("mm_mark", 0200, NULL, write_mm_mark, NULL);
	proc_create("mm_check", 0600, show_mm_check, write_mm_check, NULL);
	return 0;
}
INITCALL(INIT_LATE, system_init);
