/*
 * Page-table entries of 32 bits: i386's (Intel SDM 3A, 4.3).
 *
 *   31 .. 12  11        10       8 7  6 5 2 1 0
 *   frame     PROTNONE  SPECIAL  G PS D A U W P
 *
 *   31 .. 22          16 .. 13               of a 4 MiB page (PSE-36)
 *   frame bits 19-10  frame bits 23-20
 */
#pragma once

#include "lib/types.h"

typedef u32 pte_value_t;

#define PTE_P        (1U << 0)
#define PTE_W        (1U << 1)
#define PTE_U        (1U << 2)
#define PTE_A        (1U << 5)
#define PTE_D        (1U << 6)
#define PTE_PS       (1U << 7)
#define PTE_G        (1U << 8)
#define PTE_SPECIAL  (1U << 10)
#define PTE_PROTNONE (1U << 11) /* a page that nobody may access: P is clear, the rest holds */
#define PTE_NX       0U         /* these entries have none */
#define PTE_FRAME    0xfffff000U

static inline pte_value_t entry_frame(pfn_t pfn, bool large)
{
	if (!large)
		return (pte_value_t)pfn << PAGE_SHIFT;
	return (pte_value_t)((pfn & 0xffc00) << PAGE_SHIFT) | (pte_value_t)(pfn >> 20 & 0xf) << 13;
}
static inline pfn_t entry_pfn(pte_value_t v)
{
	if (!(v & PTE_PS))
		return v >> PAGE_SHIFT;
	return (v >> PAGE_SHIFT & 0xffc00) | (pfn_t)(v >> 13 & 0xf) << 20;
}

/* An entry that is not present: 30 bits of payload around PROTNONE. */
static inline pte_value_t entry_of_swap(u64 payload)
{
	return (pte_value_t)((payload & 0x3ff) << 1 | payload >> 10 << 12);
}
static inline u64 entry_swap(pte_value_t v)
{
	return (v >> 1 & 0x3ff) | (u64)(v >> 12) << 10;
}
