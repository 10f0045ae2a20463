/*
 * The lists pages stand on (SYSTEM.md S40), per node, behind per-CPU batches; and
 * the last reference to a page, which takes it off them and frees it.
 */
#pragma once

#include "mm/frame/frame.h"

enum lru_list {
	LRU_INACTIVE_ANON,
	LRU_ACTIVE_ANON,
	LRU_INACTIVE_FILE,
	LRU_ACTIVE_FILE,
	LRU_UNEVICTABLE,
	NR_LRU_LISTS
};

struct lruvec {
	spinlock_t lock; /* guards the lists and PG_lru, PG_active of the pages on them */
	struct page_list list[NR_LRU_LISTS];
	struct pglist_data *node;
};

void lru_init(void); /* after frame_init() */

/* Put a new page (PG_swapbacked says which side) on its list, soon: it waits in this CPU's batch. */
void lru_cache_add(struct page *page);
/* As lru_cache_add, but on the active list / the unevictable list. */
void lru_cache_add_active(struct page *page);
void lru_cache_add_unevictable(struct page *page);
/* The page was used: inactive and referenced -> active; else referenced. */
void mark_page_accessed(struct page *page);
/* Empty this CPU's batches onto the lists (all CPUs'). */
void lru_add_drain(void);
void lru_add_drain_all(void);
/* Take a page off its list for the caller's work; false if it is on none. Put back. */
bool lru_isolate(struct page *page);
void lru_putback(struct page *page);

/* Drop a reference; with the last the page leaves its list and is freed. */
void put_page(struct page *page);
/* The batch form, for unmapping: n references to n pages. */
void release_pages(struct page **pages, unsigned n);

unsigned lru_check(void);
