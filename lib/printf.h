/*
 * Formatted text into a buffer: the C library's snprintf with %d %i %u %x %X %o
 * %c %s %p %%, flags "-+ #0", width and precision (also *), and hh h l ll z j t.
 * On `soft` it is libc's own.
 */
#pragma once

#include "lib/types.h"

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args) __printf(3, 0);
int snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
/* Returns the bytes really stored (without the NUL), never more than size-1. */
int scnprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
