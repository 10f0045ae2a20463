/*
 * The levels of page tables that are not folded: PT_PGD, with PAE PT_PMD, and PT_PTE.
 */
#pragma once

#include "machine/pgtable.h"

/* Whose entries lead to the last tables. */
#define LOW_LEVEL (PT_BITS(PT_PMD) ? PT_PMD : PT_PGD)

static inline enum pt_level level_below(enum pt_level level)
{
	return level == PT_PGD && LOW_LEVEL == PT_PMD ? PT_PMD : PT_PTE;
}
