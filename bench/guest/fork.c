/*
 * Rows of several processes: fork, copy on write, exec.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench.h"

#define ROUNDS 8

/* fork() alone, and the cycle up to waitpid(), of a process with so much memory; sums. */
struct cost {
	uint64_t fork, cycle;
};

static struct cost fork_costs(unsigned long pages, int rounds)
{
	char *p = pages ? map(pages * PAGE, RW, ANON, -1) : NULL;
	struct cost cost = {0};

	if (p) {
		madvise(p, pages * PAGE, MADV_NOHUGEPAGE);
		touch(p, pages);
	}
	for (int i = 0; i < rounds; i++) {
		uint64_t t = now();
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid < 0)
			die("fork");
		cost.fork += now() - t;
		waitpid(pid, NULL, 0);
		cost.cycle += now() - t;
	}
	if (p)
		munmap(p, pages * PAGE);
	return cost;
}

static uint64_t fork_cost(unsigned long pages)
{
	return fork_costs(pages, ROUNDS).fork;
}

static uint64_t cycle_cost(unsigned long pages)
{
	return fork_costs(pages, ROUNDS).cycle;
}

/* What is late must be free without a rest, so compare with what was free after one. */
static void bench_fork(unsigned mib)
{
	const unsigned long pages = pages_of(mib);
	char fork_row[32], cycle_row[32];

	snprintf(fork_row, sizeof(fork_row), "fork_%u", mib);
	snprintf(cycle_row, sizeof(cycle_row), "fork_exit_wait_%u", mib);
	if (counting)
		fork_costs(pages, 1);
	rest();

	long free_before = free_kib();
	struct cost cost = fork_costs(pages, ROUNDS);

	rule_free(cycle_row, free_before, 128);
	row(fork_row, cost.fork, ROUNDS);
	row(cycle_row, cost.cycle, ROUNDS);
	if (mib >= 128) {
		linear(fork_row, fork_cost, pages, cost.fork, true);
		linear(cycle_row, cycle_cost, pages, cost.cycle, true);
	}
}

void bench_fork_0(void)
{
	bench_fork(0);
}

void bench_fork_16(void)
{
	bench_fork(16);
}

void bench_fork_128(void)
{
	bench_fork(128);
}

/* What the child finds when it writes each page after the fork. */
struct child {
	uint64_t took;
	long faults;
};

static struct child child_writes(unsigned long pages)
{
	char *p = map(pages * PAGE, RW, ANON, -1);
	struct child found;
	int ends[2];

	madvise(p, pages * PAGE, MADV_NOHUGEPAGE);
	touch(p, pages);
	if (pipe(ends))
		die("pipe");

	pid_t pid = fork();

	if (pid == 0) {
		found.faults = faults();
		found.took = now();
		touch(p, pages);
		found.took = now() - found.took;
		found.faults = faults() - found.faults;
		_exit(write(ends[1], &found, sizeof(found)) != sizeof(found));
	}
	if (pid < 0)
		die("fork");
	if (read(ends[0], &found, sizeof(found)) != sizeof(found))
		die("read");
	waitpid(pid, NULL, 0);
	munmap(p, pages * PAGE);
	close(ends[0]);
	close(ends[1]);
	return found;
}

static uint64_t cow_cost(unsigned long pages)
{
	return child_writes(pages).took;
}

void bench_cow(void)
{
	const unsigned long pages = pages_of(16);
	long free_before = free_kib();
	struct child child = child_writes(pages);

	row("cow_break", child.took, pages);
	rule("cow_break", "faults", child.faults, pages, pages);
	rule_free("cow_break", free_before, 128);
	linear("cow_break", cow_cost, pages, child.took, false);
}

/* The parent writes again what a child that lives on still shares: a database's snapshot. */
static uint64_t rewrite_cost(unsigned long pages)
{
	char *p = map(pages * PAGE, RW, ANON, -1), end;
	int ends[2];
	uint64_t t;

	madvise(p, pages * PAGE, MADV_NOHUGEPAGE);
	touch(p, pages);
	if (pipe(ends))
		die("pipe");

	pid_t pid = fork();

	if (pid == 0) {
		close(ends[1]);
		_exit(read(ends[0], &end, 1) != 0);
	}
	if (pid < 0)
		die("fork");

	/* The stack is shared, too: what of it these calls use is ours again before it counts. */
	touch(p, 0);
	(void)now();
	long before = faults();

	t = now();
	touch(p, pages);
	t = now() - t;
	rule("fork_rewrite_128", "faults", faults() - before, pages, pages);
	close(ends[0]);
	close(ends[1]);
	waitpid(pid, NULL, 0);
	munmap(p, pages * PAGE);
	return t;
}

void bench_rewrite(void)
{
	const unsigned long pages = pages_of(128);
	long free_before = free_kib();
	uint64_t cost = rewrite_cost(pages);

	row("fork_rewrite_128", cost, pages);
	rule_free("fork_rewrite_128", free_before, 128);
	linear("fork_rewrite_128", rewrite_cost, pages, cost, false);
}

static void bench_exec(const char *name, const char *program, char *const argv[])
{
	long free_before = free_kib();
	uint64_t t = now();

	for (int i = 0; i < ROUNDS; i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			execv(program, argv);
			_exit(127);
		}
		if (waitpid(pid, &status, 0) != pid || status)
			die(program);
	}
	row(name, now() - t, ROUNDS);
	rule_free(name, free_before, 256);
}

void bench_exec_static(void)
{
	bench_exec("fork_exec_exit_static", self, (char *[]){self, "exit", NULL});
}

void bench_exec_busybox(void)
{
	bench_exec("fork_exec_exit_busybox_true", "/bin/busybox",
		   (char *[]){"busybox", "true", NULL});
}
