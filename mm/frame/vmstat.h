/*
 * Gauges of zones and nodes: how many pages are in which state now.  Each CPU
 * keeps small differences and folds them into the shared value when they grow,
 * so a change costs one add.  Reading sums shared value and differences: exact
 * while nothing changes.  (Events -- how often something happened -- are in
 * mm/trace.)
 */
#pragma once

#include "mm/frame/zone.h"

struct node_stat_deltas {
	s32 delta[MAX_NUMNODES][NR_NODE_STATS];
};
DECLARE_PER_CPU(struct node_stat_deltas, node_stat_deltas);
#define STAT_FOLD 125

void node_stat_fold(struct pglist_data *node, enum node_stat item, s32 *delta);
void zone_stat_fold(struct zone *zone, enum zone_stat item, s32 *delta);

static inline void mod_node_stat(struct pglist_data *node, enum node_stat item, long n)
{
	s32 *delta = &this_cpu(node_stat_deltas).delta[node->nid][item];

	*delta += n;
	if (unlikely(*delta > STAT_FOLD || *delta < -STAT_FOLD))
		node_stat_fold(node, item, delta);
}

/* The gauge of the node that a page is on. */
static inline void mod_page_stat(const struct page *page, enum node_stat item, long n)
{
	int nid = page_to_nid(page);
	s32 *delta = &this_cpu(node_stat_deltas).delta[nid][item];

	*delta += n;
	if (unlikely(*delta > STAT_FOLD || *delta < -STAT_FOLD))
		node_stat_fold(node_data[nid], item, delta);
}

static inline void mod_zone_stat(struct zone *zone, enum zone_stat item, long n)
{
	s32 *delta = &zone->pcp[cpu_id()]->stat_delta[item];

	*delta += n;
	if (unlikely(*delta > STAT_FOLD || *delta < -STAT_FOLD))
		zone_stat_fold(zone, item, delta);
}

/* A page goes from one state to another. */
static inline void move_node_stat(struct pglist_data *node, enum node_stat from, enum node_stat to)
{
	s32 *delta = this_cpu(node_stat_deltas).delta[node->nid];

	if (unlikely(--delta[from] < -STAT_FOLD))
		node_stat_fold(node, from, &delta[from]);
	if (unlikely(++delta[to] > STAT_FOLD))
		node_stat_fold(node, to, &delta[to]);
}
static inline void move_zone_stat(struct zone *zone, enum zone_stat from, enum zone_stat to)
{
	s32 *delta = zone->pcp[cpu_id()]->stat_delta;

	if (unlikely(--delta[from] < -STAT_FOLD))
		zone_stat_fold(zone, from, &delta[from]);
	if (unlikely(++delta[to] > STAT_FOLD))
		zone_stat_fold(zone, to, &delta[to]);
}

/* Never negative as seen from outside. NR_FREE_PAGES is the zone's exact value. */
unsigned long zone_stat(const struct zone *zone, enum zone_stat item);
unsigned long node_stat(const struct pglist_data *node, enum node_stat item);
unsigned long global_zone_stat(enum zone_stat item);
unsigned long global_node_stat(enum node_stat item);
/* Counts of a zone, and pages that were ever taken from it (pgalloc_*). */
unsigned long zone_numa_stat(const struct zone *zone, enum numa_stat item);
unsigned long zone_pages_allocated(const struct zone *zone);
const char *zone_stat_name(enum zone_stat item); /* "nr_free_pages": as in /proc/vmstat */
const char *node_stat_name(enum node_stat item);
const char *numa_stat_name(enum numa_stat item);
