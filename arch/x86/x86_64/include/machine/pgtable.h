/*
 * Four-level paging (Intel SDM 3A, 4.5): geometry and codec.
 *
 * The p4d is folded (machine/entry.h has the model).
 *
 *   63  62..52   51..12      11..9    8 7 6 5 4   3   2   1   0
 *   NX  free     frame       software G S D A PCD PWT U   W   P
 *
 * Software bits: 9 SOFT_DIRTY is free for the debug map, 10 marks a page of a
 * special mapping that has no struct page count.
 *
 * Not present, and not zero: a swap or migration entry, opaque to this header
 * but for pte_swp()/swp_pte(): 58 bits of payload in bits 1..58.  A page without any
 * access right (PROT_NONE) has P clear, too, but bit 62 set: for software it is present.
 */
#pragma once

#include "lib/atomic.h"
#include "lib/types.h"
#include "machine/page.h"

/* Index bits of each level and the lowest address bit it translates. */
#define PT_BITS(level)      ((level) == PT_P4D ? 0 : 9)
#define PT_SHIFT(level)     (PAGE_SHIFT + 9 * ((level) > PT_P4D ? (level)-1 : (level)))
#define PT_ENTRIES          512U                     /* in a table that is not folded */
#define PT_SIZE(level)      (1UL << PT_SHIFT(level)) /* bytes one entry covers */
#define pt_index(level, va) (((va) >> PT_SHIFT(level)) & ((1UL << PT_BITS(level)) - 1))
/* May an entry of this level be a page of its own (2 MiB, 1 GiB)? */
#define PT_LEAF_OK(level)   ((level) <= PT_PUD)

#define PTE_P               BIT(0)
#define PTE_W               BIT(1)
#define PTE_U               BIT(2)
#define PTE_PWT             BIT(3)
#define PTE_PCD             BIT(4)
#define PTE_A               BIT(5)
#define PTE_D               BIT(6)
#define PTE_PS              BIT(7)
#define PTE_G               BIT(8)
#define PTE_SPECIAL         BIT(10)
#define PTE_PROTNONE        BIT(62) /* a page that nobody may access: P is clear, the rest holds */
#define PTE_NX              BIT(63)
#define PTE_FRAME           0x000ffffffffff000UL

typedef u64 pte_value_t;
#include "machine/entry.h"

/* Bits this CPU lacks are cleared here once at boot (NX, G). */
extern pte_value_t pte_supported;

static inline pfn_t pte_pfn(pte_t e)
{
	return (e.v & PTE_FRAME) >> PAGE_SHIFT;
}

static inline pte_t mk_pte(pfn_t pfn, pgprot_t prot)
{
	return (pte_t){((u64)pfn << PAGE_SHIFT) | prot.v};
}
/* A leaf above the pte level; the frame is aligned to PT_SIZE(level). */
static inline pte_t mk_large_pte(pfn_t pfn, pgprot_t prot)
{
	return (pte_t){((u64)pfn << PAGE_SHIFT) | prot.v | PTE_PS};
}
/* An entry that leads to a lower table; permissions are the leaves' business. */
static inline pte_t mk_table(pfn_t pfn, bool user)
{
	return (pte_t){((u64)pfn << PAGE_SHIFT) | PTE_P | PTE_W | PTE_A | (user ? PTE_U : 0)};
}
/* Entries that are not present and carry a payload of 58 bits. */
static inline pte_t swp_pte(u64 payload)
{
	return (pte_t){payload << 1};
}
static inline u64 pte_swp(pte_t e)
{
	return e.v >> 1;
}

static inline pte_t pte_get(const pte_t *slot)
{
	return (pte_t){READ_ONCE(slot->v)};
}

/* What a VMA's access rights become. Readable is implied; none of them: no access. */
static inline pgprot_t user_pgprot(bool read, bool write, bool exec)
{
	u64 v = PTE_A | PTE_NX;

	v |= read || write || exec ? PTE_P | PTE_U : PTE_PROTNONE;
	if (write)
		v |= PTE_W;
	if (exec)
		v &= ~PTE_NX;
	return (pgprot_t){v & pte_supported};
}

#define KERNEL_PROT_RW \
	((pgprot_t){(PTE_P | PTE_W | PTE_A | PTE_D | PTE_G | PTE_NX) & pte_supported})
#define KERNEL_PROT_RO ((pgprot_t){(PTE_P | PTE_A | PTE_G | PTE_NX) & pte_supported})
#define KERNEL_PROT_RX ((pgprot_t){(PTE_P | PTE_A | PTE_G) & pte_supported})
#define KERNEL_PROT_DEV                                                                    \
	((pgprot_t){(PTE_P | PTE_W | PTE_A | PTE_D | PTE_G | PTE_NX | PTE_PCD | PTE_PWT) & \
		    pte_supported})
