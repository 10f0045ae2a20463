/*
 * Swap as programs see it: what swapon and swapoff accept, which area is filled first, that what goes
 * out comes back to all who had it, and that /proc tells of it truly. On machines with two
 * disks more, which the test may write: /dev/vdb of 32 MiB, /dev/vdc of 16 MiB.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/procfs.h"

#define A "/dev/vdb"
#define B "/dev/vdc"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif
/* swapon(2); the C libraries have only what both together are. */
#define DISCARD_ONCE  0x20000
#define DISCARD_PAGES 0x40000
#define PAGES         512

static void need_disks(void)
{
	if (access(A, F_OK) || access(B, F_OK))
		skip("no disks");
}

/* ---- Areas ---- */

struct header {
	uint32_t version, last, nr_bad;
	const char *signature;
	const uint32_t *bad;
};

static void write_header(const char *device, const struct header *header)
{
	static char page[65536];
	const int fd = must(open(device, O_RDWR));

	memset(page, 0, page_size);
	memcpy(page + 1024, &header->version, 4);
	memcpy(page + 1028, &header->last, 4);
	memcpy(page + 1032, &header->nr_bad, 4);
	if (header->bad)
		memcpy(page + 1536, header->bad, header->nr_bad * 4);
	memcpy(page + page_size - 10, header->signature, 10);
	expect_equal(must(pwrite(fd, page, page_size, 0)), page_size);
	must(close(fd));
}

static uint32_t pages_of(const char *device)
{
	const int fd = must(open(device, O_RDONLY));
	const off_t bytes = must(lseek(fd, 0, SEEK_END));

	must(close(fd));
	return bytes / page_size;
}

static void make_swap(const char *device)
{
	write_header(device, &(struct header){1, pages_of(device) - 1, 0, "SWAPSPACE2", NULL});
}

static void on(const char *device, int flags)
{
	make_swap(device);
	must(swapon(device, flags));
}

struct line {
	char type[16];
	long size, used, priority;
};

/* What /proc/swaps has of a device; false: nothing. */
static bool swaps_line(const char *device, struct line *line)
{
	char *at = strstr(read_text("/proc/swaps"), device);

	return at && sscanf(at + strlen(device), "%15s %ld %ld %ld", line->type, &line->size,
			    &line->used, &line->priority) == 4;
}

static long used(const char *device)
{
	struct line line;

	expect(swaps_line(device, &line));
	return line.used;
}

static void headers(void)
{
	const uint32_t bad[] = {3, 7, 100}, outside[] = {5, 1 << 30}, first[] = {0};
	uint32_t last;
	struct line line;

	need_disks();
	last = pages_of(B) - 1;
	const struct header wrong[] = {
		{1, last, 0, "SWAP-SPACE", NULL},       {1, last, 0, "SWAPSPACE1", NULL},
		{2, last, 0, "SWAPSPACE2", NULL},       {0, last, 0, "SWAPSPACE2", NULL},
		{1, 0, 0, "SWAPSPACE2", NULL},          {1, last + 1, 0, "SWAPSPACE2", NULL},
		{1, last, 1, "SWAPSPACE2", first},      {1, last, 2, "SWAPSPACE2", outside},
		{1, last, 1 << 20, "SWAPSPACE2", NULL},
	};
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct header header = wrong[i];

		if (header.nr_bad == 1 << 20) { /* more than the page has room for */
			header.nr_bad = 0;
			write_header(B, &header);
			const int fd = must(open(B, O_RDWR));
			const uint32_t many = 1 << 20;

			must(pwrite(fd, &many, 4, 1032));
			must(close(fd));
		} else {
			write_header(B, &header);
		}
		errno = 0;
		if (swapon(B, 0) != -1 || errno != EINVAL)
			fail("header %u: errno %d", i, errno);
	}
	expect(!swaps_line(B, &line));
	/* Shorter than its device, with bad pages: they are not to be had. */
	write_header(B, &(struct header){1, last - 10, 3, "SWAPSPACE2", bad});
	must(swapon(B, 0));
	expect(swaps_line(B, &line));
	expect_equal(line.size, (last - 10 - 3) * (page_size / 1024));
	must(swapoff(B));
}

static void as_nobody(void)
{
	must(setuid(1000));
	expect_errno(swapon(B, 0), EPERM);
	expect_errno(swapoff(B), EPERM);
	expect_errno(swapon(B, 1 << 30), EINVAL);
}

static void errors(void)
{
	need_disks();
	make_swap(B);
	expect_errno(swapon("/none", 0), ENOENT);
	expect_errno(swapoff("/none"), ENOENT);
	expect_errno(swapon((char *)16, 0), EFAULT);
	expect_errno(swapon(B, 1 << 30), EINVAL);
	expect_errno(swapon("/proc", 0), EISDIR);
	expect_errno(swapon("/dev/null", 0), EINVAL);
	expect_errno(swapoff("/dev/null"), EINVAL);
	expect_errno(swapoff(B), EINVAL);
	expect_child_ok(as_nobody);
	must(swapon(B, 0));
	expect_errno(swapon(B, 0), EBUSY);
	expect_errno(open(B, O_RDWR | O_EXCL), EBUSY);
	must(close(must(open(B, O_RDWR))));
	must(swapoff(B));

	const int fd = must(open(B, O_RDWR | O_EXCL));

	expect_errno(swapon(B, 0), EBUSY);
	must(close(fd));
	must(swapon(B, 0));
	must(swapoff(B));
	expect_errno(swapoff(B), EINVAL);
}

static void proc(void)
{
	struct sysinfo info;
	char wanted[256];
	long size, total;

	need_disks();
	total = read_number("/proc/meminfo", "SwapTotal");
	size = (pages_of(A) - 1) * (page_size / 1024);
	on(A, SWAP_FLAG_PREFER | 7);
	snprintf(wanted, sizeof(wanted),
		 "%s                                partition\t%ld\t\t0\t\t7\n", A, size);
	expect(strstr(read_text("/proc/swaps"), wanted));
	expect_equal(read_number("/proc/meminfo", "SwapTotal"), total + size);
	must(sysinfo(&info));
	expect_equal(info.totalswap * info.mem_unit / 1024, total + size);
	must(swapoff(A));
	expect_equal(read_number("/proc/meminfo", "SwapTotal"), total);
}

/* ---- Memory ---- */

static unsigned *fresh(unsigned pages)
{
	unsigned *memory = mmap(NULL, pages * page_size, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	expect(memory != MAP_FAILED);
	return memory;
}

static unsigned *word(unsigned *memory, unsigned page)
{
	return memory + page * (page_size / sizeof(*memory)) + page % 1000;
}

static unsigned *filled(unsigned pages)
{
	unsigned *memory = fresh(pages);

	for (unsigned i = 0; i < pages; i++)
		*word(memory, i) = i + 1;
	return memory;
}

static void expect_filled(unsigned *memory, unsigned first, unsigned pages)
{
	for (unsigned i = first; i < first + pages; i++)
		if (*word(memory, i) != i + 1)
			fail("page %u holds %u", i, *word(memory, i));
}

static void out(unsigned *memory, unsigned first, unsigned pages)
{
	must(madvise((char *)memory + first * page_size, pages * page_size, MADV_PAGEOUT));
}

static uint64_t pagemap(const void *address)
{
	const int fd = must(open("/proc/self/pagemap", O_RDONLY));
	uint64_t entry;

	expect_equal(must(pread(fd, &entry, 8, (uintptr_t)address / page_size * 8)), 8);
	must(close(fd));
	return entry;
}

static unsigned swapped(unsigned *memory, unsigned pages)
{
	unsigned n = 0;

	for (unsigned i = 0; i < pages; i++)
		n += pagemap(word(memory, i)) >> 62 & 1;
	return n;
}

static unsigned lowest_used(const unsigned *counts, unsigned n)
{
	unsigned i = 0;

	while (i < n && !counts[i])
		i++;
	return i;
}

/* What is still being written when its owner goes has its slot a moment longer. */
static void expect_emptied(const char *device)
{
	for (unsigned i = 0; i < 1000 && used(device); i++)
		usleep(2000);
	expect_equal(used(device), 0);
}

static void priorities(void)
{
	const long kb = PAGES * (page_size / 1024);
	struct line a, b;

	need_disks();
	on(A, 0);
	on(B, 0);
	expect(swaps_line(A, &a) && swaps_line(B, &b));
	expect_equal(a.priority - b.priority, 1);
	expect(a.priority < 0);
	unsigned *memory = filled(PAGES);

	out(memory, 0, PAGES); /* the first has the higher one */
	expect_equal(used(B), 0);
	expect_between(used(A), kb / 2, kb);
	expect_filled(memory, 0, PAGES);
	must(munmap(memory, PAGES * page_size));
	must(swapoff(A));
	expect(swaps_line(B, &b));
	expect_equal(b.priority, a.priority);
	must(swapoff(B));

	on(A, SWAP_FLAG_PREFER | 3);
	on(B, SWAP_FLAG_PREFER | 5);
	memory = filled(PAGES);
	out(memory, 0, PAGES);
	expect_equal(used(A), 0);
	expect_between(used(B), kb / 2, kb);
	must(munmap(memory, PAGES * page_size));
	must(swapoff(A));
	must(swapoff(B));

	/* Of one priority: both. */
	on(A, SWAP_FLAG_PREFER | 3);
	on(B, SWAP_FLAG_PREFER | 3);
	memory = filled(PAGES);
	out(memory, 0, PAGES);
	expect_between(used(A), kb / 8, kb);
	expect_between(used(B), kb / 8, kb);
	expect_filled(memory, 0, PAGES);
	must(munmap(memory, PAGES * page_size));
	must(swapoff(A));
	must(swapoff(B));
}

/* The whole area at swapon; clusters of 256 slots that are free again, as they become so. */
static void discards(void)
{
	const unsigned long long cluster = 256ULL * (page_size / 512);
	unsigned long long before, all;
	unsigned *memory;

	need_disks();
	all = (unsigned long long)(pages_of(A) - 1) * (page_size / 512);
	before = diskstat("vdb", 14);
	on(A, SWAP_FLAG_DISCARD | DISCARD_ONCE);
	expect_equal(diskstat("vdb", 14) - before, all);
	memory = filled(PAGES);
	out(memory, 0, PAGES);
	must(munmap(memory, PAGES * page_size));
	must(swapoff(A));
	expect_equal(diskstat("vdb", 14) - before, all);

	/* Linux does the rest on disks that do not turn only, and takes virtio's for ones that do. */
	if (!is_pagoda())
		return;
	on(A, SWAP_FLAG_DISCARD | DISCARD_PAGES);
	expect_equal(diskstat("vdb", 14) - before, all);
	memory = filled(PAGES);
	out(memory, 0, PAGES);
	expect_equal(diskstat("vdb", 14) - before, all);
	must(munmap(memory, PAGES * page_size));
	while (diskstat("vdb", 14) - before < all + cluster)
		sched_yield();
	must(swapoff(A));
	expect_equal((diskstat("vdb", 14) - before - all) % cluster, 0);
	before = diskstat("vdb", 14);
	on(A, SWAP_FLAG_DISCARD);
	expect_equal(diskstat("vdb", 14) - before, all);
	memory = filled(PAGES);
	out(memory, 0, PAGES);
	expect_filled(memory, 0, PAGES);
	must(munmap(memory, PAGES * page_size));
	must(swapoff(A)); /* what is free by then is told before it ends */
	expect_between(diskstat("vdb", 14) - before, all + cluster, all + 3 * cluster);
}

static void out_and_in(void)
{
	const long kb = PAGES * (page_size / 1024);
	const char status[] = "/proc/self/status";

	need_disks();
	on(A, SWAP_FLAG_DISCARD);
	unsigned *memory = filled(PAGES);
	const long before = read_number(status, "VmSwap"),
		   written = read_number("/proc/vmstat", "pswpout");

	out(memory, 0, PAGES);
	expect_equal(swapped(memory, PAGES), PAGES);
	expect_equal(read_number(status, "VmSwap") - before, kb);
	expect_equal(smaps_number(0, memory, "Swap"), kb);
	expect_equal(smaps_number(0, memory, "SwapPss"), kb);
	expect_equal(smaps_number(0, memory, "Rss"), 0);
	expect_between(used(A), kb, kb + 64);
	expect_between(read_number("/proc/vmstat", "pswpout") - written, PAGES, PAGES + 16);

	/* Type and place. */
	static unsigned counts[65536];

	memset(counts, 0, sizeof(counts));
	for (unsigned i = 0; i < PAGES; i++) {
		const uint64_t entry = pagemap(word(memory, i)),
			       slot = entry >> 5 & ((1ULL << 50) - 1);

		expect(!(entry >> 63));
		expect_between(slot, 1, pages_of(A) - 1);
		expect_equal(counts[slot]++, 0);
	}
	expect(lowest_used(counts, 65536) > 0);

	expect_filled(memory, 0, PAGES);
	expect_equal(swapped(memory, PAGES), 0);
	expect_equal(read_number(status, "VmSwap"), before);
	expect_equal(smaps_number(0, memory, "Rss"), kb);

	/* What was written since goes out anew. */
	out(memory, 0, PAGES);
	for (unsigned i = 0; i < PAGES; i += 2)
		++*word(memory, i);
	out(memory, 0, PAGES);
	for (unsigned i = 0; i < PAGES; i++)
		expect_equal(*word(memory, i), i + 1 + (i % 2 == 0));
	must(munmap(memory, PAGES * page_size));
	must(swapoff(A));
}

static unsigned *family;

static void child_writes(void)
{
	expect_equal(swapped(family, PAGES), PAGES / 2);
	for (unsigned i = 0; i < PAGES; i += 3)
		*word(family, i) = 5000 + i;
	for (unsigned i = 0; i < PAGES; i++)
		expect_equal(*word(family, i), i % 3 ? i + 1 : 5000 + i);
}

static void forked(void)
{
	need_disks();
	on(A, 0);
	family = filled(PAGES);
	out(family, 0, PAGES / 2);
	expect_child_ok(child_writes);
	expect_equal(swapped(family, PAGES), PAGES / 2);

	const pid_t child = start_child(child_writes);

	for (unsigned i = 1; i < PAGES; i += 3)
		*word(family, i) = 9000 + i;
	for (unsigned i = 0; i < PAGES; i++)
		expect_equal(*word(family, i), i % 3 == 1 ? 9000 + i : i + 1);
	(void)wait_child(child); /* it may have come too late to find all in swap */
	must(munmap(family, PAGES * page_size));
	expect_emptied(A);
	must(swapoff(A));
}

/* Both have it by name: the slot counts half for each. */
static void shares(void)
{
	const long kb = PAGES * (page_size / 1024);
	int ready[2];
	char byte;

	need_disks();
	on(A, 0);
	family = filled(PAGES);
	out(family, 0, PAGES);
	must(pipe(ready));
	const pid_t child = must(fork());

	if (!child) {
		close(ready[1]);
		if (read(ready[0], &byte, 1) < 0)
			_exit(1);
		_exit(0);
	}
	expect_equal(smaps_number(0, family, "Swap"), kb);
	expect_equal(smaps_number(0, family, "SwapPss"), kb / 2);
	expect_equal(smaps_number(child, family, "SwapPss"), kb / 2);
	must(close(ready[1]));
	expect_equal(wait_child(child), 0);
	expect_equal(smaps_number(0, family, "SwapPss"), kb);
	must(close(ready[0]));
	must(munmap(family, PAGES * page_size));
	must(swapoff(A));
}

static void child_keeps(void)
{
	while (swapped(family, PAGES))
		usleep(1000);
	expect_filled(family, 0, PAGES);
}

static void all_back(void)
{
	need_disks();
	on(A, 0);
	family = filled(PAGES);
	out(family, 0, PAGES);

	const pid_t child = start_child(child_keeps);

	must(swapoff(A));
	expect_equal(swapped(family, PAGES), 0);
	expect_equal(wait_child(child), 0);
	expect_filled(family, 0, PAGES);
	for (unsigned i = 0; i < PAGES; i++)
		++*word(family, i);
	for (unsigned i = 0; i < PAGES; i++)
		expect_equal(*word(family, i), i + 2);
	must(munmap(family, PAGES * page_size));
}

/* From one area to the other while it is being used. */
static void in_the_middle(void)
{
	need_disks();
	on(A, SWAP_FLAG_PREFER | 1);
	on(B, SWAP_FLAG_PREFER | 0);
	family = filled(PAGES);
	for (unsigned round = 0; round < 6; round++) {
		const char *device = round % 2 ? B : A;
		const pid_t child = must(fork());

		if (!child) {
			for (unsigned i = 0; i < 20; i++) {
				out(family, i * 16, 64);
				expect_filled(family, 0, PAGES);
			}
			_exit(0);
		}
		out(family, 0, PAGES);
		must(swapoff(device));
		must(swapon(device, SWAP_FLAG_PREFER | (int)round));
		expect_filled(family, 0, PAGES);
		expect_equal(wait_child(child), 0);
	}
	must(munmap(family, PAGES * page_size));
	must(swapoff(A));
	must(swapoff(B));
}

static void nothing(int signal __attribute__((unused)))
{
}

static void interrupted(void)
{
	struct line line;

	need_disks();
	on(A, 0);
	unsigned *memory = filled(4 * PAGES);

	out(memory, 0, 4 * PAGES);
	/* Blocked it waits; then it is there from the start. */
	const pid_t child = must(fork());

	if (!child) {
		sigset_t set;

		sigaction(SIGUSR1, &(struct sigaction){.sa_handler = nothing}, NULL);
		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		for (unsigned i = 0; i < 50; i++) {
			const pid_t parent = getpid();
			const pid_t killer = fork();

			if (!killer) {
				usleep(100 * i);
				kill(parent, SIGUSR1);
				_exit(0);
			}
			const int result = swapoff(A), error = errno;

			while (waitpid(killer, NULL, 0) < 0)
				;
			if (result == 0) {
				if (swapon(A, 0))
					_exit(2);
				out(memory, 0, 4 * PAGES);
			} else {
				_exit(error == EINTR ? 0 : 1);
			}
		}
		_exit(3);
	}
	expect_equal(wait_child(child), 0);
	expect(swaps_line(A, &line));
	expect_filled(memory, 0, 4 * PAGES);
	must(munmap(memory, 4 * PAGES * page_size));
	must(swapoff(A));
}

static void residents(void)
{
	unsigned char here[PAGES];
	unsigned n = 0;

	need_disks();
	on(A, 0);
	unsigned *memory = filled(PAGES);

	must(mincore(memory, PAGES * page_size, here));
	for (unsigned i = 0; i < PAGES; i++)
		n += here[i];
	expect_equal(n, PAGES);
	out(memory, 0, PAGES);
	usleep(200000);
	out(memory, 0, PAGES); /* what had to be written first goes now, if it has not */
	must(mincore(memory, PAGES * page_size, here));
	for (unsigned i = n = 0; i < PAGES; i++)
		n += here[i];
	expect_between(n, 0, PAGES / 2);
	must(munmap(memory, PAGES * page_size));
	must(swapoff(A));
}

/* ---- Shared memory and files in memory ---- */

static unsigned *shared;

/* Shared memory is paged out by whom alone it is mapped. */
static unsigned *shared_filled(int fd, unsigned pages)
{
	unsigned *memory = mmap(NULL, pages * page_size, PROT_READ | PROT_WRITE,
				fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED, fd, 0);

	expect(memory != MAP_FAILED);
	for (unsigned i = 0; i < pages; i++)
		*word(memory, i) = i + 1;
	return memory;
}

static void child_shares(void)
{
	expect_filled(shared, 0, PAGES);
	for (unsigned i = 0; i < PAGES; i += 2)
		*word(shared, i) = 3000 + i;
}

static void shared_anonymous(void)
{
	const long kb = PAGES * (page_size / 1024);

	need_disks();
	on(A, 0);
	shared = shared_filled(-1, PAGES);
	const long shmem = read_number("/proc/meminfo", "Shmem");

	out(shared, 0, PAGES);
	expect_between(used(A), kb, kb + 64);
	expect_between(shmem - read_number("/proc/meminfo", "Shmem"), kb - 64, kb + 64);
	expect_equal(smaps_number(0, shared, "Swap"), kb);
	expect_equal(smaps_number(0, shared, "Rss"), 0);
	expect_child_ok(child_shares);
	for (unsigned i = 0; i < PAGES; i++)
		expect_equal(*word(shared, i), i % 2 ? i + 1 : 3000 + i);
	expect_equal(smaps_number(0, shared, "Swap"), 0);
	out(shared, 0, PAGES);
	must(munmap(shared, PAGES * page_size));
	expect_emptied(A);
	must(swapoff(A));
}

static void file_in_memory(void)
{
	const long kb = PAGES * (page_size / 1024);
	struct stat st;

	need_disks();
	on(A, 0);
	const int fd = must(open("/dev/shm/swap-test", O_RDWR | O_CREAT | O_TRUNC, 0600));

	must(ftruncate(fd, PAGES * page_size));
	unsigned *memory = shared_filled(fd, PAGES), value;

	out(memory, 0, PAGES);
	expect_equal(smaps_number(0, memory, "Swap"), kb);
	must(fstat(fd, &st));
	expect_equal(st.st_blocks, PAGES * page_size / 512);
	expect_equal(lseek(fd, 0, SEEK_HOLE), PAGES * page_size);
	expect_equal(lseek(fd, 5 * page_size, SEEK_DATA), 5 * page_size);
	/* read() and write() */
	for (unsigned i = 0; i < PAGES; i += 7) {
		const off_t at = (char *)word(memory, i) - (char *)memory;

		expect_equal(must(pread(fd, &value, 4, at)), 4);
		expect_equal(value, i + 1);
		value = i + 7000;
		expect_equal(must(pwrite(fd, &value, 4, at)), 4);
	}
	for (unsigned i = 0; i < PAGES; i++)
		expect_equal(*word(memory, i), i % 7 ? i + 1 : i + 7000);
	/* A private copy of what is in swap. */
	out(memory, 0, PAGES);
	unsigned *copy = mmap(NULL, PAGES * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	expect(copy != MAP_FAILED);
	*word(copy, 8) = 1;
	expect_equal(*word(memory, 8), 9);
	expect_equal(*word(copy, 9), 10);
	must(munmap(copy, PAGES * page_size));
	/* Cut off in the middle of a page, and a hole. */
	out(memory, 0, PAGES);
	must(ftruncate(fd, 100 * page_size + 10));
	must(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 10 * page_size + 5,
		       20 * page_size));
	must(fstat(fd, &st));
	expect_equal(st.st_blocks, (101 - 19) * page_size / 512);
	must(ftruncate(fd, PAGES * page_size));
	for (unsigned i = 0; i < 120; i++) {
		const unsigned wanted = i % 7 ? i + 1 : i + 7000;

		expect_equal(*word(memory, i), i >= 100 || (i >= 10 && i < 30) ? 0 : wanted);
	}
	out(memory, 0, PAGES);
	must(unlink("/dev/shm/swap-test"));
	must(close(fd));
	must(munmap(memory, PAGES * page_size));
	expect_emptied(A);
	must(swapoff(A));
}

static void shared_back(void)
{
	need_disks();
	on(A, 0);
	const int fd = must(memfd_create("swap", 0));

	must(ftruncate(fd, PAGES * page_size));
	unsigned *memory = shared_filled(fd, PAGES);

	shared = shared_filled(-1, PAGES);
	out(memory, 0, PAGES);
	out(shared, 0, PAGES);
	must(munmap(memory, PAGES * page_size));
	must(swapoff(A));
	memory = mmap(NULL, PAGES * page_size, PROT_READ, MAP_SHARED, fd, 0);
	expect_filled(memory, 0, PAGES);
	expect_filled(shared, 0, PAGES);
	must(munmap(memory, PAGES * page_size));
	must(munmap(shared, PAGES * page_size));
	must(close(fd));
}

static void segment(void)
{
	struct shmid_ds ds;
	struct shm_info info;

	need_disks();
	on(A, 0);
	const int id = must(shmget(IPC_PRIVATE, PAGES * page_size, IPC_CREAT | 0600));
	unsigned *memory = shmat(id, NULL, 0);

	expect(memory != (void *)-1);
	for (unsigned i = 0; i < PAGES; i++)
		*word(memory, i) = i + 1;
	out(memory, 0, PAGES);
	must(shmctl(0, SHM_INFO, (struct shmid_ds *)&info));
	expect_between(info.shm_swp, PAGES, PAGES + 16);
	/* Locked, it stays. */
	expect_filled(memory, 0, PAGES);
	must(shmctl(id, SHM_LOCK, &ds));
	out(memory, 0, PAGES);
	must(shmctl(0, SHM_INFO, (struct shmid_ds *)&info));
	expect_equal(info.shm_swp, 0);
	must(shmctl(id, SHM_UNLOCK, &ds));
	out(memory, 0, PAGES);
	must(shmdt(memory));
	must(shmctl(id, IPC_RMID, &ds));
	expect_emptied(A);
	must(swapoff(A));
}

int main(void)
{
	run("swap-headers", headers);
	run("swap-errors", errors);
	run("swap-proc", proc);
	run("swap-discards", discards);
	run("swap-out-and-in", out_and_in);
	run("swap-priorities", priorities);
	run("swap-forked", forked);
	run("swap-shares", shares);
	run("swap-resident", residents);
	run("swap-all-back", all_back);
	run("swap-in-the-middle", in_the_middle);
	run("swap-interrupted", interrupted);
	run("swap-shared-anonymous", shared_anonymous);
	run("swap-file-in-memory", file_in_memory);
	run("swap-shared-back", shared_back);
	run("swap-segment", segment);
	return finish();
}
