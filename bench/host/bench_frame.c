/*
 * The frame allocator on the host: nanoseconds and instructions per operation of the
 * release build, on the soft machine with 1.2 GiB.
 *
 *   pair         one page taken and given back, again and again
 *   take, give   262144 pages taken; then given back in random order
 *   mixed        blocks of order 0..10 at random, three quarters of memory in use
 *
 * Of several rounds the fastest and the median are shown: other programs on the
 * machine can only make a round slower.  Instructions are counted by running a
 * few operations step by step (the processor's trap flag), exactly and without any
 * counter that a virtual machine may lack.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include "lib/assert.h"
#include "machine/soft.h"
#include "mm/frame/frame.h"

#define PAGES  262144
#define ROUNDS 15

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* others may run on this host, too */
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static u64 random_state = 88172645463325252ULL;

static u64 random_number(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void row(const char *name, double *ns, double goal)
{
	qsort(ns, ROUNDS, sizeof(*ns), by_value);
	printf("%-28s %7.2f ns  (median %7.2f, goal %g)\n", name, ns[0], ns[ROUNDS / 2], goal);
}

/* ---- instructions ---- */

static volatile unsigned long steps;

static void count_step(int signal)
{
	steps++;
}

#ifdef __x86_64__
#define TRAP_FLAG(op)                                                      \
	__asm__ volatile("lea -128(%%rsp), %%rsp; pushfq; " op "; popfq; " \
			 "lea 128(%%rsp), %%rsp" ::                        \
				 : "memory", "cc")
static unsigned long instructions(void (*fn)(unsigned n), unsigned n)
{
	struct sigaction action = {.sa_handler = count_step};

	sigaction(SIGTRAP, &action, NULL);
	steps = 0;
	TRAP_FLAG("orq $0x100, (%%rsp)");
	fn(n);
	TRAP_FLAG("andq $~0x100, (%%rsp)");
	return steps;
}
#else
static unsigned long instructions(void (*fn)(unsigned n), unsigned n)
{
	return 0;
}
#endif

/* By difference, so that the call and the loop's ends do not count. */
static void instruction_row(const char *name, void (*fn)(unsigned n), unsigned n, unsigned goal)
{
	fn(n);
	unsigned long twice = instructions(fn, 2 * n), once = instructions(fn, n);

	printf("%-28s %7.2f instructions  (goal %u)\n", name, (double)(twice - once) / n, goal);
}

/* ---- the rows ---- */

static void __noinline pairs(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct page *page = alloc_page(GFP_KERNEL);

		__asm__ volatile("" ::"r"(page) : "memory");
		__free_page(page);
	}
}

static void pair(void)
{
	double ns[ROUNDS];

	for (unsigned round = 0; round < ROUNDS; round++) {
		double start = now();

		pairs(2000000);
		ns[round] = (now() - start) / 2000000;
	}
	row("order 0, pair", ns, 5);
	instruction_row("order 0, pair", pairs, 200, 75);
}

static struct page *held[PAGES];
static unsigned left; /* of them, from the beginning */

static void __noinline take_all(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		held[i] = alloc_page(GFP_HIGHUSER_MOVABLE | __GFP_NOWARN);
		BUG_ON(!held[i]);
	}
	left = n;
}

static void __noinline give_all(unsigned n)
{
	while (n-- > 0)
		__free_page(held[--left]);
}

static void shuffle(unsigned n)
{
	for (unsigned i = n - 1; i > 0; i--) {
		unsigned j = (unsigned)(random_number() % (i + 1));

		swap(held[i], held[j]);
	}
}

static void take_and_give(void)
{
	double take[ROUNDS], give[ROUNDS];

	for (unsigned round = 0; round < ROUNDS; round++) {
		double start = now();

		take_all(PAGES);
		take[round] = (now() - start) / PAGES;
		shuffle(PAGES);
		start = now();
		give_all(PAGES);
		give[round] = (now() - start) / PAGES;
	}
	row("order 0, take 262144", take, 35);
	row("order 0, give at random", give, 35);

	take_all(PAGES);
	shuffle(PAGES);
	give_all(PAGES / 2);
	unsigned long n = instructions(give_all, 2000);
	give_all(left);
	printf("%-28s %7.2f instructions\n", "order 0, give at random", (double)n / 2000);
}

static struct {
	struct page *page;
	unsigned order;
} block[PAGES];
static unsigned blocks;

static void __noinline take_block(unsigned order)
{
	struct page *page = alloc_pages(GFP_NOWAIT | __GFP_NOWARN, order);

	if (page) {
		block[blocks].page = page;
		block[blocks++].order = order;
	}
}

/* Give a random block back, take one of a random order; the choices are made beforehand. */
#define MIXED_OPS 200000
static u32 choice[2 * MIXED_OPS];

static void __noinline mix(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned j = (unsigned)((u64)choice[2 * i] * blocks >> 32);

		__free_pages(block[j].page, block[j].order);
		block[j] = block[--blocks];
		take_block((unsigned)((u64)choice[2 * i + 1] * MAX_ORDER >> 32));
	}
}

static void mixed(void)
{
	unsigned long total = nr_free_pages();
	double ns[ROUNDS];

	for (unsigned round = 0; round < ROUNDS; round++) {
		while (nr_free_pages() > total / 4)
			take_block((unsigned)(random_number() % MAX_ORDER));
		for (unsigned i = 0; i < ARRAY_SIZE(choice); i++)
			choice[i] = (u32)random_number();
		double start = now();

		mix(MIXED_OPS);
		ns[round] = (now() - start) / (2 * MIXED_OPS);
	}
	row("orders 0..10, 75 % full", ns, 10);
	unsigned long n = instructions(mix, 1000);
	printf("%-28s %7.2f instructions\n", "orders 0..10, 75 % full", (double)n / 2000);
}

int main(void)
{
	const struct soft_config config = {.ram = {{0, 1200UL << 20, 0}}};
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
	soft_machine_init(&config);
	/* As in the kernel, mem_map is mapped by large pages where the host has them. */
	madvise(mem_map, ALIGN_UP(PAGES * 5 / 4 * sizeof(struct page), 2UL << 20), MADV_HUGEPAGE);
	frame_init();
	pair();
	take_and_give();
	mixed();
	return 0;
}
