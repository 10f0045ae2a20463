/*
 * Four-level paging (Intel SDM 3A, 4.5): geometry and codec.
 *
 * The model every machine shares has five levels, named as in every book: pgd,
 * p4d, pud, pmd, pte.  A level of zero bits is folded: its table has one entry,
 * which is the table above it.  Here the p4d is folded.  Entries of all levels
 * have one format, so one type serves; only bit 7 differs (a large page above
 * the pte level).
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

typedef struct {
	u64 v;
} pte_t;

/* The protection part of an entry. */
typedef struct {
	u64 v;
} pgprot_t;

enum pt_level { PT_PTE, PT_PMD, PT_PUD, PT_P4D, PT_PGD, PT_LEVELS };

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

/* Bits this CPU lacks are cleared here once at boot (NX, G). */
extern u64 pte_supported;

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
	return (e.v & PTE_FRAME) >> PAGE_SHIFT;
}

/* The frame's physical address as the entry holds it. */
static inline u64 pte_frame_address(pte_t e)
{
	return e.v & PTE_FRAME;
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
	const u64 keep = PTE_FRAME | PTE_A | PTE_D | PTE_SPECIAL;

	return (pte_t){(e.v & keep) | (prot.v & ~keep)};
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

/* Memory access to live tables: the hardware sets A and D behind our back. */
static inline pte_t pte_get(const pte_t *slot)
{
	return (pte_t){READ_ONCE(slot->v)};
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
	(void)fetch_and(&slot->v, ~PTE_W);
}
/* Would a CPU that remembers `old` allow what `new` does not? */
static inline bool pte_loses_rights(pte_t old, pte_t new)
{
	return (old.v & ~new.v &(PTE_P | PTE_W | PTE_U)) || (new.v & ~old.v &PTE_NX);
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
