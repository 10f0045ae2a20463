// geometries: all
/*
 * The buddy system by itself, on a zone of a few frames (S24): the textbook's
 * examples step by step, page blocks changing sides, holes, and random traffic
 * against a model.
 */
#include "harness.h"
#include "lib/bitmap.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "machine/soft.h"
#include "mm/frame/buddy.h"
#include "mm/frame/frame.h"

static struct zone zone = {.name = "test"};

/* A zone over [start, start + frames), nothing free yet; mem_map is the caller's business. */
/* RAM for all frames that the tests use, whatever the size of a page. */
static void machine_up(void)
{
	soft_machine_init(&(struct soft_config){.ram = {{0, 16384 * PAGE_SIZE, 0}}});
}

static void make_zone_with_holes(pfn_t start, unsigned long frames)
{
	static void *metadata;

	free(metadata);
	metadata = calloc(1, buddy_metadata_bytes(start, frames));
	spin_lock_init(&zone.lock, RANK_ZONE);
	zone.start_pfn = start;
	zone.spanned_pages = zone.present_pages = frames;
	buddy_init(&zone, metadata);
}

static void make_zone(pfn_t start, unsigned long frames)
{
	make_zone_with_holes(start, frames);
	machine_map_mem_map(start, start + frames, 0);
	memset(pfn_to_page(start), 0, frames * sizeof(struct page));
}

static void check(void)
{
	static unsigned long seen[8192 / BITS_PER_LONG];

	memset(seen, 0, sizeof(seen));
	spin_lock(&zone.lock);
	assert_int_equal(zone_check(&zone, seen), 0);
	spin_unlock(&zone.lock);
}

static void add(pfn_t start, pfn_t end)
{
	spin_lock(&zone.lock);
	buddy_add_range(&zone, start, end);
	spin_unlock(&zone.lock);
	check();
}

static pfn_t take_type(unsigned order, enum migratetype type)
{
	spin_lock(&zone.lock);
	struct page *page = buddy_take(&zone, order, type);
	spin_unlock(&zone.lock);
	check();
	return page ? page_to_pfn(page) : ~0UL;
}

static pfn_t take(unsigned order)
{
	return take_type(order, MIGRATE_MOVABLE);
}

static void give(pfn_t pfn, unsigned order)
{
	spin_lock(&zone.lock);
	buddy_give(&zone, pfn, order);
	spin_unlock(&zone.lock);
	check();
}

/* The free lists in words: "order:first,next ..." for each list that is not empty. */
static const char *lists(void)
{
	static char text[4000];
	int at = 0;

	text[0] = '\0';
	for (unsigned order = 0; order < MAX_ORDER; order++) {
		for (unsigned type = 0; type < MIGRATE_TYPES; type++) {
			struct page *page = page_list_first(&zone.free_area[order].list[type]);
			char before = ':';

			if (!page)
				continue;
			at += snprintf(text + at, sizeof(text) - at, "%s%lu%s", at ? " " : "",
				       1UL << order,
				       type == MIGRATE_MOVABLE ? "" : migratetype_name(type));
			for (; page; page = page_list_next(page), before = ',')
				at += snprintf(text + at, sizeof(text) - at, "%c%lu", before,
					       page_to_pfn(page));
		}
	}
	return text;
}

static void sixty_four_pages(void **state)
{
	machine_up();
	make_zone(0, 64);
	add(0, 64);
	assert_string_equal(lists(), "64:0");

	assert_int_equal(take(3), 0);
	assert_string_equal(lists(), "8:8 16:16 32:32");
	assert_int_equal(take(3), 8);
	assert_string_equal(lists(), "16:16 32:32");
	assert_int_equal(take(2), 16);
	assert_string_equal(lists(), "4:20 8:24 32:32");
	give(8, 3);
	assert_string_equal(lists(), "4:20 8:24,8 32:32");
	give(0, 3);
	assert_string_equal(lists(), "4:20 8:24 16:0 32:32");
	give(16, 2);
	assert_string_equal(lists(), "64:0");
	assert_int_equal(zone.free_pages, 64);
}

static void request_of_256(void **state)
{
	machine_up();
	make_zone(0, 4096);

	/* With a block of 512 free: one of 256 is left. */
	add(0, 512);
	assert_int_equal(take(8), 0);
	assert_string_equal(lists(), "256:256");
	assert_int_equal(take(8), 256);
	assert_string_equal(lists(), "");

	/* With only a block of 1024: one of 512 and one of 256. */
	add(1024, 2048);
	assert_int_equal(take(8), 1024);
	assert_string_equal(lists(), "256:1280 512:1536");

	/* Nothing large enough. */
	assert_int_equal(take(9), 1536);
	assert_int_equal(take(9), ~0UL);
	assert_int_equal(take(10), ~0UL);
	assert_string_equal(lists(), "256:1280");
}

static void frames_70_80_200(void **state)
{
	static struct {
		long word[2];
	} address_space __attribute__((aligned(16)));

	machine_up();
	make_zone(0, 256);
	add(0, 256);
	for (unsigned i = 0; i < 256; i++)
		assert_int_not_equal(take(0), ~0UL);
	assert_string_equal(lists(), "");
	give(70, 0);
	give(80, 0);
	give(200, 0);
	assert_string_equal(lists(), "1:70,80,200");
	assert_int_equal(pfn_to_page(70)->next, 80);
	assert_int_equal(pfn_to_page(200)->prev, 80);

	page_set_mapping(pfn_to_page(150), &address_space, false, 12);
	assert_ptr_equal(page_owner_ptr(pfn_to_page(150)), &address_space);
	assert_int_equal(page_index(pfn_to_page(150)), 12);

	/* 71 is 70's buddy; 79 and 80 are neighbours, but not buddies. */
	give(79, 0);
	assert_string_equal(lists(), "1:70,80,200,79");
	give(71, 0);
	assert_string_equal(lists(), "1:80,200,79 2:70");
}

static void singles_in_bulk_are_the_same(void **state)
{
	u32 bulk[100];
	pfn_t one[100];
	char after[4000];

	/* What a batch takes is what as many single requests would have taken. */
	machine_up();
	make_zone(0, 2048);
	add(3, 2043);
	for (unsigned i = 0; i < 100; i++)
		one[i] = take(0);
	strcpy(after, lists());

	make_zone(0, 2048);
	add(3, 2043);
	spin_lock(&zone.lock);
	assert_int_equal(buddy_take_singles(&zone, MIGRATE_MOVABLE, 37, bulk), 37);
	assert_int_equal(buddy_take_singles(&zone, MIGRATE_MOVABLE, 63, bulk + 37), 63);
	spin_unlock(&zone.lock);
	check();
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(bulk[i], one[i]);
	assert_string_equal(lists(), after);

	/* More than there is: what there is. */
	make_zone(0, 64);
	add(10, 20);
	spin_lock(&zone.lock);
	assert_int_equal(buddy_take_singles(&zone, MIGRATE_MOVABLE, 100, bulk), 10);
	spin_unlock(&zone.lock);
	check();
	assert_string_equal(lists(), "");
}

static void largest_block_is_claimed(void **state)
{
	machine_up();
	make_zone(0, 4096);
	add(0, 512);
	add(1024, 2048);
	assert_string_equal(lists(), "512:0 1024:1024");

	/* The kernel's first page: the largest block changes sides, both page blocks of it. */
	assert_int_equal(take_type(0, MIGRATE_UNMOVABLE), 1024);
	assert_int_equal(buddy_type(&zone, 1024), MIGRATE_UNMOVABLE);
	assert_int_equal(buddy_type(&zone, 1536), MIGRATE_UNMOVABLE);
	assert_int_equal(buddy_type(&zone, 0), MIGRATE_MOVABLE);
	assert_string_equal(lists(),
			    "1Unmovable:1025 2Unmovable:1026 4Unmovable:1028 8Unmovable:1032 "
			    "16Unmovable:1040 32Unmovable:1056 64Unmovable:1088 128Unmovable:1152 "
			    "256Unmovable:1280 512Unmovable:1536 512:0");
	/* Its next ones come from there. */
	assert_int_equal(take_type(0, MIGRATE_UNMOVABLE), 1025);
	assert_int_equal(take_type(9, MIGRATE_UNMOVABLE), 1536);
	assert_int_equal(take_type(9, MIGRATE_MOVABLE), 0);
	give(0, 9);
	give(1536, 9);
	give(1024, 0);
	give(1025, 0);
	assert_string_equal(lists(), "512:0 1024Unmovable:1024");
}

/* Take everything as single movable pages that "stand on the LRU", give some back. */
static void fill_with_movable(unsigned long frames)
{
	pfn_t pfn;

	while ((pfn = take(0)) != ~0UL)
		page_set(pfn_to_page(pfn), PG_lru);
	assert_int_equal(zone.free_pages, 0);
	for (pfn = zone.start_pfn; pfn < zone.start_pfn + frames; pfn++) {
		page_clear(pfn_to_page(pfn), PG_lru);
		give(pfn, 0);
	}
}

static void half_free_page_block_changes_sides(void **state)
{
	machine_up();
	make_zone(512, 512);
	add(512, 1024);
	fill_with_movable(256 + 16);
	assert_string_equal(lists(), "16:768 256:512");
	/* The largest block is looked at, the smallest that serves is taken. */
	assert_int_equal(take_type(0, MIGRATE_UNMOVABLE), 768);
	assert_int_equal(buddy_type(&zone, 512), MIGRATE_UNMOVABLE);
	assert_string_equal(lists(), "1Unmovable:769 2Unmovable:770 4Unmovable:772 8Unmovable:776 "
				     "256Unmovable:512");
}

static void fuller_page_block_stays(void **state)
{
	machine_up();
	make_zone(512, 512);
	add(512, 1024);
	fill_with_movable(128 + 4);
	assert_string_equal(lists(), "4:640 128:512");
	assert_int_equal(take_type(0, MIGRATE_UNMOVABLE), 640);
	assert_int_equal(buddy_type(&zone, 512), MIGRATE_MOVABLE);
	assert_string_equal(lists(), "1:641 2:642 128:512");
	/* The next one goes on with the small pieces. */
	assert_int_equal(take_type(0, MIGRATE_UNMOVABLE), 641);
	assert_int_equal(take_type(0, MIGRATE_UNMOVABLE), 642);
	assert_string_equal(lists(), "1:643 128:512");
}

static void compatible_pages_count_for_changing_sides(void **state)
{
	machine_up();
	make_zone(512, 512);
	add(512, 1024);
	fill_with_movable(128);
	/* 200 of the others turn out to be the kernel's own: not on the LRU. */
	for (pfn_t pfn = 700; pfn < 900; pfn++)
		page_clear(pfn_to_page(pfn), PG_lru);
	assert_int_equal(take_type(0, MIGRATE_UNMOVABLE), 512);
	assert_int_equal(buddy_type(&zone, 512), MIGRATE_UNMOVABLE);
}

static void movable_takes_small_without_claiming(void **state)
{
	machine_up();
	make_zone(512, 512);
	add(512, 1024);
	assert_int_equal(take_type(9, MIGRATE_UNMOVABLE), 512);
	for (pfn_t pfn = 512; pfn < 512 + 8; pfn++)
		give(pfn, 0);
	assert_string_equal(lists(), "8Unmovable:512");
	assert_int_equal(take_type(0, MIGRATE_MOVABLE), 512);
	assert_int_equal(buddy_type(&zone, 512), MIGRATE_UNMOVABLE);
	assert_string_equal(lists(), "1Unmovable:513 2Unmovable:514 4Unmovable:516");
}

static void movable_claims_for_large_blocks_only(void **state)
{
	machine_up();
	make_zone(512, 512);
	add(512, 1024);
	/* Half of the page block is free, but nothing larger than 8. */
	assert_int_equal(take_type(9, MIGRATE_UNMOVABLE), 512);
	for (pfn_t pfn = 512; pfn < 1024; pfn += 16)
		give(pfn, 3);
	assert_int_equal(take_type(0, MIGRATE_MOVABLE), 512);
	assert_int_equal(buddy_type(&zone, 512), MIGRATE_UNMOVABLE);
	/* A block of 16 is worth it. */
	give(520, 3);
	give(512, 0);
	assert_int_equal(take_type(0, MIGRATE_MOVABLE), 528);
	assert_int_equal(buddy_type(&zone, 512), MIGRATE_MOVABLE);
}

static void fallback_prefers_the_similar(void **state)
{
	machine_up();
	make_zone(0, 4096);
	add(0, 512);
	add(1024, 1536);
	add(2048, 2560);
	spin_lock(&zone.lock);
	buddy_set_type(&zone, 1024, MIGRATE_RECLAIMABLE);
	spin_unlock(&zone.lock);
	check();
	assert_string_equal(lists(), "512:0,2048 512Reclaimable:1024");
	assert_int_equal(take_type(5, MIGRATE_UNMOVABLE), 1024);
	assert_int_equal(buddy_type(&zone, 1024), MIGRATE_UNMOVABLE);
	assert_int_equal(buddy_type(&zone, 0), MIGRATE_MOVABLE);
}

static void cma_and_isolated_blocks_keep_apart(void **state)
{
	machine_up();
	make_zone(0, 1024);
	add(0, 1024);
	spin_lock(&zone.lock);
	assert_int_equal(buddy_set_type(&zone, 512, MIGRATE_CMA), 512);
	spin_unlock(&zone.lock);
	check();
	assert_string_equal(lists(), "512:0 512CMA:512");
	/* Nobody gets from there by accident. */
	assert_int_equal(take_type(9, MIGRATE_UNMOVABLE), 0);
	assert_int_equal(take_type(0, MIGRATE_UNMOVABLE), ~0UL);
	assert_int_equal(take_type(0, MIGRATE_MOVABLE), ~0UL);
	assert_int_equal(take_type(9, MIGRATE_CMA), 512);
	/* Both free again: they stay two blocks. */
	give(512, 9);
	give(0, 9);
	assert_string_equal(lists(), "512Unmovable:0 512CMA:512");
	assert_int_equal(take_type(10, MIGRATE_UNMOVABLE), ~0UL);
}

static void page_blocks_of_two_types_join_as_movable(void **state)
{
	machine_up();
	make_zone(0, 1024);
	add(0, 1024);
	assert_int_equal(take_type(9, MIGRATE_MOVABLE), 0);
	assert_int_equal(take_type(9, MIGRATE_UNMOVABLE), 512);
	assert_int_equal(buddy_type(&zone, 512), MIGRATE_UNMOVABLE);
	give(0, 9);
	give(512, 9);
	assert_string_equal(lists(), "1024:0");
	assert_int_equal(buddy_type(&zone, 512), MIGRATE_MOVABLE);
}

static void holes_are_not_looked_at(void **state)
{
	/*
	 * mem_map has no memory for most of the descriptors of [160, 1024): touching one would
	 * trap. What there is in a page that also has real ones looks like free blocks.
	 */
	const struct soft_config config = {
		.ram = {{0, 160 * PAGE_SIZE, 0}, {1024 * PAGE_SIZE, 1000 * PAGE_SIZE, 0}},
	};
	const struct page hole = {.flags = 1u << PG_buddy};
	pfn_t pfn, first = ~0UL;

	soft_machine_init(&config);
	make_zone_with_holes(0, 2024);
	machine_map_mem_map(0, 160, 0);
	machine_map_mem_map(1024, 2024, 0);
	for (pfn = 160; pfn < 256; pfn++)
		memcpy(pfn_to_page(pfn), &hole, sizeof(hole));
	add(0, 160);
	add(1024, 2024);
	assert_string_equal(lists(), "8:2016 32:128,1984 64:1920 128:0,1792 256:1536 512:1024");
	while ((pfn = take(0)) != ~0UL)
		first = pfn;
	assert_int_not_equal(first, ~0UL);
	for (pfn = 0; pfn < 160; pfn++)
		give(pfn, 0);
	for (pfn = 2023; pfn >= 1024; pfn--)
		give(pfn, 0);
	for (pfn = 160; pfn < 256; pfn++)
		assert_memory_equal(pfn_to_page(pfn), &hole, sizeof(hole));
	assert_string_equal(lists(), "8:2016 32:128,1984 64:1920 128:0,1792 256:1536 512:1024");
}

/* ---- the checker ---- */

static unsigned violations(void)
{
	static unsigned long seen[8192 / BITS_PER_LONG];
	unsigned n;

	memset(seen, 0, sizeof(seen));
	spin_lock(&zone.lock);
	n = zone_check(&zone, seen);
	spin_unlock(&zone.lock);
	return n;
}

/* Each way to break the lists is seen. */
static void broken_lists_are_seen(void **state)
{
	machine_up();
	make_zone(0, 1024);
	add(0, 256);
	add(512, 520);
	assert_string_equal(lists(), "8:512 256:0");
	struct page *small = pfn_to_page(512), *large = pfn_to_page(0), saved = *small;
	struct free_area *area = &zone.free_area[3];

#define BREAK(how, undo)                           \
	do {                                       \
		assert_int_equal(violations(), 0); \
		how;                               \
		assert_true(violations() > 0);     \
		undo;                              \
	} while (0)
	BREAK(small->order = 2, *small = saved);
	BREAK(small->flags = 0, *small = saved);
	BREAK(small->flags |= 1u << PAGE_NODE_SHIFT, *small = saved);
	BREAK(small->flags |= 1u << PAGE_ZONE_SHIFT, *small = saved);
	BREAK(atomic_set(&small->refcount, 1), *small = saved);
	BREAK(small->next = 0, *small = saved);
	BREAK(small->prev = 0, *small = saved);
	BREAK(area->list[MIGRATE_MOVABLE].count = 2, area->list[MIGRATE_MOVABLE].count = 1);
	BREAK(area->pair_map[0] = 0, area->pair_map[0] = 1UL << 32);
	BREAK(zone.free_area[0].pair_map[3] = 8, zone.free_area[0].pair_map[3] = 0);
	BREAK(zone.nonempty[MIGRATE_MOVABLE] ^= 1, zone.nonempty[MIGRATE_MOVABLE] ^= 1);
	BREAK(zone.free_pages++, zone.free_pages--);
	BREAK(zone.pageblock_type[1] = MIGRATE_CMA, zone.pageblock_type[1] = MIGRATE_MOVABLE);
	BREAK((page_set(large + 64, PG_buddy), large[64].order = 4),
	      (page_clear(large + 64, PG_buddy), large[64].order = 0));
	/* Two free buddies that were not merged: both flips are right, the merge is missing. */
	spin_lock(&zone.lock);
	buddy_insert(&zone, pfn_to_page(520), 3, MIGRATE_MOVABLE, false);
	spin_unlock(&zone.lock);
	area->pair_map[0] = 0;
	zone.free_pages += 8;
	assert_int_equal(violations(), 1);
	/* A frame in two blocks. */
	spin_lock(&zone.lock);
	buddy_insert(&zone, pfn_to_page(514), 1, MIGRATE_MOVABLE, false);
	spin_unlock(&zone.lock);
	zone.free_area[1].pair_map[2] ^= 1;
	zone.free_pages += 2;
	assert_int_equal(violations(), 2);
#undef BREAK
}

/* ---- the model: which frames are free, and nothing else ---- */

#define MODEL_FRAMES 3000
static bool model_free[4096]; /* by frame - base */

static bool all_free(unsigned long rel, unsigned order)
{
	for (unsigned long i = 0; i < 1UL << order; i++)
		if (!model_free[rel + i])
			return false;
	return true;
}

/* Free memory without free buddies that are apart has only one form: the largest aligned blocks. */
static unsigned model_order(unsigned long rel)
{
	unsigned order = 0;

	while (order < MAX_ORDER - 1 && all_free(ALIGN_DOWN(rel, 2UL << order), order + 1))
		order++;
	return order;
}

static void compare_with_model(void)
{
	unsigned long n[MAX_ORDER] = {0}, free_frames = 0;

	for (unsigned long rel = 0; rel < ARRAY_SIZE(model_free);) {
		if (!model_free[rel]) {
			rel++;
			continue;
		}
		unsigned order = model_order(rel);
		const struct page *page = pfn_to_page(zone.base_pfn + rel);

		assert_true(IS_ALIGNED(rel, 1UL << order));
		assert_true(page_test(page, PG_buddy));
		assert_int_equal(page->order, order);
		n[order]++;
		free_frames += 1UL << order;
		rel += 1UL << order;
	}
	for (unsigned order = 0; order < MAX_ORDER; order++) {
		unsigned long listed = 0;

		for (unsigned type = 0; type < MIGRATE_TYPES; type++)
			listed += zone.free_area[order].list[type].count;
		assert_int_equal(listed, n[order]);
	}
	assert_int_equal(zone.free_pages, free_frames);
}

struct block {
	pfn_t pfn;
	unsigned order;
};

/* The smallest free block of at least this order, by the model; MAX_ORDER: there is none. */
static unsigned model_smallest(unsigned order)
{
	unsigned smallest = MAX_ORDER;

	for (unsigned long rel = 0; rel < ARRAY_SIZE(model_free);) {
		unsigned here = model_free[rel] ? model_order(rel) : 0;

		if (model_free[rel] && here >= order)
			smallest = min(smallest, here);
		rel += 1UL << here;
	}
	return smallest;
}

static void model_take(pfn_t pfn, unsigned order, bool single_type)
{
	unsigned long rel = pfn - zone.base_pfn;

	assert_true(IS_ALIGNED(pfn, 1UL << order));
	assert_true(all_free(rel, order));
	if (single_type)
		assert_int_equal(model_order(rel), model_smallest(order));
	memset(&model_free[rel], false, 1UL << order);
}

static void random_traffic(unsigned types, unsigned steps)
{
	struct random random = {test_seed()};
	static struct block held[4096];
	unsigned n = 0;

	machine_up();
	make_zone(1100, MODEL_FRAMES);
	add(1100, 1100 + MODEL_FRAMES);
	for (unsigned i = 0; i < MODEL_FRAMES; i++)
		model_free[1100 - zone.base_pfn + i] = true;
	compare_with_model();

	for (unsigned step = 0; step < steps; step++) {
		/* Waves: mostly taking, then mostly giving. */
		if (random_below(&random, 8) < (step / 200 % 2 ? 3 : 5)) {
			unsigned order = random_below(&random, 4)
						 ? random_below(&random, 3)
						 : random_below(&random, MAX_ORDER);
			pfn_t pfn = take_type(order, types == 1 ? MIGRATE_MOVABLE
								: random_below(&random, types));

			if (pfn != ~0UL) {
				model_take(pfn, order, types == 1);
				held[n++] = (struct block){pfn, order};
			} else {
				assert_int_equal(model_smallest(order), MAX_ORDER);
			}
		} else if (n > 0) {
			unsigned i = random_below(&random, n);
			struct block block = held[i];
			unsigned part = random_below(&random, 4)
						? block.order
						: random_below(&random, block.order + 1);

			held[i] = held[--n];
			/* Whole, or in parts. */
			for (pfn_t at = block.pfn; at < block.pfn + (1UL << block.order);
			     at += 1UL << part) {
				give(at, part);
				memset(&model_free[at - zone.base_pfn], true, 1UL << part);
			}
		}
		compare_with_model();
	}
	while (n > 0) {
		n--;
		give(held[n].pfn, held[n].order);
		memset(&model_free[held[n].pfn - zone.base_pfn], true, 1UL << held[n].order);
	}
	compare_with_model();
	assert_int_equal(zone.free_pages, MODEL_FRAMES);
}

static void random_traffic_of_one_type(void **state)
{
	random_traffic(1, 1500);
}

static void random_traffic_of_three_types(void **state)
{
	random_traffic(3, 1500);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(sixty_four_pages),
	cmocka_unit_test(request_of_256),
	cmocka_unit_test(frames_70_80_200),
	cmocka_unit_test(singles_in_bulk_are_the_same),
	cmocka_unit_test(largest_block_is_claimed),
	cmocka_unit_test(half_free_page_block_changes_sides),
	cmocka_unit_test(fuller_page_block_stays),
	cmocka_unit_test(compatible_pages_count_for_changing_sides),
	cmocka_unit_test(movable_takes_small_without_claiming),
	cmocka_unit_test(movable_claims_for_large_blocks_only),
	cmocka_unit_test(fallback_prefers_the_similar),
	cmocka_unit_test(cma_and_isolated_blocks_keep_apart),
	cmocka_unit_test(page_blocks_of_two_types_join_as_movable),
	cmocka_unit_test(holes_are_not_looked_at),
	cmocka_unit_test(broken_lists_are_seen),
	cmocka_unit_test(random_traffic_of_one_type),
	cmocka_unit_test(random_traffic_of_three_types),
};

HOST_TESTS(tests)
