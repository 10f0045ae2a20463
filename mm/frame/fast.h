/*
 * The fast paths of the frame floor, inlined: a single page from this CPU's list
 * and back to it.  No lock, no atomic operation, no watermark: those were paid for
 * when the list was refilled.  Included by frame.h alone.
 */
#pragma once

struct frame_cpu {
	/* By highest zone of the request: the list of the zone that is asked first. */
	struct per_cpu_pages *wanted[MAX_NR_ZONES];
	/* By page->flags >> PAGE_ZONE_SHIFT: where a page of that zone goes back. */
	struct per_cpu_pages *zone[PAGE_ZONE_IDS];
	u32 drain_asked; /* atomic: another CPU wants the lists emptied */
	int nid;         /* this CPU's node */
};
DECLARE_PER_CPU(struct frame_cpu, frame_cpu);

/* Behind the fast paths (alloc.c, pcp.c). nid -1: this CPU's node. */
struct page *alloc_pages_slow(int nid, gfp_t gfp, unsigned order);
void free_pages_slow(struct page *page, unsigned order);
void free_bad_page(struct page *page, const char *why);
void pcp_overflow(struct per_cpu_pages *pcp, struct pcp_ring *ring);
void clear_pages(struct page *page, unsigned order);

#ifdef PAGODA_DEBUG
/* Poison, owner, fail_nth (debug.c); no-ops in the release build. */
void frame_debug_alloc(struct page *page, unsigned order, const void *caller);
/* After zeroing: pages asked for with __GFP_HIGHMEM may not be touched but through windows. */
void frame_debug_hide(struct page *page, unsigned order, gfp_t gfp);
/* False: it must not be freed (it has been already). */
bool frame_debug_free(struct page *page, unsigned order);
#else
static inline void frame_debug_alloc(struct page *page, unsigned order, const void *caller)
{
}
static inline void frame_debug_hide(struct page *page, unsigned order, gfp_t gfp)
{
}
static inline bool frame_debug_free(struct page *page, unsigned order)
{
	return true;
}
#endif

/* A page with one of these has a user still (or is free already): it must not be freed. */
#define PAGE_FLAGS_IN_USE                                                             \
	(1u << PG_locked | 1u << PG_lru | 1u << PG_unevictable | 1u << PG_writeback | \
	 1u << PG_swapcache | 1u << PG_reserved | 1u << PG_buddy | 1u << PG_slab |    \
	 1u << PG_table | 1u << PG_head | 1u << PG_tail)
#define PAGE_FLAGS_CONSTANT (~0u << PAGE_ZONE_SHIFT)

static __always_inline struct page *alloc_page_from(struct per_cpu_pages *pcp, gfp_t gfp)
{
	struct pcp_ring *ring = &pcp->ring[gfp_migratetype(gfp)];

	if (unlikely(ring->head == ring->tail))
		return NULL;

	struct page *page = pfn_to_page(ring->pfn[--ring->head % PCP_RING]);

	atomic_set(&page->refcount, 1);
	return page;
}

static __always_inline struct page *alloc_page(gfp_t gfp)
{
	struct per_cpu_pages *pcp = this_cpu(frame_cpu).wanted[gfp_zone(gfp)];

#ifdef PAGODA_DEBUG
	if (should_fail_alloc(gfp))
		return NULL;
#endif
	struct page *page = alloc_page_from(pcp, gfp);

	if (unlikely(!page))
		return alloc_pages_slow(-1, gfp, 0);
	pcp->allocs++;
	trace_page_alloc(page_to_pfn(page), 0, gfp, page->flags >> PAGE_ZONE_SHIFT);
	frame_debug_alloc(page, 0, __builtin_return_address(0));
	if (gfp & __GFP_ZERO)
		clear_pages(page, 0);
	frame_debug_hide(page, 0, gfp);
	return page;
}

static inline struct page *alloc_pages(gfp_t gfp, unsigned order)
{
	if (order == 0)
		return alloc_page(gfp);
#ifdef PAGODA_DEBUG
	if (should_fail_alloc(gfp))
		return NULL;
#endif
	return alloc_pages_slow(-1, gfp, order);
}

/* The page's count is zero and nobody can find it. */
static __always_inline void free_unreferenced_page(struct page *page)
{
	u32 flags = page->flags;

	if (unlikely((flags & PAGE_FLAGS_IN_USE) | (u32)page_mapcount(page))) {
		free_bad_page(page, "in use when freed");
		return;
	}

	/*
	 * Which ring is told by branches, not by an address made from what was loaded: a predicted
	 * branch costs nothing, while the next allocation's load would wait for the address.
	 */
	struct per_cpu_pages *pcp = this_cpu(frame_cpu).wanted[ZONE_NORMAL];

	if (unlikely(pcp->zone_id != flags >> PAGE_ZONE_SHIFT)) {
		pcp = this_cpu(frame_cpu).zone[flags >> PAGE_ZONE_SHIFT];
		barrier();
	}

	pfn_t pfn = page_to_pfn(page);
	unsigned type = READ_ONCE(pcp->pageblock_type[pfn >> PAGEBLOCK_ORDER]);
	struct pcp_ring *ring = &pcp->ring[MIGRATE_MOVABLE];

	if (type != MIGRATE_MOVABLE) {
		if (unlikely(type >= MIGRATE_PCPTYPES)) {
			free_pages_slow(page, 0);
			return;
		}
		ring = &pcp->ring[MIGRATE_UNMOVABLE];
		barrier();
		if (type != MIGRATE_UNMOVABLE) {
			ring = &pcp->ring[MIGRATE_RECLAIMABLE];
			barrier();
		}
	}
	WRITE_ONCE(page->flags, flags & PAGE_FLAGS_CONSTANT);
	page->mapping = 0;
	if (!frame_debug_free(page, 0))
		return;
	trace_page_free(pfn, 0, type, flags >> PAGE_ZONE_SHIFT);

	ring->pfn[ring->head++ % PCP_RING] = (u32)pfn;
	if (unlikely(ring->head - ring->tail > pcp->high))
		pcp_overflow(pcp, ring);
}

static __always_inline void __free_page(struct page *page)
{
	ASSERT((unsigned)page_ref_count(page) <= 1);
	atomic_set(&page->refcount, 0);
	free_unreferenced_page(page);
}

static inline void __free_pages(struct page *page, unsigned order)
{
	if (order == 0) {
		__free_page(page);
		return;
	}
	ASSERT((unsigned)page_ref_count(page) <= 1);
	atomic_set(&page->refcount, 0);
	free_pages_slow(page, order);
}

static inline void drain_pages_if_asked(void)
{
	if (unlikely(READ_ONCE(this_cpu(frame_cpu).drain_asked)))
		drain_local_pages();
}
