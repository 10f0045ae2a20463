/*
 * Names of functions, embedded at link time (tools/symbols.py).
 *
 *   symbol_table:  u32 number of symbols, u32 number of bytes,
 *                  then for each function in order of address: distance from the
 *                  one before (from _text for the first) in groups of 7 bits, low first,
 *                  high bit set if another follows; length of the packed name; the name
 *   symbol_pairs:  128 pairs; a byte >= 128 in a name stands for pair [byte - 128],
 *                  whose halves may be such bytes again
 *
 * Two thirds of the plain text's size are saved that way.  A lookup is a scan,
 * which is fast enough for a panic and for /proc.
 */
#include "lib/printf.h"
#include "lib/string.h"
#include "machine/symbols.h"

/* Weak: absent in the first of the two links. */
extern const u32 symbol_table[] __attribute__((weak));
extern const u8 symbol_pairs[128][2] __attribute__((weak));
extern char _text[], _etext[];

struct cursor {
	const u8 *at, *end;
	unsigned long address; /* of the symbol read last */
	const u8 *name;
	u8 name_bytes;
};

static struct cursor first_symbol(void)
{
	struct cursor c = {.address = (unsigned long)_text};

	if (symbol_table) {
		c.at = (const u8 *)(symbol_table + 2);
		c.end = c.at + symbol_table[1];
	}
	return c;
}

static bool next_symbol(struct cursor *c)
{
	unsigned long distance = 0;
	unsigned shift = 0;

	if (c->at >= c->end)
		return false;
	do {
		distance |= (unsigned long)(*c->at & 0x7f) << shift;
		shift += 7;
	} while (*c->at++ & 0x80);
	c->address += distance;
	c->name_bytes = *c->at++;
	c->name = c->at;
	c->at += c->name_bytes;
	return true;
}

static void put(u8 byte, char *buf, size_t size, size_t *at)
{
	if (byte >= 128) { /* at most a dozen levels: each pair is made of older ones */
		put(symbol_pairs[byte - 128][0], buf, size, at);
		put(symbol_pairs[byte - 128][1], buf, size, at);
	} else if (*at + 1 < size) {
		buf[(*at)++] = byte;
	}
}

static void unpack(const struct cursor *c, char *buf, size_t size)
{
	size_t at = 0;

	if (size == 0)
		return;
	for (unsigned i = 0; i < c->name_bytes; i++)
		put(c->name[i], buf, size, &at);
	buf[at] = '\0';
}

bool symbol_lookup(unsigned long address, char *name, size_t bytes, unsigned long *offset,
		   unsigned long *size)
{
	struct cursor c = first_symbol(), found = {0};
	unsigned long next = (unsigned long)_etext;

	if (address < (unsigned long)_text || address >= (unsigned long)_etext)
		return false;
	while (next_symbol(&c)) {
		if (c.address > address) {
			next = c.address;
			break;
		}
		found = c;
	}
	if (!found.name)
		return false;
	unpack(&found, name, bytes);
	if (offset)
		*offset = address - found.address;
	if (size)
		*size = next - found.address;
	return true;
}

const char *symbol_format(unsigned long address, char *buf, size_t bytes)
{
	unsigned long offset, size;
	char name[64];

	if (symbol_lookup(address, name, sizeof(name), &offset, &size))
		scnprintf(buf, bytes, "%s+0x%lx/0x%lx", name, offset, size);
	else
		scnprintf(buf, bytes, "0x%lx", address);
	return buf;
}

unsigned long symbol_address(const char *name)
{
	struct cursor c = first_symbol();
	char candidate[64];

	while (next_symbol(&c)) {
		unpack(&c, candidate, sizeof(candidate));
		if (strcmp(candidate, name) == 0)
			return c.address;
	}
	return 0;
}

bool symbol_nth(unsigned n, unsigned long *address, char *name, size_t bytes)
{
	struct cursor c = first_symbol();

	while (next_symbol(&c)) {
		if (n-- == 0) {
			*address = c.address;
			unpack(&c, name, bytes);
			return true;
		}
	}
	return false;
}
