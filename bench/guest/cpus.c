/*
 * How throughput grows with CPUs: the same work by 1, 2 and 4 workers, each on a CPU of its own
 * (`cpus` on the command line; bench/cpus.py reads it).
 *
 *     ran NAME WORKERS OPERATIONS SECONDS
 *
 * `compute` asks the kernel nothing: it shows what the host gives to so many CPUs. What a host
 * gives changes from second to second, so figures that are compared stand side by side: a round
 * is all rows, a row 1, 2 and 4 workers. Workers begin together, by a word in shared memory.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "bench.h"

#define WORKERS 4
#define PROGRAM 32 /* characters of a name */

struct worker {
	int cpu, row;
	char *area;
	char program[PROGRAM]; /* a copy of this one, the worker's own */
};

#define ROUNDS 9

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

static void compute(const struct worker *w)
{
	(void)w;
	for (volatile long i = 0; i < LOOPS; i++)
		;
}

/* As many that a tick, which a worker may take to wake up, is little beside it. */
#define FAULT_PAGES 24576L
#define AREA        ((FAULT_PAGES + 1) * PAGE)

/* First writes to an area that was mapped before; its first page is left alone. */
static void fault(const struct worker *w)
{
	touch(w->area + PAGE, FAULT_PAGES);
}

#define PAIRS 1000

/* A page that comes and goes. */
static void map_pair(const struct worker *w)
{
	(void)w;
	for (int i = 0; i < PAIRS; i++) {
		char *p = mmap(NULL, PAGE, RW, ANON, -1, 0);

		*p = 1;
		munmap(p, PAGE);
	}
}

#define FORKS 200

static void fork_exit(const struct worker *w)
{
	(void)w;
	for (int i = 0; i < FORKS; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		waitpid(child, NULL, 0);
	}
}

#define EXECS 50

static void fork_exec(const char *program)
{
	for (int i = 0; i < EXECS; i++) {
		pid_t child = fork();

		if (child == 0) {
			execl(program, program, "exit", NULL);
			_exit(127);
		}
		waitpid(child, NULL, 0);
	}
}

static void fork_exec_own(const struct worker *w)
{
	fork_exec(w->program);
}

static void fork_exec_one(const struct worker *w)
{
	(void)w;
	fork_exec(self);
}

static const struct {
	const char *name;
	void (*work)(const struct worker *w);
	long operations; /* of one worker */
	bool threads;
	enum area { NONE, OWN, PART } area; /* an area of its own, or a part of one for all */
} rows[] = {
	{"compute", compute, LOOPS, false, NONE},
	{"fault_processes", fault, FAULT_PAGES, false, OWN},
	{"fault_threads", fault, FAULT_PAGES, true, OWN},
	{"fault_threads_one_area", fault, FAULT_PAGES, true, PART},
	{"map_touch_unmap_processes", map_pair, PAIRS, false, NONE},
	{"map_touch_unmap_threads", map_pair, PAIRS, true, NONE},
	{"fork_exit_wait", fork_exit, FORKS, false, NONE},
	{"fork_exec_own_programs", fork_exec_own, EXECS, false, NONE},
	{"fork_exec_one_program", fork_exec_one, EXECS, false, NONE},
};

/* --- workers --- */

static void name_program(char *name, int worker)
{
	snprintf(name, PROGRAM, "/tmp/worker%d", worker);
}

static void work(struct worker *w)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(w->cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
	shared->ready++;
	while (!shared->go)
		usleep(1000); /* who spins takes a processor from those that are not there yet */
	rows[w->row].work(w);
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
		name_program(w[i].program, i);
		if (rows[row].area) /* neighbours merge, but for a page that differs */
			w[i].area = map(AREA, RW, ANON, -1);
		if (rows[row].area == OWN && mprotect(w[i].area, PAGE, PROT_NONE))
			die("mprotect");
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
	start = seconds();
	shared->go = 1;
	for (int i = 0; i < workers; i++)
		if (rows[row].threads)
			pthread_join(threads[i], NULL);
		else
			waitpid(children[i], NULL, 0);
	taken = seconds() - start;
	printf("ran %s %d %ld %.6f\n", rows[row].name, workers, workers * rows[row].operations,
	       taken);
	fflush(stdout);
	for (int i = 0; i < workers; i++)
		if (w[i].area)
			munmap(w[i].area, AREA);
}

/* The program for each worker: pages, and mappings of them, that are no other's. */
static void copy_program(int worker)
{
	char block[PAGE], to[PROGRAM];

	name_program(to, worker);

	FILE *in = fopen(self, "r"), *out = fopen(to, "w");

	if (!in || !out)
		die(to);
	for (size_t n; (n = fread(block, 1, sizeof(block), in)) > 0;)
		if (fwrite(block, 1, n, out) != n)
			die(to);
	if (fclose(in) || fclose(out) || chmod(to, 0755))
		die(to);
}

void bench_cpus(void)
{
	const int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);

	shared = map(PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1);
	for (int i = 0; i < WORKERS; i++)
		copy_program(i);
	for (int round = 0; round < ROUNDS; round++)
		for (unsigned row = 0; row < COUNT(rows); row++)
			for (int workers = 1; workers <= cpus && workers <= WORKERS; workers *= 2)
				once((int)row, workers);
}
