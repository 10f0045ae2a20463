/*
 * Bitmaps in arrays of unsigned long, without atomicity: the caller has the lock.
 * (Single atomic bits are in lib/atomic.h.)
 */
#pragma once

#include "lib/atomic.h"
#include "lib/types.h"

#define BITS_TO_LONGS(n) DIV_ROUND_UP(n, BITS_PER_LONG)

static inline void bitmap_set(unsigned long *map, unsigned long n)
{
	map[n / BITS_PER_LONG] |= BIT(n % BITS_PER_LONG);
}

static inline void bitmap_clear(unsigned long *map, unsigned long n)
{
	map[n / BITS_PER_LONG] &= ~BIT(n % BITS_PER_LONG);
}

static inline bool bitmap_test(const unsigned long *map, unsigned long n)
{
	return (map[n / BITS_PER_LONG] >> (n % BITS_PER_LONG)) & 1;
}

/* The first set (zero) bit at or after `from` below `bits`, or `bits`. */
unsigned long bitmap_next_set(const unsigned long *map, unsigned long bits, unsigned long from);
unsigned long bitmap_next_zero(const unsigned long *map, unsigned long bits, unsigned long from);
unsigned long bitmap_weight(const unsigned long *map, unsigned long bits);
