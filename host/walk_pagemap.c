/*
 * A saved /proc/PID/pagemap: what a kernel says of a process's pages without showing its tables (walk.h).
 *
 *   63      62       61           56         55          54 .. 0
 *   present swapped  file/shared  exclusive  soft-dirty  frame; if swapped: offset (54-5), type (4-0)
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "walk.h"

#define BIT(n) ((uint64_t)1 << (n))
#define FRAME  (BIT(55) - 1)

static void print_entry(uint64_t entry)
{
	static const struct {
		unsigned bit;
		const char *name;
	} flags[] = {{63, "present"},
		     {62, "swapped"},
		     {61, "file or shared"},
		     {56, "mapped once"},
		     {55, "soft-dirty"}};

	printf(": 0x%016" PRIx64, entry);
	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (entry & BIT(flags[i].bit))
			printf(", %s", flags[i].name);
	printf("\n");
}

int walk_pagemap(const struct walk_machine *machine, const char *file, uint64_t first,
		 uint64_t address)
{
	const uint64_t in_page = address & (BIT(machine->page_shift) - 1);
	const uint64_t index = (address >> machine->page_shift) - (first >> machine->page_shift);
	FILE *from = fopen(file, "r");
	uint64_t entry;

	if (!from)
		die(EXIT_USAGE, "%s: %s", file, strerror(errno));
	if (address < first || index > INT64_MAX / 8 ||
	    fseeko(from, (off_t)(index * 8), SEEK_SET) < 0 || fread(&entry, 8, 1, from) != 1)
		die(EXIT_USAGE, "%s: no entry for 0x%" PRIx64, file, address);
	fclose(from);
	printf("linear 0x%0*" PRIx64 ", page %" PRIu64 " of the pagemap",
	       machine->segments ? 8 : 16, address, index);
	print_entry(entry);
	if (entry & BIT(62)) {
		printf("page fault: in swap area %" PRIu64 ", slot %" PRIu64 "\n", entry & 31,
		       (entry & FRAME) >> 5);
		return 1;
	}
	if (!(entry & BIT(63))) {
		printf("page fault: not present\n");
		return 1;
	}
	if (!(entry & FRAME)) {
		printf("the frame was not told: that takes CAP_SYS_ADMIN\n");
		return 1;
	}
	printf("physical 0x%" PRIx64 ": frame %" PRIu64 ", offset 0x%" PRIx64 "\n",
	       (entry & FRAME) << machine->page_shift | in_page, entry & FRAME, in_page);
	return 0;
}
