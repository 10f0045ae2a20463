/*
 * Interval timers, for the tick and for the end of a process.
 */
#pragma once

#include "kernel/task.h"

/* The running task used `ns` of CPU time. In the tick. */
void itimer_tick(struct task_struct *t, u64 ns, bool user_mode);
/* The process ends: no more signals. / Its signal_struct goes. */
void itimer_exit(struct signal_struct *signal);
void itimer_free(struct signal_struct *signal);
