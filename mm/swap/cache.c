/*
 * The swap cache: which page in memory is the copy of which slot.
 *
 * A page comes into it on its way out: it gets a slot, then entries in page tables are replaced by
 * the slot's name, then it is written, then it leaves.  And on its way in: who meets a name makes a
 * page the slot's copy, reads it and maps it; who meets the name meanwhile finds the page and waits
 * for its lock.  A page that has been read stays a copy for as long as nobody writes to it: to throw
 * it away again costs no writing.
 *
 *	         swap_cache_new            swap_write_page           swap_cache_remove_unused
 *	mapped -----------------> copy ---------------> clean copy ------------------> slot only
 *	   ^                        |                     |   ^                           |
 *	   '------------------------'---------------------'   '---------------------------'
 *	         swap_cache_remove                              swap_cache_add, read
 *
 * The slot knows the page by its frame; the page's own index is put by in the slot, as its
 * descriptor has room for one number only.  One reference belongs to the cache. A page is put in and
 * taken out with its lock and the area's held: who has either sees it stay.
 *
 * Counted like page cache, as Linux does: NR_FILE_PAGES and NR_SWAPCACHE.
 */
#include "lib/errno.h"
#include "mm/frame/vmstat.h"
#include "mm/lru/lru.h"
#include "mm/lru/page_lock.h"
#include "mm/lru/refault.h"
#include "mm/swap/swap_int.h"

static void count(const struct page *page, long n)
{
	mod_page_stat(page, NR_FILE_PAGES, n);
	mod_page_stat(page, NR_SWAPCACHE, n);
}

/* The page names its slot. */
static void enter(struct page *page, swp_entry_t entry)
{
	page->index = entry.v;
	page_set(page, PG_swapcache);
	count(page, 1);
}

bool swap_cache_new(struct page *page)
{
	swp_entry_t entry;

	ASSERT(page_test(page, PG_locked) && !page_test(page, PG_swapcache));
	entry = swap_take_slot(page, 0);
	if (!entry.v)
		return false;
	atomic_inc(&page->refcount);
	enter(page, entry);
	return true;
}

bool swap_cache_new_frozen(struct page *page)
{
	swp_entry_t entry;

	ASSERT(page_ref_count(page) == 0 && page_test(page, PG_locked));
	entry = swap_take_slot(page, 1);
	if (!entry.v)
		return false;
	enter(page, entry);
	return true;
}

int swap_cache_add(struct page *page, swp_entry_t entry)
{
	struct swap_area *area = swap_area_of(entry);
	struct swap_slot *slot = &area->slot[swp_slot(entry)];
	int err = 0;

	ASSERT(page_test(page, PG_locked) && !page->mapping);
	spin_lock(&area->lock);
	if (slot->pfn)
		err = -EEXIST;
	else if (!slot->refs)
		err = -ENOENT;
	if (!err) {
		slot->pfn = (u32)page_to_pfn(page);
		slot->index = 0;
		atomic_inc(&page->refcount);
		enter(page, entry);
		page_set(page, PG_swapbacked);
	}
	spin_unlock(&area->lock);
	return err;
}

struct page *swap_cache_get(swp_entry_t entry)
{
	struct swap_area *area = swap_area_of(entry);
	struct page *page = NULL;
	u32 pfn;

	spin_lock(&area->lock);
	pfn = area->slot[swp_slot(entry)].pfn;
	if (pfn) {
		page = pfn_to_page(pfn);
		get_page(page);
	}
	spin_unlock(&area->lock);
	return page;
}

/* (area->lock) The page is no copy any more; its slot goes if nothing names it. */
static void leave(struct swap_area *area, struct page *page)
{
	const u32 number = swp_slot(page_swap_entry(page));
	struct swap_slot *slot = &area->slot[number];

	ASSERT(slot->pfn == page_to_pfn(page));
	slot->pfn = 0;
	page->index = slot->index;
	page_clear(page, PG_swapcache);
	if (!slot->refs)
		swap_release_slot(area, number);
}

void swap_cache_remove(struct page *page)
{
	struct swap_area *area = swap_area_of(page_swap_entry(page));

	ASSERT(page_test(page, PG_locked) && page_test(page, PG_swapcache));
	ASSERT(!page_test(page, PG_writeback) && page_ref_count(page) > 1);
	spin_lock(&area->lock);
	leave(area, page);
	spin_unlock(&area->lock);
	count(page, -1);
	atomic_dec(&page->refcount);
}

bool swap_cache_remove_unused(struct page *page)
{
	struct swap_area *area = swap_area_of(page_swap_entry(page));
	const u64 name = refault_name_of_swap(page_swap_entry(page).v);
	const int nid = page_to_nid(page);
	const bool workingset = page_test(page, PG_workingset);
	int two = 2;
	bool unused;

	ASSERT(page_test(page, PG_locked) && page_test(page, PG_swapcache));
	spin_lock(&area->lock);
	/* At zero nobody gets a reference: swap_cache_get() needs the lock. */
	unused = try_cmpxchg(&page->refcount.v, &two, 0);
	if (unused && (page_test(page, PG_dirty) || page_test(page, PG_writeback))) {
		atomic_set(&page->refcount, 2);
		unused = false;
	}
	if (unused)
		leave(area, page);
	spin_unlock(&area->lock);
	if (!unused)
		return false;
	ASSERT(page_mapcount(page) == 0);
	count(page, -1);
	WRITE_ONCE(page->mapping, 0);
	unlock_page(page);
	put_page_last(page);
	refault_note(name, nid, workingset);
	return true;
}

static u32 *saved_index(const struct page *page)
{
	const swp_entry_t entry = page_swap_entry(page);

	return &swap_area_of(entry)->slot[swp_slot(entry)].index;
}

u64 page_anon_index(const struct page *page)
{
	u64 index = page_index(page);

	if (page_test(page, PG_swapcache))
		index = (index & ~0xffffffffULL) | READ_ONCE(*saved_index(page));
	return index;
}

void page_set_anon_owner(struct page *page, void *owner, u64 index)
{
	const u32 name = page->index;

	ASSERT(page_test(page, PG_locked));
	if (page_test(page, PG_swapcache)) {
		WRITE_ONCE(*saved_index(page), (u32)index);
		index = (index & ~0xffffffffULL) | name;
	}
	page_set_mapping(page, owner, true, index);
}

void swap_cache_drop_orphan(struct page *page)
{
	ASSERT(page_test(page, PG_locked));
	if (page_test(page, PG_swapcache) && !page_test(page, PG_writeback) &&
	    page_mapcount(page) == 0 && swap_refs(page_swap_entry(page)) == 0) {
		page_clear(page, PG_dirty);
		swap_cache_remove(page);
	}
}

void swap_cache_forget(struct page *page)
{
	bool written;

	do {
		if (!trylock_page(page))
			return;
		written = page_test(page, PG_writeback);
		swap_cache_drop_orphan(page);
		unlock_page(page);
		/* Whoever ended the writing meanwhile found it locked, and left it to us. */
	} while (written && !page_test(page, PG_writeback));
}

static void forget(swp_entry_t entry, u32 held)
{
	struct page *page = swap_free_last(entry, held);

	if (!page)
		return;
	swap_cache_forget(page);
	put_page(page);
}

void swap_forget(swp_entry_t entry)
{
	forget(entry, 0);
}

void swap_unhold(swp_entry_t entry)
{
	forget(entry, 1);
}

/* (the page lock) */
static void drop_copy(struct page *page, swp_entry_t entry)
{
	if (!page_test(page, PG_swapcache) || page_swap_entry(page).v != entry.v ||
	    swap_refs(entry))
		return;
	if (page_mapcount(page))
		page_set(page, PG_dirty);
	else
		page_clear(page, PG_dirty);
	swap_cache_remove(page);
}

void swap_drop_copies(unsigned type)
{
	swp_entry_t entry = {0};

	swap_submit_writes();
	while ((entry = swap_next_used(type, swp_slot(entry))).v) {
		struct page *page = swap_cache_get(entry);

		if (!page)
			continue;
		lock_page(page);
		wait_on_page_writeback(page);
		drop_copy(page, entry);
		unlock_page(page);
		put_page(page);
		cond_resched();
	}
}
