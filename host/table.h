/*
 * A table from numbers to numbers: open addressing, grown as it fills.
 */
#ifndef PAGODA_TABLE_H
#define PAGODA_TABLE_H

#include <stdbool.h>
#include <stdint.h>

struct table {
	struct table_entry {
		uint64_t key, value; /* key 0: empty */
	} * entries;
	uint64_t size, used; /* size: a power of two, or 0 */
};

/* NULL: it is not there. Good until the table changes. Keys are not 0. */
uint64_t *table_find(const struct table *table, uint64_t key);
/* Its value, which is 0 when it was not there. */
uint64_t *table_add(struct table *table, uint64_t key);
void table_remove(struct table *table, uint64_t key);
void table_free(struct table *table);

#endif
