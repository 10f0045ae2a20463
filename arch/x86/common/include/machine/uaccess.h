/*
 * The running program's memory.  A bad pointer costs nothing but the answer:
 * the copies stop at the first byte that cannot be had.  A fault in them takes
 * the ordinary path (demand paging, copy on write), so they may sleep; no
 * spinlock may be held.  Each call opens and closes SMAP's gate itself.
 */
#pragma once

#include "lib/errno.h"
#include "lib/types.h"
#include "machine/layout.h"

/* Is [ptr, ptr+bytes) within the user half? Says nothing about what is mapped. */
static inline bool access_ok(const void __user *ptr, size_t bytes)
{
	return bytes <= TASK_SIZE && (unsigned long)ptr <= TASK_SIZE - bytes;
}

/* Return the number of bytes NOT copied (zeroed): 0 is success. */
size_t __must_check copy_from_user(void *to, const void __user *from, size_t bytes);
size_t __must_check copy_to_user(void __user *to, const void *from, size_t bytes);
size_t __must_check clear_user(void __user *to, size_t bytes);
/*
 * Copy a string with its NUL: returns its length without NUL, or `size` when none was
 * found within size bytes, or -EFAULT.
 */
long __must_check strncpy_from_user(char *to, const char __user *from, size_t size);

/* As copy_from_user but never sleeps: -EFAULT when the page is not there. Spinlocks may be held. */
int __must_check copy_from_user_nofault(void *to, const void __user *from, size_t bytes);

/*
 * A futex word: compare and exchange it. 0, or -EFAULT when it would need a page
 * fault (fault it in, and try again). *seen is what was there. Never sleeps.
 */
int user_cmpxchg_u32(u32 *seen, u32 __user *at, u32 expected, u32 value);

/* One value: 0 or -EFAULT. */
#define get_user(x, ptr)                                                                           \
	(copy_from_user(&(x), (const void __user *)(ptr), sizeof(*(ptr))) ? -EFAULT : 0)
#define put_user(x, ptr)                                                                           \
	({                                                                                         \
		typeof(*(ptr) + 0) pu_value = (x);                                                 \
		copy_to_user((void __user *)(ptr), &pu_value, sizeof(*(ptr))) ? -EFAULT : 0;       \
	})
