/*
 * The invariants of kernel virtual memory:
 *   - free, used and lazily freed ranges are disjoint and together make up the region; no two
 *     free ranges touch; both trees of free ranges hold the same;
 *   - a used range is mapped page by page but for its guard page; a free or lazily freed one has
 *     nothing mapped;
 *   - no entry is writable and executable;
 *   - a table's count is its number of entries; the pages of ranges that own theirs add up to
 *     vmalloc_used_pages().
 */
#include "mm/kva/kva_int.h"

#include "lib/printk.h"

static unsigned complain(const struct kva_area *area, const char *what)
{
	pr_err("kva_check: range %#lx+%#lx: %s\n", area->start, area->bytes, what);
	return 1;
}

#define REQUIRE(cond) bad += (cond) ? 0 : complain(area, #cond)

/* The entry for va, or none where there is no table; *next is where to go on. */
static pte_t entry_at(unsigned long va, unsigned long *next)
{
	enum pt_level at = PT_PTE;
	pte_t *found = NULL, *slot = pt_walk(swapper_pg_dir, va, PT_PTE, &found, &at);
	unsigned long size = PT_SIZE(slot ? PT_PTE : at);

	*next = ALIGN_DOWN(va, size) + size;
	return slot ? pte_get(slot) : (pte_t){0};
}

/* How many entries of [start, end) are in use, and how many of them break the rule. */
static unsigned long mapped(unsigned long start, unsigned long end, unsigned *bad)
{
	const bool can_forbid = !pte_exec(mk_pte(0, KERNEL_PROT_RW));
	unsigned long count = 0, next;

	for (unsigned long va = start; va < end; va = next) {
		pte_t e = entry_at(va, &next);

		if (next < va)
			next = end;
		if (pte_none(e))
			continue;
		count++;
		if (can_forbid && pte_write(e) && pte_exec(e)) {
			pr_err("kva_check: %#lx is writable and executable\n", va);
			(*bad)++;
		}
	}
	return count;
}

static unsigned check_empty(const struct kva_area *area)
{
	unsigned bad = 0;

	REQUIRE(mapped(area->start, area->start + area->bytes, &bad) == 0);
	return bad;
}

static unsigned check_used(const struct kva_area *area, unsigned long *owned)
{
	unsigned bad = 0;
	unsigned long end = area->start + (area->pages << PAGE_SHIFT);

	REQUIRE(area->bytes == (area->pages + 1) << PAGE_SHIFT);
	REQUIRE(mapped(area->start, end, &bad) == area->pages);
	REQUIRE(mapped(end, end + PAGE_SIZE, &bad) == 0);
	if (area->owns_pages)
		*owned += area->pages;
	return bad;
}

/* Every table's count against its entries; tables above are counted on the way. */
static unsigned check_tables(pte_t *table, enum pt_level level, unsigned long va, unsigned long end)
{
	unsigned bad = 0;
	u32 present = 0;

	/* The modules' region lies so high that a step may pass the last address. */
	for (unsigned long at = va, next; at < end && at >= va; at = next) {
		pte_t e = pte_get(&table[pt_index(level, at)]);

		next = ALIGN_DOWN(at, PT_SIZE(level)) + PT_SIZE(level);
		present += !pte_none(e);
		if (level > PT_PTE && pte_is_table(e))
			bad += check_tables(pt_table(e), pt_below(level), at,
					    min(end - 1, next - 1) + 1);
	}
	if (level == PT_PTE && present != pt_page(table)->pt_present) {
		pr_err("kva_check: table of %#lx: %u entries, counted %u\n", va, present,
		       pt_page(table)->pt_present);
		bad++;
	}
	return bad;
}

static unsigned check_region(struct kva_region *region, unsigned long *owned)
{
	struct kva_area *area;
	struct rb_node *node;
	unsigned long total = 0, last_end = 0;
	unsigned bad = 0, free = 0, by_size = 0;

	for (node = rb_first(&region->free); node; node = rb_next(node)) {
		area = rb_entry(node, struct kva_area, by_start);
		REQUIRE(area->start > last_end || last_end == 0);
		REQUIRE(area->start >= region->start && area->start + area->bytes <= region->end);
		last_end = area->start + area->bytes;
		total += area->bytes;
		free++;
		bad += check_empty(area);
	}
	for (node = rb_first(&region->free_size); node; node = rb_next(node))
		by_size++;
	last_end = region->start;
	for (node = rb_first(&region->used); node; node = rb_next(node)) {
		area = rb_entry(node, struct kva_area, by_start);
		REQUIRE(area->start >= last_end && area->start + area->bytes <= region->end);
		last_end = area->start + area->bytes;
		total += area->bytes;
		bad += check_used(area, owned);
	}
	for (area = region->lazy; area; area = area->next) {
		total += area->bytes;
		bad += check_empty(area);
	}
	if (total != region->end - region->start || free != by_size) {
		pr_err("kva_check: region %#lx: %#lx bytes in %u (by size %u) ranges\n",
		       region->start, total, free, by_size);
		bad++;
	}
	return bad;
}

unsigned kva_check(void)
{
	unsigned long owned = 0;
	unsigned bad = 0;

	spin_lock(&kva_lock);
	for (unsigned i = 0; i < KVA_REGIONS; i++) {
		bad += check_region(&kva_regions[i], &owned);
		bad += check_tables(swapper_pg_dir, pt_top(), kva_regions[i].start,
				    kva_regions[i].end);
	}
	spin_unlock(&kva_lock);
	if (owned != vmalloc_used_pages()) {
		pr_err("kva_check: %lu pages in ranges, counted %lu\n", owned,
		       vmalloc_used_pages());
		bad++;
	}
	return bad;
}
