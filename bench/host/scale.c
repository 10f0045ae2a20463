/*
 * How the allocators' throughput grows with CPUs: the same work by 1, 2 and 4 CPUs of the soft
 * machine, which are threads, at the same time. `compute` shows what the host gives to so many.
 *
 *     scale NAME CPUS OPERATIONS-PER-SECOND
 *
 * The best of some rounds. A CPU's rate is by the processor time its thread got: nobody sleeps here, so what
 * locks and moving cache lines cost is in it, and what else runs on the host is not.
 */
#include <stdio.h>
#include <time.h>
#include "lib/assert.h"
#include "machine/soft.h"
#include "mm/frame/frame.h"
#include "mm/kva/kva.h"
#include "mm/lru/lru.h"
#include "mm/slab/slab.h"

#define CPUS   4
#define ROUNDS 7
#define HELD   512

static struct kmem_cache *cache;
static unsigned ready, go;     /* atomic */
static double taken[CPUS + 1]; /* each CPU's own */

static double seconds(void)
{
	struct timespec at;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
	return at.tv_sec + at.tv_nsec / 1e9;
}

static void compute(unsigned n)
{
	for (volatile unsigned i = 0; i < n; i++)
		;
}

static void frame_pair(unsigned n)
{
	while (n-- > 0)
		__free_page(alloc_page(GFP_KERNEL));
}

/* More than a CPU's list holds: the zone is asked. */
static void frame_batch(unsigned n)
{
	struct page *held[HELD];

	for (; n >= HELD; n -= HELD) {
		for (unsigned i = 0; i < HELD; i++)
			held[i] = alloc_page(GFP_KERNEL);
		for (unsigned i = 0; i < HELD; i++)
			__free_page(held[i]);
	}
}

static void object_pair(unsigned n)
{
	while (n-- > 0)
		kmem_cache_free(cache, kmem_cache_alloc(cache, GFP_KERNEL));
}

static void object_batch(unsigned n)
{
	void *held[HELD];

	for (; n >= HELD; n -= HELD) {
		for (unsigned i = 0; i < HELD; i++)
			held[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		for (unsigned i = 0; i < HELD; i++)
			kmem_cache_free(cache, held[i]);
	}
}

static const struct row {
	const char *name;
	void (*work)(unsigned n);
	unsigned n;
} rows[] = {
	{"compute", compute, 50000000},
	{"frame_pair", frame_pair, 5000000},
	{"frame_batch", frame_batch, 2000 * HELD},
	{"object_pair", object_pair, 5000000},
	{"object_batch", object_batch, 2000 * HELD},
};

static int worker(void *arg)
{
	const struct row *row = arg;

	double start;

	fetch_add(&ready, 1);
	while (!READ_ONCE(go))
		cpu_relax();
	start = seconds();
	row->work(row->n);
	taken[cpu_id()] = seconds() - start;
	return 0;
}

/* All on CPUs of their own; this thread's CPU is the first, so it starts them and sleeps. */
static double once(const struct row *row, unsigned cpus)
{
	struct task_struct *task[CPUS];
	double rate = 0;

	ready = go = 0;
	for (unsigned cpu = 0; cpu < cpus; cpu++)
		task[cpu] = soft_run(worker, (void *)row, "worker", BIT(cpu + 1));
	while (READ_ONCE(ready) < cpus)
		cpu_relax();
	WRITE_ONCE(go, 1);
	for (unsigned cpu = 0; cpu < cpus; cpu++)
		soft_join(task[cpu]);
	for (unsigned cpu = 1; cpu <= cpus; cpu++)
		rate += row->n / taken[cpu];
	return rate;
}

int main(void)
{
	soft_machine_init(&(struct soft_config){.cpus = CPUS + 1, .ram = {{0, 64 << 20, 0}}});
	frame_init();
	lru_init();
	slab_init();
	kva_init();
	for (unsigned cpu = 1; cpu <= CPUS; cpu++)
		if (frame_cpu_init(cpu) || slab_cpu_init(cpu))
			return 1;
	cache = kmem_cache_create("bench-64", 64, 0, 0, NULL);
	BUG_ON(!cache);
	for (unsigned cpus = 1; cpus <= CPUS; cpus *= 2)
		for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
			double best = 0;

			for (unsigned round = 0; round < ROUNDS; round++) {
				double now = once(&rows[i], cpus);

				best = now > best ? now : best;
			}
			printf("scale %s %u %.0f\n", rows[i].name, cpus, best);
			fflush(stdout);
		}
	return 0;
}
