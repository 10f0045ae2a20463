/*
 * Wait queues.
 *
 * The danger is the wake-up that comes between looking at the condition and going
 * to sleep.  So a waiter first queues itself and declares that it sleeps
 * (prepare_to_wait), then looks, then calls schedule(); whoever makes the
 * condition true first changes it, then wakes the queue.  Either the waiter sees
 * the change, or the waker sees the waiter, whose state it sets back to running;
 * then schedule() does not sleep.
 *
 * Waking does not take an entry off the queue, finish_wait() does; a waiter that
 * has been woken and has not run yet does not count as one that can be woken, so
 * of several exclusive waiters each wake_up() gets a different one.  Ordinary
 * waiters stand in front, exclusive ones behind them in order of arrival.
 */
#include "sync/wait.h"

void init_waitqueue_head(struct wait_queue_head *head)
{
	spin_lock_init(&head->lock, RANK_WAITQUEUE);
	list_init(&head->waiters);
}

static void enqueue(struct wait_queue_head *head, struct wait_queue_entry *entry)
{
	if (entry->exclusive)
		list_add_tail(&entry->list, &head->waiters);
	else
		list_add(&entry->list, &head->waiters);
}

void add_wait_queue(struct wait_queue_head *head, struct wait_queue_entry *entry)
{
	unsigned long flags = spin_lock_irqsave(&head->lock);

	enqueue(head, entry);
	spin_unlock_irqrestore(&head->lock, flags);
}

void remove_wait_queue(struct wait_queue_head *head, struct wait_queue_entry *entry)
{
	unsigned long flags = spin_lock_irqsave(&head->lock);

	list_del_init(&entry->list);
	spin_unlock_irqrestore(&head->lock, flags);
}

void prepare_to_wait(struct wait_queue_head *head, struct wait_queue_entry *entry,
		     enum task_state state)
{
	unsigned long flags = spin_lock_irqsave(&head->lock);

	if (list_empty(&entry->list))
		enqueue(head, entry);
	set_current_state(state);
	spin_unlock_irqrestore(&head->lock, flags);
}

void finish_wait(struct wait_queue_head *head, struct wait_queue_entry *entry)
{
	set_current_state(TASK_RUNNING);
	remove_wait_queue(head, entry);
}

static void wake(struct wait_queue_head *head, bool all)
{
	unsigned long flags = spin_lock_irqsave(&head->lock);
	struct wait_queue_entry *entry, *next;

	list_for_each_entry_safe (entry, next, &head->waiters, list) {
		if (entry->func)
			entry->func(entry);
		else if (wake_up_process(entry->task) && entry->exclusive && !all)
			break;
	}
	spin_unlock_irqrestore(&head->lock, flags);
}

void wake_up(struct wait_queue_head *head)
{
	wake(head, false);
}

void wake_up_all(struct wait_queue_head *head)
{
	wake(head, true);
}
