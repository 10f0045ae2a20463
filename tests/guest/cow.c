/*
 * Copy on write across fork (S35), seen in smaps: anonymous pages go from
 * Private_Dirty to Shared_Dirty at fork, and a written page alone comes back.
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/procfs.h"

#define PAGES 16

static char *area;
static int to_child[2], to_parent[2];

static void map_area(void)
{
	if (area) /* the last case's: smaps would show both as one */
		must(munmap(area, PAGES * page_size));
	area = must(mmap(NULL, PAGES * page_size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	memset(area, 'p', PAGES * page_size);
	must(pipe(to_child));
	must(pipe(to_parent));
}

static void tell(int fd)
{
	must(write(fd, "x", 1));
}

static void hear(int fd)
{
	char byte;

	expect_equal(read(fd, &byte, 1), 1);
}

static void expect_smaps(long private_dirty, long shared_dirty)
{
	expect_equal(smaps_number(0, area, "Rss"), PAGES * 4);
	expect_equal(smaps_number(0, area, "Private_Dirty"), private_dirty);
	expect_equal(smaps_number(0, area, "Shared_Dirty"), shared_dirty);
	expect_equal(smaps_number(0, area, "Private_Clean"), 0);
	expect_equal(smaps_number(0, area, "Shared_Clean"), 0);
	expect_equal(smaps_number(0, area, "Pss"), private_dirty + shared_dirty / 2);
}

static void child_body(void)
{
	expect_smaps(0, PAGES * 4);
	area[3 * page_size] = 'c';
	expect_smaps(4, PAGES * 4 - 4);
	tell(to_parent[1]);
	hear(to_child[0]);
	for (int i = 0; i < PAGES; i++)
		expect_equal(area[i * page_size], i == 3 ? 'c' : 'p');
}

static void pages_are_shared_then_copied(void)
{
	map_area();
	expect_smaps(PAGES * 4, 0);
	pid_t child = start_child(child_body);
	hear(to_parent[0]);
	/* Page 3 is the child's copy there, ours alone here. */
	expect_smaps(4, PAGES * 4 - 4);
	area[5 * page_size] = 'w';
	expect_smaps(8, PAGES * 4 - 8);
	tell(to_child[1]);
	expect_equal(wait_child(child), 0);
	expect_smaps(PAGES * 4, 0);
	for (int i = 0; i < PAGES; i++)
		expect_equal(area[i * page_size], i == 5 ? 'w' : 'p');
}

static void write_all(void)
{
	for (int i = 0; i < PAGES; i++)
		area[i * page_size] = 'c';
}

static void nothing(void)
{
}

static void sharing_through_generations(void)
{
	map_area();
	for (int i = 0; i < 3; i++) {
		expect_child_ok(nothing);
		expect_child_ok(write_all);
		for (int j = 0; j < PAGES; j++)
			expect_equal(area[j * page_size], 'p' + i);
		memset(area, 'p' + i + 1, PAGES * page_size);
	}
	expect_smaps(PAGES * 4, 0);
}

static void look_after_parent_read(void)
{
	hear(to_child[0]);
	expect_equal(area[0], 'p');
}

/* The kernel writes to a page for read(2): that must break the sharing as a store does. */
static void kernel_writes_break_sharing_too(void)
{
	int data[2];

	map_area();
	must(pipe(data));
	must(write(data[1], "kernel", 6));
	pid_t child = start_child(look_after_parent_read);
	expect_equal(read(data[0], area, 6), 6);
	expect_equal(memcmp(area, "kernel", 6), 0);
	tell(to_child[1]);
	expect_equal(wait_child(child), 0);
}

int main(void)
{
	run("cow-smaps", pages_are_shared_then_copied);
	run("cow-generations", sharing_through_generations);
	run("cow-kernel-write", kernel_writes_break_sharing_too);
	return finish();
}
