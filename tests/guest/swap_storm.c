/*
 * Twice as much memory in use as there is, in all ways at once: processes with private and with shared
 * pages, threads, children that inherit pages which are in swap and write to them, advice, and
 * swap areas that are switched off and on in the middle. It only gets slower: each page says what
 * it should be (lib/pages.h).
 *
 * It goes on for SECONDS, or two thirds of TEST_SECONDS: to look at all pages at the end takes time, too. TEST_SEED
 * draws the same numbers again; what happens at the same time is never the same.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/pages.h"
#include "lib/procfs.h"

#ifndef MADV_PAGEOUT
#define MADV_COLD    20
#define MADV_PAGEOUT 21
#endif

#define SECONDS 10
#define WORKERS 4
#define THREADS 2 /* of each */
#define STEPS   400

static unsigned long seed, memory_pages;
static time_t stop_at;
static struct set shared; /* page n is written to by worker n % WORKERS alone */

/* A worker's, and its threads'. */
struct worker {
	int number;
	struct set own;
	unsigned long state[THREADS];
};

struct part {
	struct worker *worker;
	int thread;
};

/* ---- a worker ---- */

static unsigned long mine(const struct part *part, unsigned long *state)
{
	const unsigned long pages = part->worker->own.pages / THREADS;

	return random_next(state) % pages * THREADS + part->thread;
}

static void use(struct set *set, unsigned long n, unsigned long *state)
{
	verify(set, n);
	if (random_next(state) % 2)
		change(set, n);
}

/* Somewhere: out, or not wanted for now. Both change nothing that can be read. */
static void advise(const struct set *set, unsigned long *state)
{
	const unsigned long first = random_next(state) % set->pages, rest = set->pages - first,
			    n = 1 + random_next(state) % 64;

	must(madvise(set->memory + first * page_size, (n < rest ? n : rest) * page_size,
		     random_next(state) % 2 ? MADV_PAGEOUT : MADV_COLD));
}

static void *thread(void *arg)
{
	const struct part *part = arg;
	struct worker *worker = part->worker;
	unsigned long *state = &worker->state[part->thread];

	for (int i = 0; i < STEPS; i++) {
		use(&worker->own, mine(part, state), state);
		if (random_next(state) % 64 == 0)
			advise(&worker->own, state);
	}
	return NULL;
}

static void threads(struct worker *worker)
{
	pthread_t id[THREADS];
	struct part part[THREADS];

	for (int i = 0; i < THREADS; i++) {
		part[i] = (struct part){worker, i};
		expect_equal(pthread_create(&id[i], NULL, thread, &part[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(id[i], NULL);
}

static void use_shared(const struct worker *worker, unsigned long *state)
{
	for (int i = 0; i < STEPS / 4; i++)
		use(&shared,
		    random_next(state) % (shared.pages / WORKERS) * WORKERS + worker->number,
		    state);
}

/* What it inherited is as it was, whatever the parent does meanwhile, and what it writes is its own. */
static void heir(struct worker *worker)
{
	unsigned long state = worker->state[0] ^ 0x5555;

	for (int i = 0; i < STEPS; i++)
		use(&worker->own, random_next(&state) % worker->own.pages, &state);
	_exit(0);
}

static void inherit(struct worker *worker)
{
	const pid_t child = must(fork());

	if (!child)
		heir(worker);
	threads(worker);
	expect_equal(wait_child(child), 0);
}

/* Given back for good: zeros from then on. */
static void forget(struct worker *worker, unsigned long *state)
{
	const unsigned long first = random_next(state) % worker->own.pages,
			    rest = worker->own.pages - first, n = rest < 32 ? rest : 32;

	must(madvise(worker->own.memory + first * page_size, n * page_size, MADV_DONTNEED));
	memset(worker->own.version + first, 0, n * sizeof(*worker->own.version));
}

static void work(int number)
{
	struct worker worker = {
		.number = number,
		.own = new_set(memory_pages * 3 / 2 / WORKERS / THREADS * THREADS, MAP_PRIVATE),
	};
	unsigned long *state = &worker.state[0];

	for (int i = 0; i < THREADS; i++)
		worker.state[i] = seed * 31 + number * THREADS + i + 1;
	for (unsigned long n = 0; n < worker.own.pages; n++)
		change(&worker.own, n);
	for (unsigned long n = number; n < shared.pages; n += WORKERS)
		change(&shared, n);
	do {
		switch (random_next(state) % 4) {
		case 0: inherit(&worker); break;
		case 1: use_shared(&worker, state); break;
		case 2: forget(&worker, state); break;
		default: threads(&worker);
		}
	} while (time(NULL) < stop_at);
	verify_all(&worker.own);
	for (unsigned long n = number; n < shared.pages; n += WORKERS)
		verify(&shared, n);
	_exit(0);
}

/* ---- the areas ---- */

struct area {
	char device[64];
	int priority;
};

static int read_areas(struct area *area, int most)
{
	const char *line = strchr(read_text("/proc/swaps"), '\n');
	int n = 0;

	while (n < most && line &&
	       sscanf(line, " %63s %*s %*d %*d %d", area[n].device, &area[n].priority) == 2) {
		n++;
		line = strchr(line + 1, '\n');
	}
	return n;
}

static void time_is_up(int signal __attribute__((unused)))
{
}

/* Its pages go to the other areas. Not all of them may find room: ENOMEM. At the end it is interrupted. */
static void off_and_on(const struct area *area, int n, unsigned long *state)
{
	const struct area *one = &area[random_next(state) % n];

	if (swapoff(one->device)) {
		const int error = errno;

		printf("# %s stays: %s\n", one->device, strerror(error));
		expect(error == ENOMEM || error == EINTR);
	} else {
		must(swapon(one->device, one->priority < 0 ? 0 : SWAP_FLAG_PREFER | one->priority));
		printf("# %s off and on\n", one->device);
	}
	fflush(stdout);
}

static void all_at_once(void)
{
	const char *seconds = getenv("TEST_SECONDS");
	unsigned long state, swap_pages;
	struct area area[4];
	pid_t worker[WORKERS], alarm_clock;
	int areas;

	areas = read_areas(area, 4);
	memory_pages = read_number("/proc/meminfo", "MemAvailable") * 1024 / page_size;
	swap_pages = read_number("/proc/meminfo", "SwapTotal") * 1024 / page_size;
	if (areas < 2 || swap_pages < 3 * memory_pages)
		skip("two swap areas and three times as much swap as memory are needed");
	seed = state = random_seed();
	stop_at = time(NULL) + (seconds ? atoi(seconds) * 2 / 3 : SECONDS);
	shared = new_set(memory_pages / 2 / WORKERS * WORKERS, MAP_SHARED);
	for (int i = 0; i < WORKERS; i++) {
		worker[i] = must(fork());
		if (!worker[i])
			work(i);
	}
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = time_is_up}, NULL);
	alarm_clock = must(fork());
	if (!alarm_clock) {
		while (time(NULL) < stop_at + 1)
			sleep(1);
		kill(getppid(), SIGUSR1);
		_exit(0);
	}
	for (;;) {
		usleep(100000 + random_next(&state) % 1000000);
		if (time(NULL) >= stop_at)
			break;
		off_and_on(area, areas, &state);
	}
	expect_equal(wait_child(alarm_clock), 0);
	for (int i = 0; i < WORKERS; i++)
		expect_equal(wait_child(worker[i]), 0);
	end_set(&shared);
	printf("# %ld pages in, %ld out\n", read_number("/proc/vmstat", "pswpin"),
	       read_number("/proc/vmstat", "pswpout"));
}

int main(void)
{
	run("swap-storm", all_at_once);
	return finish();
}
