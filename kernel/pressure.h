/*
 * Pressure: how much of the time tasks lost waiting for a CPU, for memory, for disks.
 */
#pragma once

#include "kernel/runqueue.h"

enum pressure { PRESSURE_IO, PRESSURE_MEMORY, PRESSURE_CPU, NR_PRESSURES };

struct pressure_figures {
	u64 total_us;
	unsigned average[3]; /* over 10, 60, 300 s: hundredths of a per cent */
};
/* `full`: all that was to be done stood still; else some of it. */
void pressure_read(enum pressure what, bool full, struct pressure_figures *figures);

/* The tick of each CPU, `passed` ns after its last; interrupts off. */
void pressure_tick(const struct runqueue *rq, unsigned self, u64 passed, u64 now);
