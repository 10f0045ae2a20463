/*
 * Deferred free by epochs: readers look at shared structures without locks, and
 * who removes an object frees it only when every CPU has since been outside the
 * kernel, idle, or in schedule() at least once -- for then no reader can still
 * hold a pointer to it.
 *
 * A reader does nothing but not sleep between fetching a pointer and its last
 * use; epoch_read_lock() only lets the debug build check that.
 */
#pragma once

#include "lib/types.h"

struct epoch_head {
	struct epoch_head *next;
	void (*func)(struct epoch_head *head);
	u64 epoch;
};

#ifdef PAGODA_DEBUG
void epoch_read_lock(void);
void epoch_read_unlock(void);
#else
static inline void epoch_read_lock(void)
{
}
static inline void epoch_read_unlock(void)
{
}
#endif

/* Call func(head) once all present readers are done. Any context but interrupts. */
void epoch_call(struct epoch_head *head, void (*func)(struct epoch_head *head));
/* Sleep until all present readers are done and their callbacks have run. */
void epoch_synchronize(void);
/* The machine reports: this CPU holds no reference (return to user mode, idle, schedule). */
void epoch_quiescent(void);
