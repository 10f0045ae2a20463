/*
 * What `pagoda walk` prints of machines and page walks (walk.h).
 */
#include <inttypes.h>
#include <stdio.h>

#include "walk.h"

/* 4096 as "4 KiB"; all sizes here are powers of two. */
static const char *size(unsigned bits)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	static char text[4][32];
	static unsigned next;
	char *to = text[next++ % 4];

	snprintf(to, sizeof(text[0]), "%u %s", 1U << bits % 10, units[bits / 10]);
	return to;
}

static int address_digits(const struct walk_machine *machine)
{
	return machine->segments ? 8 : 16;
}

static int physical_digits(const struct walk_machine *machine)
{
	return (int)(machine->physical_bits + 3) / 4;
}

void print_machine(const struct walk_machine *machine)
{
	const unsigned bits = walk_bits(machine);

	printf("%s: %s\n ", machine->name, machine->summary);
	for (unsigned l = 0; l < machine->nr_levels; l++)
		printf(" %u (%s) +", machine->level[l].bits, machine->level[l].name);
	printf(" %u (offset) = %u bits", machine->page_shift, bits);
	if (!machine->segments)
		printf(", %u unused: %s in two halves of %s", 64 - bits, size(bits),
		       size(bits - 1));
	printf("\n  %s = %" PRIu64 " pages of %s; entries of %u bytes\n", size(bits),
	       (uint64_t)1 << (bits - machine->page_shift), size(machine->page_shift),
	       machine->entry_bytes);
	for (unsigned l = 0; l < machine->nr_levels; l++)
		if (machine->level[l].leaf)
			printf("  a page of %s where PS is set in the %s: offset of %u bits\n",
			       size(walk_shift(machine, l)), machine->level[l].name,
			       walk_shift(machine, l));
	printf("  physical addresses of %u bits: %s\n", machine->physical_bits,
	       size(machine->physical_bits));
	if (machine->pse36)
		printf("  beyond 4 GiB there are only large pages: bits 16-13 are frame bits "
		       "23-20\n");
}

static void print_bits(unsigned high, unsigned low)
{
	printf("(bits %u-%u)", high, low);
}

static void print_not_canonical(const struct walk_machine *machine)
{
	printf("%s: not canonical, bits 63-%u are not all alike\n",
	       machine->x86 ? "fault #GP, error code 0x0" : "fault", walk_bits(machine) - 1);
}

void print_split(const struct walk_machine *machine, uint64_t address)
{
	printf("linear 0x%0*" PRIx64 " on %s\n", address_digits(machine), address, machine->name);
	for (unsigned l = 0; l < machine->nr_levels; l++) {
		const unsigned shift = walk_shift(machine, l), bits = machine->level[l].bits;

		printf("  %-6s %5" PRIu64 " ", machine->level[l].name,
		       address >> shift & (((uint64_t)1 << bits) - 1));
		print_bits(shift + bits - 1, shift);
		printf("\n");
	}
	printf("  offset 0x%" PRIx64 " ", address & (((uint64_t)1 << machine->page_shift) - 1));
	print_bits(machine->page_shift - 1, 0);
	printf("\n");
	if (!walk_canonical(machine, address))
		print_not_canonical(machine);
}

static void print_flags(const struct walk_machine *machine, const struct walk_step *step)
{
	static const struct {
		uint64_t bit;
		const char *name;
		bool leaf; /* means something in leaves only */
	} flags[] = {{WALK_P, "P", false},     {WALK_W, "W", false},     {WALK_U, "U", false},
		     {WALK_PWT, "PWT", false}, {WALK_PCD, "PCD", false}, {WALK_A, "A", false},
		     {WALK_D, "D", true},      {WALK_G, "G", true}};

	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if ((step->entry & flags[i].bit) && (step->leaf || !flags[i].leaf))
			printf(" %s", flags[i].name);
	if (step->leaf && machine->level[step->level].leaf)
		printf(" PS");
	if (machine->no_execute && (step->entry & WALK_NX))
		printf(" NX");
}

static void print_step(const struct walk_machine *machine, const struct walk_step *step)
{
	const unsigned shift = walk_shift(machine, step->level);

	printf("  %-3s %5u ", machine->level[step->level].name, step->index);
	print_bits(shift + machine->level[step->level].bits - 1, shift);
	printf(" at 0x%0*" PRIx64 ": 0x%0*" PRIx64, physical_digits(machine), step->at,
	       (int)machine->entry_bytes * 2, step->entry);
	if (!(step->entry & WALK_P)) {
		printf(step->entry ? "  absent; the rest is software's\n" : "  absent\n");
		return;
	}
	if (step->leaf)
		printf("  page of %s at 0x%0*" PRIx64 ",", size(shift), physical_digits(machine),
		       step->next);
	else
		printf("  table at 0x%0*" PRIx64 ",", physical_digits(machine), step->next);
	print_flags(machine, step);
	printf("\n");
}

static void print_page_fault(const struct walk_machine *machine, const struct walk *walk)
{
	if (machine->x86)
		printf("fault #PF, error code 0x%x: ", walk->error);
	else
		printf("page fault: ");
	printf("%s, %s, %s", walk->error & PF_PRESENT ? "present" : "not present",
	       walk->error & PF_WRITE   ? "write"
	       : walk->error & PF_FETCH ? "fetch"
	       : machine->no_execute    ? "read"
					: "read or fetch",
	       walk->error & PF_USER ? "user" : "supervisor");
	if (walk->reserved)
		printf("; reserved bits are set: 0x%" PRIx64, walk->reserved);
	if (walk->lacking)
		printf("; %s", walk->lacking);
	printf("\n");
}

void print_walk(const struct walk_machine *machine, const struct walk *walk)
{
	for (unsigned i = 0; i < walk->steps; i++)
		print_step(machine, &walk->step[i]);
	switch (walk->end) {
	case WALK_DONE:
		printf("physical 0x%0*" PRIx64 ": frame %" PRIu64 ", offset 0x%" PRIx64 "\n",
		       physical_digits(machine), walk->physical,
		       walk->physical >> machine->page_shift,
		       walk->physical & (((uint64_t)1 << machine->page_shift) - 1));
		break;
	case WALK_NOT_CANONICAL: print_not_canonical(machine); break;
	case WALK_BAD_ROOT:
		printf("fault #GP, error code 0x0, when cr3 is loaded: reserved bits are set: "
		       "0x%" PRIx64 "\n",
		       walk->reserved);
		break;
	case WALK_NO_MEMORY:
		printf("no memory at 0x%0*" PRIx64 ", where the next entry should be\n",
		       physical_digits(machine), walk->physical);
		break;
	default: print_page_fault(machine, walk);
	}
}
