/*
 * Timers: call a function at a time.
 */
#pragma once

#include "lib/rbtree.h"
#include "lib/types.h"

struct timer {
	struct rb_node node; /* (the CPU's timer lock) */
	u64 expires;         /* ktime in ns */
	/* In the tick, interrupts off: may wake somebody, take IRQ-ranked locks, and start the timer again. */
	void (*fn)(struct timer *timer);
	unsigned cpu; /* whose queue it is on */
	bool pending; /* (the CPU's timer lock) */
};

static inline void timer_init(struct timer *timer, void (*fn)(struct timer *))
{
	*timer = (struct timer){.fn = fn};
}
/* (Re)start: fn is called at the first tick at or after `expires`, on this CPU. */
void timer_start(struct timer *timer, u64 expires);
/* True if it was waiting; false: it is not, but fn may still be running on another CPU. */
bool timer_stop(struct timer *timer);
/* As timer_stop(), and fn does not run any more when it returns. Not from fn itself. */
bool timer_stop_sync(struct timer *timer);

void timers_cpu_init(unsigned cpu); /* of a CPU that is about to start */
/* The tick: call what is due. Interrupts off. */
void run_timers(u64 now);
