/*
 * mremap: flags, growing, shrinking, moving, overlaps, several areas, limits.
 */
#include "compare.h"

#define MAYMOVE   MREMAP_MAYMOVE
#define TO        (MREMAP_MAYMOVE | MREMAP_FIXED)
#define DONTUNMAP (MREMAP_MAYMOVE | MREMAP_DONTUNMAP)

CASE(arguments)
{
	anon(0, 4, RW);
	show(mremap(at(0) + 1, P, 2 * P, MAYMOVE, 0));
	show(mremap(at(0), P, 0, MAYMOVE, 0));
	show(mremap(at(0), 0, 0, MAYMOVE, 0));
	show(mremap(at(0), P, P, 8, 0));
	show(mremap(at(0), P, P, -1, 0));
	show(mremap(at(0), P, P, MREMAP_FIXED, at(8)));
	show(mremap(at(0), P, P, MREMAP_DONTUNMAP, at(8)));
	show(mremap(at(0), P, P, MREMAP_DONTUNMAP | MREMAP_FIXED, at(8)));
	show(mremap(at(0), P, 2 * P, DONTUNMAP, at(8)));
	show(mremap(at(0), P, P, TO, at(8) + 1));
	show(mremap(at(0), P, -1UL, MAYMOVE, 0));
	show(mremap(at(0), P, -P, MAYMOVE, 0));
	show(mremap(at(0), P, 1UL << 47, MAYMOVE, 0));
	show(mremap(at(0), P, P, TO, 0x7ffffffff000));
	show(mremap(at(0), P, P, TO, -P));
	show(mremap(at(0), P, 1UL << 47, TO, at(8)));
	show(mremap(at(0), -1UL, P, MAYMOVE, 0));
	show(mremap(at(0), -P, P, MAYMOVE, 0));
	show(mremap(at(100), P, P, MAYMOVE, 0));
	show(mremap(at(100), P, P, 0, 0));
	show(mremap(at(100), P, 2 * P, 0, 0));
	show(mremap(at(100), 2 * P, P, 0, 0));
	show(mremap(at(100), P, P, TO, at(200)));
	show(mremap(at(0), P, P, 0, at(300)));
	maps();
}

CASE(old_address_is_too_high)
{
	show(mremap(0x7ffffffff000, P, 2 * P, MAYMOVE, 0));
	show(mremap(0x800000000000, P, 2 * P, MAYMOVE, 0));
	show(mremap(-P, P, 2 * P, MAYMOVE, 0));
	show(mremap(-P, P, P, 0, 0));
	show(mremap(-P, 2 * P, P, 0, 0));
}

CASE(same_size)
{
	anon(0, 4, RW);
	fill(0, 4);
	maps_after(mremap(at(0), 4 * P, 4 * P, 0, 0));
	maps_after(mremap(at(1), 2 * P, 2 * P, 0, 0));
	maps_after(mremap(at(1), 2 * P, 2 * P, MAYMOVE, 0));
	maps_after(mremap(at(1), 2 * P - 1, P + 1, MAYMOVE, 0));
	maps_after(mremap(at(0), 6 * P, 6 * P, 0, 0));
	bytes(0, 4);
}

CASE(shrinks)
{
	anon(0, 10, RW);
	fill(0, 10);
	maps_after(mremap(at(0), 10 * P, 8 * P, 0, 0));
	maps_after(mremap(at(1), 3 * P, P, 0, 0));
	maps_after(mremap(at(4), 4 * P, 2 * P, MAYMOVE, 0));
	maps_after(mremap(at(4), 20 * P, P, MAYMOVE, 0));
	bytes(0, 10);
}

CASE(shrinks_over_holes)
{
	anon(0, 2, RW);
	anon(4, 2, R);
	maps_after(mremap(at(0), 6 * P, 5 * P, 0, 0));
	maps_after(mremap(at(0), 6 * P, P, 0, 0));
	maps_after(mremap(at(2), 6 * P, P, 0, 0));
}

CASE(grows_in_place)
{
	anon(0, 4, RW);
	fill(0, 4);
	maps_after(mremap(at(0), 4 * P, 6 * P, 0, 0));
	bytes(0, 6);
	anon(8, 2, RW);
	maps_after(mremap(at(0), 6 * P, 8 * P, 0, 0));
	maps_after(mremap(at(8), 2 * P, 4 * P, 0, 0));
	anon(20, 2, R);
	maps_after(mremap(at(0), 12 * P, 20 * P, 0, 0));
	maps_after(mremap(at(0), 20 * P, 21 * P, 0, 0));
	maps_after(mremap(at(0), 10 * P, 12 * P, 0, 0));
	maps_after(mremap(at(10), 10 * P, 11 * P, 0, 0));
}

CASE(grows_into_a_joining_neighbour)
{
	anon(0, 2, RW);
	anon(4, 2, RW);
	maps_after(mremap(at(0), 2 * P, 4 * P, 0, 0));
	anon(10, 2, RW);
	fill(10, 2);
	anon(14, 2, RW);
	fill(14, 2);
	maps_after(mremap(at(10), 2 * P, 4 * P, 0, 0));
}

CASE(grows_from_the_middle_of_an_area)
{
	anon(0, 6, RW);
	fill(0, 6);
	maps_after(mremap(at(3), 3 * P, 5 * P, 0, 0));
	maps_after(mremap(at(7), P, 3 * P, 0, 0));
	bytes(0, 10);
}

CASE(moves_to)
{
	anon(0, 4, RW);
	fill(0, 4);
	maps_after(mremap(at(0), 4 * P, 4 * P, TO, at(10)));
	bytes(10, 4);
	maps_after(mremap(at(10), 2 * P, 2 * P, TO, at(0)));
	maps_after(mremap(at(13), P, 3 * P, TO, at(20)));
	bytes(20, 3);
	maps_after(mremap(at(20), 3 * P, P, TO, at(30)));
	bytes(30, 1);
	maps_after(mremap(at(12), P, P, TO, at(2)));
	bytes(0, 3);
}

CASE(moves_onto_something)
{
	anon(0, 4, RW);
	fill(0, 4);
	anon(8, 8, R);
	maps_after(mremap(at(0), 2 * P, 2 * P, TO, at(10)));
	bytes(8, 8);
	maps_after(mremap(at(2), 2 * P, 4 * P, TO, at(14)));
	bytes(8, 10);
}

CASE(overlaps)
{
	anon(0, 8, RW);
	show(mremap(at(0), 4 * P, 4 * P, TO, at(2)));
	show(mremap(at(2), 4 * P, 4 * P, TO, at(0)));
	show(mremap(at(0), 4 * P, 4 * P, TO, at(0)));
	show(mremap(at(0), 2 * P, 4 * P, TO, at(1)));
	show(mremap(at(2), 2 * P, 4 * P, TO, at(0)));
	show(mremap(at(4), 4 * P, P, TO, at(7)));
	show(mremap(at(2), 2 * P, 2 * P, TO, at(0)));
	maps();
	show(mremap(at(4), 2 * P, 2 * P, TO, at(6)));
	maps();
}

CASE(moved_area_keeps_its_offset)
{
	int fd = file_of(8);

	show(mmap(at(0), 8 * P, RW, FIXED | SHARED, fd, 0));
	maps_after(mremap(at(2), 2 * P, 2 * P, TO, at(20)));
	maps_after(mremap(at(20), 2 * P, 2 * P, TO, at(2)));
	maps_after(mremap(at(6), 2 * P, 4 * P, TO, at(20)));
	bytes(0, 8);
	bytes(20, 4);
	maps_after(mremap(at(0), P, 3 * P, TO, at(30)));
	bytes(30, 3);
}

CASE(moved_back_joins)
{
	anon(0, 8, RW);
	maps_after(mremap(at(2), 2 * P, 2 * P, TO, at(20)));
	maps_after(mremap(at(20), 2 * P, 2 * P, TO, at(2)));
	fill(0, 8);
	maps_after(mremap(at(2), 2 * P, 2 * P, TO, at(20)));
	maps_after(mremap(at(20), 2 * P, 2 * P, TO, at(2)));
	maps_after(mremap(at(0), 2 * P, 2 * P, TO, at(40)));
	maps_after(mremap(at(2), 2 * P, 2 * P, TO, at(42)));
	bytes(0, 8);
	bytes(40, 4);
}

CASE(moved_untouched_areas_join_elsewhere)
{
	anon(0, 2, RW);
	anon(10, 2, RW);
	maps_after(mremap(at(10), 2 * P, 2 * P, TO, at(2)));
	anon(20, 2, RW);
	fill(20, 2);
	maps_after(mremap(at(20), 2 * P, 2 * P, TO, at(4)));
}

CASE(maymove_without_need)
{
	anon(0, 2, RW);
	maps_after(mremap(at(0), 2 * P, 4 * P, MAYMOVE, 0));
}

CASE(maymove_with_need)
{
	anon(0, 4, RW);
	fill(0, 4);
	show(mprotect(at(2), 2 * P, R));
	long moved = mremap(at(0), 2 * P, 4 * P, MAYMOVE, 0);

	say("%s, %c%c", moved > 0 ? "moved" : errno_name(-moved), *(char *)moved,
	    *(char *)(moved + P));
	maps();
}

CASE(several_areas)
{
	anon(0, 2, RW);
	anon(2, 2, R);
	show(mremap(at(0), 4 * P, 6 * P, MAYMOVE, 0));
	show(mremap(at(0), 4 * P, 4 * P, MAYMOVE, 0));
	show(mremap(at(0), 4 * P, 4 * P, 0, 0));
	show(mremap(at(0), 4 * P, 4 * P, TO, at(10)));
	show(mremap(at(0), 4 * P, 2 * P, TO, at(10)));
	maps();
	anon(20, 4, RW);
	show(mremap(at(20), 6 * P, 8 * P, MAYMOVE, 0));
	show(mremap(at(20), 6 * P, 6 * P, TO, at(30)));
	maps();
	show(mremap(at(20), 6 * P, 4 * P, TO, at(30)));
	maps();
}

CASE(zero_old_length)
{
	anon(0, 2, RW);
	show(mremap(at(0), 0, P, MAYMOVE, 0));
	show(mremap(at(0), 0, P, TO, at(10)));
	show(mmap(at(4), 4 * P, RW, FIXED_SHM, -1, 0));
	fill(4, 4);
	maps_after(mremap(at(4), 0, 4 * P, TO, at(20)));
	bytes(20, 4);
	fill(20, 1);
	maps_after(mremap(at(5), 0, 2 * P, TO, at(30)));
	bytes(30, 2);
	*at(30) = 'z';
	bytes(4, 4);
	show(mremap(at(4), 0, P, 0, 0));
	maps_after(mremap(at(6), 0, 4 * P, TO, at(40)));
	bytes(40, 4);
	show(mmap(at(50), 2 * P, RW, FIXED | PRIVATE, file_of(2), 0));
	show(mremap(at(50), 0, 2 * P, TO, at(60)));
	show(mmap(at(70), 2 * P, RW, FIXED | SHARED, file_of(2), 0));
	maps_after(mremap(at(71), 0, P, TO, at(60)));
	show(mremap(at(90), 0, P, TO, at(95)));
}

CASE(dontunmap)
{
	anon(0, 4, RW);
	fill(0, 4);
	maps_after(mremap(at(0), 4 * P, 4 * P, DONTUNMAP | MREMAP_FIXED, at(10)));
	bytes(0, 4);
	bytes(10, 4);
	vm_flags();
	maps_after(mremap(at(11), 2 * P, 2 * P, DONTUNMAP | MREMAP_FIXED, at(20)));
	bytes(10, 4);
	bytes(20, 2);
	show(mremap(at(10), 4 * P, 2 * P, DONTUNMAP, 0));
	show(mremap(at(10), 4 * P, 6 * P, DONTUNMAP, 0));
	show(mremap(at(10), 0, 4 * P, DONTUNMAP, 0));
}

CASE(dontunmap_of_shared_and_files)
{
	show(mmap(at(0), 2 * P, RW, FIXED_SHM, -1, 0));
	fill(0, 2);
	maps_after(mremap(at(0), 2 * P, 2 * P, DONTUNMAP | MREMAP_FIXED, at(10)));
	bytes(0, 2);
	bytes(10, 2);
	show(mmap(at(20), 2 * P, RW, FIXED | PRIVATE, file_of(2), 0));
	*at(20) = 'z';
	maps_after(mremap(at(20), 2 * P, 2 * P, DONTUNMAP | MREMAP_FIXED, at(30)));
	bytes(20, 2);
	bytes(30, 2);
}

CASE(dontunmap_of_locked)
{
	anon(0, 2, RW);
	show(mlock(at(0), 2 * P));
	maps_after(mremap(at(0), 2 * P, 2 * P, DONTUNMAP | MREMAP_FIXED, at(10)));
	status("VmLck");
	smaps("Rss", 0, 2);
	vm_flags();
}

CASE(locked_areas)
{
	anon(0, 2, RW);
	show(mlock(at(0), 2 * P));
	maps_after(mremap(at(0), 2 * P, 4 * P, 0, 0));
	status("VmLck");
	smaps("Rss", 0, 4);
	maps_after(mremap(at(0), 4 * P, 4 * P, TO, at(10)));
	status("VmLck");
	smaps("Locked", 0, 100);
	maps_after(mremap(at(10), 2 * P, 6 * P, TO, at(20)));
	status("VmLck");
	smaps("Rss", 20, 30);
	show(munmap(at(0), 100 * P));
	status("VmLck");
}

CASE(locked_limit)
{
	be_nobody();
	limit(RLIMIT_MEMLOCK, 4 * P);
	anon(0, 4, RW);
	show(mlock(at(0), 4 * P));
	show(mremap(at(0), 4 * P, 5 * P, 0, 0));
	show(mremap(at(0), 4 * P, 5 * P, MAYMOVE, 0));
	show(mremap(at(0), 4 * P, 4 * P, TO, at(10)));
	show(mremap(at(10), 4 * P, 2 * P, 0, 0));
	show(mremap(at(10), 2 * P, 4 * P, 0, 0));
	status("VmLck");
}

CASE(address_space_limit)
{
	anon(0, 100, RW);
	limit(RLIMIT_AS, status_number("VmSize") * 1024 + 10 * P);
	show(mremap(at(0), 100 * P, 111 * P, 0, 0));
	show(mremap(at(0), 100 * P, 110 * P, 0, 0));
	show(mremap(at(0), 110 * P, 111 * P, MAYMOVE, 0));
	show(mremap(at(0), 110 * P, 110 * P, TO, at(200)));
	show(mremap(at(200), 20 * P, 20 * P, DONTUNMAP | MREMAP_FIXED, at(400)));
	show(mremap(at(200), 110 * P, 100 * P, 0, 0));
	maps();
}

CASE(data_limit)
{
	anon(0, 10, RW);
	limit(RLIMIT_DATA, status_number("VmData") * 1024 + 4 * P);
	show(mremap(at(0), 10 * P, 16 * P, 0, 0));
	show(mremap(at(0), 10 * P, 14 * P, 0, 0));
	maps();
}

CASE(growing_stack_area)
{
	show(mmap(at(1000), 2 * P, RW, FIXED_ANON | MAP_GROWSDOWN, -1, 0));
	maps_after(mremap(at(1000), 2 * P, 4 * P, 0, 0));
	maps_after(mremap(at(1000), 4 * P, 4 * P, TO, at(2000)));
	vm_flags();
	touch(at(1999), WRITE);
	maps();
}

CASE(special_areas)
{
	anon(0, 2, NONE);
	maps_after(mremap(at(0), 2 * P, 4 * P, 0, 0));
	maps_after(mremap(at(0), 4 * P, 4 * P, TO, at(10)));
	show(mmap(at(20), 2 * P, R, FIXED_ANON, -1, 0));
	touch(at(20), READ);
	maps_after(mremap(at(20), 2 * P, 2 * P, TO, at(30)));
	bytes(30, 2);
	show(madvise(at(30), 2 * P, MADV_DONTFORK));
	show(madvise(at(30), 2 * P, MADV_DONTDUMP));
	maps_after(mremap(at(30), 2 * P, 3 * P, TO, at(40)));
	vm_flags();
}

CASE(move_below_min_address)
{
	anon(0, 1, RW);
	show(mremap(at(0), P, P, TO, 0x1000));
	show(mremap(0x1000, P, P, TO, at(0)));
	be_nobody();
	show(mremap(at(0), P, P, TO, 0x1000));
	show(mremap(at(0), P, P, TO, 0));
	maps();
}

CASE(large_move_with_page_tables)
{
	show(mmap(at(0), 2048 * P, RW, FIXED_ANON, -1, 0));
	*at(0) = 'a';
	*at(511) = 'b';
	*at(512) = 'c';
	*at(2047) = 'd';
	maps_after(mremap(at(0), 2048 * P, 2048 * P, TO, at(4096)));
	say("%c%c%c%c", *at(4096), *at(4096 + 511), *at(4096 + 512), *at(4096 + 2047));
	maps_after(mremap(at(4096), 2048 * P, 2048 * P, TO, at(10001)));
	say("%c%c%c%c", *at(10001), *at(10001 + 511), *at(10001 + 512), *at(10001 + 2047));
}

CASE(as_many_areas_as_allowed)
{
	long max = sysctl_number("vm/max_map_count"), i, error = 0;
	char text[32];

	sysctl("vm/max_map_count", "200");
	for (i = 0; i < 400 && error >= 0; i++)
		error = mmap(at(4 * i), 2 * P, RW, FIXED_ANON, -1, 0);
	say("stopped: %s", errno_name(-error));
	show(mremap(at(0), P, P, TO, at(5000)));
	show(mremap(at(0), 2 * P, 2 * P, TO, at(5000)));
	show(mremap(at(4), 2 * P, 2 * P, DONTUNMAP | MREMAP_FIXED, at(5010)));
	show(mremap(at(4), 2 * P, 3 * P, 0, 0));
	show(munmap(at(4), 400 * P));
	snprintf(text, sizeof(text), "%ld", max);
	sysctl("vm/max_map_count", text);
}
