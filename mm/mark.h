/*
 * Marks: the machine's own state, written into the event stream while nothing moves, so
 * that who rebuilds the state from the events can compare (`pagoda check`).
 *
 * Each floor registers how it writes down its part; mm_mark() has all other CPUs stand still and
 * calls them all.
 */
#pragma once

#include "lib/list.h"

struct mm_marker {
	struct list_head list;
	/* All other CPUs stand still. Changes nothing, allocates nothing, takes spinlocks only. */
	void (*mark)(void);
};

void mm_mark_register(struct mm_marker *marker);
/* 0; -ENODEV: nobody records. -ENOMEM. May sleep. */
int mm_mark(void);
/* The last mark and the end of the recording, if there is one: for the machine's end. May sleep. */
void mm_mark_last(void);
