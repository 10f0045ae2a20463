/*
 * Memory has run out (SYSTEM.md S45, X11): one process goes, the worst, wherever it is and whatever
 * it waits for; all others go on, and the log says why.
 *
 * A hog takes memory until it is killed. It shares one page with the test, to be told from the rest of it.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/procfs.h"

#define STORMS  30
#define SECONDS 10 /* that they take, at most: to fill memory is not quick everywhere */

static void write_number(const char *file, int number)
{
	char text[16];
	const int fd = must(open(file, O_WRONLY)), n = snprintf(text, sizeof(text), "%d", number);

	expect_equal(must(write(fd, text, n)), n);
	must(close(fd));
}

static long kills(void)
{
	return read_number("/proc/vmstat", "oom_kill");
}

#define CHUNK (64UL << 10)

/* Touch so many KiB. */
static void take(unsigned long kib)
{
	for (unsigned long i = 0; i < kib; i += CHUNK >> 10) {
		char *memory = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (memory == MAP_FAILED)
			fail("mmap: errno %d", errno);
		memset(memory, 1, CHUNK);
	}
}

static void hog(void)
{
	write_number("/proc/self/oom_score_adj", 200);
	take(1 << 30);
}

static void no_swap(void)
{
	if (read_number("/proc/meminfo", "SwapTotal"))
		skip("to fill a disk takes long");
}

/* All may have as much as they ask for. */
static void overcommit(void)
{
	if (read_number("/proc/meminfo", "SwapTotal") > 256 << 10 ||
	    read_number("/proc/meminfo", "MemTotal") > 100 << 10)
		skip("so much takes long to fill");
	write_number("/proc/sys/vm/overcommit_memory", 1);
}

static void be_killed(pid_t child)
{
	const int status = wait_child(child);

	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		fail("the hog ended with status %#x", status);
}

static void one_goes(void)
{
	const long before = (overcommit(), kills());

	be_killed(start_child(hog));
	expect_equal(kills() - before, 1);
}

static void storms(void)
{
	const long before = (no_swap(), overcommit(), kills());
	const time_t stop_at = time(NULL) + SECONDS;
	int n;

	for (n = 0; n < STORMS && time(NULL) < stop_at; n++)
		be_killed(start_child(hog));
	expect_equal(kills() - before, n);
}

static void several(void)
{
	pid_t pid[4];

	overcommit();
	for (int i = 0; i < 4; i++)
		pid[i] = start_child(hog);
	for (int i = 0; i < 4; i++)
		be_killed(pid[i]);
}

/* --- the victim --- */

static unsigned long half; /* KiB, about */

static unsigned long available(void)
{
	usleep(500000); /* what was killed may still be on its way out */
	return read_number("/proc/meminfo", "MemAvailable") +
	       read_number("/proc/meminfo", "SwapFree");
}

static int full[2];

static void take_half_and_tell(void)
{
	write_number("/proc/self/oom_score_adj", 100);
	take(half);
	must(write(full[1], "", 1));
}

/* A process with half of memory that does something; another one needs the rest and more. */
static void worst_is(void (*body)(void), int adj)
{
	pid_t large, small;
	char byte;

	half = available() * 7 / 10;
	must(pipe(full));
	large = start_child(body);
	expect_equal(must(read(full[0], &byte, 1)), 1);
	small = fork();
	if (small == 0) {
		write_number("/proc/self/oom_score_adj", adj);
		take(half);
		_exit(0);
	}
	be_killed(large);
	expect_equal(wait_child(small), 0);
	must(close(full[0]));
	must(close(full[1]));
}

static void sleeper(void)
{
	take_half_and_tell();
	for (;;)
		pause();
}

static void blocked(void)
{
	int never[2];
	char byte;

	signal(SIGTERM, SIG_IGN);
	must(pipe(never));
	take_half_and_tell();
	(void)!read(never[0], &byte, 1);
}

static void stopped(void)
{
	take_half_and_tell();
	raise(SIGSTOP);
}

static void asleep(void)
{
	no_swap();
	overcommit();
	worst_is(sleeper, 0);
	worst_is(blocked, 0);
	worst_is(stopped, 0);
}

static void exempt(void)
{
	const pid_t child = (no_swap(), overcommit(), fork());

	if (child == 0) {
		write_number("/proc/self/oom_score_adj", -1000);
		half = available() / 2;
		take(half);
		be_killed(start_child(hog)); /* smaller, yet it goes */
		_exit(0);
	}
	expect_equal(wait_child(child), 0);
}

static void allocating_task(void)
{
	no_swap();
	overcommit();
	write_number("/proc/sys/vm/oom_kill_allocating_task", 1);
	half = available() * 6 / 10;
	must(pipe(full));

	const pid_t large = start_child(sleeper);
	char byte;

	expect_equal(must(read(full[0], &byte, 1)), 1);
	be_killed(start_child(hog));
	write_number("/proc/sys/vm/oom_kill_allocating_task", 0);
	expect_equal(kill(large, 0), 0);
	must(kill(large, SIGKILL));
	be_killed(large);
	must(close(full[0]));
	must(close(full[1]));
}

/* --- the report --- */

static void says_why(void)
{
	static char log[1 << 18];
	const char *const lines[] = {
		"invoked oom-killer: gfp_mask=0x",
		"Mem-Info:",
		"Tasks state (memory values in pages):",
		"[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj "
		"name",
		"oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null)",
		"Out of memory: Killed process",
		"oom_score_adj:200",
	};
	int n;

	overcommit();
	be_killed(start_child(hog));
	n = must(klogctl(3, log, sizeof(log) - 1)); /* SYSLOG_ACTION_READ_ALL */
	log[n] = '\0';
	for (unsigned i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		if (!strstr(log, lines[i]))
			fail("the log has no \"%s\"", lines[i]);
}

int main(void)
{
	const int mode = atoi(read_text("/proc/sys/vm/overcommit_memory"));

	run("oom-one-goes", one_goes);
	run("oom-asleep", asleep);
	run("oom-exempt", exempt);
	run("oom-allocating-task", allocating_task);
	run("oom-says-why", says_why);
	run("oom-several", several);
	run("oom-storms", storms);
	write_number("/proc/sys/vm/overcommit_memory", mode);
	return finish();
}
