/*
 * Segment descriptors (Intel SDM 3A, 3.4.5; SYSTEM.md S2):
 *
 *   63     56 55 54 53 52 51  48 47 46 45 44 43  40 39           16 15          0
 *   base high G  D  L  A  limit  P  DPL   S  type   base, 24 bits   limit, 16 bits
 */
#pragma once

#include "lib/types.h"
#include "sync/percpu.h"

/* Bits 40 to 55 in their places, seen from bit 40 on. */
#define SEGMENT_TYPE(n) (n)  /* 4 bits */
#define SEGMENT_S       0x10 /* code or data; else of the system */
#define SEGMENT_DPL(n)  ((n) << 5)
#define SEGMENT_P       0x80
#define SEGMENT_A       0x1000 /* available to software */
#define SEGMENT_L       0x2000
#define SEGMENT_D       0x4000 /* 32-bit */
#define SEGMENT_G       0x8000 /* the limit counts pages */

#define SEGMENT_CODE    (SEGMENT_P | SEGMENT_S | SEGMENT_TYPE(0xa))
#define SEGMENT_DATA    (SEGMENT_P | SEGMENT_S | SEGMENT_TYPE(2))
#define SEGMENT_TSS     (SEGMENT_P | SEGMENT_TYPE(9))
#define SEGMENT_LDT     (SEGMENT_P | SEGMENT_TYPE(2))
#define SEGMENT_USER    SEGMENT_DPL(3)
#define SEGMENT_FLAT    (SEGMENT_G | SEGMENT_D)

#define SEGMENT(base, limit, bits)                                                           \
	(((u64)(limit)&0xffff) | ((u64)(base)&0xffffff) << 16 | (u64)((bits)&0xf0ff) << 40 | \
	 ((u64)(limit) >> 16 & 0xf) << 48 | ((u64)(base) >> 24 & 0xff) << 56)

#define SEGMENT_BASE(descriptor) \
	((u32)((descriptor) >> 16 & 0xffffff) | (u32)((descriptor) >> 56) << 24)

struct arch_tls;
struct ldt;

/* This CPU's GDT, and of how many entries. */
DECLARE_PER_CPU(u64 *, gdt);
DECLARE_PER_CPU(unsigned, gdt_entries);
/* Another, larger one for this CPU: it gets the fixed entries but for TSS and LDT. At boot. */
void gdt_replace(u64 *table, unsigned entries);
u64 ldt_descriptor(const struct ldt *ldt);

/* The running task's descriptors into this CPU's GDT; interrupts off. */
void load_tls(const struct arch_tls *tls);
/* What cr3 holds when no program's space is loaded. */
unsigned long kernel_root(void);
