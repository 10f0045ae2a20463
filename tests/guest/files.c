/*
 * Files in memory (tmpfs): reading and writing, holes, sizes, several opens.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/procfs.h"

#define NAME "/tmp/file"

static int fresh(void)
{
	unlink(NAME);
	return must(open(NAME, O_RDWR | O_CREAT | O_EXCL, 0644));
}

static void read_write_seek(void)
{
	int fd = fresh();
	char data[32] = "";

	expect_equal(write(fd, "0123456789", 10), 10);
	expect_equal(lseek(fd, 0, SEEK_CUR), 10);
	expect_equal(read(fd, data, 4), 0);
	expect_equal(lseek(fd, -4, SEEK_END), 6);
	expect_equal(read(fd, data, 32), 4);
	expect_string(data, "6789");
	expect_equal(pwrite(fd, "ab", 2, 3), 2);
	expect_equal(pread(fd, data, 6, 1), 6);
	expect_equal(memcmp(data, "12ab56", 6), 0);
	expect_equal(lseek(fd, 0, SEEK_CUR), 10);
	expect_errno(lseek(fd, -1, SEEK_SET), EINVAL);
	close(fd);
	expect_errno(read(fd, data, 1), EBADF);
}

static void holes_read_as_zero(void)
{
	int fd = fresh();
	char data[100];
	struct stat status;

	expect_equal(pwrite(fd, "end", 3, 10 << 20), 3);
	must(fstat(fd, &status));
	expect_equal(status.st_size, (10 << 20) + 3);
	expect_between(status.st_blocks, 1, 64); /* only the last page */
	memset(data, 'x', sizeof(data));
	expect_equal(pread(fd, data, 100, 5 << 20), 100);
	for (int i = 0; i < 100; i++)
		expect_equal(data[i], 0);
	expect_equal(lseek(fd, 0, SEEK_DATA), 10 << 20);
	expect_equal(lseek(fd, 0, SEEK_HOLE), 0);
	close(fd);
}

static void truncation(void)
{
	int fd = fresh();
	char data[8192];
	struct stat status;

	memset(data, 'd', sizeof(data));
	must(write(fd, data, sizeof(data)));
	must(ftruncate(fd, 5000));
	must(ftruncate(fd, 8192));
	expect_equal(pread(fd, data, 8192, 0), 8192);
	expect_equal(data[4999], 'd');
	for (int i = 5000; i < 8192; i++)
		expect_equal(data[i], 0);
	must(truncate(NAME, 0));
	must(fstat(fd, &status));
	expect_equal(status.st_size, 0);
	expect_equal(status.st_blocks, 0);
	expect_errno(ftruncate(fd, -1), EINVAL);
	close(fd);
}

static void appending(void)
{
	int fd = fresh();
	int append = must(open(NAME, O_WRONLY | O_APPEND));
	char data[8] = "";

	must(write(fd, "one", 3));
	must(write(append, "two", 3));
	must(pwrite(fd, "ONE", 3, 0));
	must(write(append, "!", 1));
	expect_equal(pread(fd, data, 8, 0), 7);
	expect_equal(memcmp(data, "ONEtwo!", 7), 0);
	close(fd);
	close(append);
}

static void unlinked_files_live_on(void)
{
	int fd = fresh();
	char data[4] = "";
	struct stat status;

	must(write(fd, "abc", 3));
	must(unlink(NAME));
	expect_errno(open(NAME, O_RDONLY), ENOENT);
	expect_equal(pread(fd, data, 3, 0), 3);
	expect_string(data, "abc");
	must(fstat(fd, &status));
	expect_equal(status.st_nlink, 0);
	close(fd);
}

static void vectors(void)
{
	int fd = fresh();
	char a[3], b[5];
	struct iovec out[] = {{"abc", 3}, {"", 0}, {"defgh", 5}};
	struct iovec in[] = {{a, 3}, {b, 5}};

	expect_equal(writev(fd, out, 3), 8);
	expect_equal(preadv(fd, in, 2, 0), 8);
	expect_equal(memcmp(a, "abc", 3), 0);
	expect_equal(memcmp(b, "defgh", 5), 0);
	close(fd);
}

static void duplicates_share_the_offset(void)
{
	int fd = fresh();
	int copy = must(dup(fd));
	int other = must(open(NAME, O_RDONLY));

	must(write(fd, "abcdef", 6));
	expect_equal(lseek(copy, 0, SEEK_CUR), 6);
	expect_equal(lseek(other, 0, SEEK_CUR), 0);
	expect_equal(dup2(fd, 100), 100);
	expect_equal(fcntl(100, F_GETFD), 0);
	expect_equal(fcntl(fd, F_DUPFD_CLOEXEC, 50) >= 50, 1);
	expect_errno(dup2(fd, -1), EBADF);
	expect_errno(dup2(999, 5), EBADF);
	close(100);
	close(copy);
	close(other);
	close(fd);
}

static void descriptor_limit(void)
{
	int count = 0, fds[2000];

	while (count < 2000 && (fds[count] = open("/dev/null", O_RDONLY)) >= 0)
		count++;
	int error = errno;
	for (int i = 0; i < count; i++)
		close(fds[i]);
	expect_equal(error, EMFILE);
	expect_between(count, 900, 1024);
}

/* File data counts as Cached and Shmem, and is given back when the file goes. */
static void memory_is_given_back(void)
{
	static char data[1 << 16];
	long before = read_number("/proc/meminfo", "Shmem");
	int fd = fresh();

	for (int i = 0; i < 64; i++)
		must(write(fd, data, sizeof(data)));
	expect_between(read_number("/proc/meminfo", "Shmem") - before, 4000, 5000);
	must(ftruncate(fd, 1 << 20));
	expect_between(read_number("/proc/meminfo", "Shmem") - before, 900, 1300);
	close(must(open(NAME, O_WRONLY | O_TRUNC)));
	expect_between(read_number("/proc/meminfo", "Shmem") - before, -200, 200);
	must(pwrite(fd, data, sizeof(data), 0));
	close(fd);
	must(unlink(NAME));
	expect_between(read_number("/proc/meminfo", "Shmem") - before, -200, 200);
}

static void device_files(void)
{
	char data[16];
	int null = must(open("/dev/null", O_RDWR));
	int zero = must(open("/dev/zero", O_RDWR));
	int full = must(open("/dev/full", O_RDWR));

	memset(data, 'x', sizeof(data));
	expect_equal(write(null, data, 16), 16);
	expect_equal(read(null, data, 16), 0);
	expect_equal(read(zero, data, 16), 16);
	for (int i = 0; i < 16; i++)
		expect_equal(data[i], 0);
	expect_errno(write(full, data, 1), ENOSPC);
	int random = must(open("/dev/urandom", O_RDONLY));
	expect_equal(read(random, data, 16), 16);
	close(null);
	close(zero);
	close(full);
	close(random);
}

/* Neither by name nor by O_TRUNC (fuzz_calls did it to its own). */
static void running_programs_are_not_cut(void)
{
	struct stat status;

	expect_errno(truncate("/proc/self/exe", 0), ETXTBSY);
	expect_errno(open("/proc/self/exe", O_RDONLY | O_TRUNC), ETXTBSY);
	expect_errno(open("/proc/self/exe", O_RDWR), ETXTBSY);
	must(stat("/proc/self/exe", &status));
	expect(status.st_size > 0);
}

static void beyond_the_size_limit(void)
{
	int fd = fresh();

	must(ftruncate(fd, 5000));
	must(setrlimit(RLIMIT_FSIZE, &(struct rlimit){4096, 4096}));
	signal(SIGXFSZ, SIG_IGN);
	expect_errno(ftruncate(fd, 5001), EFBIG);
	expect_errno(fallocate(fd, 0, 4096, 4096), EFBIG);
	expect_errno(pwrite(fd, "x", 1, 4096), EFBIG);
	expect_equal(pwrite(fd, "xxx", 3, 4094), 2);
	/* Nothing, far behind the limit, was taken for very much (found by fuzz_calls). */
	expect_equal(pwrite(fd, "", 0, 1LL << 58), 0);
	expect_equal(lseek(fd, 0, SEEK_END), 5000);
	must(ftruncate(fd, 4999)); /* smaller it may become */
	signal(SIGXFSZ, SIG_DFL);
	ftruncate(fd, 5001);
}

static void size_limit(void)
{
	expect_child_killed(beyond_the_size_limit, SIGXFSZ);
}

int main(void)
{
	run("files-read-write", read_write_seek);
	run("files-holes", holes_read_as_zero);
	run("files-truncate", truncation);
	run("files-append", appending);
	run("files-unlinked", unlinked_files_live_on);
	run("files-vectors", vectors);
	run("files-dup", duplicates_share_the_offset);
	run("files-limit", descriptor_limit);
	run("files-running", running_programs_are_not_cut);
	run("files-size-limit", size_limit);
	run("files-memory", memory_is_given_back);
	run("files-devices", device_files);
	unlink(NAME);
	return finish();
}
