/*
 * Frames in wrong hands, and what the debug build does to find them.
 */
#include "frames.h"

static void freed_while_in_use(void **state)
{
	boot();
	struct page *page = alloc_page(GFP_KERNEL);

	page_set(page, PG_locked);
	__free_page(page);
	assert_int_equal(warn_count, 1);
	assert_non_null(strstr(log_text(), "BUG: Bad page state"));
	/* It is lost, not given to another. */
	struct page *other = alloc_page(GFP_KERNEL);
	assert_ptr_not_equal(other, page);

	struct page *block = alloc_pages(GFP_KERNEL, 5);
	__free_pages(block, 5);
	__free_pages(block, 5); /* twice */
	assert_true(warn_count >= 2);
	warn_count = 0;
	check();
}

#ifdef PAGODA_DEBUG
static void written_after_free(void **state)
{
	boot();
	struct page *page = alloc_page(GFP_KERNEL);
	char *bytes = page_address(page);

	__free_page(page);
	assert_int_equal((unsigned char)bytes[1234], 0xaa);
	bytes[1234] = 1;
	assert_ptr_equal(alloc_page(GFP_KERNEL), page);
	assert_non_null(strstr(log_text(), "written after it was freed"));
	assert_int_equal(warn_count, 1);
	warn_count = 0;
}

static void freed_twice_inside_a_larger_block(void **state)
{
	boot();
	struct page *block = alloc_pages(GFP_KERNEL, 6);

	split_page(block, 6);
	for (unsigned i = 0; i < 64; i++)
		__free_page(block + i);
	drain_all_pages();
	__free_page(block + 33); /* no flag shows that it is free already */
	assert_int_equal(warn_count, 1);
	__free_pages(block + 32, 4);
	assert_int_equal(warn_count, 2);
	warn_count = 0;
	check();
}

static void owners_are_known(void **state)
{
	boot();
	struct page *page = alloc_page(GFP_KERNEL);

	assert_in_range(page_alloc_caller(page), (unsigned long)owners_are_known,
			(unsigned long)owners_are_known + 4096);
	__free_page(page);
	assert_int_equal(page_alloc_caller(page), 0);
	page = alloc_pages(GFP_KERNEL, 3);
	assert_int_not_equal(page_alloc_caller(page + 7), 0);
	__free_pages(page, 3);
}

/* All or nothing: what the test of every caller of the allocator looks like. */
static bool take_five(void)
{
	struct page *pages[4];
	unsigned n = alloc_pages_bulk(GFP_KERNEL, 4, pages);
	void *exact = n == 4 ? alloc_pages_exact(5 * PAGE_SIZE, GFP_KERNEL) : NULL;

	if (exact)
		free_pages_exact(exact, 5 * PAGE_SIZE);
	while (n > 0)
		__free_page(pages[--n]);
	return exact != NULL;
}

static void the_nth_fails(void **state)
{
	unsigned n;

	boot();
	for (n = 1; n < 100; n++) {
		fail_nth_set(n);
		bool done = take_five();
		unsigned left = fail_nth_left();

		fail_nth_set(0);
		check();
		assert_int_equal(nr_free_pages() + nr_pcp_pages(), totalram_pages());
		if (done) {
			assert_true(left > 0);
			break;
		}
		assert_int_equal(left, 0);
	}
	assert_int_equal(n, 6);
	/* __GFP_NOFAIL is exempt. */
	fail_nth_set(1);
	assert_non_null(alloc_page(GFP_KERNEL | __GFP_NOFAIL));
	assert_null(alloc_page(GFP_KERNEL));
	assert_non_null(alloc_page(GFP_KERNEL));
}
#endif

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(freed_while_in_use),
#ifdef PAGODA_DEBUG
	cmocka_unit_test(written_after_free), cmocka_unit_test(freed_twice_inside_a_larger_block),
	cmocka_unit_test(owners_are_known),   cmocka_unit_test(the_nth_fails),
#endif
};
HOST_TESTS(tests)
