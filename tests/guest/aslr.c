/*
 * Addresses by lot: where a program finds its stack, heap and mappings differs from run
 * to run, unless randomize_va_space or personality(2) says no.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/procfs.h"

#define KNOB                "/proc/sys/kernel/randomize_va_space"
#define RUNS                8

/*
 * Mappings move by 8 bits on i386: some of seven may well be where the first was (two of them
 * in one of 3000 looks); four of them never are in a lifetime of looking.
 */
#define expect_moved(count) expect_between(count, RUNS / 2, RUNS - 1)

struct places {
	unsigned long stack, heap, map;
};

static char self[256];

/* What a fresh run of this program says (look() below). */
static struct places run_once(void)
{
	struct places places;
	int ends[2];

	must(pipe(ends));
	pid_t child = must(fork());
	if (child == 0) {
		dup2(ends[1], 1);
		execl(self, "suite", "aslr", "look", NULL);
		_exit(99);
	}
	close(ends[1]);
	expect_equal(read(ends[0], &places, sizeof(places)), sizeof(places));
	close(ends[0]);
	expect_equal(wait_child(child), 0);
	return places;
}

static int look(void)
{
	struct places places = {
		.stack = (unsigned long)&places,
		.heap = (unsigned long)sbrk(0),
		.map = (unsigned long)mmap(NULL, page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
					   -1, 0),
	};

	return write(1, &places, sizeof(places)) != sizeof(places);
}

/* In how many of the other runs each place was not where it was in the first. */
static struct places differences(void)
{
	struct places first = run_once(), moved = {0};

	for (int i = 1; i < RUNS; i++) {
		struct places next = run_once();

		moved.stack += next.stack != first.stack;
		moved.heap += next.heap != first.heap;
		moved.map += next.map != first.map;
	}
	return moved;
}

static void set_knob(int value)
{
	FILE *file = fopen(KNOB, "w");

	expect(file);
	fprintf(file, "%d\n", value);
	expect_equal(fclose(file), 0);
	expect_equal(atoi(read_text(KNOB)), value);
}

static void all_by_lot(void)
{
	struct places moved = differences();

	expect_moved(moved.stack);
	expect_moved(moved.heap);
	expect_moved(moved.map);
}

static void the_same_every_time(void)
{
	struct places moved = differences();

	expect_equal(moved.stack, 0);
	expect_equal(moved.heap, 0);
	expect_equal(moved.map, 0);
}

static void none_by_sysctl(void)
{
	set_knob(0);
	the_same_every_time();
	set_knob(2);
}

static void all_but_the_heap(void)
{
	set_knob(1);
	struct places moved = differences();

	expect_moved(moved.stack);
	expect_moved(moved.map);
	expect_equal(moved.heap, 0);
	set_knob(2);
}

/* As setarch -R does it. */
static void none_by_personality(void)
{
	must(personality(ADDR_NO_RANDOMIZE));
	the_same_every_time();
	must(personality(0));
	all_by_lot();
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "look"))
		return look();
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return 1;
	run("aslr-all", all_by_lot);
	run("aslr-none", none_by_sysctl);
	run("aslr-but-heap", all_but_the_heap);
	run("aslr-personality", none_by_personality);
	return finish();
}
