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
static inline void pt_lock(const pte_t *entry) ACQUIRES(pt_page(entry)->ptl)
{
	raw_spin_lock(&pt_page(entry)->ptl, RANK_PTL);
}
static inline void pt_unlock(const pte_t *entry) RELEASES(pt_page(entry)->ptl)
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

/* The next higher one. */
static __always_inline enum pt_level pt_above(enum pt_level level)
{
	do
		level++;
	while (PT_BITS(level) == 0);
	return level;
}

/* The level of a root's entries. */
static __always_inline enum pt_level pt_top(void)
{
	return PT_BITS(PT_PGD) ? PT_PGD : pt_below(PT_PGD);
}

/* After slab_init(). */
void pt_init(void);

/* A zeroed table page (NR_PAGETABLE counts those in use), or NULL. A stock of free ones is kept per CPU. */
pte_t *pt_alloc_table(gfp_t gfp) __must_check;
/*
 * The table is out of its tree and flushed from all TLBs, and all its entries are zero: it is
 * zeroed no more. It is reused or freed when all who walk tables without locks now are done.
 * Any context but interrupts.
 */
void pt_free_table(pte_t *table);
/*
 * The same for roots. A new one's user part is zero, the kernel's part undefined (arch_mm_init()
 * sets it); when it is freed its user part is zero and no CPU has it loaded.
 */
pte_t *pt_alloc_root(gfp_t gfp) __must_check;
void pt_free_root(pte_t *root);
/* Give this CPU's stock back, under pressure; pages freed. */
unsigned long pt_drain_stock(void);

/*
 * The entry that translates va at `level` (PT_PTE: the page's own), or NULL when a table
 * on the way is missing or a large page stands there: then *found (if not NULL) is the entry
 * where the walk ended and *at its level. Takes no lock: tables are freed by epoch.
 */
static __always_inline pte_t *pt_walk(pte_t *root, unsigned long va, enum pt_level level,
				      pte_t **found, enum pt_level *at)
{
	pte_t *table = root;

	/* Five rounds, and with a constant level the compiler leaves no trace of the loop. */
#pragma GCC unroll 5
	for (int i = PT_PGD; i > PT_PTE; i--) {
		pte_t e;

		if (i <= (int)level || PT_BITS(i) == 0)
			continue;
		e = pte_get(
			&table[pt_index(i, va)]); /* and the table behind it, which depends on it */
		if (unlikely(!pte_is_table(e))) {
			if (found) {
				*found = table + pt_index(i, va);
				*at = i;
			}
			return NULL;
		}
		table = pt_table(e);
	}
	return table + pt_index(level, va);
}

/*
 * The same, making missing tables; NULL without memory or where a large page stands. May sleep
 * by gfp.
 */
pte_t *pt_walk_make(pte_t *root, unsigned long va, enum pt_level level, bool user, gfp_t gfp);
static __always_inline pte_t *pt_walk_alloc(pte_t *root, unsigned long va, enum pt_level level,
					    bool user, gfp_t gfp)
{
	pte_t *slot = pt_walk(root, va, level, NULL, NULL);

	return likely(slot) ? slot : pt_walk_make(root, va, level, user, gfp);
}

/* What a virtual address is backed by: for decoding, debugging and /proc. False: nothing. */
bool pt_translate(pte_t *root, unsigned long va, pte_t *entry, enum pt_level *level);

/* What all entries on the way to an address allow together. */
struct pt_rights {
	bool write, exec, user;
};
/*
 * Call fn for every leaf with an address from `start` to `last`, in order; in an epoch, so it must
 * not sleep. Leaves that are changed meanwhile are seen before or after. (leaves.c)
 */
typedef void (*pt_leaf_fn)(unsigned long va, enum pt_level level, pte_t e, struct pt_rights rights,
			   void *arg);
void pt_each_leaf(pte_t *root, unsigned long start, unsigned long last, pt_leaf_fn fn, void *arg);
