/*
 * What an address space has of segments (SYSTEM.md S3, S6): a local descriptor table, which all its
 * threads share; and where the kernel's code for it is. Most have none of their own: then the CPU is given the default one.
 *
 * The machine loads tables, kernel/abi32/ldt.c makes them. A table that is loaded anywhere is never
 * written: a change is a new table, which every CPU that runs the space loads before the
 * old one is freed.
 */
#pragma once

#include "lib/types.h"

#define LDT_ENTRIES_MAX 8192U

struct arch_mm;
struct arch_thread;

#define IO_PORTS 1024 /* the bitmap's; beyond it they are denied anyway */

/* What a CPU knows of a task (Intel SDM 3A, 8.2.1; S4). */
struct tss {
	u32 back_link, sp0, ss0, sp1, ss1, sp2, ss2;
	u32 cr3, ip, flags, ax, cx, dx, bx, sp, bp, si, di;
	u32 es, cs, ss, ds, fs, gs, ldt;
	u16 trap, io_map; /* the bitmap's distance from here */
	u32 io_bitmap[IO_PORTS / 32 + 1];
};
static_assert(sizeof(struct tss) == 236, "SYSTEM.md S4");

/* The CPU's tables, to be read back (S7): they change under the reader. */
struct descriptor_table {
	const void *base; /* descriptors of 8 bytes */
	unsigned entries;
};
struct descriptor_table machine_gdt(unsigned cpu);
struct descriptor_table machine_idt(void); /* one for all CPUs */

struct ldt {
	u64 *descriptor; /* 8-byte aligned; the CPU itself sets nothing: all have the accessed bit */
	unsigned entries; /* at least 1 */
};

struct space_segments {
	const struct ldt
		*ldt; /* NULL: the default one; (ldt_lock; read when the space is loaded) */
	/* Where the vDSO is mapped (machine/vdso.h), 0: nowhere. (mmap_lock; read by its own tasks) */
	unsigned long vdso;
};

/* What a thread has of segments where the processor switches tasks (S5); unused else. */
struct thread_segments {
	u16 slot;                    /* its TSS and LDT descriptors in the GDT */
	const struct arch_mm *space; /* whose tables its TSS names; NULL: the kernel's */
};
/* The thread lives in this space from now on, in none (NULL) as kernel threads do. */
void arch_thread_space(struct arch_thread *t, const struct arch_mm *mm);
/* The selectors of the TSS and the LDT that the CPU has loaded while the thread runs. */
u16 machine_tss_selector(const struct arch_thread *t);
u16 machine_ldt_selector(const struct arch_thread *t);

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
