/*
 * What the frame floor says of itself: the report of sysrq m and of failed
 * allocations, line by line as Linux 6.1 prints it, and the snapshot of free lists
 * behind /proc/buddyinfo and /proc/pagetypeinfo.  Both are made from the same
 * lists under the zone's lock, so they agree (S26).
 */
#include "mm/frame/report.h"

#include "lib/printf.h"
#include "lib/printk.h"
#include "lib/string.h"
#include "mm/frame/buddy.h"
#include "sync/task.h"

#define KB(pages) ((pages) << (PAGE_SHIFT - 10))
#define NODE_NAME 20 /* bytes */

static const char *const type_names[MIGRATE_TYPES] = {"Unmovable",  "Movable", "Reclaimable",
						      "HighAtomic", "CMA",     "Isolate"};
static const char type_letters[] = "UMEHCI";

const char *migratetype_name(enum migratetype type)
{
	return type_names[type];
}

enum migratetype pageblock_type(const struct page *page)
{
	return buddy_type(page_zone(page), page_to_pfn(page));
}

/* A page block counts for the zone if any of its frames is RAM of the zone. */
static void count_pageblocks(const struct zone *zone, struct zone_snapshot *snapshot)
{
	pfn_t end = zone->start_pfn + zone->spanned_pages;

	for (pfn_t pfn = zone->start_pfn; pfn < end;
	     pfn = ALIGN_DOWN(pfn, PAGEBLOCK_PAGES) + PAGEBLOCK_PAGES)
		if (any_frame_present(pfn, min(end - pfn, PAGEBLOCK_PAGES)))
			snapshot->pageblocks[buddy_type(zone, pfn)]++;
}

void zone_snapshot(struct zone *zone, struct zone_snapshot *snapshot)
{
	memset(snapshot, 0, sizeof(*snapshot));
	if (!zone->present_pages)
		return;
	spin_lock(&zone->lock);
	for (unsigned type = 0; type < MIGRATE_TYPES; type++)
		for (unsigned order = 0; order < MAX_ORDER; order++)
			snapshot->blocks[type][order] = zone->free_area[order].list[type].count;
	snapshot->free_pages = zone->free_pages;
	count_pageblocks(zone, snapshot);
	spin_unlock(&zone->lock);
}

static unsigned long zone_pcp_pages(const struct zone *zone)
{
	unsigned long pages = 0;

	for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++)
		if (zone->pcp[cpu])
			pages += pcp_count(zone->pcp[cpu]);
	return pages;
}

static void show_totals(void)
{
#define N(item) global_node_stat(item)
	printk(KERN_WARNING "active_anon:%lu inactive_anon:%lu isolated_anon:%lu",
	       N(NR_ACTIVE_ANON), N(NR_INACTIVE_ANON), N(NR_ISOLATED_ANON));
	printk(KERN_WARNING " active_file:%lu inactive_file:%lu isolated_file:%lu",
	       N(NR_ACTIVE_FILE), N(NR_INACTIVE_FILE), N(NR_ISOLATED_FILE));
	printk(KERN_WARNING " unevictable:%lu dirty:%lu writeback:%lu", N(NR_UNEVICTABLE),
	       N(NR_FILE_DIRTY), N(NR_WRITEBACK));
	printk(KERN_WARNING " slab_reclaimable:%lu slab_unreclaimable:%lu", N(NR_SLAB_RECLAIMABLE),
	       N(NR_SLAB_UNRECLAIMABLE));
	printk(KERN_WARNING " mapped:%lu shmem:%lu pagetables:%lu", N(NR_FILE_MAPPED), N(NR_SHMEM),
	       N(NR_PAGETABLE));
	printk(KERN_WARNING " sec_pagetables:0 bounce:%lu", global_zone_stat(NR_BOUNCE));
	printk(KERN_WARNING " kernel_misc_reclaimable:%lu", N(NR_KERNEL_MISC_RECLAIMABLE));
	printk(KERN_WARNING " free:%lu free_pcp:%lu free_cma:%lu", nr_free_pages(), nr_pcp_pages(),
	       global_zone_stat(NR_FREE_CMA));
#undef N
}

static void show_node(const struct pglist_data *node)
{
#define N(item) KB(node_stat(node, item))
	printk(KERN_WARNING
	       "Node %d active_anon:%lukB inactive_anon:%lukB active_file:%lukB "
	       "inactive_file:%lukB "
	       "unevictable:%lukB isolated(anon):%lukB isolated(file):%lukB mapped:%lukB "
	       "dirty:%lukB "
	       "writeback:%lukB shmem:%lukB shmem_thp: 0kB shmem_pmdmapped: 0kB anon_thp: 0kB "
	       "writeback_tmp:0kB kernel_stack:%lukB pagetables:%lukB sec_pagetables:0kB "
	       "all_unreclaimable? no",
	       node->nid, N(NR_ACTIVE_ANON), N(NR_INACTIVE_ANON), N(NR_ACTIVE_FILE),
	       N(NR_INACTIVE_FILE), N(NR_UNEVICTABLE), N(NR_ISOLATED_ANON), N(NR_ISOLATED_FILE),
	       N(NR_FILE_MAPPED), N(NR_FILE_DIRTY), N(NR_WRITEBACK), N(NR_SHMEM),
	       node_stat(node, NR_KERNEL_STACK_KB), N(NR_PAGETABLE));
#undef N
}

/* What stands before a zone's name: its node, where there can be several. */
static void name_node(char text[NODE_NAME], const struct zone *zone)
{
	text[0] = '\0';
	if (MACHINE_HAS_NUMA)
		scnprintf(text, NODE_NAME, "Node %d ", zone->node->nid);
}

static void show_zone(const struct zone *zone)
{
#define Z(item) KB(zone_stat(zone, item))
	const struct per_cpu_pages *local = zone->pcp[cpu_id()];
	char reserve[MAX_NR_ZONES * 12], node[NODE_NAME];
	int at = 0;

	name_node(node, zone);
	printk(KERN_WARNING
	       "%s%s free:%lukB boost:%lukB min:%lukB low:%lukB high:%lukB "
	       "reserved_highatomic:0KB active_anon:%lukB inactive_anon:%lukB active_file:%lukB "
	       "inactive_file:%lukB unevictable:%lukB writepending:%lukB present:%lukB "
	       "managed:%lukB "
	       "mlocked:%lukB bounce:%lukB free_pcp:%lukB local_pcp:%lukB free_cma:%lukB",
	       node, zone->name, Z(NR_FREE_PAGES), KB(zone->watermark_boost),
	       KB(zone->watermark[WMARK_MIN]), KB(zone->watermark[WMARK_LOW]),
	       KB(zone->watermark[WMARK_HIGH]), Z(NR_ZONE_ACTIVE_ANON), Z(NR_ZONE_INACTIVE_ANON),
	       Z(NR_ZONE_ACTIVE_FILE), Z(NR_ZONE_INACTIVE_FILE), Z(NR_ZONE_UNEVICTABLE),
	       Z(NR_ZONE_WRITE_PENDING), KB(zone->present_pages), KB(zone->managed_pages),
	       Z(NR_MLOCK), Z(NR_BOUNCE), KB(zone_pcp_pages(zone)),
	       KB((unsigned long)(local ? pcp_count(local) : 0)), Z(NR_FREE_CMA));
	for (unsigned type = 0; type < MAX_NR_ZONES; type++)
		if (zone_type_exists(type) || !MACHINE_HAS_HIGHMEM)
			at += scnprintf(reserve + at, sizeof(reserve) - (size_t)at, " %lu",
					zone->lowmem_reserve[type]);
	printk(KERN_WARNING "lowmem_reserve[]:%s", reserve);
#undef Z
}

/* "1*128kB (U) ": how many blocks of each order, and of which types. */
static void show_free_lists(struct zone *zone)
{
	struct zone_snapshot snapshot;
	char line[400], node[NODE_NAME];
	int at;

	zone_snapshot(zone, &snapshot);
	name_node(node, zone);
	at = scnprintf(line, sizeof(line), "%s%s:", node, zone->name);
	for (unsigned order = 0; order < MAX_ORDER; order++) {
		char letters[MIGRATE_TYPES + 1];
		unsigned long blocks = 0, n = 0;

		for (unsigned type = 0; type < MIGRATE_TYPES; type++) {
			blocks += snapshot.blocks[type][order];
			if (snapshot.blocks[type][order])
				letters[n++] = type_letters[type];
		}
		letters[n] = '\0';
		at += scnprintf(line + at, sizeof(line) - (size_t)at, " %lu*%lukB", blocks,
				KB(1UL << order));
		if (n)
			at += scnprintf(line + at, sizeof(line) - (size_t)at, " (%s)", letters);
	}
	printk(KERN_WARNING "%s = %lukB", line, KB(snapshot.free_pages));
}

void show_mem(void)
{
	unsigned long present = 0, managed = 0, high = 0, swap_free = 0, swap_total = 0;
	struct zone *zone;
	int nid;

	printk(KERN_WARNING "Mem-Info:");
	show_totals();
	for_each_node (nid)
		if (node_data[nid]->present_pages)
			show_node(node_data[nid]);
	for_each_zone (zone) {
		if (!zone->present_pages)
			continue;
		show_zone(zone);
		present += zone->present_pages;
		managed += zone->managed_pages;
		if (zone->type >= ZONE_HIGHMEM)
			high += zone->managed_pages;
	}
	for_each_zone (zone)
		if (zone->present_pages)
			show_free_lists(zone);

	if (frame_ops.swap_space)
		frame_ops.swap_space(&swap_free, &swap_total);
	printk(KERN_WARNING "%lu total pagecache pages", global_node_stat(NR_FILE_PAGES));
	printk(KERN_WARNING "%lu pages in swap cache", global_node_stat(NR_SWAPCACHE));
	printk(KERN_WARNING "Free swap  = %lukB", KB(swap_free));
	printk(KERN_WARNING "Total swap = %lukB", KB(swap_total));
	printk(KERN_WARNING "%lu pages RAM", present);
	printk(KERN_WARNING "%lu pages HighMem/MovableOnly", high);
	printk(KERN_WARNING "%lu pages reserved", present - managed);
	printk(KERN_WARNING "0 pages hwpoisoned");
}

/* ---- flags by name ---- */

struct gfp_name {
	gfp_t bits;
	const char *name;
};

#define GFP_NAME(flag)      \
	{                   \
		flag, #flag \
	}

/* Whole sets first; what they leave is named flag by flag. */
static const struct gfp_name gfp_names[] = {
	GFP_NAME(GFP_HIGHUSER_MOVABLE),
	GFP_NAME(GFP_HIGHUSER),
	GFP_NAME(GFP_KERNEL),
	GFP_NAME(GFP_NOFS),
	GFP_NAME(GFP_ATOMIC),
	GFP_NAME(GFP_NOIO),
	GFP_NAME(__GFP_DMA),
	GFP_NAME(__GFP_DMA32),
	GFP_NAME(__GFP_HIGHMEM),
	GFP_NAME(__GFP_MOVABLE),
	GFP_NAME(__GFP_RECLAIMABLE),
	GFP_NAME(__GFP_HIGH),
	GFP_NAME(__GFP_IO),
	GFP_NAME(__GFP_FS),
	GFP_NAME(__GFP_DIRECT_RECLAIM),
	GFP_NAME(__GFP_KSWAPD_RECLAIM),
	GFP_NAME(__GFP_NORETRY),
	GFP_NAME(__GFP_RETRY_MAYFAIL),
	GFP_NAME(__GFP_NOFAIL),
	GFP_NAME(__GFP_MEMALLOC),
	GFP_NAME(__GFP_NOMEMALLOC),
	GFP_NAME(__GFP_ATOMIC),
	GFP_NAME(__GFP_ZERO),
	GFP_NAME(__GFP_NOWARN),
	GFP_NAME(__GFP_COMP),
	GFP_NAME(__GFP_THISNODE),
	GFP_NAME(__GFP_ACCOUNT),
	GFP_NAME(__GFP_WRITE),
};

size_t gfp_text(gfp_t gfp, char *text, size_t size)
{
	int at = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < ARRAY_SIZE(gfp_names); i++) {
		gfp_t bits = gfp_names[i].bits;

		if ((gfp & bits) != bits)
			continue;
		gfp &= ~bits;
		at += scnprintf(text + at, size - (size_t)at, "%s%s", at ? "|" : "",
				gfp_names[i].name);
	}
	return (size_t)at;
}

/* Ten reports in five seconds; what is left out is not said again. */
static bool report_now(void)
{
	static u64 window_start;
	static unsigned in_window;
	u64 now = ktime_ns();

	if (now - READ_ONCE(window_start) > 5000000000ULL) {
		WRITE_ONCE(window_start, now);
		WRITE_ONCE(in_window, 0);
	}
	return fetch_add(&in_window, 1) < 10;
}

__cold void report_alloc_failure(gfp_t gfp, unsigned order)
{
	char flags[256];

	if (!report_now())
		return;
	gfp_text(gfp, flags, sizeof(flags));
	printk(KERN_WARNING "%s: page allocation failure: order:%u, mode:%#x(%s), nodemask=(null)",
	       frame_ops.task_name ? frame_ops.task_name() : "kernel", order, gfp, flags);
	show_mem();
}

__cold void report_bad_page(const struct page *page, const char *why)
{
	printk(KERN_ALERT "BUG: Bad page state: pfn:%05lx %s", page_to_pfn(page), why);
	printk(KERN_ALERT "page: refcount:%d mapcount:%d mapping:%#lx index:%#x flags:%#x",
	       page_ref_count(page), page_mapcount(page), page->mapping, page->index, page->flags);
	warn_at(__FILE__, __LINE__, "Bad page state");
}
