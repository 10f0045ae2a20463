/*
 * Page-table entries of 64 bits, for every geometry that has them.  The places of
 * the bits are x86-64's; the frame number begins at the page size.
 *
 *   63  62        51 .. PAGE_SHIFT   10       8 7  6 5 2 1 0
 *   NX  PROTNONE  frame              SPECIAL  G PS D A U W P
 */
#pragma once

#include "lib/types.h"

typedef u64 pte_value_t;

#define PTE_P        (1ULL << 0)
#define PTE_W        (1ULL << 1)
#define PTE_U        (1ULL << 2)
#define PTE_A        (1ULL << 5)
#define PTE_D        (1ULL << 6)
#define PTE_PS       (1ULL << 7)
#define PTE_G        (1ULL << 8)
#define PTE_SPECIAL  (1ULL << 10)
#define PTE_PROTNONE (1ULL << 62) /* a page that nobody may access: P is clear, the rest holds */
#define PTE_NX       (1ULL << 63)
#define PTE_FRAME    (((1ULL << 52) - 1) & ~((1ULL << PAGE_SHIFT) - 1))

/* The frame number as it stands in an entry, of a large page or another. */
static inline pte_value_t entry_frame(pfn_t pfn, bool large)
{
	return (pte_value_t)pfn << PAGE_SHIFT;
}
static inline pfn_t entry_pfn(pte_value_t v)
{
	return (v & PTE_FRAME) >> PAGE_SHIFT;
}

/* An entry that is not present: 58 bits of payload in bits 1..58. */
static inline pte_value_t entry_of_swap(u64 payload)
{
	return payload << 1;
}
static inline u64 entry_swap(pte_value_t v)
{
	return v >> 1;
}
