/*
 * Letting go of page cache that nothing would miss: clean pages of files on disks, which no
 * page table maps and nobody else refers to (/proc/sys/vm/drop_caches).
 *
 * The pages are found by their frames, all of the machine's in order, so that no list of files is
 * needed.  A frame is looked at without a lock first, then again with a reference and the page
 * lock: from there on its owner stays, for truncation waits for that lock.
 *
 * Memory that is its own file (tmpfs, shared anonymous memory) stays: it is nowhere else.
 */
#include "mm/cache/cache.h"
#include "mm/lru/lru.h"

#define KEEPS                                                                          \
	(1u << PG_locked | 1u << PG_dirty | 1u << PG_writeback | 1u << PG_swapbacked | \
	 1u << PG_swapcache | 1u << PG_reserved | 1u << PG_buddy | 1u << PG_slab | 1u << PG_table)

/* Worth a closer look? Any answer will do, but for the time it takes. */
static bool looks_idle(const struct page *page)
{
	const u32 flags = READ_ONCE(page->flags);

	return flags & 1u << PG_lru && !(flags & KEEPS) && page_owner_ptr(page) &&
	       !page_is_anon(page) && page_mapcount(page) == 0;
}

static bool drop_page(struct page *page)
{
	struct address_space *mapping;
	bool dropped = false;

	if (!get_page_unless_zero(page))
		return false;
	if (trylock_page(page)) {
		mapping = page_is_anon(page) ? NULL : page_owner_ptr(page);
		dropped = mapping && !mapping->swap_backed && cache_remove_unused(mapping, page);
		if (!dropped)
			unlock_page(page);
	}
	if (!dropped)
		put_page(page);
	return dropped;
}

unsigned long cache_drop_clean(void)
{
	const pfn_t end = frames_end();
	unsigned long pages = 0;

	for (pfn_t start = 0; start < end; start += MAX_BLOCK_PAGES) {
		const pfn_t stop = min(start + MAX_BLOCK_PAGES, end);
		const bool whole = frames_present(start, stop - start);

		for (pfn_t pfn = start; pfn < stop; pfn++)
			if ((whole || frames_present(pfn, 1)) && looks_idle(pfn_to_page(pfn)))
				pages += drop_page(pfn_to_page(pfn));
		cond_resched();
	}
	return pages;
}
