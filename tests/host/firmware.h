/*
 * The x86 machines' readers of firmware on a piece of memory that stands for the machine's, for
 * the tests and the fuzzer: every byte they may read must come through phys_read().
 */
#pragma once

#include "lib/assert.h"
#include "lib/string.h"

#define ram_map     pc_ram_map
#define cpu_to_node pc_cpu_to_node
/* A machine with memory beyond its direct map. */
static u64 low_memory_end = 896ULL << 20;
#define LOW_MEMORY_END          low_memory_end
#define set_low_memory_end(end) (low_memory_end = (end))
#define MACHINE_RAM_LIMIT       (1ULL << 44)
#include "arch/x86/common/acpi.c"
#include "arch/x86/common/options.c"
#include "arch/x86/common/ram_map.c"

/* Physical 0xe0000 .. 0x100000; the rest of memory reads as zeros. */
#define WINDOW       0xe0000
#define WINDOW_BYTES 0x20000
static u8 window[WINDOW_BYTES];

struct cpu_features cpu_features = {.phys_bits = 40};
unsigned nr_cpus_found;
u32 cpu_apic_id[NR_CPUS];
u8 cpu_node[NR_CPUS];
u64 boot_rsdp;
char _text[1], _end[1];

bool phys_read(void *to, u64 from, size_t bytes)
{
	BUG_ON(bytes > 1 << 16);
	if (from >> cpu_features.phys_bits)
		return false;
	for (size_t i = 0; i < bytes; i++) {
		const u64 at = from + i;

		((u8 *)to)[i] =
			at >= WINDOW && at - WINDOW < WINDOW_BYTES ? window[at - WINDOW] : 0;
	}
	return true;
}

/* As before anything was read. */
static void firmware_forget(void)
{
	memset(&acpi, 0, sizeof(acpi));
	memset(&ram_map, 0, sizeof(ram_map));
	memset(cpu_apic_id, 0, sizeof(cpu_apic_id));
	memset(cpu_node, 0, sizeof(cpu_node));
	memset(domain_of_node, 0, sizeof(domain_of_node));
	nr_cpus_found = 1;
	nr_raw = 0;
	boot_rsdp = 0;
	boot_command_line[0] = 0;
	low_memory_end = 896ULL << 20;
}

/* Whatever the tables say, mm/frame must be able to live with what comes of them. */
static void firmware_check_map(void)
{
	BUG_ON(ram_map.nodes < 1 || ram_map.nodes > MAX_NUMNODES);
	BUG_ON(nr_cpus_found < 1 || nr_cpus_found > NR_CPUS);
	BUG_ON(ram_map.ranges > RAM_MAP_RANGES);
	for (unsigned i = 0; i < ram_map.ranges; i++) {
		const struct ram_range *r = &ram_map.range[i];

		BUG_ON(r->bytes == 0 || r->start.v + r->bytes <= r->start.v);
		BUG_ON(i > 0 && r[-1].start.v + r[-1].bytes > r->start.v);
		if (r->kind != RAM_USABLE)
			continue;
		BUG_ON(!IS_ALIGNED(r->start.v, PAGE_SIZE) || !IS_ALIGNED(r->bytes, PAGE_SIZE));
		BUG_ON(r->node < 0 || r->node >= (int)ram_map.nodes);
	}
	for (unsigned cpu = 0; cpu < NR_CPUS; cpu++)
		BUG_ON(cpu_node[cpu] >= ram_map.nodes);
	for (unsigned i = 0; i < ram_map.nodes; i++)
		for (unsigned j = 0; j < ram_map.nodes; j++)
			BUG_ON(ram_map.distance[i][j] < 10);
}
