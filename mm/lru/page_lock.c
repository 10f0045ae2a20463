/*
 * The page lock: whoever changes what a page holds or whose it is holds it.
 *
 * It is the bit PG_locked; there is no room in a descriptor for a queue, so
 * waiters stand in one of a few hundred shared queues, chosen by frame number,
 * and PG_waiters tells the holder that somebody does:
 *
 *     waiter: queue up; set PG_waiters; try the lock once more; sleep
 *     holder: clear PG_locked; if PG_waiters was set, clear it and wake the queue
 *
 * The holder's clearing and the waiter's last try are atomic operations on the
 * same word, so either the try succeeds or the holder sees the bit.  Those woken
 * for another page of the same queue look again and set the bit again.  Those who wait for the end of
 * a page's writing (PG_writeback) do so in the same queue and by the same bit.
 */
#include "mm/lru/page_lock.h"

#include "sync/stall.h"
#include "sync/wait.h"

#define WAIT_QUEUES 256

static struct wait_queue_head page_wait[WAIT_QUEUES];

static struct wait_queue_head *wait_queue_of(const struct page *page)
{
	return &page_wait[page_to_pfn(page) * 0x9e3779b1u >> 8 & (WAIT_QUEUES - 1)];
}

void page_lock_init(void)
{
	for (unsigned i = 0; i < WAIT_QUEUES; i++)
		init_waitqueue_head(&page_wait[i]);
}

static bool trylock_or_announce(struct page *page)
{
	page_set(page, PG_waiters);
	return trylock_page(page);
}

void lock_page(struct page *page)
{
	might_sleep();
	if (!trylock_page(page))
		wait_event(wait_queue_of(page), trylock_or_announce(page));
}

/* Clear what is waited for. */
static inline void end_bit(struct page *page, enum page_flag flag)
{
	u32 old = fetch_and(&page->flags, ~(1u << flag));

	ASSERT(old >> flag & 1);
	if (unlikely(old >> PG_waiters & 1)) {
		page_clear(page, PG_waiters);
		wake_up_all(wait_queue_of(page));
	}
}

void unlock_page(struct page *page)
{
	end_bit(page, PG_locked);
}

/* Not being written any more, or announced to who ends it. */
static bool written_or_announce(struct page *page)
{
	page_set(page, PG_waiters);
	return !page_test(page, PG_writeback);
}

void wait_on_page_writeback(struct page *page)
{
	if (likely(!page_test(page, PG_writeback)))
		return;
	might_sleep();
	stall_begin(STALL_IO);
	wait_event(wait_queue_of(page), written_or_announce(page));
	stall_end(STALL_IO);
}

void page_writeback_ended(struct page *page)
{
	end_bit(page, PG_writeback);
}
