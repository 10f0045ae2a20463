/*
 * What tasks have used.
 */
#pragma once

#include "kernel/task.h"

#define RUSAGE_BOTH (-2) /* a process and its dead children: for wait4() */

/* who: RUSAGE_SELF (the process), RUSAGE_CHILDREN, RUSAGE_THREAD, RUSAGE_BOTH. Its family. */
void get_rusage(struct task_struct *t, int who, struct rusage *usage);
