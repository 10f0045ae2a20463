/*
 * /proc/PID/oom_score and oom_score_adj: how bad a process is when memory runs out, in two thirds
 * of thousandths of memory, and who may say that it is better.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/procfs.h"

static long score_of(const char *pid)
{
	char file[64];

	snprintf(file, sizeof(file), "/proc/%s/oom_score", pid);
	return strtol(read_text(file), NULL, 10);
}

static long adj(void)
{
	return strtol(read_text("/proc/self/oom_score_adj"), NULL, 10);
}

static int set_adj(const char *text)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY), error = 0;

	if (fd < 0)
		return errno;
	if (write(fd, text, strlen(text)) < 0)
		error = errno;
	close(fd);
	return error;
}

/* Of a large machine's memory a program of 32 bits has no quarter. */
#define MOST_KIB (512L << 10)

static void follows_memory(void)
{
	const long total = read_number("/proc/meminfo", "MemTotal"), before = score_of("self");
	const long kib = total / 4 < MOST_KIB ? total / 4 : MOST_KIB;
	const long score = (long)(1000LL * kib / total * 2 / 3);
	const size_t bytes = (size_t)kib / 4 * 4096;
	char *area;

	expect_between(before, 666, 720); /* nearly nothing is 2/3 of 1000 */
	area = must(mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	memset(area, 1, bytes);
	expect_between(score_of("self") - before, score - 3, score + 3);
	must(munmap(area, bytes));
	expect_between(score_of("self") - before, -2, 2);
}

static void is_moved(void)
{
	const long total = read_number("/proc/meminfo", "MemTotal") / 4, before = score_of("self");
	const long by = 500 * (total / 1000) * 1000 / total * 2 / 3; /* in whole thousandths */

	expect_equal(set_adj("500\n"), 0);
	expect_equal(adj(), 500);
	expect_between(score_of("self") - before, by - 3, by + 3);
	expect_equal(set_adj("-500"), 0);
	expect_between(before - score_of("self"), by - 3, by + 3);
	expect_equal(set_adj("-1000"), 0);
	expect_equal(score_of("self"), 0);
	expect_equal(set_adj("0"), 0);
	expect_equal(score_of("self"), before);
	expect_equal(score_of("1"), 0); /* init is never chosen */
}

static void bounds(void)
{
	static const char *const bad[] = {"1001", "-1001", "x", "\n"};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_equal(set_adj(bad[i]), EINVAL);
	expect_equal(set_adj("1000"), 0);
	expect_equal(set_adj("0"), 0);
}

/* Anybody may look worse, and back to where root let him be; no further. */
static void as_nobody(void)
{
	expect_equal(set_adj("100"), 0);
	must(setuid(1000));
	must(prctl(PR_SET_DUMPABLE, 1));
	expect_equal(set_adj("300"), 0);
	expect_equal(set_adj("50"), EACCES);
	expect_equal(set_adj("100"), 0);
	expect_equal(set_adj("99"), EACCES);
	expect_equal(adj(), 100);
}

static void rights(void)
{
	expect_child_ok(as_nobody);
}

static void inherited(void)
{
	expect_equal(adj(), 250);
}

static void by_fork(void)
{
	expect_equal(set_adj("250"), 0);
	expect_child_ok(inherited);
	expect_equal(set_adj("0"), 0);
}

/* SigQ in /proc/PID/status: signals that are queued. */
static void queued_signals(void)
{
	const int signal = SIGRTMIN + 1;
	sigset_t set;
	char *at;

	sigemptyset(&set);
	sigaddset(&set, signal);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	at = strstr(read_text("/proc/self/status"), "SigQ:");
	const long before = strtol(at + 5, &at, 10);

	expect(*at == '/');
	for (int i = 0; i < 3; i++)
		must(sigqueue(getpid(), signal, (union sigval){.sival_int = i}));
	at = strstr(read_text("/proc/self/status"), "SigQ:");
	expect_equal(strtol(at + 5, NULL, 10) - before, 3);
	for (int i = 0; i < 3; i++)
		must(sigwaitinfo(&set, NULL));
	must(sigprocmask(SIG_UNBLOCK, &set, NULL));
}

int main(void)
{
	run("oom-score-memory", follows_memory);
	run("oom-score-moved", is_moved);
	run("oom-score-bounds", bounds);
	run("oom-score-rights", rights);
	run("oom-score-fork", by_fork);
	run("status-queued-signals", queued_signals);
	return finish();
}
