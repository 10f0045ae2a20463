/*
 * What mmap, munmap, mprotect and friends refuse, and with which error.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/check.h"

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static void mmap_refuses(void)
{
	int fd = must(open("/tmp/errors", O_RDONLY | O_CREAT | O_TRUNC, 0600));
	char *area = must(mmap(NULL, 2 * page_size, PROT_READ, ANON, -1, 0));

	expect_errno(mmap(NULL, 0, PROT_READ, ANON, -1, 0), EINVAL);
	expect_errno(mmap(NULL, page_size, PROT_READ, MAP_ANONYMOUS, -1, 0), EINVAL);
	expect_errno(mmap(area + 1, page_size, PROT_READ, ANON | MAP_FIXED, -1, 0), EINVAL);
	expect_errno(mmap(NULL, page_size, PROT_READ, MAP_PRIVATE, fd, 100), EINVAL);
	expect_errno(mmap(NULL, page_size, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
	expect_errno(mmap(NULL, page_size, PROT_READ, MAP_PRIVATE, 999, 0), EBADF);
	expect_errno(mmap(NULL, page_size, PROT_WRITE, MAP_SHARED, fd, 0), EACCES);
	expect_errno(mmap(NULL, -page_size, PROT_READ, ANON, -1, 0), ENOMEM);
	expect_errno(mmap(area, page_size, PROT_READ, ANON | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
	/* A private mapping may be written though the file may not. */
	must(mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	close(fd);
	unlink("/tmp/errors");
}

static void write_only_descriptor(void)
{
	int fd = must(open("/tmp/errors", O_WRONLY | O_CREAT | O_TRUNC, 0600));

	expect_errno(mmap(NULL, page_size, PROT_READ, MAP_PRIVATE, fd, 0), EACCES);
	expect_errno(mmap(NULL, page_size, PROT_WRITE, MAP_SHARED, fd, 0), EACCES);
	close(fd);
	unlink("/tmp/errors");
}

static void not_a_file(void)
{
	int ends[2];

	must(pipe(ends));
	expect_errno(mmap(NULL, page_size, PROT_READ, MAP_PRIVATE, ends[0], 0), ENODEV);
	int fd = must(open("/tmp", O_RDONLY));
	expect_errno(mmap(NULL, page_size, PROT_READ, MAP_PRIVATE, fd, 0), ENODEV);
	close(fd);
}

static void munmap_refuses(void)
{
	char *area = must(mmap(NULL, 2 * page_size, PROT_READ, ANON, -1, 0));

	expect_errno(munmap(area + 1, page_size), EINVAL);
	expect_errno(munmap(area, 0), EINVAL);
	expect_errno(munmap((void *)0x7ffffffff000, 2 * page_size), EINVAL);
	must(munmap(area, 1)); /* one byte is one page */
	expect_errno(mprotect(area, page_size, PROT_READ), ENOMEM);
}

static void mprotect_refuses(void)
{
	int fd = must(open("/tmp/errors", O_RDONLY | O_CREAT | O_TRUNC, 0600));
	char *area = must(mmap(NULL, 3 * page_size, PROT_READ, ANON, -1, 0));
	char *file = must(mmap(NULL, page_size, PROT_READ, MAP_SHARED, fd, 0));

	/* Some C libraries round the address down; the kernel does not. */
	expect_errno(syscall(SYS_mprotect, area + 1, page_size, PROT_READ), EINVAL);
	must(mprotect(area, 0, PROT_READ));
	expect_errno(mprotect(file, page_size, PROT_READ | PROT_WRITE), EACCES);
	must(munmap(area + page_size, page_size));
	expect_errno(mprotect(area, 3 * page_size, PROT_NONE), ENOMEM); /* a hole */
	close(fd);
	unlink("/tmp/errors");
}

static void msync_and_madvise_refuse(void)
{
	char *area = must(mmap(NULL, 3 * page_size, PROT_READ | PROT_WRITE, ANON, -1, 0));

	must(msync(area, 3 * page_size, MS_SYNC));
	expect_errno(msync(area, page_size, MS_SYNC | MS_ASYNC), EINVAL);
	expect_errno(msync(area + 1, page_size, MS_SYNC), EINVAL);
	expect_errno(madvise(area + 1, page_size, MADV_NORMAL), EINVAL);
	expect_errno(madvise(area, page_size, 12345), EINVAL);
	must(munmap(area + page_size, page_size));
	expect_errno(msync(area, 3 * page_size, MS_SYNC), ENOMEM);
	expect_errno(madvise(area, 3 * page_size, MADV_DONTNEED), ENOMEM);
}

int main(void)
{
	run("errors-mmap", mmap_refuses);
	run("errors-mmap-write-only", write_only_descriptor);
	run("errors-mmap-not-a-file", not_a_file);
	run("errors-munmap", munmap_refuses);
	run("errors-mprotect", mprotect_refuses);
	run("errors-msync-madvise", msync_and_madvise_refuse);
	return finish();
}
