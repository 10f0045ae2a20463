/*
 * Iterators over buffers.
 *
 * A segment is used up before the next is looked at; `offset` counts inside the
 * current one.  A copy that stops short leaves the position exactly behind the
 * last byte copied.
 */
#include "mm/cache/iter.h"

#include "lib/assert.h"
#include "lib/string.h"
#include "machine/page.h"
#include "machine/uaccess.h"

/* What one copy does with one piece; returns the bytes it could not do. */
typedef size_t (*copy_piece)(void *kernel_side, unsigned long segment_at, size_t bytes,
			     bool kernel);

static size_t piece_out(void *from, unsigned long at, size_t bytes, bool kernel)
{
	if (!kernel)
		return copy_to_user((void __user *)at, from, bytes);
	memcpy((void *)at, from, bytes);
	return 0;
}

static size_t piece_in(void *to, unsigned long at, size_t bytes, bool kernel)
{
	if (!kernel)
		return copy_from_user(to, (const void __user *)at, bytes);
	memcpy(to, (const void *)at, bytes);
	return 0;
}

static size_t piece_in_nofault(void *to, unsigned long at, size_t bytes, bool kernel)
{
	if (kernel) {
		memcpy(to, (const void *)at, bytes);
		return 0;
	}
	/* By user pages: what comes before a missing one arrives. */
	while (bytes) {
		size_t part = min(bytes, PAGE_SIZE - (at & ~PAGE_MASK));

		if (copy_from_user_nofault(to, (const void __user *)at, part))
			break;
		to = (char *)to + part;
		at += part;
		bytes -= part;
	}
	return bytes;
}

static size_t piece_zero(void *unused, unsigned long at, size_t bytes, bool kernel)
{
	if (!kernel)
		return clear_user((void __user *)at, bytes);
	memset((void *)at, 0, bytes);
	return 0;
}

static __always_inline size_t iterate(struct iov_iter *iter, void *kernel_side, size_t bytes,
				      copy_piece copy)
{
	size_t done = 0;

	bytes = min(bytes, iter->count);
	while (done < bytes) {
		size_t room = iter->iov->iov_len - iter->offset;

		if (room == 0) {
			ASSERT(iter->segments > 1);
			iter->iov++;
			iter->segments--;
			iter->offset = 0;
			continue;
		}
		size_t piece = min(room, bytes - done);
		size_t failed = copy((char *)kernel_side + done,
				     (unsigned long)iter->iov->iov_base + iter->offset, piece,
				     iter->kernel);

		done += piece - failed;
		iter->offset += piece - failed;
		if (failed)
			break;
	}
	iter->count -= done;
	return done;
}

static __noinline size_t copy_to_segments(const void *from, size_t bytes, struct iov_iter *iter)
{
	return iterate(iter, (void *)from, bytes, piece_out);
}

size_t copy_to_iter(const void *from, size_t bytes, struct iov_iter *iter)
{
	size_t offset = iter->offset;

	if (unlikely(iter->kernel || bytes > iter->count || bytes > iter->iov->iov_len - offset))
		return copy_to_segments(from, bytes, iter);
	/* Most of all: into one buffer of a program. */
	bytes -= copy_to_user((char __user *)iter->iov->iov_base + offset, from, bytes);
	iter->offset = offset + bytes;
	iter->count -= bytes;
	return bytes;
}

size_t copy_from_iter(void *to, size_t bytes, struct iov_iter *iter)
{
	return iterate(iter, to, bytes, piece_in);
}

size_t copy_from_iter_nofault(void *to, size_t bytes, struct iov_iter *iter)
{
	return iterate(iter, to, bytes, piece_in_nofault);
}

size_t zero_to_iter(size_t bytes, struct iov_iter *iter)
{
	return iterate(iter, NULL, bytes, piece_zero);
}

int iter_fault_in(const struct iov_iter *iter)
{
	const struct iovec *iov = iter->iov;
	size_t offset = iter->offset;
	unsigned long left = iter->segments;
	u8 byte;

	if (iter->kernel || iter->count == 0)
		return 0;
	while (left > 1 && offset == iov->iov_len) {
		iov++;
		left--;
		offset = 0;
	}
	if (copy_from_user(&byte, (const u8 __user *)((unsigned long)iov->iov_base + offset), 1))
		return -EFAULT;
	return 0;
}
