/*
 * Physical address extension: 4 + 512 + 512 entries of 64 bits, 4 KiB pages, i386's with
 * up to 64 GiB.
 */
#pragma once

#define GEOMETRY_NAME      "pae"
#define PAGE_SHIFT         12
#define GEOMETRY_PTE_BITS  9
#define GEOMETRY_PMD_BITS  9
#define GEOMETRY_PUD_BITS  0
#define GEOMETRY_P4D_BITS  0
#define GEOMETRY_PGD_BITS  2
#define GEOMETRY_TOP_LEAF  PT_PMD
#define GEOMETRY_TASK_SIZE 0xc0000000UL
#define GEOMETRY_HIGHMEM   1 /* a kernel of 32 bits sees RAM directly up to a line only */
#include "machine/entry64.h"
