/*
 * Locked memory: mlock, mlock2, munlock, mlockall, munlockall, what they count and their limits.
 */
#include "compare.h"

static void locked(void)
{
	status("VmLck");
	smaps("Locked", -1000, 1000);
}

CASE(arguments)
{
	anon(0, 4, RW);
	show(mlock(at(0) + 1, P));
	status("VmLck");
	show(mlock(at(2) + 4095, 2));
	status("VmLck");
	show(mlock(at(0), 0));
	show(mlock(at(0) + 1, 0));
	show(mlock(at(0), -1UL));
	show(mlock(at(0), -P));
	show(mlock(-P, P));
	show(mlock(at(10), P));
	show(mlock(at(10), 0));
	show(munlock(at(0) + 1, 1));
	show(munlock(at(0), 0));
	show(munlock(at(10), P));
	show(munlock(at(0), -1UL));
	show(mlock2(at(0), P, 2));
	show(mlock2(at(0), P, -1));
	show(mlock2(at(0), P, 0));
	show(mlock2(at(0), P, MLOCK_ONFAULT));
	show(mlockall(0));
	show(mlockall(8));
	show(mlockall(MCL_CURRENT | 8));
	show(mlockall(MCL_ONFAULT));
	show(mlockall(-1));
	status("VmLck");
	vm_flags();
}

CASE(splits_and_joins)
{
	anon(0, 8, RW);
	maps_after(mlock(at(2), 2 * P));
	vm_flags();
	maps_after(mlock(at(4), 2 * P));
	maps_after(munlock(at(3), P));
	locked();
	maps_after(munlock(at(0), 8 * P));
	locked();
	maps_after(mlock(at(0), 8 * P));
	maps_after(mlock(at(0), 8 * P));
	locked();
	maps_after(mlock2(at(2), 2 * P, MLOCK_ONFAULT));
	vm_flags();
	locked();
	maps_after(mlock(at(2), 2 * P));
	vm_flags();
}

CASE(holes)
{
	anon(0, 2, RW);
	anon(4, 2, RW);
	show(mlock(at(0), 6 * P));
	locked();
	maps();
	vm_flags();
	show(munlock(at(0), 6 * P));
	locked();
	show(mlock(at(2), 4 * P));
	show(mlock(at(4), 4 * P));
	locked();
	vm_flags();
}

CASE(makes_present)
{
	anon(0, 4, RW);
	show(mlock(at(0), 2 * P));
	in_core(0, 4);
	show(mlock2(at(2), 2 * P, MLOCK_ONFAULT));
	in_core(0, 4);
	locked();
	*at(2) = 1;
	in_core(0, 4);
	locked();
	anon(8, 2, R);
	show(mlock(at(8), 2 * P));
	in_core(8, 2);
	locked();
	anon(12, 2, NONE);
	show(mlock(at(12), 2 * P));
	in_core(12, 2);
	anon(16, 2, W);
	show(mlock(at(16), 2 * P));
	in_core(16, 2);
	status("VmLck");
}

CASE(files)
{
	int fd = file_of(4);

	show(mmap(at(0), 4 * P, RW, FIXED | SHARED, fd, 0));
	show(mlock(at(0), 4 * P));
	locked();
	show(mmap(at(8), 4 * P, RW, FIXED | PRIVATE, fd, 0));
	show(mlock(at(8), 4 * P));
	locked();
	smaps("Anonymous", 8, 12);
	show(mmap(at(16), 4 * P, R, FIXED | PRIVATE, fd, 0));
	show(mlock(at(16), 4 * P));
	locked();
	smaps("Anonymous", 16, 20);
	show(munmap(at(0), 100 * P));
	status("VmLck");
}

CASE(past_the_end_of_a_file)
{
	show(mmap(at(0), 4 * P, RW, FIXED | SHARED, file_of(2), 0));
	show(mlock(at(0), 4 * P));
	status("VmLck");
	vm_flags();
	show(mlock2(at(0), 4 * P, MLOCK_ONFAULT));
	vm_flags();
	show(mmap(at(8), 4 * P, RW, FIXED | SHARED | MAP_LOCKED, file_of(2), 0));
	status("VmLck");
}

CASE(shared_anonymous)
{
	show(mmap(at(0), 4 * P, RW, FIXED_SHM, -1, 0));
	show(mlock(at(1), 2 * P));
	locked();
	in_core(0, 4);
	maps();
}

CASE(all_current)
{
	anon(0, 4, RW);
	show(mmap(at(8), 4 * P, RW, FIXED_SHM, -1, 0));
	show(mlockall(MCL_CURRENT));
	smaps("Locked", 0, 100);
	vm_flags();
	anon(16, 4, RW);
	smaps("Locked", 0, 100);
	vm_flags();
	show(munlockall());
	status("VmLck");
	vm_flags();
}

CASE(all_future)
{
	anon(0, 4, RW);
	show(mlockall(MCL_FUTURE));
	smaps("Locked", 0, 100);
	anon(8, 4, RW);
	smaps("Locked", 0, 100);
	in_core(8, 4);
	show(mmap(at(16), 4 * P, R, FIXED | PRIVATE, file_of(2), 0));
	smaps("Locked", 16, 20);
	show(mremap(at(8), 4 * P, 6 * P, 0, 0));
	in_core(8, 6);
	show(mmap(at(1000), 2 * P, RW, FIXED_ANON | MAP_GROWSDOWN, -1, 0));
	touch(at(999), WRITE);
	smaps("Locked", 900, 1100);
	vm_flags();
	show(munlockall());
	anon(24, 4, RW);
	status("VmLck");
}

CASE(all_on_fault)
{
	anon(0, 4, RW);
	*at(0) = 1;
	show(mlockall(MCL_CURRENT | MCL_ONFAULT));
	smaps("Locked", 0, 100);
	in_core(0, 4);
	show(mlockall(MCL_FUTURE | MCL_ONFAULT));
	anon(8, 4, RW);
	in_core(8, 4);
	*at(9) = 1;
	smaps("Locked", 8, 100);
	vm_flags();
	show(mlockall(MCL_CURRENT | MCL_FUTURE));
	in_core(0, 4);
	in_core(8, 4);
	vm_flags();
	show(mlockall(MCL_CURRENT));
	anon(16, 2, RW);
	vm_flags();
}

CASE(limit_of_nobody)
{
	be_nobody();
	limit(RLIMIT_MEMLOCK, 4 * P);
	anon(0, 10, RW);
	show(mlock(at(0), 4 * P));
	show(mlock(at(4), P));
	show(mlock(at(0), 4 * P));
	show(mlock(at(0), 5 * P));
	show(mlock(at(2), 3 * P));
	status("VmLck");
	show(munlock(at(0), P));
	show(mlock(at(5), P));
	show(mlock(at(6), P));
	show(mlock(at(0) + 1, P));
	status("VmLck");
	show(mmap(at(20), P, RW, FIXED_ANON | MAP_LOCKED, -1, 0));
	show(munlock(at(0), 10 * P));
	show(mmap(at(20), P, RW, FIXED_ANON | MAP_LOCKED, -1, 0));
	show(mmap(at(22), 4 * P, RW, FIXED_ANON | MAP_LOCKED, -1, 0));
	show(mlockall(MCL_CURRENT));
	show(mlockall(MCL_CURRENT | MCL_ONFAULT));
	show(mlockall(MCL_FUTURE));
	show(mmap(at(30), 4 * P, RW, FIXED_ANON, -1, 0));
	show(mmap(at(40), 3 * P, RW, FIXED_ANON, -1, 0));
	status("VmLck");
}

CASE(no_limit_for_root)
{
	limit(RLIMIT_MEMLOCK, 4 * P);
	anon(0, 10, RW);
	show(mlock(at(0), 10 * P));
	limit(RLIMIT_MEMLOCK, 0);
	show(mlock(at(0), 10 * P));
	show(mlockall(MCL_CURRENT | MCL_ONFAULT));
}

CASE(limit_zero)
{
	be_nobody();
	limit(RLIMIT_MEMLOCK, 0);
	anon(0, 4, RW);
	show(mlock(at(0), P));
	show(mlock(at(0), 0));
	show(mlock2(at(0), P, MLOCK_ONFAULT));
	show(mlockall(MCL_CURRENT));
	show(mlockall(MCL_FUTURE));
	show(munlock(at(0), P));
	show(munlockall());
	show(mmap(at(8), P, RW, FIXED_ANON | MAP_LOCKED, -1, 0));
	show(mmap(at(8), P, RW, FIXED_SHM | MAP_LOCKED, -1, 0));
}

CASE(limit_not_of_whole_pages)
{
	be_nobody();
	limit(RLIMIT_MEMLOCK, 2 * P + 100);
	anon(0, 4, RW);
	show(mlock(at(0), 2 * P));
	show(mlock(at(2), P));
	show(mlock(at(0), 3 * P));
}

static void child_of_locked(void)
{
	status("VmLck");
	smaps("Locked", 0, 100);
	vm_flags();
	anon(8, 2, RW);
	smaps("Locked", 8, 100);
}

CASE(fork_inherits_no_locks)
{
	anon(0, 4, RW);
	show(mlock(at(0), 4 * P));
	in_child(child_of_locked);
	show(mlockall(MCL_CURRENT | MCL_FUTURE));
	in_child(child_of_locked);
	smaps("Locked", 0, 100);
}

CASE(fixed_over_locked)
{
	anon(0, 4, RW);
	show(mlock(at(0), 4 * P));
	anon(1, 2, RW);
	locked();
	vm_flags();
	show(mmap(at(0), 4 * P, RW, FIXED_ANON | MAP_LOCKED, -1, 0));
	locked();
	maps();
}

CASE(over_several_kinds)
{
	anon(0, 2, RW);
	anon(2, 2, R);
	show(mmap(at(4), 2 * P, RW, FIXED_SHM, -1, 0));
	show(mmap(at(6), 2 * P, R, FIXED | PRIVATE, file_of(2), 0));
	anon(8, 2, NONE);
	show(mlock(at(1), 8 * P));
	locked();
	maps();
	show(munlock(at(0), 10 * P));
	locked();
	maps();
}

CASE(growing_stack_counts)
{
	be_nobody();
	limit(RLIMIT_MEMLOCK, 4 * P);
	show(mmap(at(1000), 2 * P, RW, FIXED_ANON | MAP_GROWSDOWN | MAP_LOCKED, -1, 0));
	touch(at(999), WRITE);
	status("VmLck");
	touch(at(998), WRITE);
	touch(at(997), WRITE);
	status("VmLck");
	maps();
}
