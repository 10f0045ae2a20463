/*
 * A whole tree of page tables, leaf by leaf: to print it and to check what it allows.
 *
 * What an address may be used for is what all entries on the way to it allow together; so each
 * leaf is handed out with the rights of its path.  Nothing is locked: tables are freed by epoch, and
 * between two entries of the root nobody is kept waiting.
 */
#include "mm/pgtable/pgtable.h"
#include "sync/epoch.h"

struct walk {
	pt_leaf_fn fn;
	void *arg;
	unsigned long start, last; /* addresses, both within */
};

/* The entries of a table whose first one is for address `va`. */
static void walk_table(const struct walk *w, pte_t *table, enum pt_level level, unsigned long va,
		       struct pt_rights above)
{
	const unsigned long size = PT_SIZE(level);

	for (unsigned i = 0; i < 1U << PT_BITS(level); i++, va += size) {
		struct pt_rights rights = above;
		pte_t e;

		if (va > w->last || va + (size - 1) < w->start)
			continue;
		e = pte_get(table + i);
		if (!pte_present(e))
			continue;
		rights.write &= pte_write(e);
		rights.exec &= pte_exec(e);
		rights.user &= pte_user(e);
		if (level == PT_PTE || pte_large(e))
			w->fn(va, level, e, rights, w->arg);
		else
			walk_table(w, pt_table(e), pt_below(level), va, rights);
	}
}

void pt_each_leaf(pte_t *root, unsigned long start, unsigned long last, pt_leaf_fn fn, void *arg)
{
	const enum pt_level top = pt_top();
	const unsigned shift = PT_SHIFT(top) + PT_BITS(top);
	const struct pt_rights all = {.write = true, .exec = true, .user = true};

	for (unsigned i = 0; i < 1U << PT_BITS(top); i++) {
		unsigned long va = (unsigned long)i << PT_SHIFT(top);
		struct walk w = {.fn = fn, .arg = arg};
		struct pt_rights rights = all;
		pte_t e;

		/* The upper half's addresses begin with ones. */
		if (shift < BITS_PER_LONG && va >> (shift - 1))
			va |= ~0UL << shift;
		w.start = max(start, va);
		w.last = min(last, va + (PT_SIZE(top) - 1));
		if (w.start > w.last)
			continue;
		epoch_read_lock();
		e = pte_get(root + i);
		if (pte_present(e)) {
			rights.write &= pte_write(e);
			rights.exec &= pte_exec(e);
			rights.user &= pte_user(e);
			if (pte_large(e) && PT_LEAF_OK(top))
				fn(va, top, e, rights, arg);
			else
				walk_table(&w, pt_table(e), pt_below(top), va, rights);
		}
		epoch_read_unlock();
		cond_resched();
	}
}
