/*
 * Allocating frames: what requests may take and what they must leave, exact sizes,
 * compound blocks.
 */
#include "frames.h"

static void a_page_as_promised(void **state)
{
	boot();
	struct page *page = alloc_page(GFP_KERNEL);

	assert_int_equal(page_ref_count(page), 1);
	assert_int_equal(page_mapcount(page), 0);
	assert_int_equal(page->mapping, 0);
	assert_int_equal(page->flags & 0xffffff, 0);
	assert_ptr_equal(page_zone(page), zone_of(ZONE_DMA32));
	assert_ptr_equal(virt_to_page(page_address(page)), page);

	/* What its user left behind is gone when it comes again. */
	memset(page_address(page), 0x77, PAGE_SIZE);
	page_set_mapping(page, (void *)0x7f0000001230, true, 99);
	page_set(page, PG_dirty);
	page_set(page, PG_swapbacked);
	__free_page(page);
	struct page *again = alloc_page(GFP_KERNEL | __GFP_ZERO);
	assert_ptr_equal(again, page); /* the warm one */
	assert_int_equal(again->flags & 0xffffff, 0);
	assert_int_equal(again->mapping, 0);
	for (unsigned i = 0; i < PAGE_SIZE; i++)
		assert_int_equal(((char *)page_address(again))[i], 0);
	__free_page(again);

	void *zeroed = get_zeroed_page(GFP_ATOMIC);
	assert_int_equal(*(long *)zeroed, 0);
	free_page(zeroed);
	free_pages(NULL, 3);
	check();
}

static void blocks_of_every_order(void **state)
{
	boot();
	unsigned long free = nr_free_pages() + nr_pcp_pages();

	for (unsigned order = 0; order < MAX_ORDER; order++) {
		struct page *page = alloc_pages(GFP_KERNEL | __GFP_ZERO, order);

		assert_non_null(page);
		assert_true(IS_ALIGNED(page_to_pfn(page), 1UL << order));
		assert_int_equal(nr_free_pages() + nr_pcp_pages(), free - (1UL << order));
		for (unsigned long i = 1; i < 1UL << order; i++)
			assert_int_equal(page_ref_count(page + i), 0);
		for (unsigned long i = 0; i < PAGE_SIZE << order; i += 512)
			assert_int_equal(*((char *)page_address(page) + i), 0);
		memset(page_address(page), 0x11, PAGE_SIZE << order);
		check();
		__free_pages(page, order);
		check();
	}
	assert_int_equal(nr_free_pages() + nr_pcp_pages(), free);
	drain_all_pages();
	assert_int_equal(nr_free_pages(), free);
	assert_int_equal(nr_pcp_pages(), 0);
}

static void compound_pages(void **state)
{
	boot();
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 4);

	assert_true(page_test(page, PG_head));
	assert_int_equal(compound_order(page), 4);
	for (unsigned i = 1; i < 16; i++) {
		assert_true(page_test(page + i, PG_tail));
		assert_ptr_equal(compound_head(page + i), page);
	}
	get_page(page + 7);
	assert_int_equal(page_ref_count(page), 2);
	atomic_dec(&page->refcount);
	__free_pages(page, 4);
	check();
	page = alloc_pages(GFP_KERNEL, 4);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(page[i].flags & 0xffffff, 0);
	__free_pages(page, 4);
}

static void order_11_is_refused(void **state)
{
	boot();
	assert_null(alloc_pages(GFP_KERNEL, 11));
	assert_int_equal(warn_count, 1);
	assert_null(alloc_pages(GFP_KERNEL, 12));
	assert_int_equal(warn_count, 1); /* said once */
	assert_null(alloc_pages_exact(MAX_BLOCK_PAGES * PAGE_SIZE + 1, GFP_KERNEL));
	warn_count = 0;
	check();
}

/* How many blocks of each order the zone has more than before. */
static void blocks(struct zone *zone, long by_order[MAX_ORDER])
{
	struct zone_snapshot snapshot;

	zone_snapshot(zone, &snapshot);
	for (unsigned order = 0; order < MAX_ORDER; order++) {
		by_order[order] = 0;
		for (unsigned type = 0; type < MIGRATE_TYPES; type++)
			by_order[order] += snapshot.blocks[type][order];
	}
}

static void sixty_five_pages(void **state)
{
	static const long given_back[MAX_ORDER] = {1, 1, 1, 1, 1, 1};
	long before[MAX_ORDER], after[MAX_ORDER];

	boot();
	unsigned long free = nr_free_pages();

	/* As a block: 128 pages. */
	struct page *block = alloc_pages(GFP_KERNEL, 7);
	drain_all_pages();
	assert_int_equal(nr_free_pages(), free - 128);
	blocks(zone_of(ZONE_DMA32), before);
	__free_pages(block, 7);

	/* Exactly: 63 come back, as aligned blocks of 1, 2, 4, 8, 16, 32. */
	char *exact = alloc_pages_exact(65 * PAGE_SIZE - 100, GFP_KERNEL | __GFP_ZERO);
	drain_all_pages();
	assert_int_equal(nr_free_pages(), free - 65);
	blocks(zone_of(ZONE_DMA32), after);
	for (unsigned order = 0; order < MAX_ORDER; order++)
		assert_int_equal(after[order] - before[order], given_back[order]);
	assert_ptr_equal(virt_to_page(exact), block);
	for (unsigned i = 0; i < 65; i++)
		assert_int_equal(page_ref_count(block + i), 1);
	memset(exact, 1, 65 * PAGE_SIZE);
	check();
	free_pages_exact(exact, 65 * PAGE_SIZE - 100);
	drain_all_pages();
	assert_int_equal(nr_free_pages(), free);
	check();
}

static void split_blocks_are_single_pages(void **state)
{
	boot();
	unsigned long free = nr_free_pages();
	struct page *page = alloc_pages(GFP_KERNEL, 5);

	split_page(page, 5);
	for (unsigned i = 0; i < 32; i++)
		assert_int_equal(page_ref_count(page + i), 1);
	for (unsigned i = 0; i < 32; i++) {
		__free_page(page + (i * 7) % 32);
		check();
	}
	drain_all_pages();
	assert_int_equal(nr_free_pages(), free);
}

static void in_bulk(void **state)
{
	static struct page *pages[5000];

	boot();
	unsigned long free = nr_free_pages();

	assert_int_equal(alloc_pages_bulk(GFP_KERNEL, 5000, pages), 5000);
	for (unsigned i = 0; i < 5000; i++) {
		assert_int_equal(page_ref_count(pages[i]), 1);
		pages[i]->index = i;
	}
	for (unsigned i = 0; i < 5000; i++)
		assert_int_equal(pages[i]->index, i);
	check();
	for (unsigned i = 0; i < 5000; i++)
		atomic_set(&pages[i]->refcount, 0);
	free_pages_bulk(pages, 5000);
	drain_all_pages();
	assert_int_equal(nr_free_pages(), free);
	check();
	/* As many as there are. */
	unsigned long n = 0;
	for (unsigned got; (got = alloc_pages_bulk(QUIET, 5000, pages)) > 0;)
		n += got;
	assert_in_range(n, free - 2000, free - 1);
	check();
}

/* ---- what is left for whom ---- */

static void reserves_are_kept(void **state)
{
	boot_large();
	struct zone *dma = zone_of(ZONE_DMA), *dma32 = zone_of(ZONE_DMA32);
	const unsigned long min32 = dma32->watermark[WMARK_MIN];
	const unsigned long min16 = dma->watermark[WMARK_MIN];
	const unsigned long reserve = dma->lowmem_reserve[ZONE_NORMAL];

	assert_true(reserve > 40 && min32 > 100);
	/* Ordinary requests leave min, and in the DMA zone the reserve on top. */
	take_all(QUIET, 0);
	assert_int_equal(dma32->free_pages, min32);
	assert_int_equal(dma->free_pages, min16 + reserve);
	assert_int_equal(nr_pcp_pages(), 0);
	/* Blocks, too. */
	assert_null(alloc_pages(QUIET, 3));
	/* Who can use the DMA zone alone finds its reserve. */
	struct page *page = alloc_page(GFP_DMA | QUIET);
	assert_ptr_equal(page_zone(page), dma);
	__free_page(page);
	/* GFP_ATOMIC: half of min, less a quarter of that. */
	unsigned long atomic = take_all(GFP_ATOMIC | __GFP_NOWARN, 1);
	assert_true(atomic > 0);
	assert_int_equal(dma32->free_pages, min32 - min32 / 2 - (min32 - min32 / 2) / 4);
	assert_null(alloc_page(QUIET));
	/* __GFP_HIGH alone goes not so deep, so it finds nothing any more; nor with NOMEMALLOC. */
	assert_null(alloc_page(GFP_NOWAIT | __GFP_HIGH | __GFP_NOWARN));
	assert_null(alloc_page(GFP_ATOMIC | __GFP_NOMEMALLOC | __GFP_NOWARN));
	assert_null(alloc_page(GFP_ATOMIC | __GFP_NOMEMALLOC | __GFP_MEMALLOC | __GFP_NOWARN));
	/* Who frees memory by it: to the last page. */
	take_all(QUIET | __GFP_MEMALLOC, 2);
	assert_int_equal(nr_free_pages(), 0);
	check();
	for (unsigned i = 0; i < 3; i++)
		give_all(i);
	check();
	assert_int_equal(nr_free_pages() + nr_pcp_pages(), totalram_pages());
}

static void pages_of_the_reserve_stay_out_of_the_lists(void **state)
{
	boot_large();
	take_all(QUIET, 0);
	for (unsigned i = 0; i < 10; i++) {
		assert_non_null(alloc_page(GFP_ATOMIC));
		assert_int_equal(nr_pcp_pages(), 0);
		assert_null(alloc_page(QUIET));
	}
}

static void dma_requests_stay_below_16_mib(void **state)
{
	boot();
	unsigned long n = take_all(GFP_DMA | QUIET, 0);

	assert_true(n > 3000);
	for (struct page *page = chain[0];; page = pfn_to_page(page->index)) {
		assert_true(page_to_pfn(page) < ZONE_DMA_END_PFN);
		if (page->index == ~0u)
			break;
	}
	assert_non_null(alloc_page(GFP_KERNEL));
	assert_non_null(alloc_page(GFP_DMA32));
	give_all(0);
	check();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_page_as_promised),
	cmocka_unit_test(blocks_of_every_order),
	cmocka_unit_test(compound_pages),
	cmocka_unit_test(order_11_is_refused),
	cmocka_unit_test(sixty_five_pages),
	cmocka_unit_test(split_blocks_are_single_pages),
	cmocka_unit_test(in_bulk),
	cmocka_unit_test(reserves_are_kept),
	cmocka_unit_test(pages_of_the_reserve_stay_out_of_the_lists),
	cmocka_unit_test(dma_requests_stay_below_16_mib),
};
HOST_TESTS(tests)
