/*
 * /proc/PID/io and stat count for the process, /proc/PID/task/TID/ for one thread; what ended threads
 * did stays with the process.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/procfs.h"

#define CALLS 1000
#define BYTES 100

static int devnull;
static int go[2], done[2];
static pid_t tid;

static void *write_much(void *unused)
{
	char buffer[BYTES] = "", byte;

	tid = syscall(SYS_gettid);
	for (int i = 0; i < CALLS; i++)
		if (write(devnull, buffer, BYTES) != BYTES)
			return NULL;
	(void)!write(done[1], "", 1);
	(void)!read(go[0], &byte, 1);
	return unused;
}

static void threads_count(void)
{
	char of_thread[64], byte;
	pthread_t thread;
	long bytes, calls;

	devnull = must(open("/dev/null", O_WRONLY));
	must(pipe(go));
	must(pipe(done));
	bytes = read_number("/proc/self/io", "wchar");
	calls = read_number("/proc/self/io", "syscw");
	expect(pthread_create(&thread, NULL, write_much, NULL) == 0);
	expect_equal(must(read(done[0], &byte, 1)), 1);

	snprintf(of_thread, sizeof(of_thread), "/proc/self/task/%d/io", tid);
	expect_between(read_number(of_thread, "wchar"), CALLS * BYTES, CALLS * BYTES + 1);
	expect_between(read_number(of_thread, "syscw"), CALLS, CALLS + 1);
	expect_equal(read_number("/proc/self/io", "wchar") - bytes, CALLS * BYTES + 1);
	expect_equal(read_number("/proc/self/io", "syscw") - calls, CALLS + 1);
	snprintf(of_thread, sizeof(of_thread), "/proc/self/task/%d/io", getpid());
	expect(read_number(of_thread, "wchar") < CALLS * BYTES);

	must(write(go[1], "", 1));
	pthread_join(thread, NULL);
	/* The thread has gone, what it did has not. */
	for (int i = 0; i < 50 && !access(of_thread, F_OK); i++) {
		snprintf(of_thread, sizeof(of_thread), "/proc/self/task/%d", tid);
		usleep(10000);
	}
	expect_equal(read_number("/proc/self/io", "wchar") - bytes, CALLS * BYTES + 2);
	expect_equal(read_number("/proc/self/io", "syscw") - calls, CALLS + 2);
}

int main(void)
{
	run("task-io-threads", threads_count);
	return finish();
}
