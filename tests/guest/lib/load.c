/*
 * A score of processes that have pages of every kind: private, shared, copied, of files, locked, scattered, in swap.
 */
#include "lib/load.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/procfs.h"

#define PROCESSES 64

static int area_pages; /* pages that a child uses of one kind, or a few times as many */

static int ready[2];
static pid_t children[PROCESSES];
static int running;
static char *shared;
static int load_file; /* without a name: it goes with its users */

char *load_map(int pages, int flags, int fd)
{
	return must(mmap(NULL, pages * page_size, PROT_READ | PROT_WRITE, flags, fd, 0));
}

/*
 * Where tables of all levels start, and nothing else is. What gives pages back keeps their table
 * while an area beside them may use it: the auditor expects no table without entries, so no load
 * may cut one in two.
 */
static char *map_at_table(size_t size)
{
	void *at = (void *)(1UL << (sizeof(long) == 8 ? 44 : 29));

	return must(mmap(at, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0));
}

static void fill(char *area, int from, int to, int step)
{
	for (int i = from; i < to; i += step)
		area[i * page_size] = i | 1;
}

void load_wait(void)
{
	must(write(ready[1], "", 1));
	for (;;)
		pause();
}

pid_t load_child(void (*body)(void))
{
	char byte;
	pid_t pid;

	if (!ready[1])
		must(pipe2(ready, O_NONBLOCK));
	pid = must(fork());
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		body();
		load_wait();
	}
	children[running++] = pid;
	while (read(ready[0], &byte, 1) != 1) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			fail("child %d of the load died", running);
		usleep(1000);
	}
	return pid;
}

static void private_pages(void)
{
	char *area = map_at_table(3 * area_pages * page_size);

	fill(area, 0, area_pages, 1);
	for (int i = area_pages; i < 2 * area_pages; i++) /* zeros, read only */
		(void)*(volatile char *)(area + i * page_size);
	must(madvise(area, area_pages / 2 * page_size, MADV_DONTNEED));
	must(mprotect(area + area_pages / 2 * page_size, 10 * page_size, PROT_NONE));
}

static void shared_pages(void)
{
	fill(shared, 0, area_pages, 3);
}

static void copied_pages(void)
{
	char *area = load_map(area_pages, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	pid_t pid;

	fill(area, 0, area_pages, 1);
	pid = must(fork());
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		fill(area, 0, area_pages, 4);
		if (must(fork()) == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			fill(area, 2, area_pages, 4);
		}
		for (;;)
			pause();
	}
	usleep(300000); /* they have written */
}

static void file_pages(void)
{
	char *both = load_map(2 * area_pages, MAP_SHARED, load_file);
	char *own = load_map(2 * area_pages, MAP_PRIVATE, load_file);

	fill(both, 0, area_pages, 2);
	for (int i = 0; i < 2 * area_pages; i++)
		(void)*(volatile char *)(own + i * page_size);
	fill(own, 1, area_pages, 5);
}

static void locked_pages(void)
{
	char *area = load_map(area_pages, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	must(mlock(area, area_pages / 2 * page_size));
	must(mlock(shared, 8 * page_size));
}

static void scattered_pages(void)
{
	char *area = map_at_table(64UL << 20), *moved;

	for (size_t at = 0; at < 64UL << 20; at += 2UL << 20)
		area[at] = 1;
	moved = must(mremap(area, 8UL << 20, 8UL << 20, MREMAP_MAYMOVE | MREMAP_FIXED,
			    area + (256UL << 20)));
	expect(moved[0] == 1);
	must(munmap(area + (16UL << 20), 8UL << 20));
}

static void deep_stack(void)
{
	char space[area_pages * 4096];

	memset(space, 1, sizeof(space));
	__asm__ volatile("" : : "r"(space) : "memory");
	char *end = (char *)syscall(SYS_brk, syscall(SYS_brk, 0) + 20 * page_size);

	memset(end - 10 * page_size, 1, 5 * page_size);
	load_wait();
}

static void free_later(void)
{
	char *area = load_map(area_pages, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	fill(area, 0, area_pages, 1);
	must(madvise(area, area_pages / 2 * page_size, MADV_FREE));
	fill(area, 0, area_pages / 4, 1); /* wanted after all */
}

/* In swap: named by one, by two, back for one of them, back and written. */
static void pages_in_swap(void)
{
	char *area = load_map(area_pages, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	fill(area, 0, area_pages, 1);
	must(madvise(area, area_pages / 2 * page_size, MADV_PAGEOUT));
	if (must(fork()) == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		must(madvise(area, area_pages * page_size, MADV_PAGEOUT));
		expect(area[page_size] == 1);
		area[2 * page_size] = 0;
		for (;;)
			pause();
	}
	must(madvise(shared, 4 * page_size, MADV_PAGEOUT));
	usleep(300000);
}

void load_stop(void)
{
	while (running) {
		kill(children[--running], SIGKILL);
		waitpid(children[running], NULL, 0);
	}
}

void load_start(void)
{
	static void (*const kinds[])(void) = {
		private_pages, shared_pages,    shared_pages, copied_pages, file_pages,
		file_pages,    scattered_pages, locked_pages, deep_stack,   free_later};

	/* A small part of what the machine can spare: a score of processes have some of them each. */
	area_pages = read_number("/proc/meminfo", "MemAvailable") / 4 / 200;
	area_pages = area_pages > 96 ? 96 : area_pages < 12 ? 12 : area_pages;
	load_file = must(open("/tmp/audit-file", O_RDWR | O_CREAT, 0600));
	must(unlink("/tmp/audit-file"));
	must(ftruncate(load_file, 2 * area_pages * page_size));
	shared = load_map(area_pages, MAP_SHARED | MAP_ANONYMOUS, -1);
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		(void)load_child(kinds[i]);
	if (read_number("/proc/meminfo", "SwapTotal"))
		(void)load_child(pages_in_swap);
	usleep(100000);
}
