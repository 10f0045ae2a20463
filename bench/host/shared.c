/*
 * Which cache lines CPUs share: the same operations by one CPU of the soft machine, then by another, under
 * `valgrind --tool=lackey --trace-mem=yes`. Each operation begins with a write to shared_mark[], so that
 * who reads the trace (bench/parts.py) knows what it belongs to: a line that both CPUs touch and one
 * of them writes would move between them.
 *
 * Each CPU is a thread with a stack of its own and warms up first.
 */
#include <stdlib.h>
#include "bench/host/measure.h"
#include "lib/assert.h"
#include "machine/soft.h"
#include "mm/frame/frame.h"
#include "mm/kva/kva.h"
#include "mm/lru/lru.h"
#include "mm/slab/slab.h"

#define OPS 2048

/* The order of parts.py's SHARED; shared_mark[2 * row + cpu], the last one ends a row. */
enum row { PAIR, TAKE, GIVE, MIXED, OBJECT_PAIR, OBJECT_BATCH, OBJECT_FREE, OBJECT_REPLACE, ROWS };
volatile char shared_mark[2 * ROWS + 1];

static struct kmem_cache *cache;
static bool warm;

/* What one CPU holds; lines of their own. */
static struct {
	void *held[OPS];
	unsigned order[OPS];
} __aligned(64) at[2];

static void begin(enum row row)
{
	shared_mark[warm ? 2 * row + cpu_id() : 2 * ROWS] = 1;
}

static void end(void)
{
	shared_mark[2 * ROWS] = 1;
}

static void shuffle(void **held)
{
	for (unsigned i = OPS - 1; i > 0; i--) {
		unsigned j = measure_random(i + 1);

		swap(held[i], held[j]);
	}
}

static void frames(void **held)
{
	for (unsigned i = 0; i < OPS; i++) {
		begin(PAIR);
		__free_page(alloc_page(GFP_KERNEL));
	}
	end();
	for (unsigned i = 0; i < OPS; i++) {
		begin(TAKE);
		held[i] = alloc_page(GFP_HIGHUSER_MOVABLE);
	}
	end();
	shuffle(held);
	for (unsigned i = 0; i < OPS; i++) {
		begin(GIVE);
		__free_page(held[i]);
	}
	end();
}

/* Blocks of order 0..10: a random one is given back, one of a random order taken. */
static void mixed(void **held, unsigned *order)
{
	for (unsigned i = 0; i < 64; i++)
		held[i] = alloc_pages(GFP_NOWAIT | __GFP_NOWARN,
				      order[i] = measure_random(MAX_ORDER));
	for (unsigned i = 0; i < OPS; i++) {
		unsigned j = measure_random(64), next = measure_random(MAX_ORDER);

		begin(MIXED);
		if (held[j])
			__free_pages(held[j], order[j]);
		begin(MIXED);
		held[j] = alloc_pages(GFP_NOWAIT | __GFP_NOWARN, next);
		end();
		order[j] = next;
	}
	for (unsigned i = 0; i < 64; i++)
		if (held[i])
			__free_pages(held[i], order[i]);
}

static void objects(void **held)
{
	for (unsigned i = 0; i < OPS; i++) {
		begin(OBJECT_PAIR);
		kmem_cache_free(cache, kmem_cache_alloc(cache, GFP_KERNEL));
	}
	end();
	for (unsigned i = 0; i < OPS; i++) {
		begin(OBJECT_BATCH);
		held[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	}
	end();
	for (unsigned i = 0; i < OPS; i++) {
		unsigned j = measure_random(OPS);

		begin(OBJECT_REPLACE);
		kmem_cache_free(cache, held[j]);
		held[j] = kmem_cache_alloc(cache, GFP_KERNEL);
		end();
	}
	shuffle(held);
	for (unsigned i = 0; i < OPS; i++) {
		begin(OBJECT_FREE);
		kmem_cache_free(cache, held[i]);
	}
	end();
}

static int all(void *unused)
{
	unsigned cpu = cpu_id();

	for (unsigned round = 0; round < 2; round++) {
		warm = round == 1;
		frames(at[cpu].held);
		mixed(at[cpu].held, at[cpu].order);
		objects(at[cpu].held);
	}
	return 0;
}

int main(void)
{
	soft_machine_init(&(struct soft_config){.cpus = 2, .ram = {{0, 64 << 20, 0}}});
	frame_init();
	lru_init();
	slab_init();
	kva_init();
	if (frame_cpu_init(1) || slab_cpu_init(1))
		return 1;
	cache = kmem_cache_create("bench-64", 64, 0, 0, NULL);
	BUG_ON(!cache);
	all(NULL);

	return soft_join(soft_run(all, NULL, "other", 2));
}
