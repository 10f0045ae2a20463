/*
 * The object floor against the best user-space allocators: nanoseconds per operation on
 * one CPU of the soft machine, release build (docs: "The numbers to beat", objects of 64
 * bytes). Each row is the median of several runs.
 *
 *     make bench-slab
 */
#include "machine/soft.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/kva/kva.h"
#include "mm/lru/lru.h"
#include "mm/slab/slab.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define N    100000
#define RUNS 21

static struct kmem_cache *cache;
static void *object[N];
static unsigned order[N];
static u64 seed = 1;

static u64 now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* others may run on this host, too */
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static unsigned below(unsigned limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % limit;
}

static int smaller(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values)
{
	qsort(values, RUNS, sizeof(*values), smaller);
	return values[getenv("MIN") ? 0 : RUNS / 2];
}

static double pair(void)
{
	u64 start = now_ns();

	for (unsigned i = 0; i < N * 10; i++) {
		void *p = kmem_cache_alloc(cache, GFP_KERNEL);

		__asm__ volatile("" : "+r"(p));
		kmem_cache_free(cache, p);
	}
	return (double)(now_ns() - start) / (N * 10);
}

static double kmalloc_pair(void)
{
	u64 start = now_ns();

	for (unsigned i = 0; i < N * 10; i++) {
		void *p = kmalloc(64, GFP_KERNEL);

		__asm__ volatile("" : "+r"(p));
		kfree(p);
	}
	return (double)(now_ns() - start) / (N * 10);
}

static double batch(void)
{
	u64 start = now_ns();

	for (unsigned i = 0; i < N; i++)
		object[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	return (double)(now_ns() - start) / N;
}

static double free_in_order(void)
{
	u64 start = now_ns();

	for (unsigned i = 0; i < N; i++)
		kmem_cache_free(cache, object[i]);
	return (double)(now_ns() - start) / N;
}

static double free_at_random(void)
{
	u64 start;

	for (unsigned i = 0; i < N; i++)
		order[i] = i;
	for (unsigned i = N - 1; i > 0; i--) {
		unsigned other = below(i + 1), kept = order[i];

		order[i] = order[other];
		order[other] = kept;
	}
	start = now_ns();
	for (unsigned i = 0; i < N; i++)
		kmem_cache_free(cache, object[order[i]]);
	return (double)(now_ns() - start) / N;
}

/* Replace objects at random; each is written to when it is new and read before it goes. */
static double replace(void)
{
	u64 start = now_ns();

	for (unsigned i = 0; i < N; i++) {
		unsigned k = below(N);

		kmem_cache_free(cache, object[k]);
		object[k] = kmem_cache_alloc(cache, GFP_KERNEL);
	}
	return (double)(now_ns() - start) / N;
}

static double touch_all(void)
{
	u64 start = now_ns();

	for (unsigned i = 0; i < N; i++)
		++*(volatile u64 *)object[i];
	return (double)(now_ns() - start) / N;
}

int main(int argc, char **argv)
{
	static double row[8][RUNS];
	static const char *name[8] = {"pair",
				      "kmalloc(64) + kfree pair",
				      "allocate 1e5 in a batch",
				      "free in order",
				      "free in random order",
				      "random replace",
				      "touch after refill",
				      "16 KiB: vmalloc / kmalloc"};
	static const char *goal[8] = {"3.4", "", "4.3", "", "7.2", "20", "", ""};

	soft_machine_init(&(struct soft_config){.ram = {{0, 256 << 20, 0}}});
	frame_init();
	lru_init();
	slab_init();
	kva_init();
	cache = kmem_cache_create("bench-64", 64, 0, 0, NULL);
	if (argc > 1 && strcmp(argv[1], "-b") == 0)
		slab_tune("bench-64", atoi(argv[2]), atoi(argv[3]), 0);
	for (unsigned run = 0; run < RUNS; run++) {
		row[0][run] = pair();
		row[1][run] = kmalloc_pair();
		row[2][run] = batch();
		row[3][run] = free_in_order();
		batch();
		row[4][run] = free_at_random();
		batch();
		row[6][run] = touch_all();
		row[5][run] = replace();
		free_at_random();

		u64 start = now_ns();
		for (unsigned i = 0; i < 1000; i++) {
			void *p = vmalloc(16384);

			vfree(p);
		}
		u64 middle = now_ns();
		for (unsigned i = 0; i < 1000; i++) {
			void *p = kmalloc(16384, GFP_KERNEL);

			kfree(p);
		}
		row[7][run] = (double)(middle - start) / (double)(now_ns() - middle);
	}
	for (unsigned i = 0; i < 8; i++)
		printf("object64 %-28s %7.2f %s%s\n", name[i], median(row[i]),
		       *goal[i] ? "  goal " : "", goal[i]);
	return 0;
}
