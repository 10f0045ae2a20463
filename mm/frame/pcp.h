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
/* Give back the n pages that have been in longest (fewer if there are fewer). */
void pcp_drain(struct per_cpu_pages *pcp, unsigned n);
