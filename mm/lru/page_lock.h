/*
 * The lock of a page, and waiting for a disk to have written it.
 */
#pragma once

#include "mm/frame/page.h"

/* The page lock: sleeps. */
void lock_page(struct page *page);
void unlock_page(struct page *page);
static inline bool trylock_page(struct page *page)
{
	return !page_test_and_set(page, PG_locked);
}

/* Sleep until the page is not being written. The caller has a reference. */
void wait_on_page_writeback(struct page *page);
/* It is not any more: clears PG_writeback and wakes who waits. */
void page_writeback_ended(struct page *page);

void page_lock_init(void);
