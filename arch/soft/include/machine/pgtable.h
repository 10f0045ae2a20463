/*
 * Page tables of the chosen geometry: machine/geometry.h names the bits of each
 * level and, through machine/entry*.h, the format of an entry; everything here is
 * derived from that.
 *
 * A level of zero bits is folded.  All levels share one entry format; PTE_PS
 * makes an entry above the lowest level a page of its own.
 */
#pragma once

#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/types.h"
#include "machine/page.h"

typedef struct {
	pte_value_t v;
} pte_t;

/* The protection part of an entry. */
typedef struct {
	pte_value_t v;
} pgprot_t;

enum pt_level { PT_PTE, PT_PMD, PT_PUD, PT_P4D, PT_PGD, PT_LEVELS };

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

static inline bool pte_none(pte_t e)
{
	return e.v == 0;
}
static inline bool pte_present(pte_t e)
{
	return e.v & (PTE_P | PTE_PROTNONE);
}
/* Present for the hardware, too? */
static inline bool pte_accessible(pte_t e)
{
	return e.v & PTE_P;
}
static inline bool pte_write(pte_t e)
{
	return e.v & PTE_W;
}
static inline bool pte_dirty(pte_t e)
{
	return e.v & PTE_D;
}
static inline bool pte_young(pte_t e)
{
	return e.v & PTE_A;
}
static inline bool pte_exec(pte_t e)
{
	return !(e.v & PTE_NX);
}
static inline bool pte_user(pte_t e)
{
	return e.v & PTE_U;
}
static inline bool pte_special(pte_t e)
{
	return e.v & PTE_SPECIAL;
}
/* Above the pte level: does the entry lead to a lower table? */
static inline bool pte_is_table(pte_t e)
{
	return (e.v & (PTE_P | PTE_PS)) == PTE_P;
}
/* Above the pte level: a large page rather than a table? */
static inline bool pte_large(pte_t e)
{
	return e.v & PTE_PS;
}
static inline pfn_t pte_pfn(pte_t e)
{
	return entry_pfn(e.v);
}

/* The frame's physical address as the entry holds it. */
static inline u64 pte_frame_address(pte_t e)
{
	return e.v & PTE_FRAME;
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
static inline pte_t pte_mkwrite(pte_t e)
{
	return (pte_t){e.v | PTE_W};
}
static inline pte_t pte_wrprotect(pte_t e)
{
	return (pte_t){e.v & ~PTE_W};
}
static inline pte_t pte_mkdirty(pte_t e)
{
	return (pte_t){e.v | PTE_D};
}
static inline pte_t pte_mkclean(pte_t e)
{
	return (pte_t){e.v & ~PTE_D};
}
static inline pte_t pte_mkyoung(pte_t e)
{
	return (pte_t){e.v | PTE_A};
}
static inline pte_t pte_mkold(pte_t e)
{
	return (pte_t){e.v & ~PTE_A};
}
static inline pte_t pte_mkspecial(pte_t e)
{
	return (pte_t){e.v | PTE_SPECIAL};
}
/* The same page with another protection; accessed, dirty and special stay. */
static inline pte_t pte_modify(pte_t e, pgprot_t prot)
{
	const pte_value_t keep = PTE_FRAME | PTE_A | PTE_D | PTE_SPECIAL;

	return (pte_t){(e.v & keep) | (prot.v & ~keep)};
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

/* Memory access to live tables: the machine sets A and D behind our back. */
/* Acquire: the table that an entry leads to is seen as it was when the entry was stored. */
static inline pte_t pte_get(const pte_t *slot)
{
	return (pte_t){load_acquire(&slot->v)};
}
static inline void pte_set(pte_t *slot, pte_t e)
{
	WRITE_ONCE(slot->v, e.v);
}
static inline pte_t pte_xchg(pte_t *slot, pte_t e)
{
	return (pte_t){xchg(&slot->v, e.v)};
}
/* Replace *old by e if the slot still holds it; else *old is what it holds. */
static inline bool pte_cmpxchg(pte_t *slot, pte_t *old, pte_t e)
{
	return try_cmpxchg(&slot->v, &old->v, e.v);
}

static inline void pte_clear_write(pte_t *slot)
{
	(void)fetch_and(&slot->v, ~(pte_value_t)PTE_W);
}
/* Would a CPU that remembers `old` allow what `new` does not? */
static inline bool pte_loses_rights(pte_t old, pte_t new)
{
	return (old.v & ~new.v &(PTE_P | PTE_W | PTE_U)) || (new.v & ~old.v &PTE_NX);
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
