/*
 * Between early.c and the rest of the frame floor; the public part is in frame.h.
 */
#pragma once

#include "mm/frame/frame.h"

/* The first unreserved stretch within [from, to), in bytes; false if there is none. */
bool early_free_gap(u64 from, u64 to, u64 *start, u64 *end);
/* [start, end) belongs to the buddy system now: no reservation covers it any more. */
void early_unreserve(u64 start, u64 end);
