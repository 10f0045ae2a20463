/*
 * Taking and giving pages: everything behind the inlined fast paths.
 *
 * A request walks down these steps until one of them serves it (S25):
 *
 *   1  this CPU's list                              fast.h
 *   2  each zone of the zonelist that stays above its low mark:
 *      refill the list, or take the block from the buddy system
 *   3  wake kswapd; again down to the min marks -- or deeper, for those who may;
 *      once more with this CPU's lists emptied
 *   4  if it may sleep: reclaim directly, have all CPUs' lists emptied, again
 *   5  order 0..3: the OOM killer, again
 *   6  report and return NULL
 *
 * Where steps 4 and 5 end: while reclaim brings something, or something is on its way, sixteen times
 * (a single page, which somebody else may have taken first, as often as reclaim brings any);
 * an order above 3 ("costly") or __GFP_NORETRY gives up after the first; __GFP_RETRY_MAYFAIL never
 * kills; __GFP_NOFAIL never gives up.  A task with a fatal signal gets one try
 * at the reserve, so that it can die, and then fails.  Who is getting memory back, and asks for some to
 * do so, may take the last page, and never comes to step 4.
 *
 * A list is refilled by a whole batch only while the zone is above its low mark.  Below,
 * by the one page that was asked for: pages of the reserve that came into a list
 * would be handed to anybody by the fast path.
 *
 * Blocks of order 1 to 6 go to small stacks of this CPU and come from there while they last;
 * larger ones, from and to the buddy system under the zone's lock.
 */
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame/buddy.h"
#include "mm/frame/kmap.h"
#include "mm/frame/early.h"
#include "mm/frame/marks.h"
#include "mm/frame/pcp.h"
#include "mm/frame/report.h"
#include "sync/task.h"

#define COSTLY_ORDER 3 /* above, failing is the normal end */
#define MAX_RETRIES  16

struct frame_ops frame_ops;

/* A request under way. */
struct request {
	gfp_t gfp;
	unsigned order;
	enum zone_type highest;
	enum migratetype type;
	int nid; /* wanted node */
	const struct zonelist *zonelist;
};

static void count_allocation(struct zone *zone, const struct request *request)
{
	struct per_cpu_pages *pcp = zone->pcp[cpu_id()];
	int nid = zone->node->nid, here = this_cpu(frame_cpu).nid;

	pcp->more_pages += 1UL << request->order;
	if (nid == request->nid && nid == here) {
		pcp->allocs++;
		pcp->more_pages--;
		return;
	}
	if (nid == request->nid) {
		pcp->numa[NUMA_HIT]++;
	} else {
		struct pglist_data *wanted = node_data[request->nid];
		struct zone *foreign = wanted->zonelist_thisnode[request->highest].zone[0];

		pcp->numa[NUMA_MISS]++;
		if (foreign)
			foreign->pcp[cpu_id()]->numa[NUMA_FOREIGN]++;
	}
	pcp->numa[nid == here ? NUMA_LOCAL : NUMA_OTHER]++;
}

/* One page of the zone, by way of this CPU's list. */
static struct page *take_single(struct zone *zone, const struct request *request,
				struct reach reach)
{
	struct per_cpu_pages *pcp = zone->pcp[cpu_id()];
	struct page *page = alloc_page_from(pcp, request->gfp);

	if (page)
		return page;

	/* Not below the low mark by a batch, and not into the list with the reserve. */
	unsigned long free = READ_ONCE(zone->free_pages);
	unsigned long keep = zone->watermark[WMARK_LOW] + zone->lowmem_reserve[request->highest];
	unsigned long spare = reach.mark == WMARK_LOW && free > keep ? free - keep : 1;

	if (!pcp_refill(pcp, request->type, (unsigned)min(spare, (unsigned long)pcp->batch)))
		return NULL;
	return alloc_page_from(pcp, request->gfp);
}

/* A block of order 1 and more: from this CPU's stack, or under the lock. */
static __always_inline struct page *take_block(struct per_cpu_pages *pcp, unsigned order,
					       enum migratetype type)
{
	struct zone *zone = pcp->zone;
	struct page *page = NULL;

	if (order <= PCP_BLOCK_ORDERS)
		page = pcp_take_block(pcp, order, type);
	if (!page) {
		spin_lock(&zone->lock);
		page = buddy_take(zone, order, type);
		spin_unlock(&zone->lock);
		if (!page)
			return NULL;
	}
	atomic_set(&page->refcount, 1);
	return page;
}

static struct page *take_from_zones(const struct request *request, struct reach reach)
{
	for (struct zone *const *z = request->zonelist->zone; *z; z++) {
		struct zone *zone = *z;

		if (!zone_has_enough(zone, request->order, request->type, request->highest, reach))
			continue;
		struct page *page = request->order == 0 ? take_single(zone, request, reach)
							: take_block(zone->pcp[cpu_id()],
								     request->order, request->type);
		if (page) {
			count_allocation(zone, request);
			return page;
		}
	}
	return NULL;
}

static void wake_reclaimers(const struct request *request)
{
	if (!frame_ops.wake_kswapd || !(request->gfp & __GFP_KSWAPD_RECLAIM))
		return;
	for (struct zone *const *z = request->zonelist->zone; *z; z++)
		frame_ops.wake_kswapd(*z, request->order);
}

static struct reach reach_of(gfp_t gfp)
{
	if (gfp & __GFP_NOMEMALLOC)
		return (struct reach){.mark = WMARK_MIN};
	return (struct reach){
		.mark = WMARK_MIN,
		.deep = gfp & __GFP_HIGH,
		.deeper = gfp & __GFP_ATOMIC,
		.everything = gfp & __GFP_MEMALLOC,
	};
}

static unsigned long stalls[MAX_NR_ZONES]; /* atomic: requests that reclaimed, by highest zone */

unsigned long alloc_stalls(enum zone_type highest)
{
	return READ_ONCE(stalls[highest]);
}

static unsigned long reclaim(const struct request *request)
{
	unsigned long freed = 0;

	might_sleep();
	fetch_add(&stalls[request->highest], 1);
	trace_alloc_stall(request->order, request->gfp, (u64)request->nid, request->highest);
	if (frame_ops.direct_reclaim)
		freed = frame_ops.direct_reclaim(request->zonelist, request->order, request->gfp);
	if (freed == 0 && frame_ops.shrink)
		freed = frame_ops.shrink(request->gfp);
	return freed;
}

/* Steps 4 and 5. */
static struct page *take_by_force(const struct request *request, struct reach reach)
{
	const struct reach dying = {.mark = WMARK_MIN, .everything = true};
	gfp_t gfp = request->gfp;

	for (unsigned tries = 1;; tries++) {
		unsigned long freed = reclaim(request);
		struct page *page = take_from_zones(request, reach);

		if (!page) {
			drain_all_pages();
			page = take_from_zones(request, reach);
		}
		if (page)
			return page;
		if (gfp & __GFP_NORETRY)
			return NULL;
		if (!(gfp & __GFP_NOFAIL) && fatal_signal_pending())
			return take_from_zones(request, dying);
		if (freed && request->order == 0)
			tries = 0;
		if (!freed)
			freed = frame_ops.reclaim_under_way && frame_ops.reclaim_under_way();
		if (freed && tries < MAX_RETRIES && request->order <= COSTLY_ORDER)
			continue;
		if (!(gfp & __GFP_NOFAIL)) {
			if (gfp & __GFP_RETRY_MAYFAIL && freed && tries < MAX_RETRIES)
				continue;
			if (gfp & __GFP_RETRY_MAYFAIL || request->order > COSTLY_ORDER)
				return NULL;
		}
		if (frame_ops.out_of_memory && frame_ops.out_of_memory(gfp, request->order)) {
			page = take_from_zones(request, reach);
			if (page)
				return page;
			tries = 0;
		} else if (!(gfp & __GFP_NOFAIL)) {
			return NULL;
		}
		cond_resched();
	}
}

static struct page *take_hard(const struct request *request)
{
	struct reach reach = reach_of(request->gfp);

	if (task_reclaiming() && !(request->gfp & __GFP_NOMEMALLOC))
		reach.everything = true;
	else
		wake_reclaimers(request);
	struct page *page = take_from_zones(request, reach);

	if (!page) {
		/* What this CPU keeps of other types, or in pieces, may do. */
		drain_local_pages();
		page = take_from_zones(request, reach);
	}
	if (page || !(request->gfp & __GFP_DIRECT_RECLAIM) || reach.everything || task_reclaiming())
		return page;
	return take_by_force(request, reach);
}

static void prepare_compound(struct page *page, unsigned order)
{
	page_set_owned(page, PG_head);
	for (unsigned long i = 1; i < 1UL << order; i++) {
		page_set_owned(page + i, PG_tail);
		page[i].head = page;
	}
	page[1].compound_order = order;
}

static void dissolve_compound(struct page *page, unsigned order)
{
	BUG_ON(compound_order(page) != order);
	page_clear_owned(page, PG_head);
	for (unsigned long i = 1; i < 1UL << order; i++) {
		page_clear_owned(page + i, PG_tail);
		page[i].head = NULL;
	}
}

void clear_pages(struct page *page, unsigned order)
{
	for (unsigned long i = 0; i < 1UL << order; i++)
		clear_highpage(page + i);
}

static __cold void refuse_order(void)
{
	static bool warned;

	if (!warned)
		WARN_ON("order above 10" != NULL);
	warned = true;
}

/* The page's way out to the caller, whichever way it came. */
static __always_inline struct page *handed_out(struct page *page, gfp_t gfp, unsigned order,
					       const void *caller)
{
	trace_page_alloc(page_to_pfn(page), order, gfp, page->flags >> PAGE_ZONE_SHIFT);
	frame_debug_alloc(page, order, caller);
	if (gfp & __GFP_ZERO)
		clear_pages(page, order);
	frame_debug_hide(page, order, gfp);
	if (gfp & __GFP_COMP && order > 0)
		prepare_compound(page, order);
	return page;
}

/*
 * Step 2 for a block, of the zone that is asked first, without the ceremony: there is plenty,
 * and the block is of the request's type. (A reserve against requests that could go
 * higher there is none in that zone.)
 */
static __always_inline struct page *take_block_quickly(gfp_t gfp, unsigned order)
{
	struct per_cpu_pages *pcp = this_cpu(frame_cpu).wanted[gfp_zone(gfp)];
	enum migratetype type = gfp_migratetype(gfp);
	struct zone *zone = pcp->zone;

	if (unlikely(!zone))
		return NULL;
	if (unlikely((long)(READ_ONCE(zone->free_pages) - zone->watermark[WMARK_LOW]) <
			     1L << order ||
		     !(READ_ONCE(zone->nonempty[type]) >> order)))
		return NULL;

	struct page *page = take_block(pcp, order, type);

	if (page) {
		pcp->allocs++;
		pcp->more_pages += (1UL << order) - 1;
	}
	return page;
}

static struct page *alloc_on(int nid, gfp_t gfp, unsigned order, const void *caller)
{
	const struct reach ordinary = {.mark = WMARK_LOW};
	const struct pglist_data *node = node_data[nid];
	const enum zone_type highest = gfp_zone(gfp);
	const struct request request = {
		.gfp = gfp,
		.order = order,
		.highest = highest,
		.type = gfp_migratetype(gfp),
		.nid = nid,
		.zonelist = gfp & __GFP_THISNODE ? &node->zonelist_thisnode[highest]
						 : &node->zonelist[highest],
	};
	struct page *page = take_from_zones(&request, ordinary);

	if (unlikely(!page)) {
		page = take_hard(&request);
		if (!page) {
			trace_alloc_fail(order, gfp, (u64)nid, gfp_zone(gfp));
			if (!(gfp & __GFP_NOWARN) && !fatal_signal_pending())
				report_alloc_failure(gfp, order);
			return NULL;
		}
	}
	return handed_out(page, gfp, order, caller);
}

__noinline struct page *alloc_pages_slow(int nid, gfp_t gfp, unsigned order)
{
	const void *caller = __builtin_return_address(0);

	if (unlikely(order >= MAX_ORDER)) {
		refuse_order();
		return NULL;
	}
	if (nid < 0) {
		struct page *page = order > 0 ? take_block_quickly(gfp, order) : NULL;

		if (likely(page))
			return handed_out(page, gfp, order, caller);
		nid = this_cpu(frame_cpu).nid;
	}
	return alloc_on(nid, gfp, order, caller);
}

struct page *alloc_pages_node(int nid, gfp_t gfp, unsigned order)
{
	/* A CPU's list is in front of its own node, if that has memory. */
	if (nid == NUMA_NO_NODE || (nid == this_cpu(frame_cpu).nid && !(gfp & __GFP_THISNODE)))
		return alloc_pages(gfp, order);
#ifdef PAGODA_DEBUG
	if (should_fail_alloc(gfp))
		return NULL;
#endif
	return alloc_pages_slow(nid, gfp, order);
}

unsigned alloc_pages_bulk(gfp_t gfp, unsigned n, struct page **pages)
{
	const gfp_t rest = (gfp & ~(__GFP_DIRECT_RECLAIM | __GFP_NOFAIL)) | __GFP_NOWARN;
	unsigned got = 0;

	/* Only the first one is worth waiting for. */
	while (got < n && (pages[got] = alloc_page(got ? rest : gfp)) != NULL)
		got++;
	return got;
}

__cold void free_bad_page(struct page *page, const char *why)
{
	report_bad_page(page, why);
	/* Better lost than given to two. Its count stays zero. */
}

static __always_inline bool in_use(const struct page *page)
{
	return (page->flags & PAGE_FLAGS_IN_USE) | (u32)page_mapcount(page) |
	       (u32)page_ref_count(page);
}

/*
 * A block's first descriptor is checked and cleaned when it is freed. The others are nobody's to
 * write to (split_page() makes them pages of their own); the debug build looks.
 */
static bool tails_are_clean(struct page *page, unsigned order)
{
#ifdef PAGODA_DEBUG
	for (unsigned long i = 1; i < 1UL << order; i++)
		if (in_use(page + i) || page[i].mapping) {
			free_bad_page(page + i, "in use when the block around it was freed");
			return false;
		}
#endif
	return true;
}

__noinline void free_pages_slow(struct page *page, unsigned order)
{
	if (unlikely(page_test(page, PG_head)))
		dissolve_compound(page, order);
	if (unlikely(in_use(page))) {
		free_bad_page(page, "in use when freed");
		return;
	}
	if (!tails_are_clean(page, order) || !frame_debug_free(page, order))
		return;

	u32 flags = page->flags;
	struct per_cpu_pages *pcp = this_cpu(frame_cpu).zone[flags >> PAGE_ZONE_SHIFT];
	struct zone *zone = pcp->zone;
	pfn_t pfn = page_to_pfn(page);
	enum migratetype type = READ_ONCE(pcp->pageblock_type[pfn >> PAGEBLOCK_ORDER]);

	WRITE_ONCE(page->flags, flags & PAGE_FLAGS_CONSTANT);
	page->mapping = 0;
	trace_page_free(pfn, order, type, flags >> PAGE_ZONE_SHIFT);
	if (order - 1 < PCP_BLOCK_ORDERS && type < MIGRATE_PCPTYPES) {
		pcp_keep_block(pcp, pfn, order, type);
		return;
	}
	spin_lock(&zone->lock);
	buddy_give(zone, pfn, order);
	spin_unlock(&zone->lock);
}

void free_pages_bulk(struct page **pages, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		ASSERT(page_ref_count(pages[i]) == 0);
		free_unreferenced_page(pages[i]);
	}
}

void split_page(struct page *page, unsigned order)
{
	ASSERT(!page_test(page, PG_head) && page_ref_count(page) == 1);
	for (unsigned long i = 1; i < 1UL << order; i++)
		atomic_set(&page[i].refcount, 1);
}

/* A page of its own becomes part of a block. */
static void forget_page(struct page *page)
{
	ASSERT((unsigned)page_ref_count(page) <= 1);
	atomic_set(&page->refcount, 0);
	WRITE_ONCE(page->flags, page->flags & (PAGE_FLAGS_CONSTANT | PAGE_FLAGS_IN_USE));
	page->mapping = 0;
}

/* Give back n frames of the kernel's, whatever n is, as the largest aligned blocks (S24). */
static void free_run(struct page *page, unsigned long n)
{
	pfn_t pfn = page_to_pfn(page), end = pfn + n;

	while (pfn < end) {
		unsigned order = MAX_ORDER - 1;

		while (!IS_ALIGNED(pfn, 1UL << order) || pfn + (1UL << order) > end)
			order--;
		for (unsigned long i = 0; i < 1UL << order; i++)
			forget_page(pfn_to_page(pfn + i));
		free_pages_slow(pfn_to_page(pfn), order);
		pfn += 1UL << order;
	}
}

void *alloc_pages_exact_node(int nid, size_t bytes, gfp_t gfp)
{
	unsigned long n = DIV_ROUND_UP(bytes, PAGE_SIZE);
	unsigned order = 0;

	ASSERT(n > 0 && !(gfp & (__GFP_COMP | __GFP_HIGHMEM)));
	while (order < BITS_PER_LONG - 1 && 1UL << order < n)
		order++;

	struct page *page = alloc_pages_node(nid, gfp, order);

	if (!page)
		return NULL;
	split_page(page, order);
	free_run(page + n, (1UL << order) - n);
	return page_address(page);
}

void *alloc_pages_exact(size_t bytes, gfp_t gfp)
{
	return alloc_pages_exact_node(this_cpu(frame_cpu).nid, bytes, gfp);
}

void free_pages_exact(void *addr, size_t bytes)
{
	free_run(virt_to_page(addr), DIV_ROUND_UP(bytes, PAGE_SIZE));
}

void *get_free_pages(gfp_t gfp, unsigned order)
{
	ASSERT(!(gfp & __GFP_HIGHMEM));
	struct page *page = alloc_pages(gfp, order);

	return page ? page_address(page) : NULL;
}

void *get_zeroed_page(gfp_t gfp)
{
	return get_free_pages(gfp | __GFP_ZERO, 0);
}

void free_pages(void *addr, unsigned order)
{
	if (addr)
		__free_pages(virt_to_page(addr), order);
}
