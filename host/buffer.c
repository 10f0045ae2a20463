/*
 * Queues of bytes (buffer.h): one piece of memory that grows; the front moves up
 * when bytes are taken. They hold some 10 kB at most, so moving is cheap.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "command.h"

static void make_room(struct buffer *buffer, size_t count)
{
	if (buffer->size - buffer->used >= count)
		return;
	buffer->size = 2 * (buffer->used + count);
	buffer->bytes = realloc(buffer->bytes, buffer->size);
	if (!buffer->bytes)
		die(EXIT_MACHINE, "out of memory");
}

void buffer_add(struct buffer *buffer, const void *bytes, size_t count)
{
	make_room(buffer, count);
	memcpy(buffer->bytes + buffer->used, bytes, count);
	buffer->used += count;
}

void buffer_take(struct buffer *buffer, size_t count)
{
	buffer->used -= count;
	memmove(buffer->bytes, buffer->bytes + count, buffer->used);
}

long buffer_read(struct buffer *buffer, int fd, size_t count)
{
	make_room(buffer, count);
	ssize_t n = read(fd, buffer->bytes + buffer->used, count);
	if (n > 0)
		buffer->used += n;
	return n;
}

bool buffer_write(struct buffer *buffer, int fd)
{
	/* A pipe that is ready takes so much without blocking. */
	size_t count = buffer->used < PIPE_BUF ? buffer->used : PIPE_BUF;
	ssize_t n = write(fd, buffer->bytes, count);

	if (n > 0)
		buffer_take(buffer, n);
	return n >= 0 || errno == EAGAIN || errno == EINTR;
}

void buffer_keep_last(struct buffer *buffer, size_t count)
{
	if (buffer->used > count)
		buffer_take(buffer, buffer->used - count);
}

void buffer_free(struct buffer *buffer)
{
	free(buffer->bytes);
	*buffer = (struct buffer){0};
}
