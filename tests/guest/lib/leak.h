/*
 * Did memory get lost? Frames that are neither free nor in the slabs, and objects of each cache.
 */
#ifndef GUEST_LEAK_H
#define GUEST_LEAK_H

#include <stdbool.h>

#define MAX_CACHES 256

struct usage {
	long pages; /* in use, but for slabs */
	unsigned caches;
	struct {
		char name[32];
		long objects;
	} cache[MAX_CACHES];
};

/* Keep as little as possible in the caches of CPUs, so that counts of objects are exact; undo it. */
void leak_exact(bool on);
/* What is in use now, once what was put off (frees by epochs, dead processes) has been done. */
void leak_measure(struct usage *usage);
/* What there is more of than before: more than @pages pages or @objects of a cache; NULL: nothing. */
const char *leak_found(const struct usage *before, long pages, long objects);

#endif
