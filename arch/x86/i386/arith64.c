/*
 * What the compiler calls for 64-bit numbers that a 32-bit processor has no instruction for: it
 * names these functions, and the library that has them is not linked with the kernel.
 *
 * Division.  By a number of 32 bits, as almost always: two of the processor's divisions, the
 * first one's remainder going into the second. By a larger one: the quotient has at most
 * 32 bits; the upper 32 significant bits of the divisor give it or one too much (Warren, Hacker's
 * Delight, 9-4), which the product shows.
 *
 * Bits.  The half that has one.
 *
 * Atomics.  A 64-bit word is read and written in one piece by CMPXCHG8B.
 */
#include "lib/types.h"

u64 __udivdi3(u64 n, u64 d);
u64 __umoddi3(u64 n, u64 d);
u64 __udivmoddi4(u64 n, u64 d, u64 *rem);
s64 __divdi3(s64 n, s64 d);
s64 __moddi3(s64 n, s64 d);

u64 __udivmoddi4(u64 n, u64 d, u64 *rem)
{
	const u32 n_high = (u32)(n >> 32), d_high = (u32)(d >> 32);
	u64 quotient;

	if (!d_high) {
		const u32 divisor = (u32)d;
		u32 high = n_high / divisor, low, left = n_high % divisor;

		__asm__("divl %4" : "=a"(low), "=d"(left) : "a"((u32)n), "d"(left), "r"(divisor));
		quotient = (u64)high << 32 | low;
		if (rem)
			*rem = left;
		return quotient;
	}
	if (d > n) {
		quotient = 0;
	} else {
		const unsigned shift = 32 - __builtin_clz(d_high); /* 1 .. 32 */
		const u32 divisor = (u32)(d >> 1 >> (shift - 1));
		const u64 dividend = n >> 1; /* so that its upper half is below the divisor */
		u32 estimate, left;

		__asm__("divl %4"
			: "=a"(estimate), "=d"(left)
			: "a"((u32)dividend), "d"((u32)(dividend >> 32)), "r"(divisor));
		(void)left;
		quotient = estimate >> (shift - 1);
		/* The divisor's lost bits can only have made it too large, by one. */
		if (quotient)
			quotient--;
		if (n - quotient * d >= d)
			quotient++;
	}
	if (rem)
		*rem = n - quotient * d;
	return quotient;
}

u64 __udivdi3(u64 n, u64 d)
{
	return __udivmoddi4(n, d, NULL);
}

u64 __umoddi3(u64 n, u64 d)
{
	u64 rem;

	__udivmoddi4(n, d, &rem);
	return rem;
}

static u64 magnitude(s64 n)
{
	return n < 0 ? -(u64)n : (u64)n;
}

s64 __divdi3(s64 n, s64 d)
{
	const u64 quotient = __udivmoddi4(magnitude(n), magnitude(d), NULL);

	return (n < 0) != (d < 0) ? -(s64)quotient : (s64)quotient;
}

s64 __moddi3(s64 n, s64 d)
{
	u64 rem;

	__udivmoddi4(magnitude(n), magnitude(d), &rem);
	return n < 0 ? -(s64)rem : (s64)rem;
}

/* --- Bits --- */

int __ctzdi2(u64 n);
int __clzdi2(u64 n);

int __ctzdi2(u64 n)
{
	return (u32)n ? __builtin_ctz((u32)n) : 32 + __builtin_ctz((u32)(n >> 32));
}

int __clzdi2(u64 n)
{
	return n >> 32 ? __builtin_clz((u32)(n >> 32)) : 32 + __builtin_clz((u32)n);
}

/* --- Atomics --- */

u64 __atomic_load_8(const volatile void *at, int order);
void __atomic_store_8(volatile void *at, u64 value, int order);
u64 __atomic_exchange_8(volatile void *at, u64 value, int order);
bool __atomic_compare_exchange_8(volatile void *at, void *expected, u64 value, bool weak,
				 int success, int failure);
u64 __atomic_fetch_add_8(volatile void *at, u64 n, int order);
u64 __atomic_fetch_or_8(volatile void *at, u64 bits, int order);
u64 __atomic_fetch_and_8(volatile void *at, u64 bits, int order);

static __always_inline bool exchange(volatile u64 *at, u64 *old, u64 value)
{
	bool done;

	__asm__ volatile("lock cmpxchg8b %1"
			 : "=@ccz"(done), "+m"(*at), "+A"(*old)
			 : "b"((u32)value), "c"((u32)(value >> 32))
			 : "memory");
	return done;
}

/* Compared with anything, and replaced by the same. */
u64 __atomic_load_8(const volatile void *at, int order)
{
	u64 value = 0;

	exchange((volatile u64 *)at, &value, 0);
	return value;
}

u64 __atomic_exchange_8(volatile void *at, u64 value, int order)
{
	volatile u64 *word = at;
	u64 old = *word;

	while (!exchange(word, &old, value))
		;
	return old;
}

void __atomic_store_8(volatile void *at, u64 value, int order)
{
	__atomic_exchange_8(at, value, order);
}

bool __atomic_compare_exchange_8(volatile void *at, void *expected, u64 value, bool weak,
				 int success, int failure)
{
	return exchange(at, expected, value);
}

u64 __atomic_fetch_add_8(volatile void *at, u64 n, int order)
{
	u64 old = *(volatile u64 *)at;

	while (!exchange(at, &old, old + n))
		;
	return old;
}

u64 __atomic_fetch_or_8(volatile void *at, u64 bits, int order)
{
	u64 old = *(volatile u64 *)at;

	while (!exchange(at, &old, old | bits))
		;
	return old;
}

u64 __atomic_fetch_and_8(volatile void *at, u64 bits, int order)
{
	u64 old = *(volatile u64 *)at;

	while (!exchange(at, &old, old & bits))
		;
	return old;
}
