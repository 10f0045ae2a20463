/*
 * Read-ahead: who reads a file in order is not made to wait for every page.
 *
 * Nothing is remembered between reads: the cache itself tells.  If the page before the missing one
 * is there, the file is being read in order, and a whole run is read at once; at the beginning of a
 * file a few pages are; anything else is a single page, which the caller reads by himself.
 *
 *      index   ... 29 30 31 | 32 33 34 ... 63 | 64 ...
 *      cached       x  x  x   ^ missing: a run is read; the reader waits for the lock of page 32
 *
 * New pages are in the tree, locked, before the disk has heard of them: others who want them wait for
 * the same lock.  The run ends before a page that is there already, at the end of the file, and where
 * memory is short.  A page that could not be read is unlocked without being up to date; who wants it
 * tries by itself and gets the error.
 */
#include "mm/cache/cache_int.h"
#include "mm/lru/refault.h"

#define FIRST_PAGES 4u

static bool is_cached(struct address_space *mapping, u64 index)
{
	struct page *page = find_get_page(mapping, index);

	if (page)
		put_page(page);
	return page != NULL;
}

/* A new page at index, locked, with a reference for its reading; NULL: there is one, or no memory. */
static struct page *new_page(struct address_space *mapping, u64 index)
{
	struct page *page = alloc_page(mapping->gfp | __GFP_NORETRY | __GFP_NOWARN);

	if (!page)
		return NULL;
	page_set_owned(page, PG_locked);
	if (cache_add_page(mapping, page, index)) {
		page_clear_owned(page, PG_locked);
		put_page(page);
		return NULL;
	}
	refault_returned(refault_name_of_file(mapping, index), page, true, swap_is_on());
	lru_cache_add(page);
	return page;
}

void read_ahead(struct address_space *mapping, u64 index)
{
	const u64 end = DIV_ROUND_UP(mapping->size(mapping), (u64)PAGE_SIZE);
	struct page *run[CACHE_RUN];
	unsigned want = CACHE_RUN, n = 0;

	if (index == 0)
		want = FIRST_PAGES;
	else if (!is_cached(mapping, index - 1))
		return;
	while (n < want && index + n < end && (run[n] = new_page(mapping, index + n)))
		n++;
	if (n)
		mapping->ops->read_pages(mapping, run, n);
}

void cache_end_read(struct page *page, int err)
{
	if (!err)
		page_set(page, PG_uptodate);
	unlock_page(page);
	put_page(page);
}
