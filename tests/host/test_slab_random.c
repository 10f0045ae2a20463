// geometries: all
/*
 * The object floor when memory is short, on several nodes and CPUs, and in a random history
 * against a model.
 */
#include "floors.h"
#include "lib/printf.h"
#include "mm/slab/slab_int.h"
#include "mm/trace/trace.h"

static void *objects[3000];

/* Make a cache, use it, tune it, destroy it, with whatever memory there is. */
static void use_a_cache(void)
{
	struct kmem_cache *cache = kmem_cache_create("failing", 500, 0, 0, NULL);
	void *p = kmalloc(3000, GFP_KERNEL), *q = krealloc(p, 9000, GFP_KERNEL);
	unsigned got = 0;

	if (cache) {
		for (; got < 40; got++)
			if (!(objects[got] = kmem_cache_alloc(cache, GFP_KERNEL)))
				break;
		slab_tune("failing", 10, 5, 2);
		while (got > 0)
			kmem_cache_free(cache, objects[--got]);
	}
	kfree(q ? q : p);
	assert_sound();
	kmem_cache_destroy(cache);
}

/* Whatever allocation fails, nothing leaks and nothing breaks. */
static void failure_at_every_step(void **state)
{
	unsigned long before;
	bool struck = true;
	unsigned n;

	floors_up(1, 1, 32, 0);
	use_a_cache();
	before = settled_free_pages();
	for (n = 1; struck && n < 300; n++) {
		fail_nth_set(n);
		use_a_cache();
		struck = fail_nth_left() == 0;
		fail_nth_set(0);
		assert_sound();
		assert_int_equal(settled_free_pages(), before);
	}
#ifdef PAGODA_DEBUG
	assert_true(n > 40 && n < 300);
#endif
}

/* No memory at all: allocations fail, and go on when there is some again. */
static void exhaustion_is_survived(void **state)
{
	unsigned n = 0;
	void **chain = NULL;

	floors_up(1, 1, 8, 0);
	for (void **p; (p = kmalloc(1024, GFP_KERNEL | __GFP_NOWARN)); n++) {
		*p = chain;
		chain = p;
	}
	assert_true(n > 2000);
	assert_sound();
	while (chain) {
		void **next = *chain;

		kfree(chain);
		chain = next;
	}
	void *p = kmalloc(1024, GFP_KERNEL);
	assert_non_null(p);
	kfree(p);
	assert_sound();
}

/* ---- Nodes ---- */

static int of_node(void *nid)
{
	for (unsigned i = 0; i < 300; i++) {
		void *p = kmalloc(100, GFP_KERNEL);

		assert_int_equal(page_to_nid(virt_to_page(p)), (long)nid);
		objects[i + (long)nid * 300] = p;
	}
	return 0;
}

/* Slabs lie on the node of the CPU that asks; what another node's CPU frees goes home. */
static void slabs_of_a_node_lie_on_it(void **state)
{
	floors_up(2, 2, 16, 0);
	for (long nid = 0; nid < 2; nid++)
		soft_join(soft_run(of_node, (void *)nid, "of_node", 1UL << nid));
	assert_sound();
	soft_move_to_cpu(0);
	for (unsigned i = 0; i < 600; i++)
		kfree(objects[i]);
	assert_sound();
	for (unsigned i = 0; i < 600; i++)
		objects[i] = kmalloc(100, GFP_KERNEL);
	for (unsigned i = 0; i < 600; i++) {
		assert_int_equal(page_to_nid(virt_to_page(objects[i])), 0);
		kfree(objects[i]);
	}
	void *far = kmalloc_node(50, GFP_KERNEL, 1);
	assert_int_equal(page_to_nid(virt_to_page(far)), 1);
	kfree(far);
	assert_sound();
}

/* A full node is helped out by another; a caller who wants only that node gets nothing. */
static void another_node_helps_out(void **state)
{
	void **chain = NULL, **p;
	unsigned seen = 0;

	floors_up(1, 2, 8, 0);
	for (;;) {
		p = kmalloc(2048, GFP_NOWAIT | __GFP_NOWARN);
		if (!p)
			break;
		seen |= 1U << page_to_nid(virt_to_page(p));
		*p = chain;
		chain = p;
	}
	assert_int_equal(seen, 3);
	assert_null(kmem_cache_alloc_node(kmalloc_caches[kmalloc_index(2048)],
					  GFP_NOWAIT | __GFP_NOWARN | __GFP_THISNODE, 1));
	assert_sound();
	while (chain) {
		p = *chain;
		kfree(chain);
		chain = p;
	}
	assert_sound();
}

/* ---- Many CPUs ---- */

#define CPUS 4
#define HELD 200

static struct kmem_cache *shared_cache;
static void *mailbox[64]; /* atomic: objects on their way to another CPU */

static int work(void *arg)
{
	struct random random = {test_seed() * 1000 + (unsigned long)arg};
	u64 **held = kcalloc(HELD, sizeof(*held), GFP_KERNEL);
	unsigned n = 0;

	assert_non_null(held);
	for (unsigned step = 0; step < 4000; step++) {
		u64 what = random_below(&random, 100);

		if (what < 45 && n < HELD) {
			u64 *object = kmem_cache_alloc(shared_cache, GFP_KERNEL);

			if (object) {
				object[0] = object[5] = (u64)object;
				held[n++] = object;
			}
		} else if (what < 75 && n > 0) {
			u64 *object = held[--n];

			BUG_ON(object[0] != (u64)object || object[5] != (u64)object);
			kmem_cache_free(shared_cache, object);
		} else if (what < 90 && n > 0) {
			u64 *object = xchg(&mailbox[random_below(&random, 64)], held[n - 1]);

			n--;
			if (object) {
				BUG_ON(object[0] != (u64)object);
				kmem_cache_free(shared_cache, object);
			}
		} else if (what == 95) {
			slab_tune("shared", 1 + random_below(&random, 40), 1,
				  random_below(&random, 9));
		} else if (what == 96) {
			slab_reap_tick();
		} else if (what == 97) {
			slab_shrink_all();
		} else {
			void *p = kmalloc(random_below(&random, 9000), GFP_KERNEL);

			cond_resched();
			kfree(p);
		}
	}
	while (n > 0)
		kmem_cache_free(shared_cache, held[--n]);
	kfree(held);
	return 0;
}

static void stress(unsigned nodes, u64 schedule_seed)
{
	struct task_struct *task[2 * CPUS];

	floors_up(CPUS, nodes, 32, schedule_seed);
	unsigned long before = settled_free_pages();
	shared_cache = kmem_cache_create("shared", 48, 0, 0, NULL);
	for (unsigned long i = 0; i < ARRAY_SIZE(task); i++)
		task[i] = soft_run(work, (void *)i, "work", 1UL << i % CPUS);
	for (unsigned i = 0; i < ARRAY_SIZE(task); i++)
		soft_join(task[i]);
	for (unsigned i = 0; i < ARRAY_SIZE(mailbox); i++)
		if (mailbox[i])
			kmem_cache_free(shared_cache, mailbox[i]);
	assert_sound();
	kmem_cache_shrink(shared_cache);
	assert_int_equal(slabinfo_of("shared").active_objs, 0);
	kmem_cache_destroy(shared_cache);
	assert_sound();
	assert_int_equal(settled_free_pages(), before);
}

static void cpus_in_parallel(void **state)
{
	stress(1, 0);
}
static void cpus_in_parallel_on_nodes(void **state)
{
	stress(2, 0);
}
static void cpus_in_a_seeded_order(void **state)
{
	stress(2, test_seed());
}

/* ---- One random history, checked at every step ---- */

static void random_history(void **state)
{
	static const size_t sizes[] = {8, 24, 56, 64, 130, 700, 1500, 5000};
	struct random random = {test_seed()};
	struct kmem_cache *cache[ARRAY_SIZE(sizes)];
	struct {
		u8 *at;
		unsigned which;
		u8 fill;
	} live[400];
	unsigned n = 0;

	floors_up(1, 1, 64, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		char name[32];

		snprintf(name, sizeof(name), "random-%zu", sizes[i]);
		cache[i] = kmem_cache_create(name, sizes[i], 0, 0, NULL);
	}
	for (unsigned step = 0; step < 6000; step++) {
		u64 what = random_below(&random, 100);

		if (what < 50 && n < ARRAY_SIZE(live)) {
			unsigned k = (unsigned)random_below(&random, ARRAY_SIZE(sizes));

			live[n].at = kmem_cache_alloc(cache[k], GFP_KERNEL);
			live[n].which = k;
			live[n].fill = (u8)step;
			memset(live[n].at, live[n].fill, sizes[k]);
			n++;
		} else if (what < 97 && n > 0) {
			unsigned k = (unsigned)random_below(&random, n);

			for (size_t b = 0; b < sizes[live[k].which]; b++)
				assert_int_equal(live[k].at[b], live[k].fill);
			kmem_cache_free(cache[live[k].which], live[k].at);
			live[k] = live[--n];
		} else if (what == 97) {
			slab_reap_tick();
		} else if (what == 98) {
			slab_shrink_all();
		} else {
			unsigned k = (unsigned)random_below(&random, ARRAY_SIZE(sizes));
			unsigned limit = 1 + (unsigned)random_below(&random, 60);

			slab_tune(cache[k]->name, limit, 1 + (unsigned)random_below(&random, limit),
				  (unsigned)random_below(&random, 3));
		}
		assert_int_equal(slab_check(), 0);
	}
	assert_sound();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(failure_at_every_step),     cmocka_unit_test(exhaustion_is_survived),
	cmocka_unit_test(slabs_of_a_node_lie_on_it), cmocka_unit_test(another_node_helps_out),
	cmocka_unit_test(cpus_in_parallel),          cmocka_unit_test(cpus_in_parallel_on_nodes),
	cmocka_unit_test(cpus_in_a_seeded_order),    cmocka_unit_test(random_history),
};
HOST_TESTS(tests)
