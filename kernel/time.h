/*
 * Times as programs write them.
 */
#pragma once

#include "lib/types.h"
#include <linux/time_types.h>

#define NSEC_PER_SEC 1000000000ULL

/* Read a timespec that is a span of time: *ns (saturated), or -EFAULT, -EINVAL. */
int get_timespec_ns(u64 *ns, const struct __kernel_timespec __user *from);
/* A timespec as the running system call has it, with seconds of 32 or 64 bits: 0 or -EFAULT. */
int get_timespec(struct __kernel_timespec *ts, const struct __kernel_timespec __user *from);
/* `n` of them in a row. */
int get_timespecs(struct __kernel_timespec *ts, const struct __kernel_timespec __user *from,
		  unsigned n);
/* The same from kernel memory: -EINVAL when it is not one. */
int timespec_ns(u64 *ns, const struct __kernel_timespec *ts);
int put_timespec_ns(struct __kernel_timespec __user *to, u64 ns);
/* Wall time minus ktime, in ns; changed by clock_settime(). */
s64 wall_offset_ns(void);
/* Wall time in seconds at boot, for btime in /proc/stat. */
u64 boot_time_seconds(void);
/* Sleep until `deadline` (ktime ns): 0, or -ERESTARTSYS when a signal came first. */
int sleep_until(u64 deadline);
void time_init(void); /* wall time from the battery clock; the log's stamps */
