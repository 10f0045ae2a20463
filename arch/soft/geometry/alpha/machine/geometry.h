/*
 * Three levels of 10 bits and 8 KiB pages: Alpha's.  43 bits of an address are used,
 * 21 are not.
 */
#pragma once

#define GEOMETRY_NAME      "alpha"
#define PAGE_SHIFT         13
#define GEOMETRY_PTE_BITS  10
#define GEOMETRY_PMD_BITS  10
#define GEOMETRY_PUD_BITS  0
#define GEOMETRY_P4D_BITS  0
#define GEOMETRY_PGD_BITS  10
#define GEOMETRY_TOP_LEAF  PT_PMD
#define GEOMETRY_TASK_SIZE ((1UL << 42) - PAGE_SIZE)
#include "machine/entry64.h"
