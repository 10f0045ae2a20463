/*
 * Pages on their way between memory and their slots.
 *
 * A page that is read is locked until it is over, so who needs it waits for its lock; a page that is
 * written has PG_writeback.  When writing fails the page is dirty again and stays, with all who
 * map it none the wiser; when reading fails it is not up to date, and only who needs it hears of it.
 */
#include "lib/printk.h"
#include "mm/frame/vmstat.h"
#include "mm/lru/lru.h"
#include "mm/lru/page_lock.h"
#include "mm/lru/written.h"
#include "mm/swap/swap_int.h"

/* Where on its device a slot lies. */
static u64 place_of(const struct swap_area *area, u32 slot)
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
	const struct swap_extent *extent = &area->extent[low];

	ASSERT(slot - extent->first < extent->pages);
	return extent->place + (slot - extent->first);
}

static void submit(struct page *page, swp_entry_t entry, bool write)
{
	struct swap_area *area = swap_area_of(entry);

	area->backing->submit(area->backing, page, place_of(area, swp_slot(entry)), write);
}

void swap_read_page(struct page *page)
{
	const swp_entry_t entry = page_swap_entry(page);

	ASSERT(page_test(page, PG_locked) && page_test(page, PG_swapcache));
	get_page(page);
	trace_swap_in(entry.v, page_to_pfn(page), 0, 0);
	submit(page, entry, false);
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
	submit(page, entry, true);
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
		if (!freed)
			unlock_page(page);
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
