/*
 * Division of 64-bit numbers by 32-bit ones.  On 64-bit machines it is one
 * instruction; on 32-bit ones a plain `/` would call a compiler library that the
 * kernel is not linked with, so the quotient is made bit by bit there.
 */
#pragma once

#include "lib/types.h"

/* n / d, and the remainder in *rem (if not NULL). d is not zero. */
static inline u64 div_u64(u64 n, u32 d, u32 *rem)
{
	u64 quotient;
	u64 left;

	if (sizeof(long) == 8) {
		quotient = n / d;
		left = n % d;
	} else {
		u32 high = (u32)(n >> 32);

		/* The upper half by the machine; then bring down 32 bits, one at a time. */
		quotient = (u64)(high / d) << 32;
		left = high % d;
		for (int bit = 31; bit >= 0; bit--) {
			left = left << 1 | ((n >> bit) & 1);
			if (left >= d) {
				left -= d;
				quotient |= 1ULL << bit;
			}
		}
	}
	if (rem)
		*rem = (u32)left;
	return quotient;
}
