/*
 * The frame of a guest test (check.h). A case that fails is left by longjmp, so
 * expectations can stand in helpers as well.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

long page_size = 4096;

static jmp_buf out;
static pid_t runner;
static const char *current_name;
static int failures;

void run(const char *name, void (*test)(void))
{
	runner = getpid();
	current_name = name;
	page_size = sysconf(_SC_PAGESIZE);
	if (setjmp(out) == 0) {
		test();
		printf("ok %s\n", name);
	}
	fflush(stdout);
}

int finish(void)
{
	return failures != 0;
}

void skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("ok %s # skip ", current_name);
	vprintf(format, args);
	printf("\n");
	va_end(args);
	longjmp(out, 1);
}

void fail_at(const char *file, int line, const char *format, ...)
{
	bool child = getpid() != runner;
	const char *slash = strrchr(file, '/');
	va_list args;

	va_start(args, format);
	if (child)
		printf("# child: ");
	else
		printf("not ok %s: ", current_name);
	printf("%s:%d: ", slash ? slash + 1 : file, line);
	vprintf(format, args);
	printf("\n");
	fflush(stdout);
	va_end(args);
	if (child)
		_exit(CHILD_FAILED);
	failures++;
	longjmp(out, 1);
}

pid_t start_child(void (*body)(void))
{
	fflush(stdout);
	pid_t child = must(fork());

	if (child == 0) {
		body();
		fflush(stdout);
		_exit(0);
	}
	return child;
}

int wait_child(pid_t child)
{
	int status;
	pid_t pid;

	do
		pid = waitpid(child, &status, 0);
	while (pid < 0 && errno == EINTR);
	expect_equal(pid, child);
	return status;
}

void expect_child_ok(void (*body)(void))
{
	int status = wait_child(start_child(body));

	if (WIFSIGNALED(status))
		fail("child killed by signal %d", WTERMSIG(status));
	expect_equal(WEXITSTATUS(status), 0);
}

void expect_child_killed(void (*body)(void), int signal)
{
	int status = wait_child(start_child(body));

	if (!WIFSIGNALED(status))
		fail("child ended with %d, not by signal %d", WEXITSTATUS(status), signal);
	expect_equal(WTERMSIG(status), signal);
}

unsigned long random_seed(void)
{
	const char *given = getenv("TEST_SEED");
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	unsigned long seed =
		given ? strtoul(given, NULL, 10)
		      : ((unsigned long)now.tv_nsec * 31 + now.tv_sec + getpid()) % 1000000007;
	printf("# seed %lu\n", seed);
	fflush(stdout);
	return seed;
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
unsigned long random_next(unsigned long *state)
{
	uint64_t z = *state += (unsigned long)0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

bool is_pagoda(void)
{
	struct utsname names;

	return uname(&names) == 0 && strstr(names.release, "pagoda");
}
