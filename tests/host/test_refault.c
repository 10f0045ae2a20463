// geometries: all
/*
 * Pages that come back: the distance, what it is compared with, and what a note remembers.
 */
#include "floors.h"
#include "mm/frame/vmstat.h"
#include "mm/lru/refault.h"

#define ACTIVE 300 /* pages on the node's active list of files */
#define UNIT   64  /* time is kept in units no larger than this here */

static struct page *active[ACTIVE];

static void up(void)
{
	floors_up(1, 1, 16 * (PAGE_SIZE / 4096), 0); /* 4096 frames */
	assert_int_equal(refault_init(), 0);
	for (unsigned i = 0; i < ACTIVE; i++) {
		active[i] = alloc_page(GFP_KERNEL);
		assert_non_null(active[i]);
		lru_cache_add_active(active[i]);
	}
	lru_add_drain();
	assert_int_equal(node_stat(node_data[0], NR_ACTIVE_FILE), ACTIVE);
}

static void down(void)
{
	for (unsigned i = 0; i < ACTIVE; i++)
		put_page(active[i]);
	assert_sound();
}

static unsigned long stat(enum node_stat item)
{
	return node_stat(node_data[0], item);
}

struct flags {
	bool active, workingset;
};

/* As what does a page come back? */
static struct flags returned(u64 name, bool file, bool swap)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct flags flags;

	assert_non_null(page);
	refault_returned(name, page, file, swap);
	flags = (struct flags){page_test(page, PG_active), page_test(page, PG_workingset)};
	page_clear_owned(page, PG_active);
	page_clear_owned(page, PG_workingset);
	__free_page(page);
	return flags;
}

static void after_fewer_than_are_active(void **state)
{
	up();
	refault_note(7, 0, false);
	refault_age(0, ACTIVE - UNIT);
	assert_true(returned(7, true, false).active);
	assert_int_equal(stat(WORKINGSET_REFAULT_FILE), 1);
	assert_int_equal(stat(WORKINGSET_ACTIVATE_FILE), 1);
	assert_int_equal(stat(WORKINGSET_RESTORE_FILE), 0);
	down();
}

static void after_more_than_are_active(void **state)
{
	up();
	refault_note(7, 0, true);
	refault_age(0, ACTIVE + UNIT);
	const struct flags flags = returned(7, true, false);

	assert_false(flags.active || flags.workingset);
	assert_int_equal(stat(WORKINGSET_REFAULT_FILE), 1);
	assert_int_equal(stat(WORKINGSET_ACTIVATE_FILE), 0);
	down();
}

/* Other pages that go are time, too. */
static void others_that_go(void **state)
{
	up();
	refault_note(1, 0, false);
	for (u64 name = 1000; name < 1000 + ACTIVE + 2 * UNIT; name++)
		refault_note(name, 0, false);
	assert_true(returned(1000 + ACTIVE + UNIT, true, false).active);
	assert_false(returned(1, true, false).active);
	down();
}

static void had_been_active(void **state)
{
	up();
	refault_note(7, 0, true);
	const struct flags flags = returned(7, true, false);

	assert_true(flags.active && flags.workingset);
	assert_int_equal(stat(WORKINGSET_RESTORE_FILE), 1);
	down();
}

/* Who cannot give way does not count: without swap, anonymous pages. */
static void who_gives_way(void **state)
{
	struct page *anon[ACTIVE];

	up();
	for (unsigned i = 0; i < ACTIVE; i++) {
		anon[i] = alloc_page(GFP_KERNEL);
		assert_non_null(anon[i]);
		page_set_owned(anon[i], PG_swapbacked);
		lru_cache_add(anon[i]);
	}
	lru_add_drain();
	for (unsigned swap = 0; swap < 2; swap++) {
		refault_note(7, 0, false);
		refault_age(0, ACTIVE + UNIT);
		assert_int_equal(returned(7, true, swap).active, swap);
	}
	/* An anonymous page cannot take from its own inactive list. */
	refault_note(8, 0, false);
	refault_age(0, ACTIVE + UNIT);
	assert_false(returned(8, false, true).active);
	assert_int_equal(stat(WORKINGSET_REFAULT_ANON), 1);
	for (unsigned i = 0; i < ACTIVE; i++)
		put_page(anon[i]);
	down();
}

static void noted_once_found_once(void **state)
{
	up();
	assert_false(returned(7, true, true).active);
	refault_note(7, 0, false);
	refault_note(7, 0, true); /* went again under the same name: the last time counts */
	assert_true(returned(7, true, true).workingset);
	assert_false(returned(7, true, true).active);
	assert_int_equal(stat(WORKINGSET_REFAULT_FILE), 1);
	down();
}

/* Half as many as there are frames: nearly all are found, and hardly any that were never there. */
static void many(void **state)
{
	unsigned long n, found;

	up();
	n = totalram_pages() / 2;
	for (u64 i = 0; i < n; i++)
		refault_note(refault_name_of_file(active, i), 0, false);
	for (u64 i = 0; i < n; i++)
		(void)returned(refault_name_of_file(up, i), true, true);
	found = stat(WORKINGSET_REFAULT_FILE);
	assert_in_range(found, 0, n / 50);
	for (u64 i = 0; i < n; i++)
		(void)returned(refault_name_of_file(active, i), true, true);
	assert_in_range(stat(WORKINGSET_REFAULT_FILE) - found, n - n / 10, n);
	down();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(after_fewer_than_are_active),
	cmocka_unit_test(after_more_than_are_active),
	cmocka_unit_test(others_that_go),
	cmocka_unit_test(had_been_active),
	cmocka_unit_test(who_gives_way),
	cmocka_unit_test(noted_once_found_once),
	cmocka_unit_test(many),
};
HOST_TESTS(tests)
