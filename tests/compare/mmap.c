/*
 * mmap: flags and their combinations, lengths, places, offsets, and protections against the
 * way a file was opened.
 */
#include "compare.h"

CASE(anonymous_private)
{
	maps_after(mmap(at(0), 3 * P, RW, FIXED_ANON, -1, 0));
	vm_flags();
	touch_all(at(1));
}

CASE(anonymous_shared)
{
	maps_after(mmap(at(0), 3 * P, RW, FIXED_SHM, -1, 0));
	vm_flags();
	touch_all(at(1));
}

CASE(lengths)
{
	show(mmap(at(0), 0, RW, FIXED_ANON, -1, 0));
	show(mmap(at(0), 1, RW, FIXED_ANON, -1, 0));
	show(mmap(at(4), P - 1, RW, FIXED_ANON, -1, 0));
	show(mmap(at(8), P + 1, RW, FIXED_ANON, -1, 0));
	maps();
	show(mmap(at(0), -1UL, RW, FIXED_ANON, -1, 0));
	show(mmap(at(0), -P, RW, FIXED_ANON, -1, 0));
	show(mmap(at(0), -P + 1, RW, FIXED_ANON, -1, 0));
	show(mmap(0, -P, RW, ANON, -1, 0));
	show(mmap(0, 1UL << 47, RW, ANON, -1, 0));
	show(mmap(0, (1UL << 47) - P, RW, ANON, -1, 0));
	show(mmap(0, 1UL << 63, RW, ANON, -1, 0));
	show(mmap(0, 1UL << 47, RW, FIXED_ANON, -1, 0));
	show(mmap(at(0), 0, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	show(mmap(0, -P, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	show(mmap(0, -1UL, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	maps();
}

CASE(no_type)
{
	show(mmap(at(0), P, RW, MAP_ANONYMOUS | FIXED, -1, 0));
	show(mmap(at(0), P, RW, FIXED, -1, 0));
	show(mmap(at(0), P, RW, 0, file_of(1), 0));
	show(mmap(at(0), P, RW, FIXED | 0x4, file_of(1), 0));
	show(mmap(at(0), P, RW, MAP_ANONYMOUS | FIXED | 0x8, -1, 0));
	show(mmap(at(0), P, RW, MAP_ANONYMOUS | FIXED | 0xf, -1, 0));
}

CASE(shared_validate_anonymous)
{
	maps_after(mmap(at(0), P, RW, MAP_SHARED_VALIDATE | MAP_ANONYMOUS | FIXED, -1, 0));
}

CASE(shared_validate_file)
{
	int fd = file_of(2);

	maps_after(mmap(at(0), P, RW, MAP_SHARED_VALIDATE | FIXED, fd, 0));
	show(mmap(at(4), P, RW, MAP_SHARED_VALIDATE | FIXED | MAP_SYNC, fd, 0));
	show(mmap(at(4), P, RW, MAP_SHARED_VALIDATE | FIXED | 0x4000000, fd, 0));
	show(mmap(at(4), P, RW, SHARED | FIXED | 0x4000000, fd, 0));
	show(mmap(at(8), P, RW, SHARED | FIXED | MAP_SYNC, fd, 0));
	show(mmap(at(12), P, RW, PRIVATE | FIXED | MAP_SYNC, fd, 0));
	show(mmap(at(12), P, RW, MAP_SHARED_VALIDATE | FIXED | MAP_POPULATE | MAP_NORESERVE, fd,
		  0));
	show(mmap(at(13), P, RW, MAP_SHARED_VALIDATE | FIXED | MAP_GROWSDOWN, fd, 0));
	show(mmap(at(14), P, RW, MAP_SHARED_VALIDATE | FIXED | MAP_STACK, fd, 0));
	show(mmap(at(14), P, RW, MAP_SHARED_VALIDATE | FIXED | MAP_32BIT, fd, 0));
	maps();
	vm_flags();
}

CASE(unknown_flags_are_ignored)
{
	maps_after(mmap(at(0), P, RW, FIXED_ANON | 0x8000000, -1, 0));
	maps_after(mmap(at(2), P, RW, FIXED_ANON | 0x10000000, -1, 0));
	maps_after(mmap(at(4), P, RW, FIXED_ANON | MAP_DENYWRITE, -1, 0));
	maps_after(mmap(at(6), P, RW, FIXED_ANON | MAP_EXECUTABLE, -1, 0));
	maps_after(mmap(at(8), P, RW, FIXED_ANON | MAP_STACK, -1, 0));
	maps_after(mmap(at(10), P, RW, FIXED_ANON | MAP_SYNC, -1, 0));
	maps_after(mmap(at(12), P, RW, FIXED_ANON | MAP_NONBLOCK, -1, 0));
	maps_after(mmap(at(14), P, RW, FIXED_ANON | 0x80, -1, 0));
	maps_after(mmap(at(16), P, RW, FIXED_ANON | 0x200, -1, 0));
	vm_flags();
}

CASE(unknown_protections)
{
	maps_after(mmap(at(0), P, 0x10, FIXED_ANON, -1, 0));
	maps_after(mmap(at(2), P, RW | 0x8, FIXED_ANON, -1, 0));
	maps_after(mmap(at(4), P, RW | PROT_GROWSDOWN, FIXED_ANON, -1, 0));
	maps_after(mmap(at(6), P, RW | PROT_GROWSUP, FIXED_ANON, -1, 0));
	maps_after(mmap(at(8), P, -1, FIXED_ANON, -1, 0));
}

CASE(all_protections_private)
{
	for (int protection = 0; protection < 8; protection++)
		result(mmap(at(2 * protection), P, protection, FIXED_ANON, -1, 0), "protection %d",
		       protection);
	maps();
	vm_flags();
	for (int protection = 0; protection < 8; protection++) {
		say("protection %d", protection);
		touch_all(at(2 * protection));
	}
}

CASE(all_protections_shared)
{
	for (int protection = 0; protection < 8; protection++)
		result(mmap(at(2 * protection), P, protection, FIXED_SHM, -1, 0), "protection %d",
		       protection);
	maps();
	vm_flags();
	for (int protection = 0; protection < 8; protection++) {
		say("protection %d", protection);
		touch_all(at(2 * protection));
	}
}

CASE(protections_against_open_modes)
{
	static const int modes[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_APPEND, O_PATH};
	static const char *const names[] = {"O_RDONLY", "O_WRONLY", "O_RDWR", "O_APPEND", "O_PATH"};

	for (int mode = 0; mode < 5; mode++) {
		int fd = file_opened(1, modes[mode]);

		for (int type = SHARED; type <= PRIVATE; type++)
			for (int protection = 0; protection < 8; protection++)
				result(mmap(at(0), P, protection, type | FIXED, fd, 0), "%s %s %d",
				       names[mode], type == SHARED ? "shared" : "private",
				       protection);
		vm_flags();
	}
}

CASE(protections_of_memory_files)
{
	int fd = memory_file(1, 0);

	for (int type = SHARED; type <= PRIVATE; type++)
		for (int protection = 0; protection < 8; protection++) {
			result(mmap(at(0), P, protection, type | FIXED, fd, 0), "%s %d",
			       type == SHARED ? "shared" : "private", protection);
			vm_flags();
		}
}

CASE(may_flags_of_files)
{
	int fd = file_opened(4, O_RDONLY);

	show(mmap(at(0), P, R, SHARED | FIXED, fd, 0));
	show(mmap(at(2), P, R, PRIVATE | FIXED, fd, 0));
	vm_flags();
	show(mprotect(at(0), P, RW));
	show(mprotect(at(0), P, RX));
	show(mprotect(at(2), P, RW));
	show(mprotect(at(2), P, RWX));
	maps();
}

CASE(bad_descriptors)
{
	int ends[2];

	show(mmap(at(0), P, R, PRIVATE | FIXED, -1, 0));
	show(mmap(at(0), P, R, PRIVATE | FIXED, 999, 0));
	show(mmap(at(0), P, R, SHARED | FIXED, -1, 0));
	show(mmap(at(0), 0, R, SHARED | FIXED, -1, 0));
	show(mmap(at(0), P, R, SHARED | FIXED, -1, 1));
	show(mmap(at(0) + 1, P, R, SHARED | FIXED, -1, 0));
	show(sys2(SYS_pipe2, ends, 0));
	show(mmap(at(0), P, R, PRIVATE | FIXED, ends[0], 0));
	show(mmap(at(0), P, R, PRIVATE | FIXED, ends[1], 0));
	show(mmap(at(0), P, W, SHARED | FIXED, ends[0], 0));
	show(mmap(at(0), P, R, PRIVATE | FIXED, open("/tmp", O_RDONLY), 0));
	show(mmap(at(0), P, R, PRIVATE | FIXED, open("/tmp", O_PATH), 0));
	show(mmap(at(0), P, R, PRIVATE | FIXED, open("/proc/self/maps", O_RDONLY), 0));
	show(mmap(at(0), P, R, PRIVATE | FIXED, open("/proc/self", O_RDONLY), 0));
	show(mmap(at(0), P, R, PRIVATE | FIXED, open("/dev/null", O_RDONLY), 0));
	show(mmap(at(0), P, R, PRIVATE | FIXED, open("/dev/tty", O_RDONLY), 0));
}

CASE(descriptor_of_anonymous_is_ignored)
{
	show(mmap(at(0), P, RW, FIXED_ANON, 999, 0));
	show(mmap(at(2), P, RW, FIXED_ANON, 0, 0));
	show(mmap(at(4), P, RW, FIXED_SHM, 999, 0));
	maps();
}

CASE(offsets)
{
	int fd = file_of(4);

	show(mmap(at(0), P, R, PRIVATE | FIXED, fd, 1));
	show(mmap(at(0), P, R, PRIVATE | FIXED, fd, 512));
	show(mmap(at(0), P, R, PRIVATE | FIXED, fd, P + 1));
	show(mmap(at(0), P, R, PRIVATE | FIXED, fd, P));
	show(mmap(at(2), P, R, PRIVATE | FIXED, fd, 100 * P));
	show(mmap(at(4), P, R, PRIVATE | FIXED, fd, -P));
	show(mmap(at(4), 2 * P, R, PRIVATE | FIXED, fd, -P));
	show(mmap(at(4), P, R, PRIVATE | FIXED, fd, 1UL << 63));
	show(mmap(at(4), P, R, PRIVATE | FIXED, fd, (1UL << 63) - P));
	show(mmap(at(4), 2 * P, R, PRIVATE | FIXED, fd, (1UL << 63) - P));
	show(mmap(at(6), P, R, PRIVATE | FIXED, fd, 1UL << 43));
	maps();
	show(mmap(at(8), P, R, FIXED_ANON, -1, P));
	show(mmap(at(10), P, R, FIXED_ANON, -1, 1));
	show(mmap(at(10), P, R, FIXED_ANON, -1, -P));
	show(mmap(at(12), 2 * P, R, FIXED_ANON, -1, -P));
	show(mmap(at(12), 2 * P, R, FIXED_SHM, -1, -P));
	show(mmap(at(14), 2 * P, R, FIXED_SHM, -1, P));
	maps();
}

CASE(order_of_errors)
{
	show(mmap(at(0) + 1, 0, R, FIXED_ANON, -1, 1));
	show(mmap(at(0) + 1, 0, R, FIXED_ANON, -1, 0));
	show(mmap(at(0) + 1, P, R, FIXED_ANON, -1, 0));
	show(mmap(at(0) + 1, P, R, FIXED, -1, 0));
	show(mmap(at(0), -P, R, FIXED, -1, 0));
	show(mmap(at(0), -P, R, FIXED | MAP_ANONYMOUS, -1, 0));
	show(mmap(at(0), 0, R, FIXED | MAP_ANONYMOUS, -1, 0));
	show(mmap(at(0) + 1, P, R, FIXED | MAP_ANONYMOUS, -1, 0));
	show(mmap(at(0) + 1, P, W, FIXED | SHARED, file_opened(1, O_RDONLY), 0));
	show(mmap(at(0), P, W, FIXED | 3, file_opened(1, O_RDONLY), 0));
	show(mmap(at(0), P, W, FIXED | SHARED, file_opened(1, O_WRONLY), 1UL << 63));
}

CASE(fixed_places)
{
	show(mmap(at(0) + 1, P, RW, FIXED_ANON, -1, 0));
	show(mmap(at(0) + 8, P, RW, FIXED_ANON, -1, 0));
	show(mmap(0x7ffffffff000, P, RW, FIXED_ANON, -1, 0));
	show(mmap(0x7fffffffe000, 2 * P, RW, FIXED_ANON, -1, 0));
	show(mmap(0x800000000000, P, RW, FIXED_ANON, -1, 0));
	show(mmap(-P, P, RW, FIXED_ANON, -1, 0));
	show(mmap(0xffff800000000000, P, RW, FIXED_ANON, -1, 0));
	show(mmap(0x7ffffffff001, P, RW, FIXED_ANON, -1, 0));
	maps();
}

CASE(fixed_replaces)
{
	anon(0, 10, RW);
	fill(0, 10);
	maps_after(mmap(at(3), 2 * P, RW, FIXED_ANON, -1, 0));
	bytes(0, 10);
	maps_after(mmap(at(3), 2 * P, R, FIXED_ANON, -1, 0));
	maps_after(mmap(at(0), P, R, FIXED_ANON, -1, 0));
	maps_after(mmap(at(9), 3 * P, R, FIXED_ANON, -1, 0));
	bytes(0, 12);
	maps_after(mmap(at(0), 12 * P, NONE, FIXED_ANON, -1, 0));
	maps_after(mmap(at(5), P, R, FIXED_SHM, -1, 0));
	maps_after(mmap(at(2), 8 * P, R, FIXED | PRIVATE, file_of(2), 0));
	bytes(0, 12);
}

CASE(fixed_failure_leaves_what_was)
{
	anon(0, 4, RW);
	fill(0, 4);
	show(mmap(at(0), P, RW, FIXED | SHARED, file_opened(1, O_RDONLY), 0));
	show(mmap(at(0), P, R, FIXED | PRIVATE, -1, 0));
	show(mmap(at(0), P, R, FIXED | PRIVATE, open("/dev/null", O_RDONLY), 0));
	show(mmap(at(0), P, R, FIXED | MAP_ANONYMOUS, -1, 0));
	show(mmap(at(0), P, R, FIXED_SHM | MAP_GROWSDOWN, -1, 0));
	maps();
	bytes(0, 4);
}

CASE(noreplace)
{
	anon(0, 4, RW);
	show(mmap(at(0), P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	show(mmap(at(3), 2 * P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	show(mmap(at(-2), 3 * P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	show(mmap(at(-2), 9 * P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	show(mmap(at(4), 2 * P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	show(mmap(at(-2), 2 * P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	maps();
	show(mmap(at(9) + 1, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	show(mmap(0, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) >= 0);
	show(mmap(at(0), P, RW, FIXED_ANON | MAP_FIXED_NOREPLACE, -1, 0));
	show(mmap(0x7ffffffff000, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	show(mmap(at(0), 0, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	maps();
}

CASE(hints)
{
	show(mmap(at(4), P, RW, ANON, -1, 0));
	show(mmap(at(8) + 1, P, RW, ANON, -1, 0));
	show(mmap(at(12) + 4095, P, RW, ANON, -1, 0));
	show(mmap(at(16), 2 * P, RW, ANON, -1, 0));
	show(mmap(at(16), P, RW, ANON, -1, 0));
	show(mmap(at(15), 2 * P, RW, ANON, -1, 0));
	show(mmap(at(15), P, RW, ANON, -1, 0));
	show(mmap(0x7ffffffff000, P, RW, ANON, -1, 0));
	show(mmap(-P, P, RW, ANON, -1, 0));
	maps();
}

CASE(hint_near_a_stack_gap)
{
	show(mmap(at(1024), 2 * P, RW, FIXED_ANON | MAP_GROWSDOWN, -1, 0));
	show(mmap(at(1022), P, RW, ANON, -1, 0));
	show(mmap(at(1024 - 256), P, RW, ANON, -1, 0));
	show(mmap(at(1024 - 257), P, RW, ANON, -1, 0));
	show(mmap(at(1020), P, RW, FIXED_ANON, -1, 0));
	show(mmap(at(1021), P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
	show(mmap(at(1026), P, RW, ANON, -1, 0));
	maps();
}

CASE(below_min_address)
{
	show(mmap(0, P, RW, FIXED_ANON, -1, 0));
	show(mmap(0x1000, P, RW, FIXED_ANON, -1, 0));
	show(mmap(0xf000, P, RW, FIXED_ANON, -1, 0));
	show(mmap(0x10000, P, RW, FIXED_ANON, -1, 0));
	show(mmap(0x1000, P, RW, ANON, -1, 0));
	show(mmap(0x1, P, RW, ANON, -1, 0) > 0x100000000);
}

CASE(below_min_address_as_nobody)
{
	be_nobody();
	show(mmap(0, P, RW, FIXED_ANON, -1, 0));
	show(mmap(0x1000, P, RW, FIXED_ANON, -1, 0));
	show(mmap(0xf000, P, RW, FIXED_ANON, -1, 0));
	show(mmap(0xf000, 2 * P, RW, FIXED_ANON, -1, 0));
	show(mmap(0, P, RW, FIXED_SHM, -1, 0));
	show(mmap(0x10000, P, RW, FIXED_ANON, -1, 0));
	show(mmap(0x1000, P, RW, ANON, -1, 0));
	show(mmap(0x2000, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0));
}

CASE(low_32_bits)
{
	long a = mmap(0, P, RW, ANON | MAP_32BIT, -1, 0);

	say("in the second GiB: %d", a >= 0x40000000 && a < 0x80000000);
	show(mmap(0, 0x40000000, NONE, ANON | MAP_32BIT | MAP_NORESERVE, -1, 0));
	show(mmap(0, 0x80000000, NONE, ANON | MAP_32BIT | MAP_NORESERVE, -1, 0));
	show(mmap(at(0), P, RW, ANON | MAP_32BIT, -1, 0) < 0x80000000);
	show(mmap(at(0), P, RW, FIXED_ANON | MAP_32BIT, -1, 0));
	show(mmap(0x50000000, P, RW, ANON | MAP_32BIT, -1, 0));
	show(mmap(0x90000000, P, RW, ANON | MAP_32BIT, -1, 0) < 0x80000000);
	show(mmap(0x30000000, P, RW, ANON | MAP_32BIT, -1, 0));
}

CASE(populate)
{
	show(mmap(at(0), 4 * P, RW, FIXED_ANON | MAP_POPULATE, -1, 0));
	smaps("Rss", 0, 100);
	in_core(0, 4);
	show(mmap(at(8), 4 * P, R, FIXED_ANON | MAP_POPULATE, -1, 0));
	in_core(8, 4);
	show(mmap(at(16), 4 * P, NONE, FIXED_ANON | MAP_POPULATE, -1, 0));
	in_core(16, 4);
	show(mmap(at(24), 4 * P, W, FIXED_ANON | MAP_POPULATE, -1, 0));
	in_core(24, 4);
	show(mmap(at(32), 4 * P, RW, FIXED_ANON | MAP_POPULATE | MAP_NONBLOCK, -1, 0));
	in_core(32, 4);
	show(mmap(at(40), 4 * P, RW, FIXED_SHM | MAP_POPULATE, -1, 0));
	in_core(40, 4);
	show(mmap(at(48), 4 * P, X, FIXED_ANON | MAP_POPULATE, -1, 0));
	in_core(48, 4);
}

CASE(populate_files)
{
	int fd = file_of(2);

	show(mmap(at(0), 4 * P, RW, FIXED | PRIVATE | MAP_POPULATE, fd, 0));
	smaps("Rss", 0, 4);
	smaps("Anonymous", 0, 4);
	show(mmap(at(8), 4 * P, RW, FIXED | SHARED | MAP_POPULATE, fd, 0));
	smaps("Rss", 8, 12);
	show(mmap(at(16), 4 * P, R, FIXED | PRIVATE | MAP_POPULATE, fd, 0));
	smaps("Rss", 16, 20);
	smaps("Anonymous", 16, 20);
	show(mmap(at(24), 4 * P, NONE, FIXED | SHARED | MAP_POPULATE, fd, 0));
	smaps("Rss", 24, 28);
}

CASE(locked)
{
	show(mmap(at(0), 4 * P, RW, FIXED_ANON | MAP_LOCKED, -1, 0));
	status("VmLck");
	smaps("Locked", 0, 4);
	in_core(0, 4);
	show(mmap(at(8), 4 * P, NONE, FIXED_ANON | MAP_LOCKED, -1, 0));
	status("VmLck");
	smaps("Locked", 8, 12);
	show(mmap(at(16), 4 * P, RW, FIXED_SHM | MAP_LOCKED, -1, 0));
	smaps("Locked", 16, 20);
	show(mmap(at(24), 4 * P, R, FIXED | PRIVATE | MAP_LOCKED, file_of(2), 0));
	smaps("Rss", 24, 28);
	status("VmLck");
	show(mmap(at(32), 4 * P, RW, FIXED_ANON | MAP_LOCKED | MAP_NONBLOCK, -1, 0));
	smaps("Rss", 32, 36);
	vm_flags();
	show(munmap(at(0), 100 * P));
	status("VmLck");
}

CASE(noreserve)
{
	show(mmap(at(0), 4 * P, RW, FIXED_ANON | MAP_NORESERVE, -1, 0));
	show(mmap(at(8), 4 * P, RW, FIXED_SHM | MAP_NORESERVE, -1, 0));
	show(mmap(at(16), 4 * P, RW, FIXED | PRIVATE | MAP_NORESERVE, file_of(1), 0));
	show(mmap(at(24), 4 * P, R, FIXED_ANON | MAP_NORESERVE, -1, 0));
	show(mmap(at(28), 4 * P, R, FIXED_ANON, -1, 0));
	vm_flags();
	touch_all(at(1));
	touch_all(at(9));
}

CASE(growsdown_flags)
{
	show(mmap(at(1000), P, RW, FIXED_ANON | MAP_GROWSDOWN, -1, 0));
	vm_flags();
	show(mmap(at(0), P, RW, FIXED_SHM | MAP_GROWSDOWN, -1, 0));
	show(mmap(at(0), P, RW, FIXED | PRIVATE | MAP_GROWSDOWN, file_of(1), 0));
	show(mmap(at(0), P, RW, FIXED | SHARED | MAP_GROWSDOWN, file_of(1), 0));
	show(mmap(at(2000), P, RW, FIXED_ANON | MAP_GROWSDOWN | MAP_POPULATE | MAP_LOCKED, -1, 0));
	maps();
}

CASE(hugetlb_without_pages)
{
	show(mmap(at(0), P, RW, ANON | MAP_HUGETLB, -1, 0));
	show(mmap(at(0), 2UL << 20, RW, FIXED_ANON | MAP_HUGETLB, -1, 0));
	show(mmap(0, 2UL << 20, RW, SHARED | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0));
	show(mmap(0, 2UL << 20, RW, ANON | MAP_HUGETLB | 21 << MAP_HUGE_SHIFT, -1, 0));
	show(mmap(0, 1UL << 30, RW, ANON | MAP_HUGETLB | 30 << MAP_HUGE_SHIFT, -1, 0));
	show(mmap(0, 2UL << 20, RW, ANON | MAP_HUGETLB | 22 << MAP_HUGE_SHIFT, -1, 0));
	show(mmap(0, 2UL << 20, RW, ANON | MAP_HUGETLB | 12 << MAP_HUGE_SHIFT, -1, 0));
	show(mmap(0, 0, RW, ANON | MAP_HUGETLB, -1, 0));
	show(mmap(at(0) + 1, P, RW, FIXED_ANON | MAP_HUGETLB, -1, 0));
	show(mmap(0, P, RW, PRIVATE | MAP_HUGETLB, file_of(1), 0));
	show(mmap(0, P, RW, PRIVATE | MAP_HUGETLB, -1, 0));
	show(mmap(0, -1UL, RW, ANON | MAP_HUGETLB, -1, 0));
	maps();
}

CASE(hugetlb_without_reserve)
{
	maps_after(mmap(at(0), 2UL << 20, RW, FIXED_ANON | MAP_HUGETLB | MAP_NORESERVE, -1, 0));
	touch(at(0), WRITE);
}

CASE(dev_zero)
{
	int fd = open("/dev/zero", O_RDWR);

	show(mmap(at(0), 2 * P, RW, FIXED | PRIVATE, fd, 0));
	show(mmap(at(4), 2 * P, RW, FIXED | SHARED, fd, 0));
	show(mmap(at(8), 2 * P, R, FIXED | PRIVATE, fd, 5 * P));
	maps();
	vm_flags();
	touch_all(at(0));
	touch_all(at(4));
	touch_all(at(8));
	show(mmap(at(12), 2 * P, RW, FIXED | SHARED, open("/dev/zero", O_RDONLY), 0));
	show(mmap(at(12), 2 * P, RW, FIXED | PRIVATE, open("/dev/zero", O_RDONLY), 0));
	show(mmap(at(16), 2 * P, RW, FIXED | PRIVATE, open("/dev/zero", O_WRONLY), 0));
	maps();
}

CASE(executable_of_noexec_mount)
{
	show(sys5(SYS_mount, "none", "/tmp", "tmpfs", 8 /* MS_NOEXEC */, 0));
	int fd = file_of(1);

	show(mmap(at(0), P, RX, FIXED | PRIVATE, fd, 0));
	show(mmap(at(0), P, X, FIXED | SHARED, fd, 0));
	show(mmap(at(0), P, R, FIXED | PRIVATE, fd, 0));
	vm_flags();
	show(mprotect(at(0), P, RX));
	close(fd);
	show(munmap(at(0), P));
	show(sys2(SYS_umount2, "/tmp", 2 /* MNT_DETACH */));
}

CASE(many_joins)
{
	for (int i = 0; i < 8; i++)
		maps_after(mmap(at(i), P, RW, FIXED_ANON, -1, 0));
	for (int i = 20; i > 12; i--)
		maps_after(mmap(at(i), P, RW, FIXED_ANON, -1, 0));
	maps_after(mmap(at(8), 5 * P, RW, FIXED_ANON, -1, 0));
}

CASE(files_join_where_offsets_go_on)
{
	int fd = file_of(8);

	maps_after(mmap(at(0), P, R, FIXED | PRIVATE, fd, 0));
	maps_after(mmap(at(1), P, R, FIXED | PRIVATE, fd, P));
	maps_after(mmap(at(3), P, R, FIXED | PRIVATE, fd, 3 * P));
	maps_after(mmap(at(2), P, R, FIXED | PRIVATE, fd, 2 * P));
	maps_after(mmap(at(4), P, R, FIXED | PRIVATE, fd, 5 * P));
	maps_after(mmap(at(5), P, R, FIXED | SHARED, fd, 6 * P));
	maps_after(mmap(at(6), P, R, FIXED | SHARED, fd, 7 * P));
	int other = sys1(SYS_dup, fd);
	maps_after(mmap(at(7), P, R, FIXED | SHARED, other, 8 * P));
	int again = file_of(8);
	maps_after(mmap(at(8), P, R, FIXED | SHARED, again, 9 * P));
}

CASE(shared_anonymous_never_joins)
{
	maps_after(mmap(at(0), P, RW, FIXED_SHM, -1, 0));
	maps_after(mmap(at(1), P, RW, FIXED_SHM, -1, 0));
	maps_after(mmap(at(2), P, RW, FIXED_ANON, -1, 0));
}

CASE(descriptor_may_be_closed)
{
	int fd = file_of(2);

	show(mmap(at(0), 2 * P, RW, FIXED | SHARED, fd, 0));
	show(close(fd));
	bytes(0, 2);
	maps();
}
