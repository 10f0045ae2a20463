/*
 * Five levels of 9 bits and 4 KiB pages: x86-64's with LA57.  57 bits are translated, 56 of
 * them below the kernel's half.  A program gets 47: what Linux gives one that does not ask for
 * more, and as far as the index of an anonymous page reaches (docs/page.md).
 */
#pragma once

#define GEOMETRY_NAME      "5level"
#define PAGE_SHIFT         12
#define GEOMETRY_PTE_BITS  9
#define GEOMETRY_PMD_BITS  9
#define GEOMETRY_PUD_BITS  9
#define GEOMETRY_P4D_BITS  9
#define GEOMETRY_PGD_BITS  9
#define GEOMETRY_TOP_LEAF  PT_PUD
#define GEOMETRY_TASK_SIZE ((1UL << 47) - PAGE_SIZE)
#include "machine/entry64.h"
