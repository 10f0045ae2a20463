/*
 * Linear probing: an entry stands in the first empty place from where its key's hash points. When
 * one is removed those behind it that could not have been found any more move up (Knuth,
 * TAOCP 3, 6.4, algorithm R).
 */
#include <stdlib.h>

#include "command.h"
#include "table.h"

static uint64_t home(const struct table *table, uint64_t key)
{
	key *= 0x9e3779b97f4a7c15ULL;
	return (key ^ key >> 32) & (table->size - 1);
}

/* Where the key is, or would be put. */
static uint64_t place(const struct table *table, uint64_t key)
{
	uint64_t at = home(table, key);

	while (table->entries[at].key && table->entries[at].key != key)
		at = (at + 1) & (table->size - 1);
	return at;
}

uint64_t *table_find(const struct table *table, uint64_t key)
{
	struct table_entry *entry;

	if (!table->size)
		return NULL;
	entry = &table->entries[place(table, key)];
	return entry->key ? &entry->value : NULL;
}

static void grow(struct table *table)
{
	const struct table old = *table;

	table->size = old.size ? 2 * old.size : 1024;
	table->entries = allocate(table->size * sizeof(*table->entries));
	for (uint64_t i = 0; i < old.size; i++)
		if (old.entries[i].key)
			table->entries[place(table, old.entries[i].key)] = old.entries[i];
	free(old.entries);
}

uint64_t *table_add(struct table *table, uint64_t key)
{
	struct table_entry *entry;

	if (4 * (table->used + 1) > 3 * table->size)
		grow(table);
	entry = &table->entries[place(table, key)];
	if (!entry->key) {
		*entry = (struct table_entry){key, 0};
		table->used++;
	}
	return &entry->value;
}

void table_remove(struct table *table, uint64_t key)
{
	const uint64_t mask = table->size - 1;
	uint64_t hole, at;

	if (!table_find(table, key))
		return;
	table->used--;
	hole = at = place(table, key);
	for (;;) {
		at = (at + 1) & mask;
		if (!table->entries[at].key)
			break;
		/* It may fill the hole if its own place is not between the two. */
		if (((at - home(table, table->entries[at].key)) & mask) >= ((at - hole) & mask)) {
			table->entries[hole] = table->entries[at];
			hole = at;
		}
	}
	table->entries[hole].key = 0;
}

void table_free(struct table *table)
{
	free(table->entries);
	*table = (struct table){0};
}
