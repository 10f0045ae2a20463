/*
 * The 64-bit address space: the lower half belongs to programs, the upper to the
 * kernel.  The regions stand where Linux's documentation puts them with 4-level
 * paging, so that addresses in books and tools mean the same here.
 *
 *   0000000000000000 .. 00007fffffffefff   a program (the last page stays free: a
 *                                          SYSCALL there would return to a
 *                                          non-canonical address)
 *   ffff888000000000   64 TiB  direct map of all RAM
 *   ffffc90000000000   32 TiB  vmalloc, kernel stacks
 *   ffffea0000000000    1 TiB  mem_map, sparse over holes
 *   ffffffff80000000    1 GiB  the kernel image
 *   ffffffffa0000000    1 GiB  modules
 *   ffffffffff000000           fixed mappings (devices), kmap windows
 */
#pragma once

#define TASK_SIZE          0x00007ffffffff000UL
#define DIRECT_MAP_BASE    0xffff888000000000UL
#define VMALLOC_START      0xffffc90000000000UL
#define VMALLOC_END        0xffffe8ffffffffffUL /* last byte */
#define MEM_MAP_BASE       0xffffea0000000000UL
#define KERNEL_BASE        0xffffffff80000000UL /* where the image's physical 0 would be */
#define MODULES_START      0xffffffffa0000000UL
#define MODULES_END        0xfffffffffeffffffUL
#define FIXMAP_START       0xffffffffff000000UL

/* Where mmap puts things (before randomisation) and where programs are loaded. */
#define STACK_TOP          TASK_SIZE
#define ELF_ET_DYN_BASE    (TASK_SIZE / 3 * 2)
#define TASK_UNMAPPED_BASE ALIGN_DOWN(TASK_SIZE / 3, PAGE_SIZE)
/* How far mappings and stacks are moved at random: bits of a number of pages. */
#define MMAP_RND_BITS      28
#define MMAP_RND_BITS_MAX  32
#define STACK_RND_BITS     22
