/*
 * /proc/buddyinfo, pagetypeinfo and zoneinfo: the frame floor's figures.
 *
 * Each zone's lists are read under its lock at one moment (zone_snapshot), so
 * the columns of a row agree with one another.  Pages on per-CPU lists are not in
 * buddyinfo.
 */
#include "kernel/initcall.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/reclaim/reclaim.h"
#include "mm/slab/slab.h"
#include "proc/gauges.h"

/* The snapshot is too large for a kernel stack to be generous with. */
static int with_snapshot(struct seq_file *m, void (*show)(struct seq_file *m, struct zone *zone,
							  const struct zone_snapshot *s))
{
	struct zone_snapshot *s = kmalloc(sizeof(*s), GFP_KERNEL);
	struct zone *zone;

	if (!s)
		return -ENOMEM;
	for_each_zone (zone) {
		if (!zone->present_pages)
			continue;
		zone_snapshot(zone, s);
		show(m, zone, s);
	}
	kfree(s);
	return 0;
}

static void buddy_row(struct seq_file *m, struct zone *zone, const struct zone_snapshot *s)
{
	seq_printf(m, "Node %d, zone %8s ", zone->node->nid, zone->name);
	for (int order = 0; order < MAX_ORDER; order++) {
		unsigned long blocks = 0;

		for (int type = 0; type < MIGRATE_TYPES; type++)
			blocks += s->blocks[type][order];
		seq_printf(m, "%6lu ", blocks);
	}
	seq_putc(m, '\n');
}

static int show_buddyinfo(struct seq_file *m, void *unused)
{
	return with_snapshot(m, buddy_row);
}

/* --- pagetypeinfo --- */

static bool shown_type(int type)
{
	return type != MIGRATE_CMA; /* no CMA area: Linux without CONFIG_CMA has no such column */
}

static void free_rows(struct seq_file *m, struct zone *zone, const struct zone_snapshot *s)
{
	for (int type = 0; type < MIGRATE_TYPES; type++) {
		if (!shown_type(type))
			continue;
		seq_printf(m, "Node %4d, zone %8s, type %12s ", zone->node->nid, zone->name,
			   migratetype_name(type));
		for (int order = 0; order < MAX_ORDER; order++)
			seq_printf(m, "%6lu ", s->blocks[type][order]);
		seq_putc(m, '\n');
	}
}

static void pageblock_row(struct seq_file *m, struct zone *zone, const struct zone_snapshot *s)
{
	seq_printf(m, "Node %d, zone %8s ", zone->node->nid, zone->name);
	for (int type = 0; type < MIGRATE_TYPES; type++)
		if (shown_type(type))
			seq_printf(m, "%12lu ", s->pageblocks[type]);
	seq_putc(m, '\n');
}

static int show_pagetypeinfo(struct seq_file *m, void *unused)
{
	int err;

	seq_printf(m, "Page block order: %d\nPages per block:  %lu\n\n", PAGEBLOCK_ORDER,
		   (unsigned long)PAGEBLOCK_PAGES);
	seq_printf(m, "%-43s ", "Free pages count per migrate type at order");
	for (int order = 0; order < MAX_ORDER; order++)
		seq_printf(m, "%6d ", order);
	seq_putc(m, '\n');
	err = with_snapshot(m, free_rows);
	if (err)
		return err;
	seq_printf(m, "\n%-23s", "Number of blocks type ");
	for (int type = 0; type < MIGRATE_TYPES; type++)
		if (shown_type(type))
			seq_printf(m, "%12s ", migratetype_name(type));
	seq_putc(m, '\n');
	return with_snapshot(m, pageblock_row);
}

/* --- zoneinfo --- */

static void gauge(struct seq_file *m, const char *name, unsigned long value)
{
	seq_printf(m, "\n      %-12s %lu", name, value);
}

static void show_zone(struct seq_file *m, struct zone *zone, bool first_of_node)
{
	unsigned cpu;

	seq_printf(m, "Node %d, zone %8s", zone->node->nid, zone->name);
	if (first_of_node) {
		seq_puts(m, "\n  per-node stats");
		each_node_gauge(m, zone->node, gauge);
	}
	seq_printf(m,
		   "\n  pages free     %lu\n        boost    %lu\n        min      %lu"
		   "\n        low      %lu\n        high     %lu\n        spanned  %lu"
		   "\n        present  %lu\n        managed  %lu\n        cma      0",
		   zone_stat(zone, NR_FREE_PAGES), zone->watermark_boost,
		   zone->watermark[WMARK_MIN], zone->watermark[WMARK_LOW],
		   zone->watermark[WMARK_HIGH], zone->spanned_pages, zone->present_pages,
		   zone->managed_pages);
	seq_printf(m, "\n        protection: (%lu", zone->lowmem_reserve[0]);
	for (int i = 1; i < MAX_NR_ZONES; i++)
		if (zone_type_exists(i) || !MACHINE_HAS_HIGHMEM)
			seq_printf(m, ", %lu", zone->lowmem_reserve[i]);
	seq_putc(m, ')');
	if (!zone->present_pages) {
		seq_putc(m, '\n');
		return;
	}
	each_zone_gauge(m, zone, gauge);
	for (int i = 0; i < NR_NUMA_STATS && MACHINE_HAS_NUMA; i++)
		gauge(m, numa_stat_name(i), zone_numa_stat(zone, i));
	seq_puts(m, "\n  pagesets");
	for_each_online_cpu (cpu) {
		const struct per_cpu_pages *pcp = zone->pcp[cpu];

		seq_printf(m,
			   "\n    cpu: %u\n              count: %u\n              high:  %u"
			   "\n              batch: %u\n  vm stats threshold: %d",
			   cpu, pcp_count(pcp), pcp->high, pcp->batch, STAT_FOLD);
	}
	seq_printf(m, "\n  node_unreclaimable:  %u\n  start_pfn:           %lu\n",
		   node_unreclaimable(zone->node), zone->start_pfn);
}

static int show_zoneinfo(struct seq_file *m, void *unused)
{
	struct pglist_data *node = NULL;
	struct zone *zone;

	for_each_zone (zone) {
		if ((zone->type == ZONE_DMA32 && !MACHINE_HAS_DMA32) ||
		    (zone->type == ZONE_HIGHMEM && !MACHINE_HAS_HIGHMEM))
			continue;
		show_zone(m, zone, zone->present_pages && zone->node != node);
		if (zone->present_pages)
			node = zone->node;
	}
	return 0;
}

/* --- iomem --- */

static const char *kind_name(enum ram_kind kind)
{
	switch (kind) {
	case RAM_USABLE: return "System RAM";
	case RAM_ACPI: return "ACPI Tables";
	case RAM_ACPI_NVS: return "ACPI Non-volatile Storage";
	case RAM_UNUSABLE: return "Unusable memory";
	default: return "Reserved";
	}
}

/* Physical addresses are for those who may use them: others see zeros. */
static void show_range(struct seq_file *m, const char *indent, u64 start, u64 bytes,
		       const char *what)
{
	bool see = capable(21 /* CAP_SYS_ADMIN */);

	seq_printf(m, "%s%08llx-%08llx : %s\n", indent, see ? (unsigned long long)start : 0ULL,
		   see ? (unsigned long long)(start + bytes - 1) : 0ULL, what);
}

static int show_iomem(struct seq_file *m, void *unused)
{
	for (unsigned i = 0; i < ram_map.ranges; i++) {
		const struct ram_range *r = &ram_map.range[i];
		phys_addr_t start;
		const char *what;
		u64 bytes;

		show_range(m, "", r->start.v, r->bytes, kind_name(r->kind));
		for (unsigned n = 0; early_reservation(n, &start, &bytes, &what); n++)
			if (start.v >= r->start.v && start.v < r->start.v + r->bytes &&
			    !strncmp(what, "Kernel ", 7))
				show_range(m, "  ", start.v, bytes, what);
	}
	return 0;
}

static int zones_init(void)
{
	proc_create("buddyinfo", 0444, show_buddyinfo, NULL, NULL);
	proc_create("pagetypeinfo", 0400, show_pagetypeinfo, NULL, NULL);
	proc_create("zoneinfo", 0444, show_zoneinfo, NULL, NULL);
	proc_create("iomem", 0444, show_iomem, NULL, NULL);
	return 0;
}
INITCALL(INIT_LATE, zones_init);
