/*
 * Shared memory in swap: tmpfs, memfd, shared anonymous memory, System V segments (SYSTEM.md S42).
 *
 * Such a page belongs to its file and not to those who map it: so it is the file's tree that names the
 * slot, in the place of the page, and entries of page tables are simply cleared.
 *
 *	tree:  [page] [page] [slot|2] [page] [ ] [slot|2]        bit 1: the name of a slot
 *
 *	out    the page is locked; if its count is two (the tree's and the caller's) it is mapped nowhere, and
 *	       is frozen at zero, so that nobody gets it from the tree; then the name stands there, and
 *	       the page is the slot's copy, without an owner
 *	in     who misses the page in the tree finds the name: the slot's copy is had as for an
 *	       anonymous page, and put into its place under the page lock and the tree's
 *
 * Names are marked in the tree (TAG_SWAPPED), so they are found without looking at pages.  Files that have
 * any are on a list, for swapoff.
 *
 * A page that comes back is dirty and its slot is free: it would have to be written again.
 *
 * Truncation looks for pages and for names; what is one may become the other meanwhile, so it looks
 * again whenever there was such a move (swap_moves).
 */
#include "lib/errno.h"
#include "mm/cache/cache_int.h"
#include "mm/frame/vmstat.h"
#include "mm/swap/swap.h"

static spinlock_t list_lock = SPINLOCK_INIT(RANK_COUNTERS);
static LIST_HEAD(swapped_files); /* (list_lock) with names in their trees */

/* (tree_lock) So many more names. */
static void count_swapped(struct address_space *mapping, long n)
{
	const unsigned long before = mapping->nrswapped;

	mapping->nrswapped += n;
	mapping->swap_moves++;
	if (before && mapping->nrswapped)
		return;
	spin_lock(&list_lock);
	if (before)
		list_del_init(&mapping->swapped_list);
	else
		list_add_tail(&mapping->swapped_list, &swapped_files);
	spin_unlock(&list_lock);
}

/* (tree_lock) The name at an index, or none. */
static swp_entry_t name_at(struct address_space *mapping, u64 index)
{
	struct page *const *slot = page_tree_slot(&mapping->tree, index);

	return slot && page_tree_is_name(*slot) ? page_tree_name(*slot) : (swp_entry_t){0};
}

bool cache_to_swap(struct address_space *mapping, struct page *page)
{
	const u64 index = page_index(page);
	int two = 2;
	bool done;

	ASSERT(page_test(page, PG_locked) && page_owner_ptr(page) == mapping);
	ASSERT(mapping->swap_backed);
	spin_lock(&mapping->tree_lock);
	done = try_cmpxchg(&page->refcount.v, &two, 0);
	if (done && !swap_cache_new_frozen(page)) {
		atomic_set(&page->refcount, 2);
		done = false;
	}
	if (done) {
		const swp_entry_t name = page_swap_entry(page);

		ASSERT(page_mapcount(page) == 0);
		page_tree_replace(&mapping->tree, index, page_tree_of_name(name));
		page_tree_tag(&mapping->tree, index, TAG_SWAPPED);
		mapping->nrpages--;
		mod_page_stat(page, NR_FILE_PAGES, -1);
		mod_page_stat(page, NR_SHMEM, -1);
		trace_cache_del((unsigned long)mapping, index, page_to_pfn(page), 0);
		WRITE_ONCE(page->mapping, 0);
		count_swapped(mapping, 1);
		/* From here on it can be found: the reference of the tree is the swap cache's. */
		store_release(&page->refcount.v, 2);
	}
	/* The file may go when it has nothing left: after the lock the mapping is not touched. */
	spin_unlock(&mapping->tree_lock);
	return done;
}

/* (tree_lock, the page's) The copy instead of its name. */
static void put_in_place(struct address_space *mapping, u64 index, struct page *page)
{
	page_set(page, PG_dirty); /* before its copy on the disk goes */
	swap_cache_remove(page);
	page_set_mapping(page, mapping, false, index);
	atomic_inc(&page->refcount);
	page_tree_untag(&mapping->tree, index, TAG_SWAPPED);
	page_tree_replace(&mapping->tree, index, page);
	mapping->nrpages++;
	mod_page_stat(page, NR_FILE_PAGES, 1);
	mod_page_stat(page, NR_SHMEM, 1);
	trace_cache_add((unsigned long)mapping, index, page_to_pfn(page), 0);
	count_swapped(mapping, -1);
}

/* The copy of a name that is counted once more for us. 0: it is in its place; -EAGAIN: all has changed. */
static int bring_in(struct address_space *mapping, u64 index, struct page *page, swp_entry_t name)
{
	bool ours;

	ours = swap_lock_copy(page, name);
	wait_on_page_writeback(page);
	if (!ours || !page_test(page, PG_uptodate)) {
		unlock_page(page);
		return ours ? -EIO : -EAGAIN;
	}
	spin_lock(&mapping->tree_lock);
	ours = name_at(mapping, index).v == name.v;
	if (ours)
		put_in_place(mapping, index, page);
	spin_unlock(&mapping->tree_lock);
	unlock_page(page);
	if (!ours)
		return -EAGAIN;
	swap_free(name); /* the tree's */
	return 0;
}

struct page *cache_swap_in(struct address_space *mapping, u64 index, gfp_t gfp, bool *major)
{
	for (;;) {
		struct page *page;
		swp_entry_t name;
		int err;

		spin_lock(&mapping->tree_lock);
		name = name_at(mapping, index);
		if (name.v)
			swap_hold(name);
		spin_unlock(&mapping->tree_lock);
		if (!name.v)
			return NULL;
		if (swp_is_lost(name))
			return ERR_PTR(-EIO);
		page = swap_get_copy(name, gfp, major);
		err = IS_ERR(page) ? PTR_ERR(page) : bring_in(mapping, index, page, name);
		if (err && !IS_ERR(page))
			put_page(page);
		swap_unhold(name);
		if (!err)
			return page;
		if (err != -EAGAIN)
			return ERR_PTR(err);
	}
}

void cache_forget_swapped(struct address_space *mapping, u64 first, u64 last)
{
	u64 index = first;

	while (READ_ONCE(mapping->nrswapped)) {
		swp_entry_t name;

		spin_lock(&mapping->tree_lock);
		if (!page_tree_next_tagged(&mapping->tree, &index, TAG_SWAPPED) || index > last) {
			spin_unlock(&mapping->tree_lock);
			return;
		}
		name = name_at(mapping, index);
		(void)page_tree_remove(&mapping->tree, index);
		count_swapped(mapping, -1);
		spin_unlock(&mapping->tree_lock);
		swap_forget(name);
		if (mapping->ops && mapping->ops->uncharge)
			mapping->ops->uncharge(mapping, 1);
	}
}

u64 cache_next_swapped(struct address_space *mapping, u64 first, u64 last)
{
	u64 index = first;
	bool found;

	if (!READ_ONCE(mapping->nrswapped))
		return last + 1;
	spin_lock(&mapping->tree_lock);
	found = page_tree_next_tagged(&mapping->tree, &index, TAG_SWAPPED);
	spin_unlock(&mapping->tree_lock);
	return found && index <= last ? index : last + 1;
}

unsigned long cache_count_swapped(struct address_space *mapping, u64 first, u64 last)
{
	unsigned long n = 0;

	for (u64 index = first; (index = cache_next_swapped(mapping, index, last)) <= last; index++)
		n++;
	return n;
}

void cache_each_name(void (*see)(swp_entry_t name))
{
	struct address_space *mapping;

	list_for_each_entry (mapping, &swapped_files, swapped_list) {
		u64 index = 0;

		spin_lock(&mapping->tree_lock);
		for (; page_tree_next_tagged(&mapping->tree, &index, TAG_SWAPPED); index++)
			see(name_at(mapping, index));
		spin_unlock(&mapping->tree_lock);
	}
}

/* ---- An area goes out of use ---- */

/* The next name of the area in a file, from *index on. */
static bool next_of(struct address_space *mapping, unsigned type, u64 *index)
{
	bool found;

	spin_lock(&mapping->tree_lock);
	while ((found = page_tree_next_tagged(&mapping->tree, index, TAG_SWAPPED))) {
		const swp_entry_t name = name_at(mapping, *index);

		if (swp_type(name) == type && !swp_is_lost(name))
			break;
		++*index;
	}
	spin_unlock(&mapping->tree_lock);
	return found;
}

/* Who reads it will hear of it. */
static void mark_lost(struct address_space *mapping, u64 index, unsigned type)
{
	swp_entry_t name;

	spin_lock(&mapping->tree_lock);
	name = name_at(mapping, index);
	if (name.v && !swp_is_lost(name) && swp_type(name) == type)
		page_tree_replace(&mapping->tree, index, page_tree_of_name(SWP_LOST));
	else
		name.v = 0;
	spin_unlock(&mapping->tree_lock);
	if (name.v)
		swap_forget(name);
}

static int bring_back(struct address_space *mapping, unsigned type, gfp_t gfp)
{
	for (u64 index = 0; next_of(mapping, type, &index); index++) {
		bool major;
		struct page *page = cache_swap_in(mapping, index, gfp, &major);

		if (PTR_ERR(page) == -EIO)
			mark_lost(mapping, index, type);
		else if (IS_ERR(page))
			return PTR_ERR(page);
		else if (page)
			put_page(page);
		if (swap_must_stay())
			return -ENOMEM;
		if (signal_pending())
			return -EINTR;
		cond_resched();
	}
	return 0;
}

static void let_go(struct address_space *mapping)
{
	if (mapping->ops && mapping->ops->release)
		mapping->ops->release(mapping);
}

/* The file behind `after` (NULL: the first), held. */
static struct address_space *next_file(struct address_space *after)
{
	struct address_space *next = NULL, *file;
	struct list_head *at = &swapped_files;

	spin_lock(&list_lock);
	/* One that has nothing left is not on the list any more: from the beginning then. */
	if (after && !list_empty(&after->swapped_list))
		at = &after->swapped_list;
	while (!next && (at = at->next) != &swapped_files) {
		file = list_entry(at, struct address_space, swapped_list);
		if (!file->ops || !file->ops->hold || file->ops->hold(file))
			next = file;
	}
	spin_unlock(&list_lock);
	if (after)
		let_go(after);
	return next;
}

int cache_bring_back(unsigned type, gfp_t gfp)
{
	struct address_space *mapping = NULL;
	int err = 0;

	while ((mapping = next_file(mapping))) {
		err = bring_back(mapping, type, gfp);
		if (err) {
			let_go(mapping);
			break;
		}
	}
	return err;
}
