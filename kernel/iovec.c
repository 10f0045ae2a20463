/*
 * Lists of buffers, copied in and checked once, so that what is checked is what is used.
 */
#include "kernel/iovec.h"

#include "machine/uaccess.h"
#include "mm/slab/slab.h"

int copy_iovec(const struct iovec __user *user, unsigned long n, struct iovec **iov)
{
	struct iovec *copy;

	if (n > MAX_SEGMENTS)
		return -EINVAL;
	copy = kmalloc(max(n, 1UL) * sizeof(*copy), GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	if (copy_from_user(copy, user, n * sizeof(*copy))) {
		kfree(copy);
		return -EFAULT;
	}
	for (unsigned long i = 0; i < n; i++) {
		if ((long)copy[i].iov_len < 0) {
			kfree(copy);
			return -EINVAL;
		}
	}
	*iov = copy;
	return 0;
}

int import_iovec(const struct iovec __user *user, unsigned long n, struct iovec **iov,
		 struct iov_iter *iter)
{
	size_t total = 0;
	int err = copy_iovec(user, n, iov);

	if (err)
		return err;
	for (struct iovec *v = *iov; v < *iov + n; v++) {
		if (!access_ok((void __user *)(unsigned long)v->iov_base, v->iov_len)) {
			kfree(*iov);
			return -EFAULT;
		}
		v->iov_len = min(v->iov_len, MAX_RW_BYTES - total);
		total += v->iov_len;
	}
	iter_init_iovec(iter, *iov, n, total);
	return 0;
}
