/*
 * Strings, numbers, bitmaps, and our own printf against the C library's.
 */
#include "harness.h"
#include "lib/bitmap.h"
#include "lib/div.h"
#include "lib/printf.h"
#include "lib/string.h"
#include <stdio.h>
#include <stdlib.h>

/* The kernel's own versions, under other names beside libc's. */
#define vsnprintf our_vsnprintf
#define snprintf  our_snprintf
int our_vsnprintf(char *buf, size_t size, const char *fmt, va_list args) __printf(3, 0);
int our_snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
#include "lib/printf.c"
#undef vsnprintf
#undef snprintf
#define strlen  our_strlen
#define strnlen our_strnlen
#define memchr  our_memchr
#define strcmp  our_strcmp
#define strncmp our_strncmp
#define strchr  our_strchr
#define strrchr our_strrchr
#define strstr  our_strstr
size_t our_strlen(const char *s);
size_t our_strnlen(const char *s, size_t max);
void *our_memchr(const void *at, int byte, size_t bytes);
int our_strcmp(const char *a, const char *b);
int our_strncmp(const char *a, const char *b, size_t max);
char *our_strchr(const char *s, int c);
char *our_strrchr(const char *s, int c);
char *our_strstr(const char *s, const char *what);
#include "lib/string.c"
#undef strlen
#undef strnlen
#undef memchr
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr
#undef strstr

#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-truncation"

/* Both print the same and return the same, into buffers of every length. */
#define SAME(...)                                                                  \
	do {                                                                       \
		for (size_t size = 0; size < 80; size += size < 8 ? 1 : 24) {      \
			char ours[80], theirs[80];                                 \
			memset(ours, '~', sizeof(ours));                           \
			memset(theirs, '~', sizeof(theirs));                       \
			int a = our_snprintf(ours, size, __VA_ARGS__);             \
			int b = snprintf(theirs, size, __VA_ARGS__);               \
			assert_string_equal(size ? ours : "", size ? theirs : ""); \
			assert_int_equal(a, b);                                    \
			assert_memory_equal(ours, theirs, sizeof(ours));           \
		}                                                                  \
	} while (0)

static void printf_like_libc(void **state)
{
	char *volatile none = NULL; /* volatile: the compiler knows better than to print it */

	SAME("plain");
	SAME("%%|%c|%5c|%-5c|", 'x', 'y', 'z');
	SAME("%s|%10s|%-10s|%.2s|%.0s|%*s|%-*s|%.*s", "abc", "def", "ghi", "jkl", "m", 6, "n", 6,
	     "o", 1, "pq");
	SAME("%s|%.3s|%10s", none, none, none);
	SAME("%p|%20p|%-20p|%p", (void *)0x1234, (void *)0xabcdef, (void *)1, NULL);
	SAME("%d|%i|%u|%x|%X|%o", -5, 7, 8u, 255u, 255u, 8u);
	SAME("%hhd|%hd|%ld|%lld|%zd|%jd|%td", -3, -70000, -1L, -1LL, (ssize_t)-4, (intmax_t)-5,
	     (ptrdiff_t)-6);
	SAME("%hhu|%hu|%lu|%llu|%zu|%ju", 511, 70000, ~0UL, ~0ULL, (size_t)9, (uintmax_t)10);
	SAME("%llx %llo %lld", ~0ULL, ~0ULL, (long long)(1ULL << 63));
	SAME("%#x %#x %#o %#o %#X", 0, 10, 0, 8, 10);
	SAME("%.0d|%.0x|%#.0o|%5.0d|", 0, 0, 0, 0);
	SAME("%+d % d %+d", 5, 5, -5);
	SAME("%d%%|%5d|%-5d|%05d|%+05d|%.4d|%8.4d|%-8.4d|%08.4d|", 50, 1, 2, 3, 4, 5, 6, 7, 8);
	SAME("%*d|%-*d|%*d|%.*d|%.*d", 7, 1, 7, 2, -7, 3, 4, 5, -4, 6);
}

static void printf_random_formats(void **state)
{
	struct random random = {test_seed()};

	for (int i = 0; i < 3000; i++) {
		static const char *const lengths[] = {"hh", "h", "", "l", "ll"};
		static const char conversions[] = "diuxXo";
		char fmt[40];
		int n = 0, length = random_below(&random, 5);
		u64 value = random_u64(&random) >> random_below(&random, 64);

		fmt[n++] = '<';
		fmt[n++] = '%';
		for (const char *flag = "-+ #0"; *flag; flag++)
			if (random_below(&random, 3) == 0)
				fmt[n++] = *flag;
		if (random_below(&random, 2))
			n += sprintf(fmt + n, "%d", 1 + (int)random_below(&random, 30));
		if (random_below(&random, 2))
			n += sprintf(fmt + n, ".%d", (int)random_below(&random, 25));
		n += sprintf(fmt + n, "%s%c>", lengths[length],
			     conversions[random_below(&random, 6)]);
		if (length < 3)
			SAME(fmt, (int)value);
		else
			SAME(fmt, (long long)value);
	}
}

static void scnprintf_says_what_it_stored(void **state)
{
	char buf[5];

	assert_int_equal(scnprintf(buf, sizeof(buf), "%s", "abc"), 3);
	assert_int_equal(scnprintf(buf, sizeof(buf), "%s", "abcdefg"), 4);
	assert_string_equal(buf, "abcd");
	assert_int_equal(scnprintf(buf, 0, "x"), 0);
	assert_int_equal(scnprintf(buf, 1, "x"), 0);
}

static int sign(int x)
{
	return (x > 0) - (x < 0);
}

static void strings_like_libc(void **state)
{
	struct random random = {test_seed()};

	for (int i = 0; i < 5000; i++) {
		char a[64] __aligned(8) = {0}, b[64] __aligned(8) = {0};
		int at = random_below(&random, 8), bt = random_below(&random, 8);
		size_t max = random_below(&random, 40);
		char c = "abc\0"[random_below(&random, 4)];

		for (u64 k = random_below(&random, 40); k > 0; k--)
			a[at + k - 1] = "ab\x80"[random_below(&random, 3)];
		for (u64 k = random_below(&random, 3); k > 0; k--)
			b[bt + k - 1] = "ab\x80"[random_below(&random, 3)];
		assert_int_equal(our_strlen(a + at), strlen(a + at));
		assert_int_equal(our_strnlen(a + at, max), strnlen(a + at, max));
		assert_ptr_equal(our_memchr(a + at, c, max), memchr(a + at, c, max));
		assert_int_equal(sign(our_strcmp(a + at, b + bt)), sign(strcmp(a + at, b + bt)));
		assert_int_equal(sign(our_strncmp(a + at, b + bt, max)),
				 sign(strncmp(a + at, b + bt, max)));
		assert_ptr_equal(our_strchr(a + at, c), strchr(a + at, c));
		assert_ptr_equal(our_strrchr(a + at, c), strrchr(a + at, c));
		assert_ptr_equal(our_strstr(a + at, b + bt), strstr(a + at, b + bt));
	}
}

static void copying_text(void **state)
{
	char buf[4] = "???";

	assert_int_equal(str_copy(buf, "abcdef", sizeof(buf)), 6);
	assert_string_equal(buf, "abc");
	assert_int_equal(str_copy(buf, "x", sizeof(buf)), 1);
	assert_string_equal(buf, "x");
	assert_int_equal(str_copy(buf, "yy", 0), 2);
	assert_string_equal(buf, "x");
}

static void parsing_numbers(void **state)
{
	static const struct {
		const char *text;
		unsigned long long value;
		size_t used;
	} cases[] = {
		{"0", 0, 1},           {"123x", 123, 3},
		{"0x1F ", 31, 4},      {"0755", 493, 4},
		{"0x", 0, 1},          {"", 0, 0},
		{"-1", 0, 0},          {"512M", 512ULL << 20, 4},
		{"2k,", 2048, 2},      {"0x10G", 16ULL << 30, 5},
		{"1T", 1ULL << 40, 2}, {"089", 0, 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *end;

		assert_true(parse_size(cases[i].text, &end) == cases[i].value);
		assert_int_equal(end - cases[i].text, cases[i].used);
	}
	assert_int_equal(parse_number("99K", NULL), 99);
}

static void bitmaps_against_model(void **state)
{
	enum { BITS = 300 };
	unsigned long map[BITS_TO_LONGS(BITS)] = {0};
	bool model[BITS] = {false};
	struct random random = {test_seed()};

	for (int step = 0; step < 3000; step++) {
		unsigned long n = random_below(&random, BITS),
			      from = random_below(&random, BITS + 9);
		unsigned long bits = random_below(&random, BITS + 1), set = from, zero = from,
			      sum = 0;

		if (random_below(&random, 4) == 0)
			for (unsigned long i = n; i < min(n + 70, (unsigned long)BITS); i++)
				bitmap_set(map, i), model[i] = true;
		else
			bitmap_clear(map, n), model[n] = false;
		while (set < bits && !model[set])
			set++;
		while (zero < bits && model[zero])
			zero++;
		for (unsigned long i = 0; i < bits; i++)
			sum += model[i];
		assert_int_equal(bitmap_next_set(map, bits, from), min(set, bits));
		assert_int_equal(bitmap_next_zero(map, bits, from), min(zero, bits));
		assert_int_equal(bitmap_weight(map, bits), sum);
		assert_int_equal(bitmap_test(map, n), model[n]);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(printf_like_libc),
	cmocka_unit_test(printf_random_formats),
	cmocka_unit_test(scnprintf_says_what_it_stored),
	cmocka_unit_test(strings_like_libc),
	cmocka_unit_test(copying_text),
	cmocka_unit_test(parsing_numbers),
	cmocka_unit_test(bitmaps_against_model),
};
HOST_TESTS(tests)
