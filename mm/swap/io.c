/*
 * Pages on their way between memory and their slots.
 *
 * A page that is read is locked until it is over, so who needs it waits for its lock; a page that is
 * written has PG_writeback.
 *
 * Reclaim gives pages slots one after the other, so those that are written one after the other often lie side by
 * side: they are put together to runs, and the disk gets a run at a time.
 *  When writing fails the page is dirty again and stays, with all who
 * map it none the wiser; when reading fails it is not up to date, and only who needs it hears of it.
 */
#include "lib/printk.h"
#include "mm/frame/vmstat.h"
#include "mm/lru/lru.h"
#include "mm/lru/page_lock.h"
#include "mm/lru/written.h"
#include "mm/swap/swap_int.h"

/* The extent that a slot lies in. */
static const struct swap_extent *extent_of(const struct swap_area *area, u32 slot)
{
	unsigned low = 0, high = area->nr_extents;

	/* The last extent that begins at or before the slot. */
	while (high - low > 1) {
		const unsigned middle = (low + high) / 2;

		if (area->extent[middle].first <= slot)
			low = middle;
		else
			high = middle;
	}
	ASSERT(slot - area->extent[low].first < area->extent[low].pages);
	return &area->extent[low];
}

u32 swap_place_of(const struct swap_area *area, u32 slot, u64 *place)
{
	const struct swap_extent *extent = extent_of(area, slot);
	const u32 offset = slot - extent->first;

	*place = extent->place + offset;
	return extent->pages - offset;
}

/* A run may lie in several extents. */
static void submit(struct swap_area *area, const struct swap_run *run, bool write)
{
	for (unsigned i = 0, n; i < run->n; i += n) {
		u64 place;

		n = min(run->n - i, swap_place_of(area, run->first + i, &place));
		area->backing->submit(area->backing, run->page + i, n, place, write);
	}
}

void swap_read_pages(struct page *const *pages, unsigned n)
{
	const swp_entry_t first = page_swap_entry(pages[0]);
	struct swap_run run = {.first = swp_slot(first), .n = n};

	for (unsigned i = 0; i < n; i++) {
		ASSERT(page_test(pages[i], PG_locked) && page_test(pages[i], PG_swapcache));
		ASSERT(page_swap_entry(pages[i]).v == first.v + (i << SWAP_TYPE_BITS));
		get_page(pages[i]);
		trace_swap_in(first.v + (i << SWAP_TYPE_BITS), page_to_pfn(pages[i]), 0, 0);
		run.page[i] = pages[i];
	}
	submit(swap_area_of(first), &run, false);
}

/* Areas that have writes waiting, by number. */
static unsigned waiting;

/* (area->lock) What waits, to be submitted without the lock. Its pages keep the area in use. */
static void take_waiting(struct swap_area *area, struct swap_run *run)
{
	*run = area->writes;
	area->writes.n = 0;
}

/* Together with those before, if its slot follows theirs. */
static void wait_for_others(struct page *page, swp_entry_t entry)
{
	struct swap_area *area = swap_area_of(entry);
	struct swap_run *run = &area->writes, before;
	bool others;

	spin_lock(&area->lock);
	others = run->n == SWAP_RUN || (run->n && run->first + run->n != swp_slot(entry));
	if (others)
		take_waiting(area, &before);
	if (run->n == 0)
		run->first = swp_slot(entry);
	run->page[run->n++] = page;
	spin_unlock(&area->lock);
	fetch_or(&waiting, 1U << area->type);
	if (others)
		submit(area, &before, true);
}

void swap_submit_writes(void) NO_LOCK_ANALYSIS
{
	unsigned types = READ_ONCE(waiting) ? xchg(&waiting, 0) : 0;

	for (; types; types &= types - 1) {
		struct swap_run run;
		struct swap_area *area = swap_lock_area((unsigned)__builtin_ctz(types));

		if (!area)
			continue;
		take_waiting(area, &run);
		spin_unlock(&area->lock);
		submit(area, &run, true);
	}
}

void swap_write_page(struct page *page)
{
	const swp_entry_t entry = page_swap_entry(page);

	ASSERT(page_test(page, PG_locked) && page_test(page, PG_swapcache));
	page_clear(page, PG_dirty);
	page_set(page, PG_writeback);
	mod_page_stat(page, NR_WRITEBACK, 1);
	trace_swap_out(entry.v, page_to_pfn(page), 0, 0);
	unlock_page(page);
	wait_for_others(page, entry);
}

/* Reclaim wanted the page gone when it is written. The reference goes. */
static void put_written(struct page *page)
{
	const pfn_t pfn = page_to_pfn(page);
	const int nid = page_to_nid(page);
	bool direct, freed = false;

	if (!write_out_ended(page, &direct)) {
		put_page(page);
		return;
	}
	if (trylock_page(page)) {
		freed = page_test(page, PG_swapcache) && page_mapcount(page) == 0 &&
			swap_cache_remove_unused(page);
		if (!freed) {
			swap_cache_drop_orphan(page); /* who still looks at it will let go of it */
			unlock_page(page);
		}
	}
	if (!freed)
		put_page(page);
	write_out_done(pfn, nid, true, direct, freed);
}

void swap_io_done(struct page *page, bool write, int err)
{
	if (err)
		pr_err("swap: %s error on slot %u of area %u\n", write ? "write" : "read",
		       swp_slot(page_swap_entry(page)), swp_type(page_swap_entry(page)));
	if (write) {
		if (err)
			page_set(page, PG_dirty);
		mod_page_stat(page, NR_WRITEBACK, -1);
		mod_page_stat(page, NR_WRITTEN, 1);
		page_writeback_ended(page);
		put_written(page);
		return;
	}
	if (!err)
		page_set(page, PG_uptodate);
	unlock_page(page);
	put_page(page);
}
