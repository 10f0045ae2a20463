/*
 * Watermarks and reserves: how much of a zone is not for everybody.
 *
 *   free pages
 *     |
 *   high  - - - - kswapd stops here
 *     |           ordinary requests are served down to low;
 *   low   - - - - there kswapd wakes
 *     |           then down to min while it works
 *   min   - - - - below: only requests that cannot wait (GFP_ATOMIC: a part of it),
 *     |           and those who free memory by allocating (__GFP_MEMALLOC: all)
 *     0
 *
 * min_free_kbytes is the sum of all min marks: 4 times the square root of memory in KiB
 * (16 x in the root), 128 KiB to 256 MiB.  Each zone has its share by size.  low
 * and high lie above by a quarter of min or watermark_scale_factor/10000 of the
 * zone, whichever is more.  HIGHMEM has a small fixed min (no kernel request
 * falls back on it) but its share of the distances.
 *
 * lowmem_reserve: a request that could be served from higher zones must leave in a
 * lower one a part of the higher zones' size, for those who can use no other:
 *
 *     reserve of DMA against a NORMAL request = (DMA32 + NORMAL) / 256
 *
 * The figures are Linux's (Documentation/admin-guide/sysctl/vm.rst).
 *
 * Locking: marks_lock keeps changes apart; readers take single words as they find them.
 */
#include "mm/frame/marks.h"

#include "lib/div.h"
#include "mm/frame/pcp.h"

unsigned long min_free_kbytes;
unsigned watermark_scale_factor = 10;
int lowmem_reserve_ratio[MAX_NR_ZONES] = {256, 256, 32, 0, 0};
unsigned long totalreserve_pages;

static spinlock_t marks_lock = SPINLOCK_INIT(RANK_COUNTERS);
static bool min_free_is_users; /* (marks_lock) set by hand: not to be recomputed */

static unsigned long square_root(unsigned long n)
{
	unsigned long root = 0;

	for (unsigned long bit = 1UL << (BITS_PER_LONG / 2 - 1); bit; bit >>= 1)
		if ((root | bit) * (root | bit) <= n)
			root |= bit;
	return root;
}

/* Memory that the kernel can use without windows. */
static unsigned long lowmem_pages(void)
{
	unsigned long pages = 0;
	struct zone *zone;

	for_each_zone (zone)
		if (zone->type != ZONE_HIGHMEM)
			pages += zone->managed_pages;
	return pages;
}

static unsigned long default_min_free(void)
{
	unsigned long kbytes = lowmem_pages() << (PAGE_SHIFT - 10);
	unsigned long root = square_root(kbytes * 16);

	return min(max(root, 128UL), 262144UL);
}

static void set_watermarks(struct zone *zone, unsigned long pages_min, unsigned long lowmem)
{
	unsigned long managed = zone->managed_pages;
	unsigned long share =
		(unsigned long)div_u64((u64)pages_min * managed, (u32)(lowmem ? lowmem : 1), NULL);
	unsigned long scaled =
		(unsigned long)div_u64((u64)managed * watermark_scale_factor, 10000, NULL);
	unsigned long mark = share;

	if (zone->type == ZONE_HIGHMEM)
		mark = min(max(managed / 1024, 32UL), 128UL);
	for (unsigned i = 0; i < NR_WMARK; i++) {
		WRITE_ONCE(zone->watermark[i], mark);
		mark += max(share / 4, scaled);
	}
}

static void set_reserves(struct pglist_data *node)
{
	for (unsigned low = 0; low < MAX_NR_ZONES; low++) {
		struct zone *zone = &node->zone[low];
		unsigned long above = 0;
		int ratio = lowmem_reserve_ratio[low];

		for (unsigned high = low + 1; high < MAX_NR_ZONES; high++) {
			above += node->zone[high].managed_pages;
			WRITE_ONCE(zone->lowmem_reserve[high],
				   ratio > 0 && zone->managed_pages ? above / ratio : 0);
		}
	}
}

/* The most that a request may find out of its reach in all zones. */
static unsigned long count_reserves(void)
{
	unsigned long sum = 0;
	struct zone *zone;

	for_each_zone (zone) {
		unsigned long most = 0;

		for (unsigned i = 0; i < MAX_NR_ZONES; i++)
			most = max(most, zone->lowmem_reserve[i]);
		sum += min(most + zone->watermark[WMARK_HIGH], zone->managed_pages);
	}
	return sum;
}

static void recompute(void)
{
	unsigned long lowmem = lowmem_pages();
	struct zone *zone;
	int nid;

	if (!min_free_is_users)
		min_free_kbytes = default_min_free();
	for_each_zone (zone) {
		set_watermarks(zone, min_free_kbytes >> (PAGE_SHIFT - 10), lowmem);
		pcp_set_sizes(zone);
	}
	for_each_node (nid)
		set_reserves(node_data[nid]);
	WRITE_ONCE(totalreserve_pages, count_reserves());
}

void setup_zone_marks(void)
{
	spin_lock(&marks_lock);
	recompute();
	spin_unlock(&marks_lock);
}

int set_min_free_kbytes(unsigned long kbytes)
{
	if (kbytes >> 2 > totalram_pages())
		return -EINVAL;
	spin_lock(&marks_lock);
	min_free_kbytes = kbytes;
	min_free_is_users = true;
	recompute();
	spin_unlock(&marks_lock);
	return 0;
}

bool zone_has_enough(const struct zone *zone, unsigned order, enum migratetype type,
		     enum zone_type highest, struct reach reach)
{
	long mark = (long)READ_ONCE(zone->watermark[reach.mark]);
	long left = (long)READ_ONCE(zone->free_pages) - (1L << order);

	if (reach.everything)
		return true;
	if (reach.deep)
		mark -= mark / 2;
	if (reach.deeper)
		mark -= mark / 4;
	if (left < mark + (long)READ_ONCE(zone->lowmem_reserve[highest]))
		return false;
	return order == 0 || buddy_can_serve(zone, order, type);
}

unsigned long nr_free_pages(void)
{
	return global_zone_stat(NR_FREE_PAGES);
}

unsigned long totalram_pages(void)
{
	unsigned long pages = 0;
	struct zone *zone;

	for_each_zone (zone)
		pages += READ_ONCE(zone->managed_pages);
	return pages;
}

unsigned long nr_free_highpages(void)
{
	unsigned long pages = 0;
	struct zone *zone;

	for_each_zone (zone)
		if (zone->type == ZONE_HIGHMEM && zone->present_pages)
			pages += zone_stat(zone, NR_FREE_PAGES);
	return pages;
}

unsigned long totalhigh_pages(void)
{
	unsigned long pages = 0;
	struct zone *zone;

	for_each_zone (zone)
		if (zone->type == ZONE_HIGHMEM)
			pages += READ_ONCE(zone->managed_pages);
	return pages;
}

unsigned long nr_pcp_pages(void)
{
	unsigned long pages = 0;
	struct zone *zone;

	for_each_zone (zone)
		for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++)
			if (zone->pcp[cpu])
				pages += pcp_count(zone->pcp[cpu]);
	return pages;
}

unsigned long nr_free_buffer_pages(void)
{
	unsigned long pages = 0;
	struct zone *zone;

	for_each_zone (zone)
		if (zone->type <= ZONE_NORMAL && zone->managed_pages > zone->watermark[WMARK_HIGH])
			pages += zone->managed_pages - zone->watermark[WMARK_HIGH];
	return pages;
}

/*
 * What a new program could have without swapping: free memory, and of the page cache
 * and the reclaimable slabs what is above the part that will stay in use.
 */
unsigned long si_mem_available(void)
{
	unsigned long low_marks = 0;
	struct zone *zone;

	for_each_zone (zone)
		low_marks += zone->watermark[WMARK_LOW];

	unsigned long cache = global_node_stat(NR_ACTIVE_FILE) + global_node_stat(NR_INACTIVE_FILE);
	unsigned long slab = global_node_stat(NR_SLAB_RECLAIMABLE) +
			     global_node_stat(NR_KERNEL_MISC_RECLAIMABLE);
	long available = (long)nr_free_pages() - (long)totalreserve_pages;

	available += (long)(cache - min(cache / 2, low_marks));
	available += (long)(slab - min(slab / 2, low_marks));
	return available < 0 ? 0 : (unsigned long)available;
}
