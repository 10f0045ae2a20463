/*
 * What every guest test is written with.
 *
 * A test program is one concept. Its main() runs a few cases by run() and returns
 * finish(). A case is a function that states what it expects; the first
 * expectation that does not hold ends the case. For each case one line is printed:
 *
 *	ok NAME
 *	ok NAME # skip WHY
 *	not ok NAME: FILE:LINE: what was expected, and what was found
 *
 * Expectations also work in a forked child: there a failure prints a "# " line
 * and ends the child with CHILD_FAILED, which the parent's expect_child_ok() sees.
 */
#ifndef GUEST_CHECK_H
#define GUEST_CHECK_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CHILD_FAILED 99

void run(const char *name, void (*test)(void));
int finish(void);

/* Ends the case: it is not for this kernel or machine. */
_Noreturn void skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

_Noreturn void fail_at(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define fail(...)         fail_at(__FILE__, __LINE__, __VA_ARGS__)

#define expect(condition) ((condition) ? (void)0 : fail("not so: %s", #condition))

/* Compares two whole numbers. */
#define expect_equal(found, wanted)                                                            \
	do {                                                                                   \
		long long found_ = (long long)(found), wanted_ = (long long)(wanted);          \
		if (found_ != wanted_)                                                         \
			fail("%s is %lld (0x%llx), not %lld (0x%llx)", #found, found_, found_, \
			     wanted_, wanted_);                                                \
	} while (0)

#define expect_between(found, low, high)                                                        \
	do {                                                                                    \
		long long found_ = (long long)(found);                                          \
		long long low_ = (long long)(low), high_ = (long long)(high);                   \
		if (found_ < low_ || found_ > high_)                                            \
			fail("%s is %lld, not from %lld to %lld", #found, found_, low_, high_); \
	} while (0)

#define expect_string(found, wanted)                                               \
	do {                                                                       \
		const char *found_ = (found), *wanted_ = (wanted);                 \
		if (__builtin_strcmp(found_, wanted_))                             \
			fail("%s is \"%s\", not \"%s\"", #found, found_, wanted_); \
	} while (0)

/* A system call that has to succeed (not return -1). Gives its value. */
#define must(call)                                          \
	({                                                  \
		__typeof__(call) value_ = (call);           \
		if ((long)value_ == -1)                     \
			fail("%s: errno %d", #call, errno); \
		value_;                                     \
	})

/* A system call that has to fail with @error. */
#define expect_errno(call, error)                                                               \
	do {                                                                                    \
		errno = 0;                                                                      \
		long value_ = (long)(call);                                                     \
		if (value_ != -1 || errno != (error))                                           \
			fail("%s gives %ld, errno %d; not errno %d (%s)", #call, value_, errno, \
			     (error), #error);                                                  \
	} while (0)

/* Forks; the child runs @body and exits with 0. Gives the child's pid. */
pid_t start_child(void (*body)(void));
/* Waits for @child. Gives its wait status. */
int wait_child(pid_t child);
/* Both, and expects that it ended well. */
void expect_child_ok(void (*body)(void));

/*
 * Runs @body in a child that must be killed by @signal; where a fault is, the
 * handler's siginfo is what fault.h is for.
 */
void expect_child_killed(void (*body)(void), int signal);

/* A number for random tests: from $TEST_SEED, else different each time. It is printed. */
unsigned long random_seed(void);
/* The next of a sequence that @state, set to a seed first, determines. */
unsigned long random_next(unsigned long *state);

/* Whether this kernel is Pagoda (uname says so), for what Linux does not have. */
bool is_pagoda(void);

extern long page_size;

#endif
