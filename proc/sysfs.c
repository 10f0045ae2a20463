/*
 * sysfs, as far as tools that look at memory ask it: CPUs, nodes, blocks of memory; and what is chosen at boot.
 *
 * It is the same kind of tree as /proc's constant part, under a root of its own: there are no
 * devices that come and go.
 */
#include "kernel/initcall.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/reclaim/reclaim.h"
#include "mm/slab/slab.h"
#include "proc/procfs_int.h"
#include <linux/magic.h>

static struct proc_entry sys_root = {.mode = S_IFDIR | 0555,
				     .children = LIST_HEAD_INIT(sys_root.children)};

struct proc_entry *sysfs_create(const char *path, u32 mode,
				int (*show)(struct seq_file *m, void *private), void *private)
{
	struct proc_entry *e = proc_entry_at(&sys_root, path, S_IFREG | mode);

	e->show = show;
	e->private = private;
	return e;
}

void sysfs_create_link(const char *path, const char *target)
{
	char *text = kstrdup(target, GFP_KERNEL);

	if (!text)
		panic("no memory for /sys entries");
	proc_entry_at(&sys_root, path, S_IFLNK | 0777)->private = text;
}

void sysfs_create_dir(const char *path)
{
	proc_entry_at(&sys_root, path, S_IFDIR | 0755);
}

void seq_put_list(struct seq_file *m, u64 mask)
{
	bool any = false;

	for (unsigned i = 0; i < 64; i++) {
		unsigned first = i;

		if (!(mask >> i & 1))
			continue;
		while (i < 63 && mask >> (i + 1) & 1)
			i++;
		seq_printf(m, any ? ",%u" : "%u", first);
		if (i > first)
			seq_printf(m, "-%u", i);
		any = true;
	}
	seq_putc(m, '\n');
}

/* --- CPUs --- */

static int show_cpus(struct seq_file *m, void *unused)
{
	seq_put_list(m, cpu_online_mask);
	return 0;
}

static int show_no_cpus(struct seq_file *m, void *unused)
{
	seq_putc(m, '\n');
	return 0;
}

static int show_number(struct seq_file *m, void *number)
{
	seq_printf(m, "%lu\n", (unsigned long)number);
	return 0;
}

/* A CPU by itself: as /proc/cpuinfo says, each is a package with one core of one thread. */
static int show_own_map(struct seq_file *m, void *cpu)
{
	seq_printf(m, "%llx\n", 1ULL << (unsigned long)cpu);
	return 0;
}

static int show_own_list(struct seq_file *m, void *cpu)
{
	seq_put_list(m, 1ULL << (unsigned long)cpu);
	return 0;
}

static void create_topology(unsigned cpu)
{
	static const char *const sets[] = {"thread_siblings", "core_siblings", "core_cpus",
					   "package_cpus",    "die_cpus",      "cluster_cpus"};
	void *number = (void *)(unsigned long)cpu;
	char path[80];

	for (unsigned i = 0; i < ARRAY_SIZE(sets); i++) {
		scnprintf(path, sizeof(path), "devices/system/cpu/cpu%u/topology/%s", cpu, sets[i]);
		sysfs_create(path, 0444, show_own_map, number);
		scnprintf(path, sizeof(path), "devices/system/cpu/cpu%u/topology/%s_list", cpu,
			  sets[i]);
		sysfs_create(path, 0444, show_own_list, number);
	}
	scnprintf(path, sizeof(path), "devices/system/cpu/cpu%u/topology/physical_package_id", cpu);
	sysfs_create(path, 0444, show_number, number);
	scnprintf(path, sizeof(path), "devices/system/cpu/cpu%u/topology/core_id", cpu);
	sysfs_create(path, 0444, show_number, NULL);
	scnprintf(path, sizeof(path), "devices/system/cpu/cpu%u/topology/die_id", cpu);
	sysfs_create(path, 0444, show_number, NULL);
}

void sysfs_cpu_init(void)
{
	unsigned cpu;
	char path[80], target[32];

	sysfs_create("devices/system/cpu/online", 0444, show_cpus, NULL);
	sysfs_create("devices/system/cpu/possible", 0444, show_cpus, NULL);
	sysfs_create("devices/system/cpu/present", 0444, show_cpus, NULL);
	sysfs_create("devices/system/cpu/offline", 0444, show_no_cpus, NULL);
	sysfs_create("devices/system/cpu/isolated", 0444, show_no_cpus, NULL);
	sysfs_create("devices/system/cpu/kernel_max", 0444, show_number, (void *)(NR_CPUS - 1UL));
	for_each_online_cpu (cpu) {
		scnprintf(path, sizeof(path), "devices/system/cpu/cpu%u/node%d", cpu,
			  cpu_to_node(cpu));
		scnprintf(target, sizeof(target), "../../node/node%d", cpu_to_node(cpu));
		sysfs_create_link(path, target);
		create_topology(cpu);
	}
}

/* All there are; the one that is chosen in brackets, as Linux has it for such files. */
static int show_policy(struct seq_file *m, void *private)
{
	const char *name;
	bool chosen;

	for (unsigned n = 0; (name = reclaim_policy_name(n, &chosen)); n++)
		seq_printf(m, chosen ? "%s[%s]" : "%s%s", n ? " " : "", name);
	seq_puts(m, "\n");
	return 0;
}

static int sysfs_fill(struct super_block *sb, const char *source, const char *options)
{
	return proc_fill_root(sb, &sys_root, SYSFS_MAGIC);
}

static struct file_system_type sysfs_type = {.name = "sysfs", .fill = sysfs_fill};

static int sysfs_init(void)
{
	register_filesystem(&sysfs_type);
	sysfs_cpu_init();
	sysfs_node_init();
	sysfs_memory_init();
	sysfs_create("kernel/mm/reclaim/policy", 0444, show_policy, NULL);
	sysfs_create_dir("kernel/debug"); /* where debugfs is mounted */
	return 0;
}
INITCALL(INIT_LATE, sysfs_init);
