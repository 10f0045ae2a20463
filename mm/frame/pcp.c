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
 * Blocks of order 1 to 6 are kept when they are freed, a few of each, on stacks; they are
 * not fetched in advance.
 *
 * No lock: only the CPU itself touches them, the kernel is not preempted, and
 * interrupt handlers neither allocate nor free.  The zone's lock is taken once per batch.
 *
 * batch is Linux's: a thousandth of the zone, at most 1 MiB, a quarter of that,
 * made one less than a power of two.  A ring gives a batch back when it holds more
 * than high, four batches.  (Linux before 5.13 kept six, newer ones keep up to the
 * zone's low watermark for each CPU: memory that MemFree does not show.)
 * percpu_pagelist_high_fraction makes that a fraction of the zone, as far as a ring holds it.
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

static struct per_cpu_pages pcp_none = {.zone_id =
						~0u}; /* of a zone without memory: always empty */

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

unsigned percpu_pagelist_high_fraction;

static unsigned long cpus_near(const struct zone *zone)
{
	unsigned long n = 0;

	for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++)
		n += cpu_to_node(cpu) == zone->node->nid;
	return max(n, 1UL);
}

static void set_sizes(struct per_cpu_pages *pcp, unsigned long pages)
{
	unsigned batch = batch_of(pages), high = 4 * batch;
	unsigned long share;

	if (percpu_pagelist_high_fraction) {
		share = pages / percpu_pagelist_high_fraction / cpus_near(pcp->zone);
		high = (unsigned)min(max(share, (unsigned long)high), PCP_RING - 1UL);
	}
	WRITE_ONCE(pcp->batch, batch);
	WRITE_ONCE(pcp->high, high);
}
static_assert(4 * MAX_BATCH < PCP_RING, "a ring holds what it may, and one more");

size_t pcp_bytes(void)
{
	size_t bytes = 0;
	struct zone *zone;

	for_each_zone (zone)
		if (zone->present_pages)
			bytes += sizeof(struct per_cpu_pages);
	return bytes;
}

void pcp_init_cpu(unsigned cpu, void *memory)
{
	struct frame_cpu *lists = &per_cpu(frame_cpu, cpu);
	const struct pglist_data *node = node_data[cpu_to_node(cpu)];
	struct per_cpu_pages *pcp = memory;
	struct zone *zone;

	for_each_zone (zone) {
		if (!zone->present_pages)
			continue;
		pcp->zone = zone;
		pcp->zone_id = zone->id;
		pcp->pageblock_type = zone->pageblock_type - (zone->base_pfn >> PAGEBLOCK_ORDER);
		set_sizes(pcp, zone->present_pages);
		lists->zone[zone->id] = pcp;
		store_release(&zone->pcp[cpu], pcp);
		pcp++;
	}
	lists->nid = node->nid;
	for (unsigned highest = 0; highest < MAX_NR_ZONES; highest++) {
		const struct zone *first = node->zonelist[highest].zone[0];
		bool here = first && first->node == node;

		/* What comes from another node takes the slow path: it is counted otherwise. */
		lists->wanted[highest] = here ? first->pcp[cpu] : &pcp_none;
	}
}

void pcp_set_sizes(struct zone *zone)
{
	for (unsigned cpu = 0; cpu < NR_CPUS; cpu++)
		if (zone->pcp[cpu])
			set_sizes(zone->pcp[cpu], zone->managed_pages);
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
		ring->pfn[ring->head++ % PCP_RING] = pfn[i - 1];
	return got > 0;
}

/* Give back the n pages of the ring that have been in longest. */
static void ring_drain(struct zone *zone, struct pcp_ring *ring, unsigned n)
{
	n = min(n, ring->head - ring->tail);
	if (n == 0)
		return;
	trace_pcp_drain(zone->id, n, cpu_id(), 0);
	spin_lock(&zone->lock);
	for (unsigned i = 0; i < n; i++)
		buddy_prefetch(zone, ring->pfn[(ring->tail + i) % PCP_RING]);
	for (; n > 0; n--)
		buddy_give_single(zone, ring->pfn[ring->tail++ % PCP_RING]);
	spin_unlock(&zone->lock);
}

void pcp_overflow(struct per_cpu_pages *pcp, struct pcp_ring *ring)
{
	ring_drain(pcp->zone, ring, pcp->batch + ring->head - ring->tail - pcp->high);
	drain_pages_if_asked();
}

/* Give back the n blocks of the stack that have been in longest. */
static void stack_drain(struct zone *zone, struct pcp_stack *stack, unsigned order, unsigned n)
{
	if (n == 0)
		return;
	trace_pcp_drain(zone->id, n << order, cpu_id(), 0);
	spin_lock(&zone->lock);
	for (unsigned i = 0; i < n; i++)
		buddy_give(zone, stack->pfn[i], order);
	spin_unlock(&zone->lock);
	for (unsigned i = n; i < stack->count; i++)
		stack->pfn[i - n] = stack->pfn[i];
	stack->count -= n;
}

void pcp_keep_block(struct per_cpu_pages *pcp, pfn_t pfn, unsigned order, enum migratetype type)
{
	struct pcp_stack *stack = &pcp->stack[type][order - 1];
	unsigned room = min((pcp->batch + 1) >> order, (u32)PCP_BLOCKS);

	if (unlikely(stack->count >= room)) {
		if (room == 0) {
			spin_lock(&pcp->zone->lock);
			buddy_give(pcp->zone, pfn, order);
			spin_unlock(&pcp->zone->lock);
			return;
		}
		stack_drain(pcp->zone, stack, order, stack->count - room / 2);
	}
	stack->pfn[stack->count++] = (u32)pfn;
}

static void pcp_drain(struct per_cpu_pages *pcp)
{
	for (unsigned type = 0; type < MIGRATE_PCPTYPES; type++) {
		ring_drain(pcp->zone, &pcp->ring[type], PCP_RING);
		for (unsigned i = 0; i < PCP_BLOCK_ORDERS; i++)
			stack_drain(pcp->zone, &pcp->stack[type][i], i + 1,
				    pcp->stack[type][i].count);
	}
}

void drain_local_pages(void)
{
	struct frame_cpu *lists = &this_cpu(frame_cpu);

	WRITE_ONCE(lists->drain_asked, 0);
	for (unsigned id = 0; id < PAGE_ZONE_IDS; id++)
		if (lists->zone[id])
			pcp_drain(lists->zone[id]);
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
