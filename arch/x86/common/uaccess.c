/*
 * Copies between the kernel and the running program (machine/uaccess.h).  The
 * inner loops are in mem.S; here is what is done about their answers.
 */
#include "lib/assert.h"
#include "lib/string.h"
#include "machine/page.h"
#include "machine/uaccess.h"

/* mem.S: bytes not done. One side of the copy is the user's. */
size_t user_copy(void *to, const void *from, size_t bytes);
size_t user_clear(void *to, size_t bytes);

size_t copy_from_user(void *to, const void __user *from, size_t bytes)
{
	size_t left = bytes;

	if (likely(access_ok(from, bytes)))
		left = user_copy(to, (const void *)(unsigned long)from, bytes);
	if (unlikely(left)) /* never show what the kernel had there */
		memset((char *)to + (bytes - left), 0, left);
	return left;
}

size_t copy_to_user(void __user *to, const void *from, size_t bytes)
{
	if (unlikely(!access_ok(to, bytes)))
		return bytes;
	return user_copy((void *)(unsigned long)to, from, bytes);
}

size_t clear_user(void __user *to, size_t bytes)
{
	if (unlikely(!access_ok(to, bytes)))
		return bytes;
	return user_clear((void *)(unsigned long)to, bytes);
}

int copy_from_user_nofault(void *to, const void __user *from, size_t bytes)
{
	size_t left;

	pagefault_disable();
	left = copy_from_user(to, from, bytes);
	pagefault_enable();
	return left ? -EFAULT : 0;
}

int copy_to_user_nofault(void __user *to, const void *from, size_t bytes)
{
	size_t left;

	pagefault_disable();
	left = copy_to_user(to, from, bytes);
	pagefault_enable();
	return left ? -EFAULT : 0;
}

/*
 * A piece at a time, no piece across a page border: what lies behind the string's end need not
 * be mapped.
 */
long strncpy_from_user(char *to, const char __user *from, size_t size)
{
	size_t done = 0;

	while (done < size) {
		unsigned long at = (unsigned long)from + done;
		size_t piece = min(min((size_t)64, size - done), PAGE_SIZE - at % PAGE_SIZE);
		const char *end;

		if (copy_from_user(to + done, from + done, piece))
			return -EFAULT;
		end = memchr(to + done, '\0', piece);
		if (end)
			return end - to;
		done += piece;
	}
	return (long)size;
}

int user_cmpxchg_u32(u32 *seen, u32 __user *at, u32 expected, u32 value)
{
	u32 *word = (u32 *)(unsigned long)at;

	if (!access_ok(at, sizeof(*at)))
		return -EFAULT;
	pagefault_disable();
	__asm__ volatile goto(SMAP_OPEN
			      "1: lock cmpxchgl %2, %1\n\t" SMAP_CLOSE EXTABLE("1b", "%l[fault]")
			      : "+a"(expected), "+m"(*word)
			      : "r"(value)
			      : "memory", "cc"
			      : fault);
	pagefault_enable();
	*seen = expected;
	return 0;
fault:
	__asm__ volatile(SMAP_CLOSE);
	pagefault_enable();
	return -EFAULT;
}
