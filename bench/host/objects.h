/*
 * The rows of objects of 64 bytes. Who includes this has defined, to be inlined,
 *
 *     static inline void *object_alloc(void);
 *     static inline void object_free(void *object);
 *
 * so that the same loops run over our slabs (slab.c) and over any malloc (malloc.c).
 */
#pragma once

#include <stdint.h>
#include "bench/host/measure.h"

#define OBJECTS 100000

static void *object[OBJECTS];

static void object_pair(void)
{
	unsigned n = measure_size(10 * OBJECTS);

	measure_begin();
	for (unsigned i = 0; i < n; i++) {
		void *p = object_alloc();

		__asm__ volatile("" : "+r"(p)::"memory");
		object_free(p);
	}
	measure_end("object_pair", n);
}

static void object_batch(const char *name, unsigned n)
{
	measure_begin();
	for (unsigned i = 0; i < n; i++)
		object[i] = object_alloc();
	measure_end(name, n);
}

static void object_free_all(const char *name, unsigned n)
{
	measure_begin();
	for (unsigned i = 0; i < n; i++)
		object_free(object[i]);
	measure_end(name, n);
}

static void object_shuffle(unsigned n)
{
	for (unsigned i = n - 1; i > 0; i--) {
		unsigned j = measure_random(i + 1);
		void *other = object[j];

		object[j] = object[i];
		object[i] = other;
	}
}

/* Replace objects at random; each is written to when it is new and read before it goes. */
static void object_replace(unsigned n)
{
	measure_begin();
	for (unsigned i = 0; i < n; i++) {
		void **place = &object[measure_random(n)];

		(void)*(volatile uint64_t *)*place;
		object_free(*place);
		*place = object_alloc();
		*(volatile uint64_t *)*place = i;
	}
	measure_end("object_replace", n);
}

static void object_rows(void)
{
	unsigned n = measure_size(OBJECTS);

	for (unsigned round = 0; round < measure_rounds(); round++) {
		object_pair();
		object_batch("object_batch", n);
		object_free_all("object_free_in_order", n);
		object_batch("object_batch", n);
		object_shuffle(n);
		object_free_all("object_free_random", n);
		object_batch("object_batch_scattered", n);
		object_replace(n);
		object_shuffle(n);
		object_free_all("object_free_random", n);
	}
}
