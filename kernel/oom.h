/*
 * The OOM killer: when memory has run out, one process goes so that all others can go on (SYSTEM.md S45).
 */
#pragma once

#include "kernel/task.h"
#include "lib/types.h"

#define OOM_NEVER (-(long)(~0UL >> 1) - 1) /* the kernel's own, init, and who is exempt */

/* Memory that badness is measured against: RAM and swap, in pages. At least 1. */
unsigned long oom_total_pages(void);
/*
 * What killing the process would give back, in pages: resident, swapped out, and its page
 * tables; moved by oom_score_adj thousandths of `total`. OOM_NEVER: it is not to be killed, or has
 * no memory. Takes families' locks.
 */
long oom_badness(struct task_struct *process, unsigned long total);

/* Knobs of /proc/sys/vm */
extern int sysctl_panic_on_oom;             /* 1, 2: the machine stops instead */
extern int sysctl_oom_kill_allocating_task; /* not the worst, but who asks */
extern int sysctl_oom_dump_tasks;           /* the report lists all processes */
