/*
 * Where a read or write puts or takes its bytes: a list of user buffers or one in
 * the kernel.  The position moves as bytes are copied, so a copy that met a bad
 * user page can be reported exactly.
 */
#pragma once

#include "lib/types.h"
#include <linux/uio.h>

struct iov_iter {
	bool kernel;             /* the one segment is kernel memory */
	const struct iovec *iov; /* the segment being worked on */
	unsigned long segments;  /* left, this one included */
	size_t offset;           /* bytes done in it */
	size_t count;            /* bytes left in all */
	struct iovec own;        /* for the one-segment forms */
};

/* iov is kernel memory, checked already (sys_readv copies it in). */
static inline void iter_init_iovec(struct iov_iter *iter, const struct iovec *iov, unsigned long n,
				   size_t count)
{
	iter->kernel = false;
	iter->iov = iov;
	iter->segments = n;
	iter->offset = 0;
	iter->count = count;
}
static inline void iter_init_user(struct iov_iter *iter, void __user *buf, size_t bytes)
{
	iter->own = (struct iovec){.iov_base = (void *)(unsigned long)buf, .iov_len = bytes};
	iter_init_iovec(iter, &iter->own, 1, bytes);
}
static inline void iter_init_kernel(struct iov_iter *iter, void *buf, size_t bytes)
{
	iter_init_user(iter, (void __user *)(unsigned long)buf, bytes);
	iter->kernel = true;
}

/* Return bytes copied; fewer than asked: end of the iterator, or a bad user page. May sleep. */
size_t copy_to_iter(const void *from, size_t bytes, struct iov_iter *iter);
size_t copy_from_iter(void *to, size_t bytes, struct iov_iter *iter);
size_t zero_to_iter(size_t bytes, struct iov_iter *iter);
/* As copy_from_iter, but stops where a page fault would be needed: locks may be held. */
size_t copy_from_iter_nofault(void *to, size_t bytes, struct iov_iter *iter);
/* Touch the next byte of the source so that copying makes progress: 0 or -EFAULT. May sleep. */
int iter_fault_in(const struct iov_iter *iter);
