/*
 * Is the event stream recorded?  Here that is found out where it is asked (mm/trace/trace.h).
 */
#pragma once

#include "lib/types.h"

/* That is a load and a branch: too much for the release build's shortest paths. */
#ifdef PAGODA_DEBUG
#define MACHINE_RECORDING_IS_FREE 1
#else
#define MACHINE_RECORDING_IS_FREE 0
#endif

static inline bool machine_recording(void)
{
	return true;
}
