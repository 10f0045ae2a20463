/*
 * frame_check(): the invariants of the frame floor, in words.
 *
 *   1  each free list is a proper circular list of its own id and has the length it says
 *   2  a page on it is PG_buddy, of the list's order, aligned to it, has no references, is RAM
 *      of this zone all through, carries the zone's and node's number, and lies
 *      in a page block of the list's type
 *   3  no frame is in two free blocks or per-CPU lists at once
 *   4  no two buddies are both free, unless their page blocks keep apart
 *   5  a pair's bit is set exactly if one of the two is free; and nonempty says
 *      which lists have blocks
 *   6  the sum of the lists is the zone's free count; every PG_buddy page is on a list
 *   7  per-CPU lists hold what they say; their pages have no references
 *   8  pages free + on per-CPU lists + handed out = managed, over all zones
 *
 * The machine must be quiet: other CPUs' lists are read without their knowledge.
 */
#include "lib/bitmap.h"
#include "lib/printk.h"
#include "mm/frame/buddy.h"
#include "mm/frame/frame.h"

static unsigned complain(const struct zone *zone, pfn_t pfn, const char *what)
{
	pr_err("frame_check: node %d zone %s frame %lu: %s", zone->node ? zone->node->nid : 0,
	       zone->name ? zone->name : "?", pfn, what);
	return 1;
}

/* Mark the frames as seen; nonzero if one was seen before. */
static unsigned see(struct zone *zone, unsigned long *seen, pfn_t pfn, unsigned long n)
{
	unsigned bad = 0;

	for (unsigned long i = 0; seen && i < n; i++) {
		unsigned long bit = pfn + i - zone->base_pfn;

		if (bitmap_test(seen, bit))
			bad += complain(zone, pfn + i, "is in two places");
		bitmap_set(seen, bit);
	}
	return bad;
}

static unsigned check_block(struct zone *zone, const struct page *page, unsigned order,
			    enum migratetype type)
{
	pfn_t pfn = page_to_pfn(page);
	unsigned bad = 0;

	if (!page_test(page, PG_buddy) || page->order != order)
		bad += complain(zone, pfn, "on a free list, but not a free block of its order");
	if (!IS_ALIGNED(pfn, 1UL << order))
		bad += complain(zone, pfn, "free block not aligned to its size");
	if (page_ref_count(page) != 0)
		bad += complain(zone, pfn, "free, but referenced");
	if (page->flags >> PAGE_ZONE_SHIFT != zone->id)
		bad += complain(zone, pfn, "on a list of another zone");
	if (!frames_present(pfn, 1UL << order) || pfn < zone->start_pfn ||
	    pfn + (1UL << order) > zone->start_pfn + zone->spanned_pages)
		bad += complain(zone, pfn, "free block reaches out of the zone");
	else if (buddy_type(zone, pfn) != type ||
		 buddy_type(zone, pfn + (1UL << order) - 1) != type)
		bad += complain(zone, pfn, "on the list of another type than its page block's");
	return bad;
}

/* 1, 2, 3 for one list; adds its pages to *pages. */
static unsigned check_list(struct zone *zone, unsigned order, enum migratetype type,
			   unsigned long *seen, unsigned long *pages)
{
	const struct page_list *list = &zone->free_area[order].list[type];
	u32 link = list->first, before = list->id, n = 0;
	unsigned bad = 0;

	for (; link < PAGE_LIST_ID && n <= list->count; n++) {
		const struct page *page = pfn_to_page(link);

		if (!frames_present(link, 1))
			return bad + complain(zone, link, "list leads out of RAM");
		if (page->prev != before)
			bad += complain(zone, link, "list links do not match");
		bad += check_block(zone, page, order, type);
		bad += see(zone, seen, link, 1UL << order);
		*pages += 1UL << order;
		before = link;
		link = page->next;
	}
	if (n != list->count || (link != list->id && n <= list->count) || list->last != before)
		bad += complain(zone, list->first, "list is not as long as it says, or not closed");
	if ((zone->nonempty[type] >> order & 1) != (list->count != 0))
		bad += complain(zone, list->first, "nonempty bit does not match the list");
	return bad;
}

static bool free_at(const struct zone *zone, pfn_t pfn, unsigned order)
{
	if (pfn < zone->start_pfn || pfn >= zone->start_pfn + zone->spanned_pages ||
	    !frames_present(pfn, 1))
		return false;

	const struct page *page = pfn_to_page(pfn);

	return page->flags >> PAGE_ZONE_SHIFT == zone->id && page_test(page, PG_buddy) &&
	       page->order == order;
}

static bool keep_apart(const struct zone *zone, pfn_t a, pfn_t b)
{
	enum migratetype ta = buddy_type(zone, a), tb = buddy_type(zone, b);

	return ta != tb && (ta >= MIGRATE_PCPTYPES || tb >= MIGRATE_PCPTYPES);
}

/* 4 and 5 */
static unsigned check_pairs(struct zone *zone)
{
	unsigned long frames =
		ALIGN_UP(zone->start_pfn + zone->spanned_pages, MAX_BLOCK_PAGES) - zone->base_pfn;
	unsigned bad = 0;

	for (unsigned order = 0; order < MAX_ORDER - 1; order++) {
		const unsigned long *map = zone->free_area[order].pair_map;

		for (unsigned long rel = 0; rel < frames; rel += 2UL << order) {
			pfn_t low = zone->base_pfn + rel, high = low + (1UL << order);
			bool a = free_at(zone, low, order), b = free_at(zone, high, order);

			if (bitmap_test(map, rel >> (order + 1)) != (a != b))
				bad += complain(zone, low, "pair's bit is wrong");
			if (a && b && !keep_apart(zone, low, high))
				bad += complain(zone, low, "free buddies were not merged");
		}
	}
	return bad;
}

static unsigned long count_heads(struct zone *zone)
{
	unsigned long n = 0;

	for (pfn_t pfn = zone->start_pfn; pfn < zone->start_pfn + zone->spanned_pages; pfn++)
		n += frames_present(pfn, 1) &&
		     pfn_to_page(pfn)->flags >> PAGE_ZONE_SHIFT == zone->id &&
		     page_test(pfn_to_page(pfn), PG_buddy);
	return n;
}

static unsigned check_cached(struct zone *zone, pfn_t pfn, unsigned order, unsigned long *seen)
{
	const struct page *page = pfn_to_page(pfn);

	if (!frames_present(pfn, 1UL << order) || page->flags >> PAGE_ZONE_SHIFT != zone->id)
		return complain(zone, pfn, "on a per-CPU list of another zone");
	if (page_ref_count(page) || page->flags & PAGE_FLAGS_IN_USE)
		return complain(zone, pfn, "on a per-CPU list, but in use");
	return see(zone, seen, pfn, 1UL << order);
}

static unsigned check_stack(struct zone *zone, unsigned cpu, const struct pcp_stack *stack,
			    unsigned order, unsigned long *seen)
{
	unsigned bad = 0;

	if (stack->count > PCP_BLOCKS)
		return complain(zone, cpu, "per-CPU stack (of this CPU) is overfull");
	for (u32 i = 0; i < stack->count; i++)
		bad += check_cached(zone, stack->pfn[i], order, seen);
	return bad;
}

static unsigned check_pcp(struct zone *zone, unsigned cpu, unsigned long *seen)
{
	const struct per_cpu_pages *pcp = zone->pcp[cpu];
	unsigned bad = 0;

	if (!pcp)
		return 0;
	for (unsigned type = 0; type < MIGRATE_PCPTYPES; type++) {
		const struct pcp_ring *ring = &pcp->ring[type];

		if (ring->head - ring->tail > PCP_RING)
			return bad + complain(zone, cpu, "per-CPU list (of this CPU) is overfull");
		for (u32 i = ring->tail; i != ring->head; i++)
			bad += check_cached(zone, ring->pfn[i % PCP_RING], 0, seen);
	}
	for (unsigned type = 0; type < MIGRATE_PCPTYPES; type++)
		for (unsigned i = 0; i < PCP_BLOCK_ORDERS; i++)
			bad += check_stack(zone, cpu, &pcp->stack[type][i], i + 1, seen);
	return bad;
}

unsigned zone_check(struct zone *zone, unsigned long *seen)
{
	unsigned long pages = 0, heads = 0;
	unsigned bad = 0;

	for (unsigned order = 0; order < MAX_ORDER; order++)
		for (unsigned type = 0; type < MIGRATE_TYPES; type++) {
			bad += check_list(zone, order, type, seen, &pages);
			heads += zone->free_area[order].list[type].count;
		}
	if (bad == 0)
		bad += check_pairs(zone);
	if (pages != zone->free_pages)
		bad += complain(zone, zone->free_pages, "(a count) is not the sum of the lists");
	if (count_heads(zone) != heads)
		bad += complain(zone, heads, "(a count): free blocks that stand on no list");
	for (unsigned cpu = 0; cpu < NR_CPUS; cpu++)
		bad += check_pcp(zone, cpu, seen);
	return bad;
}

unsigned frame_check(void)
{
	unsigned long managed = 0, accounted;
	unsigned bad = 0;
	struct zone *zone;

	for_each_zone (zone) {
		if (!zone->present_pages)
			continue;

		size_t bytes = BITS_TO_LONGS(zone->spanned_pages + MAX_BLOCK_PAGES) * sizeof(long);
		/* Without memory for it, "in two places" is not checked. */
		unsigned long *seen =
			alloc_pages_exact(bytes, GFP_NOWAIT | __GFP_ZERO | __GFP_NOWARN);

		spin_lock(&zone->lock);
		bad += zone_check(zone, seen);
		spin_unlock(&zone->lock);
		if (seen)
			free_pages_exact(seen, bytes);
		managed += zone->managed_pages;
	}
	accounted = nr_free_pages() + nr_pcp_pages() + trace_count(TRACE_page_alloc) -
		    trace_count(TRACE_page_free);
	if (accounted != managed) {
		pr_err("frame_check: %lu pages managed, %lu accounted for", managed, accounted);
		bad++;
	}
	return bad;
}
