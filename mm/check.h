/*
 * mm_check(): walk everything and state the invariants (decision 8).
 *
 * Each floor registers its own check; mm_check() runs them all, bottom up, and
 * returns the number of violations (each is logged).  The machine should be
 * quiet: checks take the locks they need but not all at once.
 */
#pragma once

#include "lib/list.h"

struct mm_checker {
	struct list_head list;
	const char *name;
	unsigned (*check)(void); /* may sleep */
};

void mm_check_register(struct mm_checker *checker);
unsigned mm_check(void);
