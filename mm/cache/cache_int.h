/*
 * Between the files of mm/cache.
 */
#pragma once

#include "mm/cache/cache.h"
#include "mm/cache/page_tree.h"
#include "mm/lru/lru.h"

void page_lock_init(void);

/* The page in a slot of the tree, with a reference; NULL: none. *again: it has just changed. */
static inline struct page *get_page_of_slot(struct page *const *slot, bool *again)
{
	struct page *page = load_acquire(slot);

	if (!page)
		return NULL;
	if (likely(!((unsigned long)page & 1)) && likely(get_page_unless_zero(page))) {
		if (likely(READ_ONCE(*slot) == page))
			return page;
		put_page(page);
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
