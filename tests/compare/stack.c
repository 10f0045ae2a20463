/*
 * Areas that grow downwards: how far, what stops them, RLIMIT_STACK, the guard gap.
 */
#include "compare.h"

static void stack(long page, long pages)
{
	result(mmap(at(page), pages * P, RW, FIXED_ANON | MAP_GROWSDOWN, -1, 0), "stack at %ld",
	       page);
}

CASE(grows_by_touch)
{
	stack(1000, 2);
	touch(at(999), WRITE);
	maps();
	touch(at(990), READ);
	maps();
	touch(at(989) + 0x10, WRITE);
	maps();
	in_core(985, 5);
	in_core(989, 11);
}

CASE(far_below)
{
	stack(4000, 2);
	touch(at(3000), WRITE);
	maps();
	touch(at(4000 - 2047), WRITE);
	maps();
	touch(at(4000 - 2048), WRITE);
	maps();
}

CASE(stack_limit)
{
	limit(RLIMIT_STACK, 10 * P);
	stack(1000, 2);
	touch(at(992), WRITE);
	maps();
	touch(at(991), WRITE);
	maps();
	limit(RLIMIT_STACK, 5 * P);
	touch(at(991), WRITE);
	touch(at(995), WRITE);
}

CASE(gap_below_is_kept)
{
	stack(2000, 2);
	anon(1000, 1, RW);
	touch(at(1500), WRITE);
	maps();
	touch(at(1001 + 256), WRITE);
	maps();
	touch(at(1001 + 255), WRITE);
	maps();
}

CASE(gap_to_inaccessible_is_not_kept)
{
	stack(2000, 2);
	anon(1900, 1, NONE);
	touch(at(1902), WRITE);
	maps();
	touch(at(1901), WRITE);
	maps();
	touch(at(1900), WRITE);
	maps();
}

CASE(gap_to_another_stack)
{
	stack(2000, 2);
	stack(1900, 2);
	touch(at(1950), WRITE);
	touch(at(1902), WRITE);
	maps();
	touch(at(1899), WRITE);
	maps();
}

CASE(mapping_near_a_stack)
{
	stack(2000, 2);
	show(mmap(at(1999), P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	touch(at(1998), WRITE);
	maps();
}

CASE(protection)
{
	stack(1000, 2);
	show(mprotect(at(1000), P, R));
	touch(at(999), WRITE);
	touch(at(999), READ);
	maps();
	show(mprotect(at(999), P, NONE));
	touch(at(998), READ);
	maps();
}

CASE(inside_the_kernel)
{
	int fd = file_of(8);

	stack(1000, 2);
	show(read(fd, at(998), 3 * P));
	maps();
	bytes(998, 4);
	show(write(fd, at(990), P));
	maps();
}

CASE(not_by_populate)
{
	stack(1000, 2);
	show(madvise(at(998), P, 22));
	show(mlock(at(999), P));
	in_core(999, 1);
	maps();
}

CASE(address_space_limit)
{
	stack(1000, 2);
	limit(RLIMIT_AS, status_number("VmSize") * 1024 + 4 * P);
	touch(at(996), WRITE);
	touch(at(995), WRITE);
	maps();
}

CASE(overlapping_neighbours_do_not_join)
{
	stack(1000, 2);
	stack(998, 2);
	maps();
	anon(1002, 2, RW);
	maps();
	touch(at(997), WRITE);
	maps();
}

CASE(split_stack_grows_at_its_bottom)
{
	stack(1000, 4);
	fill(1000, 4);
	show(mprotect(at(1002), P, R));
	maps();
	touch(at(999), WRITE);
	maps();
	show(munmap(at(999), P));
	touch(at(999), WRITE);
	maps();
	show(munmap(at(999), 2 * P));
	touch(at(1000), WRITE);
	maps();
}

static void recurse(int depth)
{
	volatile char frame[P];

	frame[0] = depth;
	if (depth)
		recurse(depth - 1);
	frame[1] = frame[0];
}

static void deep(void)
{
	recurse(1000);
	say("deep");
}

static void too_deep(void)
{
	recurse(4000);
	say("too deep?");
}

CASE(of_the_program)
{
	in_child(deep);
	in_child(too_deep);
}

static void small_stack(void)
{
	limit(RLIMIT_STACK, 256 << 10);
	recurse(100);
	say("as deep as the limit is now");
}

CASE(of_the_program_with_another_limit)
{
	in_child(small_stack);
}

CASE(down_to_min_address)
{
	show(mmap(0x100000, P, RW, FIXED_ANON | MAP_GROWSDOWN, -1, 0));
	touch((char *)0x20000, WRITE);
	touch((char *)0x10000, WRITE);
	touch((char *)0xf000, WRITE);
	touch((char *)0x8, WRITE);
}
