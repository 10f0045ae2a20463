/*
 * Circular doubly linked lists threaded through the objects themselves.  An
 * empty list is a head that points to itself, so no operation has a special case.
 */
#pragma once

#include "lib/types.h"

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name)     \
	{                        \
		&(name), &(name) \
	}
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)

static inline void list_init(struct list_head *head)
{
	head->next = head->prev = head;
}

static inline void list_insert_between(struct list_head *item, struct list_head *prev,
				       struct list_head *next)
{
	item->prev = prev;
	item->next = next;
	prev->next = item;
	next->prev = item;
}

/* Insert behind the head: the newest comes first. */
static inline void list_add(struct list_head *item, struct list_head *head)
{
	list_insert_between(item, head, head->next);
}

/* Insert before the head: the newest comes last. */
static inline void list_add_tail(struct list_head *item, struct list_head *head)
{
	list_insert_between(item, head->prev, head);
}

static inline void list_del(struct list_head *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	item->next = item->prev = NULL;
}

static inline void list_del_init(struct list_head *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	list_init(item);
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

static inline void list_move(struct list_head *item, struct list_head *head)
{
	list_del(item);
	list_add(item, head);
}

static inline void list_move_tail(struct list_head *item, struct list_head *head)
{
	list_del(item);
	list_add_tail(item, head);
}

/* Move everything on `from` to the front of `to`; `from` is empty afterwards. */
static inline void list_splice_init(struct list_head *from, struct list_head *to)
{
	if (list_empty(from))
		return;
	from->prev->next = to->next;
	to->next->prev = from->prev;
	to->next = from->next;
	from->next->prev = to;
	list_init(from);
}

#define list_entry(ptr, type, field)        container_of(ptr, type, field)
#define list_first_entry(head, type, field) list_entry((head)->next, type, field)
#define list_last_entry(head, type, field)  list_entry((head)->prev, type, field)
#define list_next_entry(pos, field)         list_entry((pos)->field.next, typeof(*(pos)), field)

#define list_for_each_entry(pos, head, field)                                          \
	for (pos = list_first_entry(head, typeof(*pos), field); &pos->field != (head); \
	     pos = list_next_entry(pos, field))

/* As above, but `pos` may be removed or freed by the body. */
#define list_for_each_entry_safe(pos, tmp, head, field)                                            \
	for (pos = list_first_entry(head, typeof(*pos), field), tmp = list_next_entry(pos, field); \
	     &pos->field != (head); pos = tmp, tmp = list_next_entry(tmp, field))
