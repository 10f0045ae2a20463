/*
 * Reading the machine frame by frame (frames.h).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"
#include "frames.h"

size_t frames;
uint64_t *frame_flags, *frame_mapped;
static int flags_fd = -1, counts_fd;

static uint64_t *make_room(void)
{
	return must(mmap(NULL, frames * sizeof(uint64_t), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0));
}

void prepare_frames(void)
{
	uint64_t chunk[512];
	ssize_t n;

	if (flags_fd >= 0)
		return;
	flags_fd = must(open("/proc/kpageflags", O_RDONLY));
	counts_fd = must(open("/proc/kpagecount", O_RDONLY));
	while ((n = must(pread(counts_fd, chunk, sizeof(chunk), frames * 8))) > 0)
		frames += n / 8;
	frame_flags = make_room();
	frame_mapped = make_room();
}

static void read_all(int fd, uint64_t *to)
{
	size_t bytes = frames * 8, done = 0;

	while (done < bytes) {
		ssize_t n = must(pread(fd, (char *)to + done, bytes - done, done));

		if (n == 0)
			fail("the file ends at frame %zu of %zu", done / 8, frames);
		done += n;
	}
}

void read_frames(void)
{
	read_all(flags_fd, frame_flags);
	read_all(counts_fd, frame_mapped);
}

static bool all_free(size_t start, size_t end)
{
	for (; start < end; start++)
		if (!frame_is(start, KPF_BUDDY))
			return false;
	return true;
}

void count_free_blocks(size_t start, size_t end, unsigned long blocks[ORDERS])
{
	memset(blocks, 0, ORDERS * sizeof(*blocks));
	while (start < end) {
		size_t size = 1;
		int order = 0;

		if (!frame_is(start, KPF_BUDDY)) {
			start++;
			continue;
		}
		while (order < ORDERS - 1 && start % (2 * size) == 0 && start + 2 * size <= end &&
		       all_free(start + size, start + 2 * size)) {
			order++;
			size *= 2;
		}
		blocks[order]++;
		start += size;
	}
}

void read_pagemap(int fd, uintptr_t start, uintptr_t end, uint64_t *entries)
{
	size_t bytes = (end - start) / page_size * 8, done = 0;

	while (done < bytes) {
		ssize_t n = must(pread(fd, (char *)entries + done, bytes - done,
				       start / page_size * 8 + done));

		if (n == 0)
			fail("pagemap ends at %#lx", start + done / 8 * page_size);
		done += n;
	}
}
