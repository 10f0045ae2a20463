/*
 * `pagoda walk`: the ways an address goes, as data.
 *
 *     walk_machine.c   the machines: levels, bits, what an entry says
 *     walk_pages.c     the page walk of any of them, noting each step
 *     walk_memory.c    the physical memory to walk in: a text, or a dump
 *     walk_pagemap.c   what /proc/PID/pagemap says instead
 *     walk_print.c     steps, entries and descriptors in words
 *     walk.c           the command; segmentation is arch/soft/segment.c
 */
#ifndef PAGODA_WALK_H
#define PAGODA_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- machines --- */

#define WALK_LEVELS 5

struct walk_level {
	const char *name; /* pgd, p4d, pud, pmd, pte */
	unsigned bits;    /* of the address that choose the entry */
	bool leaf;        /* a set PS bit makes the entry a page */
};

struct walk_machine {
	const char *name, *summary;
	unsigned page_shift, entry_bytes, nr_levels;
	struct walk_level level[WALK_LEVELS]; /* from the top down */
	unsigned physical_bits;               /* entries with more are malformed */
	bool x86;                             /* faults have x86's error codes */
	bool segments;                        /* logical addresses: an i386 */
	bool no_execute;                      /* bit 63 of entries is NX */
	bool checks;                          /* reserved bits that are set are a fault */
	bool pse36;                           /* large pages have frame bits 23-20 in bits 16-13 */
};

extern const struct walk_machine walk_machines[];
extern const unsigned walk_nr_machines;
/* NULL: there is none of that name. */
const struct walk_machine *walk_machine_find(const char *name);
/* Bits that are translated; lowest address bit of a level's index. */
unsigned walk_bits(const struct walk_machine *machine);
unsigned walk_shift(const struct walk_machine *machine, unsigned level);

/* Are the bits above those translated a sign extension (i386: zero)? */
bool walk_canonical(const struct walk_machine *machine, uint64_t address);

/* Bits of an entry. */
#define WALK_P   (1ULL << 0)
#define WALK_W   (1ULL << 1)
#define WALK_U   (1ULL << 2)
#define WALK_PWT (1ULL << 3)
#define WALK_PCD (1ULL << 4)
#define WALK_A   (1ULL << 5)
#define WALK_D   (1ULL << 6)
#define WALK_PS  (1ULL << 7)
#define WALK_G   (1ULL << 8)
#define WALK_NX  (1ULL << 63)

/* --- the walk --- */

/* Physical memory. False: there is none there. */
struct walk_memory {
	bool (*read)(void *owner, uint64_t physical, void *bytes, unsigned n);
	void *owner;
};

enum walk_access { WALK_READ, WALK_WRITE, WALK_EXEC };

struct walk_step {
	unsigned level; /* index into the machine's levels */
	unsigned index;
	uint64_t at; /* the entry's physical address */
	uint64_t entry;
	uint64_t next; /* the table or page it leads to, if it is present */
	bool leaf;
};

enum walk_end {
	WALK_DONE,
	WALK_NOT_CANONICAL, /* the bits above those translated are no sign extension */
	WALK_BAD_ROOT,  /* PAE: malformed entries of the top table are found when cr3 is loaded */
	WALK_NO_MEMORY, /* an entry lies where there is no memory */
	WALK_NOT_PRESENT,
	WALK_RESERVED,
	WALK_FORBIDDEN,
};

/* A page fault's error code on x86. */
enum { PF_PRESENT = 1, PF_WRITE = 2, PF_USER = 4, PF_RESERVED = 8, PF_FETCH = 16 };

struct walk {
	struct walk_step step[WALK_LEVELS];
	unsigned steps;
	enum walk_end end;
	uint64_t physical; /* WALK_DONE; WALK_NO_MEMORY: of the entry */
	uint64_t page_bytes;
	unsigned error;      /* of a page fault */
	const char *lacking; /* WALK_FORBIDDEN: which right */
	uint64_t reserved;   /* WALK_RESERVED: the bits */
};

/*
 * Walk from the table at cr3 to the byte at @address as the machine's MMU does, with CR0.WP and
 * EFER.NXE set and no SMEP or SMAP. Accessed and dirty bits stay as they are.
 */
void walk_pages(const struct walk_machine *machine, const struct walk_memory *memory, uint64_t cr3,
		uint64_t address, enum walk_access access, bool user, struct walk *walk);

/* --- memory to walk in --- */

/* What a text of tables sets besides memory; options come after it. */
struct walk_settings {
	const struct walk_machine *machine; /* NULL: not said */
	bool has_cr3, has_gdt;
	uint64_t cr3;
	uint32_t gdt_base;
	uint16_t gdt_limit, ldt;
};

struct memory;
/* Both die() with EXIT_USAGE on a file that cannot be read or says what it cannot mean. */
struct memory *memory_of_text(const char *file, struct walk_settings *settings);
struct memory *memory_of_dump(const char *file, uint64_t first);
/* For struct walk_memory. */
bool memory_read(void *memory, uint64_t physical, void *bytes, unsigned n);
/* The file stays as it is. */
bool memory_write(void *memory, uint64_t physical, const void *bytes, unsigned n);
void memory_free(struct memory *memory);
/* A number, 0x for hexadecimal; false: it is none, or above @max. */
bool walk_number(const char *text, uint64_t max, uint64_t *value);

/*
 * Print what a saved pagemap, whose first entry is that of the page at @first, says of the address.
 * Returns 0: it is in memory, 1: not, or not told. Dies with EXIT_USAGE if the file has no entry for it.
 */
int walk_pagemap(const struct walk_machine *machine, const char *file, uint64_t first,
		 uint64_t address);

/* --- words --- */

void print_machine(const struct walk_machine *machine);
void print_split(const struct walk_machine *machine, uint64_t address);
/* Each step, and the end. */
void print_walk(const struct walk_machine *machine, const struct walk *walk);

#endif
