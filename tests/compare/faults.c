/*
 * What a touch comes to: every access to every kind of area, and the siginfo of those that
 * fail.
 */
#include "compare.h"

CASE(nothing_there)
{
	touch_all(at(0));
	touch_all(at(0) + 0x123);
	touch_all((char *)8);
	touch_all((char *)0x10000);
	touch_all((char *)0x7fffffffe000);
}

CASE(kernel_addresses)
{
	touch((char *)0xffff800000000000, READ);
	touch((char *)0xffff888000001000, WRITE);
	touch((char *)0xffffffff81000000, READ);
	touch((char *)0xffffffff81000000, EXECUTE);
	touch((char *)-1, READ);
	touch((char *)0x7ffffffff000, READ);
	touch((char *)0x7ffffffff000, WRITE);
}

CASE(not_canonical)
{
	touch((char *)0x800000000000, READ);
	touch((char *)0x1234567800000000, READ);
	touch((char *)0x8000000000000000, WRITE);
	touch((char *)0x800000000000, EXECUTE);
}

CASE(across_a_border)
{
	anon(0, 1, RW);
	volatile long *last = (long *)(at(1) - 4);
	int got = faults((char *)last, READ);

	say("its first byte faults: %d", got);
	touch(at(1), READ);
	anon(1, 1, R);
	touch(at(1), WRITE);
}

CASE(access_to_areas_of_each_kind)
{
	int fd = file_of(8), memory = memory_file(8, 0);
	static const char *const names[] = {"anonymous",   "shared",        "private file",
					    "shared file", "private memfd", "shared memfd"};

	for (int protection = 0; protection < 8; protection++) {
		mmap(at(0), P, protection, FIXED_ANON, -1, 0);
		mmap(at(1), P, protection, FIXED_SHM, -1, 0);
		mmap(at(2), P, protection, FIXED | PRIVATE, fd, 0);
		mmap(at(3), P, protection, FIXED | SHARED, fd, 0);
		mmap(at(4), P, protection, FIXED | PRIVATE, memory, 0);
		mmap(at(5), P, protection, FIXED | SHARED, memory, 0);
		for (int i = 0; i < 6; i++) {
			say("%s, protection %d", names[i], protection);
			touch(at(i), READ);
			touch(at(i), WRITE);
		}
	}
}

CASE(execute_what_was_written)
{
	anon(0, 2, RW);
	*(unsigned char *)at(0) = 0xc3;
	touch(at(0), EXECUTE);
	show(mprotect(at(0), P, RX));
	touch(at(0), EXECUTE);
	touch(at(0), WRITE);
	show(mprotect(at(0), P, X));
	touch(at(0), EXECUTE);
	touch(at(0), READ);
	show(mprotect(at(0), P, NONE));
	touch(at(0), EXECUTE);
	touch(at(1), EXECUTE);
}

CASE(past_the_end_of_a_file)
{
	int fd = file_of(2);

	show(mmap(at(0), 4 * P, RW, FIXED | SHARED, fd, 0));
	show(mmap(at(8), 4 * P, RW, FIXED | PRIVATE, fd, 0));
	touch(at(1), WRITE);
	touch(at(2), READ);
	touch(at(2), WRITE);
	touch(at(3) + 0x123, READ);
	touch(at(10), READ);
	touch(at(10), WRITE);
	show(ftruncate(fd, 3 * P));
	touch(at(2), READ);
	touch(at(3), READ);
	touch(at(10), WRITE);
	show(ftruncate(fd, 1));
	touch(at(0), READ);
	touch(at(0) + 4095, WRITE);
	touch(at(1), READ);
	touch(at(10), READ);
	touch(at(9), READ);
	show(ftruncate(fd, 0));
	touch(at(0), READ);
	touch(at(8), READ);
	maps();
}

CASE(an_empty_file)
{
	int fd = file_of(0);

	show(mmap(at(0), P, RW, FIXED | SHARED, fd, 0));
	touch(at(0), READ);
	touch(at(0), WRITE);
	show(mprotect(at(0), P, NONE));
	touch(at(0), READ);
	show(mprotect(at(0), P, RW));
	show(ftruncate(fd, 1));
	touch(at(0), READ);
}

CASE(private_copy_goes_with_truncation)
{
	int fd = file_of(4);

	show(mmap(at(0), 4 * P, RW, FIXED | PRIVATE, fd, 0));
	*at(1) = 'x';
	*at(3) = 'y';
	show(ftruncate(fd, 2 * P));
	bytes(0, 4);
	show(ftruncate(fd, 4 * P));
	bytes(0, 4);
}

CASE(tail_of_the_last_page_is_zero)
{
	int fd = file_of(1);

	show(mmap(at(0), P, RW, FIXED | SHARED, fd, 0));
	show(ftruncate(fd, 100));
	say("%d %d", *(at(0) + 99), *(at(0) + 100));
	*(at(0) + 200) = 'x';
	say("%d", *(at(0) + 200));
	show(ftruncate(fd, P));
	say("%d", *(at(0) + 200));
	show(ftruncate(fd, 2 * P));
	say("%d", *(at(0) + 200));
}

CASE(written_tail_is_zeroed_by_growth)
{
	int fd = file_of(1);
	char byte = 1;

	show(ftruncate(fd, 100));
	show(mmap(at(0), P, RW, FIXED | SHARED, fd, 0));
	*(at(0) + 200) = 'x';
	show(pwrite(fd, "z", 1, 300));
	show(pread(fd, &byte, 1, 200));
	say("%d", byte);
}

CASE(read_only_after_write)
{
	anon(0, 2, RW);
	fill(0, 2);
	show(mprotect(at(0), P, R));
	touch(at(0), WRITE);
	touch(at(1), WRITE);
	show(mprotect(at(0), P, RW));
	touch(at(0), WRITE);
}

CASE(after_munmap)
{
	anon(0, 2, RW);
	fill(0, 2);
	show(munmap(at(0), P));
	touch(at(0), READ);
	touch(at(1), READ);
	anon(0, 1, RW);
	bytes(0, 2);
}

CASE(counts_of_faults)
{
	struct rusage before, after;

	show(mmap(at(0), 100 * P, RW, FIXED_ANON, -1, 0));
	maps();
	sys2(SYS_getrusage, RUSAGE_SELF, &before);
	for (int i = 0; i < 100; i++)
		*at(i) = 1;
	sys2(SYS_getrusage, RUSAGE_SELF, &after);
	say("minor %ld major %ld", after.ru_minflt - before.ru_minflt,
	    after.ru_majflt - before.ru_majflt);
	sys2(SYS_getrusage, RUSAGE_SELF, &before);
	for (int i = 0; i < 100; i++)
		*at(i) = 1;
	sys2(SYS_getrusage, RUSAGE_SELF, &after);
	say("minor %ld major %ld", after.ru_minflt - before.ru_minflt,
	    after.ru_majflt - before.ru_majflt);
	show(mmap(at(200), 100 * P, RW, FIXED_ANON, -1, 0));
	sys2(SYS_getrusage, RUSAGE_SELF, &before);
	for (int i = 200; i < 300; i++)
		(void)*(volatile char *)at(i);
	for (int i = 200; i < 300; i++)
		*at(i) = 1;
	sys2(SYS_getrusage, RUSAGE_SELF, &after);
	say("read, then written: minor %ld", after.ru_minflt - before.ru_minflt);
}

static void touch_nothing(void)
{
	*(volatile char *)at(0) = 1;
}

static void jump_to_data(void)
{
	anon(0, 1, RW);
	((void (*)(void))at(0))();
}

static void past_end(void)
{
	mmap(at(0), P, RW, FIXED | SHARED, file_of(0), 0);
	*(volatile char *)at(0) = 1;
}

static void ignore_and_fault(void)
{
	signal(SIGSEGV, SIG_IGN);
	*(volatile char *)at(0) = 1;
}

static void block_and_fault(void)
{
	sigset_t set;

	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	*(volatile char *)at(0) = 1;
}

static void divide(void)
{
	volatile int zero = 0;

	zero = 1 / zero;
}

static void illegal(void)
{
	__asm__ volatile("ud2");
}

CASE(without_a_handler)
{
	in_child(touch_nothing);
	in_child(jump_to_data);
	in_child(past_end);
	in_child(ignore_and_fault);
	in_child(block_and_fault);
	in_child(illegal);
	in_child(divide);
}

CASE(pages_of_zero_device)
{
	long fd = open("/dev/zero", O_RDWR);

	show(mmap(at(0), 2 * P, RW, FIXED | SHARED, fd, 0));
	fill(0, 2);
	bytes(0, 2);
	show(mmap(at(4), 2 * P, RW, FIXED | SHARED, fd, 0));
	bytes(4, 2);
}
