/*
 * The invariants of swap areas (mm_check): bits, clusters and counts agree, and each slot and its copy
 * know each other.
 */
#include "lib/printk.h"
#include "mm/check.h"
#include "mm/swap/swap_int.h"

#define REQUIRE(cond)                                                                          \
	do {                                                                                   \
		if (!(cond)) {                                                                 \
			pr_err("swap_check: area %u, slot %u: " #cond "\n", area->type, slot); \
			bad++;                                                                 \
		}                                                                              \
	} while (0)

static unsigned check_slot(const struct swap_area *area, u32 slot)
{
	const struct swap_slot *s = &area->slot[slot];
	unsigned bad = 0;

	if (s->pfn) {
		const struct page *page = pfn_to_page(s->pfn);

		REQUIRE(page_test(page, PG_swapcache) && page_ref_count(page) > 0);
		REQUIRE(page->index == swp_entry(area->type, slot).v);
	}
	if (s->pfn || s->refs)
		REQUIRE(bitmap_test(area->taken, slot));
	return bad;
}

/* The area stands still. */
static unsigned check_area(const struct swap_area *area)
{
	u32 used = 0, in_cluster = 0, taken = 0, slot;
	unsigned bad = 0;

	for (slot = 0; slot < area->pages; slot++) {
		bad += check_slot(area, slot);
		used += area->slot[slot].pfn || area->slot[slot].refs;
		in_cluster += bitmap_test(area->taken, slot);
		if ((slot + 1) % SWAP_CLUSTER == 0 || slot + 1 == area->pages) {
			REQUIRE(in_cluster == area->in_cluster[slot / SWAP_CLUSTER]);
			taken += in_cluster;
			in_cluster = 0;
		}
	}
	REQUIRE(used == area->used);
	REQUIRE(taken == area->used + area->pages - area->good);
	return bad;
}

unsigned swap_check(void)
{
	unsigned bad = 0;

	for (unsigned type = 0; type < MAX_SWAP_AREAS; type++) {
		struct swap_area *area = swap_area_by_number(type);

		if (area)
			bad += check_area(area);
	}
	return bad;
}

void swap_init(void)
{
	static struct mm_checker checker = {.name = "swap", .check = swap_check, .still = true};

	mm_check_register(&checker);
}
