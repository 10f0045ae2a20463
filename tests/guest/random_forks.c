/*
 * A tree of processes that fork, write and die in random order over the same 32
 * pages, half of them private and half shared. Each process checks before it ends
 * that its private pages hold what it and its ancestors wrote, and nobody else.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"

#define PAGES 32
#define DEPTH 5

static unsigned char *private_pages;
static unsigned long *shared_counters; /* one a page, in shared memory */
static unsigned char wanted[PAGES];
static unsigned long state;

static void write_some(void)
{
	for (int i = random_next(&state) % 12; i > 0; i--) {
		int page = random_next(&state) % PAGES;

		private_pages[page * page_size] = wanted[page] = random_next(&state);
		__atomic_fetch_add(
			&shared_counters[random_next(&state) % PAGES * page_size / sizeof(long)], 1,
			__ATOMIC_RELAXED);
	}
}

static void check_all(int depth)
{
	for (int i = 0; i < PAGES; i++)
		if (private_pages[i * page_size] != wanted[i])
			fail("depth %d: page %d holds %d, not %d", depth, i,
			     private_pages[i * page_size], wanted[i]);
}

static void live(int depth)
{
	pid_t children[3];
	int count = 0;

	for (int i = random_next(&state) % 3; depth < DEPTH && i >= 0; i--) {
		write_some();
		unsigned long seed = random_next(&state);
		pid_t child = must(fork());
		if (child == 0) {
			state = seed;
			live(depth + 1);
			_exit(0);
		}
		children[count++] = child;
		write_some();
		check_all(depth);
		if (random_next(&state) % 2)
			expect_equal(wait_child(children[--count]), 0);
	}
	write_some();
	check_all(depth);
	while (count)
		expect_equal(wait_child(children[--count]), 0);
	check_all(depth);
}

static void random_tree(void)
{
	state = random_seed();
	private_pages = must(mmap(NULL, PAGES * page_size, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	shared_counters = must(mmap(NULL, PAGES * page_size, PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	for (int round = 0; round < 5; round++)
		live(0);
	must(munmap(private_pages, PAGES * page_size));
	must(munmap(shared_counters, PAGES * page_size));
}

int main(void)
{
	run("random-forks", random_tree);
	return finish();
}
