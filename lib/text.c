/*
 * Small helpers for text that the C library does not have in this form: they are
 * ours on every machine.
 */
#include "lib/printf.h"
#include "lib/string.h"

size_t str_copy(char *to, const char *from, size_t size)
{
	size_t length = strlen(from);

	if (size > 0) {
		size_t n = min(length, size - 1);

		memcpy(to, from, n);
		to[n] = '\0';
	}
	return length;
}

/* The value of a digit in bases up to 16, or 16 for any other character. */
static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20; /* lower case */
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

unsigned long long parse_number(const char *s, const char **end)
{
	unsigned long long value = 0;
	unsigned base = 10;
	unsigned digit;

	if (s[0] == '0' && (s[1] | 0x20) == 'x' && digit_value(s[2]) < 16) {
		base = 16;
		s += 2;
	} else if (s[0] == '0') {
		base = 8;
	}
	for (; (digit = digit_value(*s)) < base; s++)
		value = value * base + digit;
	if (end)
		*end = s;
	return value;
}

unsigned long long parse_size(const char *s, const char **end)
{
	unsigned long long value = parse_number(s, &s);

	switch (*s | 0x20) {
	case 't': value <<= 10; fallthrough;
	case 'g': value <<= 10; fallthrough;
	case 'm': value <<= 10; fallthrough;
	case 'k': value <<= 10; s++;
	}
	if (end)
		*end = s;
	return value;
}

int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int n;

	if (size == 0)
		return 0;
	va_start(args, fmt);
	n = vsnprintf(buf, size, fmt, args);
	va_end(args);
	return n < (int)size ? n : (int)size - 1;
}
