/*
 * Decompression of gzip streams (RFC 1951, 1952).
 */
#pragma once

#include "lib/types.h"

/*
 * Unpack one gzip member from in[0..bytes) and hand its contents on in pieces. `emit` returns
 * 0 or a negative errno that ends it. *used: bytes of the member. 0, -EINVAL for data that is
 * no gzip or is damaged (wrong CRC included), -ENODATA when it ends early, -ENOMEM.
 */
int gunzip(const u8 *in, size_t bytes, size_t *used,
	   int (*emit)(void *arg, const u8 *data, size_t bytes), void *arg);
