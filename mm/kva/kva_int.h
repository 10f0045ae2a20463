/*
 * Inside the floor of kernel virtual memory: what kva.c, range.c, stack.c and check.c share.
 */
#pragma once

#include "lib/rbtree.h"
#include "mm/kva/kva.h"
#include "mm/pgtable/pgtable.h"

/*
 * A range of kernel addresses: free, in use, or freed but perhaps still in some TLB. One
 * structure for all three, so that freeing needs no memory.
 */
struct kva_area {
	struct rb_node by_start; /* (kva_lock) free: region->free; in use: region->used */
	union {
		struct rb_node by_size; /* (kva_lock) free */
		struct kva_area *next;  /* (kva_lock) freed: region->lazy */
	};
	unsigned long start, bytes; /* in use: with the guard page */
	/* In use; constant then. */
	const void *caller;
	const char *kind;
	unsigned long pages; /* mapped; without the guard */
	phys_addr_t phys;    /* ioremap */
	bool owns_pages;     /* they are freed with the area */
};

struct kva_region {
	unsigned long start, end; /* constant */
	struct rb_root free;      /* by start (kva_lock) */
	struct rb_root free_size; /* the same by size, then start (kva_lock) */
	struct rb_root used;      /* by start (kva_lock) */
	struct kva_area *lazy;    /* (kva_lock) */
	unsigned long lazy_bytes; /* (kva_lock) */
};

enum { REGION_VMALLOC, REGION_MODULES, KVA_REGIONS };
extern struct kva_region kva_regions[KVA_REGIONS];
extern spinlock_t kva_lock;

/* range.c: addresses alone */
void kva_ranges_init(void);
/* A range of `bytes`, a multiple of the page size, and a structure for it; NULL. May sleep. */
struct kva_area *kva_alloc_range(struct kva_region *region, unsigned long bytes);
/* Nothing is mapped in it any more. May flush all CPUs' TLBs. */
void kva_free_range(struct kva_region *region, struct kva_area *area);
void kva_purge(void); /* make all freed ranges available at once */
struct kva_region *kva_region_of(unsigned long address);
struct kva_area *kva_find_used(struct kva_region *region, unsigned long address); /* lock held */
struct kva_area *kva_next_used(struct kva_region *region, unsigned long after);   /* lock held */

/* kva.c: with pages */
void *kva_new(struct kva_region *region, unsigned long pages, gfp_t gfp, int nid, const char *kind,
	      const void *caller);
void kva_release(const void *addr);
unsigned long kva_drain_stacks(void);
