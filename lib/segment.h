/*
 * Segments of an i386 as data: selectors, and descriptors of 8 bytes taken apart and put together
 * (Intel SDM 3A, 3.4 and 3.5; SYSTEM.md S2). What a CPU does with them is the machines' business.
 *
 *   63     56 55 54 53 52 51  48 47 46 45 44 43  40 39           16 15          0
 *   base high G  D  L  A  limit  P  DPL   S  type   base, 24 bits   limit, 16 bits
 *
 * Pure functions; any context.
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

/* An entry of the IDT, or a gate in the others. Of a task gate only the selector counts. */
struct gate {
	u32 offset;
	u16 selector;
	u8 type, dpl;
	bool p;
};
struct gate gate_decode(u64 descriptor);
