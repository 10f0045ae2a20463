/*
 * What the system calls itself.
 */
#pragma once

#include "lib/types.h"

#define UTS_SYSNAME "Linux"
#define UTS_RELEASE "6.1.0-pagoda"
#define UTS_VERSION "#1 SMP Pagoda"

extern char utsname_hostname[65];               /* (changed by set_hostname only) */
int set_hostname(const char *name, size_t len); /* 0 or -EINVAL */
