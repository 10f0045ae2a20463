/*
 * Who may read the kernel's log.
 */
#pragma once

#include "lib/types.h"

extern int sysctl_dmesg_restrict; /* 1: only with CAP_SYSLOG (or CAP_SYS_ADMIN) */
bool may_read_log(void);          /* the current task */
