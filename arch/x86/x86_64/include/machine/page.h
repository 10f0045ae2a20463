/*
 * Pages of 4 KiB, and the direct map through which the kernel sees all of RAM.
 */
#pragma once

#include "lib/types.h"
#include "machine/layout.h"

#define PAGE_SHIFT          12
#define PAGE_SIZE           (1UL << PAGE_SHIFT)
#define PAGE_MASK           (~(PAGE_SIZE - 1))

/* Zone boundaries: what old devices can address. */
#define ZONE_DMA_END_PFN    (0x1000000UL >> PAGE_SHIFT)
#define ZONE_DMA32_END_PFN  (0x100000000UL >> PAGE_SHIFT)
#define MACHINE_HAS_DMA32   1
#define MACHINE_HAS_HIGHMEM 0
#define MACHINE_HAS_NUMA    1

/* mem_map's links reach 16 TiB (docs/page.md). */
#define MACHINE_RAM_LIMIT   ((1ULL << 44) - (4096ULL << PAGE_SHIFT))
#define LOW_MEMORY_END      MACHINE_RAM_LIMIT /* the direct map shows all of it */

static inline void set_low_memory_end(u64 end)
{
}

struct page;
#define mem_map ((struct page *)MEM_MAP_BASE)

static inline void *phys_to_virt(phys_addr_t pa)
{
	return (void *)(pa.v + DIRECT_MAP_BASE);
}

/* For addresses in the direct map and in the kernel image. */
static inline phys_addr_t virt_to_phys(const void *va)
{
	unsigned long a = (unsigned long)va;

	return PHYS(a >= KERNEL_BASE ? a - KERNEL_BASE : a - DIRECT_MAP_BASE);
}

#define pfn_to_virt(pfn) phys_to_virt(PHYS((u64)(pfn) << PAGE_SHIFT))
#define virt_to_pfn(va)  ((pfn_t)(virt_to_phys(va).v >> PAGE_SHIFT))

/* Zero or copy one page by the fastest means the CPU names (Intel SDM 1, 7.3.9.3). */
void clear_page(void *page);
void copy_page(void *to, const void *from);
