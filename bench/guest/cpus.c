/*
 * How throughput grows with CPUs: the same work by 1, 2 and 4 workers, each on a CPU of its own
 * (`cpus` on the command line; bench/cpus.py reads it).
 *
 *     begin NAME WORKERS                              printed before all of them are let go
 *     end NAME WORKERS OPERATIONS SECONDS             when the last one has ended
 *
 * The host looks at the processor time that QEMU's threads get between the two.  `compute` asks
 * the kernel nothing: it shows what the host gives to so many CPUs at that moment.  Workers begin
 * together, by a word in shared memory.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "bench.h"

#define WORKERS 4
#define ROUNDS  3

static struct shared {
	atomic_int ready, go;
} * shared;

static double seconds(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec + at.tv_nsec / 1e9;
}

/* --- what a worker does --- */

#define LOOPS 20000000L

static void compute(char *area)
{
	(void)area;
	for (volatile long i = 0; i < LOOPS; i++)
		;
}

#define FAULT_PAGES 8192L

/* First writes to an area of its own, mapped before. */
static void fault(char *area)
{
	touch(area, FAULT_PAGES);
}

#define PAIRS 2000

/* A page that comes and goes. */
static void map_pair(char *area)
{
	(void)area;
	for (int i = 0; i < PAIRS; i++) {
		char *p = mmap(NULL, PAGE, RW, ANON, -1, 0);

		*p = 1;
		munmap(p, PAGE);
	}
}

#define FORKS 100

static void fork_exit(char *area)
{
	(void)area;
	for (int i = 0; i < FORKS; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		waitpid(child, NULL, 0);
	}
}

static const struct {
	const char *name;
	void (*work)(char *area);
	long operations; /* of one worker */
	bool threads, needs_area;
} rows[] = {
	{"compute", compute, LOOPS, false, false},
	{"fault_processes", fault, FAULT_PAGES, false, true},
	{"fault_threads", fault, FAULT_PAGES, true, true},
	{"map_touch_unmap_processes", map_pair, PAIRS, false, false},
	{"map_touch_unmap_threads", map_pair, PAIRS, true, false},
	{"fork_exit_wait", fork_exit, FORKS, false, false},
};

/* --- workers --- */

struct worker {
	int cpu, row;
	char *area;
};

static void work(struct worker *w)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(w->cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
	shared->ready++;
	while (!shared->go)
		usleep(1000); /* a CPU that spins has processor time */
	rows[w->row].work(w->area);
}

static void *thread(void *w)
{
	work(w);
	return NULL;
}

static void once(int row, int workers)
{
	struct worker w[WORKERS];
	pthread_t threads[WORKERS];
	pid_t children[WORKERS];
	double start, taken;

	shared->ready = shared->go = 0;
	for (int i = 0; i < workers; i++) {
		w[i] = (struct worker){.cpu = i, .row = row};
		if (rows[row].needs_area)
			w[i].area = map(FAULT_PAGES * PAGE, RW, ANON, -1);
	}
	for (int i = 0; i < workers; i++) {
		if (rows[row].threads) {
			if (pthread_create(&threads[i], NULL, thread, &w[i]))
				die("pthread_create");
			continue;
		}
		children[i] = fork();
		if (children[i] < 0)
			die("fork");
		if (children[i] == 0) {
			work(&w[i]);
			_exit(0);
		}
	}
	while (shared->ready < workers)
		sched_yield();
	printf("begin %s %d\n", rows[row].name, workers);
	fflush(stdout);
	usleep(50000); /* for the host to look */
	start = seconds();
	shared->go = 1;
	for (int i = 0; i < workers; i++)
		if (rows[row].threads)
			pthread_join(threads[i], NULL);
		else
			waitpid(children[i], NULL, 0);
	taken = seconds() - start;
	printf("end %s %d %ld %.6f\n", rows[row].name, workers, workers * rows[row].operations,
	       taken);
	fflush(stdout);
	for (int i = 0; i < workers; i++)
		if (w[i].area)
			munmap(w[i].area, FAULT_PAGES * PAGE);
}

void bench_cpus(void)
{
	const int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);

	shared = map(PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1);
	for (int workers = 1; workers <= cpus && workers <= WORKERS; workers *= 2)
		for (unsigned row = 0; row < COUNT(rows); row++)
			for (int round = 0; round < ROUNDS; round++)
				once((int)row, workers);
}
