/*
 * Shared memory and files: coherence of mappings with read and write, truncation while
 * mapped, holes, mappings of one file at several places.
 */
#include "compare.h"

static char byte_at(int fd, long offset)
{
	char byte = '?';

	return pread(fd, &byte, 1, offset) == 1 ? byte ? byte : '.' : '-';
}

CASE(write_is_seen_by_mappings)
{
	int fd = file_of(4);

	show(mmap(at(0), 4 * P, RW, FIXED | SHARED, fd, 0));
	show(mmap(at(8), 4 * P, RW, FIXED | PRIVATE, fd, 0));
	bytes(0, 4);
	bytes(8, 4);
	show(pwrite(fd, "W", 1, P));
	bytes(0, 4);
	bytes(8, 4);
	*at(8) = 'P';
	show(pwrite(fd, "V", 1, 0));
	bytes(0, 4);
	bytes(8, 4);
}

CASE(mapping_is_seen_by_read)
{
	int fd = file_of(2);

	show(mmap(at(0), 2 * P, RW, FIXED | SHARED, fd, 0));
	*at(0) = 'M';
	say("%c", byte_at(fd, 0));
	show(munmap(at(0), 2 * P));
	say("%c", byte_at(fd, 0));
	show(mmap(at(0), 2 * P, RW, FIXED | PRIVATE, fd, 0));
	*at(0) = 'N';
	say("%c", byte_at(fd, 0));
}

CASE(two_views_of_one_file)
{
	int fd = file_of(4);

	show(mmap(at(0), 4 * P, RW, FIXED | SHARED, fd, 0));
	show(mmap(at(8), 2 * P, RW, FIXED | SHARED, fd, 2 * P));
	*at(8) = 'X';
	*at(3) = 'Y';
	bytes(0, 4);
	bytes(8, 2);
	maps();
}

CASE(truncation)
{
	int fd = file_of(4);

	show(mmap(at(0), 4 * P, RW, FIXED | SHARED, fd, 0));
	*at(3) = 'X';
	show(ftruncate(fd, 2 * P + 10));
	bytes(0, 4);
	show(ftruncate(fd, 4 * P));
	bytes(0, 4);
	say("%c %c", byte_at(fd, 2 * P), byte_at(fd, 2 * P + 10));
	show(ftruncate(fd, 0));
	bytes(0, 4);
	show(pwrite(fd, "n", 1, P));
	bytes(0, 4);
	show(ftruncate(fd, -1));
	maps();
}

CASE(growth_behind_a_mapping)
{
	int fd = file_of(1);

	show(mmap(at(0), 4 * P, RW, FIXED | SHARED, fd, 0));
	bytes(0, 4);
	show(pwrite(fd, "c", 1, 2 * P));
	bytes(0, 4);
	show(ftruncate(fd, 4 * P));
	bytes(0, 4);
	*at(3) = 'd';
	say("%c", byte_at(fd, 3 * P));
}

CASE(punched_holes)
{
	int fd = file_of(4);

	show(mmap(at(0), 4 * P, RW, FIXED | SHARED, fd, 0));
	show(mmap(at(8), 4 * P, RW, FIXED | PRIVATE, fd, 0));
	*at(9) = 'P';
	show(fallocate(fd, 3, P, 2 * P));
	bytes(0, 4);
	bytes(8, 4);
	show(fallocate(fd, 3, 10, 20));
	bytes(0, 4);
	say("%c %c", byte_at(fd, 9), byte_at(fd, 10));
	show(fallocate(fd, 2, 0, P));
	show(fallocate(fd, 0, 0, 0));
	show(fallocate(fd, 0, -1, P));
	show(fallocate(fd, 0, 0, 6 * P));
	show(sys3(SYS_lseek, fd, 0, SEEK_END));
	show(fallocate(fd, 1, 0, 8 * P));
	show(sys3(SYS_lseek, fd, 0, SEEK_END));
	show(fallocate(fd, 0x80, 0, P));
}

CASE(seek_holes)
{
	int fd = file_of(0);

	show(ftruncate(fd, 8 * P));
	show(pwrite(fd, "x", 1, 3 * P));
	show(sys3(SYS_lseek, fd, 0, 3));
	show(sys3(SYS_lseek, fd, 0, 4));
	show(sys3(SYS_lseek, fd, 3 * P, 4));
	show(sys3(SYS_lseek, fd, 5 * P, 3));
	show(sys3(SYS_lseek, fd, 8 * P, 3));
	show(mmap(at(0), 8 * P, RW, FIXED | SHARED, fd, 0));
	*at(6) = 'm';
	show(sys3(SYS_lseek, fd, 4 * P, 3));
	(void)*(volatile char *)at(1);
	show(sys3(SYS_lseek, fd, 0, 3));
}

CASE(anonymous_sees_its_size)
{
	show(mmap(at(0), 4 * P, RW, FIXED_SHM, -1, 0));
	fill(0, 4);
	show(munmap(at(2), 2 * P));
	bytes(0, 4);
	maps_after(mremap(at(0), 2 * P, 4 * P, 0, 0));
	bytes(0, 4);
	maps_after(mremap(at(0), 4 * P, 6 * P, 0, 0));
	bytes(0, 6);
	touch(at(4), READ);
	touch(at(5), WRITE);
}

CASE(append)
{
	int fd = file_opened(1, O_RDWR | O_APPEND);

	show(mmap(at(0), 2 * P, RW, FIXED | SHARED, fd, 0));
	show(write(fd, "Q", 1));
	bytes(0, 2);
}

CASE(unlinked_and_closed)
{
	int fd = file_of(2);

	show(mmap(at(0), 2 * P, RW, FIXED | SHARED, fd, 0));
	show(close(fd));
	*at(0) = 'K';
	bytes(0, 2);
	maps();
}

CASE(a_file_with_a_name)
{
	int fd = open("/tmp/named", O_RDWR | O_CREAT);

	show(ftruncate(fd, 2 * P));
	show(mmap(at(0), 2 * P, RW, FIXED | SHARED, fd, 0));
	maps();
	show(sys2(SYS_rename, "/tmp/named", "/tmp/named again"));
	maps();
	show(unlink("/tmp/named again"));
	maps();
}

CASE(odd_names)
{
	long fd = open("/tmp/a\nb c\\d", O_RDWR | O_CREAT);

	show(ftruncate(fd, P));
	show(mmap(at(0), P, RW, FIXED | SHARED, fd, 0));
	maps();
	unlink("/tmp/a\nb c\\d");
}

CASE(times_and_blocks)
{
	int fd = file_of(0);
	struct stat status;

	show(ftruncate(fd, 8 * P));
	sys2(SYS_fstat, fd, &status);
	say("blocks %ld size %ld", (long)status.st_blocks, (long)status.st_size);
	show(mmap(at(0), 8 * P, RW, FIXED | SHARED, fd, 0));
	(void)*(volatile char *)at(1);
	*at(2) = 1;
	sys2(SYS_fstat, fd, &status);
	say("blocks %ld size %ld", (long)status.st_blocks, (long)status.st_size);
	show(ftruncate(fd, P));
	sys2(SYS_fstat, fd, &status);
	say("blocks %ld size %ld", (long)status.st_blocks, (long)status.st_size);
}

CASE(write_only_and_executable)
{
	show(mmap(at(0), P, W, FIXED | SHARED, file_of(1), 0));
	touch(at(0), WRITE);
	touch(at(0), READ);
	show(mmap(at(1), P, X, FIXED | SHARED, file_of(1), 0));
	touch(at(1), READ);
}

CASE(text_is_busy)
{
	show(open("/proc/self/exe", O_WRONLY));
	show(open("/proc/self/exe", O_RDWR));
	show(sys2(SYS_truncate, "/proc/self/exe", 0));
}

CASE(size_limit)
{
	int fd = file_of(1);

	signal(SIGXFSZ, SIG_IGN);
	limit(RLIMIT_FSIZE, 2 * P);
	show(ftruncate(fd, 2 * P));
	show(ftruncate(fd, 2 * P + 1));
	show(pwrite(fd, "x", 1, 2 * P - 1));
	show(pwrite(fd, "xyz", 3, 2 * P - 1));
	show(pwrite(fd, "x", 1, 2 * P));
	show(fallocate(fd, 0, 0, 3 * P));
	show(mmap(at(0), 4 * P, RW, FIXED | SHARED, fd, 0));
	touch(at(1), WRITE);
	touch(at(2), WRITE);
}
