/*
 * Rights.
 */
#pragma once

#include "kernel/task.h"

#define CAP_ALL ((1ULL << 41) - 1) /* CAP_CHOWN .. CAP_CHECKPOINT_RESTORE */

/* What becomes of them when a program is executed; set-user-ID has been applied. */
void cred_exec(struct cred *cred);
bool in_group(u32 gid); /* the current task's fsgid or one of its groups */
