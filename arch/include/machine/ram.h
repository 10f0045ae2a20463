/*
 * What the firmware says of memory: ranges of RAM and of other things, which node
 * each belongs to, and how far nodes are apart.  The machine fills it before
 * mm/frame starts; mem= and numa=fake= have been applied.
 */
#pragma once

#include "lib/types.h"

#define MAX_NUMNODES   16
#define RAM_MAP_RANGES 128

enum ram_kind {
	RAM_USABLE = 1,
	RAM_RESERVED = 2,
	RAM_ACPI = 3,
	RAM_ACPI_NVS = 4,
	RAM_UNUSABLE = 5
};

struct ram_range {
	phys_addr_t start; /* first byte */
	u64 bytes;
	enum ram_kind kind;
	int node; /* of usable RAM */
};

struct ram_map {
	struct ram_range range[RAM_MAP_RANGES]; /* by address, disjoint; usable ones page aligned */
	unsigned ranges;
	unsigned nodes;                          /* node numbers 0..nodes-1 */
	u8 distance[MAX_NUMNODES][MAX_NUMNODES]; /* 10 is here, 20 the usual elsewhere */
};

extern struct ram_map ram_map;
int cpu_to_node(unsigned cpu);

/*
 * Give the frames [start, end) their place in mem_map: map the descriptors' range with zeroed
 * early memory of the node (large pages where they are filled; on `soft` the host's memory, all of
 * the simulated RAM stays the tests'). frame_init() calls it for each stretch of RAM; overlaps at
 * page granularity are fine. Panics without memory (boot).
 */
void machine_map_mem_map(pfn_t start, pfn_t end, int node);
