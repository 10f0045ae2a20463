/*
 * The lists pages stand on (SYSTEM.md S40), per node, behind per-CPU batches; and
 * the last reference to a page, which takes it off them and frees it.
 *
 * Nothing here sleeps. Never from interrupt handlers.
 */
#pragma once

#include "mm/frame/frame.h"

enum lru_list {
	LRU_INACTIVE_ANON,
	LRU_ACTIVE_ANON,
	LRU_INACTIVE_FILE,
	LRU_ACTIVE_FILE,
	LRU_UNEVICTABLE,
	NR_LRU_LISTS
};

struct lruvec {
	/* Guards the lists; of their pages and those in batches PG_lru, PG_active, PG_unevictable. */
	spinlock_t lock;
	struct page_list list[NR_LRU_LISTS];
	struct pglist_data *node;
};

static inline struct lruvec *node_lruvec(const struct pglist_data *node)
{
	return node->lruvec;
}

/*
 * Pages on their way to a list. Only its CPU puts pages in and counts them; out of a slot a
 * page is taken with its node's lru lock held, by any CPU.
 */
#define LRU_BATCH 15
struct lru_batch {
	u32 count;                    /* slots used since the last drain */
	struct page *slot[LRU_BATCH]; /* atomic; NULL: taken out again */
};
DECLARE_PER_CPU(struct lru_batch, lru_batch);

void lru_init(void); /* after frame_init() */

/* Empty this CPU's batch onto the lists; all CPUs'. */
void lru_add_drain(void);
void lru_add_drain_all(void);

/*
 * Put a page on its list, soon: it waits in this CPU's batch, with PG_lru set. PG_swapbacked,
 * PG_active and PG_unevictable say which list. The caller has a reference; the batch and the
 * lists have none.
 */
static inline void lru_cache_add(struct page *page)
{
	struct lru_batch *batch = &this_cpu(lru_batch);
	u32 n = batch->count;

	ASSERT(!page_test(page, PG_lru) && !page_test(page, PG_tail));
	page->next = PAGE_UNLINKED; /* what tells a page in a batch from one on a list */
	page->prev = cpu_id() * LRU_BATCH + n;
	page_set(page, PG_lru);
	store_release(&batch->slot[n], page);
	batch->count = n + 1;
	if (unlikely(n + 1 == LRU_BATCH))
		lru_add_drain();
}
/* As lru_cache_add, but on the active list / the unevictable list. */
static inline void lru_cache_add_active(struct page *page)
{
	page_set(page, PG_active);
	lru_cache_add(page);
}
static inline void lru_cache_add_unevictable(struct page *page)
{
	page_set(page, PG_unevictable);
	lru_cache_add(page);
}

/* The page was used: inactive and referenced -> active; else referenced. */
void mark_page_accessed(struct page *page);

/*
 * Take a page off its list (out of its batch) for the caller's work, PG_lru clear; false if it
 * is on none. The caller has a reference. Put back: on the list its flags name by then.
 */
bool lru_isolate(struct page *page) __must_check;
static inline void lru_putback(struct page *page)
{
	lru_cache_add(page);
}

/*
 * Look at up to `look` pages from a list's old end. Those of zones up to `highest` come off it, with
 * a reference and PG_lru clear, as if by lru_isolate(): their number, and *looked, how many of these
 * zones were looked at. They count as isolated until lru_isolated_done(). (isolate.c)
 */
unsigned lru_isolate_old(struct lruvec *lruvec, enum lru_list list, enum zone_type highest,
			 unsigned look, struct page **pages, unsigned *looked);
void lru_isolated_done(const struct lruvec *lruvec, enum lru_list list, unsigned n);

/*
 * With the lock held, for those who work on whole lists: the list a page's flags name. (Pages in
 * batches are on no list.)
 */
static __always_inline enum lru_list lru_of_flags(u32 flags)
{
	if (unlikely(flags & 1u << PG_unevictable))
		return LRU_UNEVICTABLE;
	/* Two bits choose among four. */
	return (flags & 1u << PG_swapbacked ? 0 : 2) + (flags >> PG_active & 1);
}
static inline enum lru_list page_lru(const struct page *page)
{
	return lru_of_flags(READ_ONCE(page->flags));
}
static inline bool page_in_batch(const struct page *page)
{
	return page->next == PAGE_UNLINKED;
}

/* Drop a reference; with the last the page leaves its list and is freed. */
void put_page_last(struct page *page); /* the count is zero */
static inline void put_page(struct page *page)
{
	page = compound_head(page);
	ASSERT(page_ref_count(page) > 0);
	if (atomic_dec_and_test(&page->refcount))
		put_page_last(page);
}
/* The batch form, for unmapping: n references to n pages. The array is scratch afterwards. */
void release_pages(struct page **pages, unsigned n);

unsigned lru_check(void);
void lru_mark(void); /* mm/mark.h */
