/*
 * The invariants of swap areas (mm_check): bits, clusters and counts agree, each slot and its copy
 * know each other, and each slot is named as often as it says.
 *
 * Names stand in page tables and in the trees of files, on floors above: who can walk those counts
 * them here, slot by slot, in words that are there for the length of a check only.  Then
 *
 *	refs == names found           for each slot, and
 *	sum of what refs is above  == held   for each area: names in the hands of tasks that sleep
 *
 * A name too few is always wrong, for its place would lead to a slot that is somebody else's by and by;
 * one too many is a leak: the slot is lost until the area goes, and it cannot go.
 */
#include "lib/printk.h"
#include "lib/string.h"
#include "mm/check.h"
#include "mm/kva/kva.h"
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
	REQUIRE(taken == area->used + area->apart + area->pages - area->good);
	return bad;
}

/* ---- Names ---- */

/* While a check is on: names found of each slot; none for an area that was not there when it began. */
static struct {
	u32 *found;
	u32 pages;
} names[MAX_SWAP_AREAS];

int swap_names_begin(void) NO_LOCK_ANALYSIS
{
	for (unsigned type = 0; type < MAX_SWAP_AREAS; type++) {
		struct swap_area *area = swap_lock_area(type);

		if (!area)
			continue;
		names[type].pages = area->pages;
		spin_unlock(&area->lock);
		names[type].found = vmalloc((size_t)names[type].pages * sizeof(u32));
		if (!names[type].found)
			return -ENOMEM;
	}
	return 0;
}

void swap_names_end(void)
{
	for (unsigned type = 0; type < MAX_SWAP_AREAS; type++) {
		vfree(names[type].found);
		names[type].found = NULL;
	}
}

void swap_names_clear(void)
{
	for (unsigned type = 0; type < MAX_SWAP_AREAS; type++)
		if (names[type].found)
			memset(names[type].found, 0, (size_t)names[type].pages * sizeof(u32));
}

void swap_names_count(swp_entry_t entry)
{
	const unsigned type = swp_type(entry);

	if (!swp_is_lost(entry) && names[type].found && swp_slot(entry) < names[type].pages)
		names[type].found[swp_slot(entry)]++;
}

static unsigned check_names(const struct swap_area *area, const u32 *found)
{
	u32 above = 0, slot, first = 0;
	unsigned bad = 0;

	for (slot = 1; slot < area->pages; slot++) {
		const u32 refs = area->slot[slot].refs;

		REQUIRE(found[slot] <= refs);
		if (found[slot] < refs && !first)
			first = slot;
		above += found[slot] < refs ? refs - found[slot] : 0;
	}
	if (above == area->held)
		return bad;
	pr_err("swap_check: area %u: slots count %u names that nobody has, %u are held; first: "
	       "slot %u\n",
	       area->type, above, area->held, first);
	return bad + 1;
}

unsigned swap_names_check(void)
{
	unsigned bad = 0;

	for (unsigned type = 0; type < MAX_SWAP_AREAS; type++) {
		const struct swap_area *area = swap_area_by_number(type);

		if (area && names[type].found && area->pages == names[type].pages)
			bad += check_names(area, names[type].found);
	}
	return bad;
}

static unsigned swap_check(void)
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
