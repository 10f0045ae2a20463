/*
 * madvise, mincore, mlock: giving memory back, asking what is there, keeping it.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/fault.h"
#include "lib/procfs.h"

#define PAGES 16

/* An area that joins no other: what the C library maps may lie beside it. */
static char *reserve(void)
{
	return (char *)must(mmap(NULL, (PAGES + 2) * page_size, PROT_NONE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) +
	       page_size;
}

static char *map(int flags)
{
	char *area = must(mmap(reserve(), PAGES * page_size, PROT_READ | PROT_WRITE,
			       flags | MAP_ANONYMOUS | MAP_FIXED, -1, 0));

	memset(area, 'a', PAGES * page_size);
	return area;
}

static void unmap(char *area)
{
	must(munmap(area - page_size, (PAGES + 2) * page_size));
}

static void dontneed_gives_back(void)
{
	char *area = map(MAP_PRIVATE);

	must(madvise(area + 2 * page_size, 4 * page_size, MADV_DONTNEED));
	expect_equal(smaps_number(0, area, "Rss"), (PAGES - 4) * 4);
	expect_equal(area[2 * page_size - 1], 'a');
	expect_equal(area[2 * page_size], 0);
	expect_equal(area[6 * page_size], 'a');
	unmap(area);

	area = map(MAP_SHARED); /* shared memory stays: only our view goes */
	must(madvise(area, PAGES * page_size, MADV_DONTNEED));
	expect_equal(area[5 * page_size], 'a');
	unmap(area);
}

static void free_may_give_back(void)
{
	char *area = map(MAP_PRIVATE);

	must(madvise(area, PAGES * page_size, MADV_FREE));
	area[0] = 'w'; /* a page written again is kept for certain */
	expect_equal(area[0], 'w');
	for (int i = 1; i < PAGES; i++)
		expect(area[i * page_size] == 'a' || area[i * page_size] == 0);
	unmap(area);
}

static void remove_punches_a_hole(void)
{
	char *area = map(MAP_SHARED);

	must(madvise(area + page_size, page_size, MADV_REMOVE));
	expect_equal(area[page_size], 0);
	expect_equal(area[2 * page_size], 'a');
	unmap(area);
}

static char *inherited;

static void not_there(void)
{
	expect_fault(inherited, READ, SIGSEGV, SEGV_MAPERR);
	expect_no_fault(inherited + page_size, READ);
}

static void empty_there(void)
{
	expect_equal(inherited[0], 0);
	expect_equal(inherited[page_size], 'a');
}

static void dontfork_and_wipeonfork(void)
{
	inherited = map(MAP_PRIVATE);
	must(madvise(inherited, page_size, MADV_DONTFORK));
	expect_child_ok(not_there);
	must(madvise(inherited, page_size, MADV_DOFORK));
	must(madvise(inherited, page_size, 18)); /* MADV_WIPEONFORK */
	expect_child_ok(empty_there);
	expect_equal(inherited[0], 'a');
	unmap(inherited);
}

static void mincore_tells(void)
{
	unsigned char there[PAGES];
	char *area = must(mmap(NULL, PAGES * page_size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	for (int i = 0; i < PAGES; i += 3)
		area[i * page_size] = 1;
	must(mincore(area, PAGES * page_size, there));
	for (int i = 0; i < PAGES; i++)
		expect_equal(there[i] & 1, i % 3 == 0);
	expect_errno(mincore(area + 1, page_size, there), EINVAL);
	expect_errno(mincore(area, page_size, (void *)8), EFAULT);
	must(munmap(area, PAGES * page_size));
	expect_errno(mincore(area, page_size, there), ENOMEM);
}

static void mlock_brings_in(void)
{
	char *area = must(mmap(NULL, PAGES * page_size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	long before = read_number("/proc/self/status", "VmLck");

	must(mlock(area, PAGES * page_size));
	expect_equal(smaps_number(0, area, "Rss"), PAGES * 4);
	expect_equal(smaps_number(0, area, "Locked"), PAGES * 4);
	expect_equal(read_number("/proc/self/status", "VmLck") - before, PAGES * 4);
	expect_errno(madvise(area, PAGES * page_size, MADV_DONTNEED), EINVAL);
	must(munlock(area, 4 * page_size));
	expect_equal(read_number("/proc/self/status", "VmLck") - before, (PAGES - 4) * 4);
	must(munmap(area, PAGES * page_size));
	expect_equal(read_number("/proc/self/status", "VmLck"), before);
	expect_errno(mlock(area, page_size), ENOMEM);
}

static void populate_brings_in(void)
{
	char *area = must(mmap(reserve(), PAGES * page_size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, -1, 0));

	expect_equal(smaps_number(0, area, "Rss"), PAGES * 4);
	unmap(area);
}

static void everything_locked(void)
{
	must(mlockall(MCL_CURRENT | MCL_FUTURE));
	char *area = must(mmap(NULL, PAGES * page_size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	expect_equal(smaps_number(0, area, "Locked"), PAGES * 4);
	must(munlockall());
	expect_equal(read_number("/proc/self/status", "VmLck"), 0);
}

static void mlockall_in_child(void)
{
	expect_child_ok(everything_locked);
}

int main(void)
{
	run("advice-dontneed", dontneed_gives_back);
	run("advice-free", free_may_give_back);
	run("advice-remove", remove_punches_a_hole);
	run("advice-fork", dontfork_and_wipeonfork);
	run("advice-mincore", mincore_tells);
	run("advice-mlock", mlock_brings_in);
	run("advice-populate", populate_brings_in);
	run("advice-mlockall", mlockall_in_child);
	return finish();
}
