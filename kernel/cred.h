/*
 * Rights.
 */
#pragma once

#include "kernel/task.h"

#define CAP_ALL ((1ULL << 41) - 1) /* CAP_CHOWN .. CAP_CHECKPOINT_RESTORE */

/* What becomes of them when a program is executed; set-user-ID has been applied. */
void cred_exec(struct cred *cred);
/*
 * May the current task trace `target`, and so read and write its memory? ptrace(2)'s access mode
 * ATTACH by real ids: the same ids, no capability that it has not, and not forbidden by prctl(2).
 */
bool may_trace(const struct task_struct *target);
bool in_group(u32 gid); /* the current task's fsgid or one of its groups */
