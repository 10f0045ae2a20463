/*
 * /proc/pressure/{cpu,io,memory} (Linux, Documentation/accounting/psi.rst). There are no triggers:
 * the files cannot be written.
 */
#include "kernel/initcall.h"
#include "kernel/pressure.h"
#include "proc/proc.h"

static void show_line(struct seq_file *m, enum pressure what, bool full)
{
	struct pressure_figures f;

	pressure_read(what, full, &f);
	seq_printf(m, "%s avg10=%u.%02u avg60=%u.%02u avg300=%u.%02u total=%llu\n",
		   full ? "full" : "some", f.average[0] / 100, f.average[0] % 100,
		   f.average[1] / 100, f.average[1] % 100, f.average[2] / 100, f.average[2] % 100,
		   (unsigned long long)f.total_us);
}

static int show_pressure(struct seq_file *m, void *what)
{
	show_line(m, (enum pressure)(unsigned long)what, false);
	show_line(m, (enum pressure)(unsigned long)what, true);
	return 0;
}

static int pressure_init(void)
{
	proc_create("pressure/cpu", 0444, show_pressure, NULL, (void *)PRESSURE_CPU);
	proc_create("pressure/io", 0444, show_pressure, NULL, (void *)PRESSURE_IO);
	proc_create("pressure/memory", 0444, show_pressure, NULL, (void *)PRESSURE_MEMORY);
	return 0;
}
INITCALL(INIT_LATE, pressure_init);
