// geometries: all
/*
 * LRU lists: batches, lists, gauges, the last reference.
 */
#include "floors.h"
#include "mm/trace/trace.h"

#define PAGES 200

static struct page *pages[PAGES];

static struct page *new_page(bool anon)
{
	struct page *page = alloc_page(GFP_KERNEL);

	assert_non_null(page);
	if (anon)
		page_set_owned(page, PG_swapbacked);
	return page;
}

static unsigned long on_list(enum lru_list list)
{
	assert_int_equal(node_stat(node_data[0], NR_INACTIVE_ANON + list),
			 global_zone_stat(NR_ZONE_INACTIVE_ANON + list));
	return node_stat(node_data[0], NR_INACTIVE_ANON + list);
}

/* S40: each kind of page on its list, fifteen at a time. */
static void pages_wait_in_a_batch(void **state)
{
	floors_up(1, 1, 16, 0);
	for (unsigned i = 0; i < LRU_BATCH; i++) {
		pages[i] = new_page(true);
		assert_int_equal(on_list(LRU_INACTIVE_ANON), 0);
		lru_cache_add(pages[i]);
		assert_true(page_test(pages[i], PG_lru));
		assert_int_equal(page_ref_count(pages[i]), 1);
		assert_sound();
	}
	assert_int_equal(on_list(LRU_INACTIVE_ANON), LRU_BATCH);
	pages[15] = new_page(false);
	lru_cache_add(pages[15]);
	pages[16] = new_page(false);
	lru_cache_add_active(pages[16]);
	pages[17] = new_page(true);
	lru_cache_add_active(pages[17]);
	pages[18] = new_page(true);
	lru_cache_add_unevictable(pages[18]);
	assert_int_equal(on_list(LRU_INACTIVE_FILE), 0);
	lru_add_drain();
	assert_int_equal(on_list(LRU_INACTIVE_ANON), 15);
	assert_int_equal(on_list(LRU_ACTIVE_ANON), 1);
	assert_int_equal(on_list(LRU_INACTIVE_FILE), 1);
	assert_int_equal(on_list(LRU_ACTIVE_FILE), 1);
	assert_int_equal(on_list(LRU_UNEVICTABLE), 1);
	assert_sound();
	for (unsigned i = 0; i < 19; i++) {
		put_page(pages[i]);
		assert_sound();
	}
	for (unsigned list = 0; list < NR_LRU_LISTS; list++)
		assert_int_equal(on_list(list), 0);
}

/* Oldest at the end: what reclaim takes first. */
static void the_list_is_in_order_of_age(void **state)
{
	struct lruvec *lruvec;
	struct page *page;

	floors_up(1, 1, 16, 0);
	for (unsigned i = 0; i < 40; i++)
		lru_cache_add(pages[i] = new_page(false));
	lru_add_drain();
	lruvec = node_lruvec(node_data[0]);
	page = page_list_last(&lruvec->list[LRU_INACTIVE_FILE]);
	for (unsigned i = 0; i < 40; i++) {
		assert_ptr_equal(page, pages[i]);
		page = page_list_prev(page);
	}
	release_pages(pages, 40);
	assert_sound();
}

/* A page that goes before its batch is drained never sees a list, and is free at once. */
static void a_page_leaves_its_batch(void **state)
{
	unsigned long before, free;

	floors_up(1, 1, 16, 0);
	before = trace_count(TRACE_lru_add);
	for (unsigned i = 0; i < 10; i++)
		lru_cache_add(pages[i] = new_page(true));
	free = nr_free_pages() + nr_pcp_pages();
	for (unsigned i = 0; i < 10; i += 2) {
		put_page(pages[i]);
		assert_sound();
	}
	assert_int_equal(nr_free_pages() + nr_pcp_pages(), free + 5);
	assert_int_equal(trace_count(TRACE_lru_add), before);
	lru_add_drain();
	assert_int_equal(on_list(LRU_INACTIVE_ANON), 5);
	assert_sound();
	for (unsigned i = 1; i < 10; i += 2)
		put_page(pages[i]);
	assert_int_equal(nr_free_pages() + nr_pcp_pages(), free + 10);
	assert_sound();
}

static void isolated_pages_are_on_no_list(void **state)
{
	floors_up(1, 1, 16, 0);
	pages[0] = new_page(false);
	assert_false(lru_isolate(pages[0]));
	lru_cache_add(pages[0]);
	assert_true(lru_isolate(pages[0])); /* from the batch */
	assert_false(page_test(pages[0], PG_lru));
	assert_sound();
	lru_putback(pages[0]);
	lru_add_drain();
	assert_int_equal(on_list(LRU_INACTIVE_FILE), 1);
	assert_true(lru_isolate(pages[0])); /* from the list */
	assert_int_equal(on_list(LRU_INACTIVE_FILE), 0);
	assert_sound();
	page_set(pages[0], PG_active);
	lru_putback(pages[0]);
	lru_add_drain();
	assert_int_equal(on_list(LRU_ACTIVE_FILE), 1);
	put_page(pages[0]);
	assert_sound();
}

/* Twice used: active. */
static void a_second_use_activates(void **state)
{
	floors_up(1, 1, 16, 0);
	for (unsigned in_batch = 0; in_batch < 2; in_batch++) {
		pages[0] = new_page(false);
		lru_cache_add(pages[0]);
		if (!in_batch)
			lru_add_drain();
		mark_page_accessed(pages[0]);
		assert_true(page_test(pages[0], PG_referenced));
		assert_false(page_test(pages[0], PG_active));
		mark_page_accessed(pages[0]);
		assert_true(page_test(pages[0], PG_active));
		assert_false(page_test(pages[0], PG_referenced));
		assert_sound();
		lru_add_drain();
		assert_int_equal(on_list(LRU_ACTIVE_FILE), 1);
		assert_int_equal(on_list(LRU_INACTIVE_FILE), 0);
		assert_sound();
		put_page(pages[0]);
	}
	assert_int_equal(trace_count(TRACE_lru_activate), 2);
}

/* Shared pages stay, compound ones go whole, the same page may come twice. */
static void release_drops_one_reference_each(void **state)
{
	unsigned long before;
	unsigned n = 0;

	floors_up(1, 1, 16, 0);
	before = nr_free_pages() + nr_pcp_pages();
	struct page *shared = new_page(true), *twice = new_page(true);
	struct page *big = alloc_pages(GFP_KERNEL | __GFP_COMP, 3);
	get_page(shared);
	get_page(twice);
	lru_cache_add(shared);
	lru_cache_add(twice);
	pages[n++] = shared;
	pages[n++] = twice;
	for (unsigned i = 0; i < 100; i++)
		lru_cache_add(pages[n++] = new_page(i & 1));
	pages[n++] = twice;
	pages[n++] = big + 5;         /* a tail stands for its block */
	pages[n++] = new_page(false); /* on no list */
	assert_sound();
	release_pages(pages, n);
	assert_sound();
	assert_int_equal(nr_free_pages() + nr_pcp_pages(), before - 1);
	assert_int_equal(page_ref_count(shared), 1);
	put_page(shared);
	assert_int_equal(nr_free_pages() + nr_pcp_pages(), before);
	assert_sound();
}

static int add_some(void *arg)
{
	for (unsigned i = 0; i < 7; i++)
		lru_cache_add(pages[(unsigned long)arg * 7 + i] = new_page(true));
	return 0;
}

/* Nobody's help is needed to drain everybody's batch; pages go to their own node's lists. */
static void all_batches_can_be_drained(void **state)
{
	unsigned long total = 0;

	floors_up(4, 2, 16, 0);
	for (unsigned long cpu = 0; cpu < 4; cpu++)
		soft_join(soft_run(add_some, (void *)cpu, "add", 1UL << cpu));
	assert_sound();
	put_page(pages[3]); /* from CPU 0's batch, wherever we are */
	put_page(pages[25]);
	lru_add_drain_all();
	assert_sound();
	for (int nid = 0; nid < 2; nid++) {
		assert_int_equal(node_stat(node_data[nid], NR_INACTIVE_ANON), 13);
		total += node_stat(node_data[nid], NR_INACTIVE_ANON);
	}
	assert_int_equal(total, 26);
	for (unsigned i = 0; i < 28; i++)
		if (i != 3 && i != 25)
			put_page(pages[i]);
	assert_sound();
}

/* ---- Many CPUs: pages wander, whoever drops the last reference frees ---- */

static struct page *slots[64]; /* atomic; each holds a reference */

static int work(void *arg)
{
	struct random random = {test_seed() + (unsigned long)arg * 991};
	struct page *mine[32];
	unsigned n = 0;

	for (unsigned step = 0; step < 3000; step++) {
		u64 what = random_below(&random, 100);
		struct page *page;

		if (what < 40) {
			page = alloc_page(GFP_KERNEL);
			if (!page)
				continue;
			if (what & 1)
				page_set_owned(page, PG_swapbacked);
			lru_cache_add(page);
		} else {
			page = xchg(&slots[random_below(&random, 64)], NULL);
			if (!page)
				continue;
		}
		if (what % 10 == 3)
			mark_page_accessed(page);
		if (what % 10 == 4 && lru_isolate(page))
			lru_putback(page);
		if (what % 10 == 5) {
			get_page(page);
			put_page(page);
		}
		if (what < 80)
			page = xchg(&slots[random_below(&random, 64)], page);
		if (page)
			mine[n++] = page;
		if (n == ARRAY_SIZE(mine) || (what == 99 && n)) {
			release_pages(mine, n);
			n = 0;
		}
		if (what == 98)
			lru_add_drain_all();
		cond_resched();
	}
	release_pages(mine, n);
	return 0;
}

static void stress(unsigned nodes, u64 schedule_seed)
{
	struct task_struct *task[6];
	unsigned long before;

	floors_up(3, nodes, 32, schedule_seed);
	before = settled_free_pages();
	for (unsigned long i = 0; i < ARRAY_SIZE(task); i++)
		task[i] = kthread_run(work, (void *)i, "work");
	for (unsigned i = 0; i < ARRAY_SIZE(task); i++)
		soft_join(task[i]);
	assert_sound();
	for (unsigned i = 0; i < ARRAY_SIZE(slots); i++)
		if (slots[i])
			put_page(slots[i]);
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

static void random_history(void **state)
{
	struct random random = {test_seed()};
	unsigned n = 0;

	floors_up(1, 1, 16, 0);
	for (unsigned step = 0; step < 4000; step++) {
		u64 what = random_below(&random, 100);
		unsigned k = n ? (unsigned)random_below(&random, n) : 0;

		if (what < 45 && n < PAGES) {
			pages[n] = new_page(what & 1);
			if (what % 7 == 0)
				lru_cache_add_active(pages[n]);
			else if (what % 7 == 1)
				lru_cache_add_unevictable(pages[n]);
			else
				lru_cache_add(pages[n]);
			n++;
		} else if (what < 60 && n > 0) {
			put_page(pages[k]);
			pages[k] = pages[--n];
		} else if (what < 70 && n > 0) {
			if (lru_isolate(pages[k])) {
				if (what & 1)
					page_set(pages[k], PG_unevictable);
				else
					page_clear(pages[k], PG_unevictable);
				lru_putback(pages[k]);
			}
		} else if (what < 85 && n > 0) {
			mark_page_accessed(pages[k]);
		} else if (what < 88) {
			release_pages(pages + n / 2, n - n / 2);
			n /= 2;
		} else if (what < 90) {
			lru_add_drain();
		}
		assert_int_equal(lru_check(), 0);
	}
	release_pages(pages, n);
	assert_sound();
}

/* The checker sees what it is there to see. */
static void check_finds_strays(void **state)
{
	floors_up(1, 1, 16, 0);
	for (unsigned i = 0; i < 5; i++)
		lru_cache_add(pages[i] = new_page(true));
	lru_add_drain();
	assert_int_equal(lru_check(), 0);
	page_set(pages[2], PG_active);
	assert_int_not_equal(lru_check(), 0);
	page_clear(pages[2], PG_active);
	page_clear(pages[2], PG_lru);
	assert_int_not_equal(lru_check(), 0);
	page_set(pages[2], PG_lru);
	mod_node_stat(node_data[0], NR_INACTIVE_ANON, 1);
	assert_int_not_equal(lru_check(), 0);
	mod_node_stat(node_data[0], NR_INACTIVE_ANON, -1);
	mod_zone_stat(page_zone(pages[0]), NR_ZONE_INACTIVE_ANON, 1);
	assert_int_not_equal(lru_check(), 0);
	mod_zone_stat(page_zone(pages[0]), NR_ZONE_INACTIVE_ANON, -1);
	assert_int_equal(lru_check(), 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(pages_wait_in_a_batch),
	cmocka_unit_test(the_list_is_in_order_of_age),
	cmocka_unit_test(a_page_leaves_its_batch),
	cmocka_unit_test(isolated_pages_are_on_no_list),
	cmocka_unit_test(a_second_use_activates),
	cmocka_unit_test(release_drops_one_reference_each),
	cmocka_unit_test(all_batches_can_be_drained),
	cmocka_unit_test(cpus_in_parallel),
	cmocka_unit_test(cpus_in_parallel_on_nodes),
	cmocka_unit_test(cpus_in_a_seeded_order),
	cmocka_unit_test(random_history),
	cmocka_unit_test(check_finds_strays),
};
HOST_TESTS(tests)
