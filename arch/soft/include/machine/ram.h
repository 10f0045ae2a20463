/*
 * The map of RAM: what the test or tool asked soft_machine_init() for.
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
 * Give the frames [start, end) their place in mem_map, zeroed. Here the descriptors lie in the host's
 * memory beside the simulated RAM, all of which stays the tests'. Overlaps are fine.
 */
void machine_map_mem_map(pfn_t start, pfn_t end, int node);
