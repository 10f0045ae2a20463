/*
 * remap_file_pages, as Linux emulates it.
 */
#include "compare.h"

CASE(arguments)
{
	show(mmap(at(0), 8 * P, RW, FIXED | SHARED, file_of(8), 0));
	show(remap_file_pages(at(0), P, RW, 1, 0));
	show(remap_file_pages(at(0), P, R, 1, 0));
	show(remap_file_pages(at(0), 0, 0, 1, 0));
	show(remap_file_pages(at(0), -P, 0, 1, 0));
	show(remap_file_pages(at(0), P, 0, -1UL, 0));
	show(remap_file_pages(at(0), P, 0, 1UL << 52, 0));
	show(remap_file_pages(at(20), P, 0, 1, 0));
	show(remap_file_pages(at(7), 2 * P, 0, 1, 0));
	show(remap_file_pages(at(0), P, 0, 1, -1));
	maps();
	anon(10, 2, RW);
	show(remap_file_pages(at(10), P, 0, 1, 0));
	show(mmap(at(14), 2 * P, RW, FIXED | PRIVATE, file_of(2), 0));
	show(remap_file_pages(at(14), P, 0, 1, 0));
}

CASE(other_pages)
{
	show(mmap(at(0), 8 * P, RW, FIXED | SHARED, file_of(8), 0));
	bytes(0, 8);
	show(remap_file_pages(at(2), 2 * P, 0, 6, 0));
	maps();
	bytes(0, 8);
	show(remap_file_pages(at(2), 2 * P, 0, 2, 0));
	maps();
	bytes(0, 8);
	show(remap_file_pages(at(0) + 100, P, 0, 7, 0));
	show(remap_file_pages(at(5), P + 100, 0, 0, MAP_NONBLOCK));
	maps();
	bytes(0, 8);
	*at(5) = 'Z';
	bytes(0, 8);
}

CASE(across_pieces)
{
	show(mmap(at(0), 8 * P, RW, FIXED | SHARED, file_of(8), 0));
	show(remap_file_pages(at(2), 2 * P, 0, 6, 0));
	show(remap_file_pages(at(1), 4 * P, 0, 0, 0));
	maps();
	bytes(0, 8);
	show(mprotect(at(4), 2 * P, R));
	show(remap_file_pages(at(3), 4 * P, 0, 0, 0));
	show(remap_file_pages(at(4), P, 0, 0, 0));
	maps();
	vm_flags();
}

CASE(shared_anonymous)
{
	show(mmap(at(0), 4 * P, RW, FIXED_SHM, -1, 0));
	fill(0, 4);
	show(remap_file_pages(at(0), P, 0, 3, 0));
	show(remap_file_pages(at(3), P, 0, 0, 0));
	maps();
	bytes(0, 4);
	show(remap_file_pages(at(1), P, 0, 9, 0));
	bytes(0, 4);
}

CASE(locked)
{
	show(mmap(at(0), 4 * P, RW, FIXED | SHARED, file_of(4), 0));
	show(mlock(at(0), 4 * P));
	show(remap_file_pages(at(0), P, 0, 3, 0));
	vm_flags();
	status("VmLck");
}
