/*
 * /proc/self/mem and the numbers of smaps.
 */
#include "compare.h"

CASE(read_and_write)
{
	int fd = open("/proc/self/mem", O_RDWR);
	char word[8] = "";

	anon(0, 4, RW);
	fill(0, 4);
	show(pread(fd, word, 4, at(1)));
	say("<%.4s>", word);
	show(pwrite(fd, "word", 4, at(2)));
	say("%.4s", at(2));
	show(pread(fd, word, 4, at(10)));
	show(pwrite(fd, word, 4, at(10)));
	show(pread(fd, word, 4, 0));
	show(pread(fd, word, 4, -8));
	show(pread(fd, word, 8, at(4) - 4));
	show(pwrite(fd, word, 8, at(4) - 4));
	show(pread(fd, at(0), 3 * P, at(1)));
	bytes(0, 4);
	show(pread(fd, at(20), 16, at(0)));
	show(pwrite(fd, at(20), 16, at(0)));
}

CASE(what_the_program_may_not)
{
	int fd = open("/proc/self/mem", O_RDWR);
	char word[8] = "";

	anon(0, 4, RW);
	fill(0, 4);
	show(mprotect(at(0), P, R));
	show(mprotect(at(1), P, NONE));
	show(pread(fd, word, 1, at(0)));
	show(pwrite(fd, "X", 1, at(0)));
	show(pread(fd, word, 1, at(1)));
	show(pwrite(fd, "X", 1, at(1)));
	bytes(0, 2);
	touch(at(0), WRITE);
	show(mmap(at(4), P, R, FIXED | SHARED, file_of(1), 0));
	show(pwrite(fd, "X", 1, at(4)));
	bytes(4, 1);
	show(mmap(at(5), P, R, FIXED | PRIVATE, file_of(1), 0));
	show(pwrite(fd, "X", 1, at(5)));
	bytes(5, 1);
	show(mmap(at(6), 2 * P, RW, FIXED | SHARED, file_of(1), 0));
	show(pread(fd, word, 1, at(7)));
}

static const char *const keys[] = {"Size",         "Rss",           "Pss",           "Shared_Clean",
				   "Shared_Dirty", "Private_Clean", "Private_Dirty", "Anonymous",
				   "LazyFree",     "Swap",          "Locked"};

static void numbers(void)
{
	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		smaps(keys[i], 0, 1000);
}

CASE(smaps_of_anonymous)
{
	anon(0, 16, RW);
	numbers();
	fill(0, 5);
	touch(at(8), READ);
	numbers();
	show(mprotect(at(0), 16 * P, NONE));
	numbers();
}

static void child(void)
{
	numbers();
	fill(0, 3);
	numbers();
}

CASE(smaps_of_forked)
{
	anon(0, 16, RW);
	fill(0, 8);
	in_child(child);
	numbers();
}

CASE(smaps_of_shared)
{
	show(mmap(at(0), 16 * P, RW, FIXED_SHM, -1, 0));
	numbers();
	fill(0, 5);
	numbers();
	in_child(child);
	numbers();
}

CASE(smaps_of_files)
{
	int fd = file_of(64);

	show(mmap(at(0), 64 * P, R, FIXED | PRIVATE, fd, 0));
	numbers();
	touch(at(3), READ);
	numbers();
	touch(at(40), READ);
	numbers();
}

CASE(smaps_of_written_files)
{
	int fd = file_of(64);

	show(mmap(at(0), 64 * P, RW, FIXED | SHARED, fd, 0));
	touch(at(3), WRITE);
	numbers();
	touch(at(20), READ);
	numbers();
	show(mmap(at(100), 64 * P, RW, FIXED | PRIVATE, fd, 0));
	touch(at(103), WRITE);
	numbers();
	touch(at(110), READ);
	numbers();
}
