/*
 * What every host test program shares.
 *
 * A program is a table of cmocka tests and HOST_TESTS(table).  Each test runs in
 * a process of its own, forked before it starts: mm/ keeps its state in static
 * variables, so each test has a fresh machine, and one that crashes or hangs takes
 * nobody along.  A test fails, too, when the kernel warned (warn_count).
 *
 *     build/soft-asan/test_rbtree              all tests
 *     build/soft-asan/test_rbtree NAME ...     those whose names contain NAME
 *     SEED=7 build/soft-asan/test_rbtree       other random numbers
 *     NOFORK=1 ... NAME                        in this process, for a debugger
 */
#pragma once

#include "lib/types.h"
#include <setjmp.h>
#include <cmocka.h>

/* The seed of this run (environment SEED, else 1), printed with a failure. */
u64 test_seed(void);

/* Random numbers from a seed: the same on every host. */
struct random {
	u64 state;
};
u64 random_u64(struct random *random);
/* Below `limit`, which is not zero. */
static inline u64 random_below(struct random *random, u64 limit)
{
	return random_u64(random) % limit;
}

int run_host_tests(const char *file, const struct CMUnitTest *tests, size_t n, char **argv);

#define HOST_TESTS(tests)                                                        \
	int main(int argc, char **argv)                                          \
	{                                                                        \
		return run_host_tests(__FILE__, tests, ARRAY_SIZE(tests), argv); \
	}
