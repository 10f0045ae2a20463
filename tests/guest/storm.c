/*
 * A storm of fork, exec and exit leaves memory where it was: MemFree, slabs, page
 * tables and kernel stacks. What the first rounds add (caches that fill) is let be;
 * the later rounds must not add to it.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/procfs.h"

#define ROUNDS 60

struct usage {
	long used, slab, tables, stacks;
};

static struct usage look(void)
{
	return (struct usage){
		read_number("/proc/meminfo", "MemTotal") - read_number("/proc/meminfo", "MemFree"),
		read_number("/proc/meminfo", "Slab"),
		read_number("/proc/meminfo", "PageTables"),
		read_number("/proc/meminfo", "KernelStack"),
	};
}

static void repeat(void (*once)(void))
{
	const long cpus = sysconf(_SC_NPROCESSORS_ONLN); /* each has lists of its own */

	for (int i = 0; i < ROUNDS * cpus; i++)
		once();
	usleep(50000); /* what is freed later, by design, is freed now */
	struct usage before = look();
	for (int i = 0; i < 2 * ROUNDS * cpus; i++)
		once();
	usleep(50000);
	struct usage after = look();

	/* A leak of one page a round would be 480 kB for each CPU. */
	expect_between(after.used - before.used, -100000, 400 * cpus);
	expect_between(after.slab - before.slab, -100000, 300 * cpus);
	expect_between(after.tables - before.tables, -100000, 100);
	expect_between(after.stacks - before.stacks, -100000, 100);
}

static void fork_and_exit(void)
{
	pid_t child = must(fork());

	if (child == 0)
		_exit(7);
	expect_equal(wait_child(child), 7 << 8);
}

static void touch_and_be_killed(void)
{
	pid_t child = must(fork());

	if (child == 0) {
		char *area = mmap(NULL, 64 * page_size, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		memset(area, 1, 64 * page_size);
		kill(getpid(), SIGKILL);
	}
	expect_equal(wait_child(child), SIGKILL);
}

static void execute(const char *file)
{
	pid_t child = must(fork());

	if (child == 0) {
		execl(file, "true", NULL);
		_exit(99);
	}
	expect_equal(wait_child(child), 0);
}

static void fork_and_exec(void)
{
	execute("/bin/busybox");
}

static void eight_at_once(void)
{
	pid_t children[8];

	for (int i = 0; i < 8; i++) {
		children[i] = must(fork());
		if (children[i] == 0) {
			usleep(1000 * (i % 3));
			_exit(i);
		}
	}
	for (int i = 0; i < 8; i++)
		expect_equal(wait_child(children[i]), i << 8);
}

static void map_and_unmap(void)
{
	for (int i = 0; i < 20; i++) {
		char *area = must(mmap(NULL, 600 * page_size, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
		area[0] = area[599 * page_size] = 1;
		must(munmap(area, 600 * page_size));
	}
}

static void forking(void)
{
	repeat(fork_and_exit);
}

static void killing(void)
{
	repeat(touch_and_be_killed);
}

static void executing(void)
{
	repeat(fork_and_exec);
}

static void crowding(void)
{
	repeat(eight_at_once);
}

static void mapping(void)
{
	repeat(map_and_unmap);
}

int main(void)
{
	run("storm-fork", forking);
	run("storm-kill", killing);
	run("storm-exec", executing);
	run("storm-crowd", crowding);
	run("storm-map", mapping);
	return finish();
}
