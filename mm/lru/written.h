/*
 * Pages that are being written so that they can be given up.
 */
#pragma once

#include "mm/frame/page.h"

/* Set with PG_reclaim on a page whose writing somebody began who needs memory himself. */
#define PAGE_WRITTEN_DIRECT (1u << PAGE_POLICY_SHIFT)

/*
 * The writing of a page begins, for its memory's sake: sets PG_reclaim. It is locked. Or does not begin
 * after all.
 */
void write_out_begin(struct page *page, bool direct);
void write_out_cancel(struct page *page);
/*
 * The writing of a page is over. If it had PG_reclaim (which is cleared): true, and the caller tries to
 * free it and says what came of it.
 */
bool write_out_ended(struct page *page, bool *direct);
void write_out_done(pfn_t pfn, int nid, bool anon, bool direct, bool freed);

/* How many were freed so, ever; how many are being written now. */
unsigned long pages_freed_written(void);
unsigned long pages_written_out(void);

/*
 * Sleep until pages_freed_written() has grown by `need` from `before`, or none is being written any
 * more, or `ns` have passed.
 */
void wait_for_written(unsigned long before, unsigned long need, u64 ns);
