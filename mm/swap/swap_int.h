/*
 * Between the files of mm/swap.
 */
#pragma once

#include "lib/bitmap.h"
#include "lib/list.h"
#include "mm/swap/swap.h"
#include "mm/trace/trace.h"

/* A copy that nobody has asked for yet. Of a page's policy bits; reclaim has no use for this one. */
#define PAGE_READ_AHEAD (1U << (PAGE_POLICY_SHIFT + 1))

#define SWAP_CLUSTER    256U /* slots that are filled one after the other */

/* 12 bytes for each slot of an area. */
struct swap_slot {
	u32 refs;  /* entries that name it, and who holds it */
	u32 pfn;   /* of its copy in the swap cache, or 0 */
	u32 index; /* the copy's own index (low half), while page->index names the slot */
};

/* Pages on their way to slots that follow each other. */
struct swap_run {
	u32 first; /* slot */
	unsigned n;
	struct page *page[SWAP_RUN];
};

struct swap_area {
	struct list_head order; /* (swap_lock) on the list of open ones */
	int priority;           /* (swap_lock) */
	bool closed;            /* (swap_lock) gives no slots */
	spinlock_t lock;        /* guards what follows the constants */
	/* Constant while it is in use. */
	unsigned type;
	u32 pages; /* slots, with the header */
	u32 good;  /* without the header and bad pages */
	bool is_file;
	struct swap_backing *backing;
	struct swap_extent *extent;
	unsigned nr_extents;
	char *name;

	struct swap_slot *slot;
	unsigned long *taken; /* a bit for each slot in use, or never to be used */
	u16 *in_cluster;      /* how many of each cluster's are taken */
	unsigned long *
		stale; /* a bit for each cluster that is empty, which the disk does not know yet; or NULL */
	u32 used;
	u32 apart;              /* taken while the disk is told */
	u32 held;               /* of all refs, those by swap_hold() */
	u32 next;               /* where the search goes on */
	struct swap_run writes; /* not with the disk yet (io.c) */
	/* Read-ahead (readahead.c) */
	u32 ahead_window; /* how much was read at the last miss */
	u32 ahead_hits;   /* how much of it has been asked for */
	u32 ahead_last;   /* the slot that was missed */
};

static inline u32 swap_clusters(const struct swap_area *area)
{
	return DIV_ROUND_UP(area->pages, SWAP_CLUSTER);
}
/* Where a slot lies on the backing; how many from it on lie there in order. */
u32 swap_place_of(const struct swap_area *area, u32 slot, u64 *place);
/* A cluster of an area that discards has become empty. (area->lock) */
void swap_note_stale(struct swap_area *area, u32 cluster);

struct swap_area *swap_area_by_number(unsigned type);             /* or NULL */
struct swap_area *swap_lock_area(unsigned type) NO_LOCK_ANALYSIS; /* the same, with its lock held */
/* The area of an entry, which somebody keeps from going. */
struct swap_area *swap_area_of(swp_entry_t entry);
/* A slot of the best area that has one, named so often, whose copy `page` becomes, its index put by; or none. */
swp_entry_t swap_take_slot(struct page *page, u32 refs) __must_check;
/* As swap_free(); if it was the last, the copy in memory that it leaves, with a reference. held: 1, or 0. */
struct page *swap_free_last(swp_entry_t entry, u32 held);
/* Take a locked page out of the cache that nothing needs as a copy: no entry names its slot or maps it. */
void swap_cache_drop_orphan(struct page *page);
/* Give a slot back that nothing names and no page is a copy of. (area->lock) */
void swap_release_slot(struct swap_area *area, u32 slot);
