/*
 * Gauges: a shared value and a small difference per CPU.
 *
 * A change touches only this CPU's difference; when it has grown past STAT_FOLD
 * it is moved into the shared value by one atomic add, so that the differences
 * never overflow.  The sum of shared value and differences is the gauge.  While
 * others count, a reader may see one CPU's plus before another's minus or the
 * other way round: the sum can be off by what is under way, even below zero;
 * such a value is shown as zero.
 */
#include "mm/frame/frame.h"

DEFINE_PER_CPU(struct node_stat_deltas, node_stat_deltas);

void node_stat_fold(struct pglist_data *node, enum node_stat item, s32 *delta)
{
	fetch_add(&node->stat[item], *delta);
	*delta = 0;
}

void zone_stat_fold(struct zone *zone, enum zone_stat item, s32 *delta)
{
	fetch_add(&zone->stat[item], *delta);
	*delta = 0;
}

static unsigned long not_negative(long sum)
{
	return sum < 0 ? 0 : (unsigned long)sum;
}

__no_sanitize_thread unsigned long zone_stat(const struct zone *zone, enum zone_stat item)
{
	if (item == NR_FREE_PAGES)
		return READ_ONCE(zone->free_pages);

	long sum = READ_ONCE(zone->stat[item]);

	for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++) {
		const struct per_cpu_pages *pcp = load_acquire(&zone->pcp[cpu]);

		if (pcp)
			sum += READ_ONCE(pcp->stat_delta[item]);
	}
	return not_negative(sum);
}

__no_sanitize_thread unsigned long node_stat(const struct pglist_data *node, enum node_stat item)
{
	long sum = READ_ONCE(node->stat[item]);
	unsigned cpu;

	for_each_online_cpu (cpu)
		sum += READ_ONCE(per_cpu(node_stat_deltas, cpu).delta[node->nid][item]);
	return not_negative(sum);
}

unsigned long global_zone_stat(enum zone_stat item)
{
	unsigned long sum = 0;
	struct zone *zone;

	for_each_zone (zone)
		sum += zone_stat(zone, item);
	return sum;
}

unsigned long global_node_stat(enum node_stat item)
{
	unsigned long sum = 0;
	int nid;

	for_each_node (nid)
		sum += node_stat(node_data[nid], item);
	return sum;
}

__no_sanitize_thread unsigned long zone_numa_stat(const struct zone *zone, enum numa_stat item)
{
	unsigned long sum = 0;

	for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++) {
		const struct per_cpu_pages *pcp = load_acquire(&zone->pcp[cpu]);

		if (!pcp)
			continue;
		sum += READ_ONCE(pcp->numa[item]);
		if (item == NUMA_HIT || item == NUMA_LOCAL)
			sum += READ_ONCE(pcp->allocs);
	}
	return sum;
}

__no_sanitize_thread unsigned long zone_pages_allocated(const struct zone *zone)
{
	unsigned long sum = 0;

	for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++) {
		const struct per_cpu_pages *pcp = load_acquire(&zone->pcp[cpu]);

		if (pcp)
			sum += READ_ONCE(pcp->allocs) + READ_ONCE(pcp->more_pages);
	}
	return sum;
}

/* Names as in /proc/vmstat and /proc/zoneinfo of Linux. */
static const char *const zone_stat_names[NR_ZONE_STATS] = {
	[NR_FREE_PAGES] = "nr_free_pages",
	[NR_ZONE_INACTIVE_ANON] = "nr_zone_inactive_anon",
	[NR_ZONE_ACTIVE_ANON] = "nr_zone_active_anon",
	[NR_ZONE_INACTIVE_FILE] = "nr_zone_inactive_file",
	[NR_ZONE_ACTIVE_FILE] = "nr_zone_active_file",
	[NR_ZONE_UNEVICTABLE] = "nr_zone_unevictable",
	[NR_ZONE_WRITE_PENDING] = "nr_zone_write_pending",
	[NR_MLOCK] = "nr_mlock",
	[NR_BOUNCE] = "nr_bounce",
	[NR_FREE_CMA] = "nr_free_cma",
};

static const char *const numa_stat_names[NR_NUMA_STATS] = {
	[NUMA_HIT] = "numa_hit",         [NUMA_MISS] = "numa_miss",
	[NUMA_FOREIGN] = "numa_foreign", [NUMA_INTERLEAVE] = "numa_interleave",
	[NUMA_LOCAL] = "numa_local",     [NUMA_OTHER] = "numa_other",
};

static const char *const node_stat_names[NR_NODE_STATS] = {
	[NR_INACTIVE_ANON] = "nr_inactive_anon",
	[NR_ACTIVE_ANON] = "nr_active_anon",
	[NR_INACTIVE_FILE] = "nr_inactive_file",
	[NR_ACTIVE_FILE] = "nr_active_file",
	[NR_UNEVICTABLE] = "nr_unevictable",
	[NR_SLAB_RECLAIMABLE] = "nr_slab_reclaimable",
	[NR_SLAB_UNRECLAIMABLE] = "nr_slab_unreclaimable",
	[NR_ISOLATED_ANON] = "nr_isolated_anon",
	[NR_ISOLATED_FILE] = "nr_isolated_file",
	[WORKINGSET_NODES] = "workingset_nodes",
	[WORKINGSET_REFAULT_ANON] = "workingset_refault_anon",
	[WORKINGSET_REFAULT_FILE] = "workingset_refault_file",
	[WORKINGSET_ACTIVATE_ANON] = "workingset_activate_anon",
	[WORKINGSET_ACTIVATE_FILE] = "workingset_activate_file",
	[WORKINGSET_RESTORE_ANON] = "workingset_restore_anon",
	[WORKINGSET_RESTORE_FILE] = "workingset_restore_file",
	[WORKINGSET_NODERECLAIM] = "workingset_nodereclaim",
	[NR_ANON_MAPPED] = "nr_anon_pages",
	[NR_FILE_MAPPED] = "nr_mapped",
	[NR_FILE_PAGES] = "nr_file_pages",
	[NR_FILE_DIRTY] = "nr_dirty",
	[NR_WRITEBACK] = "nr_writeback",
	[NR_SHMEM] = "nr_shmem",
	[NR_VMSCAN_WRITE] = "nr_vmscan_write",
	[NR_VMSCAN_IMMEDIATE] = "nr_vmscan_immediate_reclaim",
	[NR_DIRTIED] = "nr_dirtied",
	[NR_WRITTEN] = "nr_written",
	[NR_KERNEL_MISC_RECLAIMABLE] = "nr_kernel_misc_reclaimable",
	[NR_KERNEL_STACK_KB] = "nr_kernel_stack",
	[NR_PAGETABLE] = "nr_page_table_pages",
	[NR_SWAPCACHE] = "nr_swapcached",
};

const char *zone_stat_name(enum zone_stat item)
{
	return zone_stat_names[item];
}

const char *node_stat_name(enum node_stat item)
{
	return node_stat_names[item];
}

const char *numa_stat_name(enum numa_stat item)
{
	return numa_stat_names[item];
}
