/*
 * More memory in use than there is: it gets slower and nothing else. On machines that have swap space
 * switched on, at least as much as memory.
 *
 * Every page says which one it is and how often it has been written to (lib/pages.h). TEST_SEED
 * repeats a run.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/failing.h"
#include "lib/pages.h"
#include "lib/procfs.h"

#define THREADS   4
#define PROCESSES 4
#define SECONDS   5 /* that a case goes on at random, at most */

static unsigned long memory_pages; /* that programs can have */

static void need_swap(void)
{
	if (read_number("/proc/meminfo", "SwapTotal") < read_number("/proc/meminfo", "MemTotal"))
		skip("not enough swap space");
	memory_pages = read_number("/proc/meminfo", "MemAvailable") * 1024 / page_size;
}

static long vmstat(const char *key)
{
	return read_number("/proc/vmstat", key);
}

static time_t stop_at;

static void start_clock(void)
{
	stop_at = time(NULL) + SECONDS;
}

/* For the n-th step: the clock is not looked at each time. */
static bool time_left(unsigned long n)
{
	return n % 64 || time(NULL) < stop_at;
}

static void in_order(void)
{
	struct set set;

	need_swap();
	set = new_set(memory_pages * 3 / 2, MAP_PRIVATE);
	for (unsigned long n = 0; n < set.pages; n++)
		change(&set, n);
	verify_all(&set);
	expect(vmstat("pswpout") > 0);
	expect(vmstat("pswpin") > 0);
	end_set(&set);
}

static void at_random(void)
{
	unsigned long state = random_seed();
	struct set set;

	need_swap();
	set = new_set(memory_pages * 3 / 2, MAP_PRIVATE);
	start_clock();
	for (unsigned long i = 0; i < 2 * set.pages && time_left(i); i++) {
		const unsigned long n = random_next(&state) % set.pages;

		verify(&set, n);
		if (random_next(&state) % 2)
			change(&set, n);
	}
	verify_all(&set);
	end_set(&set);
}

/* --- many at once --- */

static struct set shared;
static unsigned long thread_seed;

static void *thread(void *arg)
{
	const unsigned long me = (unsigned long)arg;
	unsigned long state = thread_seed + me;

	for (unsigned long i = 0; i < 2 * shared.pages / THREADS && time_left(i); i++) {
		const unsigned long n =
			random_next(&state) % (shared.pages / THREADS) * THREADS + me;

		verify(&shared, n);
		if (random_next(&state) % 2)
			change(&shared, n);
	}
	return NULL;
}

static void threads_work(void)
{
	pthread_t id[THREADS];

	start_clock();
	for (unsigned long i = 0; i < THREADS; i++)
		expect_equal(pthread_create(&id[i], NULL, thread, (void *)i), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(id[i], NULL);
	verify_all(&shared);
}

static void threads(void)
{
	need_swap();
	thread_seed = random_seed();
	shared = new_set(memory_pages * 4 / 3 / THREADS * THREADS, MAP_PRIVATE);
	expect_child_ok(threads_work);
	end_set(&shared);
}

static unsigned long process_seed, process_pages;

static void process(void)
{
	unsigned long state = process_seed + getpid();
	struct set set = new_set(process_pages, MAP_PRIVATE);

	start_clock();

	for (unsigned long i = 0; i < 3 * set.pages && time_left(i); i++) {
		const unsigned long n = random_next(&state) % set.pages;

		verify(&set, n);
		change(&set, n);
	}
	verify_all(&set);
}

static void wait_all(const pid_t *pid, int n)
{
	int bad = 0;

	for (int i = 0; i < n; i++)
		bad += wait_child(pid[i]) != 0;
	expect_equal(bad, 0);
}

static void processes(void)
{
	pid_t pid[PROCESSES];

	need_swap();
	process_seed = random_seed();
	process_pages = memory_pages * 3 / 2 / PROCESSES;
	for (int i = 0; i < PROCESSES; i++)
		pid[i] = start_child(process);
	wait_all(pid, PROCESSES);
}

/* The parent's pages, in memory and in swap, are each child's too, until one of them writes. */
static struct set inherited;

static void heir(void)
{
	unsigned long state = process_seed + getpid();

	start_clock();
	for (unsigned long i = 0; i < inherited.pages && time_left(i); i++) {
		const unsigned long n = random_next(&state) % inherited.pages;

		verify(&inherited, n);
		if (random_next(&state) % 4 == 0)
			change(&inherited, n);
	}
	verify_all(&inherited);
}

static void forked(void)
{
	pid_t pid[2];

	need_swap();
	process_seed = random_seed();
	inherited = new_set(memory_pages * 2 / 3, MAP_PRIVATE);
	for (unsigned long n = 0; n < inherited.pages; n++)
		change(&inherited, n);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 2; i++)
			pid[i] = start_child(heir);
		for (unsigned long n = round; n < inherited.pages; n += 3) {
			verify(&inherited, n);
			change(&inherited, n);
		}
		wait_all(pid, 2);
		verify_all(&inherited);
	}
	end_set(&inherited);
}

/* --- where things fail --- */

/* Allocations fail now and then, those for page tables, for copies of slots, and in reclaim itself. */
static void work_without_memory(void)
{
	unsigned long state = process_seed + getpid();
	struct set set = new_set(process_pages, MAP_PRIVATE);

	start_clock();
	for (unsigned long i = 0; i < 3 * set.pages && time_left(i); i++) {
		const unsigned long n = random_next(&state) % set.pages;

		if (i % 8 == 0)
			failing_arm(1 + random_next(&state) % 6);
		verify(&set, n);
		if (random_next(&state) % 2)
			change(&set, n);
	}
	(void)failing_disarm();
	verify_all(&set);
}

static void failing(void)
{
	pid_t pid[PROCESSES];

	need_swap();
	failing_needed();
	process_seed = random_seed();
	process_pages = memory_pages * 3 / 2 / PROCESSES;
	for (int i = 0; i < PROCESSES; i++)
		pid[i] = start_child(work_without_memory);
	wait_all(pid, PROCESSES);
}

/* What is in swap has no room in memory: the area stays as it was, nothing is lost, nobody is killed. */
static void no_room(void)
{
	char line[256], device[64];
	struct set set;

	need_swap();
	expect_equal(sscanf(strchr(read_text("/proc/swaps"), '\n'), " %63s", device), 1);
	snprintf(line, sizeof(line), "\n%s ", device);
	set = new_set(memory_pages * 3 / 2, MAP_PRIVATE);
	for (unsigned long n = 0; n < set.pages; n++)
		change(&set, n);
	expect_errno(swapoff(device), ENOMEM);
	expect(strstr(read_text("/proc/swaps"), line) != NULL);
	expect(read_number("/proc/meminfo", "SwapFree") > 0);
	verify_all(&set);
	for (unsigned long n = 0; n < set.pages; n += 3)
		change(&set, n);
	verify_all(&set);
	end_set(&set);
}

/* --- what may not go, and what is told --- */

static void locked(void)
{
	const unsigned long pages = 64;
	struct set kept, set;
	unsigned char here[64];

	need_swap();
	kept = new_set(pages, MAP_PRIVATE);
	for (unsigned long n = 0; n < pages; n++)
		change(&kept, n);
	must(mlock(kept.memory, pages * page_size));
	set = new_set(memory_pages * 5 / 4, MAP_PRIVATE);
	for (unsigned long n = 0; n < set.pages; n++)
		change(&set, n);
	must(mincore(kept.memory, pages * page_size, here));
	for (unsigned long n = 0; n < pages; n++)
		expect(here[n] & 1);
	expect_equal(smaps_number(0, kept.memory, "Swap"), 0);
	end_set(&set);
	verify_all(&kept);
	end_set(&kept);
}

#define ROUNDS 8

/*
 * Half of memory is anonymous and idle. A file of three quarters, read from end to end again and again,
 * finds each page gone just before its turn, unless those that come back are recognised and the
 * idle ones go instead: then nothing has to be read any more.
 */
static void file_comes_back(void)
{
	char device[64], page[4096];
	long first = 0, last = 0;
	struct set idle;

	need_swap();
	expect_equal(sscanf(strchr(read_text("/proc/swaps"), '\n'), " %63s", device), 1);

	const int fd = must(open(device, O_RDONLY));
	const unsigned long pages = memory_pages * 3 / 4;
	const long returned = vmstat("workingset_refault_file"),
		   activated = vmstat("workingset_activate_file");

	idle = new_set(memory_pages / 2, MAP_PRIVATE);
	for (unsigned long n = 0; n < idle.pages; n++)
		change(&idle, n);
	for (int round = 0; round < ROUNDS; round++) {
		const long before = vmstat("pgpgin");

		for (unsigned long n = 0; n < pages; n++)
			expect_equal(pread(fd, page, sizeof(page), n * sizeof(page)), sizeof(page));
		last = vmstat("pgpgin") - before;
		if (round == 0)
			first = last;
		printf("# round %d: %ld KiB read\n", round, last);
		if (last < first / 10)
			break;
	}
	expect(last < first / 10);
	expect(vmstat("workingset_refault_file") > returned);
	expect(vmstat("workingset_activate_file") > activated);
	must(close(fd));
	verify_all(&idle);
	end_set(&idle);
}

/* Whoever looked at pages, and of whatever kind they were: it is the same pages. */
static void counts(void)
{
	need_swap();
	expect_equal(vmstat("pgscan_kswapd") + vmstat("pgscan_direct"),
		     vmstat("pgscan_anon") + vmstat("pgscan_file"));
	expect_equal(vmstat("pgsteal_kswapd") + vmstat("pgsteal_direct"),
		     vmstat("pgsteal_anon") + vmstat("pgsteal_file"));
	expect(vmstat("pgsteal_anon") <= vmstat("pgscan_anon"));
	expect(vmstat("pageoutrun") > 0);
	expect(vmstat("pgmajfault") >= vmstat("pswpin") / 16);
	expect_equal(vmstat("nr_isolated_anon"), 0);
}

int main(void)
{
	run("reclaim-in-order", in_order);
	run("reclaim-at-random", at_random);
	run("reclaim-threads", threads);
	run("reclaim-processes", processes);
	run("reclaim-forked", forked);
	run("reclaim-failing", failing);
	run("reclaim-swapoff-without-room", no_room);
	run("reclaim-locked", locked);
	run("reclaim-file-comes-back", file_comes_back);
	run("reclaim-counts", counts);
	return finish();
}
