/*
 * Several CPUs as a program sees them: which there are, in every file that says so; where it may run;
 * how time and interrupts are counted; and whom a change of its memory interrupts: those CPUs that may
 * remember the old entry, once, and no others.
 */
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/affinity.h"
#include "lib/check.h"
#include "lib/procfs.h"
#include "lib/race.h"

static int online(void) /* musl's sysconf() counts those where the program may run */
{
	static int cpus;

	if (!cpus)
		cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	return cpus;
}

static int lines_with(const char *file, const char *start)
{
	int n = 0;

	for (const char *at = read_text(file); at;
	     at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
		n += !strncmp(at, start, strlen(start));
	return n;
}

/* "0-3" or "0". */
static void expect_range(const char *file, int cpus)
{
	char wanted[16];

	snprintf(wanted, sizeof(wanted), cpus > 1 ? "0-%d\n" : "0\n", cpus - 1);
	expect_string(read_text(file), wanted);
}

static void files_agree(void)
{
	const int cpus = online();
	char name[64];

	expect(cpus >= 1);
	expect_equal(lines_with("/proc/cpuinfo", "processor"), cpus);
	for (int i = 0; i < cpus; i++) {
		snprintf(name, sizeof(name), "cpu%d ", i);
		expect_equal(lines_with("/proc/stat", name), 1);
		snprintf(name, sizeof(name), "/sys/devices/system/cpu/cpu%d", i);
		must(access(name, F_OK));
	}
	snprintf(name, sizeof(name), "cpu%d ", cpus);
	expect_equal(lines_with("/proc/stat", name), 0);
	expect_range("/sys/devices/system/cpu/online", cpus);
	/* CPUs that maxcpus= left out may be possible. */
	expect(strlen(read_text("/sys/devices/system/cpu/possible")) > 1);
	expect(strlen(read_text("/sys/devices/system/cpu/present")) > 1);
	if (is_pagoda()) {
		snprintf(name, sizeof(name), "CPU%d", cpus - 1);
		expect(strstr(read_text("/proc/interrupts"), name) != NULL);
	}
}

static int where(void)
{
	unsigned cpu;

	must(syscall(SYS_getcpu, &cpu, NULL, NULL));
	return (int)cpu;
}

static void inherits(void)
{
	cpu_set_t set;

	must(sched_getaffinity(0, sizeof(set), &set));
	expect_equal(CPU_COUNT(&set), 1);
	for (int i = 0; i < 20; i++) {
		expect(CPU_ISSET(where(), &set));
		sched_yield();
	}
}

static void affinity(void)
{
	cpu_set_t set;

	for (int cpu = 0; cpu < online(); cpu++) {
		stay_on(cpu);
		for (int i = 0; i < 50; i++) {
			expect_equal(where(), cpu);
			sched_yield();
		}
		expect_child_ok(inherits);
		expect_equal(read_number("/proc/self/status", "Cpus_allowed_list"), cpu);
	}
	CPU_ZERO(&set);
	CPU_SET(online(), &set); /* none that there is */
	expect_errno(sched_setaffinity(0, sizeof(set), &set), EINVAL);
	expect_errno(sched_setaffinity(999999, sizeof(set), &set), ESRCH);
	anywhere();
	must(sched_getaffinity(0, sizeof(set), &set));
	expect_equal(CPU_COUNT(&set), online());
}

/* User time of a CPU in ticks. */
static long user_ticks(int cpu)
{
	char name[16];

	snprintf(name, sizeof(name), "cpu%d", cpu);
	return read_number("/proc/stat", name);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* Time is counted where it is spent. */
static void times_by_cpu(void)
{
	for (int cpu = 0; cpu < online(); cpu++) {
		const long before = user_ticks(cpu);
		double end;

		stay_on(cpu);
		for (end = seconds() + 3; user_ticks(cpu) < before + 10 && seconds() < end;)
			for (volatile int i = 0; i < 1000000; i++)
				;
		expect(user_ticks(cpu) >= before + 10);
	}
	anywhere();
}

/* --- whom a flush interrupts --- */

#define PAGES 60

static char *area;
static atomic_int spinning, go_on;
static int spinner_cpu;
static long pages = PAGES;

/* Requests to drop translations that a CPU has answered. */
static long shot(int cpu)
{
	const char *line = strstr(read_text("/proc/interrupts"), "TLB:") + 4;
	char *end = (char *)line;
	long n = 0;

	for (int i = 0; i <= cpu; i++)
		n = strtol(end, &end, 10);
	return n;
}

static void touch_pages(void)
{
	area = must(mmap(NULL, pages * page_size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	memset(area, 1, pages * page_size);
}

static void needs_cpus(int n)
{
	if (!is_pagoda())
		skip("counts of Pagoda");
	if (online() < n)
		skip("%d CPUs", online());
}

/* A program that runs on one CPU interrupts nobody, whatever it does to its memory. */
static void one_thread(void)
{
	long before[64];

	needs_cpus(2);
	stay_on(0);
	touch_pages();
	must(munmap(area, PAGES * page_size)); /* where it ran before may remember it: till now */
	touch_pages();
	for (int cpu = 0; cpu < online(); cpu++)
		before[cpu] = shot(cpu);
	must(mprotect(area, PAGES * page_size, PROT_READ));
	must(mprotect(area, PAGES * page_size, PROT_READ | PROT_WRITE));
	must(madvise(area, PAGES * page_size, MADV_DONTNEED));
	must(munmap(area, PAGES * page_size));
	for (int cpu = 0; cpu < online(); cpu++)
		expect_equal(shot(cpu), before[cpu]);
	anywhere();
}

static void spin(void)
{
	stay_on(spinner_cpu);
	spinning = 1;
	while (!go_on)
		;
}

/* Another thread runs on one other CPU: that one is interrupted, once for all pages. */
static void flush_and_count(void)
{
	long before[64];

	stay_on(0);
	while (!spinning)
		sched_yield();
	for (int round = 0; round < 5; round++) {
		touch_pages();
		for (int cpu = 0; cpu < online(); cpu++)
			before[cpu] = shot(cpu);
		if (round == 2)
			madvise(area, pages * page_size, MADV_DONTNEED);
		else
			munmap(area, pages * page_size);
		for (int cpu = 0; cpu < online(); cpu++) {
			const long n = shot(cpu) - before[cpu];

			if (n != (cpu == spinner_cpu))
				race_wrong("CPU %d was interrupted %ld times for %ld pages", cpu, n,
					   pages);
		}
		if (round == 2)
			munmap(area, pages * page_size);
		race_count();
	}
	go_on = 1;
}

static void two_threads(void)
{
	static void (*const bodies[])(void) = {flush_and_count, spin, NULL};

	needs_cpus(2);
	spinner_cpu = online() - 1;
	spinning = go_on = 0;
	stay_on(0); /* who waits for the others, too */
	race(1, bodies);
	expect_equal(go_on, 1);
	anywhere();
}

/* However many pages go. */
static void many_pages(void)
{
	pages = 3000;
	two_threads();
	pages = PAGES;
}

/* A thread that sleeps leaves its CPU to idle on our space: it is interrupted once, and not again. */
static void visit_and_sleep(void)
{
	stay_on(spinner_cpu);
	area[0] = 1;
	spinning = 1;
	while (racing())
		usleep(2000000);
}

static void flush_often(void)
{
	long before, n;

	stay_on(0);
	while (!spinning)
		sched_yield();
	usleep(50000);
	before = shot(spinner_cpu);
	for (int round = 0; round < 100; round++) {
		area[0] = 1;
		madvise(area, PAGES * page_size, MADV_DONTNEED);
	}
	n = shot(spinner_cpu) - before;
	if (n > 1)
		race_wrong("an idle CPU was interrupted %ld times", n);
	go_on = 1;
}

static void idle_cpus(void)
{
	static void (*const bodies[])(void) = {flush_often, visit_and_sleep, NULL};

	needs_cpus(2);
	spinner_cpu = online() - 1;
	spinning = go_on = 0;
	touch_pages();
	stay_on(0); /* who waits for the others, too */
	race(1, bodies);
	expect_equal(go_on, 1);
	must(munmap(area, PAGES * page_size));
	anywhere();
}

int main(void)
{
	page_size = sysconf(_SC_PAGESIZE);
	run("cpus-files", files_agree);
	run("cpus-affinity", affinity);
	run("cpus-times", times_by_cpu);
	run("cpus-flush-alone", one_thread);
	run("cpus-flush-one-other", two_threads);
	run("cpus-flush-many-pages", many_pages);
	run("cpus-flush-idle", idle_cpus);
	return finish();
}
