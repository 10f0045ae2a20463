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
#include "mm/kva/kva.h"
#include "mm/lru/lru.h"

long cache_read(struct address_space *mapping, u64 *pos, struct iov_iter *to, u64 size)
{
	bool holes_are_zeros = !mapping->ops || !mapping->ops->read_page;
	long done = 0;

	while (to->count && *pos < size) {
		size_t offset = *pos & ~PAGE_MASK;
		size_t bytes = min(min((u64)(PAGE_SIZE - offset), size - *pos), (u64)to->count);
		struct page *page = find_get_page(mapping, *pos >> PAGE_SHIFT);
		size_t copied;
		bool major = false;

		if (!page && holes_are_zeros) {
			copied = zero_to_iter(bytes, to);
		} else {
			if (!page || !page_test(page, PG_uptodate)) {
				if (page)
					put_page(page);
				page = cache_get_page(mapping, *pos >> PAGE_SHIFT, &major);
				if (IS_ERR(page))
					return done ? done : PTR_ERR(page);
			}
			char *window = kmap_local_page(page);

			copied = copy_to_iter(window + offset, bytes, to);
			kunmap_local(window);
			mark_page_accessed(page);
			put_page(page);
		}
		*pos += copied;
		done += copied;
		if (copied < bytes)
			return done ? done : -EFAULT;
		if (done >> 20)
			cond_resched();
	}
	return done;
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
