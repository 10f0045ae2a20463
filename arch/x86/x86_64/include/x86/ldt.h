/*
 * What this CPU has loaded of a space's segments: nothing. For the machine's own files.
 */
#pragma once

#include "machine/segments.h"

static inline void space_segments_load(const struct space_segments *of)
{
}
