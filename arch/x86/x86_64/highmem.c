/*
 * Fake HIGHMEM (machine/highmem.h): entries of the direct map as windows.
 */
#ifdef PAGODA_FAKE_HIGHMEM
#include "machine/highmem.h"

#include "lib/assert.h"
#include "machine/mmu.h"
#include "machine/page.h"

#define HIDDEN     BIT(58)
#define ONE_WINDOW BIT(52)
#define WINDOWS    (63 * ONE_WINDOW)

/* In this build the direct map consists of small pages (paging.c). */
static pte_t *entry_of(pfn_t pfn)
{
	const unsigned long va = (unsigned long)pfn_to_virt(pfn);
	pte_t *slot = swapper_pg_dir + pt_index(PT_PGD, va);

	for (int level = PT_PUD; level >= PT_PTE; level = level == PT_PUD ? PT_PMD : level - 1) {
		BUG_ON(!pte_is_table(*slot));
		slot = (pte_t *)pfn_to_virt(pte_pfn(*slot)) + pt_index(level, va);
	}
	BUG_ON(!pte_pfn(*slot));
	return slot;
}

/* Set and clear bits, then add windows; present is what is not hidden or has a window. */
static void change(pfn_t pfn, u64 set, u64 clear, u64 add)
{
	pte_t *slot = entry_of(pfn);
	u64 old = READ_ONCE(slot->v), now;

	do {
		now = ((old & ~clear) | set) + add;
		now = now & HIDDEN && !(now & WINDOWS) ? now & ~PTE_P : now | PTE_P;
	} while (!try_cmpxchg(&slot->v, &old, now));
	if (old & ~now & PTE_P)
		tlb_flush_local_page((unsigned long)pfn_to_virt(pfn));
}

void machine_hide_page(pfn_t pfn)
{
	change(pfn, HIDDEN, 0, 0);
}

void machine_show_page(pfn_t pfn)
{
	WARN_ON(entry_of(pfn)->v & WINDOWS);
	change(pfn, 0, HIDDEN | WINDOWS, 0);
}

bool machine_page_is_hidden(pfn_t pfn)
{
	return READ_ONCE(entry_of(pfn)->v) & HIDDEN;
}

void *machine_open_window(pfn_t pfn, bool sleeps)
{
	ASSERT((entry_of(pfn)->v & WINDOWS) != WINDOWS);
	change(pfn, 0, 0, ONE_WINDOW);
	return pfn_to_virt(pfn);
}

void machine_close_window(const void *window)
{
	const pfn_t pfn = virt_to_pfn(window);

	ASSERT(entry_of(pfn)->v & WINDOWS);
	change(pfn, 0, 0, -ONE_WINDOW);
}
#endif
