/*
 * Between the files of mm/cache.
 */
#pragma once

#include "mm/cache/cache.h"
#include "mm/cache/page_tree.h"
#include "mm/lru/lru.h"

/* A page of a file on a disk was written to: set_page_dirty()'s slow half. */
bool dirty_file_page(struct address_space *mapping, struct page *page);
/* A dirty page leaves the cache: the counts. */
void count_undirtied(struct address_space *mapping, struct page *page);
/* The page at index was not in the cache: read it and, if the file is read in order, what follows. */
void read_ahead(struct address_space *mapping, u64 index);

/* Pages dirtied by this CPU since somebody looked whether that is too much. */
DECLARE_PER_CPU(u32, pages_dirtied);
#define DIRTY_CHECK_PAGES 32

/* The page in a slot of the tree, with a reference; NULL: none, or it is in swap. *again: it has just changed. */
static inline struct page *get_page_of_slot(struct page *const *slot, bool *again)
{
	struct page *page = load_acquire(slot);

	if (!page)
		return NULL;
	if (likely(!((unsigned long)page & 3)) && likely(get_page_unless_zero(page))) {
		if (likely(READ_ONCE(*slot) == page))
			return page;
		put_page(page);
	} else if (page_tree_is_name(page)) {
		return NULL;
	}
	*again = true; /* a node by now, on its way out, or another page */
	return NULL;
}

/* find_get_page(), in line. */
static inline struct page *lookup_page(struct address_space *mapping, u64 index)
{
	struct page *page;
	bool again;

	epoch_read_lock();
	do {
		struct page *const *slot = page_tree_slot(&mapping->tree, index);

		again = false;
		page = slot ? get_page_of_slot(slot, &again) : NULL;
	} while (unlikely(again));
	epoch_read_unlock();
	return page;
}
