/*
 * The machines that `pagoda walk` knows.
 *
 * Figures are those of arch/soft/geometry and of the Intel SDM (3A, 4.2-4.5); on top of soft's
 * geometries there are the two that share i386's tables and differ in what PS means.  That the
 * two agree is tested on each geometry (tests/host/test_walk.c).
 */
#include <string.h>

#include "walk.h"

#define I386_TABLES \
	.page_shift = 12, .entry_bytes = 4, .nr_levels = 2, .x86 = true, .segments = true

const struct walk_machine walk_machines[] = {
	{"2level", "i386: 4 KiB pages", I386_TABLES, .physical_bits = 32,
	 .level = {{"pgd", 10, false}, {"pte", 10, false}}},
	{"pse", "i386: 4 KiB and 4 MiB pages", I386_TABLES, .physical_bits = 32, .checks = true,
	 .level = {{"pgd", 10, true}, {"pte", 10, false}}},
	{"pse36", "i386: 4 KiB pages, and 4 MiB pages within 64 GiB", I386_TABLES,
	 .physical_bits = 36, .checks = true, .pse36 = true,
	 .level = {{"pgd", 10, true}, {"pte", 10, false}}},
	{"pae", "i386: 4 KiB and 2 MiB pages within 64 GiB", .page_shift = 12, .entry_bytes = 8,
	 .nr_levels = 3, .physical_bits = 36, .x86 = true, .segments = true, .no_execute = true,
	 .checks = true, .level = {{"pgd", 2, false}, {"pmd", 9, true}, {"pte", 9, false}}},
	{"4level", "x86-64", .page_shift = 12, .entry_bytes = 8, .nr_levels = 4,
	 .physical_bits = 52, .x86 = true, .no_execute = true, .checks = true,
	 .level = {{"pgd", 9, false}, {"pud", 9, true}, {"pmd", 9, true}, {"pte", 9, false}}},
	{"5level", "x86-64 with LA57", .page_shift = 12, .entry_bytes = 8, .nr_levels = 5,
	 .physical_bits = 52, .x86 = true, .no_execute = true, .checks = true,
	 .level = {{"pgd", 9, false},
		   {"p4d", 9, false},
		   {"pud", 9, true},
		   {"pmd", 9, true},
		   {"pte", 9, false}}},
	{"alpha", "Alpha's 8 KiB pages, with soft's entries", .page_shift = 13, .entry_bytes = 8,
	 .nr_levels = 3, .physical_bits = 52, .no_execute = true,
	 .level = {{"pgd", 10, false}, {"pmd", 10, true}, {"pte", 10, false}}},
	{"64k", "64 KiB pages, with soft's entries", .page_shift = 16, .entry_bytes = 8,
	 .nr_levels = 3, .physical_bits = 52, .no_execute = true,
	 .level = {{"pgd", 6, false}, {"pmd", 13, true}, {"pte", 13, false}}},
};
const unsigned walk_nr_machines = sizeof(walk_machines) / sizeof(walk_machines[0]);

const struct walk_machine *walk_machine_find(const char *name)
{
	for (unsigned i = 0; i < walk_nr_machines; i++)
		if (!strcmp(walk_machines[i].name, name))
			return &walk_machines[i];
	return NULL;
}

unsigned walk_shift(const struct walk_machine *machine, unsigned level)
{
	unsigned shift = machine->page_shift;

	for (unsigned l = machine->nr_levels - 1; l > level; l--)
		shift += machine->level[l].bits;
	return shift;
}

unsigned walk_bits(const struct walk_machine *machine)
{
	return walk_shift(machine, 0) + machine->level[0].bits;
}
