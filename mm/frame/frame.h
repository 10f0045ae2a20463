/*
 * The frame floor: physical memory, page by page (SYSTEM.md S19-S26).
 *
 * Sleeping: only requests with __GFP_DIRECT_RECLAIM may sleep. No call may be
 * made from an interrupt handler.
 */
#pragma once

#include "mm/frame/gfp.h"
#include "mm/frame/page.h"
#include "mm/frame/vmstat.h"
#include "mm/frame/zone.h"
#include "mm/trace/trace.h"

/*
 * Early memory, before the zones stand (mm/frame/early.c): from ram_map's usable ranges minus
 * what has been reserved. The kernel image, the initrd and the tables in use are
 * reserved by the machine first.
 */
void early_reserve(phys_addr_t start, u64 bytes, const char *what);
/* Zeroed, aligned; on the node if it can; panics when there is none (boot cannot go on). */
void *early_alloc(size_t bytes, size_t align, int node);
void *early_alloc_below(size_t bytes, size_t align, phys_addr_t limit);
/* Walk reservations in order of address (for /proc/iomem); false at the end. */
bool early_reservation(unsigned n, phys_addr_t *start, u64 *bytes, const char **what);

/* Build nodes, zones, mem_map; give all free RAM to the buddy system. Once, on the boot CPU. */
void frame_init(void);
/* Per-CPU lists of a CPU that is about to start. 0 or -ENOMEM. */
int frame_cpu_init(unsigned cpu);
/* Return reserved early memory (the initrd once it is unpacked) to the buddy system. */
void free_reserved_range(phys_addr_t start, u64 bytes);

/* Are all of these frames RAM (usable, though perhaps reserved)? Else they have no descriptor. */
bool frames_present(pfn_t start, unsigned long n);
bool any_frame_present(pfn_t start, unsigned long n);

/*
 * 2^order contiguous pages, aligned to their size; the first one's reference count is 1.
 * NULL when there are none. Order above 10: NULL with one warning. The node is this CPU's,
 * or the given one, or the nearest that has memory.
 *
 * A page comes with no flags, no mapping, mapcount 0; its index is whatever it was.
 */
struct page *alloc_pages_node(int nid, gfp_t gfp, unsigned order) __must_check;
static inline struct page *alloc_pages(gfp_t gfp, unsigned order) __must_check;
static inline struct page *alloc_page(gfp_t gfp) __must_check;
/*
 * Up to n single pages; returns how many were stored: none only if not one could be had by the
 * means of gfp; the others are taken as far as that needs no waiting.
 */
unsigned alloc_pages_bulk(gfp_t gfp, unsigned n, struct page **pages);
/*
 * The reference count must be 0 or 1 with no other user, nor one that may try
 * get_page_unless_zero(): pages that others can find go by put_page() or
 * release_pages() (mm/lru). __free_page drops that one count. The page must be off all lists
 * and not mapped, locked, slab or table; mapping and harmless flags are cleared here.
 */
static inline void __free_pages(struct page *page, unsigned order);
static inline void __free_page(struct page *page);
/* n single pages whose count has reached zero already: the batch form. */
void free_pages_bulk(struct page **pages, unsigned n);

/* The same by direct-map address, for the kernel's own use. */
void *get_free_pages(gfp_t gfp, unsigned order) __must_check;
void *get_zeroed_page(gfp_t gfp) __must_check;
void free_pages(void *addr, unsigned order);
#define free_page(addr) free_pages(addr, 0)
/* Exactly `bytes` rounded up to pages; the surplus of the block is given back (S24). */
void *alloc_pages_exact(size_t bytes, gfp_t gfp) __must_check;
void *alloc_pages_exact_node(int nid, size_t bytes, gfp_t gfp) __must_check;
void free_pages_exact(void *addr, size_t bytes);
/* Make a block of 2^order (not compound) into single pages, each with a count of one. */
void split_page(struct page *page, unsigned order);

/*
 * Empty this CPU's lists into the buddy system. drain_all_pages() asks the other CPUs to do the
 * same; each does when it next refills its lists, gives back from them, or passes
 * drain_pages_if_asked() -- which the scheduler calls, so that idle ones answer, too.
 */
void drain_local_pages(void);
void drain_all_pages(void);
static inline void drain_pages_if_asked(void);

/* What upper floors give this one: how to get memory back when it is short (cold). */
struct frame_ops {
	void (*wake_kswapd)(struct zone *zone, unsigned order);
	/* Try to free; pages freed, 0 if none could be. May sleep. */
	unsigned long (*direct_reclaim)(const struct zonelist *zonelist, unsigned order, gfp_t gfp);
	/* Nothing was freed: is some on its way, or in the hands of others who reclaim? */
	bool (*reclaim_under_way)(void);
	/* True if it was worth it: try again. */
	bool (*out_of_memory)(gfp_t gfp, unsigned order);
	/* Slab caches etc. give back what they hold spare. Pages freed. */
	unsigned long (*shrink)(gfp_t gfp);
	/* For reports: swap space in pages, and the running task's name. */
	void (*swap_space)(unsigned long *free, unsigned long *total);
	const char *(*task_name)(void);
};
extern struct frame_ops frame_ops;

/* Requests that had to reclaim by themselves, by the highest zone they may use. */
unsigned long alloc_stalls(enum zone_type highest);

/* Sums over all nodes, in pages. */
unsigned long nr_free_pages(void);
unsigned long totalram_pages(void);       /* managed */
unsigned long nr_free_highpages(void);    /* of HIGHMEM */
unsigned long totalhigh_pages(void);      /* HIGHMEM's, managed */
unsigned long nr_pcp_pages(void);         /* on per-CPU lists */
unsigned long nr_free_buffer_pages(void); /* managed, above the high marks */
unsigned long si_mem_available(void);     /* MemAvailable's estimate, in pages */

/* /proc/sys/vm: reading and changing the marks. 0 or -EINVAL. */
extern unsigned long min_free_kbytes;
extern unsigned watermark_scale_factor;
extern int lowmem_reserve_ratio[MAX_NR_ZONES];
extern unsigned percpu_pagelist_high_fraction; /* 0: the rule of pcp.c */
int set_min_free_kbytes(unsigned long kbytes);
extern unsigned long totalreserve_pages; /* what user memory cannot count on (overcommit) */
/* Before frame_init(): zonelists that try NORMAL before HIGHMEM, as one text has it (S21). */
extern bool zonelist_normal_first;
void setup_zone_marks(void); /* recompute watermarks and reserves after a change */

/* Does this kind of machine have the zone at all? Reports leave the others out. */
bool zone_type_exists(enum zone_type type);

/* A consistent picture of a zone's free lists, for /proc and sysrq m. */
struct zone_snapshot {
	unsigned long blocks[MIGRATE_TYPES][MAX_ORDER]; /* free blocks by type and order */
	unsigned long pageblocks[MIGRATE_TYPES];        /* page blocks by type */
	unsigned long free_pages;
};
void zone_snapshot(struct zone *zone, struct zone_snapshot *snapshot);
const char *migratetype_name(enum migratetype type);
enum migratetype pageblock_type(const struct page *page);
const char *zone_type_name(enum zone_type type); /* "DMA", "DMA32", "Normal", ... */

/* Frames seen from outside (look.c): the first number behind all frames; is it in a free block? */
pfn_t frames_end(void);
bool frame_in_free_block(pfn_t pfn);
/* Set the bits of those of n frames that are on some CPU's list. Exact while nothing happens. */
void frames_on_cpu_lists(pfn_t start, unsigned n, unsigned long *map);

/* The report of sysrq m and of failed allocations (S26), to the log. */
void show_mem(void);

/* Every invariant of this floor; the number of violations, each logged (mm_check). */
unsigned frame_check(void);
void frame_mark(void); /* mm/mark.h */

/* Debug builds: fail allocations on purpose. The n-th from now fails (0: off); this task only. */
void fail_nth_set(unsigned n);
bool should_fail_alloc(gfp_t gfp);
unsigned fail_nth_left(void); /* 0 once it has struck */
/* Debug builds: the address a page in use was allocated from; else 0. */
unsigned long page_alloc_caller(const struct page *page);

/* Allocation flags by name, as reports have them: "GFP_KERNEL|__GFP_ZERO". The length. */
size_t gfp_text(gfp_t gfp, char *text, size_t size);

#include "mm/frame/fast.h"
