/*
 * /proc/vmstat: gauges and counts of events, under Linux 6.1's names and in its
 * order.  What is counted here comes from zones, nodes and mm/trace; names of
 * things that cannot happen on this kernel stand at zero, which is how often
 * they have happened.
 */
#include "kernel/initcall.h"
#include "lib/string.h"
#include "mm/trace/trace.h"
#include "proc/gauges.h"

/* Event names in Linux's order, behind the gauges and the per-zone counts of allocation. */
#define NODES(name) MACHINE_HAS_NUMA ? name : NULL /* only there on Linux, too */
#define WIDE(name)  BITS_PER_LONG == 64 ? name : NULL
static const char *const event_names[] = {
	"pgfree",
	"pgactivate",
	"pgdeactivate",
	"pglazyfree",
	"pgfault",
	"pgmajfault",
	"pglazyfreed",
	"pgrefill",
	"pgreuse",
	"pgsteal_kswapd",
	"pgsteal_direct",
	"pgdemote_kswapd",
	"pgdemote_direct",
	"pgscan_kswapd",
	"pgscan_direct",
	"pgscan_direct_throttle",
	"pgscan_anon",
	"pgscan_file",
	"pgsteal_anon",
	"pgsteal_file",
	NODES("zone_reclaim_failed"),
	"pginodesteal",
	"slabs_scanned",
	"kswapd_inodesteal",
	"kswapd_low_wmark_hit_quickly",
	"kswapd_high_wmark_hit_quickly",
	"pageoutrun",
	"pgrotated",
	"drop_pagecache",
	"drop_slab",
	"oom_kill",
	NODES("numa_pte_updates"),
	NODES("numa_huge_pte_updates"),
	NODES("numa_hint_faults"),
	NODES("numa_hint_faults_local"),
	NODES("numa_pages_migrated"),
	"pgmigrate_success",
	"pgmigrate_fail",
	"thp_migration_success",
	"thp_migration_fail",
	"thp_migration_split",
	"compact_migrate_scanned",
	"compact_free_scanned",
	"compact_isolated",
	"compact_stall",
	"compact_fail",
	"compact_success",
	"compact_daemon_wake",
	"compact_daemon_migrate_scanned",
	"compact_daemon_free_scanned",
	"htlb_buddy_alloc_success",
	"htlb_buddy_alloc_fail",
	"unevictable_pgs_culled",
	"unevictable_pgs_scanned",
	"unevictable_pgs_rescued",
	"unevictable_pgs_mlocked",
	"unevictable_pgs_munlocked",
	"unevictable_pgs_cleared",
	"unevictable_pgs_stranded",
	"thp_fault_alloc",
	"thp_fault_fallback",
	"thp_fault_fallback_charge",
	"thp_collapse_alloc",
	"thp_collapse_alloc_failed",
	"thp_file_alloc",
	"thp_file_fallback",
	"thp_file_fallback_charge",
	"thp_file_mapped",
	"thp_split_page",
	"thp_split_page_failed",
	"thp_deferred_split_page",
	"thp_split_pmd",
	"thp_scan_exceed_none_pte",
	"thp_scan_exceed_swap_pte",
	"thp_scan_exceed_share_pte",
	WIDE("thp_split_pud"),
	"thp_zero_page_alloc",
	"thp_zero_page_alloc_failed",
	"thp_swpout",
	"thp_swpout_fallback",
	"balloon_inflate",
	"balloon_deflate",
	"balloon_migrate",
	"swap_ra",
	"swap_ra_hit",
	"ksm_swpin_copy",
	"cow_ksm",
	"zswpin",
	"zswpout",
	"direct_map_level2_splits",
	"direct_map_level3_splits",
	"nr_unstable",
};

static unsigned long event_count(const char *name)
{
	for (int i = 0; i < NR_TRACE_EVENTS; i++) {
		const char *own = trace_vmstat_name(i);

		if (own && !strcmp(own, name))
			return trace_count(i);
	}
	return 0;
}

/* Linux has a few gauges between ours that count what does not exist here. */
static const struct {
	int zone_before, node_after; /* the gauge of ours it stands before, or behind; -1 */
	const char *name;
} nothings[] = {
	{NR_FREE_CMA, -1, "nr_zspages"},
	{-1, NR_WRITEBACK, "nr_writeback_temp"},
	{-1, NR_SHMEM, "nr_shmem_hugepages"},
	{-1, NR_SHMEM, "nr_shmem_pmdmapped"},
	{-1, NR_SHMEM, "nr_file_hugepages"},
	{-1, NR_SHMEM, "nr_file_pmdmapped"},
	{-1, NR_SHMEM, "nr_anon_transparent_hugepages"},
	{-1, NR_WRITTEN, "nr_throttled_written"},
	{-1, NR_KERNEL_MISC_RECLAIMABLE, "nr_foll_pin_acquired"},
	{-1, NR_KERNEL_MISC_RECLAIMABLE, "nr_foll_pin_released"},
	{-1, NR_PAGETABLE, "nr_sec_page_table_pages"},
	{-1, NR_SWAPCACHE, NODES("pgpromote_success")},
	{-1, NR_SWAPCACHE, NODES("pgpromote_candidate")},
};

static unsigned long zone_gauge(const struct pglist_data *node, enum zone_stat item)
{
	unsigned long sum = 0;

	if (!node)
		return global_zone_stat(item);
	for (unsigned z = 0; z < MAX_NR_ZONES; z++)
		if (node->zone[z].present_pages)
			sum += zone_stat(&node->zone[z], item);
	return sum;
}

static void zone_gauges(struct seq_file *m, const struct zone *zone, const struct pglist_data *node,
			gauge_printer print)
{
	for (int i = 0; i < NR_ZONE_STATS; i++) {
		for (unsigned n = 0; n < ARRAY_SIZE(nothings); n++)
			if (nothings[n].zone_before == i)
				print(m, nothings[n].name, 0);
		print(m, zone_stat_name(i), zone ? zone_stat(zone, i) : zone_gauge(node, i));
	}
}

void each_zone_gauge(struct seq_file *m, const struct zone *zone, gauge_printer print)
{
	zone_gauges(m, zone, NULL, print);
}

void each_zone_gauge_of_node(struct seq_file *m, const struct pglist_data *node,
			     gauge_printer print)
{
	zone_gauges(m, NULL, node, print);
}

unsigned long numa_gauge(const struct pglist_data *node, enum numa_stat item)
{
	unsigned long sum = 0;
	struct zone *zone;

	for_each_zone (zone)
		if (zone->present_pages && (!node || zone->node == node))
			sum += zone_numa_stat(zone, item);
	return sum;
}

void each_node_gauge(struct seq_file *m, const struct pglist_data *node, gauge_printer print)
{
	for (int i = 0; i < NR_NODE_STATS; i++) {
		print(m, node_stat_name(i), node ? node_stat(node, i) : global_node_stat(i));
		for (unsigned n = 0; n < ARRAY_SIZE(nothings); n++)
			if (nothings[n].node_after == i && nothings[n].name)
				print(m, nothings[n].name, 0);
	}
}

static void print_gauge(struct seq_file *m, const char *name, unsigned long value)
{
	seq_printf(m, "%s %lu\n", name, value);
}

static void show_numa_gauges(struct seq_file *m)
{
	for (int i = 0; i < NR_NUMA_STATS && MACHINE_HAS_NUMA; i++)
		print_gauge(m, numa_stat_name(i), numa_gauge(NULL, i));
}

static unsigned long allocated(enum zone_type type)
{
	unsigned long sum = 0;
	struct zone *zone;

	for_each_zone (zone)
		if (zone->present_pages && zone->type == type)
			sum += zone_pages_allocated(zone);
	return sum;
}

static unsigned long skipped(enum zone_type type)
{
	unsigned long sum = 0;
	struct zone *zone;

	for_each_zone (zone)
		if (zone->type == type)
			sum += READ_ONCE(zone->skipped);
	return sum;
}

static void by_zone_type(struct seq_file *m, const char *what,
			 unsigned long (*count)(enum zone_type type))
{
	static const struct {
		const char *name;
		int type;
	} types[] = {{"dma", ZONE_DMA},      {"dma32", ZONE_DMA32},     {"normal", ZONE_NORMAL},
		     {"high", ZONE_HIGHMEM}, {"movable", ZONE_MOVABLE}, {"device", -1}};

	for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
		if ((types[i].type == ZONE_DMA32 && !MACHINE_HAS_DMA32) ||
		    (types[i].type == ZONE_HIGHMEM && !MACHINE_HAS_HIGHMEM) ||
		    (types[i].type < 0 && BITS_PER_LONG < 64))
			continue;
		seq_printf(m, "%s_%s %lu\n", what, types[i].name,
			   types[i].type < 0 ? 0 : count((enum zone_type)types[i].type));
	}
}

static int show_vmstat(struct seq_file *m, void *unused)
{
	unsigned long background, limit;

	each_zone_gauge(m, NULL, print_gauge);
	show_numa_gauges(m);
	each_node_gauge(m, NULL, print_gauge);
	writeback_limits(&background, &limit);
	print_gauge(m, "nr_dirty_threshold", limit);
	print_gauge(m, "nr_dirty_background_threshold", background);
	/* In KiB, for all that disks read and wrote. */
	print_gauge(m, "pgpgin", trace_count(TRACE_disk_read) / 2);
	print_gauge(m, "pgpgout", trace_count(TRACE_disk_write) / 2);
	print_gauge(m, "pswpin", trace_count(TRACE_swap_in));
	print_gauge(m, "pswpout", trace_count(TRACE_swap_out));
	by_zone_type(m, "pgalloc", allocated);
	by_zone_type(m, "allocstall", alloc_stalls);
	by_zone_type(m, "pgskip", skipped);
	for (unsigned i = 0; i < ARRAY_SIZE(event_names); i++)
		if (event_names[i])
			seq_printf(m, "%s %lu\n", event_names[i], event_count(event_names[i]));
	return 0;
}

static int vmstat_init(void)
{
	proc_create("vmstat", 0444, show_vmstat, NULL, NULL);
	return 0;
}
INITCALL(INIT_LATE, vmstat_init);
