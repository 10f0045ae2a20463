// geometries: all
/*
 * Page tables of every geometry (S8-S13): what the levels come to, and the one generic
 * walk against what the machine's MMU finds.
 */
#include "floors.h"
#include "machine/geometry.h"
#include "mm/pgtable/pgtable.h"
#include <string.h>

#define IS(name) (strcmp(GEOMETRY_NAME, name) == 0)

static unsigned levels_in_use(void)
{
	unsigned n = 0;

	for (int level = PT_PTE; level < PT_LEVELS; level++)
		n += PT_BITS(level) != 0;
	return n;
}

static void figures(void **state)
{
	const struct {
		const char *name;
		unsigned page_shift, levels, va_bits, entry_bytes;
	} * g, known[] = {
		       {"2level", 12, 2, 32, 4}, {"pae", 12, 3, 32, 8},   {"4level", 12, 4, 48, 8},
		       {"5level", 12, 5, 57, 8}, {"alpha", 13, 3, 43, 8}, {"64k", 16, 3, 48, 8},
	       };

	for (g = known; !IS(g->name); g++)
		assert_true(g < known + ARRAY_SIZE(known));
	assert_int_equal(PAGE_SHIFT, g->page_shift);
	assert_int_equal(levels_in_use(), g->levels);
	assert_int_equal(PT_SHIFT(PT_PGD) + PT_BITS(PT_PGD), g->va_bits);
	assert_int_equal(sizeof(pte_t), g->entry_bytes);
	assert_int_equal(sizeof(struct page), 32);
	/* A table fills at most a page, and the lowest one does so exactly. */
	for (int level = PT_PTE; level < PT_LEVELS; level++)
		assert_true(sizeof(pte_t) << PT_BITS(level) <= PAGE_SIZE);
	assert_int_equal(sizeof(pte_t) << PT_BITS(PT_PTE), PAGE_SIZE);
	/* S8: 4 GiB are 1048576 pages. */
	if (IS("2level"))
		assert_int_equal(1UL << (g->va_bits - PAGE_SHIFT), 1048576);
	if (IS("2level"))
		assert_int_equal(PT_SIZE(PT_PGD), 4 << 20); /* S9: 10 + 22 bits */
}

/* The indices of all levels and the offset are the address again. */
static void an_address_falls_into_its_parts(void **state)
{
	struct random random = {test_seed()};

	for (int i = 0; i < 1000; i++) {
		unsigned long va = random_u64(&random) & ((1UL << GEOMETRY_VA_BITS) - 1);
		unsigned long sum = va & (PAGE_SIZE - 1);

		for (int level = PT_PTE; level < PT_LEVELS; level++) {
			if (PT_BITS(level) == 0)
				assert_int_equal(pt_index(level, va), 0);
			sum += (unsigned long)pt_index(level, va) << PT_SHIFT(level);
		}
		assert_int_equal(sum, va);
	}
}

static void entries_keep_what_they_are_given(void **state)
{
	struct random random = {test_seed()};
	pfn_t frames = entry_pfn(PTE_FRAME) + 1;
	/* Payload bits of an absent entry: 58, or 30 in small entries. */
	unsigned bits = sizeof(pte_t) == 8 ? 58 : 30;

	for (int i = 0; i < 1000; i++) {
		pfn_t pfn = random_below(&random, frames);
		u64 payload = random_u64(&random) & ((1ULL << bits) - 1);
		bool r = random_below(&random, 2), w = random_below(&random, 2);
		bool x = random_below(&random, 2);
		pte_t e = mk_pte(pfn, user_pgprot(r, w, x));
		pte_t swap = swp_pte(payload);

		assert_int_equal(pte_pfn(e), pfn);
		assert_true(pte_present(e));
		assert_int_equal(pte_write(e), w);
		assert_int_equal(pte_user(e), r || w || x);
		if (PTE_NX)
			assert_int_equal(pte_exec(e), x);
		assert_int_equal(pte_pfn(pte_mkdirty(pte_mkspecial(pte_wrprotect(e)))), pfn);
		assert_int_equal(pte_pfn(pte_modify(e, user_pgprot(true, true, true))), pfn);
		assert_false(pte_present(swap));
		assert_true(pte_swp(swap) == payload);
		assert_int_equal(pte_none(swap), payload == 0);
	}
}

/* Map pages at random, also where tables are missing; the MMU must find each of them. */
static void walks_agree_with_the_mmu(void **state)
{
	enum { N = 200 };
	static unsigned long va[N];
	static pfn_t pfn[N];
	struct random random = {test_seed()};
	struct arch_mm mm;
	void *host;

	floors_up(1, 1, 128, 0);
	arch_mm_init(&mm, pt_alloc_table(GFP_KERNEL));
	switch_mm(&mm);
	for (int i = 0; i < N; i++) {
		pte_t *slot, *again;

		va[i] = ALIGN_DOWN(random_below(&random, TASK_SIZE), PAGE_SIZE);
		pfn[i] = random_below(&random, ram_map.range[0].bytes >> PAGE_SHIFT);
		slot = pt_walk_alloc(mm.root, va[i], PT_PTE, true, GFP_KERNEL);
		assert_non_null(slot);
		again = pt_walk(mm.root, va[i], PT_PTE, NULL, NULL);
		assert_ptr_equal(slot, again);
		pte_set(slot, mk_pte(pfn[i], user_pgprot(true, true, false)));
		assert_true(soft_translate(va[i] + 1, SOFT_WRITE, &host, NULL));
		assert_ptr_equal(host, (char *)pfn_to_virt(pfn[i]) + 1);
	}
	for (int i = 0; i < N; i++) {
		enum pt_level level;
		pte_t e;

		for (int k = i + 1; k < N; k++) /* the last to map an address counts */
			if (va[k] == va[i])
				goto next;
		assert_true(pt_translate(mm.root, va[i], &e, &level));
		assert_int_equal(level, PT_PTE);
		assert_int_equal(pte_pfn(e), pfn[i]);
		assert_true(soft_translate(va[i], SOFT_READ, &host, NULL));
		assert_ptr_equal(host, pfn_to_virt(pfn[i]));
	next:;
	}
	switch_mm(NULL);
}

/* A large page at every level that may have them. */
static void large_pages(void **state)
{
	struct arch_mm mm;
	void *host;

	floors_up(1, 1, 128, 0);
	arch_mm_init(&mm, pt_alloc_table(GFP_KERNEL));
	switch_mm(&mm);
	for (int level = PT_PTE + 1; level < PT_LEVELS; level++) {
		unsigned long va, offset;
		pte_t *slot;

		if (PT_BITS(level) == 0 || !PT_LEAF_OK(level))
			continue;
		va = PT_SIZE(level);
		offset = min(va - PAGE_SIZE, 100 * PAGE_SIZE) + 5;
		slot = pt_walk_alloc(mm.root, va, level, true, GFP_KERNEL);
		assert_non_null(slot);
		pte_set(slot, mk_large_pte(0, user_pgprot(true, false, false)));
		assert_true(soft_translate(va + offset, SOFT_READ, &host, NULL));
		assert_ptr_equal(host, (char *)pfn_to_virt(0) + offset);
		pte_set(slot, (pte_t){0});
		tlb_flush_mm(&mm);
		assert_false(soft_translate(va + offset, SOFT_READ, &host, NULL));
	}
	switch_mm(NULL);
}

/* S9: frames above 4 GiB are within reach of 4 MiB pages only. */
static void pse36(void **state)
{
	const pfn_t high = 0x300000 + 0x400; /* 12 GiB and a bit */
	pte_t e;

	if (!IS("2level"))
		skip();
	e = mk_large_pte(high, user_pgprot(true, true, true));
	assert_int_equal(sizeof(e), 4);
	assert_int_equal(pte_pfn(e), high);
	assert_true(pte_large(e));
	assert_true(high > entry_pfn(PTE_FRAME));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(figures),
	cmocka_unit_test(an_address_falls_into_its_parts),
	cmocka_unit_test(entries_keep_what_they_are_given),
	cmocka_unit_test(walks_agree_with_the_mmu),
	cmocka_unit_test(large_pages),
	cmocka_unit_test(pse36),
};
HOST_TESTS(tests)
