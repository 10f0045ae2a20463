/*
 * Wait queues: threads that wait for a condition, and who makes it true wakes
 * them.  wake_up() may be called in interrupts.
 */
#pragma once

#include "lib/errno.h"
#include "lib/list.h"
#include "sync/spinlock.h"
#include "sync/task.h"

struct wait_queue_head {
	spinlock_t lock;          /* irq-safe */
	struct list_head waiters; /* (lock) */
};

struct wait_queue_entry {
	struct list_head list; /* (head->lock) */
	struct task_struct *task;
	bool exclusive; /* wake_up() wakes at most one of these */
	/* Called instead of waking `task` when set (poll); head->lock held, irqs off. */
	void (*func)(struct wait_queue_entry *entry);
};

#define WAIT_QUEUE_HEAD_INIT(name)                                                               \
	{                                                                                        \
		.lock = SPINLOCK_INIT(RANK_WAITQUEUE), .waiters = LIST_HEAD_INIT((name).waiters) \
	}

void init_waitqueue_head(struct wait_queue_head *head);
void add_wait_queue(struct wait_queue_head *head, struct wait_queue_entry *entry);
void remove_wait_queue(struct wait_queue_head *head, struct wait_queue_entry *entry);
/* Queue the entry (if it is not queued) and set the current task's state. */
void prepare_to_wait(struct wait_queue_head *head, struct wait_queue_entry *entry,
		     enum task_state state);
void finish_wait(struct wait_queue_head *head, struct wait_queue_entry *entry);
/* Wake all ordinary waiters and at most one exclusive one; _all wakes every one. */
void wake_up(struct wait_queue_head *head);
void wake_up_all(struct wait_queue_head *head);

static inline bool waitqueue_active(const struct wait_queue_head *head)
{
	return READ_ONCE(head->waiters.next) != &head->waiters;
}

#define wait_event_state(head, condition, state, interrupted)                 \
	({                                                                    \
		int we_ret = 0;                                               \
		might_sleep();                                                \
		if (!(condition)) {                                           \
			struct wait_queue_entry we_entry = {.task = current}; \
			list_init(&we_entry.list);                            \
			for (;;) {                                            \
				prepare_to_wait(head, &we_entry, state);      \
				if (condition)                                \
					break;                                \
				if (interrupted) {                            \
					we_ret = -ERESTARTSYS;                \
					break;                                \
				}                                             \
				schedule();                                   \
			}                                                     \
			finish_wait(head, &we_entry);                         \
		}                                                             \
		we_ret;                                                       \
	})

/* Sleep until `condition`; only wake-ups make it be looked at again. */
#define wait_event(head, condition) \
	((void)wait_event_state(head, condition, TASK_UNINTERRUPTIBLE, false))
/* The same, but -ERESTARTSYS when a (fatal) signal arrives first. */
#define wait_event_interruptible(head, condition) \
	wait_event_state(head, condition, TASK_INTERRUPTIBLE, signal_pending())
#define wait_event_killable(head, condition) \
	wait_event_state(head, condition, TASK_KILLABLE, fatal_signal_pending())
