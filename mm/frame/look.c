/*
 * Frames looked at from outside, one after the other, without any lock: for /proc/kpageflags
 * and those who account for every frame of the machine by it.
 *
 * What is seen of a frame was so a moment ago; of a quiet machine it is so.
 */
#include "lib/bitmap.h"
#include "mm/frame/frame.h"

pfn_t frames_end(void)
{
	pfn_t end = 0;
	int nid;

	for_each_node (nid)
		end = max(end, node_data[nid]->start_pfn + node_data[nid]->spanned_pages);
	return end;
}

/* A free block's head carries its order, and lies where that order's alignment says. */
bool frame_in_free_block(pfn_t pfn)
{
	for (unsigned order = 0; order < MAX_ORDER; order++) {
		const pfn_t head = ALIGN_DOWN(pfn, 1UL << order);

		if (frames_present(head, 1) && page_test(pfn_to_page(head), PG_buddy) &&
		    READ_ONCE(pfn_to_page(head)->order) >= order)
			return true;
	}
	return false;
}

static void mark(unsigned long *map, pfn_t start, unsigned n, pfn_t first, unsigned frames)
{
	for (pfn_t pfn = first; pfn < first + frames; pfn++)
		if (pfn >= start && pfn < start + n)
			bitmap_set(map, pfn - start);
}

static __no_sanitize_thread void mark_lists(unsigned long *map, pfn_t start, unsigned n,
					    const struct per_cpu_pages *pcp)
{
	for (unsigned type = 0; type < MIGRATE_PCPTYPES; type++) {
		const struct pcp_ring *ring = &pcp->ring[type];
		const u32 head = READ_ONCE(ring->head);

		for (u32 i = READ_ONCE(ring->tail); (s32)(head - i) > 0; i++)
			mark(map, start, n, READ_ONCE(ring->pfn[i % PCP_RING]), 1);
		for (unsigned order = 1; order <= PCP_BLOCK_ORDERS; order++) {
			const struct pcp_stack *stack = &pcp->stack[type][order - 1];

			for (u32 i = 0; i < min(READ_ONCE(stack->count), (u32)PCP_BLOCKS); i++)
				mark(map, start, n, READ_ONCE(stack->pfn[i]), 1U << order);
		}
	}
}

void frames_on_cpu_lists(pfn_t start, unsigned n, unsigned long *map)
{
	struct zone *zone;

	for_each_zone (zone)
		for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++)
			if (zone->pcp[cpu])
				mark_lists(map, start, n, zone->pcp[cpu]);
}
