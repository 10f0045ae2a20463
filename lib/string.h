/*
 * Memory and string routines with their C library meaning.  On a PC the machine
 * implements the mem* four and lib/string.c the rest; on `soft` they are libc's.
 */
#pragma once

#include "lib/types.h"

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *at, int byte, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
void *memchr(const void *at, int byte, size_t bytes);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *what);

/* Copy at most size-1 bytes and always end with NUL; returns strlen(from). */
size_t str_copy(char *to, const char *from, size_t size);
/* Parse a number with optional 0x or 0 prefix; *end is the first byte not read. */
unsigned long long parse_number(const char *s, const char **end);
/* As above with an optional suffix K, M, G or T: bytes ("512M"). */
unsigned long long parse_size(const char *s, const char **end);
