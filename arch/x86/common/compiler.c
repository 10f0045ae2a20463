/*
 * What the compiler calls when the processor lacks an instruction it would use.
 */
#include "lib/types.h"

int __popcountdi2(u64 value);

/* Bits set: sums of neighbours in ever wider fields (Warren, Hacker's Delight, 5-1). */
int __popcountdi2(u64 value)
{
	value -= value >> 1 & 0x5555555555555555ULL;
	value = (value & 0x3333333333333333ULL) + (value >> 2 & 0x3333333333333333ULL);
	value = (value + (value >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return (int)(value * 0x0101010101010101ULL >> 56);
}
