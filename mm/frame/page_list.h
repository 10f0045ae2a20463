/*
 * Lists of pages.  Links are 32-bit frame numbers; the top 4096 values stand for
 * list heads, so lists are circular: following links from any page of a list
 * leads to its head's id.
 *
 *       list id 7            page 70         page 80         page 200
 *     first  last          next  prev      next  prev      next  prev
 *      70    200            80   #7         200   70         #7   80
 *
 * The id is there for checks and debuggers; no operation needs to look it up.
 * There are 4095 of them: lists registered later share the last one.
 *
 * The caller holds the lock that guards the list.
 */
#pragma once

#include "mm/frame/page.h"

#define PAGE_LIST_IDS 4096u
#define PAGE_LIST_ID  (0u - PAGE_LIST_IDS) /* the first id; frame numbers are below */
#define PAGE_UNLINKED 0xffffffffu          /* no list's id: `next` of a page on none */

struct page_list {
	u32 first, last; /* frame numbers, or the list's own id when empty */
	u32 id;
	u32 count; /* pages (blocks) on it */
};

/* Give the list an id and make it empty. An empty list may be given up again. */
void page_list_register(struct page_list *list);
void page_list_unregister(struct page_list *list);

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
static inline struct page *page_list_prev(const struct page *page)
{
	return page->prev >= PAGE_LIST_ID ? NULL : pfn_to_page(page->prev);
}

/* In front of the first page. */
static inline void page_list_add(struct page_list *list, struct page *page)
{
	u32 pfn = (u32)page_to_pfn(page);

	page->prev = list->id;
	page->next = list->first;
	if (list->first >= PAGE_LIST_ID)
		list->last = pfn;
	else
		pfn_to_page(list->first)->prev = pfn;
	list->first = pfn;
	list->count++;
}

/* Behind the last page. */
static inline void page_list_add_tail(struct page_list *list, struct page *page)
{
	u32 pfn = (u32)page_to_pfn(page);

	page->next = list->id;
	page->prev = list->last;
	if (list->last >= PAGE_LIST_ID)
		list->first = pfn;
	else
		pfn_to_page(list->last)->next = pfn;
	list->last = pfn;
	list->count++;
}

/* The page's links are left as they were. */
static inline void page_list_del(struct page_list *list, struct page *page)
{
	u32 next = page->next, prev = page->prev;

	ASSERT(list->count > 0);
	if (next >= PAGE_LIST_ID) {
		ASSERT(next == list->id);
		list->last = prev;
	} else {
		pfn_to_page(next)->prev = prev;
	}
	if (prev >= PAGE_LIST_ID) {
		ASSERT(prev == list->id);
		list->first = next;
	} else {
		pfn_to_page(prev)->next = next;
	}
	list->count--;
}

/* The same for n pages that stand one behind the other, from `front` to `back`. */
static inline void page_list_cut(struct page_list *list, struct page *front, struct page *back,
				 u32 n)
{
	u32 next = back->next, prev = front->prev;

	ASSERT(list->count >= n);
	if (next >= PAGE_LIST_ID)
		list->last = prev;
	else
		pfn_to_page(next)->prev = prev;
	if (prev >= PAGE_LIST_ID)
		list->first = next;
	else
		pfn_to_page(prev)->next = next;
	list->count -= n;
}

/* In front of the first page: n pages that are linked from `front` to `back` already. */
static inline void page_list_add_chain(struct page_list *list, struct page *front,
				       struct page *back, u32 n)
{
	front->prev = list->id;
	back->next = list->first;
	if (list->first >= PAGE_LIST_ID)
		list->last = (u32)page_to_pfn(back);
	else
		pfn_to_page(list->first)->prev = (u32)page_to_pfn(back);
	list->first = (u32)page_to_pfn(front);
	list->count += n;
}

/* Move all of `from` in front of (behind) what `to` holds. */
void page_list_splice(struct page_list *from, struct page_list *to);
void page_list_splice_tail(struct page_list *from, struct page_list *to);
