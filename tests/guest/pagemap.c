/*
 * /proc/self/pagemap: which frame a page lies in. Physically scattered frames look
 * contiguous to the process (S37).
 */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/check.h"

#define PAGES          256
#define PRESENT        (1ULL << 63)
#define SWAPPED        (1ULL << 62)
#define FILE_OR_SHARED (1ULL << 61)
#define FRAME          ((1ULL << 55) - 1)

static uint64_t entries[PAGES];

static void look(const char *area)
{
	int fd = must(open("/proc/self/pagemap", O_RDONLY));

	expect_equal(pread(fd, entries, sizeof(entries), (uintptr_t)area / page_size * 8),
		     sizeof(entries));
	close(fd);
}

static char *map(int flags)
{
	return must(mmap(NULL, PAGES * page_size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1,
			 0));
}

static void tells_what_is_present(void)
{
	char *area = map(MAP_PRIVATE);

	for (int i = 0; i < PAGES; i += 2)
		area[i * page_size] = 1;
	look(area);
	for (int i = 0; i < PAGES; i++) {
		expect_equal(!!(entries[i] & PRESENT), i % 2 == 0);
		expect_equal(!!(entries[i] & SWAPPED), 0);
		expect_equal(!!(entries[i] & FILE_OR_SHARED), 0);
	}
	must(munmap(area, PAGES * page_size));
	look(area);
	for (int i = 0; i < PAGES; i++)
		expect_equal(entries[i] & PRESENT, 0);
}

static void frames_are_different(void)
{
	char *area = map(MAP_PRIVATE);

	memset(area, 1, PAGES * page_size);
	look(area);
	for (int i = 0; i < PAGES; i++) {
		expect((entries[i] & FRAME) != 0);
		for (int j = 0; j < i; j++)
			expect((entries[i] & FRAME) != (entries[j] & FRAME));
	}
	must(munmap(area, PAGES * page_size));
}

static char *shared_area;
static uint64_t parents[PAGES];

static void same_frames(void)
{
	shared_area[0] = 'c'; /* the child's table is filled by faults */
	for (int i = 0; i < PAGES; i++)
		(void)((volatile char *)shared_area)[i * page_size];
	look(shared_area);
	for (int i = 0; i < PAGES; i++)
		expect_equal(entries[i] & FRAME, parents[i] & FRAME);
}

static void other_frame_after_write(void)
{
	shared_area[7 * page_size] = 'c';
	look(shared_area);
	for (int i = 0; i < PAGES; i++)
		expect_equal((entries[i] & FRAME) == (parents[i] & FRAME), i != 7);
}

static void sharing_is_of_frames(void)
{
	shared_area = map(MAP_SHARED);
	memset(shared_area, 1, PAGES * page_size);
	look(shared_area);
	expect(entries[0] & FILE_OR_SHARED);
	memcpy(parents, entries, sizeof(entries));
	expect_child_ok(same_frames);
	must(munmap(shared_area, PAGES * page_size));

	shared_area = map(MAP_PRIVATE);
	memset(shared_area, 1, PAGES * page_size);
	look(shared_area);
	memcpy(parents, entries, sizeof(entries));
	expect_child_ok(other_frame_after_write);
	must(munmap(shared_area, PAGES * page_size));
}

int main(void)
{
	run("pagemap-present", tells_what_is_present);
	run("pagemap-frames", frames_are_different);
	run("pagemap-sharing", sharing_is_of_frames);
	return finish();
}
