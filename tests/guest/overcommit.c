/*
 * Overcommit (S34): mode 0 refuses a single request beyond RAM and swap, mode 1
 * grants anything that fits the address space, mode 2 keeps to CommitLimit. A
 * program that mallocs 512 MiB has it in VmSize and next to nothing in VmRSS.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/procfs.h"

static void set_mode(const char *mode)
{
	int fd = must(open("/proc/sys/vm/overcommit_memory", O_WRONLY));

	must(write(fd, mode, strlen(mode)));
	close(fd);
}

/* More than RAM and swap, in bytes. A machine may have more than a program has addresses. */
static unsigned long too_much(void)
{
	unsigned long long bytes = (read_number("/proc/meminfo", "MemTotal") +
				    read_number("/proc/meminfo", "SwapTotal") + 4096) *
				   1024ULL;

	if (bytes > ULONG_MAX / 8 * 5)
		skip("no process can ask for more than there is");
	return bytes;
}

static void *map(unsigned long bytes)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void heuristic_refuses(void)
{
	set_mode("0");
	expect_errno(map(too_much()), ENOMEM);
	char *half = must(map(too_much() / 2));
	must(munmap(half, too_much() / 2));
}

static void always_grants(void)
{
	unsigned long bytes = too_much();

	if (bytes < ULONG_MAX / 8) /* else there are not so many addresses */
		bytes *= 4;
	set_mode("1");
	char *area = map(bytes);
	set_mode("0");
	expect(area != MAP_FAILED);
	area[bytes / 4 * 3] = 1;
	must(munmap(area, bytes));
}

static void strict_keeps_the_limit(void)
{
	set_mode("2");
	long room = read_number("/proc/meminfo", "CommitLimit") -
		    read_number("/proc/meminfo", "Committed_AS");
	void *too_large = map((room + 1024) * 1024UL);
	int error = errno;
	set_mode("0");
	expect(too_large == MAP_FAILED);
	expect_equal(error, ENOMEM);
}

static void malloc_512(void)
{
	set_mode("1");
	char *memory = malloc(512 << 20);
	set_mode("0");
	expect(memory);
	memory[0] = memory[256 << 20] = 1;
	expect_between(read_number("/proc/self/status", "VmSize"), 512 << 10, 600 << 10);
	expect_between(read_number("/proc/self/status", "VmRSS"), 1, 4096);
	free(memory);
}

static void commitment_is_counted(void)
{
	long before = read_number("/proc/meminfo", "Committed_AS");
	char *area = must(map(8 << 20));

	expect_between(read_number("/proc/meminfo", "Committed_AS") - before, 7 << 10, 9 << 10);
	must(munmap(area, 8 << 20));
	expect_between(read_number("/proc/meminfo", "Committed_AS") - before, -1024, 1024);
}

int main(void)
{
	run("overcommit-heuristic", heuristic_refuses);
	run("overcommit-always", always_grants);
	run("overcommit-strict", strict_keeps_the_limit);
	run("overcommit-malloc-512M", malloc_512);
	run("overcommit-committed", commitment_is_counted);
	return finish();
}
