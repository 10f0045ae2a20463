/*
 * The physical memory that `pagoda walk` walks in (walk.h): a dump, which is memory from some address on as
 * it was, or a text, of which an example says most:
 *
 *     # two levels                       what follows a # is for people
 *     machine pse                        one of `pagoda walk --machine help'; before any words
 *     cr3 0x1000
 *     gdt 0x20000 0x8f                   linear base, limit (0xffff if there is none)
 *     ldt 0x88                           a selector, for LDTR
 *     0x1000: 0x2067 0 0x00400083        physical address: words as wide as the machine's entries
 *     0x20000/8: 0 0x00cf9b000000ffff    words of so many bytes (4 or 8)
 *
 * There is memory wherever the text names a word, in pages of 4 KiB that are zero but for the words.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "walk.h"

#define PAGE      4096U
#define PAGES_MAX (1U << 16)
#define TOP       (1ULL << 52)

struct page {
	uint64_t physical;
	unsigned char bytes[PAGE];
};

struct memory {
	/* a text's */
	struct page **pages;
	unsigned nr_pages;
	/* a dump's: mapped privately, so that writes stay here */
	unsigned char *dump;
	uint64_t first, bytes;
};

static struct page *find(const struct memory *memory, uint64_t physical)
{
	for (unsigned i = 0; i < memory->nr_pages; i++)
		if (memory->pages[i]->physical == (physical & ~(uint64_t)(PAGE - 1)))
			return memory->pages[i];
	return NULL;
}

static unsigned char *byte_at(const struct memory *memory, uint64_t physical)
{
	struct page *page;

	if (memory->dump) {
		if (physical < memory->first || physical - memory->first >= memory->bytes)
			return NULL;
		return memory->dump + (physical - memory->first);
	}
	page = find(memory, physical);
	return page ? page->bytes + physical % PAGE : NULL;
}

bool memory_read(void *owner, uint64_t physical, void *bytes, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const unsigned char *byte = byte_at(owner, physical + i);

		if (!byte)
			return false;
		((unsigned char *)bytes)[i] = *byte;
	}
	return true;
}

bool memory_write(void *owner, uint64_t physical, const void *bytes, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned char *byte = byte_at(owner, physical + i);

		if (!byte)
			return false;
		*byte = ((const unsigned char *)bytes)[i];
	}
	return true;
}

bool walk_number(const char *text, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	return isdigit((unsigned char)text[0]) && !errno && !*end && *value <= max;
}

/* --- the text --- */

struct text {
	const char *file;
	unsigned line;
	struct memory *memory;
	struct walk_settings *settings;
};

static uint64_t number(const struct text *text, const char *word, uint64_t max)
{
	uint64_t value;

	if (!word)
		die(EXIT_USAGE, "%s:%u: a number is missing", text->file, text->line);
	if (!walk_number(word, max, &value))
		die(EXIT_USAGE, "%s:%u: '%s' is no number up to 0x%llx", text->file, text->line,
		    word, (unsigned long long)max);
	return value;
}

static char *next_word(void)
{
	return strtok(NULL, " \t\r\n");
}

static void put(const struct text *text, uint64_t physical, uint64_t value, unsigned bytes)
{
	struct memory *memory = text->memory;

	if (!find(memory, physical)) {
		struct page **more;

		if (memory->nr_pages == PAGES_MAX)
			die(EXIT_USAGE, "%s:%u: too many pages", text->file, text->line);
		more = realloc(memory->pages, (memory->nr_pages + 1) * sizeof(*more));
		if (!more)
			die(EXIT_MACHINE, "out of memory");
		memory->pages = more;
		more[memory->nr_pages] = allocate(sizeof(struct page));
		more[memory->nr_pages++]->physical = physical & ~(uint64_t)(PAGE - 1);
	}
	memory_write(memory, physical, &value, bytes);
}

/* "ADDRESS:" or "ADDRESS/BYTES:", then words. */
static void read_words(const struct text *text, char *where)
{
	unsigned bytes = text->settings->machine ? text->settings->machine->entry_bytes : 0;
	char *slash = strchr(where, '/');
	uint64_t physical;

	where[strlen(where) - 1] = '\0';
	if (slash) {
		*slash = '\0';
		bytes = (unsigned)number(text, slash + 1, 8);
		if (bytes != 4 && bytes != 8)
			die(EXIT_USAGE, "%s:%u: words have 4 or 8 bytes", text->file, text->line);
	}
	if (!bytes)
		die(EXIT_USAGE, "%s:%u: how wide are the words? No machine is named before them",
		    text->file, text->line);
	physical = number(text, where, TOP - 1);
	if (physical % bytes)
		die(EXIT_USAGE, "%s:%u: words of %u bytes do not lie at 0x%llx", text->file,
		    text->line, bytes, (unsigned long long)physical);
	for (const char *word; (word = next_word()); physical += bytes)
		put(text, physical, number(text, word, bytes == 4 ? UINT32_MAX : UINT64_MAX),
		    bytes);
}

static void read_line(const struct text *text, char *line)
{
	struct walk_settings *settings = text->settings;
	char *word, *more;

	line[strcspn(line, "#")] = '\0';
	word = strtok(line, " \t\r\n");
	if (!word)
		return;
	if (word[strlen(word) - 1] == ':') {
		read_words(text, word);
		return;
	}
	if (!strcmp(word, "machine")) {
		word = next_word();
		settings->machine = word ? walk_machine_find(word) : NULL;
		if (!settings->machine)
			die(EXIT_USAGE, "%s:%u: '%s' is no machine that is known here", text->file,
			    text->line, word ? word : "");
	} else if (!strcmp(word, "cr3")) {
		settings->cr3 = number(text, next_word(), TOP - 1);
		settings->has_cr3 = true;
	} else if (!strcmp(word, "gdt")) {
		settings->gdt_base = (uint32_t)number(text, next_word(), UINT32_MAX);
		more = next_word();
		settings->gdt_limit = more ? (uint16_t)number(text, more, 0xffff) : 0xffff;
		settings->has_gdt = true;
	} else if (!strcmp(word, "ldt")) {
		settings->ldt = (uint16_t)number(text, next_word(), 0xffff);
	} else {
		die(EXIT_USAGE, "%s:%u: '%s' means nothing here", text->file, text->line, word);
	}
	word = next_word();
	if (word)
		die(EXIT_USAGE, "%s:%u: '%s' is one word too many", text->file, text->line, word);
}

struct memory *memory_of_text(const char *file, struct walk_settings *settings)
{
	struct memory *memory = allocate(sizeof(*memory));
	struct text text = {file, 0, memory, settings};
	FILE *from = fopen(file, "r");
	char *line = NULL;
	size_t space = 0;

	if (!from)
		die(EXIT_USAGE, "%s: %s", file, strerror(errno));
	while (getline(&line, &space, from) >= 0) {
		text.line++;
		read_line(&text, line);
	}
	if (ferror(from))
		die(EXIT_USAGE, "%s: %s", file, strerror(errno));
	free(line);
	fclose(from);
	return memory;
}

struct memory *memory_of_dump(const char *file, uint64_t first)
{
	struct memory *memory = allocate(sizeof(*memory));
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	struct stat stat;

	if (fd < 0 || fstat(fd, &stat) < 0)
		die(EXIT_USAGE, "%s: %s", file, strerror(errno));
	if (!S_ISREG(stat.st_mode) || stat.st_size == 0)
		die(EXIT_USAGE, "%s: no file with memory in it", file);
	memory->first = first;
	memory->bytes = (uint64_t)stat.st_size;
	memory->dump = mmap(NULL, memory->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (memory->dump == MAP_FAILED)
		die(EXIT_MACHINE, "%s: %s", file, strerror(errno));
	close(fd);
	return memory;
}

void memory_free(struct memory *memory)
{
	if (!memory)
		return;
	for (unsigned i = 0; i < memory->nr_pages; i++)
		free(memory->pages[i]);
	free(memory->pages);
	if (memory->dump)
		munmap(memory->dump, memory->bytes);
	free(memory);
}
