/*
 * Counters read side by side, to compare their speeds.
 *
 * What comes between two of the reads -- an interrupt of the host's, which takes the processor away from an emulator
 * for milliseconds -- makes them disagree about when "now" was.  So all are read between two reads of
 * the fastest one, several times over, and the reading that took least is the one to believe.
 */
#pragma once

#include "lib/types.h"

struct sample {
	u64 counter;   /* the one whose speed is wanted, before the others */
	u64 took;      /* how far it went until all were read */
	u32 reference; /* of known speed */
	u32 other;     /* another whose speed is wanted */
};

#define SAMPLE_READINGS 8

/* read() again and again: the reading that took least. */
static inline struct sample sample_best(struct sample (*read)(void))
{
	struct sample best = read();

	for (unsigned i = 1; i < SAMPLE_READINGS; i++) {
		const struct sample now = read();

		if (now.took < best.took)
			best = now;
	}
	return best;
}
