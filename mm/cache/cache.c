/*
 * The page cache: pages of files by index.
 *
 * One reference belongs to the cache for as long as a page is in a mapping's
 * tree.  Looking up takes no lock: find the page in the tree, take a reference
 * unless the count is zero (then it was on its way out), and look whether it is
 * still in its place, for between the two the frame may have become another page.
 *
 *        add:     page lock held, tree_lock inside: tree, page's owner, counters
 *        remove:  page lock held, tree_lock inside: the same backwards
 *
 * A page is visible before its contents are: readers wait for PG_uptodate by
 * taking the page lock.  Memory-only mappings (no read_page) hold zeros where
 * nothing was written; reading such a hole makes no page, touching it does.
 *
 * Counted: NR_FILE_PAGES for all, NR_SHMEM for swap-backed ones.
 */
#include "mm/cache/cache.h"

#include "lib/string.h"
#include "mm/cache/cache_int.h"
#include "mm/kva/kva.h"
#include "mm/lru/lru.h"
#include "mm/lru/refault.h"
#include "mm/trace/trace.h"

void (*unmap_mapping_range)(struct address_space *mapping, u64 first, u64 last, bool even_cows);
void (*write_protect_page)(struct page *page);

void mapping_init(struct address_space *mapping, const struct address_space_ops *ops, void *host,
		  bool swap_backed)
{
	memset(mapping, 0, sizeof(*mapping));
	spin_lock_init(&mapping->tree_lock, RANK_PAGE_TREE);
	list_init(&mapping->swapped_list);
	for (unsigned part = 0; part < I_MMAP_PARTS; part++)
		init_rwsem(&mapping->i_mmap[part].lock, RANK_I_MMAP);
	init_rwsem(&mapping->invalidate_lock, RANK_MAPPING_TRUNC);
	mapping->ops = ops;
	mapping->host = host;
	mapping->swap_backed = swap_backed;
	mapping->gfp = GFP_HIGHUSER_MOVABLE;
}

struct page *find_get_page(struct address_space *mapping, u64 index)
{
	return lookup_page(mapping, index);
}

unsigned find_get_pages(struct address_space *mapping, u64 *start, u64 last, unsigned n,
			struct page **pages)
{
	unsigned found = 0;
	u64 index = *start, in_leaf;
	bool again = false;

	if (index == 0 && n > 0) {
		pages[0] = find_get_page(mapping, 0);
		found = pages[0] != NULL;
		index = 1;
	}
	epoch_read_lock();
	while (found < n && index <= last) {
		struct page *const *slot = page_tree_leaf(&mapping->tree, index, &in_leaf);
		u64 stop = index + min(in_leaf - 1, last - index); /* the last to look at */

		if (!slot) {
			if (stop == last)
				break;
			index = stop + 1;
			continue;
		}
		for (; index <= stop && found < n; index++, slot++) {
			pages[found] = get_page_of_slot(slot, &again);
			if (pages[found])
				found++;
			else if (unlikely(again))
				break;
		}
		again = false;
	}
	epoch_read_unlock();
	*start = index;
	return found;
}

static void count_pages(struct address_space *mapping, struct page *page, long n)
{
	struct pglist_data *node = page_node(page);

	mod_node_stat(node, NR_FILE_PAGES, n);
	if (mapping->swap_backed)
		mod_node_stat(node, NR_SHMEM, n);
}

int cache_add_page(struct address_space *mapping, struct page *page, u64 index)
{
	struct tree_node *spare = NULL;
	int err;

	ASSERT(page_test(page, PG_locked));
	if (mapping->ops && mapping->ops->charge) {
		err = mapping->ops->charge(mapping);
		if (err)
			return err;
	}
	get_page(page);
	page_set_mapping(page, mapping, false, index);
	for (;;) {
		spin_lock(&mapping->tree_lock);
		err = page_tree_insert(&mapping->tree, index, page, &spare);
		if (err == 0) {
			mapping->nrpages++;
			count_pages(mapping, page, 1);
			trace_cache_add((unsigned long)mapping, index, page_to_pfn(page), 0);
		}
		spin_unlock(&mapping->tree_lock);
		if (err != -EAGAIN)
			break;
		spare = page_tree_node_alloc();
		if (!spare) {
			spin_lock(&mapping->tree_lock);
			page_tree_cancel(&mapping->tree, index);
			spin_unlock(&mapping->tree_lock);
			err = -ENOMEM;
			break;
		}
	}
	page_tree_node_free(spare);
	if (err) {
		page_set_mapping(page, NULL, false, 0);
		atomic_dec(&page->refcount);
		if (mapping->ops && mapping->ops->uncharge)
			mapping->ops->uncharge(mapping, 1);
	}
	return err;
}

/* Take a page out of the tree and the counts. (tree_lock) */
static void take_out(struct address_space *mapping, struct page *page)
{
	struct page *removed __maybe_unused = page_tree_remove(&mapping->tree, page_index(page));

	ASSERT(removed == page);
	mapping->nrpages--;
	count_pages(mapping, page, -1);
	trace_cache_del((unsigned long)mapping, page_index(page), page_to_pfn(page), 0);
}

void cache_remove_page(struct address_space *mapping, struct page *page)
{
	ASSERT(page_test(page, PG_locked) && page_owner_ptr(page) == mapping);
	ASSERT(page_mapcount(page) == 0);
	ASSERT(!page_test(page, PG_writeback));
	spin_lock(&mapping->tree_lock);
	take_out(mapping, page);
	if (page_test_and_clear(page, PG_dirty) && !mapping->swap_backed)
		count_undirtied(mapping, page);
	WRITE_ONCE(page->mapping, 0); /* who would mark it dirty now looks under the lock */
	spin_unlock(&mapping->tree_lock);
	put_page(page);
	if (mapping->ops && mapping->ops->uncharge)
		mapping->ops->uncharge(mapping, 1);
}

bool cache_remove_unused(struct address_space *mapping, struct page *page)
{
	int two = 2;
	bool unused;

	ASSERT(page_test(page, PG_locked) && page_owner_ptr(page) == mapping);
	spin_lock(&mapping->tree_lock);
	/*
	 * At zero nobody gets a reference any more: who finds the page in the tree looks again. What
	 * was written to the page was marked by somebody who had a reference then.
	 */
	unused = try_cmpxchg(&page->refcount.v, &two, 0);
	if (unused && (page_test(page, PG_dirty) || page_test(page, PG_writeback))) {
		atomic_set(&page->refcount, 2);
		unused = false;
	}
	if (unused) {
		take_out(mapping, page);
		if (mapping->ops && mapping->ops->uncharge)
			mapping->ops->uncharge(mapping, 1);
	}
	/* The file may go when its last page has: after the lock the mapping is not touched. */
	spin_unlock(&mapping->tree_lock);
	if (!unused)
		return false;
	ASSERT(page_mapcount(page) == 0);
	WRITE_ONCE(page->mapping, 0);
	unlock_page(page);
	put_page_last(page);
	return true;
}

bool cache_evict(struct address_space *mapping, struct page *page)
{
	const u64 name = refault_name_of_file(mapping, page_index(page));
	const int nid = page_to_nid(page);
	const bool workingset = page_test(page, PG_workingset);

	if (!cache_remove_unused(mapping, page))
		return false;
	refault_note(name, nid, workingset);
	return true;
}

/* A new locked page in the cache, zeroed unless told otherwise. -EEXIST: somebody was faster. */
static struct page *add_new_page(struct address_space *mapping, u64 index, bool zero)
{
	struct page *page = alloc_page(mapping->gfp | (zero ? __GFP_ZERO : 0));
	int err;

	if (!page)
		return ERR_PTR(-ENOMEM);
	page_set_owned(page, PG_locked);
	if (mapping->swap_backed)
		page_set_owned(page, PG_swapbacked);
	err = cache_add_page(mapping, page, index);
	if (err) {
		page_clear_owned(page, PG_locked);
		page_clear_owned(page, PG_swapbacked);
		put_page(page);
		return ERR_PTR(err);
	}
	if (!mapping->swap_backed)
		refault_returned(refault_name_of_file(mapping, index), page, true, swap_is_on());
	lru_cache_add(page);
	return page;
}

struct page *grab_page(struct address_space *mapping, u64 index, bool overwrite)
{
	for (;;) {
		struct page *page = find_get_page(mapping, index);
		bool major;

		if (!page && unlikely(READ_ONCE(mapping->nrswapped))) {
			page = cache_swap_in(mapping, index, mapping->gfp, &major);
			if (IS_ERR(page))
				return page;
		}
		if (!page) {
			page = add_new_page(mapping, index, !overwrite);
			if (PTR_ERR(page) == -EEXIST)
				continue;
			return page;
		}
		lock_page(page);
		if (likely(page_owner_ptr(page) == mapping))
			return page;
		unlock_page(page); /* truncated while we waited */
		put_page(page);
	}
}

/* Fill a locked page: from its disk, or it is zeroed memory already. */
static int fill_page(struct address_space *mapping, struct page *page)
{
	if (page_test(page, PG_uptodate))
		return 0;
	if (mapping->ops && mapping->ops->read_page)
		return mapping->ops->read_page(mapping, page);
	page_set(page, PG_uptodate);
	return 0;
}

struct page *cache_get_page(struct address_space *mapping, u64 index, bool *major)
{
	struct page *page = find_get_page(mapping, index);
	int err;

	if (likely(page && page_is_uptodate(page)))
		return page;
	if (page) {
		put_page(page);
	} else if (mapping->ops && mapping->ops->read_pages) {
		*major = true;
		read_ahead(mapping, index);
	} else if (unlikely(READ_ONCE(mapping->nrswapped))) {
		page = cache_swap_in(mapping, index, mapping->gfp, major);
		if (page)
			return page;
	}
	page = grab_page(mapping, index, false);
	if (IS_ERR(page))
		return page;
	if (!page_test(page, PG_uptodate) && mapping->ops && mapping->ops->read_page)
		*major = true;
	err = fill_page(mapping, page);
	unlock_page(page);
	if (err) {
		put_page(page);
		return ERR_PTR(err);
	}
	return page;
}

bool set_page_dirty(struct page *page)
{
	struct address_space *mapping = page_owner_ptr(page);

	if (page_test(page, PG_dirty))
		return false;
	if (mapping && !page_is_anon(page) && !mapping->swap_backed)
		return dirty_file_page(mapping, page);
	return !page_test_and_set(page, PG_dirty);
}

static void remove_pages(struct address_space *mapping, u64 first, u64 last)
{
	struct page *batch[16];
	u64 index = first;
	unsigned n;

	while ((n = find_get_pages(mapping, &index, last, ARRAY_SIZE(batch), batch))) {
		for (unsigned i = 0; i < n; i++) {
			lock_page(batch[i]);
			wait_on_page_writeback(batch[i]);
			if (page_owner_ptr(batch[i]) == mapping)
				cache_remove_page(mapping, batch[i]);
			unlock_page(batch[i]);
		}
		release_pages(batch, n);
		cond_resched();
	}
}

static void remove_range(struct address_space *mapping, u64 first, u64 last, bool even_cows)
{
	u32 moves;

	if (unmap_mapping_range && mapping_mapped(mapping))
		unmap_mapping_range(mapping, first, last, even_cows);
	do {
		moves = READ_ONCE(mapping->swap_moves);
		remove_pages(mapping, first, last);
		cache_forget_swapped(mapping, first, last);
	} while (unlikely(moves != READ_ONCE(mapping->swap_moves)));
}

void cache_truncate(struct address_space *mapping, u64 first, u64 last)
{
	remove_range(mapping, first, last, true);
}

void cache_punch_hole(struct address_space *mapping, u64 first, u64 last)
{
	remove_range(mapping, first, last, false);
}

void cache_zero_partial(struct address_space *mapping, u64 from, u64 to)
{
	struct page *page = find_get_page(mapping, from >> PAGE_SHIFT);
	bool major;

	ASSERT(from >> PAGE_SHIFT == (to - 1) >> PAGE_SHIFT);
	if (!page && mapping->nrswapped)
		page = cache_swap_in(mapping, from >> PAGE_SHIFT, mapping->gfp | __GFP_NOFAIL,
				     &major);
	if (!page || IS_ERR(page)) /* what cannot be read shows nobody anything */
		return;
	lock_page(page);
	if (page_owner_ptr(page) == mapping) {
		char *window = kmap_local_page(page);

		memset(window + (from & ~PAGE_MASK), 0, to - from);
		kunmap_local(window);
		set_page_dirty(page);
	}
	unlock_page(page);
	put_page(page);
}

void cache_init(void)
{
	page_tree_init_cache();
}
