/*
 * Reading numbers out of /proc. Every function fails the case when the file or
 * what is looked for is not there.
 */
#ifndef GUEST_PROCFS_H
#define GUEST_PROCFS_H

#include <stdbool.h>
#include <stdint.h>

/* The whole text of @file, NUL at its end, in a buffer that the next call reuses. */
char *read_text(const char *file);

/* The number after "@key:" or "@key " at the start of a line of @file ("/proc/meminfo"). */
long read_number(const char *file, const char *key);

/* A field of a disk's line in /proc/diskstats ("vda"): 1 is the number of reads, 12 of discards. */
unsigned long long diskstat(const char *name, int field);

/* One VMA, as /proc/self/maps shows it. */
struct mapping {
	uintptr_t start, end;
	char permissions[5];
	unsigned long offset;
	char name[256];
};

/* The VMA at @address. Returns false when nothing is mapped there. */
bool find_mapping(const void *address, struct mapping *mapping);

/* How many VMAs touch [@start, @end). */
int count_mappings(const void *start, const void *end);

/* A number of the VMA at @address in /proc/PID/smaps, such as "Private_Dirty", in kB. 0: self. */
long smaps_number(int pid, const void *address, const char *key);

/* Slab objects in use of the cache @name in /proc/slabinfo. */
long slab_objects(const char *name);

#endif
