/*
 * munmap: arguments, holes, and the areas that are left.
 */
#include "compare.h"

CASE(arguments)
{
	anon(0, 4, RW);
	show(munmap(at(0) + 1, P));
	show(munmap(at(0), 0));
	show(munmap(at(0), -1UL));
	show(munmap(at(0), -P));
	show(munmap(at(0), 1UL << 47));
	show(munmap(at(0) + 1, 0));
	show(munmap(0x7ffffffff000, P));
	show(munmap(0x7fffffffe000, 2 * P));
	show(munmap(0x800000000000, P));
	show(munmap(-P, P));
	show(munmap(0, 0));
	show(munmap(0, P));
	maps_after(munmap(at(3), 1));
	maps_after(munmap(at(0), P + 1));
}

CASE(parts)
{
	anon(0, 20, RW);
	fill(0, 20);
	maps_after(munmap(at(5), P));
	maps_after(munmap(at(0), P));
	maps_after(munmap(at(19), P));
	maps_after(munmap(at(4), 3 * P));
	maps_after(munmap(at(4), 3 * P));
	maps_after(munmap(at(10), 2 * P));
	bytes(0, 20);
	maps_after(munmap(at(-10), 40 * P));
	bytes(0, 20);
}

CASE(several_kinds_at_once)
{
	anon(0, 2, RW);
	show(mmap(at(2), 2 * P, RW, FIXED_SHM, -1, 0));
	show(mmap(at(5), 2 * P, RW, FIXED | SHARED, file_of(2), 0));
	anon(7, 2, R);
	anon(9, 2, NONE);
	maps();
	maps_after(munmap(at(1), 9 * P));
	maps_after(munmap(at(0), 11 * P));
}

CASE(file_offsets_of_what_is_left)
{
	show(mmap(at(0), 10 * P, RW, FIXED | SHARED, file_of(10), 0));
	maps_after(munmap(at(3), 2 * P));
	maps_after(munmap(at(0), P));
	maps_after(munmap(at(8), 2 * P));
	bytes(0, 10);
}

CASE(shared_offsets_of_what_is_left)
{
	show(mmap(at(0), 10 * P, RW, FIXED_SHM, -1, 0));
	fill(0, 10);
	maps_after(munmap(at(3), 2 * P));
	bytes(0, 10);
}

CASE(locked_pages)
{
	anon(0, 10, RW);
	show(mlock(at(0), 10 * P));
	status("VmLck");
	show(munmap(at(2), 3 * P));
	status("VmLck");
	show(munmap(at(0), 10 * P));
	status("VmLck");
}

CASE(sizes_in_status)
{
	long size = status_number("VmSize"), data = status_number("VmData"), peak;

	anon(0, 100, RW);
	say("size +%ld data +%ld", status_number("VmSize") - size, status_number("VmData") - data);
	show(munmap(at(50), 10 * P));
	say("size +%ld data +%ld", status_number("VmSize") - size, status_number("VmData") - data);
	show(mprotect(at(0), 10 * P, R));
	say("size +%ld data +%ld", status_number("VmSize") - size, status_number("VmData") - data);
	peak = status_number("VmPeak");
	show(munmap(at(0), 100 * P));
	say("size +%ld data +%ld peak stays %d", status_number("VmSize") - size,
	    status_number("VmData") - data, status_number("VmPeak") == peak);
}

CASE(empty_ranges)
{
	show(munmap(at(0), 100 * P));
	show(munmap(at(-100), 200 * P));
	maps();
}

CASE(part_of_a_stack)
{
	show(mmap(at(1000), 4 * P, RW, FIXED_ANON | MAP_GROWSDOWN, -1, 0));
	maps_after(munmap(at(1001), P));
	vm_flags();
	maps_after(munmap(at(1000), P));
	touch(at(1001), WRITE);
	maps();
}
