/*
 * How the host benchmarks measure: the same loops are timed, or counted by callgrind. Each interval
 * prints a line:
 *
 *     row NAME NANOSECONDS          per operation; processor time of this thread
 *
 * Under `valgrind --tool=callgrind --collect-atstart=no` callgrind dumps the interval's events
 * under the name "NAME OPERATIONS" instead.
 */
#pragma once

void measure_init(void);
/* How often an interval is worth repeating; how many operations of `n` it should have. */
unsigned measure_rounds(void);
unsigned measure_size(unsigned n);
void measure_begin(void);
void measure_end(const char *name, unsigned long operations);
/* A figure that was not measured in an interval. */
void measure_print(const char *name, double figure);

/* The same random numbers in all programs, below 2^32. */
unsigned measure_random(unsigned limit);
