/*
 * The segmentation unit of an i386 (Intel SDM 3A, chapters 3, 5 and 7): descriptors, their tables,
 * segment registers, and what it takes to get from selector:offset to a linear address (S1-S4).
 *
 * One `struct segment_unit` is one CPU's; nothing here locks, sleeps or allocates.  Tables lie in
 * memory at linear addresses, which the owner of the unit reads and writes: through the MMU as on
 * a real CPU, from a file, or from an array.  `pagoda walk` links this file, too.
 */
#pragma once

#include "lib/segment.h"

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
