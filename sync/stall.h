/*
 * Tasks that stand still for want of memory or of a disk: who waits says so, the scheduler's tick
 * looks (kernel/pressure.c). Pairs; they may nest, then a task counts more than once.
 */
#pragma once

#include "lib/atomic.h"

enum stall { STALL_IO, STALL_MEMORY, NR_STALLS };

extern atomic_t stalled[NR_STALLS]; /* tasks that are between begin and end now */

static inline void stall_begin(enum stall what)
{
	atomic_inc(&stalled[what]);
}
static inline void stall_end(enum stall what)
{
	atomic_dec(&stalled[what]);
}
