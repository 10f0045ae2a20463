/*
 * Page blocks by mobility: against fragmentation that lasts.
 *
 * Memory that cannot be moved (the kernel's own) and memory that can (pages of
 * programs, of files) are kept in different page blocks of 512 frames, so that
 * the movable ones can be emptied, and one stray kernel page does not spoil
 * a large block for good.  All blocks begin movable.
 *
 * When a type has nothing left it must take from another.  The damage is least
 * if it takes much at once: the largest free block of the other types is looked
 * for, and the page block around it changes sides if at least half of it is
 * free or used in a way that fits its new type.  Kernel requests then fill that
 * block before they ask for another.
 *
 *      movable page block:   [....MM......M......]   12 of 16 free
 *      an unmovable request: block becomes unmovable, U is taken from it
 *                            [U...MM......M......]
 *
 * Where that is not worth it, the request takes the smallest block that serves
 * from where it is, and the page block keeps its type: the leftovers stay with
 * it, and the next request of this kind will use up the small pieces first.
 * (Linux moves such leftovers to the other list; here a block is always on the
 * list of its page block's type, and the check says so.)
 *
 * Locking: all under zone->lock.
 */
#include "mm/frame/buddy.h"
#include "mm/frame/frame.h"
#include "mm/trace/trace.h"

/* Whom a type takes from, in order of preference. */
static const enum migratetype fallback_of[MIGRATE_PCPTYPES][MIGRATE_PCPTYPES - 1] = {
	[MIGRATE_UNMOVABLE] = {MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE},
	[MIGRATE_MOVABLE] = {MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE},
	[MIGRATE_RECLAIMABLE] = {MIGRATE_UNMOVABLE, MIGRATE_MOVABLE},
};

/* Orders of free blocks of the types that `type` may take from. */
static unsigned fallback_orders(const struct zone *zone, enum migratetype type)
{
	return zone->nonempty[fallback_of[type][0]] | zone->nonempty[fallback_of[type][1]];
}

static struct buddy_choice first_of_order(struct zone *zone, unsigned order, enum migratetype type)
{
	enum migratetype from = fallback_of[type][0];

	if (!(zone->nonempty[from] >> order & 1))
		from = fallback_of[type][1];
	return (struct buddy_choice){
		.page = page_list_first(&zone->free_area[order].list[from]),
		.order = order,
		.type = from,
	};
}

/* Is a page in use by something that a block of this type is for? */
static bool page_fits(const struct page *page, enum migratetype type)
{
	bool movable = page_test(page, PG_lru);

	return type == MIGRATE_MOVABLE ? movable : !movable;
}

/* How many frames of the page block are free or fit the type. It has no holes. */
static unsigned long good_frames(pfn_t start, enum migratetype type)
{
	unsigned long good = 0;

	for (pfn_t pfn = start; pfn < start + PAGEBLOCK_PAGES;) {
		const struct page *page = pfn_to_page(pfn);

		if (page_test(page, PG_buddy)) {
			good += 1UL << page->order;
			pfn += 1UL << page->order;
		} else {
			good += page_fits(page, type);
			pfn++;
		}
	}
	return good;
}

static unsigned long move_free_blocks(struct zone *zone, pfn_t start, pfn_t end,
				      enum migratetype from, enum migratetype to)
{
	unsigned long moved = 0;

	for (pfn_t pfn = start; pfn < end;) {
		struct page *page = pfn_to_page(pfn);

		if (!page_test(page, PG_buddy)) {
			pfn++;
			continue;
		}
		unsigned order = page->order;

		buddy_remove(zone, page, order, from);
		buddy_insert(zone, page, order, to, false);
		moved += 1UL << order;
		pfn += 1UL << order;
	}
	return moved;
}

unsigned long buddy_set_type(struct zone *zone, pfn_t pfn, enum migratetype type)
{
	pfn_t start = ALIGN_DOWN(pfn, PAGEBLOCK_PAGES);
	u8 *slot = &zone->pageblock_type[(start - zone->base_pfn) >> PAGEBLOCK_ORDER];
	enum migratetype from = *slot;

	assert_spin_locked(&zone->lock);
	if (from == type)
		return 0;

	/* A free block of the largest order is two page blocks; they part. */
	pfn_t pair = ALIGN_DOWN(start, MAX_BLOCK_PAGES);
	struct page *head =
		pair >= zone->start_pfn && frames_present(pair, 1) ? pfn_to_page(pair) : NULL;

	if (head && page_test(head, PG_buddy) && head->order == MAX_ORDER - 1) {
		buddy_remove(zone, head, MAX_ORDER - 1, from);
		buddy_insert(zone, head, PAGEBLOCK_ORDER, from, false);
		buddy_insert(zone, head + PAGEBLOCK_PAGES, PAGEBLOCK_ORDER, from, false);
		trace_block_split(pair, MAX_ORDER - 1, PAGEBLOCK_ORDER, zone->id);
	}
	trace_block_steal(start, PAGEBLOCK_ORDER, from, type);
	WRITE_ONCE(*slot, type);
	return move_free_blocks(zone, start, start + PAGEBLOCK_PAGES, from, type);
}

/* The block and the page blocks it covers change to the type. */
static void claim_whole(struct zone *zone, const struct buddy_choice *choice, enum migratetype type)
{
	pfn_t pfn = page_to_pfn(choice->page);
	unsigned long n = (pfn - zone->base_pfn) >> PAGEBLOCK_ORDER;

	trace_block_steal(pfn, choice->order, choice->type, type);
	for (unsigned i = 0; i < 1U << (choice->order - PAGEBLOCK_ORDER); i++)
		WRITE_ONCE(zone->pageblock_type[n + i], type);
	buddy_remove(zone, choice->page, choice->order, choice->type);
	buddy_insert(zone, choice->page, choice->order, type, true);
}

/* Let the page block of a free block change sides, if that is worth it. */
static bool claim_pageblock(struct zone *zone, const struct buddy_choice *choice,
			    enum migratetype type)
{
	if (choice->order >= PAGEBLOCK_ORDER) {
		claim_whole(zone, choice, type);
		return true;
	}
	/* Movable pages may be moved later: for a small one no page block changes sides. */
	if (type == MIGRATE_MOVABLE && choice->order < PAGEBLOCK_ORDER / 2)
		return false;

	pfn_t start = ALIGN_DOWN(page_to_pfn(choice->page), PAGEBLOCK_PAGES);

	if (start < zone->start_pfn ||
	    start + PAGEBLOCK_PAGES > zone->start_pfn + zone->spanned_pages ||
	    !frames_present(start, PAGEBLOCK_PAGES))
		return false;
	if (good_frames(start, type) < PAGEBLOCK_PAGES / 2)
		return false;
	buddy_set_type(zone, start, type);
	return true;
}

bool buddy_fallback(struct zone *zone, unsigned order, enum migratetype type,
		    struct buddy_choice *choice)
{
	if (type >= MIGRATE_PCPTYPES)
		return false;

	unsigned orders = fallback_orders(zone, type) >> order;

	if (!orders)
		return false;

	unsigned largest = order + 31U - (unsigned)__builtin_clz(orders);

	*choice = first_of_order(zone, largest, type);
	if (claim_pageblock(zone, choice, type)) {
		/* It brought a block of at least that order; a smaller one may serve as well. */
		choice->order = order + (unsigned)__builtin_ctz(zone->nonempty[type] >> order);
		choice->type = type;
		choice->page = page_list_first(&zone->free_area[choice->order].list[type]);
		return true;
	}
	*choice = first_of_order(zone, order + (unsigned)__builtin_ctz(orders), type);
	return true;
}

bool buddy_can_serve(const struct zone *zone, unsigned order, enum migratetype type)
{
	unsigned orders = READ_ONCE(zone->nonempty[type]);

	for (unsigned i = 0; type < MIGRATE_PCPTYPES && i < MIGRATE_PCPTYPES - 1; i++)
		orders |= READ_ONCE(zone->nonempty[fallback_of[type][i]]);
	return orders >> order;
}
