/*
 * memfd_create and seals.
 */
#include "compare.h"

#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#define F_GET_SEALS 1034
#endif
#define SEAL         1
#define SHRINK       2
#define GROW         4
#define SEAL_WRITE   8
#define FUTURE_WRITE 16
#define EXEC         32

#define seals(fd)    show(sys2(SYS_fcntl, fd, F_GET_SEALS))
#define seal(fd, s)  result(sys3(SYS_fcntl, fd, F_ADD_SEALS, s), "seal " #s)

CASE(arguments)
{
	char name[300];

	memset(name, 'x', sizeof(name));
	name[249] = '\0';
	show(memfd_create(name, 0) > 0);
	name[249] = 'x';
	name[250] = '\0';
	show(memfd_create(name, 0));
	show(memfd_create("", 0) > 0);
	show(memfd_create("a/b c", 0) > 0);
	show(memfd_create(0, 0));
	show(memfd_create(at(0), 0));
	show(memfd_create("x", 8));
	show(memfd_create("x", 0x10));
	show(memfd_create("x", 0x80000000));
	show(memfd_create("x", 1) > 0);
	show(memfd_create("x", 2) > 0);
	show(memfd_create("x", 3) > 0);
}

CASE(what_it_is)
{
	int fd = memfd_create("name", 0);
	struct stat status;
	char link[64] = "";

	sys2(SYS_fstat, fd, &status);
	say("mode %o size %ld links %ld", status.st_mode, (long)status.st_size,
	    (long)status.st_nlink);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	char target[64] = "";
	show(sys3(SYS_readlink, link, target, 63));
	say("%s", target);
	show(sys2(SYS_fcntl, fd, F_GETFL));
	show(sys2(SYS_fcntl, fd, F_GETFD));
	show(sys2(SYS_fcntl, memfd_create("x", 1), F_GETFD));
	show(ftruncate(fd, 2 * P));
	show(mmap(at(0), 2 * P, RW, FIXED | SHARED, fd, 0));
	show(mmap(at(4), 2 * P, RX, FIXED | PRIVATE, fd, 0));
	maps();
	vm_flags();
	show(pwrite(fd, "q", 1, P));
	bytes(0, 2);
	bytes(4, 2);
}

CASE(reopened)
{
	int fd = memory_file(2, 0);
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	int other = open(link, O_RDONLY);
	show(mmap(at(0), P, RW, FIXED | SHARED, other, 0));
	show(mmap(at(0), P, R, FIXED | SHARED, other, 0));
	bytes(0, 1);
	show(pwrite(fd, "z", 1, 0));
	bytes(0, 1);
	show(mprotect(at(0), P, RW));
}

CASE(not_sealable)
{
	int fd = memory_file(1, 0);

	seals(fd);
	seal(fd, SHRINK);
	seals(file_of(1));
	seal(file_of(1), SHRINK);
	seals(open("/dev/zero", O_RDWR));
	seals(999);
}

CASE(seal_arguments)
{
	int fd = memory_file(1, 2);

	seals(fd);
	seal(fd, 0);
	seal(fd, 64);
	seal(fd, -1);
	seals(fd);
	seal(fd, SHRINK | GROW);
	seals(fd);
	seal(fd, SHRINK);
	seals(fd);
	seal(fd, SEAL);
	seals(fd);
	seal(fd, SEAL_WRITE);
	seals(fd);
}

CASE(seal_by_read_only_descriptor)
{
	int fd = memory_file(1, 2);
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	int other = open(link, O_RDONLY);

	seal(other, GROW);
	seals(other);
	seal(fd, GROW);
	seals(other);
}

CASE(shrink)
{
	int fd = memory_file(4, 2);

	seal(fd, SHRINK);
	show(ftruncate(fd, 2 * P));
	show(ftruncate(fd, 4 * P));
	show(ftruncate(fd, 5 * P));
	show(ftruncate(fd, 4 * P));
	show(fallocate(fd, 3, 0, P));
	show(pwrite(fd, "x", 1, 6 * P));
}

CASE(grow)
{
	int fd = memory_file(2, 2);

	seal(fd, GROW);
	show(ftruncate(fd, 3 * P));
	show(ftruncate(fd, P));
	show(ftruncate(fd, 2 * P));
	show(pwrite(fd, "xy", 2, P - 1));
	show(pwrite(fd, "x", 1, P));
	show(pwrite(fd, "x", 1, 4 * P));
	show(fallocate(fd, 0, 0, 4 * P));
	show(fallocate(fd, 1, 0, 4 * P));
	show(fallocate(fd, 0, 0, P));
	show(mmap(at(0), 4 * P, RW, FIXED | SHARED, fd, 0));
	touch(at(0), WRITE);
	touch(at(1), WRITE);
}

CASE(write_seal)
{
	int fd = memory_file(2, 2);

	show(mmap(at(0), P, RW, FIXED | SHARED, fd, 0));
	seal(fd, SEAL_WRITE);
	show(mprotect(at(0), P, R));
	seal(fd, SEAL_WRITE);
	show(munmap(at(0), P));
	show(mmap(at(0), P, RW, FIXED | PRIVATE, fd, 0));
	seal(fd, SEAL_WRITE);
	seals(fd);
	show(pwrite(fd, "x", 1, 0));
	show(pwrite(fd, "x", 0, 0));
	show(fallocate(fd, 3, 0, P));
	show(fallocate(fd, 0, 0, P));
	show(ftruncate(fd, P));
	show(mmap(at(4), P, RW, FIXED | SHARED, fd, 0));
	show(mmap(at(4), P, R, FIXED | SHARED, fd, 0));
	show(mprotect(at(4), P, RW));
	vm_flags();
	show(mmap(at(8), P, RW, FIXED | PRIVATE, fd, 0));
	*at(8) = 'x';
	bytes(8, 1);
	bytes(0, 1);
	show(madvise(at(4), P, MADV_REMOVE));
}

CASE(write_seal_with_a_read_only_view)
{
	int fd = memory_file(2, 2);

	show(mmap(at(0), P, R, FIXED | SHARED, fd, 0));
	seal(fd, SEAL_WRITE);
	seals(fd);
}

CASE(future_write_seal)
{
	int fd = memory_file(2, 2);

	show(mmap(at(0), P, RW, FIXED | SHARED, fd, 0));
	seal(fd, FUTURE_WRITE);
	seals(fd);
	*at(0) = 'x';
	bytes(0, 1);
	show(pwrite(fd, "x", 1, 0));
	show(mmap(at(4), P, RW, FIXED | SHARED, fd, 0));
	show(mmap(at(4), P, R, FIXED | SHARED, fd, 0));
	show(mprotect(at(4), P, RW));
	show(mmap(at(8), P, RW, FIXED | PRIVATE, fd, 0));
	show(fallocate(fd, 3, 0, P));
	show(ftruncate(fd, P));
	show(mprotect(at(0), P, R));
	show(mprotect(at(0), P, RW));
	vm_flags();
}

CASE(hugetlb_without_pages)
{
	long fd = memfd_create("huge", 4);

	if (fd < 0) {
		say("%s", errno_name(-fd));
		return;
	}
	show(ftruncate(fd, P));
	show(ftruncate(fd, 2UL << 20));
	show(mmap(0, 2UL << 20, RW, SHARED, fd, 0));
	show(memfd_create("huge", 4 | 22U << 26));
}
