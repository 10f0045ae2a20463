/*
 * Pages of 4 KiB, and the direct map through which the kernel sees low memory: the first 896 MiB of
 * RAM, or what "highmem=" leaves of them.
 */
#pragma once

#include "lib/types.h"
#include "machine/layout.h"

#define PAGE_SHIFT          12
#define PAGE_SIZE           (1UL << PAGE_SHIFT)
#define PAGE_MASK           ((long)~(PAGE_SIZE - 1)) /* with its sign: of 64-bit numbers, too */

/* Zone boundaries: what old devices can address, what the direct map shows. */
#define ZONE_DMA_END_PFN    (0x1000000UL >> PAGE_SHIFT)
#define ZONE_NORMAL_END_PFN low_memory_frames
#define LOW_MEMORY_END      ((u64)low_memory_frames << PAGE_SHIFT)
#define MACHINE_HAS_DMA32   0
#define MACHINE_HAS_HIGHMEM 1
#define MACHINE_HAS_NUMA    0

extern pfn_t low_memory_frames; /* constant after ram_map_build() */
static inline void set_low_memory_end(u64 end)
{
	low_memory_frames = (pfn_t)(end >> PAGE_SHIFT);
}

struct page;
extern struct page *mem_map; /* constant after boot */

/* Of low memory. */
static inline void *phys_to_virt(phys_addr_t pa)
{
	return (void *)((unsigned long)pa.v + DIRECT_MAP_BASE);
}

/* For addresses in the direct map, which the kernel image is part of. */
static inline phys_addr_t virt_to_phys(const void *va)
{
	return PHYS((unsigned long)va - DIRECT_MAP_BASE);
}

#define pfn_to_virt(pfn) ((void *)(((unsigned long)(pfn) << PAGE_SHIFT) + DIRECT_MAP_BASE))
#define virt_to_pfn(va)  ((pfn_t)(((unsigned long)(va)-DIRECT_MAP_BASE) >> PAGE_SHIFT))

/* Zero or copy one page by the fastest means the CPU names (Intel SDM 1, 7.3.9.3). */
void clear_page(void *page);
void copy_page(void *to, const void *from);
