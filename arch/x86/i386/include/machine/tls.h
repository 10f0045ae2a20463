/*
 * Thread-local storage: three descriptors of the task's own in the GDT (set_thread_area(2)), and
 * %gs, which the kernel does not use and therefore leaves as it is until the next switch.
 */
#pragma once

#include "lib/types.h"
#include "machine/selectors.h"

struct arch_tls {
	u64 descriptor[GDT_TLS_ENTRIES]; /* entries GDT_TLS .. of the GDT while the task runs */
	u16 gs;                          /* while it does not run */
};
