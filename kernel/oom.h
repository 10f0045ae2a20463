/*
 * How bad is a process when memory runs out?
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
 * no memory. May sleep.
 */
long oom_badness(struct task_struct *task, unsigned long total);
