/*
 * The buddy system: free frames of a zone as blocks of 2^order frames, each
 * aligned to its size (Knowlton 1965; Knuth, TAOCP 1, 2.5).
 *
 *   order 3   [          0..7          ]                    one block of 8
 *   order 2   [    0..3   |    4..7    ]                    a pair of buddies
 *   order 1   [ 0,1 | 2,3 | 4,5 | 6,7 ]
 *   order 0    0  1  2  3  4  5  6  7
 *
 * A block's buddy differs from it in one bit of the frame number.  To take 2^k
 * frames: the smallest free block that serves, halved until it fits, each upper
 * half becoming a free block.  To give a block back: while its buddy is free too,
 * the two are one block of the next order.
 *
 * Whether the buddy is free is told by one bit per pair: set while exactly one of
 * the two is free.  Whoever takes or gives one of a pair flips its bit; if the
 * giver's flip clears it, both are free.  The maps of a zone take one bit per
 * frame in all and stay in the cache when the descriptors of a million
 * frames do not; and a hole has no free frames, so a block beside it is
 * never merged and no descriptor in the hole is looked at.
 *
 * The free blocks of an order stand on lists by type: the type of the page block
 * (512 frames) they lie in (mobility.c).  A block of order 10 covers two page
 * blocks, which then have the same type: two free page blocks of different type
 * become movable ones when they merge -- memory without tenants is what all memory
 * was at boot -- except that CMA and isolated page blocks keep to themselves.
 *
 * The first frame's descriptor of a free block has PG_buddy and the order; all
 * others of the block are clean: no flags, no counts.
 *
 * A given block goes to the end of its list and requests are served from the front:
 * what has been free for longest is used first, and the freshly freed has time
 * to find its buddy.  (Warm frames are the business of the per-CPU lists.)  What
 * is left over of a split goes to the front, so that later requests use up the
 * block already broken.
 *
 * Locking: all under zone->lock.  Nothing here fails but for want of memory.
 */
#include "mm/frame/buddy.h"

#include "lib/bitmap.h"
#include "mm/trace/trace.h"

#define NR_PAIR_ORDERS (MAX_ORDER - 1)

static unsigned long frames_covered(pfn_t start_pfn, unsigned long spanned_pages)
{
	return ALIGN_UP(start_pfn + spanned_pages, MAX_BLOCK_PAGES) -
	       ALIGN_DOWN(start_pfn, MAX_BLOCK_PAGES);
}

static size_t pair_map_bytes(unsigned long frames, unsigned order)
{
	return BITS_TO_LONGS(frames >> (order + 1)) * sizeof(long);
}

size_t buddy_metadata_bytes(pfn_t start_pfn, unsigned long spanned_pages)
{
	unsigned long frames = frames_covered(start_pfn, spanned_pages);
	size_t bytes = frames >> PAGEBLOCK_ORDER;

	for (unsigned order = 0; order < NR_PAIR_ORDERS; order++)
		bytes += pair_map_bytes(frames, order);
	return bytes;
}

void buddy_init(struct zone *zone, void *metadata)
{
	unsigned long frames = frames_covered(zone->start_pfn, zone->spanned_pages);
	char *at = metadata;

	zone->base_pfn = ALIGN_DOWN(zone->start_pfn, MAX_BLOCK_PAGES);
	for (unsigned order = 0; order < MAX_ORDER; order++) {
		struct free_area *area = &zone->free_area[order];

		for (unsigned type = 0; type < MIGRATE_TYPES; type++)
			page_list_register(&area->list[type]);
		area->pair_map = order < NR_PAIR_ORDERS ? (unsigned long *)at : NULL;
		if (area->pair_map)
			at += pair_map_bytes(frames, order);
	}
	zone->pageblock_type = (u8 *)at;
	for (unsigned long n = 0; n < frames >> PAGEBLOCK_ORDER; n++)
		zone->pageblock_type[n] = MIGRATE_MOVABLE;
	for (unsigned type = 0; type < MIGRATE_TYPES; type++)
		zone->nonempty[type] = 0;
	zone->free_pages = 0;
}

/* One of a pair becomes free or taken; true if now exactly one of them is free. */
static __always_inline bool flip_pair(struct zone *zone, unsigned long rel, unsigned order)
{
	unsigned long n = rel >> (order + 1);
	unsigned long *word = &zone->free_area[order].pair_map[n / BITS_PER_LONG];

	*word ^= BIT(n % BITS_PER_LONG);
	return *word >> (n % BITS_PER_LONG) & 1;
}

static __always_inline void add_free_pages(struct zone *zone, long n)
{
	WRITE_ONCE(zone->free_pages, zone->free_pages + n);
}

static __always_inline void insert(struct zone *zone, struct page *page, unsigned order,
				   enum migratetype type, bool front)
{
	struct page_list *list = &zone->free_area[order].list[type];

	WRITE_ONCE(page->flags, page->flags | 1u << PG_buddy);
	page->order = order;
	if (front)
		page_list_add(list, page);
	else
		page_list_add_tail(list, page);
	if (list->count == 1)
		WRITE_ONCE(zone->nonempty[type], zone->nonempty[type] | 1u << order);
}

static __always_inline void remove(struct zone *zone, struct page *page, unsigned order,
				   enum migratetype type)
{
	struct page_list *list = &zone->free_area[order].list[type];

	ASSERT(page_test(page, PG_buddy) && page->order == order);
	page_list_del(list, page);
	if (list->count == 0)
		WRITE_ONCE(zone->nonempty[type], zone->nonempty[type] & ~(1u << order));
	WRITE_ONCE(page->flags, page->flags & ~(1u << PG_buddy));
	page->order = 0;
}

void buddy_insert(struct zone *zone, struct page *page, unsigned order, enum migratetype type,
		  bool front)
{
	insert(zone, page, order, type, front);
}

void buddy_remove(struct zone *zone, struct page *page, unsigned order, enum migratetype type)
{
	remove(zone, page, order, type);
}

/*
 * Two free page blocks are about to become one block of the largest order: may they, and as
 * which type?
 */
static bool join_pageblocks(struct zone *zone, unsigned long rel, unsigned long buddy_rel,
			    enum migratetype *type)
{
	u8 *mine = &zone->pageblock_type[rel >> PAGEBLOCK_ORDER];
	u8 *its = &zone->pageblock_type[buddy_rel >> PAGEBLOCK_ORDER];

	if (*mine == *its)
		return true;
	if (*mine >= MIGRATE_PCPTYPES || *its >= MIGRATE_PCPTYPES)
		return false;
	if (*mine != MIGRATE_MOVABLE)
		trace_block_steal(zone->base_pfn + rel, PAGEBLOCK_ORDER, *mine, MIGRATE_MOVABLE);
	if (*its != MIGRATE_MOVABLE)
		trace_block_steal(zone->base_pfn + buddy_rel, PAGEBLOCK_ORDER, *its,
				  MIGRATE_MOVABLE);
	WRITE_ONCE(*mine, MIGRATE_MOVABLE);
	WRITE_ONCE(*its, MIGRATE_MOVABLE);
	*type = MIGRATE_MOVABLE;
	return true;
}

static __always_inline void give(struct zone *zone, pfn_t pfn, unsigned order)
{
	unsigned long rel = pfn - zone->base_pfn;
	unsigned from_order = order;
	enum migratetype type = zone->pageblock_type[rel >> PAGEBLOCK_ORDER];
	struct page *page = pfn_to_page(pfn);

	ASSERT(IS_ALIGNED(pfn, 1UL << order) && order < MAX_ORDER);
	ASSERT(pfn >= zone->start_pfn &&
	       pfn + (1UL << order) <= zone->start_pfn + zone->spanned_pages);
	add_free_pages(zone, 1L << order);
	trace_buddy_give(pfn, order, type, zone->id);

	while (order < NR_PAIR_ORDERS && !flip_pair(zone, rel, order)) {
		unsigned long bit = 1UL << order;
		struct page *buddy = rel & bit ? page - bit : page + bit;
		enum migratetype buddy_type = type;

		if (unlikely(order >= PAGEBLOCK_ORDER)) {
			buddy_type = zone->pageblock_type[(rel ^ bit) >> PAGEBLOCK_ORDER];
			if (!join_pageblocks(zone, rel, rel ^ bit, &type))
				break;
		}
		remove(zone, buddy, order, buddy_type);
		page = min(page, buddy);
		rel &= ~bit;
		order++;
	}
	if (order != from_order)
		trace_block_merge(zone->base_pfn + rel, from_order, order, zone->id);
	insert(zone, page, order, type, false);
}

void buddy_give(struct zone *zone, pfn_t pfn, unsigned order)
{
	assert_spin_locked(&zone->lock);
	give(zone, pfn, order);
}

void buddy_give_single(struct zone *zone, pfn_t pfn)
{
	assert_spin_locked(&zone->lock);
	give(zone, pfn, 0);
}

void buddy_add_range(struct zone *zone, pfn_t start, pfn_t end)
{
	assert_spin_locked(&zone->lock);
	while (start < end) {
		unsigned order = MAX_ORDER - 1;

		while (!IS_ALIGNED(start, 1UL << order) || start + (1UL << order) > end)
			order--;
		buddy_give(zone, start, order);
		start += 1UL << order;
	}
}

/*
 * Take a free block off its list and halve it down to the order asked for. The upper halves go
 * back to lists of the type of their page block, which is the block's own.
 */
static __always_inline struct page *take_block(struct zone *zone, struct page *page, unsigned order,
					       unsigned want, enum migratetype type)
{
	pfn_t pfn = page_to_pfn(page);
	unsigned long rel = pfn - zone->base_pfn;

	remove(zone, page, order, type);
	if (order < NR_PAIR_ORDERS)
		flip_pair(zone, rel, order);
	if (order != want)
		trace_block_split(pfn, order, want, zone->id);
	while (order > want) {
		order--;
		flip_pair(zone, rel, order);
		insert(zone, page + (1UL << order), order, type, true);
	}
	add_free_pages(zone, -(1L << want));
	trace_buddy_take(pfn, want, type, zone->id);
	return page;
}

/* The smallest block of this type that serves, or false. */
static inline bool choose(struct zone *zone, unsigned order, enum migratetype type,
			  struct buddy_choice *choice)
{
	unsigned orders = zone->nonempty[type] >> order;

	if (!orders)
		return buddy_fallback(zone, order, type, choice);
	choice->order = order + (unsigned)__builtin_ctz(orders);
	choice->type = type;
	choice->page = page_list_first(&zone->free_area[choice->order].list[type]);
	return true;
}

struct page *buddy_take(struct zone *zone, unsigned order, enum migratetype type)
{
	struct buddy_choice choice;

	assert_spin_locked(&zone->lock);
	if (!choose(zone, order, type, &choice))
		return NULL;
	return take_block(zone, choice.page, choice.order, order, choice.type);
}

unsigned buddy_take_singles(struct zone *zone, enum migratetype type, unsigned n, u32 *pfn)
{
	struct buddy_choice choice;
	unsigned got = 0;

	assert_spin_locked(&zone->lock);
	while (got < n && choose(zone, 0, type, &choice)) {
		/*
		 * One by one, this block would be halved until all of it is used up. The same,
		 * at once: as much of it as is wanted.
		 */
		unsigned want = choice.order;

		while (1U << want > n - got)
			want--;
		struct page *page = take_block(zone, choice.page, choice.order, want, choice.type);
		u32 first = (u32)page_to_pfn(page);

		for (u32 i = 0; i < 1U << want; i++)
			pfn[got++] = first + i;
	}
	return got;
}
