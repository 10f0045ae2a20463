/*
 * Searching and counting in bitmaps, a word at a time.
 */
#include "lib/bitmap.h"

/* The first bit at or after `from` whose value differs from that of `flip`'s bits. */
static unsigned long next_bit(const unsigned long *map, unsigned long bits, unsigned long from,
			      unsigned long flip)
{
	unsigned long word, at;

	if (from >= bits)
		return bits;
	at = ALIGN_DOWN(from, (unsigned long)BITS_PER_LONG);
	word = (map[at / BITS_PER_LONG] ^ flip) & (~0UL << (from - at));
	while (word == 0) {
		at += BITS_PER_LONG;
		if (at >= bits)
			return bits;
		word = map[at / BITS_PER_LONG] ^ flip;
	}
	return min(at + __builtin_ctzl(word), bits);
}

unsigned long bitmap_next_set(const unsigned long *map, unsigned long bits, unsigned long from)
{
	return next_bit(map, bits, from, 0);
}

unsigned long bitmap_next_zero(const unsigned long *map, unsigned long bits, unsigned long from)
{
	return next_bit(map, bits, from, ~0UL);
}

/* Ones in a word: sum neighbours in pairs, fours, bytes; a multiplication adds up the bytes. */
static unsigned long word_weight(unsigned long w)
{
	w -= (w >> 1) & (~0UL / 3);
	w = (w & (~0UL / 15 * 3)) + ((w >> 2) & (~0UL / 15 * 3));
	w = (w + (w >> 4)) & (~0UL / 255 * 15);
	return (w * (~0UL / 255)) >> (BITS_PER_LONG - 8);
}

unsigned long bitmap_weight(const unsigned long *map, unsigned long bits)
{
	unsigned long weight = 0;
	unsigned long whole = bits / BITS_PER_LONG;

	for (unsigned long i = 0; i < whole; i++)
		weight += word_weight(map[i]);
	if (bits % BITS_PER_LONG)
		weight += word_weight(map[whole] & (BIT(bits % BITS_PER_LONG) - 1));
	return weight;
}
