/*
 * Windows onto high memory (mm/frame/kmap.h; SYSTEM.md S23): page-table entries at KMAP_START.
 *
 * Low memory has an address anyway. For other pages each CPU has a few windows of its own; who may
 * sleep with his and finds them all open takes one of a pool that all CPUs share, and waits while it is empty.
 */
#pragma once

#include "machine/page.h"

void *machine_open_high_window(pfn_t pfn, bool sleeps);
void machine_close_high_window(const void *window);

static __always_inline void *machine_open_window(pfn_t pfn, bool sleeps)
{
	return pfn < ZONE_NORMAL_END_PFN ? pfn_to_virt(pfn) : machine_open_high_window(pfn, sleeps);
}

static __always_inline void machine_close_window(const void *window)
{
	if ((unsigned long)window >= KMAP_START)
		machine_close_high_window(window);
}
