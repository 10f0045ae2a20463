/*
 * `pagoda walk`: an address on its way to memory, step by step.
 *
 *     selector:offset --segmentation--> linear --page tables--> physical
 *
 * Both halves are code that is tested elsewhere, too: arch/soft/segment.c, the segmentation unit of the
 * soft machine, and walk_pages.c.  Descriptor tables lie at linear addresses, so each look into one is a
 * walk of its own; without cr3 paging is off and linear addresses are physical.
 */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/soft/include/machine/segment.h"
#include "command.h"
#include "walk.h"

#define BYTES_MAX 16

enum option_key { KEY_CR3 = 256, KEY_GDT, KEY_LDT, KEY_CPL, KEY_BYTES, KEY_DUMP, KEY_PAGEMAP };

struct command_walk {
	const char *machine, *tables, *dump, *pagemap, *gdt, *cr3, *ldt, *address;
	enum walk_access access;
	int register_name; /* enum segment_name; -1: CS to fetch, else DS */
	int cpl;           /* -1: a selector's RPL, else 0 */
	unsigned bytes;
	bool segments;

	struct walk_settings settings;
	struct walk_memory memory; /* .read NULL: none is given */
	struct segment_unit unit;
	struct walk table_walk; /* the last that a look into a table took */
};

static const struct argp_option option_list[] = {
	{"machine", 'm', "NAME", 0,
	 "2level, pse, pse36, pae, 4level, 5level, alpha or 64k; `help' lists their figures", 0},
	{"tables", 't', "FILE", 0, "memory as a text: page and segment tables (docs/walk.md)", 0},
	{"dump", KEY_DUMP, "FILE[@FIRST]", 0,
	 "memory as it was, from physical address FIRST (0) on: QEMU's pmemsave makes such a file",
	 0},
	{"pagemap", KEY_PAGEMAP, "FILE[@FIRST]", 0,
	 "a saved /proc/PID/pagemap instead, from the page at linear address FIRST (0) on", 0},
	{"cr3", KEY_CR3, "ADDRESS", 0,
	 "physical address of the top table; without it paging is off", 0},
	{"gdt", KEY_GDT, "BASE[,LIMIT]", 0, "linear address of the GDT, and its limit (0xffff)", 0},
	{"ldt", KEY_LDT, "SELECTOR", 0, "the LDT's entry in the GDT", 0},
	{"segments", 's', NULL, 0, "print GDT and LDT, decoded, and walk nowhere", 0},
	{"access", 'a', "KIND", 0, "read (default), write or exec", 0},
	{"register", 'r', "NAME", 0,
	 "load the selector into cs, ss, ds (default), es, fs or gs; --access exec: cs", 0},
	{"cpl", KEY_CPL, "RING", 0, "privilege, 0 to 3 (default: a selector's RPL, else 0)", 0},
	{"bytes", KEY_BYTES, "N", 0, "width of the access, 1 (default) to 16", 0},
	{0},
};

static const char help[] =
	"Show how a logical address (SELECTOR:OFFSET, on i386 machines) becomes a linear and a "
	"linear "
	"one a physical address. With an address but no memory: which bits choose the entries.\v"
	"Exit status: 0 the address leads to memory; 1 it ends in a fault, which is printed; 2 bad "
	"usage.\n\nDescriptors and entries are read, and never changed in the file.";

/* --- options --- */

static uint64_t read_number(const char *option, const char *text, uint64_t max)
{
	uint64_t value;

	if (!walk_number(text, max, &value))
		die(EXIT_USAGE, "walk: %s: '%s' is no number up to 0x%" PRIx64, option, text, max);
	return value;
}

/* The place of a word in a list that ends with NULL, or death. */
static int read_word(const char *option, const char *text, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (!strcmp(words[i], text))
			return i;
	die(EXIT_USAGE, "walk: %s: '%s' is not known (see pagoda walk --help)", option, text);
}

static const char *const register_names[] = {"es", "cs", "ss", "ds", "fs", "gs", NULL};
static const char *const access_names[] = {"read", "write", "exec", NULL};

static error_t read_option(int key, char *text, struct argp_state *state)
{
	struct command_walk *walk = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->err_stream = NULL; break;
	case 'm': walk->machine = text; break;
	case 't': walk->tables = text; break;
	case 's': walk->segments = true; break;
	case 'a': walk->access = read_word("--access", text, access_names); break;
	case 'r': walk->register_name = read_word("--register", text, register_names); break;
	case KEY_DUMP: walk->dump = text; break;
	case KEY_PAGEMAP: walk->pagemap = text; break;
	case KEY_CR3: walk->cr3 = text; break;
	case KEY_GDT: walk->gdt = text; break;
	case KEY_LDT: walk->ldt = text; break;
	case KEY_CPL: walk->cpl = (int)read_number("--cpl", text, 3); break;
	case KEY_BYTES:
		walk->bytes = (unsigned)read_number("--bytes", text, BYTES_MAX);
		if (walk->bytes == 0)
			die(EXIT_USAGE, "walk: --bytes: no access has none");
		break;
	case ARGP_KEY_ARG:
		if (walk->address)
			die(EXIT_USAGE, "walk: one address at a time");
		walk->address = text;
		break;
	default: return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* FILE[@FIRST]; the caller frees the name. */
static char *file_and_first(const char *option, const char *text, uint64_t max, uint64_t *first)
{
	char *file = format_string("%s", text);
	char *at = strrchr(file, '@');

	*first = 0;
	if (at) {
		*at = '\0';
		*first = read_number(option, at + 1, max);
	}
	return file;
}

static void open_memory(struct command_walk *walk)
{
	uint64_t first;

	if (!!walk->tables + !!walk->dump + !!walk->pagemap > 1)
		die(EXIT_USAGE, "walk: --tables, --dump and --pagemap exclude each other");
	if (walk->tables) {
		walk->memory.owner = memory_of_text(walk->tables, &walk->settings);
	} else if (walk->dump) {
		char *file = file_and_first("--dump", walk->dump, (1ULL << 52) - 1, &first);

		walk->memory.owner = memory_of_dump(file, first);
		free(file);
	}
	if (walk->memory.owner)
		walk->memory.read = memory_read;
}

/* Options win over what the text of tables says. */
static void settle(struct command_walk *walk)
{
	struct walk_settings *settings = &walk->settings;

	if (walk->machine) {
		settings->machine = walk_machine_find(walk->machine);
		if (!settings->machine)
			die(EXIT_USAGE, "walk: --machine: '%s' is not known (--machine help)",
			    walk->machine);
	}
	if (!settings->machine)
		die(EXIT_USAGE, "walk: which --machine?");
	if (walk->cr3) {
		settings->cr3 = read_number("--cr3", walk->cr3, (1ULL << 52) - 1);
		settings->has_cr3 = true;
	}
	if (walk->gdt) {
		char *base = format_string("%s", walk->gdt);
		char *limit = strchr(base, ',');

		if (limit)
			*limit++ = '\0';
		settings->gdt_base = (uint32_t)read_number("--gdt", base, UINT32_MAX);
		settings->gdt_limit =
			limit ? (uint16_t)read_number("--gdt", limit, 0xffff) : 0xffff;
		settings->has_gdt = true;
		free(base);
	}
	if (walk->ldt)
		settings->ldt = (uint16_t)read_number("--ldt", walk->ldt, 0xffff);
	if (!walk->memory.read && (settings->has_cr3 || settings->has_gdt))
		die(EXIT_USAGE, "walk: tables in which memory? --tables or --dump");
}

/* --- linear to physical --- */

/* Returns whether it is one; the physical address of the byte in walk->physical. */
static bool to_physical(struct command_walk *c, uint64_t linear, enum walk_access access, bool user,
			struct walk *walk)
{
	if (!c->settings.has_cr3) {
		*walk = (struct walk){.end = WALK_DONE, .physical = linear};
		return true;
	}
	walk_pages(c->settings.machine, &c->memory, c->settings.cr3, linear, access, user, walk);
	return walk->end == WALK_DONE;
}

static int walk_byte(struct command_walk *c, uint64_t linear, bool user)
{
	struct walk walk;
	const bool good = to_physical(c, linear, c->access, user, &walk);

	if (!c->settings.has_cr3)
		printf("physical 0x%08" PRIx64 ": paging is off\n", linear);
	else
		print_walk(c->settings.machine, &walk);
	return good ? 0 : 1;
}

static int walk_linear(struct command_walk *c, uint64_t linear, bool user)
{
	const uint64_t last = linear + c->bytes - 1,
		       mask = ~0ULL << c->settings.machine->page_shift;
	const int digits = c->settings.machine->segments ? 8 : 16;

	printf("linear 0x%0*" PRIx64 " on %s, %s by ring %s\n", digits, linear,
	       c->settings.machine->name, access_names[c->access], user ? "3" : "0 to 2");
	if (walk_byte(c, linear, user))
		return 1;
	if ((linear & mask) == (last & mask))
		return 0;
	printf("and on the next page, from linear 0x%0*" PRIx64 "\n", digits, last & mask);
	return walk_byte(c, last & mask, user);
}

/* --- segmentation --- */

/* The tables' bytes, for the segmentation unit: each may be on another page. */
static bool table_bytes(struct command_walk *c, u32 linear, void *bytes, unsigned n, bool write)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned char *byte = (unsigned char *)bytes + i;
		bool there;

		if (!to_physical(c, (u32)(linear + i), write ? WALK_WRITE : WALK_READ, false,
				 &c->table_walk))
			return false;
		there = write ? memory_write(c->memory.owner, c->table_walk.physical, byte, 1)
			      : memory_read(c->memory.owner, c->table_walk.physical, byte, 1);
		if (!there) {
			c->table_walk.end = WALK_NO_MEMORY;
			return false;
		}
	}
	return true;
}

static bool read_table(void *owner, u32 linear, void *bytes, unsigned n)
{
	return table_bytes(owner, linear, bytes, n, false);
}

static bool write_table(void *owner, u32 linear, const void *bytes, unsigned n)
{
	return table_bytes(owner, linear, (void *)bytes, n, true);
}

static int segment_fault(struct command_walk *c, const char *what, struct segment_fault fault)
{
	static const char *const names[] = {
		[SEGMENT_TS] = "TS", [SEGMENT_NP] = "NP", [SEGMENT_SS] = "SS", [SEGMENT_GP] = "GP"};

	if (fault.vector == SEGMENT_PF) {
		printf("%s: %s; linear 0x%08x\n", what, fault.why, fault.linear);
		print_walk(c->settings.machine, &c->table_walk);
	} else {
		printf("fault #%s, error code 0x%x: %s: %s\n", names[fault.vector], fault.error,
		       what, fault.why);
	}
	return 1;
}

static void print_descriptor(u64 descriptor)
{
	const struct segment s = segment_decode(descriptor);

	printf("0x%016" PRIx64 "  ", descriptor);
	printf("base 0x%08x limit 0x%05x G %d S %d type 0x%x DPL %d P %d D/B %d  %s\n", s.base,
	       s.limit, s.g, s.s, s.type, s.dpl, s.p, s.db, segment_kind(&s));
}

/* Every entry that is not zero. */
static void print_table(struct command_walk *c, const char *name, bool ldt, u32 base, u32 limit)
{
	printf("%s at linear 0x%08x, limit 0x%x: %u entries\n", name, base, limit,
	       (limit + 1) / SEGMENT_ENTRY_BYTES);
	for (unsigned i = 0; i < (limit + 1) / SEGMENT_ENTRY_BYTES && i < SEGMENT_ENTRIES; i++) {
		u64 descriptor;

		if (!read_table(c, base + i * SEGMENT_ENTRY_BYTES, &descriptor,
				sizeof(descriptor))) {
			printf("  %4u  not mapped\n", i);
			return;
		}
		if (!descriptor)
			continue;
		printf("  %4u  selector 0x%04x  ", i, SELECTOR(i, ldt, 0));
		print_descriptor(descriptor);
	}
}

/* GDTR and LDTR, which ring 0 has loaded. */
static struct segment_fault load_tables(struct command_walk *c)
{
	c->unit = (struct segment_unit){.read = read_table, .write = write_table, .owner = c};
	c->unit.gdtr.base = c->settings.gdt_base;
	c->unit.gdtr.limit = c->settings.gdt_limit;
	return segment_load_ldt(&c->unit, c->settings.ldt);
}

static int print_segments(struct command_walk *c)
{
	const struct segment_register *ldtr = &c->unit.ldtr;

	print_table(c, "GDT", false, c->unit.gdtr.base, c->unit.gdtr.limit);
	if (ldtr->usable)
		print_table(c, "LDT", true, ldtr->hidden.base, segment_limit(&ldtr->hidden));
	return 0;
}

/* The selector's way to its register's hidden part. */
static struct segment_fault load_selector(struct command_walk *c, enum segment_name name,
					  u16 selector, u32 offset)
{
	struct segment_fault fault;
	u64 descriptor;
	u32 entry;

	printf("selector 0x%04x: index %u, %s, RPL %u\n", selector, selector_index(selector),
	       selector_ldt(selector) ? "LDT" : "GDT", selector_rpl(selector));
	if (!selector_null(selector)) {
		fault = segment_entry(&c->unit, selector, &entry);
		if (fault.vector)
			return fault;
		printf("  entry at linear 0x%08x = 0x%08x + %u * 8", entry,
		       entry - selector_index(selector) * SEGMENT_ENTRY_BYTES,
		       selector_index(selector));
		if (read_table(c, entry, &descriptor, sizeof(descriptor))) {
			printf("\n  ");
			print_descriptor(descriptor);
		} else {
			printf("\n");
		}
	}
	return name == SEG_CS ? segment_far_jump(&c->unit, selector, offset)
			      : segment_load(&c->unit, name, selector);
}

static int walk_logical(struct command_walk *c, u16 selector, u32 offset)
{
	const enum segment_name name = c->register_name >= 0 ? (enum segment_name)c->register_name
				       : c->access == WALK_EXEC ? SEG_CS
								: SEG_DS;
	struct segment_fault fault;
	const struct segment *hidden = &c->unit.reg[name].hidden;
	u32 linear;

	c->unit.cpl = c->cpl >= 0 ? (u8)c->cpl : (u8)selector_rpl(selector);
	printf("logical 0x%04x:0x%08x on %s, %s by ring %d through %s\n", selector, offset,
	       c->settings.machine->name, access_names[c->access], c->unit.cpl,
	       register_names[name]);
	fault = load_selector(c, name, selector, offset);
	if (fault.vector)
		return segment_fault(c, "loading the register", fault);
	fault = segment_linear(&c->unit, name, offset, c->bytes, (enum segment_access)c->access,
			       &linear);
	if (fault.vector)
		return segment_fault(c, "the access", fault);
	printf("  offset 0x%08x %s limit 0x%08x; base 0x%08x + offset\n", offset,
	       (hidden->type & (SEGMENT_CODE | SEGMENT_DOWN)) == SEGMENT_DOWN ? "above" : "within",
	       segment_limit(hidden), hidden->base);
	return walk_linear(c, linear, c->unit.cpl == 3);
}

/* --- the command --- */

static int walk_address(struct command_walk *c)
{
	const struct walk_machine *machine = c->settings.machine;
	char *first = format_string("%s", c->address);
	char *colon = strchr(first, ':');
	uint64_t address, selector;
	int status = 0;

	if (colon) {
		*colon = '\0';
		selector = read_number("selector", first, 0xffff);
		address = read_number("offset", colon + 1, UINT32_MAX);
		if (!machine->segments)
			die(EXIT_USAGE, "walk: %s has no selectors", machine->name);
		if (!c->settings.has_gdt)
			die(EXIT_USAGE, "walk: a selector of which table? --gdt");
		status = walk_logical(c, (u16)selector, (u32)address);
	} else {
		address =
			read_number("address", first, machine->segments ? UINT32_MAX : UINT64_MAX);
		if (c->memory.read && !c->settings.has_cr3)
			die(EXIT_USAGE, "walk: where is the top table? --cr3");
		if (c->register_name >= 0)
			die(EXIT_USAGE, "walk: --register goes with SELECTOR:OFFSET");
		if (c->memory.read) {
			status = walk_linear(c, address, c->cpl == 3);
		} else {
			print_split(machine, address);
			status = walk_canonical(machine, address) ? 0 : 1;
		}
	}
	free(first);
	return status;
}

static int walk_saved(struct command_walk *c)
{
	const struct walk_machine *machine = c->settings.machine;
	uint64_t first;
	char *file;
	int status;

	if (!c->address)
		die(EXIT_USAGE, "walk: --pagemap takes an address");
	file = file_and_first("--pagemap", c->pagemap, UINT64_MAX, &first);
	status = walk_pagemap(
		machine, file, first,
		read_number("address", c->address, machine->segments ? UINT32_MAX : UINT64_MAX));
	free(file);
	return status;
}

static int run(struct command_walk *c)
{
	struct segment_fault fault;

	open_memory(c);
	settle(c);
	if (c->settings.machine->segments && c->settings.has_gdt) {
		fault = load_tables(c);
		if (fault.vector)
			return segment_fault(c, "loading LDTR", fault);
	} else if (c->segments || c->settings.has_gdt) {
		die(EXIT_USAGE, "walk: no segment tables: %s",
		    c->settings.has_gdt ? "the machine has none" : "where is the --gdt?");
	}
	if (c->segments && c->address)
		die(EXIT_USAGE, "walk: --segments walks nowhere");
	if (c->segments)
		return print_segments(c);
	if (c->pagemap)
		return walk_saved(c);
	if (c->address)
		return walk_address(c);
	print_machine(c->settings.machine);
	return 0;
}

int command_walk(int argc, char **argv)
{
	struct command_walk walk = {.register_name = -1, .cpl = -1, .bytes = 1};
	const struct argp argp = {
		option_list, read_option, "[ADDRESS | SELECTOR:OFFSET]", help, NULL, NULL, NULL};
	int status = 0;

	argv[0] = "pagoda walk";
	argp_err_exit_status = EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, &walk))
		exit(EXIT_USAGE);
	if (walk.machine && !strcmp(walk.machine, "help"))
		for (unsigned i = 0; i < walk_nr_machines; i++)
			print_machine(&walk_machines[i]);
	else
		status = run(&walk);
	memory_free(walk.memory.owner);
	return status;
}
