/*
 * Pages of 64 KiB, as POWER and arm64 offer them: 6 + 13 + 13 bits (arm64's 48-bit
 * addresses).
 */
#pragma once

#define GEOMETRY_NAME      "64k"
#define PAGE_SHIFT         16
#define GEOMETRY_PTE_BITS  13
#define GEOMETRY_PMD_BITS  13
#define GEOMETRY_PUD_BITS  0
#define GEOMETRY_P4D_BITS  0
#define GEOMETRY_PGD_BITS  6
#define GEOMETRY_TOP_LEAF  PT_PMD
#define GEOMETRY_TASK_SIZE ((1UL << 47) - PAGE_SIZE)
#include "machine/entry64.h"
