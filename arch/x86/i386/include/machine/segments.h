/*
 * What an address space has of segments (SYSTEM.md S3, S6): a local descriptor table, which all its
 * threads share. Most have none of their own: then the CPU is given the default one.
 *
 * The machine loads tables, kernel/abi32/ldt.c makes them. A table that is loaded anywhere is never
 * written: a change is a new table, which every CPU that runs the space loads before the
 * old one is freed.
 */
#pragma once

#include "lib/types.h"

#define LDT_ENTRIES_MAX 8192U

struct arch_mm;

struct ldt {
	u64 *descriptor; /* 8-byte aligned; the CPU itself sets nothing: all have the accessed bit */
	unsigned entries; /* at least 1 */
};

struct space_segments {
	const struct ldt
		*ldt; /* NULL: the default one; (ldt_lock; read when the space is loaded) */
};

/* The default table: three entries (S3). */
extern const struct ldt default_ldt;
/* This CPU, which has the space loaded, loads its table, which is another now. Interrupts off. */
void arch_mm_reload_ldt(struct arch_mm *mm);

/*
 * A new space gets a copy of its parent's table: 0 or -ENOMEM. May sleep. And the table of a space that
 * no CPU has loaded any more is given back. By kernel/abi32/ldt.c, which registers them.
 */
struct ldt_ops {
	int (*copy)(struct arch_mm *child, const struct arch_mm *parent);
	void (*free)(const struct ldt *ldt);
};
extern const struct ldt_ops *ldt_ops;
int arch_mm_fork(struct arch_mm *child, const struct arch_mm *parent);
