/*
 * Runs an operation again and again, each time with a later allocation of the kernel failing
 * (/proc/self/fail-nth), until none did. Each time the operation must succeed, or fail
 * with one of its errnos and have done nothing; and no memory may be lost.
 */
#ifndef GUEST_FAILING_H
#define GUEST_FAILING_H

#include <stdbool.h>

struct operation {
	const char *name;
	void (*prepare)(void); /* or NULL */
	/* -1 and errno, or success. Nothing that allocates should stand around the call. */
	long (*run)(void);
	void (*undo)(bool succeeded); /* or NULL */
	int error;                    /* besides ENOMEM; 0: none */
	bool partly;                  /* on failure /proc/self/maps may have changed */
};

/* Can this kernel's allocations be made to fail? Else the case is skipped. */
void failing_needed(void);
/* All of these; skips the case as well. */
void failing_run(const struct operation *operations, unsigned n);

/* In a child: the n-th allocation from now fails; how many are left, and none fails any more. */
void failing_arm(unsigned n);
unsigned failing_disarm(void);

#endif
