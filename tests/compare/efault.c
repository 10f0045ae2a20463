/*
 * Bad addresses handed to the kernel: EFAULT, or how far it came.
 */
#include <poll.h>
#include <sys/uio.h>

#include "compare.h"

CASE(whole_calls)
{
	static const char *const names[] = {"null",         "hole",   "read-only",
					    "inaccessible", "kernel", "high"};
	char *const bad[] = {NULL, at(100), at(0), at(2), (char *)0xffff888000000000, (char *)-8};
	int fd = file_of(4);

	anon(0, 1, R);
	anon(2, 1, NONE);
	for (int i = 0; i < 6; i++) {
		say("%s", names[i]);
		sys3(SYS_lseek, fd, 0, SEEK_SET);
		show(read(fd, bad[i], 16));
		show(read(fd, bad[i], 0));
		show(write(fd, bad[i], 16));
		show(write(fd, bad[i], 0));
		show(pread(fd, bad[i], 16, 0));
		show(pread(fd, bad[i], 16, 100 * P));
		show(open(bad[i], O_RDONLY));
		show(sys2(SYS_stat, bad[i], bad[i]));
		show(sys2(SYS_fstat, fd, bad[i]));
		show(sys2(SYS_pipe2, bad[i], 0));
		show(sys1(SYS_uname, bad[i]));
		show(sys2(SYS_getcwd, bad[i], 16));
		show(sys4(SYS_prlimit64, 0, RLIMIT_AS, 0, bad[i]));
		show(sys2(SYS_clock_gettime, 0, bad[i]));
		show(sys2(SYS_nanosleep, bad[i], 0));
		show(sys4(SYS_rt_sigaction, SIGUSR1, bad[i], 0, 8));
		show(sys4(SYS_rt_sigaction, SIGUSR1, 0, bad[i], 8));
		show(sys3(SYS_readv, fd, bad[i], 1));
		show(sys3(SYS_getdents64, fd, bad[i], 16));
		show(sys2(SYS_getrusage, RUSAGE_SELF, bad[i]));
		show(sys3(SYS_execve, bad[i], 0, 0));
		show(sys3(SYS_execve, "/nothing", bad[i], 0));
		show(sys3(SYS_getrandom, bad[i], 16, 0));
		show(sys2(SYS_sigaltstack, bad[i], 0));
		show(sys3(SYS_poll, bad[i], 1, 0));
		show(sys4(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", bad[i], 16));
	}
}

static void fresh(int fd)
{
	sys3(SYS_lseek, fd, 0, SEEK_SET);
	munmap(at(0), 16 * P);
	anon(0, 3, RW);
}

CASE(read_comes_to_a_hole)
{
	int fd = file_of(8);

	fresh(fd);
	show(read(fd, at(0), 8 * P));
	show(sys3(SYS_lseek, fd, 0, SEEK_CUR));
	bytes(0, 4);
	fresh(fd);
	show(read(fd, at(0) + 100, 8 * P));
	fresh(fd);
	show(read(fd, at(3) - 1, 100));
	show(sys3(SYS_lseek, fd, 0, SEEK_CUR));
	show(read(fd, at(3), 100));
	fresh(fd);
	show(pread(fd, at(2) + 0x800, P, 0x123));
	fresh(fd);
	mprotect(at(2), P, R);
	show(read(fd, at(0), 3 * P));
	fresh(fd);
	mprotect(at(1), P, NONE);
	show(read(fd, at(0), 3 * P));
}

CASE(write_comes_to_a_hole)
{
	int fd = file_of(0);

	fresh(fd);
	fill(0, 3);
	show(write(fd, at(0), 8 * P));
	show(sys3(SYS_lseek, fd, 0, SEEK_END));
	show(ftruncate(fd, 0));
	fresh(fd);
	show(write(fd, at(0) + 100, 8 * P));
	show(sys3(SYS_lseek, fd, 0, SEEK_END));
	show(ftruncate(fd, 0));
	fresh(fd);
	show(write(fd, at(3) - 1, 100));
	show(sys3(SYS_lseek, fd, 0, SEEK_END));
	show(write(fd, at(3), 100));
	show(sys3(SYS_lseek, fd, 0, SEEK_END));
}

CASE(pipes)
{
	int ends[2];

	show(sys2(SYS_pipe2, ends, O_NONBLOCK));
	anon(0, 3, RW);
	fill(0, 3);
	show(write(ends[1], at(0), 8 * P));
	show(read(ends[0], at(0), 16 * P));
	show(write(ends[1], at(3) - 10, 20));
	show(read(ends[0], at(0), P));
	show(write(ends[1], at(2), P));
	show(read(ends[0], at(3) - 100, 200));
	show(read(ends[0], at(3), 200));
	show(read(ends[0], at(0), P));
	show(write(ends[1], at(3), 1));
	show(read(ends[0], at(0), P));
}

CASE(vectors)
{
	int fd = file_of(8);
	struct iovec parts[4];

	anon(0, 2, RW);
	parts[0] = (struct iovec){at(0), P};
	parts[1] = (struct iovec){at(5), P};
	parts[2] = (struct iovec){at(1), P};
	show(sys3(SYS_readv, fd, parts, 3));
	parts[0].iov_base = at(5);
	show(sys3(SYS_readv, fd, parts, 3));
	parts[0] = (struct iovec){at(0), -1UL};
	show(sys3(SYS_readv, fd, parts, 1));
	parts[0] = (struct iovec){at(0), 1UL << 63};
	show(sys3(SYS_readv, fd, parts, 1));
	parts[0] = (struct iovec){at(0), 0};
	parts[1] = (struct iovec){NULL, 0};
	show(sys3(SYS_readv, fd, parts, 2));
	show(sys3(SYS_readv, fd, parts, 0));
	show(sys3(SYS_readv, fd, parts, -1));
	show(sys3(SYS_readv, fd, parts, 1025));
	parts[0] = (struct iovec){at(1), P};
	parts[1] = (struct iovec){at(2) - 10, 20};
	show(sys3(SYS_writev, fd, parts, 2));
	parts[1] = (struct iovec){(char *)0xffff888000000000, 20};
	show(sys3(SYS_writev, fd, parts, 2));
}

CASE(file_mapped_past_its_end)
{
	int fd = file_of(8), mapped = file_of(1);

	show(mmap(at(0), 4 * P, RW, FIXED | SHARED, mapped, 0));
	show(read(fd, at(0), 3 * P));
	show(read(fd, at(1), 3 * P));
	show(write(fd, at(0), 3 * P));
	show(write(fd, at(1), P));
}

CASE(device_files)
{
	anon(0, 3, RW);
	show(read(open("/dev/zero", O_RDONLY), at(0), 8 * P));
	show(read(open("/dev/zero", O_RDONLY), at(3) - 16, 20));
	show(read(open("/dev/zero", O_RDONLY), at(3), 20));
	show(write(open("/dev/null", O_WRONLY), at(3), 20));
	show(write(open("/dev/null", O_WRONLY), at(0), 8 * P));
	show(sys3(SYS_getrandom, at(3) - 10, 20, 0));
	show(sys3(SYS_getrandom, at(3), 20, 0));
	show(read(open("/proc/self/status", O_RDONLY), at(3) - 10, 20));
	show(read(open("/proc/self/status", O_RDONLY), at(3), 20));
}

CASE(mapping_read_into_itself)
{
	int fd = file_of(4);

	show(mmap(at(0), 4 * P, RW, FIXED | SHARED, fd, 0));
	show(pread(fd, at(1), P, 0));
	bytes(0, 4);
	show(pwrite(fd, at(3), P, 0));
	bytes(0, 4);
	show(pread(fd, at(0), 2 * P, 2 * P));
	bytes(0, 4);
	show(mmap(at(8), 4 * P, RW, FIXED | PRIVATE, fd, 0));
	show(pwrite(fd, at(8), P, P));
	bytes(0, 4);
	show(pread(fd, at(9), P, 3 * P));
	bytes(0, 4);
	bytes(8, 4);
}

CASE(lengths)
{
	int fd = file_of(1);

	anon(0, 2, RW);
	show(read(fd, at(0), -1UL));
	show(read(fd, at(0), 1UL << 63));
	show(read(fd, at(0), 1UL << 47));
	show(write(fd, at(0), -1UL));
	show(pread(fd, at(0), 16, -1));
	show(pwrite(fd, at(0), 16, -1));
	show(pread(fd, at(0), 16, 1UL << 62));
}

CASE(path_at_the_end_of_memory)
{
	anon(0, 1, RW);
	memset(at(0), '/', P);
	show(open(at(1) - 1, O_RDONLY));
	show(open(at(1) - 2, O_RDONLY));
	*(at(1) - 1) = '\0';
	show(open(at(1) - 2, O_RDONLY) > 0);
	show(open(at(0) + 1, O_RDONLY) > 0);
	show(open(at(0), O_RDONLY));
	show(open(at(1) - 1, O_RDONLY));
}
