/*
 * The same rows of objects of 64 bytes over malloc: the C library's, or that of a library
 * named in LD_PRELOAD.
 */
#include <stdlib.h>

static inline void *object_alloc(void)
{
	return malloc(64);
}

static inline void object_free(void *object)
{
	free(object);
}

#include "bench/host/objects.h"

int main(void)
{
	measure_init();
	object_rows();
	return 0;
}
