/*
 * Nodes and zones: from the map of RAM to an allocator that works.
 *
 *   ram_map     |  RAM node 0      |hole|  RAM node 0      |     RAM node 1       |
 *   zones       | DMA |      DMA32      |      DMA32       | DMA32  |   NORMAL    |
 *   mem_map     |######################|....|##############|######################|
 *                                       not mapped: a hole has no descriptors
 *
 * A zone belongs to one node and one range of addresses.  It spans from its first
 * frame to its last, holes included (spanned); what of that is RAM is present;
 * what the buddy system got of that is managed -- the rest was reserved early.
 * Each node's descriptor, bitmaps and part of mem_map lie on the node itself.
 *
 * Zonelists: where a request looks, in order.  For each node and each highest zone
 * one list: the node's own zones from the highest down, then the next nearest
 * node's, and so on (nodes of the same distance: the one with the next higher number
 * first, so that not all fall upon the same).
 *
 * Locking: frame_init() runs alone.  Afterwards only managed_pages changes.
 */
#include "lib/errno.h"
#include "lib/printk.h"
#include "mm/check.h"
#include "mm/mark.h"
#include "mm/frame/buddy.h"
#include "mm/frame/early.h"
#include "mm/frame/pcp.h"

struct pglist_data *node_data[MAX_NUMNODES];
unsigned nr_nodes;
bool zonelist_normal_first;

static bool frame_ready; /* early memory is closed */

static const char *const zone_names[MAX_NR_ZONES] = {"DMA", "DMA32", "Normal", "HighMem",
						     "Movable"};

const char *zone_type_name(enum zone_type type)
{
	return zone_names[type];
}

bool zone_type_exists(enum zone_type type)
{
	return (type != ZONE_DMA32 || MACHINE_HAS_DMA32) &&
	       (type != ZONE_HIGHMEM || MACHINE_HAS_HIGHMEM);
}

/* The first frame behind a kind of zone; the end of its predecessor is its start. */
static pfn_t zone_end_pfn(enum zone_type type)
{
	const pfn_t no_end = PAGE_LIST_ID;

	switch (type) {
	case ZONE_DMA: return ZONE_DMA_END_PFN;
#if MACHINE_HAS_DMA32
	case ZONE_DMA32: return ZONE_DMA32_END_PFN;
#else
	case ZONE_DMA32: return ZONE_DMA_END_PFN;
#endif
#if MACHINE_HAS_HIGHMEM
	case ZONE_NORMAL: return ZONE_NORMAL_END_PFN;
#endif
	default: return no_end;
	}
}

/*
 * Frame 0 is in no zone: the BIOS keeps its data there, and a physical address of 0 should
 * mean "none".
 */
#define FIRST_PFN ((pfn_t)1)

static pfn_t zone_first_pfn(enum zone_type type)
{
	return type == ZONE_DMA ? FIRST_PFN : zone_end_pfn(type - 1);
}

struct zone *first_zone(void)
{
	return nr_nodes ? &node_data[0]->zone[0] : NULL;
}

struct zone *next_zone(struct zone *zone)
{
	unsigned nid = (unsigned)zone->node->nid;

	if (zone->type + 1 < MAX_NR_ZONES)
		return zone + 1;
	return nid + 1 < nr_nodes ? &node_data[nid + 1]->zone[0] : NULL;
}

/* The n-th stretch of usable RAM, in whole frames, clipped to [first, end); false if none left. */
static bool ram_frames(unsigned n, pfn_t first, pfn_t end, pfn_t *from, pfn_t *to, int *node)
{
	const struct ram_range *range = &ram_map.range[n];

	*from = *to = first;
	*node = range->node;
	if (range->kind != RAM_USABLE)
		return false;
	*from = max((pfn_t)((range->start.v + PAGE_SIZE - 1) >> PAGE_SHIFT), first);
	*to = min((pfn_t)((range->start.v + range->bytes) >> PAGE_SHIFT), end);
	return *from < *to;
}

bool frames_present(pfn_t start, unsigned long n)
{
	pfn_t end = start + n, from, to;
	int node;

	for (unsigned i = 0; i < ram_map.ranges && start < end; i++)
		if (ram_frames(i, 0, PAGE_LIST_ID, &from, &to, &node) && from <= start &&
		    start < to)
			start = to;
	return start >= end;
}

bool any_frame_present(pfn_t start, unsigned long n)
{
	pfn_t from, to;
	int node;

	for (unsigned i = 0; i < ram_map.ranges; i++)
		if (ram_frames(i, start, start + n, &from, &to, &node))
			return true;
	return false;
}

/* Find the zone's span and its present pages. */
static void measure_zone(struct zone *zone)
{
	pfn_t end_pfn = 0, from, to;
	int nid;

	zone->start_pfn = 0;
	zone->present_pages = 0;
	for (unsigned i = 0; i < ram_map.ranges; i++) {
		if (!ram_frames(i, zone_first_pfn(zone->type), zone_end_pfn(zone->type), &from, &to,
				&nid) ||
		    nid != zone->node->nid)
			continue;
		if (!zone->present_pages)
			zone->start_pfn = from;
		end_pfn = to;
		zone->present_pages += to - from;
	}
	zone->spanned_pages = zone->present_pages ? end_pfn - zone->start_pfn : 0;
}

static void make_node(int nid)
{
	struct pglist_data *node = early_alloc(sizeof(*node), _Alignof(struct pglist_data), nid);
	pfn_t end_pfn = 0;

	node->nid = nid;
	node_data[nid] = node;
	for (unsigned type = 0; type < MAX_NR_ZONES; type++) {
		struct zone *zone = &node->zone[type];

		spin_lock_init(&zone->lock, RANK_ZONE);
		zone->name = zone_names[type];
		zone->type = type;
		zone->node = node;
		zone->id = (u32)nid << (PAGE_NODE_SHIFT - PAGE_ZONE_SHIFT) | type;
		measure_zone(zone);
		if (!zone->present_pages)
			continue;
		if (!node->present_pages)
			node->start_pfn = zone->start_pfn;
		end_pfn = zone->start_pfn + zone->spanned_pages;
		node->present_pages += zone->present_pages;
	}
	if (node->present_pages)
		node->spanned_pages = end_pfn - node->start_pfn;
}

static void make_mem_map(void)
{
	pfn_t from, to;
	int nid;

	for (unsigned i = 0; i < ram_map.ranges; i++)
		if (ram_frames(i, 0, PAGE_LIST_ID, &from, &to, &nid))
			machine_map_mem_map(from, to, nid);
}

/* The next node after those used already: the nearest to `home`. -1 when all are used. */
static int nearest_node(int home, u32 used)
{
	int best = -1;

	for (unsigned step = 0; step < nr_nodes; step++) {
		int nid = (home + (int)step) % (int)nr_nodes;

		if (used & 1u << nid)
			continue;
		if (best < 0 || ram_map.distance[home][nid] < ram_map.distance[home][best])
			best = nid;
	}
	return best;
}

/* Append the node's zones from `highest` down. */
static unsigned append_zones(struct zonelist *list, unsigned n, struct pglist_data *node,
			     enum zone_type highest)
{
	bool swap_order = zonelist_normal_first && highest >= ZONE_HIGHMEM;

	if (swap_order && node->zone[ZONE_NORMAL].present_pages)
		list->zone[n++] = &node->zone[ZONE_NORMAL];
	for (int type = (int)highest; type >= 0; type--)
		if (node->zone[type].present_pages && !(swap_order && type == ZONE_NORMAL))
			list->zone[n++] = &node->zone[type];
	return n;
}

static void make_zonelists(struct pglist_data *node)
{
	unsigned length[MAX_NR_ZONES] = {0};
	u32 used = 0;
	int nid;

	while ((nid = nearest_node(node->nid, used)) >= 0) {
		used |= 1u << nid;
		for (unsigned highest = 0; highest < MAX_NR_ZONES; highest++)
			length[highest] = append_zones(&node->zonelist[highest], length[highest],
						       node_data[nid], highest);
	}
	for (unsigned highest = 0; highest < MAX_NR_ZONES; highest++)
		append_zones(&node->zonelist_thisnode[highest], 0, node, highest);
}

static void make_zone_tables(void)
{
	struct zone *zone;

	for_each_zone (zone) {
		int nid = zone->node->nid;

		if (!zone->present_pages)
			continue;
		buddy_init(zone,
			   early_alloc(buddy_metadata_bytes(zone->start_pfn, zone->spanned_pages),
				       sizeof(long), nid));
#ifdef PAGODA_DEBUG
		zone->owner = early_alloc(zone->spanned_pages * sizeof(long), sizeof(long), nid);
#endif
	}
	pcp_init_cpu(0, early_alloc(pcp_bytes(), 64, cpu_to_node(0)));
}

static void init_descriptors(struct zone *zone, pfn_t from, pfn_t to, bool reserved)
{
	u32 flags = zone->id << PAGE_ZONE_SHIFT | (reserved ? 1u << PG_reserved : 0);

	for (struct page *page = pfn_to_page(from); page < pfn_to_page(to); page++) {
		page->flags = flags;
		atomic_set(&page->refcount, reserved);
	}
}

/* Descriptors of the RAM in [from, to), all in this zone; what is not reserved becomes free. */
static void open_range(struct zone *zone, pfn_t from, pfn_t to)
{
	while (from < to) {
		u64 start, end;

		if (!early_free_gap((u64)from << PAGE_SHIFT, (u64)to << PAGE_SHIFT, &start, &end))
			start = end = (u64)to << PAGE_SHIFT;

		pfn_t free_from = min((pfn_t)((start + PAGE_SIZE - 1) >> PAGE_SHIFT), to);
		pfn_t free_to = max((pfn_t)(end >> PAGE_SHIFT), free_from);

		init_descriptors(zone, from, free_from, true);
		init_descriptors(zone, free_from, free_to, false);
		spin_lock(&zone->lock);
		buddy_add_range(zone, free_from, free_to);
		zone->managed_pages += free_to - free_from;
		spin_unlock(&zone->lock);
		from = max(free_to, from + 1);
		/* A gap smaller than a page belongs to a reserved page. */
		if (free_from == free_to && free_to < to)
			init_descriptors(zone, free_to, from, true);
	}
}

static void open_zones(void)
{
	struct zone *zone;

	if (frames_present(0, FIRST_PFN))
		init_descriptors(first_zone(), 0, FIRST_PFN, true);

	for_each_zone (zone) {
		pfn_t from, to;
		int nid;

		for (unsigned i = 0; i < ram_map.ranges && zone->present_pages; i++)
			if (ram_frames(i, zone_first_pfn(zone->type), zone_end_pfn(zone->type),
				       &from, &to, &nid) &&
			    nid == zone->node->nid)
				open_range(zone, from, to);
	}
}

static void print_zone_ranges(void)
{
	pr_info("Zone ranges:");
	for (unsigned type = 0; type < ZONE_MOVABLE; type++) {
		pfn_t start = PAGE_LIST_ID, end = 0;

		if (!zone_type_exists(type))
			continue;
		for (unsigned nid = 0; nid < nr_nodes; nid++) {
			const struct zone *zone = &node_data[nid]->zone[type];

			if (!zone->present_pages)
				continue;
			start = min(start, zone->start_pfn);
			end = max(end, zone->start_pfn + zone->spanned_pages);
		}
		if (end)
			pr_info("  %-8s [mem 0x%016llx-0x%016llx]", zone_names[type],
				(unsigned long long)start << PAGE_SHIFT,
				((unsigned long long)end << PAGE_SHIFT) - 1);
		else
			pr_info("  %-8s empty", zone_names[type]);
	}
}

static void print_nodes(void)
{
	pfn_t from, to;
	int nid;

	pr_info("Early memory node ranges");
	for (unsigned i = 0; i < ram_map.ranges; i++)
		if (ram_frames(i, FIRST_PFN, PAGE_LIST_ID, &from, &to, &nid))
			pr_info("  node %3d: [mem 0x%016llx-0x%016llx]", nid,
				(unsigned long long)from << PAGE_SHIFT,
				((unsigned long long)to << PAGE_SHIFT) - 1);
	for_each_node (nid)
		pr_info("Initmem setup node %d [mem 0x%016llx-0x%016llx]", nid,
			(unsigned long long)node_data[nid]->start_pfn << PAGE_SHIFT,
			((unsigned long long)(node_data[nid]->start_pfn +
					      node_data[nid]->spanned_pages)
			 << PAGE_SHIFT) -
				(node_data[nid]->spanned_pages ? 1 : 0));
}

static void print_memory(void)
{
	unsigned long present = 0, high = 0, total = totalram_pages();
	struct zone *zone;

	for_each_zone (zone) {
		present += zone->present_pages;
		if (zone->type == ZONE_HIGHMEM)
			high += zone->managed_pages;
	}
	pr_info("Built %u zonelists, mobility grouping on.  Total pages: %lu", nr_nodes, total);
	if (MACHINE_HAS_HIGHMEM)
		pr_info("Memory: %luK/%luK available (%luK reserved, 0K cma-reserved, %luK "
			"highmem)",
			nr_free_pages() << (PAGE_SHIFT - 10), present << (PAGE_SHIFT - 10),
			(present - total) << (PAGE_SHIFT - 10), high << (PAGE_SHIFT - 10));
	else
		pr_info("Memory: %luK/%luK available (%luK reserved, 0K cma-reserved)",
			nr_free_pages() << (PAGE_SHIFT - 10), present << (PAGE_SHIFT - 10),
			(present - total) << (PAGE_SHIFT - 10));
}

static struct mm_checker checker = {.name = "frame", .check = frame_check, .still = true};
static struct mm_marker marker = {.mark = frame_mark};

void frame_init(void)
{
	struct zone *zone;
	int nid;

	ASSERT(!frame_ready);
	nr_nodes = max(ram_map.nodes, 1u);
	for (nid = 0; nid < (int)nr_nodes; nid++)
		make_node(nid);
	make_mem_map();
	for_each_node (nid)
		make_zonelists(node_data[nid]);
	make_zone_tables();
	print_zone_ranges();
	print_nodes();

	for_each_zone (zone)
		if (zone->present_pages)
			trace_zone_open(zone->id, zone->start_pfn, zone->spanned_pages,
					zone->present_pages);
	frame_ready = true; /* nothing may be reserved behind the gaps' back from here on */
	open_zones();
	setup_zone_marks();
	print_memory();
	mm_check_register(&checker);
	mm_mark_register(&marker);
}

void free_reserved_range(phys_addr_t start, u64 bytes)
{
	pfn_t pfn = (pfn_t)((start.v + PAGE_SIZE - 1) >> PAGE_SHIFT);
	pfn_t end = (pfn_t)((start.v + bytes) >> PAGE_SHIFT);

	if (pfn >= end)
		return;
	early_unreserve((u64)pfn << PAGE_SHIFT, (u64)end << PAGE_SHIFT);
	while (pfn < end) {
		/* As far as one zone's RAM goes. */
		struct zone *zone = page_zone(pfn_to_page(pfn));
		pfn_t to = pfn;

		for (; to < end && page_zone(pfn_to_page(to)) == zone; to++) {
			struct page *page = pfn_to_page(to);

			BUG_ON(!page_test(page, PG_reserved));
			page_clear_owned(page, PG_reserved);
			atomic_set(&page->refcount, 0);
		}
		spin_lock(&zone->lock);
		buddy_add_range(zone, pfn, to);
		zone->managed_pages += to - pfn;
		spin_unlock(&zone->lock);
		pfn = to;
	}
	setup_zone_marks();
}
