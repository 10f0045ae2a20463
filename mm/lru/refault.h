/*
 * Pages that come back after they went: how long they were away.  See refault.c.
 */
#pragma once

#include "mm/frame/page.h"

/*
 * Room for the notes: from now on pages that go and come back are recognised. To be called when there is
 * something they can come back from; again: nothing happens. 0 or -ENOMEM: nothing is recognised.
 */
int refault_init(void);

/* What a page is called while it is away: by its place in a file, or by its slot in swap. Any number. */
static inline u64 refault_name_of_file(const void *mapping, u64 index)
{
	return ((u64)(unsigned long)mapping << 16) + index;
}
static inline u64 refault_name_of_swap(u32 entry)
{
	return ~(u64)entry;
}

/* A page has gone from memory, of this node. workingset: its PG_workingset. Any lock may be held. */
void refault_note(u64 name, int nid, bool workingset);
/* So many pages of the node went to its active lists. */
void refault_age(int nid, unsigned long n);

/*
 * A new page, not yet on a list, is going to be read. If it has been here before, and would still be if
 * the list it went from had been somewhat longer, it gets PG_active, and PG_workingset if it had that.
 * file: it goes to a list of files' pages. swap: anonymous pages can give way, too.
 */
void refault_returned(u64 name, struct page *page, bool file, bool swap);
