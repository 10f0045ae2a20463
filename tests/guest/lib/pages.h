/*
 * Memory whose pages say what they are: each is filled with words that follow from its number and from how often
 * it has been written to. So a page that comes back as another one, as it was earlier, or in part, is
 * noticed.
 */
#ifndef GUEST_PAGES_H
#define GUEST_PAGES_H

#include <stdint.h>

struct set {
	char *memory;
	uint32_t *version; /* by page: how often it was written to; 0: zeros. Private memory */
	unsigned long pages;
};

/* Zeros. @flags of mmap: MAP_PRIVATE or MAP_SHARED. */
struct set new_set(unsigned long pages, int flags);
void end_set(struct set *set);

/* Fails the case if page @n is not what it should be. */
void verify(const struct set *set, unsigned long n);
void verify_all(const struct set *set);

/* Writes to page @n. */
void change(struct set *set, unsigned long n);

#endif
