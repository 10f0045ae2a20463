/*
 * Per-CPU lists in front of the buddy system.
 *
 * Most requests are for one page, and most pages freed are wanted again soon by
 * the same CPU, while their descriptors are warm.  So each CPU has, for each zone
 * and each mobility type, a ring of frame numbers:
 *
 *             tail                          head
 *      . . .  [oldest, ...          , youngest]  . . .
 *               |  |                     ^  |
 *      surplus: a batch             free |  | alloc
 *      to the buddy system               |  v
 *
 * No lock: only the CPU itself touches them, the kernel is not preempted, and
 * interrupt handlers neither allocate nor free.  The zone's lock is taken once per batch.
 *
 * batch is Linux's: a thousandth of the zone, at most 1 MiB, a quarter of that,
 * made one less than a power of two.  high is six batches (as in Linux before 5.13; newer
 * ones keep up to the zone's low watermark in each CPU's list, memory that MemFree
 * does not show).  It is never more than the rings hold.
 *
 * A page whose page block belongs to none of the three types (CMA, isolated) does not come here.
 *
 * Other CPUs' lists cannot be emptied from here: drain_all_pages() leaves a note,
 * which its CPU finds at its next refill or overflow, or when it schedules.
 */
#include "mm/frame/pcp.h"

#include "lib/string.h"
#include "mm/frame/buddy.h"

#define MAX_BATCH 63
#define MAX_HIGH  (6 * MAX_BATCH)

static struct per_cpu_pages pcp_none; /* of a zone without memory: always empty */

DEFINE_PER_CPU(struct frame_cpu, frame_cpu) = {
	.wanted = {&pcp_none, &pcp_none, &pcp_none, &pcp_none, &pcp_none},
};
static_assert(MAX_NR_ZONES == 5, "frame_cpu.wanted's initial value");

static unsigned batch_of(unsigned long pages)
{
	unsigned long batch = min(pages >> 10, (1UL << 20) / PAGE_SIZE) / 4;

	batch += batch / 2;
	if (batch < 2)
		return 1;
	return (1U << (31 - __builtin_clz((unsigned)batch))) - 1;
}

static unsigned high_of(unsigned long pages)
{
	return 6 * batch_of(pages);
}

static u32 ring_size(const struct zone *zone)
{
	return 1U << (32 - __builtin_clz(high_of(zone->present_pages))); /* above high */
}

static size_t zone_pcp_bytes(const struct zone *zone)
{
	return ALIGN_UP(sizeof(struct per_cpu_pages) +
				MIGRATE_PCPTYPES * ring_size(zone) * sizeof(u32),
			64);
}

size_t pcp_bytes(void)
{
	size_t bytes = 0;
	struct zone *zone;

	for_each_zone (zone)
		if (zone->present_pages)
			bytes += zone_pcp_bytes(zone);
	return bytes;
}

void pcp_init_cpu(unsigned cpu, void *memory)
{
	struct frame_cpu *lists = &per_cpu(frame_cpu, cpu);
	const struct pglist_data *node = node_data[cpu_to_node(cpu)];
	char *at = memory;
	struct zone *zone;

	for_each_zone (zone) {
		if (!zone->present_pages)
			continue;
		struct per_cpu_pages *pcp = (struct per_cpu_pages *)at;
		u32 *pfns = (u32 *)(pcp + 1);

		pcp->mask = ring_size(zone) - 1;
		for (unsigned type = 0; type < MIGRATE_PCPTYPES; type++)
			pcp->ring[type].pfn = pfns + type * ring_size(zone);
		pcp->zone = zone;
		pcp->pageblock_type = zone->pageblock_type - (zone->base_pfn >> PAGEBLOCK_ORDER);
		pcp->batch = batch_of(zone->present_pages);
		pcp->high = high_of(zone->present_pages);
		lists->zone[zone->id] = pcp;
		store_release(&zone->pcp[cpu], pcp);
		at += zone_pcp_bytes(zone);
	}
	for (unsigned highest = 0; highest < MAX_NR_ZONES; highest++) {
		const struct zone *first = node->zonelist[highest].zone[0];

		lists->wanted[highest] = first ? first->pcp[cpu] : &pcp_none;
	}
}

void pcp_set_sizes(struct zone *zone)
{
	for (unsigned cpu = 0; cpu < NR_CPUS; cpu++) {
		struct per_cpu_pages *pcp = zone->pcp[cpu];

		if (!pcp)
			continue;
		WRITE_ONCE(pcp->batch, batch_of(zone->managed_pages));
		WRITE_ONCE(pcp->high, min(high_of(zone->managed_pages), pcp->mask));
	}
}

bool pcp_refill(struct per_cpu_pages *pcp, enum migratetype type, unsigned n)
{
	struct pcp_ring *ring = &pcp->ring[type];
	struct zone *zone = pcp->zone;
	u32 pfn[MAX_BATCH];

	drain_pages_if_asked();
	n = min(n, (unsigned)MAX_BATCH);
	spin_lock(&zone->lock);
	unsigned got = buddy_take_singles(zone, type, n, pfn);
	spin_unlock(&zone->lock);

	trace_pcp_refill(zone->id, got, cpu_id(), type);
	/* The last one in is the first one out: pages are handed out in ascending order. */
	for (unsigned i = got; i > 0; i--)
		ring->pfn[ring->head++ & pcp->mask] = pfn[i - 1];
	pcp->count += got;
	return got > 0;
}

static struct pcp_ring *fullest_ring(struct per_cpu_pages *pcp, unsigned *count)
{
	struct pcp_ring *fullest = NULL;

	*count = 0;
	for (unsigned type = 0; type < MIGRATE_PCPTYPES; type++) {
		struct pcp_ring *ring = &pcp->ring[type];

		if (ring->head - ring->tail > *count) {
			*count = ring->head - ring->tail;
			fullest = ring;
		}
	}
	return fullest;
}

void pcp_drain(struct per_cpu_pages *pcp, unsigned n)
{
	struct zone *zone = pcp->zone;

	n = min(n, pcp->count);
	if (n == 0)
		return;
	pcp->count -= n;
	trace_pcp_drain(zone->id, n, cpu_id(), 0);
	spin_lock(&zone->lock);
	while (n > 0) {
		unsigned in_ring;
		struct pcp_ring *ring = fullest_ring(pcp, &in_ring);

		for (unsigned i = min(n, in_ring); i > 0; i--, n--)
			buddy_give(zone, ring->pfn[ring->tail++ & pcp->mask], 0);
	}
	spin_unlock(&zone->lock);
}

void pcp_overflow(struct per_cpu_pages *pcp)
{
	pcp_drain(pcp, pcp->batch + pcp->count - pcp->high);
	drain_pages_if_asked();
}

void drain_local_pages(void)
{
	struct frame_cpu *lists = &this_cpu(frame_cpu);

	WRITE_ONCE(lists->drain_asked, 0);
	for (unsigned id = 0; id < PAGE_ZONE_IDS; id++)
		if (lists->zone[id])
			pcp_drain(lists->zone[id], lists->zone[id]->count);
}

void drain_all_pages(void)
{
	unsigned cpu;

	for_each_online_cpu (cpu)
		if (cpu != cpu_id())
			WRITE_ONCE(per_cpu(frame_cpu, cpu).drain_asked, 1);
	drain_local_pages();
}

int frame_cpu_init(unsigned cpu)
{
	int nid = cpu_to_node(cpu);
	void *memory = alloc_pages_exact_node(nid, pcp_bytes(), GFP_KERNEL | __GFP_ZERO);

	if (!memory)
		return -ENOMEM;
	pcp_init_cpu(cpu, memory);
	return 0;
}
