/*
 * Local descriptor tables, to look at them.
 */
#pragma once

#include "machine/segments.h"

struct mm_struct;

/* The space's table, which stays as it is until ldt_unlock(); NULL: it has the default one. May sleep. */
const struct ldt *ldt_lock_of(const struct mm_struct *mm);
void ldt_unlock(void);
