/*
 * Failing allocations (failing.h).
 *
 * Every operation goes through all its n once, to fill what caches the kernel has,
 * then some more times between two measurements: what is lost each time adds up.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "failing.h"
#include "leak.h"
#include "procfs.h"

#define ROUNDS 4
#define MOST   2000 /* allocations of one operation */
#define MAPS   (1 << 16)
#define TRIES  5

static int fail_fd = -1;
static pid_t armed; /* whose it is */
static char maps_before[MAPS];

void failing_needed(void)
{
	if (access("/proc/self/fail-nth", W_OK))
		skip("no fault injection here");
}

/* Opening may be what fails. */
static void open_own(void)
{
	close(fail_fd); /* a parent's is not ours */
	do
		fail_fd = open("/proc/thread-self/fail-nth", O_RDWR);
	while (fail_fd < 0 && errno == ENOMEM);
	must(fail_fd);
}

void failing_arm(unsigned n)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", n);

	if (armed != getpid())
		open_own();
	armed = getpid();
	must(pwrite(fail_fd, text, length, 0));
}

unsigned failing_disarm(void)
{
	char text[16] = "";

	if (armed != getpid())
		open_own();
	must(pread(fail_fd, text, sizeof(text) - 1, 0));
	must(pwrite(fail_fd, "0", 1, 0));
	return atoi(text);
}

/* With the n-th failing. Returns whether one did. */
static bool run_with(const struct operation *operation, unsigned n)
{
	if (operation->prepare)
		operation->prepare();
	strncpy(maps_before, read_text("/proc/self/maps"), sizeof(maps_before) - 1);
	failing_arm(n);
	errno = 0;

	long result = operation->run();
	int error = errno;
	bool struck = failing_disarm() == 0;

	if (result == -1) {
		if (!struck)
			fail("%s: errno %d without a failed allocation (n = %u)", operation->name,
			     error, n);
		if (error != ENOMEM && error != operation->error)
			fail("%s: errno %d with allocation %u failing", operation->name, error, n);
		char *maps = read_text("/proc/self/maps");

		if (!operation->partly && strcmp(maps_before, maps)) {
			printf("# before:\n%s# after:\n%s", maps_before, maps);
			fail("%s: half done with allocation %u failing", operation->name, n);
		}
	}
	if (operation->undo)
		operation->undo(result != -1);
	return struck;
}

static unsigned run_all(const struct operation *operation)
{
	unsigned n = 1;

	while (run_with(operation, n))
		if (n++ == MOST)
			fail("%s: allocation %u failed, and there is no end", operation->name, n);
	return n - 1;
}

/* What is lost is lost each time; a cache that has taken something is full some time. */
static void expect_no_leak(const struct operation *operation)
{
	static struct usage before;
	const char *leak = NULL;

	for (int try = 0; try < TRIES; try++) {
		leak_measure(&before);
		for (int round = 0; round < ROUNDS; round++)
			run_all(operation);
		leak = leak_found(&before, ROUNDS - 1, ROUNDS - 1);
		if (!leak)
			return;
	}
	fail("%s: %s after %d rounds, again and again", operation->name, leak, ROUNDS);
}

void failing_run(const struct operation *operations, unsigned n)
{
	failing_needed();
	leak_exact(true);
	for (unsigned i = 0; i < n; i++) {
		unsigned failed = run_all(&operations[i]);

		expect_no_leak(&operations[i]);
		printf("# %s: %u allocations\n", operations[i].name, failed);
	}
	leak_exact(false);
}
