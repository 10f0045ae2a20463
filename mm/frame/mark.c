/*
 * The frames' part of a mark: each zone's counts, every free block and every frame on
 * the lists of the CPUs.  (mm/mark.h)
 */
#include "mm/frame/buddy.h"
#include "mm/frame/pcp.h"
#include "mm/frame/vmstat.h"
#include "mm/mark.h"
#include "mm/trace/trace.h"

static void mark_free(const struct zone *zone)
{
	for (unsigned order = 0; order < MAX_ORDER; order++)
		for (unsigned type = 0; type < MIGRATE_TYPES; type++) {
			const struct page *page =
				page_list_first(&zone->free_area[order].list[type]);

			for (; page; page = page_list_next(page))
				trace_mark_block(page_to_pfn(page), order, type, zone->id);
		}
}

/* Returns how many. */
static unsigned long mark_cpu(const struct per_cpu_pages *pcp, unsigned cpu)
{
	unsigned long pages = 0;

	for (unsigned type = 0; type < MIGRATE_PCPTYPES; type++) {
		const struct pcp_ring *ring = &pcp->ring[type];

		for (u32 i = ring->tail; i != ring->head; i++, pages++)
			trace_mark_cached(ring->pfn[i % PCP_RING], 0, cpu, pcp->zone_id);
		for (unsigned order = 1; order <= PCP_BLOCK_ORDERS; order++) {
			const struct pcp_stack *stack = &pcp->stack[type][order - 1];

			for (u32 i = 0; i < stack->count; i++, pages += 1UL << order)
				trace_mark_cached(stack->pfn[i], order, cpu, pcp->zone_id);
		}
	}
	return pages;
}

void frame_mark(void)
{
	struct zone *zone;

	for_each_zone (zone) {
		unsigned long cached = 0;

		if (!zone->present_pages)
			continue;
		mark_free(zone);
		for (unsigned cpu = 0; cpu < NR_CPUS; cpu++)
			if (zone->pcp[cpu])
				cached += mark_cpu(zone->pcp[cpu], cpu);
		trace_mark_zone(zone->id, zone->free_pages, cached, zone->managed_pages);
	}
	trace_mark_gauges(global_node_stat(NR_ANON_MAPPED), global_node_stat(NR_FILE_MAPPED),
			  global_node_stat(NR_PAGETABLE), global_node_stat(NR_FILE_PAGES));
}
