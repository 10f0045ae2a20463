/*
 * Reclaim: frames back from pages that can be had again (SYSTEM.md S39, S40, docs/reclaim.md).
 */
#pragma once

#include "mm/lru/lru.h"

/* What became of a page. */
enum reclaimed {
	PAGE_FREED,    /* gone, with the caller's reference */
	PAGE_WRITING,  /* on its way to its disk; not used: free it then */
	PAGE_ACTIVATE, /* in use: to the active list */
	PAGE_KEPT,     /* not now: back to where it was */
};
/*
 * The work on one page, in S40's order: used lately? a place in swap, out of all tables, written, free.
 * The page is isolated and the caller has a reference, which is his still unless PAGE_FREED. `force`: do not ask
 * whether it was used. May sleep.
 */
enum reclaimed reclaim_page(struct page *page, bool force);

/* The same for pages of a list, which go back to their lists or are gone: how many are gone. */
unsigned reclaim_pages(struct page **pages, unsigned n, bool force);

void reclaim_init(void); /* after space_init() */
