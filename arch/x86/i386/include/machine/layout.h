/*
 * The 32-bit address space (SYSTEM.md S17): three quarters belong to a program, the last
 * one to the kernel.
 *
 *   00000000 .. bfffffff   a program
 *   c0000000   896 MiB     direct map of low memory, the kernel image at its start;
 *                          mem_map is in it, at the start of zone NORMAL
 *   f8000000    96 MiB     vmalloc, kernel stacks
 *   fe000000    16 MiB     modules
 *   ff000000     8 MiB     kmap: windows onto high memory that any CPU may use
 *   ffe00000               fixed mappings (devices), windows of one CPU
 *   fffff000               never mapped: error pointers
 *
 * The last 128 MiB have all their page tables from boot on.
 */
#pragma once

#define TASK_SIZE          0xc0000000UL
#define DIRECT_MAP_BASE    0xc0000000UL
#define DIRECT_MAP_BYTES   0x38000000UL
#define KERNEL_BASE        0xc0000000UL /* where the image's physical 0 would be */
#define VMALLOC_START      0xf8000000UL
#define VMALLOC_END        0xfdffffffUL /* last byte */
#define MODULES_START      0xfe000000UL
#define MODULES_END        0xfeffffffUL
#define KMAP_START         0xff000000UL
#define KMAP_END           0xff7fffffUL
#define FIXMAP_START       0xffe00000UL

/* Where mmap puts things (before randomisation) and where programs are loaded. */
#define STACK_TOP          TASK_SIZE
#define ELF_ET_DYN_BASE    (TASK_SIZE / 3 * 2)
#define TASK_UNMAPPED_BASE ALIGN_DOWN(TASK_SIZE / 3, PAGE_SIZE)
/* How far mappings and stacks are moved at random: bits of a number of pages. */
#define MMAP_RND_BITS      8
#define MMAP_RND_BITS_MAX  16
#define STACK_RND_BITS     11
