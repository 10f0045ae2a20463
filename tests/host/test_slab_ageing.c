/*
 * Ageing takes what lies unused and leaves what is used: an array that was filled since the last
 * look stays, so that the next allocations find it.
 */
#include "floors.h"
#include "mm/trace/trace.h"

static void ageing_leaves_what_is_used(void **state)
{
	struct kmem_cache *cache;
	unsigned long refills;
	void *first, *second;

	floors_up(1, 1, 16, 0);
	cache = kmem_cache_create("used", 64, 8, 0, NULL);
	assert_non_null(cache);
	first = kmem_cache_alloc(cache, GFP_KERNEL);
	refills = trace_count(TRACE_slab_refill);
	slab_reap_tick();
	second = kmem_cache_alloc(cache, GFP_KERNEL);
	assert_int_equal(trace_count(TRACE_slab_refill), refills);
	/* Nobody has filled or emptied it since: the next look takes it. */
	slab_reap_tick();
	epoch_synchronize();
	kmem_cache_free(cache, kmem_cache_alloc(cache, GFP_KERNEL));
	assert_int_equal(trace_count(TRACE_slab_refill), refills + 1);
	kmem_cache_free(cache, first);
	kmem_cache_free(cache, second);
	kmem_cache_destroy(cache);
	assert_sound();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(ageing_leaves_what_is_used),
};
HOST_TESTS(tests)
