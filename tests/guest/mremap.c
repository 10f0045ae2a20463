/*
 * mremap: a mapping shrinks, grows in place, or moves with its pages.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/fault.h"
#include "lib/procfs.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

/* @pages pages with their number in each, and @after free pages behind. */
static char *map_numbered(int pages, int after)
{
	char *area =
		must(mmap(NULL, (pages + after) * page_size, PROT_READ | PROT_WRITE, ANON, -1, 0));

	for (int i = 0; i < pages; i++)
		area[i * page_size] = i + 1;
	if (after)
		must(munmap(area + pages * page_size, after * page_size));
	return area;
}

static void expect_numbered(const char *area, int from, int to)
{
	for (int i = from; i < to; i++)
		expect_equal(area[i * page_size], i + 1);
}

static void shrinks(void)
{
	char *area = map_numbered(8, 0);

	expect(mremap(area, 8 * page_size, 3 * page_size, 0) == area);
	expect_numbered(area, 0, 3);
	expect_fault(area + 3 * page_size, READ, SIGSEGV, SEGV_MAPERR);
	must(munmap(area, 3 * page_size));
}

static void grows_in_place(void)
{
	char *area = map_numbered(3, 5);

	expect(mremap(area, 3 * page_size, 8 * page_size, 0) == area);
	expect_numbered(area, 0, 3);
	expect_equal(area[7 * page_size], 0);
	expect_equal(count_mappings(area, area + 8 * page_size), 1);
	must(munmap(area, 8 * page_size));
}

static void moves_when_it_may(void)
{
	char *area = map_numbered(3, 1);
	char *wall =
		must(mmap(area + 3 * page_size, page_size, PROT_NONE, ANON | MAP_FIXED, -1, 0));

	expect_errno(mremap(area, 3 * page_size, 8 * page_size, 0), ENOMEM);
	char *moved = must(mremap(area, 3 * page_size, 8 * page_size, MREMAP_MAYMOVE));
	expect(moved != area);
	expect_numbered(moved, 0, 3);
	expect_equal(moved[7 * page_size], 0);
	expect_fault(area, READ, SIGSEGV, SEGV_MAPERR);
	/* Moved, not copied: the same frames are still its own. */
	expect_equal(smaps_number(0, moved, "Private_Dirty"), 12);
	must(munmap(moved, 8 * page_size));
	must(munmap(wall, page_size));
}

static void moves_to_a_given_place(void)
{
	char *area = map_numbered(4, 0);
	char *target = map_numbered(6, 0);

	expect(mremap(area, 4 * page_size, 4 * page_size, MREMAP_MAYMOVE | MREMAP_FIXED,
		      target + page_size) == target + page_size);
	expect_numbered(target + page_size, 0, 4);
	expect_equal(target[0], 1);
	expect_equal(target[5 * page_size], 6);
	expect_fault(area, READ, SIGSEGV, SEGV_MAPERR);
	must(munmap(target, 6 * page_size));
}

static void part_of_a_mapping(void)
{
	char *area = map_numbered(8, 0);
	char *moved = must(mremap(area + 2 * page_size, 2 * page_size, 2 * page_size,
				  MREMAP_MAYMOVE | MREMAP_FIXED, map_numbered(2, 0)));

	expect_equal(moved[0], 3);
	expect_equal(moved[page_size], 4);
	expect_numbered(area, 0, 2);
	expect_numbered(area, 4, 8);
	expect_fault(area + 2 * page_size, READ, SIGSEGV, SEGV_MAPERR);
	must(munmap(moved, 2 * page_size));
	must(munmap(area, 8 * page_size));
}

static void leaves_the_old_place_mapped(void)
{
	char *area = map_numbered(3, 0);
	char *moved = must(mremap(area, 3 * page_size, 3 * page_size,
				  MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL));

	expect_numbered(moved, 0, 3);
	expect_equal(area[0], 0); /* mapped still, and empty */
	must(munmap(moved, 3 * page_size));
	must(munmap(area, 3 * page_size));
}

static void shared_file(void)
{
	int fd = must(open("/tmp/mremap", O_RDWR | O_CREAT | O_TRUNC, 0600));

	must(ftruncate(fd, 8 * page_size));
	char *area = must(mmap(NULL, 2 * page_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	area[page_size] = 'm';
	area = must(mremap(area, 2 * page_size, 8 * page_size, MREMAP_MAYMOVE));
	expect_equal(area[page_size], 'm');
	area[7 * page_size] = 'z';
	char byte;
	expect_equal(pread(fd, &byte, 1, 7 * page_size), 1);
	expect_equal(byte, 'z');
	must(munmap(area, 8 * page_size));
	close(fd);
	unlink("/tmp/mremap");
}

static void refuses(void)
{
	char *area = map_numbered(4, 0);

	expect_errno(mremap(area + 1, page_size, page_size, 0), EINVAL);
	expect_errno(mremap(area, page_size, 0, 0), EINVAL);
	expect_errno(mremap(area, page_size, page_size, 0x100), EINVAL);
	expect_errno(mremap(area, page_size, page_size, MREMAP_FIXED, area), EINVAL);
	expect_errno(mremap(area, 4 * page_size, 4 * page_size, MREMAP_MAYMOVE | MREMAP_FIXED,
			    area + page_size),
		     EINVAL); /* overlaps */
	must(munmap(area + 2 * page_size, 2 * page_size));
	expect_errno(mremap(area, 3 * page_size, 6 * page_size, MREMAP_MAYMOVE), EFAULT);
	must(munmap(area, 2 * page_size));
	expect_errno(mremap(area, page_size, page_size, 0), EFAULT);
}

/* An old length that no area has leads out of the program's memory (found by fuzz_calls). */
static void absurd_old_lengths(void)
{
	const unsigned long lengths[] = {
		-4096UL, ~(~0UL >> 1),
		sizeof(long) == 8 ? (unsigned long)0xffff888000000000 : 0xc0000000,
		sizeof(long) == 8 ? (unsigned long)(1ULL << 47) : 0xf8000000};
	char *area = must(mmap(NULL, 8 * page_size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	char *place = must(mmap(NULL, page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	*area = 1;
	for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		expect_errno(mremap(area, lengths[i], page_size, 0), EINVAL);
		expect_errno(mremap(area, lengths[i], page_size, MREMAP_MAYMOVE), EINVAL);
		expect(mremap(area, lengths[i], page_size, MREMAP_MAYMOVE | MREMAP_FIXED, place) ==
		       MAP_FAILED);
	}
	expect_equal(*area, 1);
	munmap(area, 8 * page_size);
	munmap(place, page_size);
}

int main(void)
{
	run("mremap-shrink", shrinks);
	run("mremap-grow", grows_in_place);
	run("mremap-move", moves_when_it_may);
	run("mremap-fixed", moves_to_a_given_place);
	run("mremap-part", part_of_a_mapping);
	run("mremap-dontunmap", leaves_the_old_place_mapped);
	run("mremap-shared", shared_file);
	run("mremap-refused", refuses);
	run("mremap-absurd", absurd_old_lengths);
	return finish();
}
