/*
 * Two-level paging (Intel SDM 3A, 4.3): geometry and codec.
 *
 * 10 bits of directory, 10 of table, 12 of offset; the three levels between are folded
 * (machine/entry.h has the model). A directory entry may be a page of 4 MiB (PSE), whose frame
 * number has 24 bits (PSE-36); that of a 4 KiB page has 20.
 *
 *   31 .. 12  11        10       8 7  6 5 4   3   2 1 0
 *   frame     PROTNONE  SPECIAL  G PS D A PCD PWT U W P
 *
 *   31 .. 22          16 .. 13               of a 4 MiB page
 *   frame bits 19-10  frame bits 23-20
 *
 * Not present, and not zero: a swap or migration entry, of which swp_pte() makes 30 bits: all but P
 * and PROTNONE. A page without any access right has P clear, too, but PROTNONE set.
 * There is no NX: what can be read can be executed.
 */
#pragma once

#include "lib/atomic.h"
#include "lib/types.h"
#include "machine/page.h"

/* Physical addresses that entries of 4 KiB pages can hold: RAM above is not used. */
#define MACHINE_RAM_LIMIT   (1ULL << 32)

/* Index bits of each level and the lowest address bit it translates. */
#define PT_BITS(level)      ((level) == PT_PTE || (level) == PT_PGD ? 10 : 0)
#define PT_SHIFT(level)     (PAGE_SHIFT + ((level) == PT_PTE ? 0 : 10))
#define PT_ENTRIES          1024U                    /* in a table that is not folded */
#define PT_SIZE(level)      (1UL << PT_SHIFT(level)) /* bytes one entry covers */
#define pt_index(level, va) (((va) >> PT_SHIFT(level)) & ((1UL << PT_BITS(level)) - 1))
/* May an entry of this level be a page of its own (4 MiB)? */
#define PT_LEAF_OK(level)   ((level) <= PT_PGD)

#define PTE_P               (1U << 0)
#define PTE_W               (1U << 1)
#define PTE_U               (1U << 2)
#define PTE_PWT             (1U << 3)
#define PTE_PCD             (1U << 4)
#define PTE_A               (1U << 5)
#define PTE_D               (1U << 6)
#define PTE_PS              (1U << 7)
#define PTE_G               (1U << 8)
#define PTE_SPECIAL         (1U << 10)
#define PTE_PROTNONE        (1U << 11) /* a page that nobody may access: P is clear, the rest holds */
#define PTE_NX              0U         /* these entries have none */
#define PTE_FRAME           0xfffff000U

typedef u32 pte_value_t;
#include "machine/entry.h"

/* Bits this CPU lacks are cleared here once at boot (G). */
extern pte_value_t pte_supported;

static inline pfn_t pte_pfn(pte_t e)
{
	return e.v >> PAGE_SHIFT;
}

static inline pte_t mk_pte(pfn_t pfn, pgprot_t prot)
{
	return (pte_t){(pte_value_t)pfn << PAGE_SHIFT | prot.v};
}
/* A leaf above the pte level; the frame is aligned to PT_SIZE(level). */
static inline pte_t mk_large_pte(pfn_t pfn, pgprot_t prot)
{
	return (pte_t){(pte_value_t)(pfn & 0xffc00) << PAGE_SHIFT |
		       (pte_value_t)(pfn >> 20 & 0xf) << 13 | prot.v | PTE_PS};
}
/* An entry that leads to a lower table; permissions are the leaves' business. */
static inline pte_t mk_table(pfn_t pfn, bool user)
{
	return (pte_t){(pte_value_t)pfn << PAGE_SHIFT | PTE_P | PTE_W | PTE_A | (user ? PTE_U : 0)};
}
/* Entries that are not present and carry a payload of 30 bits around PROTNONE. */
static inline pte_t swp_pte(u64 payload)
{
	return (pte_t){((pte_value_t)payload & 0x3ff) << 1 | (pte_value_t)(payload >> 10) << 12};
}
static inline u64 pte_swp(pte_t e)
{
	return (e.v >> 1 & 0x3ff) | (e.v >> 12) << 10;
}

static inline pte_t pte_get(const pte_t *slot)
{
	return (pte_t){READ_ONCE(slot->v)};
}

/* What a VMA's access rights become. Readable is implied; none of them: no access. */
static inline pgprot_t user_pgprot(bool read, bool write, bool exec)
{
	return (pgprot_t){PTE_A | (read || write || exec ? PTE_P | PTE_U : PTE_PROTNONE) |
			  (write ? PTE_W : 0)};
}

#define KERNEL_PROT_RW ((pgprot_t){(PTE_P | PTE_W | PTE_A | PTE_D | PTE_G) & pte_supported})
#define KERNEL_PROT_RO ((pgprot_t){(PTE_P | PTE_A | PTE_G) & pte_supported})
#define KERNEL_PROT_RX KERNEL_PROT_RO
#define KERNEL_PROT_DEV \
	((pgprot_t){(PTE_P | PTE_W | PTE_A | PTE_D | PTE_G | PTE_PCD | PTE_PWT) & pte_supported})
