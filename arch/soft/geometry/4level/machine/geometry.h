/*
 * Four levels of 9 bits and 4 KiB pages: x86-64's.
 */
#pragma once

#define GEOMETRY_NAME      "4level"
#define PAGE_SHIFT         12
#define GEOMETRY_PTE_BITS  9
#define GEOMETRY_PMD_BITS  9
#define GEOMETRY_PUD_BITS  9
#define GEOMETRY_P4D_BITS  0
#define GEOMETRY_PGD_BITS  9
#define GEOMETRY_TOP_LEAF  PT_PUD /* the highest level whose entries may be pages */
#define GEOMETRY_TASK_SIZE ((1UL << 47) - PAGE_SIZE)
#include "machine/entry64.h"
