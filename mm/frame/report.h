/*
 * Complaints of the frame floor.  Private to it.
 */
#pragma once

#include "mm/frame/frame.h"

/* "page allocation failure": at most ten in five seconds are printed. */
void report_alloc_failure(gfp_t gfp, unsigned order);
/* "Bad page state": a page was freed (or taken) that somebody still uses. */
void report_bad_page(const struct page *page, const char *why);
