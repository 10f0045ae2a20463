/*
 * The buddy system itself: the free blocks of one zone (SYSTEM.md S24).  Private
 * to the frame floor and its tests; it knows nothing of nodes, watermarks or
 * per-CPU lists, so a test can run it on a handful of frames.
 *
 * Every function but buddy_init() needs zone->lock held.
 */
#pragma once

#include "lib/bitmap.h"
#include "mm/frame/zone.h"

/* Bytes of bitmaps and page-block types for a zone of this span. */
size_t buddy_metadata_bytes(pfn_t start_pfn, unsigned long spanned_pages);
/*
 * Make the zone empty: nothing free, all page blocks movable. The span
 * (start_pfn, spanned_pages) is set; `metadata` is zeroed and word aligned.
 */
void buddy_init(struct zone *zone, void *metadata);

/*
 * Frames [start, end) become free for the first time (boot, or reserved memory given
 * back): as the largest aligned blocks, behind what is free already.
 */
void buddy_add_range(struct zone *zone, pfn_t start, pfn_t end);

/*
 * Take a block of 2^order frames, of the type if there is one, else by fallback;
 * NULL when no order serves. Its descriptors are as they were when it came.
 */
struct page *buddy_take(struct zone *zone, unsigned order, enum migratetype type);
/* Take up to n single frames; returns how many. The numbers ascend within a block. */
unsigned buddy_take_singles(struct zone *zone, enum migratetype type, unsigned n, u32 *pfn);
/* Give a block back; it merges upwards with its free buddies. */
void buddy_give(struct zone *zone, pfn_t pfn, unsigned order);
void buddy_give_single(struct zone *zone, pfn_t pfn);
/* This single frame will be given soon: fetch what merging it will touch, for two orders. */
static inline void buddy_prefetch(const struct zone *zone, pfn_t pfn)
{
	unsigned long pair = (pfn - zone->base_pfn) >> 1;

	if (!bitmap_test(zone->free_area[0].pair_map, pair))
		return;
	/* The buddy is free: it will leave its list, between these two. */
	const struct page *buddy = pfn_to_page(pfn ^ 1);

	if (buddy->next < PAGE_LIST_ID)
		__builtin_prefetch(pfn_to_page(buddy->next), 1);
	if (buddy->prev < PAGE_LIST_ID)
		__builtin_prefetch(pfn_to_page(buddy->prev), 1);
	if (bitmap_test(zone->free_area[1].pair_map, pair >> 1))
		__builtin_prefetch(pfn_to_page((pfn ^ 2) & ~1UL), 1);
}

/* Is there a block of at least this order for a request of this type? */
bool buddy_can_serve(const struct zone *zone, unsigned order, enum migratetype type);

/* The page block of a frame of the zone. No lock: the answer may be old. */
static inline enum migratetype buddy_type(const struct zone *zone, pfn_t pfn)
{
	return (enum migratetype)READ_ONCE(
		zone->pageblock_type[(pfn - zone->base_pfn) >> PAGEBLOCK_ORDER]);
}
/*
 * Change a page block's type and move its free blocks to the lists of the new type;
 * returns the frames moved. The block's frames must all be RAM of the zone.
 */
unsigned long buddy_set_type(struct zone *zone, pfn_t pfn, enum migratetype type);

/* ---- between buddy.c and mobility.c ---- */

void buddy_insert(struct zone *zone, struct page *page, unsigned order, enum migratetype type,
		  bool front);
void buddy_remove(struct zone *zone, struct page *page, unsigned order, enum migratetype type);
/*
 * The type has no block for this order: make that it has one by claiming page blocks of another
 * type, or name a block to take from where it is. False: nothing is large enough.
 */
struct buddy_choice {
	struct page *page;
	unsigned order;
	enum migratetype type; /* the list it is on */
};
bool buddy_fallback(struct zone *zone, unsigned order, enum migratetype type,
		    struct buddy_choice *choice);

/*
 * The checks of one zone (check.c), lock held or nobody else about. `seen`: a zeroed bitmap of
 * the zone's frames from base_pfn on, or NULL.
 */
unsigned zone_check(struct zone *zone, unsigned long *seen);
