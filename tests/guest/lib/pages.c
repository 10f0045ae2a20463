#include <sys/mman.h>

#include "check.h"
#include "pages.h"

struct set new_set(unsigned long pages, int flags)
{
	const int prot = PROT_READ | PROT_WRITE;

	flags |= MAP_ANONYMOUS | MAP_NORESERVE;
	return (struct set){
		.memory = must(mmap(NULL, pages * page_size, prot, flags, -1, 0)),
		.version = must(mmap(NULL, pages * sizeof(uint32_t), prot,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)),
		.pages = pages,
	};
}

void end_set(struct set *set)
{
	must(munmap(set->memory, set->pages * page_size));
	must(munmap(set->version, set->pages * sizeof(uint32_t)));
}

static volatile uint32_t *page_of(const struct set *set, unsigned long n)
{
	return (uint32_t *)(set->memory + n * page_size);
}

/* Word i is the first one and i steps. */
static uint32_t first_word(uint32_t version, unsigned long n)
{
	return version ? version * 2654435761U ^ (uint32_t)n * 40503U : 0;
}

static uint32_t step_of(uint32_t version)
{
	return version ? 2 * version + 1 : 0;
}

void verify(const struct set *set, unsigned long n)
{
	volatile uint32_t *word = page_of(set, n);
	const uint32_t version = set->version[n], step = step_of(version);
	uint32_t wanted = first_word(version, n);

	for (unsigned i = 0; i < page_size / sizeof(*word); i++, wanted += step)
		if (word[i] != wanted)
			fail("page %lu, version %u: word %u is %#x, not %#x", n, version, i,
			     word[i], wanted);
}

void change(struct set *set, unsigned long n)
{
	volatile uint32_t *word = page_of(set, n);
	const uint32_t version = ++set->version[n], step = step_of(version);
	uint32_t next = first_word(version, n);

	for (unsigned i = 0; i < page_size / sizeof(*word); i++, next += step)
		word[i] = next;
}

void verify_all(const struct set *set)
{
	for (unsigned long n = 0; n < set->pages; n++)
		verify(set, n);
}
