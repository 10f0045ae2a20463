/*
 * The page walk of any machine (walk.h), one loop:
 *
 *     table = cr3
 *     for each level: entry = table[index bits of the address]
 *                     absent, malformed?  fault
 *                     a page?             check the rights of all levels, done
 *                     else                table = the entry's frame
 *
 * Rights add up: write and user need W and U on every level, and NX on one forbids code.  So they
 * are checked at the end, after absence and reserved bits, which is the order of an x86's MMU, too.
 * The top table of PAE is the exception: its four entries have no rights, and were checked when cr3
 * was loaded.
 */
#include <string.h>

#include "walk.h"

#define BITS(high, low) ((~0ULL >> (63 - (high))) & (~0ULL << (low)))

static bool is_pae(const struct walk_machine *machine)
{
	return machine->x86 && machine->nr_levels == 3;
}

bool walk_canonical(const struct walk_machine *machine, uint64_t address)
{
	const unsigned bits = walk_bits(machine);
	const int64_t sign = (int64_t)(address << (64 - bits)) >> (64 - bits);

	if (machine->segments)
		return address >> 32 == 0;
	return (uint64_t)sign == address;
}

/* Bits that must be clear; those of frames beyond the machine's reach among them. */
static uint64_t reserved(const struct walk_machine *machine, const struct walk_step *step)
{
	const unsigned shift = walk_shift(machine, step->level);
	uint64_t bits = 0;

	if (!machine->checks)
		return 0;
	if (machine->entry_bytes == 4) {
		if (!step->leaf || shift == machine->page_shift)
			return 0;
		return machine->pse36 ? BITS(21, 17) : BITS(21, 13);
	}
	if (is_pae(machine) && step->level == 0)
		return BITS(63, machine->physical_bits) | BITS(2, 1) | BITS(8, 5);
	if (machine->physical_bits < 52)
		bits = BITS(51, machine->physical_bits);
	if (is_pae(machine))
		bits |= BITS(62, 52);
	if (step->leaf && shift > machine->page_shift)
		bits |= BITS(shift - 1, 13); /* bit 12 is the memory type's */
	if (!step->leaf && (step->entry & WALK_PS))
		bits |= WALK_PS; /* no pages of that size */
	return bits;
}

/* Where a table or page begins. */
static uint64_t frame(const struct walk_machine *machine, const struct walk_step *step)
{
	const unsigned shift = step->leaf ? walk_shift(machine, step->level) : machine->page_shift;
	uint64_t entry = step->entry;

	if (machine->entry_bytes == 8)
		return entry & BITS(51, shift);
	if (machine->pse36 && step->leaf && shift > machine->page_shift)
		return (entry & BITS(31, shift)) | (entry & BITS(16, 13)) << 19;
	return entry & BITS(31, shift);
}

static void page_fault(struct walk *walk, enum walk_end end, unsigned error)
{
	walk->end = end;
	walk->error |= error;
}

/* Which right of those that all levels give is missing? */
static const char *lacking(const struct walk_machine *machine, const struct walk *walk,
			   enum walk_access access, bool user)
{
	const unsigned first = is_pae(machine) ? 1 : 0;
	uint64_t all = WALK_W | WALK_U, any = 0;

	for (unsigned i = first; i < walk->steps; i++) {
		all &= walk->step[i].entry;
		any |= walk->step[i].entry;
	}
	if (user && !(all & WALK_U))
		return "a program may not go there (U is clear)";
	if (access == WALK_WRITE && !(all & WALK_W))
		return "it may not be written (W is clear)";
	if (access == WALK_EXEC && machine->no_execute && (any & WALK_NX))
		return "it may not be executed (NX is set)";
	return NULL;
}

/* Read the entry of this level in the table; false: the walk ends here. */
static bool take_step(const struct walk_machine *machine, const struct walk_memory *memory,
		      uint64_t table, uint64_t address, struct walk *walk)
{
	const unsigned level = walk->steps;
	const struct walk_level *l = &machine->level[level];
	struct walk_step *step = &walk->step[level];
	uint64_t bad;

	step->level = level;
	step->index = address >> walk_shift(machine, level) & ((1U << l->bits) - 1);
	step->at = table + step->index * machine->entry_bytes;
	if (!memory->read(memory->owner, step->at, &step->entry, machine->entry_bytes)) {
		walk->end = WALK_NO_MEMORY;
		walk->physical = step->at;
		return false;
	}
	walk->steps++;
	if (!(step->entry & WALK_P)) {
		page_fault(walk, WALK_NOT_PRESENT, 0);
		return false;
	}
	step->leaf = level == machine->nr_levels - 1 || (l->leaf && (step->entry & WALK_PS));
	step->next = frame(machine, step);
	bad = step->entry & reserved(machine, step);
	if (bad) {
		walk->reserved = bad;
		page_fault(walk, WALK_RESERVED, PF_PRESENT | PF_RESERVED);
		return false;
	}
	return true;
}

/* Loading cr3 with PAE reads all four entries of the top table. False: one is malformed. */
static bool root_is_good(const struct walk_machine *machine, const struct walk_memory *memory,
			 uint64_t table, struct walk *walk)
{
	for (unsigned i = 0; i < 4; i++) {
		struct walk_step step = {.index = i, .at = table + i * 8};

		if (!memory->read(memory->owner, step.at, &step.entry, 8))
			continue; /* the walk will say so, if it comes there */
		if (!(step.entry & WALK_P) || !(step.entry & reserved(machine, &step)))
			continue;
		step.next = frame(machine, &step);
		walk->reserved = step.entry & reserved(machine, &step);
		walk->end = WALK_BAD_ROOT;
		walk->step[walk->steps++] = step;
		return false;
	}
	return true;
}

void walk_pages(const struct walk_machine *machine, const struct walk_memory *memory, uint64_t cr3,
		uint64_t address, enum walk_access access, bool user, struct walk *walk)
{
	const struct walk_step *last;
	uint64_t table = cr3 & BITS(51, is_pae(machine) ? 5 : machine->page_shift);

	*walk = (struct walk){.error = (access == WALK_WRITE ? PF_WRITE : 0) |
				       (user ? PF_USER : 0) |
				       (access == WALK_EXEC && machine->no_execute ? PF_FETCH : 0)};
	if (!walk_canonical(machine, address)) {
		walk->end = WALK_NOT_CANONICAL;
		return;
	}
	if (is_pae(machine) && !root_is_good(machine, memory, table, walk))
		return;
	do {
		if (!take_step(machine, memory, table, address, walk))
			return;
		last = &walk->step[walk->steps - 1];
		table = last->next;
	} while (!last->leaf);
	walk->page_bytes = 1ULL << walk_shift(machine, last->level);
	walk->lacking = lacking(machine, walk, access, user);
	if (walk->lacking) {
		page_fault(walk, WALK_FORBIDDEN, PF_PRESENT);
		return;
	}
	walk->physical = last->next + (address & (walk->page_bytes - 1));
}
