/*
 * The running program's memory.  A bad pointer costs nothing but the answer:
 * the copies stop at the first byte that cannot be had.  A fault in them takes
 * the ordinary path (demand paging, copy on write), so they may sleep; no
 * spinlock may be held.  Each call opens and closes SMAP's gate itself.
 *
 * How: every instruction that touches user memory has a row in the exception
 * table (section extable): its own address and where to go on when the access
 * cannot be served.  Values of 1, 2, 4 and 8 bytes are one inlined move.
 */
#pragma once

#include "lib/errno.h"
#include "lib/types.h"
#include "machine/alternative.h"
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
int __must_check copy_to_user_nofault(void __user *to, const void *from, size_t bytes);

/*
 * A futex word: compare and exchange it. 0, or -EFAULT when it would need a page
 * fault (fault it in, and try again). *seen is what was there. Never sleeps.
 */
int user_cmpxchg_u32(u32 *seen, u32 __user *at, u32 expected, u32 value);

/*
 * Between these two, faults on user addresses are not served: the access fails at once.
 * They nest; no sleeping in between.
 */
void pagefault_disable(void);
void pagefault_enable(void);

/* A row of the exception table, from inline assembly. */
#define EXTABLE(from, to)                                                     \
	".pushsection extable, \"a\"\n\t.balign 4\n\t.long " from " - ., " to \
	" - .\n\t.popsection\n\t"

#define user_move_in(type, suffix, reg)                                                       \
	({                                                                                    \
		type um_value;                                                                \
		__asm__ volatile goto(SMAP_OPEN "1:\tmov" suffix " %1, %" reg                 \
						"0\n\t" SMAP_CLOSE EXTABLE("1b", "%l[fault]") \
				      : "=q"(um_value)                                        \
				      : "m"(*(const type *)(unsigned long)from)               \
				      : "memory"                                              \
				      : fault);                                               \
		*(type *)to = um_value;                                                       \
	})
#define user_move_out(type, suffix, reg)                                                  \
	__asm__ volatile goto(SMAP_OPEN "1:\tmov" suffix " %" reg                         \
					"1, %0\n\t" SMAP_CLOSE EXTABLE("1b", "%l[fault]") \
			      : "=m"(*(type *)(unsigned long)to)                          \
			      : "q"(*(const type *)from)                                  \
			      : "memory"                                                  \
			      : fault)

static __always_inline int user_load(void *to, const void __user *from, size_t bytes)
{
	if (unlikely((unsigned long)from > TASK_SIZE - bytes))
		return -EFAULT;
	switch (bytes) {
	case 1: user_move_in(u8, "b", "b"); return 0;
	case 2: user_move_in(u16, "w", "w"); return 0;
	case 4: user_move_in(u32, "l", "k"); return 0;
#ifdef __x86_64__
	case 8: user_move_in(u64, "q", "q"); return 0;
#endif
	default: return copy_from_user(to, from, bytes) ? -EFAULT : 0;
	}
fault:
	__asm__ volatile(SMAP_CLOSE);
	return -EFAULT;
}

static __always_inline int user_store(void __user *to, const void *from, size_t bytes)
{
	if (unlikely((unsigned long)to > TASK_SIZE - bytes))
		return -EFAULT;
	switch (bytes) {
	case 1: user_move_out(u8, "b", "b"); return 0;
	case 2: user_move_out(u16, "w", "w"); return 0;
	case 4: user_move_out(u32, "l", "k"); return 0;
#ifdef __x86_64__
	case 8: user_move_out(u64, "q", "q"); return 0;
#endif
	default: return copy_to_user(to, from, bytes) ? -EFAULT : 0;
	}
fault:
	__asm__ volatile(SMAP_CLOSE);
	return -EFAULT;
}

/* One value: 0 or -EFAULT (then x is unchanged). x has the type of *ptr. */
#define get_user(x, ptr)                                                                         \
	({                                                                                       \
		static_assert(sizeof(x) == sizeof(*(ptr)), "get_user: sizes differ");            \
		typeof(x) gu_value;                                                              \
		int gu_error = user_load(&gu_value, (const void __user *)(ptr), sizeof(*(ptr))); \
		if (likely(!gu_error))                                                           \
			(x) = gu_value;                                                          \
		gu_error;                                                                        \
	})
#define put_user(x, ptr)                                                                 \
	({                                                                               \
		typeof(*(ptr) + 0) pu_value = (x);                                       \
		user_store((void __user *)(ptr), (const void *)(unsigned long)&pu_value, \
			   sizeof(*(ptr)));                                              \
	})
