/*
 * High memory (S20, S21, S23), where there is some: which zones there are, that pages of programs
 * and of files come from HIGHMEM first; and a machine whose low memory is used up while HIGHMEM is
 * free, which has killed many a kernel of 32 bits.
 *
 * Low memory is filled with what only it can hold: page tables (one for each few MiB that a process
 * has looked at; the page of zeros costs nothing), then tasks, pipes, files. All of these calls must
 * fail in the end with an error that programs know. Meanwhile a process that needs nothing but pages
 * goes on, and once the load is gone everything is back.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/procfs.h"

#define MiB           (1UL << 20)
#define ENOUGH_KB     (512 << 10)  /* of high memory */
#define SPARSE        (1920 * MiB) /* that each process of the load looks at */
#define MOST_TASKS    1000
#define DIR           "/tmp/low"
#define POPULATE_READ 22 /* MADV_POPULATE_READ: says ENOMEM */

static size_t step; /* what a page table covers */

static long meminfo(const char *key)
{
	return read_number("/proc/meminfo", key);
}

static void need_high_memory(void)
{
	if (!strstr(read_text("/proc/zoneinfo"), "HighMem") || meminfo("HighFree") < ENOUGH_KB)
		skip("there is no high memory to speak of");
}

/* Of a zone in /proc/zoneinfo. */
static long zone_number(const char *zone, const char *key)
{
	char *text = strstr(read_text("/proc/zoneinfo"), zone), *at;

	if (!text || !(at = strstr(text, key)))
		fail("no %s of %s", key, zone);
	return atol(at + strlen(key));
}

static void zones_of_a_pc(void)
{
	need_high_memory();
	expect_equal(zone_number("DMA", "start_pfn:"), 1);
	expect_equal(zone_number("Normal", "start_pfn:"), 16 * MiB / page_size);
	expect_equal(zone_number("Normal", "spanned "), 880 * MiB / page_size);
	expect_equal(zone_number("HighMem", "start_pfn:"), 896 * MiB / page_size);
	expect_equal(zone_number("HighMem", "start_pfn:"), 229376);
	/* Little less than all memory is in the three of them. */
	expect_between(meminfo("LowTotal") + meminfo("HighTotal") - meminfo("MemTotal"), -64, 64);
	expect_between(meminfo("LowTotal"), 200 << 10, 896 << 10);
}

/* How far HighFree and LowFree have fallen, in pages, may differ by what the kernel needs itself. */
static void expect_high(long high, long low, long pages)
{
	expect_between((high - meminfo("HighFree")) / 4, pages - pages / 8, pages + pages / 8);
	expect_between((low - meminfo("LowFree")) / 4, -pages / 8, pages / 8);
}

static void pages_come_from_high_memory(void)
{
	const size_t bytes = 128 * MiB;
	long high, low;
	char *area, block[4096] = "high";
	int fd;

	need_high_memory();
	high = meminfo("HighFree"), low = meminfo("LowFree");
	area = must(mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	memset(area, 1, bytes);
	expect_high(high, low, bytes / page_size);
	must(munmap(area, bytes));

	high = meminfo("HighFree"), low = meminfo("LowFree");
	fd = must(open("/tmp/high", O_RDWR | O_CREAT | O_TRUNC, 0600));
	for (size_t i = 0; i < bytes / sizeof(block); i++)
		expect_equal(write(fd, block, sizeof(block)), sizeof(block));
	expect_high(high, low, bytes / page_size);
	close(fd);
	must(unlink("/tmp/high"));
	expect_between((high - meminfo("HighFree")) / 4, -2000, 2000);
}

/* --- low memory used up --- */

static int ready[2];
static pid_t tasks[MOST_TASKS];
static int nr_tasks;

static _Noreturn void stay(char how)
{
	(void)!write(ready[1], &how, 1);
	for (;;)
		pause();
}

/* An area with all page tables it can have: 'o'; 'f' if low memory is full before. */
static char look_around(char **area)
{
	*area = mmap(NULL, SPARSE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (*area == MAP_FAILED)
		return 'f';
	**area = 1; /* with a page of its own fork() copies the tables */
	for (size_t at = 0; at < SPARSE; at += step)
		if (madvise(*area + at, page_size, POPULATE_READ))
			return errno == ENOMEM ? 'f' : 'x';
	return 'o';
}

static _Noreturn void take_tables(void)
{
	char *area;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	stay(look_around(&area));
}

/* Copies of a process with many tables: the quickest way to have many more. */
static void copy_tables(void)
{
	char *area;
	pid_t pid = 0;

	expect_equal(look_around(&area), 'o');
	while (nr_tasks < MOST_TASKS && (pid = fork()) > 0)
		tasks[nr_tasks++] = pid;
	if (pid == 0 && nr_tasks < MOST_TASKS) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	expect(pid < 0 && (errno == ENOMEM || errno == EAGAIN));
	must(munmap(area, SPARSE));
}

/* A process more for the load: how it fared; 'f' too if there can be none. */
static char add_task(void)
{
	char how = 'x';
	pid_t pid;

	if (nr_tasks == MOST_TASKS)
		fail("%d processes were not enough", nr_tasks);
	pid = fork();
	if (pid < 0) {
		expect(errno == ENOMEM || errno == EAGAIN);
		return 'f';
	}
	if (pid == 0)
		take_tables();
	tasks[nr_tasks++] = pid;
	while (read(ready[0], &how, 1) != 1)
		if (waitpid(pid, NULL, WNOHANG) == pid) {
			nr_tasks--;
			return 'f'; /* no memory even to begin with */
		}
	return how;
}

static void stop_tasks(int most_left)
{
	while (nr_tasks > most_left) {
		kill(tasks[--nr_tasks], SIGKILL);
		waitpid(tasks[nr_tasks], NULL, 0);
	}
}

/* Pipes, descriptors and names until there are no more. */
static _Noreturn void take_objects(void)
{
	char name[40];
	int end[2], fd, i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; i < 200000 && !pipe(end); i++)
		;
	if (i < 200000 && errno != ENOMEM && errno != EMFILE && errno != ENFILE)
		stay('x');
	for (i = 0; i < 200000; i++) {
		snprintf(name, sizeof(name), DIR "/%d.%d", getpid(), i);
		fd = open(name, O_CREAT | O_WRONLY, 0600);
		if (fd < 0)
			break;
		close(fd);
	}
	stay(i == 200000 ? 'o' : errno == ENOMEM || errno == ENFILE || errno == EMFILE ? 'f' : 'x');
}

static void remove_files(void)
{
	must(umount(DIR));
	must(rmdir(DIR));
}

static void survives(void)
{
	const size_t bytes = 64 * MiB;
	long low, high;
	char *area, how;

	need_high_memory();
	step = strstr(read_text("/proc/meminfo"), "DirectMap4M") ? 4 * MiB : 2 * MiB;
	must(pipe2(ready, O_NONBLOCK));
	mkdir(DIR, 0700);
	must(mount("low", DIR, "tmpfs", 0, ""));
	area = must(mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	for (size_t at = 0; at < bytes; at += step)
		area[at] = 1; /* so much for its page tables */
	low = meminfo("LowFree"), high = meminfo("HighFree");
	if (low / 4 > (long)(MOST_TASKS * (SPARSE / step)))
		skip("there is too much low memory");

	copy_tables();
	while ((how = add_task()) == 'o')
		;
	expect_equal(how, 'f');
	stop_tasks(nr_tasks - 2); /* to read /proc/meminfo takes memory */
	expect_between(meminfo("LowFree"), 0, low / 10);
	expect_between(meminfo("HighFree"), high - high / 4, high);

	pid_t objects = fork();
	if (objects == 0)
		take_objects();
	if (objects > 0) {
		while (read(ready[0], &how, 1) != 1)
			if (waitpid(objects, NULL, WNOHANG) == objects)
				break; /* it died for want of memory */
		expect(how == 'f' || how == 'o');
	}
	/* Pages are to be had. */
	memset(area, 2, bytes);
	for (size_t at = 0; at < bytes; at += page_size)
		expect_equal(area[at], 2);
	must(munmap(area, bytes));

	if (objects > 0) {
		kill(objects, SIGKILL);
		waitpid(objects, NULL, 0);
	}
	stop_tasks(0);
	remove_files();
	close(ready[0]), close(ready[1]);
	usleep(200000);
	expect_between(low - meminfo("LowFree"), -100000, 4000);
	expect_between(high - meminfo("HighFree"), -100000, 8000);
	expect_child_ok(pages_come_from_high_memory);
}

int main(void)
{
	run("high-zones", zones_of_a_pc);
	run("high-first", pages_come_from_high_memory);
	run("low-memory-full", survives);
	stop_tasks(0);
	return finish();
}
