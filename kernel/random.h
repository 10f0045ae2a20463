/*
 * Random numbers for programs and for layout: a ChaCha20 stream seeded by the machine.
 */
#pragma once

#include "lib/types.h"

void get_random_bytes(void *buf, size_t bytes); /* any context but interrupts */
u64 get_random_u64(void);

extern int sysctl_randomize_va_space; /* enum randomize; 0 with norandmaps */
