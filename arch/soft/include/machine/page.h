/*
 * Pages of the chosen geometry, and the direct map: the host's mapping of what
 * plays RAM.  On geometries with HIGHMEM it ends at a line; what is above traps there, and
 * is touched through windows (machine/highmem.h).
 */
#pragma once

#include "lib/string.h"
#include "lib/types.h"
#include "machine/geometry.h"
#include "machine/layout.h"

#define PAGE_SIZE        (1UL << PAGE_SHIFT)
#define PAGE_MASK        (~(PAGE_SIZE - 1))

#define ZONE_DMA_END_PFN (0x1000000UL >> PAGE_SHIFT)
#ifdef GEOMETRY_HIGHMEM
#define MACHINE_HAS_DMA32   0
#define MACHINE_HAS_HIGHMEM 1
#define ZONE_NORMAL_END_PFN soft_high_pfn /* constant after soft_machine_init() */
extern pfn_t soft_high_pfn;
#else
#define ZONE_DMA32_END_PFN  (0x100000000UL >> PAGE_SHIFT)
#define MACHINE_HAS_DMA32   1
#define MACHINE_HAS_HIGHMEM 0
#endif
#define MACHINE_HAS_NUMA 1

struct page;
#define mem_map ((struct page *)MEM_MAP_BASE)

static inline void *phys_to_virt(phys_addr_t pa)
{
	return (void *)(pa.v + DIRECT_MAP_BASE);
}

static inline phys_addr_t virt_to_phys(const void *va)
{
	return PHYS((unsigned long)va - DIRECT_MAP_BASE);
}

#define pfn_to_virt(pfn) phys_to_virt(PHYS((u64)(pfn) << PAGE_SHIFT))
#define virt_to_pfn(va)  ((pfn_t)(virt_to_phys(va).v >> PAGE_SHIFT))

static inline void clear_page(void *page)
{
	memset(page, 0, PAGE_SIZE);
}

static inline void copy_page(void *to, const void *from)
{
	memcpy(to, from, PAGE_SIZE);
}
