/*
 * mprotect: arguments, splits and joins, rights of files, PROT_GROWSDOWN.
 */
#include "compare.h"

CASE(arguments)
{
	anon(0, 4, RW);
	show(mprotect(at(0) + 1, P, R));
	show(mprotect(at(0), 0, R));
	show(mprotect(at(0), 1, R));
	maps();
	show(mprotect(at(0), P + 1, R));
	maps();
	show(mprotect(at(0), -1UL, R));
	show(mprotect(at(0), -P, R));
	show(mprotect(at(0), P, 0x10));
	show(mprotect(at(0), P, 0x8));
	show(mprotect(at(0), P, 0x80000000));
	show(mprotect(at(0), P, -1));
	show(mprotect(at(0) + 1, 0, R));
	show(mprotect(at(0) + 1, P, -1));
	show(mprotect(at(100), 0, R));
	show(mprotect(at(100), P, R));
	show(mprotect(0x7ffffffff000, P, R));
	show(mprotect(0x800000000000, P, R));
	show(mprotect(-P, P, R));
	show(mprotect(0, P, R));
	maps();
}

CASE(holes)
{
	anon(0, 2, RW);
	anon(4, 2, RW);
	maps_after(mprotect(at(0), 6 * P, R));
	maps_after(mprotect(at(2), 4 * P, NONE));
	maps_after(mprotect(at(-1), 4 * P, NONE));
	maps_after(mprotect(at(4), 4 * P, NONE));
	maps_after(mprotect(at(3), P, NONE));
}

CASE(splits_and_joins)
{
	anon(0, 10, RW);
	maps_after(mprotect(at(3), 2 * P, R));
	maps_after(mprotect(at(3), 2 * P, RW));
	maps_after(mprotect(at(0), P, R));
	maps_after(mprotect(at(1), P, R));
	maps_after(mprotect(at(9), P, R));
	maps_after(mprotect(at(8), P, R));
	maps_after(mprotect(at(1), P, RW));
	maps_after(mprotect(at(0), 10 * P, R));
	maps_after(mprotect(at(2), 2 * P, NONE));
	maps_after(mprotect(at(4), 2 * P, NONE));
	maps_after(mprotect(at(1), 3 * P, RWX));
	maps_after(mprotect(at(0), 10 * P, NONE));
	maps_after(mprotect(at(0), 10 * P, NONE));
}

CASE(splits_and_joins_of_touched_pages)
{
	anon(0, 10, RW);
	fill(0, 10);
	maps_after(mprotect(at(3), 2 * P, R));
	maps_after(mprotect(at(3), 2 * P, RW));
	maps_after(mprotect(at(0), P, R));
	maps_after(mprotect(at(1), P, R));
	maps_after(mprotect(at(9), P, R));
	maps_after(mprotect(at(8), P, R));
	maps_after(mprotect(at(1), P, RW));
	maps_after(mprotect(at(0), 10 * P, R));
	maps_after(mprotect(at(2), 2 * P, NONE));
	maps_after(mprotect(at(4), 2 * P, NONE));
	maps_after(mprotect(at(1), 3 * P, RWX));
	bytes(0, 10);
}

CASE(joins_of_areas_touched_apart)
{
	anon(0, 2, RW);
	fill(0, 2);
	anon(4, 2, RW);
	fill(4, 2);
	anon(2, 2, R);
	maps();
	maps_after(mprotect(at(2), 2 * P, RW));
	maps_after(mprotect(at(0), 6 * P, R));
	maps_after(mprotect(at(0), 6 * P, RW));
	anon(10, 2, RW);
	fill(10, 2);
	anon(12, 2, R);
	maps_after(mprotect(at(12), P, RW));
	maps_after(mprotect(at(13), P, RW));
}

CASE(border_moves_between_neighbours)
{
	anon(0, 10, RW);
	show(mprotect(at(5), 5 * P, R));
	maps_after(mprotect(at(4), P, R));
	maps_after(mprotect(at(4), P, RW));
	maps_after(mprotect(at(5), P, RW));
	maps_after(mprotect(at(3), 2 * P, R));
	maps_after(mprotect(at(3), 6 * P, RW));
	maps_after(mprotect(at(2), 6 * P, X));
}

CASE(files)
{
	int fd = file_of(6);

	show(mmap(at(0), 6 * P, RW, FIXED | SHARED, fd, 0));
	maps_after(mprotect(at(2), 2 * P, R));
	maps_after(mprotect(at(2), P, RW));
	maps_after(mprotect(at(3), P, RW));
	maps_after(mprotect(at(0), 6 * P, NONE));
	bytes(0, 6);
	maps_after(mprotect(at(0), 3 * P, R));
	bytes(0, 6);
}

CASE(rights_of_files)
{
	static const int modes[] = {O_RDONLY, O_RDWR};

	for (int mode = 0; mode < 2; mode++) {
		int fd = file_opened(2, modes[mode]);

		for (int type = SHARED; type <= PRIVATE; type++) {
			result(mmap(at(0), 2 * P, R, type | FIXED, fd, 0), "mode %d type %d", mode,
			       type);
			for (int protection = 0; protection < 8; protection++)
				result(mprotect(at(0), P, protection), "protection %d", protection);
			maps();
		}
	}
}

CASE(denied_in_the_middle)
{
	anon(0, 2, R);
	show(mmap(at(2), 2 * P, R, FIXED | SHARED, file_opened(2, O_RDONLY), 0));
	anon(4, 2, R);
	maps_after(mprotect(at(0), 6 * P, RW));
	maps_after(mprotect(at(2), 4 * P, RW));
	maps_after(mprotect(at(1), 2 * P, RW));
}

CASE(contents_survive)
{
	anon(0, 4, RW);
	fill(0, 4);
	show(mprotect(at(0), 4 * P, NONE));
	bytes(0, 4);
	show(mprotect(at(0), 4 * P, R));
	bytes(0, 4);
	touch(at(0), WRITE);
	show(mprotect(at(0), 4 * P, RW));
	touch(at(0), WRITE);
	bytes(0, 4);
}

CASE(write_to_zero_page_after_read)
{
	anon(0, 4, R);
	touch(at(0), READ);
	show(mprotect(at(0), 4 * P, RW));
	touch(at(0), WRITE);
	fill(0, 4);
	bytes(0, 4);
}

CASE(grows_down)
{
	show(mmap(at(1000), 4 * P, RW, FIXED_ANON | MAP_GROWSDOWN, -1, 0));
	maps_after(mprotect(at(1002), P, R | PROT_GROWSDOWN));
	maps_after(mprotect(at(1003), P, R | PROT_GROWSUP));
	maps_after(mprotect(at(1003), P, R | PROT_GROWSUP | PROT_GROWSDOWN));
	anon(0, 4, RW);
	maps_after(mprotect(at(2), P, R | PROT_GROWSDOWN));
	maps_after(mprotect(at(2), P, R | PROT_GROWSUP));
	maps_after(mprotect(at(2), P, R | PROT_GROWSUP | PROT_GROWSDOWN));
	maps_after(mprotect(at(998), 4 * P, RW | PROT_GROWSDOWN));
	maps_after(mprotect(at(990), P, RW | PROT_GROWSDOWN));
	maps_after(mprotect(at(1001) + 1, P, RW | PROT_GROWSDOWN));
}

CASE(grows_down_from_a_hole)
{
	show(mmap(at(1000), 4 * P, RW, FIXED_ANON | MAP_GROWSDOWN, -1, 0));
	maps_after(mprotect(at(996), 8 * P, RX | PROT_GROWSDOWN));
	maps_after(mprotect(at(996), 2 * P, RX | PROT_GROWSDOWN));
}

CASE(every_change)
{
	for (int from = 0; from < 8; from++)
		for (int to = 0; to < 8; to++) {
			anon(0, 3, from);
			result(mprotect(at(1), P, to), "%d to %d", from, to);
			maps();
			touch_all(at(1));
			munmap(at(0), 3 * P);
		}
}

CASE(locked_areas)
{
	anon(0, 4, NONE);
	show(mlock(at(0), 4 * P));
	smaps("Rss", 0, 4);
	show(mprotect(at(0), 4 * P, RW));
	smaps("Rss", 0, 4);
	anon(8, 4, R);
	show(mlock(at(8), 4 * P));
	smaps("Rss", 8, 12);
	show(mprotect(at(8), 4 * P, RW));
	smaps("Rss", 8, 12);
	status("VmLck");
	vm_flags();
}

CASE(account_flag)
{
	anon(0, 4, R);
	vm_flags();
	show(mprotect(at(0), 2 * P, RW));
	vm_flags();
	show(mprotect(at(0), 4 * P, R));
	vm_flags();
	show(mprotect(at(0), 4 * P, RW));
	vm_flags();
	show(mmap(at(8), 4 * P, R, FIXED | PRIVATE, file_of(4), 0));
	show(mprotect(at(9), P, RW));
	vm_flags();
	show(mprotect(at(9), P, R));
	vm_flags();
}

CASE(as_many_areas_as_allowed)
{
	long max = sysctl_number("vm/max_map_count"), i = 0, error = 0;
	char text[32];

	sysctl("vm/max_map_count", "200");
	anon(0, 1000, RW);
	for (i = 1000; error >= 0; i += 2)
		error = mmap(at(i), P, i & 2 ? R : RW, FIXED_ANON, -1, 0);
	say("stopped: %s, near the limit %d", errno_name(-error), i > 1360 && i < 1420);
	show(mprotect(at(0), P, R));
	show(mprotect(at(500), P, R));
	show(mprotect(at(0), 1000 * P, R));
	show(mprotect(at(0), 1000 * P, RW));
	show(munmap(at(500), 10 * P));
	show(madvise(at(500), P, MADV_DONTFORK));
	show(mlock(at(500), P));
	show(mmap(at(500), P, RW, FIXED_SHM, -1, 0));
	show(mmap(at(500), P, RW, FIXED_ANON, -1, 0));
	show(mmap(at(5000), P, RW, FIXED_ANON, -1, 0));
	show(mremap(at(0), P, P, MREMAP_MAYMOVE | MREMAP_FIXED, at(5000)));
	show(munmap(at(900), 100 * P));
	show(munmap(at(1000), 5 * P));
	show(mmap(at(5000), P, RW, FIXED_ANON, -1, 0));
	show(mprotect(at(500), P, R));
	snprintf(text, sizeof(text), "%ld", max);
	sysctl("vm/max_map_count", text);
}

CASE(pkey_calls)
{
	anon(0, 2, RW);
	show(sys4(SYS_pkey_mprotect, at(0), P, R, -1));
	maps();
	show(sys4(SYS_pkey_mprotect, at(0), P, R, 0));
	show(sys4(SYS_pkey_mprotect, at(0), P, R, 1));
	show(sys2(SYS_pkey_alloc, 0, 0));
	show(sys2(SYS_pkey_alloc, 1, 0));
	show(sys1(SYS_pkey_free, 1));
}
