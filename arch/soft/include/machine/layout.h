/*
 * Where things lie in the host process.  The addresses are constants, as in a
 * kernel, so that looking up a page's descriptor costs what it costs there and
 * runs repeat exactly.  They must be free in the host's address space, which
 * ThreadSanitizer divides otherwise than the rest; its programs are linked at
 * low addresses (-no-pie) and leave the range for such programs to us.
 *
 * Programs' addresses exist in page tables only: nothing is mapped there.
 */
#pragma once

#ifdef __SANITIZE_THREAD__
#define SOFT_BASE 0x550000000000UL
#define SOFT_UNIT 0x000800000000UL /* 32 GiB */
#else
#define SOFT_BASE 0x200000000000UL
#define SOFT_UNIT 0x008000000000UL /* 512 GiB */
#endif

/* The kernel's tables translate no more of an address than the geometry has bits. */
#define GEOMETRY_VA_BITS                                                          \
	(PAGE_SHIFT + GEOMETRY_PTE_BITS + GEOMETRY_PMD_BITS + GEOMETRY_PUD_BITS + \
	 GEOMETRY_P4D_BITS + GEOMETRY_PGD_BITS)
#define SOFT_KERNEL_UNIT \
	(SOFT_UNIT >> (GEOMETRY_VA_BITS - 3) ? 1UL << (GEOMETRY_VA_BITS - 3) : SOFT_UNIT)

#define DIRECT_MAP_BASE    SOFT_BASE
#define DIRECT_MAP_BYTES   (32 * SOFT_UNIT) /* the highest physical address */
#define VMALLOC_START      (SOFT_BASE + 32 * SOFT_UNIT)
#define VMALLOC_END        (VMALLOC_START + 4 * SOFT_KERNEL_UNIT - 1) /* last byte */
#define MODULES_START      (VMALLOC_START + 4 * SOFT_KERNEL_UNIT)
#define MODULES_END        (MODULES_START + SOFT_KERNEL_UNIT - 1)
#define KMAP_BASE          (SOFT_BASE + 37 * SOFT_UNIT) /* windows (machine/highmem.h) */
#define MEM_MAP_BASE       (SOFT_BASE + 38 * SOFT_UNIT)
#define BUS_BASE           (SOFT_BASE + 39 * SOFT_UNIT) /* HIGHMEM as the CPU's MMU reaches it */

#define TASK_SIZE          GEOMETRY_TASK_SIZE
#define STACK_TOP          TASK_SIZE
#define ELF_ET_DYN_BASE    ALIGN_DOWN(TASK_SIZE / 3 * 2, PAGE_SIZE)
#define TASK_UNMAPPED_BASE ALIGN_DOWN(TASK_SIZE / 3, PAGE_SIZE)
/* How far mappings and stacks are moved at random: bits of a number of pages. */
#define MMAP_RND_BITS      28
#define MMAP_RND_BITS_MAX  32
#define STACK_RND_BITS     22
