// geometries: all
/*
 * Random traffic of frames against a model: who holds what, and what it says. Every invariant is
 * checked after every step of a small machine, now and then in a large one.
 */
#include "frames.h"
#include "mm/frame/kmap.h"

struct held {
	struct page *page;
	unsigned order;
	u64 stamp;
};

/* A page's contents and its index say whose it is: two owners would be seen. */
static void stamp(const struct held *held)
{
	for (unsigned long i = 0; i < 1UL << held->order; i++) {
		u64 *words = kmap_local_page(held->page + i);

		words[0] = words[PAGE_SIZE / 8 - 1] = held->stamp + i;
		kunmap_local(words);
	}
}

static void expect_stamp(const struct held *held)
{
	for (unsigned long i = 0; i < 1UL << held->order; i++) {
		u64 *words = kmap_local_page(held->page + i);

		assert_int_equal(words[0], held->stamp + i);
		assert_int_equal(words[PAGE_SIZE / 8 - 1], held->stamp + i);
		kunmap_local(words);
	}
}

/* With HIGHMEM, where there is such: all above the first 18 MiB. */
static void boot_split(unsigned long bytes)
{
	soft_machine_init(&(struct soft_config){
		.high_start = MACHINE_HAS_HIGHMEM ? 18 * MIB : 0,
		.ram = {{0, bytes / 2, 0}, {bytes, bytes - bytes / 2, 0}}, /* and a hole */
	});
	frame_init();
	check();
}

static bool is_zero(struct page *page)
{
	const u64 *words = kmap_local_page(page);
	u64 sum = 0;

	for (unsigned i = 0; i < PAGE_SIZE / sizeof(*words); i++)
		sum |= words[i];
	kunmap_local(words);
	return sum == 0;
}

static void random_traffic(unsigned long bytes, unsigned largest, unsigned steps, unsigned every)
{
	static const gfp_t kinds[] = {QUIET,
				      QUIET | __GFP_HIGHMEM | __GFP_MOVABLE,
				      QUIET | __GFP_RECLAIMABLE,
				      GFP_ATOMIC | __GFP_NOWARN,
				      GFP_DMA | QUIET,
				      QUIET | __GFP_ZERO};
	struct random random = {test_seed()};
	static struct held held[20000];
	unsigned long used = 0;
	unsigned n = 0;

	boot_split(bytes);
	unsigned long total = totalram_pages();

	for (unsigned step = 0; step < steps; step++) {
		bool grow = random_below(&random, 100) < (step / (steps / 10) % 2 ? 40 : 60);

		if (grow && n < ARRAY_SIZE(held)) {
			unsigned order =
				random_below(&random, 4) ? 0 : random_below(&random, largest + 1);
			gfp_t gfp = kinds[random_below(&random, ARRAY_SIZE(kinds))];
			struct page *page = alloc_pages(gfp, order);

			if (page) {
				for (unsigned i = 0; gfp & __GFP_ZERO && i < 1u << order; i++)
					assert_true(is_zero(page + i));
				held[n] = (struct held){page, order, (u64)step << 32};
				stamp(&held[n++]);
				used += 1UL << order;
			}
		} else if (n > 0) {
			unsigned i = random_below(&random, n);

			expect_stamp(&held[i]);
			__free_pages(held[i].page, held[i].order);
			used -= 1UL << held[i].order;
			held[i] = held[--n];
		}
		if (random_below(&random, 1000) == 0)
			drain_all_pages();
		assert_int_equal(nr_free_pages() + nr_pcp_pages() + used, total);
		if (step % every == 0)
			check();
	}
	while (n > 0) {
		expect_stamp(&held[--n]);
		__free_pages(held[n].page, held[n].order);
	}
	drain_all_pages();
	assert_int_equal(nr_free_pages(), total);
	check();
}

static void random_traffic_in_a_small_machine(void **state)
{
	random_traffic(max(36 * MIB, 1024 * PAGE_SIZE), MAX_ORDER - 1, 500, 1);
}

static void random_traffic_in_a_large_machine(void **state)
{
	random_traffic(300 * MIB, 5, 20000, 256);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(random_traffic_in_a_small_machine),
	cmocka_unit_test(random_traffic_in_a_large_machine),
};
HOST_TESTS(tests)
