/*
 * read() and write() through the page cache.
 *
 * Reading copies from pages that are up to date, one at a time; in memory-only
 * files a hole reads as zeros without a page being made.
 *
 * Writing must not fault on the user's buffer with the page lock held (the buffer
 * may be a mapping of the very page): the buffer is touched first, the copy under
 * the lock stops where it would fault, and the loop goes on from there.  A new
 * page that is to be overwritten whole is not zeroed first; should the copy stop
 * short, the rest is zeroed before anyone can see it.
 */
#include "mm/cache/cache.h"

#include "lib/string.h"
#include "mm/cache/cache_int.h"
#include "mm/kva/kva.h"
#include "mm/lru/lru.h"

/* The page to read from, up to date, with a reference; NULL: a hole, to be read as zeros. */
static inline struct page *page_to_read(struct address_space *mapping, u64 index)
{
	struct page *page = lookup_page(mapping, index);
	bool major;

	if (likely(page && page_is_uptodate(page)))
		return page;
	if (page) {
		put_page(page);
	} else if (unlikely(READ_ONCE(mapping->nrswapped))) {
		page = cache_swap_in(mapping, index, mapping->gfp, &major);
		if (page)
			return page;
	}
	if (!page && (!mapping->ops || !mapping->ops->read_page))
		return NULL;
	return cache_get_page(mapping, index, &major);
}

static inline size_t read_page_part(struct page *page, size_t offset, size_t bytes,
				    struct iov_iter *to)
{
	char *window;
	size_t copied;

	if (unlikely(!page))
		return zero_to_iter(bytes, to);
	window = kmap(page);
	copied = copy_to_iter(window + offset, bytes, to);
	kunmap(window);
	mark_page_accessed(page);
	put_page(page);
	return copied;
}

long cache_read(struct address_space *mapping, u64 *pos, struct iov_iter *to, u64 size)
{
	u64 at = *pos, end = at < size ? at + min((u64)to->count, size - at) : at;
	long done, err = 0;

	while (at < end) {
		size_t offset = at & ~PAGE_MASK;
		size_t bytes = min((u64)(PAGE_SIZE - offset), end - at);
		struct page *page = page_to_read(mapping, at >> PAGE_SHIFT);
		size_t copied;

		if (IS_ERR(page)) {
			err = PTR_ERR(page);
			break;
		}
		copied = read_page_part(page, offset, bytes, to);
		at += copied;
		if (copied < bytes) {
			err = -EFAULT;
			break;
		}
		if (unlikely((at - *pos) >> 20))
			cond_resched();
	}
	done = at - *pos;
	*pos = at;
	return done ? done : err;
}

/* Copy into a locked page; bytes that arrived. Leaves the page up to date. -errno: its disk failed. */
static long write_page_part(struct address_space *mapping, struct page *page, size_t offset,
			    size_t bytes, struct iov_iter *from)
{
	bool whole = bytes == PAGE_SIZE;
	size_t copied;

	if (!page_test(page, PG_uptodate) && !whole && mapping->ops && mapping->ops->read_page) {
		int err = mapping->ops->read_page(mapping, page);

		if (err)
			return err;
	}
	char *window = kmap_local_page(page);

	copied = copy_from_iter_nofault(window + offset, bytes, from);
	if (whole && copied < bytes && !page_test(page, PG_uptodate))
		memset(window + copied, 0, PAGE_SIZE - copied);
	kunmap_local(window);
	if (!page_test(page, PG_uptodate))
		page_set(page, PG_uptodate);
	set_page_dirty(page);
	return copied;
}

long cache_write(struct address_space *mapping, u64 *pos, struct iov_iter *from,
		 void (*set_size)(struct address_space *mapping, u64 size))
{
	long done = 0, err = 0;

	while (from->count) {
		size_t offset = *pos & ~PAGE_MASK;
		size_t bytes = min(PAGE_SIZE - offset, from->count);
		bool whole = bytes == PAGE_SIZE;
		struct page *page;
		long copied;

		err = iter_fault_in(from);
		if (err)
			break;
		page = grab_page(mapping, *pos >> PAGE_SHIFT, whole);
		if (IS_ERR(page)) {
			err = PTR_ERR(page);
			break;
		}
		copied = write_page_part(mapping, page, offset, bytes, from);
		if (copied > 0) {
			*pos += copied;
			done += copied;
			set_size(mapping, *pos);
		}
		unlock_page(page);
		mark_page_accessed(page);
		put_page(page);
		if (unlikely(this_cpu(pages_dirtied) >= DIRTY_CHECK_PAGES))
			writeback_throttle();
		if (copied < 0) {
			err = copied;
			break;
		}
		if (fatal_signal_pending()) {
			err = -EINTR;
			break;
		}
		cond_resched();
	}
	return done ? done : err;
}

long cache_read_kernel(struct address_space *mapping, u64 pos, void *buf, size_t bytes)
{
	struct iov_iter iter;

	iter_init_kernel(&iter, buf, bytes);
	return cache_read(mapping, &pos, &iter, mapping->size(mapping));
}
