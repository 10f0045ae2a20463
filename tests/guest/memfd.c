/*
 * memfd_create and seals: what each forbids, and what it lets be.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/fault.h"
#include "lib/procfs.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
#define SIZE 10000

static int fd;

/* A file of SIZE bytes with these seals. */
static void make(int seals)
{
	fd = must(memfd_create("test", MFD_ALLOW_SEALING | MFD_CLOEXEC));
	must(ftruncate(fd, SIZE));
	if (seals)
		must(fcntl(fd, F_ADD_SEALS, seals));
	expect_equal(fcntl(fd, F_GET_SEALS), seals);
}

static char *map(int prot, int flags)
{
	return must(mmap(NULL, SIZE, prot, flags, fd, 0));
}

static void unmap(char *at)
{
	must(munmap(at, SIZE));
}

static void create(void)
{
	char name[260], link[300], path[64];
	struct mapping mapping;

	expect_errno(syscall(SYS_memfd_create, NULL, 0), EFAULT);
	expect_errno(memfd_create("x", 0x100), EINVAL);
	memset(name, 'n', sizeof(name));
	name[250] = '\0';
	expect_errno(memfd_create(name, 0), EINVAL);
	name[249] = '\0';
	close(must(memfd_create(name, 0)));
	close(must(memfd_create("", 0)));

	fd = must(memfd_create("na/me", 0));
	expect_equal(fcntl(fd, F_GETFD), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	link[must(readlink(path, link, sizeof(link) - 1))] = '\0';
	expect_string(link, "/memfd:na/me (deleted)");
	must(ftruncate(fd, SIZE));
	char *at = map(PROT_READ, MAP_SHARED);
	expect(find_mapping(at, &mapping));
	expect_string(mapping.name, "/memfd:na/me (deleted)");
	unmap(at);
	/* Not made for sealing: */
	expect_equal(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL);
	expect_errno(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
	must(write(fd, "x", 1));
	close(fd);
	fd = must(memfd_create("x", MFD_CLOEXEC));
	expect_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
}

static void who_may_seal(void)
{
	char path[64];
	int other[2];

	make(0);
	expect_errno(fcntl(fd, F_ADD_SEALS, 0x100), EINVAL);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int reader = must(open(path, O_RDONLY));
	expect_errno(fcntl(reader, F_ADD_SEALS, F_SEAL_WRITE), EPERM);
	expect_equal(fcntl(reader, F_GET_SEALS), 0);
	must(fcntl(fd, F_ADD_SEALS, 0));
	must(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
	must(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SEAL));
	expect_equal(fcntl(reader, F_GET_SEALS), F_SEAL_GROW | F_SEAL_SEAL);
	expect_errno(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), EPERM);
	close(reader);
	close(fd);
	must(pipe(other));
	expect_errno(fcntl(other[1], F_GET_SEALS), EINVAL);
	expect_errno(fcntl(other[0], F_ADD_SEALS, F_SEAL_WRITE), EPERM);
	expect_errno(fcntl(other[1], F_ADD_SEALS, F_SEAL_WRITE), EINVAL);
	close(other[0]);
	close(other[1]);
}

static void shrink(void)
{
	make(F_SEAL_SHRINK);
	expect_errno(ftruncate(fd, SIZE - 1), EPERM);
	must(ftruncate(fd, SIZE));
	must(ftruncate(fd, SIZE + 1));
	must(write(fd, "x", 1));
	must(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096));
	close(fd);
}

static void grow(void)
{
	char bytes[SIZE + 1] = "";

	make(F_SEAL_GROW);
	expect_errno(ftruncate(fd, SIZE + 1), EPERM);
	expect_errno(fallocate(fd, 0, 0, SIZE + 1), EPERM);
	must(fallocate(fd, 0, 0, SIZE));
	expect_errno(pwrite(fd, "ab", 2, SIZE - 1), EPERM);
	expect_errno(pwrite(fd, "a", 1, SIZE), EPERM);
	expect_equal(pwrite(fd, "ab", 2, SIZE - 2), 2);
	expect_equal(pwrite(fd, bytes, SIZE, 0), SIZE);
	expect_equal(pwrite(fd, bytes, SIZE + 1, 0), 8192); /* as many pages as can be */
	must(ftruncate(fd, 100));
	expect_errno(ftruncate(fd, SIZE), EPERM);
	close(fd);
}

static void sealed_write(void)
{
	make(0);
	char *shared = map(PROT_READ | PROT_WRITE, MAP_SHARED);
	char *private = map(PROT_READ | PROT_WRITE, MAP_PRIVATE);

	strcpy(shared, "before");
	expect_errno(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
	must(mprotect(shared, SIZE, PROT_READ));
	expect_errno(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY); /* it could be undone */
	must(munmap(shared, 4096));
	expect_errno(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
	unmap(shared);
	must(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	expect_errno(pwrite(fd, "x", 1, 0), EPERM);
	expect_errno(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), EPERM);
	expect_errno(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EPERM);
	must(ftruncate(fd, SIZE + 1));
	strcpy(private, "private");
	unmap(private);
	private = map(PROT_READ | PROT_WRITE, MAP_PRIVATE);
	expect_string(private, "before");
	strcpy(private, "private");
	unmap(private);
	close(fd);
}

static void future_write(void)
{
	make(0);
	char *old = map(PROT_READ | PROT_WRITE, MAP_SHARED);

	must(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
	strcpy(old, "through the old mapping");
	expect_errno(pwrite(fd, "x", 1, 0), EPERM);
	expect_errno(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), EPERM);
	char *reader = map(PROT_READ, MAP_SHARED);
	expect_string(reader, "through the old mapping");
	expect_errno(mprotect(reader, SIZE, PROT_READ | PROT_WRITE), EACCES);
	expect_fault(reader, WRITE, SIGSEGV, SEGV_ACCERR);
	char *private = map(PROT_READ | PROT_WRITE, MAP_PRIVATE);
	strcpy(private, "private");
	expect_string(reader, "through the old mapping");
	unmap(private);
	unmap(reader);
	unmap(old);
	close(fd);
}

static void other_files(void)
{
	fd = must(open("/memfd-test", O_RDWR | O_CREAT, 0600));
	if (fcntl(fd, F_GET_SEALS) == -1)
		expect_equal(errno, EINVAL); /* Linux's root may be a ramfs, which has none */
	else
		expect_equal(fcntl(fd, F_GET_SEALS), F_SEAL_SEAL);
	expect(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) == -1);
	must(write(fd, "x", 1));
	close(fd);
	unlink("/memfd-test");
}

int main(void)
{
	run("memfd-create", create);
	run("memfd-who-may-seal", who_may_seal);
	run("memfd-shrink", shrink);
	run("memfd-grow", grow);
	run("memfd-write", sealed_write);
	run("memfd-future-write", future_write);
	run("memfd-other-files", other_files);
	return finish();
}
