/*
 * Fake HIGHMEM, of the debug build (PAGODA_FAKE_HIGHMEM): pages that programs and files own are taken out of the direct map
 * while nobody has a window open on them, so that code which reaches for them by their address
 * in it, and would fail on a machine with HIGHMEM, faults here.
 *
 * A window is the page's own place in the direct map: its entry carries, in bits that the
 * processor ignores, that the page is hidden and how many windows are open (63 at most). Only
 * this CPU's TLB is told when a window closes; what another still remembers is right, and
 * lets one mistake pass.
 */
#pragma once

#include "lib/types.h"

void machine_hide_page(pfn_t pfn);
/* In the direct map again; a window that is open still is reported. */
void machine_show_page(pfn_t pfn);
bool machine_page_is_hidden(pfn_t pfn);
/* Windows work on any page, and nest. */
void *machine_open_window(pfn_t pfn, bool sleeps);
void machine_close_window(const void *window);
