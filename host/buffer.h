/*
 * A queue of bytes on their way from one descriptor to another.
 */
#ifndef PAGODA_BUFFER_H
#define PAGODA_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct buffer {
	char *bytes;
	size_t used, size;
};

void buffer_add(struct buffer *buffer, const void *bytes, size_t count);
void buffer_take(struct buffer *buffer, size_t count); /* drops the first @count */

/* Reads once, at most @count bytes. Returns what read(2) does. */
long buffer_read(struct buffer *buffer, int fd, size_t count);

/* Writes once and drops what was written. Returns false when @fd can never be written again. */
bool buffer_write(struct buffer *buffer, int fd);

/* Keeps only the last @count bytes. */
void buffer_keep_last(struct buffer *buffer, size_t count);

void buffer_free(struct buffer *buffer);

#endif
