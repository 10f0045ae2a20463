/*
 * Page-table entries of 64 bits, for every geometry that has them.  The places of
 * the bits are x86-64's; the frame number begins at the page size.
 *
 *   63  62        51 .. PAGE_SHIFT   10       8 7  6 5 2 1 0
 *   NX  PROTNONE  frame              SPECIAL  G PS D A U W P
 */
#pragma once

typedef u64 pte_value_t;

#define PTE_P         (1ULL << 0)
#define PTE_W         (1ULL << 1)
#define PTE_U         (1ULL << 2)
#define PTE_A         (1ULL << 5)
#define PTE_D         (1ULL << 6)
#define PTE_PS        (1ULL << 7)
#define PTE_G         (1ULL << 8)
#define PTE_SPECIAL   (1ULL << 10)
#define PTE_PROTNONE  (1ULL << 62) /* a page that nobody may access: P is clear, the rest holds */
#define PTE_NX        (1ULL << 63)
#define PTE_FRAME     (((1ULL << 52) - 1) & ~((1ULL << PAGE_SHIFT) - 1))

/* Payload of an entry that is not present: bits 1..58. */
#define PTE_SWP_SHIFT 1
