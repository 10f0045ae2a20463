// flags: -Iarch/x86/common/include -Iarch/x86/x86_64/include
/*
 * The kernel command line: words, quotes, options that come several times, numbers with
 * suffixes. A second reading of the line, word by word and slowly, must find the same.
 */
#include "arch/x86/common/options.c"
#include "lib/text.c"
#include "world.h"
#include <stdlib.h>

/* The words of the line up to "--", quotes still in them. */
static unsigned split(const char *line, char words[][COMMAND_LINE_SIZE], unsigned most)
{
	unsigned n = 0;

	while (n < most) {
		size_t length = 0;
		bool quoted = false;

		while (*line == ' ')
			line++;
		for (; line[length] && (line[length] != ' ' || quoted); length++)
			quoted = quoted != (line[length] == '"');
		if (!length)
			return n;
		memcpy(words[n], line, length);
		words[n][length] = 0;
		if (strcmp(words[n], "--") == 0)
			return n;
		line += length;
		n++;
	}
	return n;
}

static char words[COMMAND_LINE_SIZE / 2][COMMAND_LINE_SIZE];

static bool is_option(const char *word, const char *name, char *value, size_t size)
{
	const size_t length = strlen(name);
	size_t n = 0;

	if (strncmp(word, name, length) || (word[length] && word[length] != '='))
		return false;
	for (const char *p = word + length + (word[length] == '='); *p; p++)
		if (*p != '"' && n + 1 < size)
			value[n++] = *p;
	value[n] = 0;
	return true;
}

static void check(const char *name, size_t size, unsigned nr_words)
{
	char *value = malloc(size), expected[COMMAND_LINE_SIZE], last[COMMAND_LINE_SIZE];
	unsigned n = 0;

	for (unsigned i = 0; i < nr_words; i++) {
		if (!is_option(words[i], name, expected, size))
			continue;
		MUST(boot_option_nth(name, n++, value, size));
		MUST(strcmp(value, expected) == 0);
		str_copy(last, expected, sizeof(last));
	}
	MUST(!boot_option_nth(name, n, value, size));
	MUST(boot_option(name, value, size) == (n > 0));
	if (n)
		MUST(strcmp(value, last) == 0);
	free(value);
}

/* parse_size() stops within the text, and says what strtoull() says of plain digits. */
static void check_number(const char *text)
{
	const char *end;
	unsigned long long value = parse_number(text, &end);

	MUST(end >= text && end <= text + strlen(text));
	if (*text >= '0' && *text <= '9' && end - text < 16)
		MUST(value == strtoull(text, NULL, 0));
	parse_size(text, &end);
	MUST(end >= text && end <= text + strlen(text));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	static const char *const names[] = {"mem", "console", "a", "numa", "no5lvl", "init"};
	unsigned nr_words;

	bytes = min(bytes, (size_t)COMMAND_LINE_SIZE - 1);
	memcpy(boot_command_line, data, bytes);
	boot_command_line[bytes] = 0;
	nr_words = split(boot_command_line, words, ARRAY_SIZE(words));
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		check(names[i], COMMAND_LINE_SIZE, nr_words);
		check(names[i], 1 + bytes % 9, nr_words);
	}
	check_number(boot_command_line);
	for (unsigned i = 0; i < nr_words; i++)
		if (strchr(words[i], '='))
			check_number(strchr(words[i], '=') + 1);
	return 0;
}
