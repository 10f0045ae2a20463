/*
 * Ids of page lists, and moving whole lists.
 *
 * Ids are handed out from a bitmap.  Registering happens when zones, LRU vectors
 * and caches are made: rarely, so a search from the start will do.
 */
#include "mm/frame/page_list.h"

#include "lib/bitmap.h"
#include "sync/spinlock.h"

#define NR_IDS    (PAGE_LIST_IDS - 1) /* PAGE_UNLINKED is no id */
#define SHARED_ID (NR_IDS - 1)

static spinlock_t id_lock = SPINLOCK_INIT(RANK_COUNTERS);
static unsigned long id_used[BITS_TO_LONGS(NR_IDS)]; /* (id_lock) */

void page_list_register(struct page_list *list)
{
	spin_lock(&id_lock);
	unsigned long n = bitmap_next_zero(id_used, SHARED_ID, 0);
	bitmap_set(id_used, n);
	spin_unlock(&id_lock);

	list->id = PAGE_LIST_ID + (u32)n;
	list->first = list->last = list->id;
	list->count = 0;
}

void page_list_unregister(struct page_list *list)
{
	ASSERT(page_list_empty(list));
	spin_lock(&id_lock);
	bitmap_clear(id_used, list->id - PAGE_LIST_ID);
	spin_unlock(&id_lock);
}

void page_list_splice(struct page_list *from, struct page_list *to)
{
	if (page_list_empty(from))
		return;
	page_list_first(from)->prev = to->id;
	page_list_last(from)->next = to->first;
	if (to->first >= PAGE_LIST_ID)
		to->last = from->last;
	else
		pfn_to_page(to->first)->prev = from->last;
	to->first = from->first;
	to->count += from->count;
	from->first = from->last = from->id;
	from->count = 0;
}

void page_list_splice_tail(struct page_list *from, struct page_list *to)
{
	if (page_list_empty(from))
		return;
	page_list_last(from)->next = to->id;
	page_list_first(from)->prev = to->last;
	if (to->last >= PAGE_LIST_ID)
		to->first = from->first;
	else
		pfn_to_page(to->last)->next = from->first;
	to->last = from->last;
	to->count += from->count;
	from->first = from->last = from->id;
	from->count = 0;
}
