/*
 * Two ways to measure an interval (measure.h): processor time, or callgrind's counters.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <valgrind/callgrind.h>
#include "bench/host/measure.h"

static double started;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* others may run on this host, too */
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

void measure_init(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
}

unsigned measure_rounds(void)
{
	return RUNNING_ON_VALGRIND ? 2 : 21; /* the first warms up */
}

unsigned measure_size(unsigned n)
{
	return RUNNING_ON_VALGRIND && n > 262144 ? 262144 : n;
}

void measure_begin(void)
{
	if (RUNNING_ON_VALGRIND) {
		CALLGRIND_ZERO_STATS;
		CALLGRIND_TOGGLE_COLLECT;
	} else {
		started = now();
	}
}

void measure_end(const char *name, unsigned long operations)
{
	if (RUNNING_ON_VALGRIND) {
		char text[80];

		CALLGRIND_TOGGLE_COLLECT;
		snprintf(text, sizeof(text), "%s %lu", name, operations);
		CALLGRIND_DUMP_STATS_AT(text);
	} else {
		printf("row %s %.3f\n", name, (now() - started) / (double)operations);
	}
}

void measure_print(const char *name, double figure)
{
	if (!RUNNING_ON_VALGRIND)
		printf("row %s %.3f\n", name, figure);
}

static uint64_t state = 88172645463325252ULL;

unsigned measure_random(unsigned limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 32) * limit >> 32);
}
