/*
 * Memory shared by processes (X12) and mappings of /dev/zero (X15): a shared
 * mapping is one memory for all, a private one everybody's own.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/procfs.h"

#define PAGES 8

static char *area;

static void write_in_child(void)
{
	for (int i = 0; i < PAGES; i++)
		area[i * page_size] += i + 1;
}

static void expect_numbers(int times)
{
	for (int i = 0; i < PAGES; i++)
		expect_equal(area[i * page_size], times * (i + 1));
}

static void map(int flags, int fd)
{
	area = must(mmap(NULL, PAGES * page_size, PROT_READ | PROT_WRITE, flags, fd, 0));
}

static void unmap(void)
{
	must(munmap(area, PAGES * page_size));
}

static void anonymous_shared(void)
{
	map(MAP_SHARED | MAP_ANONYMOUS, -1);
	expect_child_ok(write_in_child); /* pages that only the child touched */
	expect_numbers(1);
	expect_child_ok(write_in_child);
	expect_numbers(2);
	unmap();
}

static void anonymous_private(void)
{
	map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	expect_child_ok(write_in_child);
	expect_numbers(0);
	unmap();
}

static void zero_shared(void)
{
	int fd = must(open("/dev/zero", O_RDWR));

	map(MAP_SHARED, fd);
	expect_child_ok(write_in_child);
	expect_numbers(1);
	/* Another mapping of the same device is other memory. */
	char *other = must(mmap(NULL, page_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	expect_equal(other[0], 0);
	must(munmap(other, page_size));
	unmap();
	close(fd);
}

static void zero_private(void)
{
	int fd = must(open("/dev/zero", O_RDONLY));

	map(MAP_PRIVATE, fd);
	close(fd);
	expect_child_ok(write_in_child);
	expect_numbers(0);
	write_in_child();
	expect_numbers(1);
	unmap();
}

static void file_shared(void)
{
	int fd = must(open("/tmp/shared", O_RDWR | O_CREAT | O_TRUNC, 0600));
	char byte;

	must(ftruncate(fd, PAGES * page_size));
	map(MAP_SHARED, fd);
	expect_child_ok(write_in_child);
	expect_numbers(1);
	expect_equal(pread(fd, &byte, 1, 3 * page_size), 1);
	expect_equal(byte, 4);
	/* write(2) is seen through the mapping at once, and the other way round. */
	must(pwrite(fd, "W", 1, 5 * page_size));
	expect_equal(area[5 * page_size], 'W');
	char *private =
		must(mmap(NULL, PAGES * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0));
	expect_equal(private[5 * page_size], 'W');
	private[5 * page_size] = 'p';
	expect_equal(area[5 * page_size], 'W');
	area[6 * page_size] = 's'; /* not yet copied: seen there */
	expect_equal(private[6 * page_size], 's');
	must(msync(area, PAGES * page_size, MS_SYNC));
	must(munmap(private, PAGES * page_size));
	unmap();
	expect_equal(pread(fd, &byte, 1, 6 * page_size), 1);
	expect_equal(byte, 's');
	close(fd);
	unlink("/tmp/shared");
}

static void memory_file(void)
{
	int fd = must(syscall(SYS_memfd_create, "memory", 0));
	struct mapping mapping;

	must(ftruncate(fd, PAGES * page_size));
	map(MAP_SHARED, fd);
	expect_child_ok(write_in_child);
	expect_numbers(1);
	expect(find_mapping(area, &mapping));
	expect_string(mapping.name, "/memfd:memory (deleted)");
	unmap();
	close(fd);
}

static void counted_as_shared(void)
{
	long before = read_number("/proc/meminfo", "Shmem");

	map(MAP_SHARED | MAP_ANONYMOUS, -1);
	write_in_child();
	expect_between(read_number("/proc/meminfo", "Shmem") - before, PAGES * 4 - 8,
		       PAGES * 4 + 64);
	expect_equal(smaps_number(0, area, "Rss"), PAGES * 4);
	expect_equal(smaps_number(0, area, "Anonymous"), 0);
	unmap();
	expect_between(read_number("/proc/meminfo", "Shmem") - before, -64, 8);
}

int main(void)
{
	run("shared-anonymous", anonymous_shared);
	run("shared-not-private", anonymous_private);
	run("shared-dev-zero", zero_shared);
	run("shared-dev-zero-private", zero_private);
	run("shared-file", file_shared);
	run("shared-memfd", memory_file);
	run("shared-counted", counted_as_shared);
	return finish();
}
