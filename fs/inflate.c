/*
 * gzip, for the initramfs.
 *
 * DEFLATE (RFC 1951) is a stream of bits, least significant first: blocks that
 * are stored, or coded with Huffman codes, fixed or sent along.  A code word is
 * either a literal byte or a length, followed by a distance: copy that many
 * bytes from that far back, at most 32 KiB.  The output therefore goes through a
 * window of 32 KiB; each time it is full it is handed on.
 *
 * Codes are canonical: a code is known by how many words it has of each length
 * (`count`) and its symbols in order (`symbol`).  Decoding goes length by length:
 * words of one length are consecutive numbers, so subtracting the first of them
 * gives the index of the symbol.  A table indexed by the next FAST_BITS bits
 * answers short words at once.
 */
#include "fs/inflate.h"

#include "lib/errno.h"
#include "lib/string.h"
#include "mm/kva/kva.h"

#define WINDOW    32768u
#define MAX_BITS  15
#define FAST_BITS 9

struct code {
	u16 count[MAX_BITS + 1];  /* words of each length */
	u16 symbol[288];          /* by length, then value */
	u16 fast[1 << FAST_BITS]; /* symbol << 4 | length, or 0: a longer word */
};

struct inflate {
	const u8 *in;
	size_t bytes, at;
	u64 bits; /* read but not used, the next one lowest */
	unsigned have;
	int (*emit)(void *arg, const u8 *data, size_t bytes);
	void *arg;
	u32 crc, total;
	unsigned fill; /* bytes in the window since it was last handed on */
	bool wrapped;  /* more than a window has been made */
	int err;
	struct code literals, distances;
	u32 crc_table[256];
	u8 window[WINDOW];
};

static void refill(struct inflate *s)
{
	while (s->have <= 56 && s->at < s->bytes) {
		s->bits |= (u64)s->in[s->at++] << s->have;
		s->have += 8;
	}
}

/* The next n <= 16 bits; past the end: zeros and an error. */
static unsigned take(struct inflate *s, unsigned n)
{
	unsigned v;

	if (s->have < n) {
		refill(s);
		if (s->have < n) {
			s->err = s->err ? s->err : -ENODATA;
			s->have = n;
		}
	}
	v = s->bits & ((1u << n) - 1);
	s->bits >>= n;
	s->have -= n;
	return v;
}

static u32 add_to_crc(const struct inflate *s, u32 crc, const u8 *data, size_t bytes)
{
	while (bytes--)
		crc = s->crc_table[(crc ^ *data++) & 0xff] ^ crc >> 8;
	return crc;
}

static void flush(struct inflate *s)
{
	s->crc = add_to_crc(s, s->crc, s->window, s->fill);
	s->total += s->fill;
	if (s->fill && !s->err)
		s->err = s->emit(s->arg, s->window, s->fill);
	s->wrapped |= s->fill == WINDOW;
	s->fill = 0;
}

static inline void put(struct inflate *s, u8 byte)
{
	s->window[s->fill++] = byte;
	if (s->fill == WINDOW)
		flush(s);
}

static unsigned reverse(unsigned word, unsigned len)
{
	unsigned r = 0;

	while (len--) {
		r = r << 1 | (word & 1);
		word >>= 1;
	}
	return r;
}

/*
 * From the lengths of the words: false if they cannot be a code, for more words than fit, or for words
 * left over; but `single` allows one word of one bit, or none at all.
 */
static bool build(struct code *c, const u8 *length, unsigned n, bool single)
{
	unsigned offset[MAX_BITS + 2], word[MAX_BITS + 2], words;
	int left = 1;

	memset(c, 0, sizeof(*c));
	for (unsigned i = 0; i < n; i++)
		c->count[length[i]]++;
	c->count[0] = 0;
	offset[1] = word[1] = 0;
	for (unsigned len = 1; len <= MAX_BITS; len++) {
		left = left * 2 - c->count[len];
		if (left < 0)
			return false; /* more words than fit */
		offset[len + 1] = offset[len] + c->count[len];
		word[len + 1] = (word[len] + c->count[len]) << 1;
	}
	words = offset[MAX_BITS + 1];
	for (unsigned i = 0; i < n; i++) {
		unsigned len = length[i];

		if (!len)
			continue;
		c->symbol[offset[len]++] = i;
		if (len <= FAST_BITS)
			for (unsigned w = reverse(word[len], len); w < 1u << FAST_BITS;
			     w += 1u << len)
				c->fast[w] = i << 4 | len;
		word[len]++;
	}
	return left == 0 || (single && words <= 1 && c->count[1] == words);
}

static unsigned decode(struct inflate *s, const struct code *c)
{
	unsigned word = 0, first = 0, index = 0, entry;

	if (s->have < MAX_BITS)
		refill(s);
	entry = c->fast[s->bits & ((1u << FAST_BITS) - 1)];
	if (entry && (entry & 15) <= s->have) {
		s->bits >>= entry & 15;
		s->have -= entry & 15;
		return entry >> 4;
	}
	for (unsigned len = 1; len <= MAX_BITS; len++) {
		word |= take(s, 1);
		if (word - first < c->count[len])
			return c->symbol[index + word - first];
		index += c->count[len];
		first = (first + c->count[len]) << 1;
		word <<= 1;
	}
	s->err = s->err ? s->err : -EINVAL;
	return 0;
}

static void coded_block(struct inflate *s)
{
	static const u16 length_base[] = {3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
					  15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
					  67, 83, 99, 115, 131, 163, 195, 227, 258};
	static const u8 length_bits[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
					 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
	static const u16 distance_base[] = {1,    2,    3,    4,     5,     7,    9,    13,
					    17,   25,   33,   49,    65,    97,   129,  193,
					    257,  385,  513,  769,   1025,  1537, 2049, 3073,
					    4097, 6145, 8193, 12289, 16385, 24577};
	static const u8 distance_bits[] = {0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
					   6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};

	while (!s->err) {
		unsigned symbol = decode(s, &s->literals);

		if (symbol < 256) {
			put(s, symbol);
			continue;
		}
		if (symbol == 256)
			return;
		symbol -= 257;
		if (symbol >= ARRAY_SIZE(length_base)) {
			s->err = -EINVAL;
			return;
		}
		unsigned len = length_base[symbol] + take(s, length_bits[symbol]);

		symbol = decode(s, &s->distances);
		if (symbol >= ARRAY_SIZE(distance_base)) {
			s->err = -EINVAL;
			return;
		}
		unsigned back = distance_base[symbol] + take(s, distance_bits[symbol]);

		if (back > WINDOW || (back > s->fill && !s->wrapped)) {
			s->err = -EINVAL; /* from before the beginning */
			return;
		}
		while (len-- && !s->err)
			put(s, s->window[(s->fill - back) & (WINDOW - 1)]);
	}
}

static void stored_block(struct inflate *s)
{
	take(s, s->have & 7); /* to a byte's boundary */
	unsigned len = take(s, 16), check = take(s, 16);

	if (len != (~check & 0xffff) && !s->err)
		s->err = -EINVAL;
	while (len-- && !s->err)
		put(s, take(s, 8));
}

static void fixed_codes(struct inflate *s)
{
	u8 length[288];

	for (unsigned i = 0; i < 288; i++)
		length[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
	build(&s->literals, length, 288, false);
	memset(length, 5, 30);
	build(&s->distances, length, 30, false); /* of 32 words: two mean nothing */
}

/* The codes of a dynamic block: their word lengths are themselves coded. */
static void read_codes(struct inflate *s)
{
	static const u8 order[19] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
				     11, 4,  12, 3, 13, 2, 14, 1, 15};
	unsigned literals = take(s, 5) + 257, distances = take(s, 5) + 1, lengths = take(s, 4) + 4;
	u8 length[288 + 32] = {0};

	for (unsigned i = 0; i < lengths; i++)
		length[order[i]] = take(s, 3);
	if (literals > 286 || distances > 30 || !build(&s->literals, length, 19, false)) {
		s->err = s->err ? s->err : -EINVAL;
		return;
	}
	memset(length, 0, sizeof(length));
	for (unsigned i = 0; i < literals + distances && !s->err;) {
		unsigned symbol = decode(s, &s->literals), repeat = 1;
		u8 value = symbol;

		if (symbol >= 16) {
			if (symbol == 16 && i == 0) {
				s->err = -EINVAL;
				return;
			}
			value = symbol == 16 ? length[i - 1] : 0;
			repeat = symbol == 16   ? 3 + take(s, 2)
				 : symbol == 17 ? 3 + take(s, 3)
						: 11 + take(s, 7);
		}
		if (i + repeat > literals + distances) {
			s->err = -EINVAL;
			return;
		}
		while (repeat--)
			length[i++] = value;
	}
	/* Without a word for the block's end there is none. */
	if (!s->err && (!length[256] || !build(&s->distances, length + literals, distances, true) ||
			!build(&s->literals, length, literals, true)))
		s->err = -EINVAL;
}

static void inflate_blocks(struct inflate *s)
{
	bool last = false;

	while (!last && !s->err) {
		last = take(s, 1);
		switch (take(s, 2)) {
		case 0: stored_block(s); break;
		case 1:
			fixed_codes(s);
			coded_block(s);
			break;
		case 2:
			read_codes(s);
			coded_block(s);
			break;
		default: s->err = s->err ? s->err : -EINVAL;
		}
	}
	flush(s);
}

/* RFC 1952: the header before the stream; false if it is none, is damaged or ends early. */
static bool skip_header(struct inflate *s)
{
	u32 crc;
	u8 flags;

	if (s->bytes < 18 || s->in[0] != 0x1f || s->in[1] != 0x8b || s->in[2] != 8)
		return false;
	flags = s->in[3];
	if (flags & 0xe0) /* reserved: who knows what they change */
		return false;
	s->at = 10;
	if (flags & 4) { /* extra field */
		if (s->at + 2 > s->bytes)
			return false;
		s->at += 2 + s->in[s->at] + (s->in[s->at + 1] << 8);
	}
	for (unsigned names = (flags >> 3 & 1) + (flags >> 4 & 1); names; names--) {
		while (s->at < s->bytes && s->in[s->at])
			s->at++;
		s->at++;
	}
	if (flags & 2) { /* a checksum of all that */
		if (s->at + 2 > s->bytes)
			return false;
		crc = ~add_to_crc(s, ~0u, s->in, s->at);
		if ((crc & 0xffff) != (s->in[s->at] | (u32)s->in[s->at + 1] << 8))
			return false;
		s->at += 2;
	}
	return s->at < s->bytes;
}

static u32 take32(struct inflate *s)
{
	u32 low = take(s, 16);

	return low | (u32)take(s, 16) << 16;
}

static void make_crc_table(u32 *table)
{
	for (u32 i = 0; i < 256; i++) {
		u32 c = i;

		for (int bit = 0; bit < 8; bit++)
			c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
		table[i] = c;
	}
}

int gunzip(const u8 *in, size_t bytes, size_t *used,
	   int (*emit)(void *arg, const u8 *data, size_t bytes), void *arg)
{
	struct inflate *s = vzalloc(sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->in = in;
	s->bytes = bytes;
	s->emit = emit;
	s->arg = arg;
	s->crc = ~0u;
	make_crc_table(s->crc_table);
	if (!skip_header(s)) {
		vfree(s);
		return -EINVAL;
	}
	inflate_blocks(s);
	if (!s->err) {
		take(s, s->have & 7);
		u32 crc = take32(s), total = take32(s);

		if (!s->err && (crc != ~s->crc || total != s->total))
			s->err = -EINVAL;
	}
	*used = s->at - s->have / 8;
	err = s->err;
	vfree(s);
	return err;
}
