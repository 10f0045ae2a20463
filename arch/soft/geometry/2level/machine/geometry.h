/*
 * Two levels of 10 bits, 4 KiB pages, entries of 32 bits: i386's.  4 MiB pages (PSE)
 * have frame numbers of 24 bits (PSE-36), 4 KiB pages of 20.
 */
#pragma once

#define GEOMETRY_NAME      "2level"
#define PAGE_SHIFT         12
#define GEOMETRY_PTE_BITS  10
#define GEOMETRY_PMD_BITS  0
#define GEOMETRY_PUD_BITS  0
#define GEOMETRY_P4D_BITS  0
#define GEOMETRY_PGD_BITS  10
#define GEOMETRY_TOP_LEAF  PT_PGD
#define GEOMETRY_TASK_SIZE 0xc0000000UL
#define GEOMETRY_HIGHMEM   1 /* a kernel of 32 bits sees RAM directly up to a line only */
#include "machine/entry32.h"
