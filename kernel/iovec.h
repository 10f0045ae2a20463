/*
 * Lists of buffers that programs hand over (readv(2), process_vm_readv(2)).
 */
#pragma once

#include "lib/types.h"
#include "mm/cache/iter.h"

#define MAX_RW_BYTES (0x7fffffffUL & PAGE_MASK) /* what one call moves at most */
#define MAX_SEGMENTS 1024                       /* buffers in a list */

/*
 * A copy of a program's list, *iov, to be freed with kfree. The addresses are not looked at. 0;
 * -EINVAL: too many, or a negative length; -EFAULT, -ENOMEM.
 */
int copy_iovec(const struct iovec __user *user, unsigned long n, struct iovec **iov);
/*
 * The same with buffers of the current program, cut to MAX_RW_BYTES in all, and an iterator over
 * them. Also -EFAULT when one is not in the user half.
 */
int import_iovec(const struct iovec __user *user, unsigned long n, struct iovec **iov,
		 struct iov_iter *iter);
