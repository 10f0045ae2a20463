/*
 * Pages that are being written so that they can be given up.
 */
#pragma once

#include "mm/frame/page.h"

/*
 * The writing of a page that had PG_reclaim is over, and it has been freed or not (somebody uses it
 * again). Does not sleep.
 */
void page_written_out(pfn_t pfn, int nid, bool anon, bool freed);
/* How many were freed so, ever. */
unsigned long pages_freed_written(void);

/* The writing of some page is over. Does not sleep. */
void writing_ended(void);
/* Sleep until that has happened, or `ns` have passed. */
void wait_for_writing(u64 ns);
