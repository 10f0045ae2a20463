/*
 * What a fault holds while it sleeps is its area's lock and no more: faults in other areas of the
 * same space go on, and mmap and munmap elsewhere as well.
 *
 * A fault can be made to sleep by truncation: while one thread punches a large hole into a file
 * another one that touches its mapping waits until that is over.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/procfs.h"

#define ROUNDS     30
#define MOST_PAGES 65536
#define LONG_NS    2000000 /* so long at least the fault must have slept for a round to count */

static int fd;
static long pages; /* of the file */
static char *mapped;
static atomic_int stage; /* 1: the hole is being punched; 2: the fault begins; 3: it is over */
static atomic_long faults, mmaps;
static long slept; /* ns */

static long now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1000000000L + at.tv_nsec;
}

/* Hold the file's lock for as long as it takes to free all its pages. */
static void *punch(void *unused)
{
	(void)unused;
	stage = 1;
	fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, pages * page_size);
	return NULL;
}

static void *touch_file(void *unused)
{
	(void)unused;
	while (stage == 0)
		sched_yield();
	stage = 2;
	long start = now();
	*(volatile char *)(mapped + (pages - 1) * page_size) = 1;
	slept = now() - start;
	stage = 3;
	return NULL;
}

/* Faults in an area of its own, and new areas, while the other's fault sleeps. */
static void *go_on(void *unused)
{
	const long part = 16 * page_size;
	char *area = mmap(NULL, part, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)unused;
	while (stage < 3) {
		bool before = stage == 2;

		for (int i = 0; i < 16; i++)
			area[i * page_size] = 1;
		if (before && stage == 2)
			faults += 16;
		if (!is_pagoda()) { /* Linux 6.1 has one lock for all, which mmap would wait for */
			madvise(area, part, MADV_DONTNEED);
			continue;
		}
		before = stage == 2;
		munmap(area, part);
		area = mmap(NULL, part, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (before && stage == 2)
			mmaps++;
	}
	munmap(area, part);
	return NULL;
}

/* Did the fault sleep for long, and what did the others do meanwhile? */
static bool try_once(void)
{
	pthread_t threads[3];
	void *(*const bodies[3])(void *) = {go_on, touch_file, punch};

	stage = 0;
	faults = mmaps = 0;
	must(ftruncate(fd, 0));
	must(ftruncate(fd, pages * page_size));
	must(posix_fallocate(fd, 0, pages * page_size));
	for (int i = 0; i < 3; i++)
		expect_equal(pthread_create(&threads[i], NULL, bodies[i], NULL), 0);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	return slept >= LONG_NS;
}

static void other_areas_go_on(void)
{
	int counted = 0, alive = 0;

	pages = read_number("/proc/meminfo", "MemFree") / 4 / 3;
	if (pages > MOST_PAGES)
		pages = MOST_PAGES;
	fd = must(memfd_create("slow", 0));
	must(ftruncate(fd, pages * page_size));
	mapped = must(mmap(NULL, pages * page_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	for (int i = 0; i < ROUNDS && counted < 5; i++) {
		if (!try_once())
			continue;
		counted++;
		alive += faults > 0 && (mmaps > 0 || !is_pagoda());
	}
	must(munmap(mapped, pages * page_size));
	close(fd);
	if (counted < 5)
		skip("too small or too fast: %d faults slept for long", counted);
	printf("# of %d faults that slept others went on during %d\n", counted, alive);
	expect(alive > 0);
}

int main(void)
{
	run("fault-locks", other_areas_go_on);
	return finish();
}
