/*
 * Runs the tests of one program, each in a process of its own, and says
 * `ok NAME` or `not ok NAME` for each; tools/count-tests.sh adds them up.
 */
#define _GNU_SOURCE
#include "harness.h"
#include "lib/assert.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Limits of one test, in seconds: a spinning one, and a sleeping one on a loaded machine. */
#define CPU_LIMIT  180
#define WALL_LIMIT 1800

u64 test_seed(void)
{
	const char *seed = getenv("SEED");

	return seed ? strtoull(seed, NULL, 0) : 1;
}

u64 random_u64(struct random *random)
{
	u64 z = (random->state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static int no_warnings(void **state)
{
	if (warn_count)
		print_error("%u warnings from the kernel\n", warn_count);
	return warn_count != 0;
}

static int run_here(const struct CMUnitTest *test)
{
	struct CMUnitTest one[] = {*test};

	if (!one[0].teardown_func)
		one[0].teardown_func = no_warnings;
	return _cmocka_run_group_tests(test->name, one, 1, NULL, NULL);
}

/* "passed", or what went wrong. */
static const char *run_forked(const struct CMUnitTest *test)
{
	static char how[64];
	int status;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child < 0)
		return "cannot fork";
	if (child == 0) {
		setrlimit(RLIMIT_CPU, &(struct rlimit){CPU_LIMIT, CPU_LIMIT + 5});
		alarm(WALL_LIMIT);
		exit(run_here(test) ? 1 : 0);
	}
	if (waitpid(child, &status, 0) != child)
		return "lost";
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return "passed";
	if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "%s",
			 WTERMSIG(status) == SIGALRM ? "hangs" : strsignal(WTERMSIG(status)));
	else
		snprintf(how, sizeof(how), "exit status %d", WEXITSTATUS(status));
	return how;
}

static bool chosen(const char *name, char **patterns)
{
	if (!*patterns)
		return true;
	for (; *patterns; patterns++)
		if (strstr(name, *patterns))
			return true;
	return false;
}

int run_host_tests(const char *file, const struct CMUnitTest *tests, size_t n, char **argv)
{
	const char *suite = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
	int suite_length = strcspn(suite, ".");
	unsigned failed = 0, ran = 0;

	for (size_t i = 0; i < n; i++) {
		const char *how;

		if (!chosen(tests[i].name, argv + 1))
			continue;
		ran++;
		if (getenv("NOFORK"))
			how = run_here(&tests[i]) ? "failed" : "passed";
		else
			how = run_forked(&tests[i]);
		if (strcmp(how, "passed") == 0) {
			printf("ok %.*s.%s\n", suite_length, suite, tests[i].name);
		} else {
			printf("not ok %.*s.%s (%s; repeat: SEED=%llu %s %s)\n", suite_length,
			       suite, tests[i].name, how, (unsigned long long)test_seed(), argv[0],
			       tests[i].name);
			failed++;
		}
		fflush(stdout);
	}
	return failed || !ran;
}
