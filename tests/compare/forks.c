/*
 * fork: copies on write, what is not copied, what stays shared.
 */
#include <sys/prctl.h>

#include "compare.h"

static void change_and_show(void)
{
	bytes(0, 8);
	*at(0) = 'X';
	*at(4) = 'Y';
	bytes(0, 8);
}

CASE(private_and_shared)
{
	anon(0, 4, RW);
	show(mmap(at(4), 4 * P, RW, FIXED_SHM, -1, 0));
	fill(0, 8);
	in_child(change_and_show);
	bytes(0, 8);
}

static void show_areas(void)
{
	maps();
	vm_flags();
	bytes(0, 8);
}

CASE(dontfork)
{
	anon(0, 8, RW);
	fill(0, 8);
	show(madvise(at(2), 2 * P, MADV_DONTFORK));
	in_child(show_areas);
	bytes(0, 8);
	show(madvise(at(2), 2 * P, MADV_DOFORK));
	in_child(show_areas);
}

CASE(wipeonfork)
{
	anon(0, 8, RW);
	fill(0, 8);
	show(madvise(at(2), 2 * P, MADV_WIPEONFORK));
	in_child(show_areas);
	bytes(0, 8);
	show(madvise(at(2), 2 * P, MADV_KEEPONFORK));
	in_child(show_areas);
}

CASE(dontfork_of_shared)
{
	show(mmap(at(0), 8 * P, RW, FIXED_SHM, -1, 0));
	fill(0, 8);
	show(madvise(at(0), 2 * P, MADV_DONTFORK));
	in_child(show_areas);
	bytes(0, 8);
}

CASE(private_file_copies)
{
	show(mmap(at(0), 8 * P, RW, FIXED | PRIVATE, file_of(8), 0));
	*at(1) = 'X';
	in_child(change_and_show);
	bytes(0, 8);
}

static int shared_fd;

static void change_file(void)
{
	*at(0) = 'X';
	pwrite(shared_fd, "Y", 1, P);
	bytes(0, 4);
}

CASE(shared_file)
{
	shared_fd = file_of(4);
	show(mmap(at(0), 4 * P, RW, FIXED | SHARED, shared_fd, 0));
	in_child(change_file);
	bytes(0, 4);
}

static void grandchild(void)
{
	*at(2) = '3';
	bytes(0, 4);
}

static void child_with_child(void)
{
	*at(1) = '2';
	in_child(grandchild);
	bytes(0, 4);
}

CASE(generations)
{
	anon(0, 4, RW);
	fill(0, 4);
	*at(0) = '1';
	in_child(child_with_child);
	bytes(0, 4);
}

static void read_untouched(void)
{
	touch(at(0), READ);
	touch(at(0), WRITE);
	bytes(0, 2);
	in_core(0, 2);
}

CASE(untouched_pages)
{
	anon(0, 2, RW);
	in_child(read_untouched);
	in_core(0, 2);
}

static void protections(void)
{
	touch(at(0), WRITE);
	touch(at(1), WRITE);
	touch(at(2), READ);
	show(mprotect(at(0), P, RW));
	*at(0) = 'X';
	bytes(0, 3);
}

CASE(protections_are_inherited)
{
	anon(0, 3, RW);
	fill(0, 3);
	show(mprotect(at(0), P, R));
	show(mprotect(at(2), P, NONE));
	in_child(protections);
	bytes(0, 3);
}

static void map_and_unmap(void)
{
	show(munmap(at(0), 2 * P));
	anon(0, 1, RW);
	bytes(0, 4);
	maps();
}

CASE(child_unmaps)
{
	anon(0, 4, RW);
	fill(0, 4);
	in_child(map_and_unmap);
	bytes(0, 4);
	maps();
}

static void joins(void)
{
	maps();
	maps_after(mprotect(at(2), 2 * P, RW));
	maps_after(mmap(at(8), 2 * P, RW, FIXED_ANON, -1, 0));
	fill(0, 8);
	maps_after(mprotect(at(4), P, R));
	maps_after(mprotect(at(4), P, RW));
	fill(8, 2);
	maps_after(mprotect(at(0), 10 * P, R));
}

CASE(joins_in_the_child)
{
	anon(0, 8, RW);
	fill(0, 8);
	show(mprotect(at(2), 2 * P, R));
	in_child(joins);
	joins();
}

static void joins_untouched(void)
{
	maps_after(mprotect(at(2), 2 * P, RW));
	maps_after(mmap(at(8), 2 * P, RW, FIXED_ANON, -1, 0));
	fill(0, 10);
	maps_after(mprotect(at(4), P, R));
	maps_after(mprotect(at(4), P, RW));
}

CASE(joins_of_untouched_in_the_child)
{
	anon(0, 8, RW);
	show(mprotect(at(2), 2 * P, R));
	in_child(joins_untouched);
}

static void sizes(void)
{
	status("VmLck");
	smaps("Rss", 0, 8);
	smaps("Anonymous", 0, 8);
	smaps("Shared_Dirty", 0, 8);
	smaps("Private_Dirty", 0, 8);
	*at(0) = 'X';
	smaps("Shared_Dirty", 0, 8);
	smaps("Private_Dirty", 0, 8);
}

CASE(sizes_while_shared)
{
	anon(0, 8, RW);
	fill(0, 8);
	in_child(sizes);
	smaps("Shared_Dirty", 0, 8);
	smaps("Private_Dirty", 0, 8);
}

static void vfork_like(void)
{
	show(sys1(SYS_getpid, 0) > 0);
}

CASE(limits_are_inherited)
{
	limit(RLIMIT_AS, 1UL << 30);
	in_child(vfork_like);
	show(mmap(0, 2UL << 30, RW, ANON | MAP_NORESERVE, -1, 0));
}
