/*
 * The segmentation unit of an i386 (Intel SDM 3A, chapters 3, 5 and 7): descriptors, their tables,
 * segment registers, and what it takes to get from selector:offset to a linear address (S1-S4).
 *
 * One `struct segment_unit` is one CPU's; nothing here locks, sleeps or allocates.  Tables lie in
 * memory at linear addresses, which the owner of the unit reads and writes: through the MMU as on
 * a real CPU, from a file, or from an array.  `pagoda walk` links this file, too.
 */
#pragma once

#include "lib/types.h"

#define SEGMENT_ENTRY_BYTES       8
#define SEGMENT_ENTRIES           8192 /* that a limit of 16 bits has room for */
#define SEGMENT_USABLE            8191 /* in a GDT: selector 0 means no segment */

/* A selector: index (15-3), TI (2: 0 GDT, 1 LDT), RPL (1-0). */
#define SELECTOR(index, ldt, rpl) ((u16)((index) << 3 | (ldt) << 2 | (rpl)))
static inline unsigned selector_index(u16 selector)
{
	return selector >> 3;
}
static inline bool selector_ldt(u16 selector)
{
	return selector >> 2 & 1;
}
static inline unsigned selector_rpl(u16 selector)
{
	return selector & 3;
}
/* Null: indices 0 of the GDT, whatever the RPL. */
static inline bool selector_null(u16 selector)
{
	return selector < 4;
}

/* A descriptor's fields as the manual names them. */
struct segment {
	u32 base;
	u32 limit; /* the 20 bits; segment_limit() is in bytes */
	u8 type;   /* 4 bits */
	u8 dpl;    /* 2 bits */
	bool s;    /* code or data; false: of the system's */
	bool p;    /* present */
	bool avl;  /* software's */
	bool db;   /* 32 bits */
	bool g;    /* the limit counts pages of 4 KiB */
};

/* Types with S=1: 8 code; of code 4 conforming, 2 readable; of data 4 expand-down, 2 writable; 1 accessed. */
enum {
	SEGMENT_ACCESSED = 1,
	SEGMENT_WRITABLE = 2,
	SEGMENT_READABLE = 2,
	SEGMENT_DOWN = 4,
	SEGMENT_CONFORMING = 4,
	SEGMENT_CODE = 8,
};
/* Types with S=0. */
enum { SYSTEM_LDT = 2, SYSTEM_TSS = 9, SYSTEM_TSS_BUSY = 11 };

#define TSS_BYTES 236
#define TSS_LIMIT 0xeb /* of the least TSS; #TS if it is smaller */

u64 segment_encode(const struct segment *segment);
struct segment segment_decode(u64 descriptor);
/* The limit in bytes: the last offset, or for expand-down segments the last that is out. */
u32 segment_limit(const struct segment *segment);
/* What the type says, in words ("code, readable"); constant. */
const char *segment_kind(const struct segment *segment);

/* --- the unit --- */

enum segment_name { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEGMENT_REGISTERS };

/* A register: what programs see, and its hidden part, filled when the selector is loaded. */
struct segment_register {
	u16 selector;
	bool usable; /* false: null, or nothing loaded yet */
	struct segment hidden;
};

struct segment_unit {
	struct {
		u32 base;
		u16 limit; /* bytes - 1 */
	} gdtr;
	struct segment_register ldtr, tr;
	struct segment_register reg[SEGMENT_REGISTERS];
	u8 cpl;
	/*
	 * Bytes of the tables at a linear address, read and written as the supervisor does. False: a
	 * page fault; the operation under way ends as SEGMENT_PF and has changed no register.
	 */
	bool (*read)(void *owner, u32 linear, void *bytes, unsigned n);
	bool (*write)(void *owner, u32 linear, const void *bytes, unsigned n);
	void *owner;
};

enum segment_vector {
	SEGMENT_OK = 0,
	SEGMENT_TS = 10,
	SEGMENT_NP = 11,
	SEGMENT_SS = 12,
	SEGMENT_GP = 13,
	SEGMENT_PF = 14,
};

/* How an operation ended. */
struct segment_fault {
	enum segment_vector vector;
	u16 error;       /* a selector without its RPL, or 0; for SEGMENT_PF see `linear` */
	u32 linear;      /* SEGMENT_PF: what could not be read or written */
	const char *why; /* one phrase; constant */
};

/* The linear address of a selector's entry, in *linear; #GP(selector) beyond the table. */
struct segment_fault segment_entry(const struct segment_unit *unit, u16 selector, u32 *linear);

/*
 * MOV to a data or stack segment register. Null is fine but for SS. On SEGMENT_OK the hidden part is
 * the table's entry as it is now, its accessed bit set in both; nothing that is done to the table
 * later shows until the next load.
 */
struct segment_fault segment_load(struct segment_unit *unit, enum segment_name name, u16 selector);
/*
 * A far JMP to a code segment: loads CS, whose RPL becomes the CPL, which stays. The offset must be
 * within the limit. Gates and task switches are not here: descriptors of the system's are #GP(selector).
 */
struct segment_fault segment_far_jump(struct segment_unit *unit, u16 selector, u32 offset);
/* LLDT, LTR (which makes the TSS busy). #GP(0) unless the CPL is 0. */
struct segment_fault segment_load_ldt(struct segment_unit *unit, u16 selector);
struct segment_fault segment_load_task(struct segment_unit *unit, u16 selector);
/*
 * The stack that a trap from an outer ring gets: SS and ESP of the TSS for `ring`, checked as the CPU
 * does (#TS, #SS). Nothing is loaded.
 */
struct segment_fault segment_inner_stack(struct segment_unit *unit, unsigned ring, u16 *ss,
					 u32 *esp);

enum segment_access { SEGMENT_READ, SEGMENT_WRITE, SEGMENT_EXEC };
/*
 * The linear address of `bytes` (1 or more) at an offset: base + offset, if the type allows the access and
 * the limit all of the bytes; else #SS(0) through SS, #GP(0) through others. Bytes that wrap around the
 * end of 32 bits of offset are beyond every limit.
 */
struct segment_fault segment_linear(const struct segment_unit *unit, enum segment_name name,
				    u32 offset, u32 bytes, enum segment_access access, u32 *linear);
