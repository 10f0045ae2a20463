/*
 * How far down a request may take a zone.  Private to the frame floor.
 */
#pragma once

#include "mm/frame/buddy.h"
#include "mm/frame/frame.h"

struct reach {
	enum watermark mark; /* must be left free */
	bool deep;           /* half of it (__GFP_HIGH) */
	bool deeper;         /* a quarter less (cannot wait) */
	bool everything;     /* no mark at all (__GFP_MEMALLOC, a dying task) */
};

/*
 * May the request take 2^order pages from the zone and leave what must be left there,
 * the reserve against requests that could go higher included; and is there such a block?
 * Without the lock: a guess that is good enough.
 */
bool zone_has_enough(const struct zone *zone, unsigned order, enum migratetype type,
		     enum zone_type highest, struct reach reach);
