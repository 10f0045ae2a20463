/*
 * Entries of page tables as all machines here have them: a word of x86's kind.
 *
 * The machine's pgtable.h includes this after it has named pte_value_t, the word, and its bits:
 * PTE_P present, PTE_W writable, PTE_U the user's, PTE_A accessed, PTE_D dirty, PTE_PS large page,
 * PTE_NX not executable, PTE_SPECIAL and PTE_PROTNONE of software's own, PTE_FRAME the frame. What
 * depends on the word's layout (frames, swap entries, protections) is the machine's.
 *
 * The model has five levels, named as in every book: pgd, p4d, pud, pmd, pte.  A level of zero
 * bits is folded: its table has one entry, which is the table above it.  Entries of all levels have
 * one format, so one type serves; PTE_PS makes one above the lowest level a page of its own.
 */
#pragma once

#include "lib/atomic.h"
#include "lib/types.h"

typedef struct {
	pte_value_t v;
} pte_t;

/* The protection part of an entry. */
typedef struct {
	pte_value_t v;
} pgprot_t;

enum pt_level { PT_PTE, PT_PMD, PT_PUD, PT_P4D, PT_PGD, PT_LEVELS };

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
/* The frame's physical address as the entry holds it. */
static inline u64 pte_frame_address(pte_t e)
{
	return e.v & PTE_FRAME;
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

/*
 * Memory access to live tables: the hardware sets A and D behind our back. Who finds the entry finds
 * the page as it was filled before.
 */
static inline void pte_set(pte_t *slot, pte_t e)
{
	store_release(&slot->v, e.v);
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
