/*
 * Lists of pages.  Links are 32-bit frame numbers; the top 4096 values stand for
 * list heads, each of which has a registered id, so lists are circular: from any
 * page of a list one can unlink it without knowing the list.
 *
 * A list head is registered once at boot (or creation) and keeps its id.  The
 * caller holds the lock that guards the list.
 */
#pragma once

#include "mm/frame/page.h"

#define PAGE_LIST_IDS 4096u
#define PAGE_LIST_ID  (0u - PAGE_LIST_IDS) /* the first id; frame numbers are below */
#define PAGE_UNLINKED 0xffffffffu	   /* the last id is no list: `next` of a page on none */

struct page_list {
	u32 first, last; /* frame numbers, or the list's own id when empty */
	u32 id;
	u32 count;	 /* pages (blocks) on it */
};

extern struct page_list *page_list_by_id[PAGE_LIST_IDS];

/* Give the list an id and make it empty. False when the ids are used up. */
bool page_list_register(struct page_list *list);
void page_list_unregister(struct page_list *list);

void page_list_add(struct page_list *list, struct page *page);	    /* in front */
void page_list_add_tail(struct page_list *list, struct page *page); /* at the end */
void page_list_del(struct page_list *list, struct page *page);
/* Move all of `from` in front of (behind) what `to` holds. */
void page_list_splice(struct page_list *from, struct page_list *to);
void page_list_splice_tail(struct page_list *from, struct page_list *to);

static inline bool page_list_empty(const struct page_list *list)
{
	return list->count == 0;
}
static inline struct page *page_list_first(const struct page_list *list)
{
	return list->first >= PAGE_LIST_ID ? NULL : pfn_to_page(list->first);
}
static inline struct page *page_list_last(const struct page_list *list)
{
	return list->last >= PAGE_LIST_ID ? NULL : pfn_to_page(list->last);
}
static inline struct page *page_list_next(const struct page *page)
{
	return page->next >= PAGE_LIST_ID ? NULL : pfn_to_page(page->next);
}
