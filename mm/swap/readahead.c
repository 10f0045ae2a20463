/*
 * The slot's copy in memory: found, or read, with its neighbours.
 *
 * Pages that left together got slots side by side, and often they are wanted together again: so a
 * miss reads the aligned block of slots around the one it needs, those of it that are named and have no copy.
 * How large a block?  As long as half of what was read for nothing but hope is asked for, twice as
 * much at the next miss, up to 2^page-cluster; else half as much; and at least two where misses
 * follow each other closely.  So who goes through memory in order has few misses, and who jumps about
 * reads nothing in vain.
 *
 *	miss at 21, block of 8:   16 17 18 19 20 [21] 22 23      17, 18 free or in memory:
 *	                          ^^       ^^^^^^^^^^^^^^^      two runs are read
 *
 * Pages read ahead take only memory that is free: nobody is made to give any.
 */
#include "lib/errno.h"
#include "mm/lru/lru.h"
#include "mm/lru/page_lock.h"
#include "mm/lru/refault.h"
#include "mm/swap/swap_int.h"

int sysctl_page_cluster = 3;

#define MOST_CLUSTER 5U /* 2^5 pages are a run */

/* How many slots to read at a miss. */
static u32 window_at(struct swap_area *area, u32 slot)
{
	const u32 most = 1U << min((unsigned)READ_ONCE(sysctl_page_cluster), MOST_CLUSTER);
	u32 window, distance;

	spin_lock(&area->lock);
	window = area->ahead_window;
	distance = slot > area->ahead_last ? slot - area->ahead_last : area->ahead_last - slot;
	if (area->ahead_hits && 2 * area->ahead_hits >= window)
		window *= 2;
	else if (distance <= window)
		window = max(window, 2U);
	else
		window = max(window / 2, 1U);
	window = min(window, most);
	area->ahead_window = window;
	area->ahead_last = slot;
	area->ahead_hits = 0;
	spin_unlock(&area->lock);
	return window;
}

static void note_hit(struct swap_area *area, swp_entry_t entry, const struct page *page)
{
	spin_lock(&area->lock);
	area->ahead_hits++;
	spin_unlock(&area->lock);
	trace_swap_ahead_hit(entry.v, page_to_pfn(page), 0, 0);
}

/*
 * A new locked page, the slot's copy, on its list, with a reference; to be read. NULL: somebody was
 * faster, or nothing names the slot. ERR_PTR(-ENOMEM).
 */
static struct page *new_copy(swp_entry_t entry, gfp_t gfp)
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
	refault_returned(refault_name_of_swap(entry.v), page, false, swap_is_on());
	lru_cache_add(page);
	return page;
}

/* A neighbour's copy, or NULL if it has one, is not needed, or there is no memory to spare. */
static struct page *new_neighbour(struct swap_area *area, u32 slot, gfp_t gfp)
{
	const swp_entry_t entry = swp_entry(area->type, slot);
	struct page *page;

	if (!READ_ONCE(area->slot[slot].refs) || READ_ONCE(area->slot[slot].pfn))
		return NULL;
	page = new_copy(entry, gfp);
	if (!page || IS_ERR(page))
		return NULL;
	fetch_or(&page->flags, PAGE_READ_AHEAD);
	trace_swap_ahead(entry.v, page_to_pfn(page), 0, 0);
	return page;
}

/* Read what is new of a block around `wanted`, which is. */
static void read_block(struct swap_area *area, struct page *wanted, u32 slot, u32 window, gfp_t gfp)
{
	const gfp_t spare = (gfp & ~(__GFP_DIRECT_RECLAIM | __GFP_NOFAIL | __GFP_RETRY_MAYFAIL)) |
			    __GFP_NORETRY | __GFP_NOWARN;
	const u32 first = ALIGN_DOWN(slot, window), end = min(first + window, area->pages);
	struct page *run[SWAP_RUN];
	unsigned n = 0;

	for (u32 at = max(first, 1U); at <= end; at++) {
		struct page *page = at == slot ? wanted
				    : at < end ? new_neighbour(area, at, spare)
					       : NULL;

		if (page) {
			run[n++] = page;
			continue;
		}
		if (n) {
			swap_read_pages(run, n);
			for (unsigned i = 0; i < n; i++)
				if (run[i] != wanted)
					put_page(run[i]);
		}
		n = 0;
	}
}

struct page *swap_get_copy(swp_entry_t entry, gfp_t gfp, bool *major)
{
	struct swap_area *area = swap_area_of(entry);
	struct page *page;

	for (;;) {
		page = swap_cache_get(entry);
		if (page) {
			if (unlikely(READ_ONCE(page->flags) & PAGE_READ_AHEAD) &&
			    fetch_and(&page->flags, ~PAGE_READ_AHEAD) & PAGE_READ_AHEAD)
				note_hit(area, entry, page);
			return page;
		}
		page = new_copy(entry, gfp);
		if (IS_ERR(page))
			return page;
		if (page)
			break;
	}
	*major = true;
	read_block(area, page, swp_slot(entry), window_at(area, swp_slot(entry)), gfp);
	return page;
}

static bool is_copy_of(const struct page *page, swp_entry_t entry)
{
	return page_test(page, PG_swapcache) && page_swap_entry(page).v == entry.v;
}

bool swap_lock_copy(struct page *page, swp_entry_t entry)
{
	lock_page(page);
	if (is_copy_of(page, entry) && unlikely(!page_test(page, PG_uptodate))) {
		swap_read_pages(&page, 1);
		lock_page(page);
	}
	return is_copy_of(page, entry);
}
