/*
 * Atomic memory access, by the compiler's builtins: one spelling for kernel and
 * host, and ThreadSanitizer understands it.  Operations without a suffix are
 * sequentially consistent; the few others say their order in their name.
 */
#pragma once

#include "lib/types.h"

typedef struct {
	int v;
} atomic_t;
typedef struct {
	long v;
} atomic_long_t;

#define ATOMIC_INIT(i) \
	{              \
		(i)    \
	}

#define READ_ONCE(x)          __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, val)    __atomic_store_n(&(x), (val), __ATOMIC_RELAXED)
#define load_acquire(p)       __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define store_release(p, val) __atomic_store_n((p), (val), __ATOMIC_RELEASE)
#define smp_mb()              __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define barrier()             __asm__ volatile("" ::: "memory")
#define xchg(p, val)          __atomic_exchange_n((p), (val), __ATOMIC_SEQ_CST)
#define fetch_add(p, n)       __atomic_fetch_add((p), (n), __ATOMIC_SEQ_CST)
#define fetch_or(p, bits)     __atomic_fetch_or((p), (bits), __ATOMIC_SEQ_CST)
#define fetch_and(p, bits)    __atomic_fetch_and((p), (bits), __ATOMIC_SEQ_CST)
/* Store `val` if *p is *expected; else *expected becomes what was found. */
#define try_cmpxchg(p, expected, val)                                                \
	__atomic_compare_exchange_n((p), (expected), (val), false, __ATOMIC_SEQ_CST, \
				    __ATOMIC_RELAXED)

/* atomic_t and atomic_long_t alike */
#define atomic_read(a)          READ_ONCE((a)->v)
#define atomic_set(a, i)        WRITE_ONCE((a)->v, (i))
#define atomic_add(i, a)        ((void)fetch_add(&(a)->v, (i)))
#define atomic_sub(i, a)        ((void)fetch_add(&(a)->v, -(typeof((a)->v))(i)))
#define atomic_inc(a)           atomic_add(1, a)
#define atomic_dec(a)           atomic_sub(1, a)
#define atomic_add_return(i, a) (fetch_add(&(a)->v, (i)) + (i))
#define atomic_sub_return(i, a) (fetch_add(&(a)->v, -(typeof((a)->v))(i)) - (typeof((a)->v))(i))
#define atomic_inc_return(a)    atomic_add_return(1, a)
#define atomic_dec_and_test(a)  (fetch_add(&(a)->v, -1) == 1)

/* Add one unless it is zero: take a reference that may be going away. */
#define atomic_inc_not_zero(a)                                                       \
	({                                                                           \
		typeof((a)->v) inz_old = atomic_read(a);                             \
		while (inz_old != 0 && !try_cmpxchg(&(a)->v, &inz_old, inz_old + 1)) \
			;                                                            \
		inz_old != 0;                                                        \
	})

/* Bits in arrays of unsigned long, each operation atomic. */
#define BITS_PER_LONG (8 * (int)sizeof(long))

static inline bool test_bit(unsigned long n, const unsigned long *map)
{
	return (READ_ONCE(map[n / BITS_PER_LONG]) >> (n % BITS_PER_LONG)) & 1;
}

static inline void set_bit(unsigned long n, unsigned long *map)
{
	fetch_or(&map[n / BITS_PER_LONG], BIT(n % BITS_PER_LONG));
}

static inline void clear_bit(unsigned long n, unsigned long *map)
{
	fetch_and(&map[n / BITS_PER_LONG], ~BIT(n % BITS_PER_LONG));
}

static inline bool test_and_set_bit(unsigned long n, unsigned long *map)
{
	return (fetch_or(&map[n / BITS_PER_LONG], BIT(n % BITS_PER_LONG)) >> (n % BITS_PER_LONG)) &
	       1;
}

static inline bool test_and_clear_bit(unsigned long n, unsigned long *map)
{
	return (fetch_and(&map[n / BITS_PER_LONG], ~BIT(n % BITS_PER_LONG)) >>
		(n % BITS_PER_LONG)) &
	       1;
}
