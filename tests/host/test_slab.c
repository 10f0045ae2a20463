/*
 * The object floor: how slabs live, what arrays do, tuning, ageing, and what the debug build
 * notices. The figures are those of 4 KiB pages.
 */
#include "floors.h"
#include "lib/printf.h"
#include "lib/printk.h"
#include "mm/slab/slab_int.h"
#include "mm/trace/trace.h"

#define MANY 3000

static void *objects[MANY];

static unsigned in_full(struct kmem_cache *cache)
{
	return cache->node[0].full.count;
}
static unsigned in_partial(struct kmem_cache *cache)
{
	return cache->node[0].partial.count;
}
static unsigned in_empty(struct kmem_cache *cache)
{
	return cache->node[0].empty.count;
}

/* With arrays of one object the lists follow each call. */
static struct kmem_cache *direct_cache(const char *name, size_t bytes, u32 flags,
				       void (*ctor)(void *))
{
	struct kmem_cache *cache = kmem_cache_create(name, bytes, 0, flags, ctor);

	assert_non_null(cache);
	assert_int_equal(slab_tune(name, 1, 1, 0), 0);
	return cache;
}

/* S27: full, partial, empty; then given back. */
static void a_slab_moves_between_the_lists(void **state)
{
	struct kmem_cache *cache;
	unsigned n;

	floors_up(1, 1, 16, 0);
	cache = direct_cache("life", 200, 0, NULL);
	n = cache->objects;
	assert_true(n > 4);
	assert_int_equal(in_full(cache) + in_partial(cache) + in_empty(cache), 0);

	objects[0] = kmem_cache_alloc(cache, GFP_KERNEL);
	assert_int_equal(in_partial(cache), 1);
	for (unsigned i = 1; i < n; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	assert_int_equal(in_full(cache), 1);
	assert_int_equal(in_partial(cache), 0);
	objects[n] = kmem_cache_alloc(cache, GFP_KERNEL);
	assert_int_equal(in_full(cache), 1);
	assert_int_equal(in_partial(cache), 1);
	assert_sound();

	/* The array keeps one, so two must go for a slab to notice. */
	kmem_cache_free(cache, objects[0]);
	kmem_cache_free(cache, objects[1]);
	assert_int_equal(in_full(cache), 0);
	assert_int_equal(in_partial(cache), 2);
	for (unsigned i = 2; i <= n; i++)
		kmem_cache_free(cache, objects[i]);
	assert_sound();
	assert_int_equal(slabinfo_of("life").active_objs, 0);
	assert_true(kmem_cache_shrink(cache) > 0);
	assert_int_equal(in_full(cache) + in_partial(cache) + in_empty(cache), 0);
	assert_sound();
	kmem_cache_destroy(cache);
	assert_sound();
}

/* slabinfo's figures by hand. */
static void slabinfo_is_true(void **state)
{
	struct slabinfo info;

	floors_up(1, 1, 16, 0);
	struct kmem_cache *cache = kmem_cache_create("figures", 128, 0, 0, NULL);
	for (unsigned i = 0; i < 1000; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	info = slabinfo_of("figures");
	assert_int_equal(info.active_objs, 1000);
	assert_int_equal(info.num_slabs, DIV_ROUND_UP(1000, info.objperslab));
	assert_int_equal(info.active_slabs, info.num_slabs);
	assert_int_equal(info.num_objs, info.num_slabs * info.objperslab);
	assert_int_equal(info.limit, 120);
	assert_int_equal(info.batchcount, 60);
	assert_int_equal(info.shared, 0);
	for (unsigned i = 0; i < 500; i++)
		kmem_cache_free(cache, objects[2 * i]);
	assert_int_equal(slabinfo_of("figures").active_objs, 500);
	for (unsigned i = 0; i < 500; i++)
		kmem_cache_free(cache, objects[2 * i + 1]);
	assert_int_equal(slabinfo_of("figures").active_objs, 0);
	assert_sound();
}

/* S29: 20 bytes cost an object of 32. */
static void kmalloc_rounds_up_to_its_caches(void **state)
{
	static const struct {
		size_t ask, get;
	} sizes[] = {{0, 8},
		     {1, 8},
		     {8, 8},
		     {9, 16},
		     {20, 32},
		     {33, 64},
		     {65, 96},
		     {97, 128},
		     {129, 192},
		     {193, 256},
		     {257, 512},
		     {1000, 1024},
		     {2049, 4096},
		     {4097, 8192},
		     {8192, 8192},
		     {8193, 16384},
		     {4 << 20, 4 << 20}};
	u64 align;

	floors_up(1, 1, 64, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		char *p = kmalloc(sizes[i].ask, GFP_KERNEL);

		assert_non_null(p);
		assert_int_equal(ksize(p), sizes[i].get);
		align = min(sizes[i].get & -sizes[i].get, 64UL);
		assert_int_equal((unsigned long)p % align, 0);
		memset(p, 0xee, ksize(p));
		kfree(p);
		p = kzalloc(sizes[i].ask, GFP_KERNEL);
		for (size_t k = 0; k < sizes[i].ask; k++)
			assert_int_equal(p[k], 0);
		kfree(p);
	}
	assert_null(kmalloc((4UL << 20) + 1, GFP_KERNEL | __GFP_NOWARN));
	assert_null(kcalloc(~0UL / 2, 3, GFP_KERNEL));
	assert_string_equal(slabinfo_of("kmalloc-32").name, "kmalloc-32");
	kfree(NULL);
	assert_sound();
}

static void krealloc_keeps_the_contents(void **state)
{
	floors_up(1, 1, 64, 0);
	char *p = kstrdup("seven", GFP_KERNEL), *q;

	q = krealloc(p, 8, GFP_KERNEL);
	assert_ptr_equal(p, q);
	q = krealloc(q, 70000, GFP_KERNEL);
	assert_string_equal(q, "seven");
	p = kmemdup(q, 6, GFP_KERNEL);
	assert_string_equal(p, "seven");
	kfree(p);
	kfree(q);
	q = krealloc(NULL, 10, GFP_KERNEL);
	assert_non_null(q);
	kfree(q);
	assert_sound();
}

static void dma_memory_is_in_the_dma_zone(void **state)
{
	floors_up(1, 1, 64, 0);
	void *p = kmalloc(100, GFP_KERNEL | GFP_DMA);

	assert_true(virt_to_phys(p).v < 16 << 20);
	assert_int_equal(ksize(p), PAGE_SIZE);
	kfree(p);
	assert_sound();
}

/* A power of two fills its page: the bitmap is in the descriptor. Smaller objects keep it with them. */
static void management_on_the_slab_and_off(void **state)
{
	floors_up(1, 1, 16, 0);
	/* Typesafe and with a constructor: no debug fields beyond red zones, which are large here. */
	for (size_t bytes = 8; bytes <= 8192; bytes += bytes < 256 ? 8 : 136) {
		struct kmem_cache *cache = kmem_cache_create("geometry", bytes, 0, 0, NULL);
		unsigned n = cache->objects * 2 + 1;
		char *last = NULL;

		assert_int_equal(!!cache->bitmap_offset, cache->objects > 64);
		assert_true(
			cache->objects * cache->size + (cache->colours - 1) * cache->colour_step +
				(cache->bitmap_offset ? DIV_ROUND_UP(cache->objects, 64) * 8 : 0) <=
			PAGE_SIZE << cache->order);
		for (unsigned i = 0; i < n; i++) {
			objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
			assert_ptr_not_equal(objects[i], last);
			last = objects[i];
			memset(objects[i], (int)i, bytes);
		}
		for (unsigned i = 0; i < n; i++)
			for (unsigned k = 0; k < bytes; k += 7)
				assert_int_equal(((u8 *)objects[i])[k], (u8)i);
		assert_sound();
		for (unsigned i = 0; i < n; i++)
			kmem_cache_free(cache, objects[(i * 7919ULL) % n]);
		kmem_cache_destroy(cache);
	}
	assert_sound();
}

static void senseless_sizes_are_refused(void **state)
{
	floors_up(1, 1, 16, 0);
	assert_null(kmem_cache_create("none", 0, 0, 0, NULL));
	assert_null(kmem_cache_create("huge", 64 << 20, 0, 0, NULL));
	assert_null(kmem_cache_create("crooked", 10, 24, 0, NULL));
	assert_sound();
}

/* Every slab starts at another colour, and all colours come up. */
static void slabs_are_coloured(void **state)
{
	unsigned seen = 0;

	floors_up(1, 1, 64, 0);
	struct kmem_cache *cache = direct_cache("coloured", 900, 0, NULL);
	unsigned colours = cache->colours, slabs = 2 * colours;

	assert_true(colours > 1);
	for (unsigned i = 0; i < slabs * cache->objects; i++) {
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		seen |= 1U << slab_colour(object_slab(objects[i]));
		assert_int_equal((unsigned long)objects[i] % sizeof(void *), 0);
	}
	assert_int_equal(seen, (1U << colours) - 1);
	assert_sound();
	for (unsigned i = 0; i < slabs * cache->objects; i++)
		kmem_cache_free(cache, objects[i]);
	kmem_cache_destroy(cache);
	assert_sound();
}

static void alignment_is_kept(void **state)
{
	floors_up(1, 1, 16, 0);
	for (size_t align = 8; align <= PAGE_SIZE; align *= 2) {
		struct kmem_cache *cache = kmem_cache_create("aligned", 100, align, 0, NULL);

		for (unsigned i = 0; i < 50; i++) {
			objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
			assert_int_equal((unsigned long)objects[i] % align, 0);
		}
		for (unsigned i = 0; i < 50; i++)
			kmem_cache_free(cache, objects[i]);
		kmem_cache_destroy(cache);
	}
	struct kmem_cache *cache = kmem_cache_create("line", 24, 0, SLAB_HWCACHE_ALIGN, NULL);
	assert_int_equal(cache->align, 32); /* two to a line, none across */
	kmem_cache_destroy(cache);
	assert_sound();
}

struct constructed {
	unsigned magic;
	unsigned count;
};
static unsigned constructions;

static void construct(void *object)
{
	*(struct constructed *)object = (struct constructed){.magic = 0xc0ffee};
	constructions++;
}

/* Once per object and slab; afterwards objects come back as they were freed. */
static void constructors_run_once(void **state)
{
	floors_up(1, 1, 16, 0);
	struct kmem_cache *cache =
		kmem_cache_create("built", sizeof(struct constructed), 0, 0, construct);

	for (unsigned round = 0; round < 5; round++) {
		for (unsigned i = 0; i < 100; i++) {
			struct constructed *c = objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);

			assert_int_equal(c->magic, 0xc0ffee);
			c->count++;
		}
		for (unsigned i = 0; i < 100; i++)
			kmem_cache_free(cache, objects[i]);
	}
	assert_int_equal(constructions, slabinfo_of("built").num_objs);
	kmem_cache_destroy(cache);
	assert_sound();
}

static unsigned long last_refill, refills, grows;

static void record(enum trace_event type, u64 a, u64 b, u64 c, u64 d)
{
	if (type == TRACE_slab_refill) {
		last_refill = b;
		refills++;
	}
	grows += type == TRACE_slab_grow;
}

/* X3: writing "name limit batchcount shared" changes what moves at once. */
static void refills_follow_batchcount(void **state)
{
	static const unsigned batches[] = {60, 16, 1, 40, 7};

	floors_up(1, 1, 16, 0);
	struct kmem_cache *cache = kmem_cache_create("tuned", 64, 64, 0, NULL);
	WRITE_ONCE(trace_recorder, record);
	for (unsigned k = 0; k < ARRAY_SIZE(batches); k++) {
		unsigned batch = batches[k];

		if (batch <= cache->objects) {
			assert_int_equal(slab_tune("tuned", batch * 2, batch, 0), 0);
			assert_int_equal(slabinfo_of("tuned").limit, batch * 2);
			assert_int_equal(slabinfo_of("tuned").batchcount, batch);
			refills = 0;
			for (unsigned i = 0; i < 3 * batch; i++) {
				objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
				assert_int_equal(last_refill, batch);
			}
			assert_int_equal(refills, 3);
			for (unsigned i = 0; i < 3 * batch; i++)
				kmem_cache_free(cache, objects[i]);
		}
		assert_sound();
	}
	WRITE_ONCE(trace_recorder, NULL);
	assert_int_equal(slab_tune("no such cache", 4, 2, 1), -EINVAL);
	assert_int_equal(slab_tune("tuned", 0, 0, 0), -EINVAL);
	assert_int_equal(slab_tune("tuned", 4, 5, 0), -EINVAL);
	assert_int_equal(slab_tune("tuned", 4, 0, 0), -EINVAL);
	assert_int_equal(slab_tune("tuned", 1000000, 1, 0), -EINVAL);
	assert_int_equal(slabinfo_of("tuned").batchcount, 7);
}

/* Objects freed at random come back as neighbours. */
static void refills_restore_locality(void **state)
{
	struct random random = {test_seed()};
	unsigned same = 0;

	floors_up(1, 1, 64, 0);
	struct kmem_cache *cache = kmem_cache_create("local", 64, 0, 0, NULL);
	for (unsigned i = 0; i < MANY; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	for (unsigned i = MANY - 1; i > 0; i--) {
		u64 other = random_below(&random, i + 1);

		swap(objects[i], objects[other]);
	}
	for (unsigned i = 0; i < MANY; i++)
		kmem_cache_free(cache, objects[i]);
	for (unsigned i = 0; i < MANY; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	for (unsigned i = 1; i < MANY; i++)
		same += object_slab(objects[i]) == object_slab(objects[i - 1]);
	assert_true(same > MANY * 8 / 10);
	assert_sound();
}

/* What was not needed between two looks goes; what was stays. */
static void ageing_frees_what_lies_unused(void **state)
{
	floors_up(1, 1, 16, 0);
	struct kmem_cache *cache = kmem_cache_create("aged", 256, 0, 0, NULL);

	for (unsigned i = 0; i < 200; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	for (unsigned i = 0; i < 200; i++)
		kmem_cache_free(cache, objects[i]);
	assert_true(slabinfo_of("aged").num_slabs > 0);
	for (unsigned look = 0; look < 4; look++) {
		slab_reap_tick();
		epoch_synchronize();
		assert_sound();
	}
	assert_int_equal(slabinfo_of("aged").num_slabs, 0);
	assert_ptr_equal(cache->cpu[0], &no_array);

	objects[0] = kmem_cache_alloc(cache, GFP_KERNEL);
	for (unsigned look = 0; look < 4; look++) {
		slab_reap_tick();
		epoch_synchronize();
	}
	assert_int_equal(slabinfo_of("aged").num_slabs, 1);
	kmem_cache_free(cache, objects[0]);
	kmem_cache_destroy(cache);
	assert_sound();
}

static void shrinking_gives_everything_back(void **state)
{
	unsigned long before = 0;

	floors_up(1, 1, 32, 0);
	for (unsigned round = 0; round < 2; round++) {
		before = settled_free_pages();
		for (unsigned i = 0; i < MANY; i++)
			assert_non_null(objects[i] = kmalloc(8U << i % 11, GFP_KERNEL));
		for (unsigned i = 0; i < MANY; i++)
			kfree(objects[i]);
		assert_sound();
	}
	assert_int_equal(settled_free_pages(), before);
	assert_sound();
}

/* A cache with objects in use stays, with a warning. */
static void a_busy_cache_is_not_destroyed(void **state)
{
	floors_up(1, 1, 16, 0);
	struct kmem_cache *cache = kmem_cache_create("busy", 40, 0, 0, NULL);
	void *object = kmem_cache_alloc(cache, GFP_KERNEL);

	kmem_cache_destroy(cache);
	assert_int_equal(warn_count, 1);
	warn_count = 0;
	kmem_cache_free(cache, object);
	kmem_cache_destroy(cache);
	assert_int_equal(warn_count, 0);
	assert_sound();
}

/* Readers may look at freed objects until they are done: their slab stays until then. */
static void typesafe_slabs_wait_an_epoch(void **state)
{
	floors_up(1, 1, 16, 0);
	struct kmem_cache *cache = direct_cache("safe", 300, SLAB_TYPESAFE_BY_EPOCH, NULL);
	struct page *slab;
	unsigned n = cache->objects;

	for (unsigned i = 0; i < n; i++)
		memset(objects[i] = kmem_cache_alloc(cache, GFP_KERNEL), 0x42, 300);
	slab = object_slab(objects[0]);
	for (unsigned i = 0; i < n; i++)
		kmem_cache_free(cache, objects[i]);
	slab_shrink_nodes(cache);
	slab_drain_array(cache, cache->cpu[0]);
	slab_shrink_nodes(cache); /* the slab is on no list any more, but not free */
	assert_int_equal(slabinfo_of("safe").num_slabs, 0);
	assert_true(page_test(slab, PG_slab));
	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; k < 300; k++)
			assert_int_equal(((u8 *)objects[i])[k], 0x42);
	epoch_synchronize();
	assert_false(page_test(slab, PG_slab));
	kmem_cache_destroy(cache);
	assert_sound();
}

/* ---- What the debug build notices ---- */

#ifdef PAGODA_DEBUG
static bool log_has(const char *text)
{
	static char log[1 << 16];
	u64 seq = 0;
	size_t n = log_read(&seq, log, sizeof(log) - 1);

	log[n] = 0;
	return strstr(log, text) != NULL;
}

static void expect_report(const char *text)
{
	assert_true(warn_count > 0);
	assert_true(log_has(text));
	assert_true(log_has("slab victim: object "));
	warn_count = 0;
}

static void use_after_free_is_caught(void **state)
{
	floors_up(1, 1, 16, 0);
	struct kmem_cache *cache = kmem_cache_create("victim", 100, 0, 0, NULL);
	u8 *object = kmem_cache_alloc(cache, GFP_KERNEL);

	assert_int_equal(object[50], 0x5a);
	kmem_cache_free(cache, object);
	assert_int_equal(object[50], 0x6b);
	assert_int_equal(object[99], 0xa5);
	object[50] = 1;
	assert_int_equal(mm_check(), 1);
	assert_ptr_equal(kmem_cache_alloc(cache, GFP_KERNEL), object);
	expect_report("written after it was freed");
	assert_sound();
}

static void overrun_is_caught(void **state)
{
	floors_up(1, 1, 16, 0);
	struct kmem_cache *cache = kmem_cache_create("victim", 100, 0, 0, NULL);
	u8 *object = kmem_cache_alloc(cache, GFP_KERNEL);

	object[104] = 1;
	kmem_cache_free(cache, object);
	expect_report("written past its end");
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	object[-1] = 1;
	kmem_cache_free(cache, object);
	expect_report("written before its begin");
	assert_sound();
}

static void double_free_is_caught(void **state)
{
	floors_up(1, 1, 16, 0);
	struct kmem_cache *cache = kmem_cache_create("victim", 100, 0, 0, NULL);
	void *object = kmem_cache_alloc(cache, GFP_KERNEL);

	kmem_cache_free(cache, object);
	kmem_cache_free(cache, object);
	expect_report("freed twice");
	assert_sound();
}

static void strangers_are_refused(void **state)
{
	floors_up(1, 1, 16, 0);
	struct kmem_cache *cache = kmem_cache_create("victim", 100, 0, 0, NULL);
	char *object = kmem_cache_alloc(cache, GFP_KERNEL);
	void *other = kmalloc(100, GFP_KERNEL);

	kmem_cache_free(cache, other);
	assert_true(log_has("not of this cache"));
	kmem_cache_free(cache, object + 8);
	assert_true(log_has("not the begin of an object"));
	assert_int_equal(warn_count, 2);
	warn_count = 0;
	kmem_cache_free(cache, object);
	kfree(other);
	assert_sound();
}

/* The checker sees what it is there to see. */
static void check_finds_broken_counts(void **state)
{
	floors_up(1, 1, 16, 0);
	struct kmem_cache *cache = direct_cache("victim", 100, 0, NULL);
	void *object = kmem_cache_alloc(cache, GFP_KERNEL);

	cache->node[0].free_objects++;
	assert_int_not_equal(slab_check(), 0);
	cache->node[0].free_objects--;
	slab_bitmap(cache, object_slab(object))[0] ^= 1ULL << (cache->objects - 1);
	assert_int_not_equal(slab_check(), 0);
	slab_bitmap(cache, object_slab(object))[0] ^= 1ULL << (cache->objects - 1);
	assert_int_equal(slab_check(), 0);
	warn_count = 0;
}
#endif

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_slab_moves_between_the_lists),
	cmocka_unit_test(slabinfo_is_true),
	cmocka_unit_test(kmalloc_rounds_up_to_its_caches),
	cmocka_unit_test(krealloc_keeps_the_contents),
	cmocka_unit_test(dma_memory_is_in_the_dma_zone),
	cmocka_unit_test(management_on_the_slab_and_off),
	cmocka_unit_test(senseless_sizes_are_refused),
	cmocka_unit_test(slabs_are_coloured),
	cmocka_unit_test(alignment_is_kept),
	cmocka_unit_test(constructors_run_once),
	cmocka_unit_test(refills_follow_batchcount),
	cmocka_unit_test(refills_restore_locality),
	cmocka_unit_test(ageing_frees_what_lies_unused),
	cmocka_unit_test(shrinking_gives_everything_back),
	cmocka_unit_test(a_busy_cache_is_not_destroyed),
	cmocka_unit_test(typesafe_slabs_wait_an_epoch),
#ifdef PAGODA_DEBUG
	cmocka_unit_test(use_after_free_is_caught),
	cmocka_unit_test(overrun_is_caught),
	cmocka_unit_test(double_free_is_caught),
	cmocka_unit_test(strangers_are_refused),
	cmocka_unit_test(check_finds_broken_counts),
#endif
};
HOST_TESTS(tests)
