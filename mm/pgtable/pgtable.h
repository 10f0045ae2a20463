/*
 * Page tables of any geometry (SYSTEM.md S11): one walk for every machine.
 *
 * The machine names five levels and gives each a number of index bits
 * (machine/pgtable.h); levels of zero bits fold away.  Code here and above loops
 * over levels and never names a geometry.
 *
 * Tables are pages with PG_table; a table's descriptor counts its entries in use
 * (pt_present) under its own lock (ptl).  No code may assume that a table belongs
 * to one process only (decision 3).
 */
#pragma once

#include "machine/mmu.h"
#include "machine/pgtable.h"
#include "mm/frame/frame.h"

/* The page that holds an entry: its lock and its count. */
static inline struct page *pt_page(const pte_t *entry)
{
	return virt_to_page(entry);
}
static inline void pt_lock(const pte_t *entry)
{
	raw_spin_lock(&pt_page(entry)->ptl, RANK_PTL);
}
static inline void pt_unlock(const pte_t *entry)
{
	raw_spin_unlock(&pt_page(entry)->ptl);
}

/* The table an upper entry leads to. */
static inline pte_t *pt_table(pte_t e)
{
	return pfn_to_virt(pte_pfn(e));
}

/* The next lower level that is not folded (PT_PTE stays). */
static __always_inline enum pt_level pt_below(enum pt_level level)
{
	do
		level--;
	while (level > PT_PTE && PT_BITS(level) == 0);
	return level;
}

/* A zeroed table page (counted in NR_PAGETABLE), or NULL. A small per-CPU stock is kept. */
pte_t *pt_alloc_table(gfp_t gfp);
void pt_free_table(pte_t *table);

/*
 * The entry that translates va at `level` (PT_PTE: the page's own), or NULL when a table
 * on the way is missing or a large page stands there: then *found (if not NULL) is the entry
 * where the walk ended and *at its level. Takes no lock: tables are freed by epoch.
 */
pte_t *pt_walk(pte_t *root, unsigned long va, enum pt_level level, pte_t **found,
	       enum pt_level *at);
/* The same, making missing tables; NULL without memory or where a large page stands. May sleep by gfp. */
pte_t *pt_walk_alloc(pte_t *root, unsigned long va, enum pt_level level, bool user, gfp_t gfp);

/* What a virtual address is backed by: for decoding, debugging and /proc. False: nothing. */
bool pt_translate(pte_t *root, unsigned long va, pte_t *entry, enum pt_level *level);
