/*
 * Descriptors as programs describe them to set_thread_area(2) and modify_ldt(2), and as the CPU
 * reads them.
 */
#pragma once

#include "lib/types.h"
#include <asm/ldt.h>

/* How an entry is given up: the flags say that there is nothing. */
bool user_desc_empty(const struct user_desc *d);
/* A segment of ring 3, its accessed bit set so that the CPU never writes the table. */
u64 user_desc_encode(const struct user_desc *d);
struct user_desc user_desc_decode(unsigned entry, u64 descriptor);
