/*
 * The kernel's own function names, embedded at link time (tools/link.sh).
 */
#pragma once

#include "lib/types.h"

/*
 * The function that contains `address`: its name into `name`, the distance from its start
 * into *offset and its length into *size (if not NULL). False outside kernel text.
 */
bool symbol_lookup(unsigned long address, char *name, size_t bytes, unsigned long *offset,
		   unsigned long *size);
/* "name+0x12/0x80", or the bare number: for messages. Returns buf. */
const char *symbol_format(unsigned long address, char *buf, size_t bytes);
/* The address of a function, or 0. Slow: a scan. */
unsigned long symbol_address(const char *name);
/* The n-th function in order of address; false at the end. Slow: a scan. */
bool symbol_nth(unsigned n, unsigned long *address, char *name, size_t bytes);
