/*
 * The page lock: it excludes, and is passed on to whoever waits for it. Under a seeded schedule
 * a wake-up that is lost is a panic: nobody runs any more.
 */
#include "floors.h"
#include "mm/cache/cache.h"

static struct page *page;
static unsigned inside, rounds;

static int lock_again_and_again(void *arg)
{
	for (int i = 0; i < 100; i++) {
		lock_page(page);
		assert_int_equal(inside++, 0);
		cond_resched();
		assert_int_equal(--inside, 0);
		rounds++;
		unlock_page(page);
		cond_resched();
	}
	return 0;
}

static void page_lock_is_passed_on(void **state)
{
	struct task_struct *task[4];

	floors_up(3, 1, 16, test_seed());
	cache_init();
	page = alloc_page(GFP_KERNEL);
	assert_non_null(page);
	for (unsigned i = 0; i < ARRAY_SIZE(task); i++)
		task[i] = soft_run(lock_again_and_again, NULL, "locker", 7);
	for (unsigned i = 0; i < ARRAY_SIZE(task); i++)
		soft_join(task[i]);
	assert_int_equal(rounds, 400);
	assert_true(trylock_page(page));
	assert_false(trylock_page(page));
	unlock_page(page);
	__free_page(page);
	assert_sound();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(page_lock_is_passed_on),
};
HOST_TESTS(tests)
