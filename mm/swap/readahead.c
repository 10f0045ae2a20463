/*
 * The slot's copy in memory: found, or read.
 */
#include "lib/errno.h"
#include "mm/lru/lru.h"
#include "mm/swap/swap_int.h"

/* A new page for the slot, being read, with a reference; NULL: somebody was faster. ERR_PTR: -ENOMEM. */
static struct page *read_anew(swp_entry_t entry, gfp_t gfp)
{
	struct page *page = alloc_page(gfp);

	if (!page)
		return ERR_PTR(-ENOMEM);
	page_set_owned(page, PG_locked);
	if (swap_cache_add(page, entry)) {
		page_clear_owned(page, PG_locked);
		__free_page(page);
		return NULL;
	}
	lru_cache_add(page);
	swap_read_page(page);
	return page;
}

struct page *swap_get_copy(swp_entry_t entry, gfp_t gfp, bool *major)
{
	struct page *page;

	while (!(page = swap_cache_get(entry))) {
		page = read_anew(entry, gfp);
		if (page) {
			*major = true;
			break;
		}
	}
	return page;
}
