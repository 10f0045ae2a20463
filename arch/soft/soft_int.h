/*
 * What the soft machine's files say to each other.
 */
#pragma once

#include "machine/soft.h"

/* ram.c */
void ram_init(const struct soft_config *config);
/* Map the frame at `va` of a kernel range in the host, writable or not. */
void ram_map_alias(unsigned long va, pfn_t pfn, bool writable);
void ram_unmap_alias(unsigned long va, unsigned long bytes);
extern u64 ram_end; /* first byte above all RAM; the kernel's root lies there */
/* Where a program's access to the frame goes in the host: no matter if the kernel sees it. */
static inline void *ram_on_the_bus(pfn_t pfn)
{
#if MACHINE_HAS_HIGHMEM
	if (pfn >= ZONE_NORMAL_END_PFN)
		return (void *)(BUS_BASE + ((u64)pfn << PAGE_SHIFT));
#endif
	return pfn_to_virt(pfn);
}

/* mmu.c */
void mmu_init(void);

/* task.c */
void task_init(const struct soft_config *config);

/* A random number generator (splitmix64); the state is any number. */
static inline u64 random_next(u64 *state)
{
	u64 z = (*state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}
