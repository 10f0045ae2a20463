/*
 * sysfs, as far as tools that look at memory ask it: CPUs and nodes.
 *
 * It is the same kind of tree as /proc's constant part, under a root of its own.
 */
#include "kernel/initcall.h"
#include "lib/printf.h"
#include "proc/procfs_int.h"
#include <linux/magic.h>

static struct proc_entry sys_root = {.mode = S_IFDIR | 0555,
				     .children = LIST_HEAD_INIT(sys_root.children)};

static void create(const char *path, int (*show)(struct seq_file *m, void *private), void *private)
{
	struct proc_entry *e = proc_entry_at(&sys_root, path, S_IFREG | 0444);

	e->show = show;
	e->private = private;
}

/* --- bit masks as lists ("0-3,5") and as hexadecimal --- */

static void put_list(struct seq_file *m, u64 mask)
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

static u64 cpus_of_node(int nid)
{
	u64 mask = 0;
	unsigned cpu;

	for_each_online_cpu (cpu)
		if (cpu_to_node(cpu) == nid)
			mask |= 1ULL << cpu;
	return mask;
}

static int show_cpus(struct seq_file *m, void *unused)
{
	put_list(m, cpu_online_mask);
	return 0;
}

static int show_no_cpus(struct seq_file *m, void *unused)
{
	seq_putc(m, '\n');
	return 0;
}

static int show_nodes(struct seq_file *m, void *unused)
{
	put_list(m, (1ULL << nr_nodes) - 1);
	return 0;
}

static int show_cpu_nodes(struct seq_file *m, void *unused)
{
	u64 mask = 0;
	int nid;

	for_each_node (nid)
		if (cpus_of_node(nid))
			mask |= 1ULL << nid;
	put_list(m, mask);
	return 0;
}

/* --- one node; the private pointer is its number --- */

static struct pglist_data *node_of(void *private)
{
	return node_data[(unsigned long)private];
}

static int show_cpumap(struct seq_file *m, void *private)
{
	seq_printf(m, "%llx\n", (unsigned long long)cpus_of_node(node_of(private)->nid));
	return 0;
}

static int show_cpulist(struct seq_file *m, void *private)
{
	put_list(m, cpus_of_node(node_of(private)->nid));
	return 0;
}

static int show_distance(struct seq_file *m, void *private)
{
	int from = node_of(private)->nid, to;

	for_each_node (to)
		seq_printf(m, to ? " %u" : "%u", ram_map.distance[from][to]);
	seq_putc(m, '\n');
	return 0;
}

static int show_numastat(struct seq_file *m, void *private)
{
	static const char *const names[NR_NUMA_STATS] = {
		[NUMA_HIT] = "numa_hit",         [NUMA_MISS] = "numa_miss",
		[NUMA_FOREIGN] = "numa_foreign", [NUMA_INTERLEAVE] = "interleave_hit",
		[NUMA_LOCAL] = "local_node",     [NUMA_OTHER] = "other_node"};
	struct pglist_data *node = node_of(private);

	for (int i = 0; i < NR_NUMA_STATS; i++) {
		unsigned long sum = 0;

		for (int z = 0; z < MAX_NR_ZONES; z++)
			if (node->zone[z].present_pages)
				sum += zone_numa_stat(&node->zone[z], i);
		seq_printf(m, "%s %lu\n", names[i], sum);
	}
	return 0;
}

static void node_line(struct seq_file *m, const struct pglist_data *node, const char *name,
		      unsigned long pages)
{
	size_t start = m->count;

	seq_printf(m, "Node %d %s:", node->nid, name);
	seq_printf(m, "%*lu kB\n", (int)(31 - min(m->count - start, (size_t)30)),
		   pages << (PAGE_SHIFT - 10));
}

static int show_node_meminfo(struct seq_file *m, void *private)
{
	struct pglist_data *node = node_of(private);
	unsigned long total = 0, free = 0, mlocked = 0;
	unsigned long anon_active = node_stat(node, NR_ACTIVE_ANON);
	unsigned long anon_inactive = node_stat(node, NR_INACTIVE_ANON);
	unsigned long file_active = node_stat(node, NR_ACTIVE_FILE);
	unsigned long file_inactive = node_stat(node, NR_INACTIVE_FILE);
	unsigned long slab_r = node_stat(node, NR_SLAB_RECLAIMABLE);
	unsigned long slab_u = node_stat(node, NR_SLAB_UNRECLAIMABLE);

	for (int z = 0; z < MAX_NR_ZONES; z++) {
		struct zone *zone = &node->zone[z];

		if (!zone->present_pages)
			continue;
		total += zone->managed_pages;
		free += zone_stat(zone, NR_FREE_PAGES);
		mlocked += zone_stat(zone, NR_MLOCK);
	}
	node_line(m, node, "MemTotal", total);
	node_line(m, node, "MemFree", free);
	node_line(m, node, "MemUsed", total - free);
	node_line(m, node, "SwapCached", node_stat(node, NR_SWAPCACHE));
	node_line(m, node, "Active", anon_active + file_active);
	node_line(m, node, "Inactive", anon_inactive + file_inactive);
	node_line(m, node, "Active(anon)", anon_active);
	node_line(m, node, "Inactive(anon)", anon_inactive);
	node_line(m, node, "Active(file)", file_active);
	node_line(m, node, "Inactive(file)", file_inactive);
	node_line(m, node, "Unevictable", node_stat(node, NR_UNEVICTABLE));
	node_line(m, node, "Mlocked", mlocked);
	node_line(m, node, "Dirty", node_stat(node, NR_FILE_DIRTY));
	node_line(m, node, "Writeback", node_stat(node, NR_WRITEBACK));
	node_line(m, node, "FilePages", node_stat(node, NR_FILE_PAGES));
	node_line(m, node, "Mapped", node_stat(node, NR_FILE_MAPPED));
	node_line(m, node, "AnonPages", node_stat(node, NR_ANON_MAPPED));
	node_line(m, node, "Shmem", node_stat(node, NR_SHMEM));
	seq_printf(m, "Node %d KernelStack:    %8lu kB\n", node->nid,
		   node_stat(node, NR_KERNEL_STACK_KB));
	node_line(m, node, "PageTables", node_stat(node, NR_PAGETABLE));
	node_line(m, node, "KReclaimable", slab_r + node_stat(node, NR_KERNEL_MISC_RECLAIMABLE));
	node_line(m, node, "Slab", slab_r + slab_u);
	node_line(m, node, "SReclaimable", slab_r);
	node_line(m, node, "SUnreclaim", slab_u);
	return 0;
}

static int sysfs_fill(struct super_block *sb, const char *source, const char *options)
{
	return proc_fill_root(sb, &sys_root, SYSFS_MAGIC);
}

static struct file_system_type sysfs_type = {.name = "sysfs", .fill = sysfs_fill};

static int sysfs_init(void)
{
	static const struct {
		const char *name;
		int (*show)(struct seq_file *m, void *private);
	} node_files[] = {{"cpumap", show_cpumap},
			  {"cpulist", show_cpulist},
			  {"distance", show_distance},
			  {"numastat", show_numastat},
			  {"meminfo", show_node_meminfo}};
	unsigned cpu;
	char path[64];
	int nid;

	register_filesystem(&sysfs_type);
	create("devices/system/cpu/online", show_cpus, NULL);
	create("devices/system/cpu/possible", show_cpus, NULL);
	create("devices/system/cpu/present", show_cpus, NULL);
	create("devices/system/cpu/offline", show_no_cpus, NULL);
	for_each_online_cpu (cpu) {
		scnprintf(path, sizeof(path), "devices/system/cpu/cpu%u", cpu);
		proc_entry_at(&sys_root, path, S_IFDIR | 0555);
	}
	create("devices/system/node/online", show_nodes, NULL);
	create("devices/system/node/possible", show_nodes, NULL);
	create("devices/system/node/has_memory", show_nodes, NULL);
	create("devices/system/node/has_normal_memory", show_nodes, NULL);
	create("devices/system/node/has_cpu", show_cpu_nodes, NULL);
	for_each_node (nid) {
		for (unsigned i = 0; i < ARRAY_SIZE(node_files); i++) {
			scnprintf(path, sizeof(path), "devices/system/node/node%d/%s", nid,
				  node_files[i].name);
			create(path, node_files[i].show, (void *)(unsigned long)nid);
		}
	}
	return 0;
}
INITCALL(INIT_LATE, sysfs_init);
