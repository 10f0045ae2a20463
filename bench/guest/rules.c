/*
 * The clock, and the rules of honesty.
 *
 * A figure can be made small by not doing the work: by mapping more than was touched, by
 * handing it to another thread or to idle time, by leaving it for later. So the program
 * that measures also looks, outside of the timed intervals:
 *
 *     faults      ru_minflt grew by the pages touched, exactly
 *     free        memory is free again when the call that gives it back has returned: MemFree and
 *                 what lies on the CPUs' lists of free pages (/proc/zoneinfo), which MemFree leaves
 *                 out on both kernels
 *     linear      2N pages cost twice what N cost, within a tenth (1000 stands for "twice"); fork may
 *                 cost less where tables are shared
 *     idle        touching pages costs after a rest what it costs without one: nothing was prepared
 *
 * A rule that does not hold is printed all the same; who reads the lines counts it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "bench.h"

bool counting = true;
char self[PATH_MAX];
static unsigned long share = 1;

void set_short(void)
{
	share = 16;
}

unsigned long pages_of(unsigned long mib)
{
	return mib * MiB / PAGE / share;
}

uint64_t now(void)
{
	if (counting) {
		uint32_t low, high;

		__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
		return low | (uint64_t)high << 32;
	}
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void row(const char *name, uint64_t total, unsigned long operations)
{
	printf("row %s %.1f\n", name, (double)total / (double)operations);
	fflush(stdout);
}

void die(const char *what)
{
	perror(what);
	exit(1);
}

void rule(const char *row, const char *what, long have, long least, long most)
{
	if (!counting)
		return;
	printf("rule %s %s %ld %ld %ld\n", row, what, have, least, most);
	fflush(stdout);
}

void linear(const char *row, uint64_t (*fn)(unsigned long pages), unsigned long pages,
	    uint64_t full, bool any_less)
{
	if (counting)
		rule(row, "linear", (long)(500 * full / fn(pages / 2)), any_less ? 0 : 900, 1100);
}

long faults(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u); /* this one finds the stack's page, if need be */
	getrusage(RUSAGE_SELF, &u);
	return u.ru_minflt;
}

static const char *contents(const char *path)
{
	static char text[65536];
	int fd = open(path, O_RDONLY);
	size_t length = 0;
	ssize_t n;

	if (fd < 0)
		die(path);
	while ((n = read(fd, text + length, sizeof(text) - 1 - length)) > 0)
		length += (size_t)n;
	close(fd);
	text[length] = 0;
	return text;
}

long free_kib(void)
{
	const char *at = strstr(contents("/proc/meminfo"), "MemFree:");
	long kib = at ? strtol(at + 8, NULL, 10) : 0;

	at = contents("/proc/zoneinfo");
	while ((at = strstr(at, " count:")))
		kib += 4 * strtol(at += 7, NULL, 10);
	return kib;
}

void rest(void)
{
	if (counting)
		nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
}

void rule_free(const char *row, long before, long slack_kib)
{
	if (counting)
		rule(row, "free", free_kib(), before - slack_kib, ANY);
}

void *map(size_t bytes, int prot, int flags, int fd)
{
	void *p = mmap(NULL, bytes, prot, flags, fd, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

void touch(volatile char *p, unsigned long pages)
{
	for (unsigned long i = 0; i < pages; i++)
		p[i * PAGE] = 1;
}

unsigned long look(const volatile char *p, unsigned long pages)
{
	unsigned long sum = 0;

	for (unsigned long i = 0; i < pages; i++)
		sum += p[i * PAGE];
	return sum;
}
