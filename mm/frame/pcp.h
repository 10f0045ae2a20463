/*
 * Per-CPU lists of single pages: their making, filling and emptying.  Private to
 * the frame floor; the fast paths are in fast.h.
 */
#pragma once

#include "mm/frame/frame.h"

/* Bytes for the lists of one CPU in front of all zones that have memory. */
size_t pcp_bytes(void);
/* Make them from zeroed memory of that size, word aligned, and let the CPU use them. */
void pcp_init_cpu(unsigned cpu, void *memory);
/* Set batch and high of all CPUs' lists from the zone's size now. */
void pcp_set_sizes(struct zone *zone);
/* The list is empty: fill it with up to n pages from the buddy system. False: none. */
bool pcp_refill(struct per_cpu_pages *pcp, enum migratetype type, unsigned n);

/* A block of order 1..6 from this CPU's stack; NULL if it has none. */
static inline struct page *pcp_take_block(struct per_cpu_pages *pcp, unsigned order,
					  enum migratetype type)
{
	struct pcp_stack *stack = &pcp->stack[type][order - 1];

	return stack->count ? pfn_to_page(stack->pfn[--stack->count]) : NULL;
}
/* Keep a block of order 1..6, clean and without references. */
void pcp_keep_block(struct per_cpu_pages *pcp, pfn_t pfn, unsigned order, enum migratetype type);
