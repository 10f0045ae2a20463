/*
 * Timers.
 *
 * Each CPU has a tree of timers ordered by time of expiry; the tick calls those
 * that are due, so a timer runs at the first tick (4 ms apart) at or after its
 * time, never before.  A timer's functions runs with interrupts off and without
 * the lock, so it may start its timer anew; it must not call into mm/ nor send
 * signals, but it may wake a thread that does.
 *
 * Who stops a timer and then frees it must know that the function is not running
 * on another CPU: `running` names the one in progress, and timer_stop_sync() waits
 * for it.
 */
#include "kernel/timer.h"
#include "kernel/sched.h"
#include "lib/assert.h"
#include "sync/percpu.h"

struct timer_queue {
	spinlock_t lock;
	struct rb_root tree;   /* (lock) by expires */
	struct rb_node *first; /* (lock) */
	struct timer *running; /* (lock) its function is being called */
};

static DEFINE_PER_CPU(struct timer_queue, timer_queue) = {.lock = SPINLOCK_INIT(RANK_TIMER)};

static inline struct timer *timer_of(struct rb_node *node)
{
	return rb_entry(node, struct timer, node);
}

void timers_cpu_init(unsigned cpu)
{
	spin_lock_init(&per_cpu(timer_queue, cpu).lock, RANK_TIMER);
}

/* Lock the queue the timer is or was last on. Interrupts go off. */
static struct timer_queue *lock_timer(struct timer *timer, unsigned long *flags)
{
	for (;;) {
		unsigned cpu = READ_ONCE(timer->cpu);
		struct timer_queue *queue = &per_cpu(timer_queue, cpu);

		*flags = spin_lock_irqsave(&queue->lock);
		if (likely(cpu == timer->cpu))
			return queue;
		spin_unlock_irqrestore(&queue->lock, *flags);
	}
}

static bool remove_timer(struct timer_queue *queue, struct timer *timer)
{
	if (!timer->pending)
		return false;
	if (queue->first == &timer->node)
		queue->first = rb_next(&timer->node);
	rb_erase(&queue->tree, &timer->node);
	timer->pending = false;
	return true;
}

void timer_start(struct timer *timer, u64 expires)
{
	struct rb_node **place, *parent = NULL;
	struct timer_queue *queue;
	unsigned long flags;
	bool first = true;

	/* Off the old queue; then it is ours to move, as starts of one timer do not race. */
	queue = lock_timer(timer, &flags);
	remove_timer(queue, timer);
	timer->cpu = cpu_id();
	spin_unlock(&queue->lock);

	queue = &this_cpu(timer_queue);
	spin_lock(&queue->lock);
	timer->expires = expires;
	place = &queue->tree.node;
	while (*place) {
		parent = *place;
		if (expires < timer_of(parent)->expires) {
			place = &parent->left;
		} else {
			place = &parent->right;
			first = false;
		}
	}
	rb_link(&timer->node, parent, place);
	rb_insert_balance(&queue->tree, &timer->node);
	if (first)
		queue->first = &timer->node;
	timer->pending = true;
	spin_unlock_irqrestore(&queue->lock, flags);
}

bool timer_stop(struct timer *timer)
{
	unsigned long flags;
	struct timer_queue *queue = lock_timer(timer, &flags);
	bool was = remove_timer(queue, timer);

	spin_unlock_irqrestore(&queue->lock, flags);
	return was;
}

bool timer_stop_sync(struct timer *timer)
{
	for (;;) {
		unsigned long flags;
		struct timer_queue *queue = lock_timer(timer, &flags);
		bool was = remove_timer(queue, timer);
		bool running = queue->running == timer;

		spin_unlock_irqrestore(&queue->lock, flags);
		if (!running)
			return was;
		cpu_relax();
	}
}

void run_timers(u64 now)
{
	struct timer_queue *queue = &this_cpu(timer_queue);

	if (!READ_ONCE(queue->first))
		return;
	spin_lock(&queue->lock);
	while (queue->first && timer_of(queue->first)->expires <= now) {
		struct timer *timer = timer_of(queue->first);

		remove_timer(queue, timer);
		queue->running = timer;
		spin_unlock(&queue->lock);
		timer->fn(timer);
		spin_lock(&queue->lock);
		queue->running = NULL;
	}
	spin_unlock(&queue->lock);
}

/* --- Sleeping for a time --- */

struct sleeper {
	struct timer timer;
	struct task_struct *task;
};

static void wake_sleeper(struct timer *timer)
{
	wake_up_process(container_of(timer, struct sleeper, timer)->task);
}

u64 schedule_timeout(u64 ns)
{
	struct sleeper sleeper = {.timer.fn = wake_sleeper, .task = current};
	u64 end = ktime_ns() + ns, now;

	if (ns == FOREVER || end < ns) {
		schedule();
		return ns;
	}
	timer_start(&sleeper.timer, end);
	schedule();
	timer_stop_sync(&sleeper.timer); /* it lies on our stack */
	now = ktime_ns();
	return now < end ? end - now : 0;
}
