/*
 * Reading /proc about processes that come and go: fork, map, run other programs, start
 * threads and die, while others read all there is of them, and of every frame. Nothing hangs,
 * nothing is read of what has gone (the kernel checks itself afterwards).
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/check.h"

#define SECONDS  4
#define CHURNERS 3
#define READERS  3

static time_t end;
static unsigned long seed;

static bool going_on(void)
{
	return time(NULL) < end;
}

static void *touch_and_end(void *area)
{
	memset(area, 1, 64 * page_size);
	return NULL;
}

static void short_life(unsigned long *state)
{
	char *area =
		mmap(NULL, 64 * page_size, PROT_READ | PROT_WRITE,
		     (random_next(state) % 2 ? MAP_PRIVATE : MAP_SHARED) | MAP_ANONYMOUS, -1, 0);
	pthread_t thread;

	if (area == MAP_FAILED)
		_exit(1);
	switch (random_next(state) % 5) {
	case 0: memset(area, 1, 64 * page_size); break;
	case 1:
		if (!pthread_create(&thread, NULL, touch_and_end, area))
			munmap(area, 32 * page_size);
		break;
	case 2:
		memset(area, 1, 32 * page_size);
		execl("/bin/busybox", "true", NULL);
		break;
	case 3:
		mprotect(area, 16 * page_size, PROT_NONE);
		madvise(area, 64 * page_size, MADV_DONTNEED);
		break;
	default: mlock(area, 16 * page_size);
	}
	_exit(0);
}

static void churn(int n)
{
	unsigned long state = seed + n;

	while (going_on()) {
		pid_t pid = fork();

		if (pid == 0)
			short_life(&state);
		random_next(&state);
		if (pid > 0 && random_next(&state) % 4 == 0)
			kill(pid, SIGKILL);
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
}

static unsigned long read_whole(const char *file, uint64_t from)
{
	static char buffer[65536];
	unsigned long bytes = 0;
	int fd = open(file, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return 0;
	while (bytes < 1 << 18 && (n = pread(fd, buffer, sizeof(buffer), from + bytes)) > 0)
		bytes += n;
	close(fd);
	return bytes;
}

static void read_process(const char *pid)
{
	static const char *const files[] = {"stat",    "status",       "statm",     "maps",
					    "smaps",   "smaps_rollup", "numa_maps", "auxv",
					    "environ", "cmdline",      "oom_score", "limits",
					    "io",      "mountinfo",    "wchan",     "comm"};
	char name[320], target[64];

	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(name, sizeof(name), "/proc/%s/%s", pid, files[i]);
		read_whole(name, 0);
	}
	snprintf(name, sizeof(name), "/proc/%s/pagemap", pid);
	read_whole(name, 0x400000 / page_size * 8);
	snprintf(name, sizeof(name), "/proc/%s/exe", pid);
	(void)!readlink(name, target, sizeof(target));
	for (int dir = 0; dir < 2; dir++) {
		snprintf(name, sizeof(name), dir ? "/proc/%s/task" : "/proc/%s/fd", pid);
		DIR *list = opendir(name);

		while (list && readdir(list))
			;
		if (list)
			closedir(list);
	}
}

static void read_all(int n)
{
	while (going_on()) {
		DIR *proc = opendir("/proc");
		struct dirent *entry;

		while (proc && (entry = readdir(proc)))
			if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
				read_process(entry->d_name);
		closedir(proc);
		if (n == 0) {
			read_whole("/proc/kpageflags", 0);
			read_whole("/proc/kpagecount", 0);
			read_whole("/proc/slabinfo", 0);
			read_whole("/proc/vmallocinfo", 0);
			read_whole("/proc/zoneinfo", 0);
		}
		if (n == 1 && is_pagoda()) {
			int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

			(void)!write(fd, "3", 1);
			close(fd);
		}
	}
}

static void readers_and_the_dying(void)
{
	pid_t all[CHURNERS + READERS];

	seed = random_seed();
	end = time(NULL) + SECONDS;
	fflush(stdout);
	for (int i = 0; i < CHURNERS + READERS; i++) {
		all[i] = must(fork());
		if (all[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (i < CHURNERS)
				churn(i);
			else
				read_all(i - CHURNERS);
			_exit(0);
		}
	}
	for (int i = 0; i < CHURNERS + READERS; i++)
		expect_equal(wait_child(all[i]), 0);
}

int main(void)
{
	run("dying-readers", readers_and_the_dying);
	return finish();
}
