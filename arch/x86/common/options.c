/*
 * The kernel command line: words separated by blanks.  Double quotes keep blanks
 * together and are dropped; a word "--" ends it, the rest is init's.
 *
 * Anything may stand there; nothing is copied beyond the caller's buffer, and an
 * option that makes no sense is left to whoever asked for it.
 */
#include "lib/string.h"
#include "machine/boot.h"

char boot_command_line[COMMAND_LINE_SIZE];

/* The next word at or behind p and its length; NULL at the end. */
static const char *next_word(const char *p, size_t *bytes)
{
	bool quoted = false;
	const char *start;

	while (*p == ' ')
		p++;
	start = p;
	while (*p && (quoted || *p != ' '))
		quoted ^= *p++ == '"';
	*bytes = p - start;
	return *bytes ? start : NULL;
}

bool boot_option_nth(const char *name, unsigned n, char *value, size_t size)
{
	size_t length = strlen(name), bytes;
	const char *word = boot_command_line;

	while ((word = next_word(word, &bytes))) {
		const char *end = word + bytes;

		if (bytes == 2 && memcmp(word, "--", 2) == 0)
			return false;
		if (bytes >= length && memcmp(word, name, length) == 0 &&
		    (bytes == length || word[length] == '=') && n-- == 0) {
			size_t at = 0;

			for (const char *p = word + length + 1; p < end; p++)
				if (*p != '"' && value && at + 1 < size)
					value[at++] = *p;
			if (value && size)
				value[at] = '\0';
			return true;
		}
		word = end;
	}
	return false;
}

bool boot_option(const char *name, char *value, size_t size)
{
	unsigned n = 0;

	while (boot_option_nth(name, n, NULL, 0))
		n++;
	return n > 0 && boot_option_nth(name, n - 1, value, size);
}
