/*
 * Is the event stream recorded?  Here that is found out where it is asked (mm/trace/trace.h).
 */
#pragma once

#include "lib/types.h"

static inline bool machine_recording(void)
{
	return true;
}
