/*
 * Strings with their C library meaning, for machines that have no C library.
 *
 * Searching for a byte goes a word at a time where it pays (strlen, and what is
 * built on it): with w a word of eight bytes, (w - 0x01..01) & ~w & 0x80..80 is not
 * zero exactly when one of its bytes is (Warren, Hacker's Delight, 6-1; the lowest
 * marked byte is the right one on little-endian machines).  Words are read at
 * aligned addresses only, so a read never crosses into a page that the string
 * does not touch.
 */
#include "lib/string.h"

#define ONES  (~0UL / 255)  /* 0x0101...01 */
#define HIGHS (ONES * 0x80) /* 0x8080...80 */

typedef unsigned long __attribute__((may_alias)) string_word;

size_t strlen(const char *s)
{
	const char *p = s;

	while (!IS_ALIGNED((unsigned long)p, sizeof(string_word))) {
		if (*p == '\0')
			return p - s;
		p++;
	}
	for (;; p += sizeof(string_word)) {
		unsigned long w = *(const string_word *)p;
		unsigned long zeros = (w - ONES) & ~w & HIGHS;

		if (zeros)
			return p - s + __builtin_ctzl(zeros) / 8;
	}
}

size_t strnlen(const char *s, size_t max)
{
	const char *end = memchr(s, '\0', max);

	return end ? (size_t)(end - s) : max;
}

void *memchr(const void *at, int byte, size_t bytes)
{
	const unsigned char *p = at;

	for (const unsigned char *end = p + bytes; p != end; p++)
		if (*p == (unsigned char)byte)
			return (void *)p;
	return NULL;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t max)
{
	for (; max > 0; max--, a++, b++)
		if (*a != *b || *a == '\0')
			return (unsigned char)*a - (unsigned char)*b;
	return 0;
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (*s == '\0')
			return NULL;
	return (char *)s;
}

char *strrchr(const char *s, int c)
{
	const char *p = s + strlen(s);

	for (; *p != (char)c; p--)
		if (p == s)
			return NULL;
	return (char *)p;
}

char *strstr(const char *s, const char *what)
{
	size_t bytes = strlen(what);

	for (; strncmp(s, what, bytes) != 0; s++)
		if (*s == '\0')
			return NULL;
	return (char *)s;
}
