/*
 * Windows onto frames above the line that the direct map ends at, on geometries with HIGHMEM.
 *
 * A window is a page of addresses where the host maps the frame while it is open. Who keeps
 * the address longer traps: places are used in turn, so an old one is long without a frame.
 */
#pragma once

#include "machine/page.h"

/* Any frame, from any thread; there are 256 windows, and no more is a panic. */
void *soft_open_window(pfn_t pfn);
void soft_close_window(const void *window);

static inline void *machine_open_window(pfn_t pfn, bool sleeps)
{
	return pfn < ZONE_NORMAL_END_PFN ? pfn_to_virt(pfn) : soft_open_window(pfn);
}

static inline void machine_close_window(const void *window)
{
	if ((unsigned long)window >= KMAP_BASE)
		soft_close_window(window);
}
