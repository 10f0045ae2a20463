/*
 * /sys/devices/system/node: what each node has, and how far the others are.
 *
 * The figures are the frame floor's gauges of a node (mm/frame/vmstat.h), those that
 * /proc/meminfo, vmstat and zoneinfo are summed up from.
 */
#include "lib/printf.h"
#include "proc/gauges.h"
#include "proc/procfs_int.h"

u64 cpus_of_node(int nid)
{
	u64 mask = 0;
	unsigned cpu;

	for_each_online_cpu (cpu)
		if (cpu_to_node(cpu) == nid)
			mask |= 1ULL << cpu;
	return mask;
}

static int show_nothing(struct seq_file *m, void *unused)
{
	seq_putc(m, '\n');
	return 0;
}

static int show_nodes(struct seq_file *m, void *unused)
{
	seq_put_list(m, (1ULL << nr_nodes) - 1);
	return 0;
}

static int show_memory_nodes(struct seq_file *m, void *unused)
{
	u64 mask = 0;
	int nid;

	for_each_node (nid)
		if (node_data[nid]->present_pages)
			mask |= 1ULL << nid;
	seq_put_list(m, mask);
	return 0;
}

static int show_cpu_nodes(struct seq_file *m, void *unused)
{
	u64 mask = 0;
	int nid;

	for_each_node (nid)
		if (cpus_of_node(nid))
			mask |= 1ULL << nid;
	seq_put_list(m, mask);
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
	seq_put_list(m, cpus_of_node(node_of(private)->nid));
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
	for (int i = 0; i < NR_NUMA_STATS; i++)
		seq_printf(m, "%s %lu\n", names[i], numa_gauge(node_of(private), i));
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
	static const char *const pools[] = {"Total:", "Free: ", "Surp: "};
	struct pglist_data *node = node_of(private);
	unsigned long total = 0, free = 0, mlocked = 0, bounce = 0;
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
		bounce += zone_stat(zone, NR_BOUNCE);
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
	node_line(m, node, "SecPageTables", 0);
	node_line(m, node, "NFS_Unstable", 0);
	node_line(m, node, "Bounce", bounce);
	node_line(m, node, "WritebackTmp", 0);
	node_line(m, node, "KReclaimable", slab_r + node_stat(node, NR_KERNEL_MISC_RECLAIMABLE));
	node_line(m, node, "Slab", slab_r + slab_u);
	node_line(m, node, "SReclaimable", slab_r);
	node_line(m, node, "SUnreclaim", slab_u);
	/* There are no huge pages: these are truly nothing. */
	node_line(m, node, "AnonHugePages", 0);
	node_line(m, node, "ShmemHugePages", 0);
	node_line(m, node, "ShmemPmdMapped", 0);
	/* These two stand a column further to the left. */
	seq_printf(m, "Node %d FileHugePages: %8u kB\nNode %d FilePmdMapped: %8u kB\n", node->nid,
		   0, node->nid, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(pools); i++)
		seq_printf(m, "Node %d HugePages_%s %5u\n", node->nid, pools[i], 0);
	return 0;
}

static void print_gauge(struct seq_file *m, const char *name, unsigned long value)
{
	seq_printf(m, "%s %lu\n", name, value);
}

static int show_node_vmstat(struct seq_file *m, void *private)
{
	const struct pglist_data *node = node_of(private);

	each_zone_gauge_of_node(m, node, print_gauge);
	for (int i = 0; i < NR_NUMA_STATS; i++)
		print_gauge(m, numa_stat_name(i), numa_gauge(node, i));
	each_node_gauge(m, node, print_gauge);
	return 0;
}

static void create_links(int nid)
{
	const u64 cpus = cpus_of_node(nid);
	char path[64], target[32];
	int of;

	for (unsigned cpu = 0; cpu < 64; cpu++) {
		if (!(cpus >> cpu & 1))
			continue;
		scnprintf(path, sizeof(path), "devices/system/node/node%d/cpu%u", nid, cpu);
		scnprintf(target, sizeof(target), "../../cpu/cpu%u", cpu);
		sysfs_create_link(path, target);
	}
	for (unsigned block = 0; block < memory_blocks(); block++) {
		if (!memory_block_present(block, &of) || of != nid)
			continue;
		scnprintf(path, sizeof(path), "devices/system/node/node%d/memory%u", nid, block);
		scnprintf(target, sizeof(target), "../../memory/memory%u", block);
		sysfs_create_link(path, target);
	}
}

void sysfs_node_init(void)
{
	static const struct {
		const char *name;
		int (*show)(struct seq_file *m, void *private);
	} files[] = {{"cpumap", show_cpumap},        {"cpulist", show_cpulist},
		     {"distance", show_distance},    {"numastat", show_numastat},
		     {"meminfo", show_node_meminfo}, {"vmstat", show_node_vmstat}};
	char path[64];
	int nid;

	sysfs_create("devices/system/node/online", 0444, show_nodes, NULL);
	sysfs_create("devices/system/node/possible", 0444, show_nodes, NULL);
	sysfs_create("devices/system/node/has_memory", 0444, show_memory_nodes, NULL);
	sysfs_create("devices/system/node/has_normal_memory", 0444, show_memory_nodes, NULL);
	sysfs_create("devices/system/node/has_cpu", 0444, show_cpu_nodes, NULL);
	sysfs_create("devices/system/node/has_generic_initiator", 0444, show_nothing, NULL);
	for_each_node (nid) {
		for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
			scnprintf(path, sizeof(path), "devices/system/node/node%d/%s", nid,
				  files[i].name);
			sysfs_create(path, 0444, files[i].show, (void *)(unsigned long)nid);
		}
		create_links(nid);
	}
}
