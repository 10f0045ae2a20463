/*
 * Page tables of the chosen geometry: machine/geometry.h names the bits of each
 * level and, through machine/entry*.h, the format of an entry; everything here is
 * derived from that.
 */
#pragma once

#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/types.h"
#include "machine/page.h"

#include "machine/entry.h"

/* Index bits of each level and the lowest address bit it translates. */
static const u8 pt_level_bits[PT_LEVELS] = {GEOMETRY_PTE_BITS, GEOMETRY_PMD_BITS, GEOMETRY_PUD_BITS,
					    GEOMETRY_P4D_BITS, GEOMETRY_PGD_BITS};
static const u8 pt_level_shift[PT_LEVELS] = {
	PAGE_SHIFT, PAGE_SHIFT + GEOMETRY_PTE_BITS,
	PAGE_SHIFT + GEOMETRY_PTE_BITS + GEOMETRY_PMD_BITS,
	PAGE_SHIFT + GEOMETRY_PTE_BITS + GEOMETRY_PMD_BITS + GEOMETRY_PUD_BITS,
	PAGE_SHIFT + GEOMETRY_PTE_BITS + GEOMETRY_PMD_BITS + GEOMETRY_PUD_BITS + GEOMETRY_P4D_BITS};
#define PT_BITS(level)      pt_level_bits[level]
#define PT_SHIFT(level)     pt_level_shift[level]
#define PT_ENTRIES          ((unsigned)(PAGE_SIZE / sizeof(pte_t))) /* in a table that is not folded */
#define PT_SIZE(level)      (1UL << PT_SHIFT(level))                /* bytes one entry covers */
#define pt_index(level, va) (((va) >> PT_SHIFT(level)) & ((1UL << PT_BITS(level)) - 1))
#define PT_LEAF_OK(level)   ((level) <= GEOMETRY_TOP_LEAF)

static inline pfn_t pte_pfn(pte_t e)
{
	return entry_pfn(e.v);
}

static inline pte_t mk_pte(pfn_t pfn, pgprot_t prot)
{
	ASSERT(pfn <= entry_pfn(PTE_FRAME));
	return (pte_t){entry_frame(pfn, false) | prot.v};
}
/* A leaf above the pte level; the frame is aligned to PT_SIZE(level). */
static inline pte_t mk_large_pte(pfn_t pfn, pgprot_t prot)
{
	return (pte_t){entry_frame(pfn, true) | prot.v | PTE_PS};
}
/* An entry that leads to a lower table; permissions are the leaves' business. */
static inline pte_t mk_table(pfn_t pfn, bool user)
{
	ASSERT(pfn <= entry_pfn(PTE_FRAME));
	return (pte_t){entry_frame(pfn, false) | PTE_P | PTE_W | PTE_A | (user ? PTE_U : 0)};
}
/* Entries that are not present and carry a payload. */
static inline pte_t swp_pte(u64 payload)
{
	return (pte_t){entry_of_swap(payload)};
}
static inline u64 pte_swp(pte_t e)
{
	return entry_swap(e.v);
}

/* Acquire: the table that an entry leads to is seen as it was when the entry was stored. */
static inline pte_t pte_get(const pte_t *slot)
{
	return (pte_t){load_acquire(&slot->v)};
}

/* What a VMA's access rights become. Readable is implied; none of them: no access. */
static inline pgprot_t user_pgprot(bool read, bool write, bool exec)
{
	pte_value_t v = PTE_A;

	v |= read || write || exec ? PTE_P | PTE_U : PTE_PROTNONE;
	if (write)
		v |= PTE_W;
	if (!exec)
		v |= PTE_NX;
	return (pgprot_t){v};
}

#define KERNEL_PROT_RW  ((pgprot_t){PTE_P | PTE_W | PTE_A | PTE_D | PTE_G | PTE_NX})
#define KERNEL_PROT_RO  ((pgprot_t){PTE_P | PTE_A | PTE_G | PTE_NX})
#define KERNEL_PROT_RX  ((pgprot_t){PTE_P | PTE_A | PTE_G})
#define KERNEL_PROT_DEV KERNEL_PROT_RW
