// geometries: all
// needs: host/walk_pages.c host/walk_machine.c
/*
 * The page walk of `pagoda walk` against the soft machine's MMU: the same tables, the same frames, the same
 * faults, on every geometry.
 */
#include "floors.h"
#include "host/walk.h"
#include "machine/geometry.h"
#include "mm/pgtable/pgtable.h"
#include <string.h>

/* The lowest MiBs are RAM, all of it in the direct map. */
static bool read_ram(void *owner, uint64_t physical, void *bytes, unsigned n)
{
	if (physical + n > ram_map.range[0].bytes)
		return false;
	memcpy(bytes, phys_to_virt(PHYS(physical)), n);
	return true;
}

static const struct walk_memory ram = {read_ram, NULL};

/* The machine of this geometry; soft checks no reserved bits, and on 2level it has PSE-36. */
static struct walk_machine this_machine(void)
{
	const char *name = strcmp(GEOMETRY_NAME, "2level") ? GEOMETRY_NAME : "pse36";
	struct walk_machine machine = *walk_machine_find(name);

	machine.checks = false;
	return machine;
}

static void figures(void **state)
{
	const struct walk_machine machine = this_machine();
	unsigned level = 0;

	assert_int_equal(machine.page_shift, PAGE_SHIFT);
	assert_int_equal(machine.entry_bytes, sizeof(pte_t));
	for (int l = PT_PGD; l >= PT_PTE; l--) {
		if (PT_BITS(l) == 0)
			continue;
		assert_int_equal(machine.level[level].bits, PT_BITS(l));
		assert_int_equal(walk_shift(&machine, level), PT_SHIFT(l));
		if (l != PT_PTE)
			assert_int_equal(machine.level[level].leaf, PT_LEAF_OK(l));
		level++;
	}
	assert_int_equal(machine.nr_levels, level);
	assert_int_equal(walk_bits(&machine), PT_SHIFT(PT_PGD) + PT_BITS(PT_PGD));
}

static struct arch_mm mm;

static u64 space_up(void)
{
	floors_up(1, 1, 64, 0);
	arch_mm_init(&mm, pt_alloc_table(GFP_KERNEL));
	switch_mm(&mm);
	return virt_to_phys(mm.root).v;
}

static void expect_same(const struct walk_machine *machine, u64 cr3, unsigned long va,
			enum walk_access access)
{
	struct soft_fault fault;
	struct walk walk;
	void *host;

	walk_pages(machine, &ram, cr3, va, access, true, &walk);
	if (soft_translate(va, (enum soft_access)access, &host, &fault)) {
		assert_int_equal(walk.end, WALK_DONE);
		assert_ptr_equal(host, phys_to_virt(PHYS(walk.physical)));
	} else {
		assert_int_equal(walk.end, fault.present ? WALK_FORBIDDEN : WALK_NOT_PRESENT);
		assert_int_equal(walk.error & PF_PRESENT, fault.present);
		assert_int_equal(!!(walk.error & PF_WRITE), access == WALK_WRITE);
	}
}

static void random_tables(void **state)
{
	const struct walk_machine machine = this_machine();
	struct random random = {test_seed()};
	const u64 cr3 = space_up();
	unsigned long va[100];

	for (unsigned i = 0; i < ARRAY_SIZE(va); i++) {
		pgprot_t prot = user_pgprot(random_below(&random, 4), random_below(&random, 2),
					    random_below(&random, 2));
		pte_t *slot;

		va[i] = ALIGN_DOWN(random_below(&random, TASK_SIZE), PAGE_SIZE);
		slot = pt_walk_alloc(mm.root, va[i], PT_PTE, true, GFP_KERNEL);
		if (!slot)
			fail_msg("no table");
		pte_set(slot,
			mk_pte(random_below(&random, ram_map.range[0].bytes >> PAGE_SHIFT), prot));
	}
	for (unsigned i = 0; i < ARRAY_SIZE(va); i++) {
		for (int access = WALK_READ; access <= WALK_EXEC; access++) {
			expect_same(&machine, cr3, va[i] + random_below(&random, PAGE_SIZE),
				    access);
			expect_same(&machine, cr3, random_below(&random, TASK_SIZE), access);
		}
	}
	switch_mm(NULL);
}

static void large_pages(void **state)
{
	const struct walk_machine machine = this_machine();
	const u64 cr3 = space_up();

	for (int level = PT_PTE + 1; level < PT_LEVELS; level++) {
		unsigned long va = PT_SIZE(level);
		pte_t *slot;

		if (PT_BITS(level) == 0 || !PT_LEAF_OK(level))
			continue;
		slot = pt_walk_alloc(mm.root, va, level, true, GFP_KERNEL);
		if (!slot)
			fail_msg("no table");
		pte_set(slot, mk_large_pte(0, user_pgprot(true, false, false)));
		expect_same(&machine, cr3, va + 5 * PAGE_SIZE + 7, WALK_READ);
		expect_same(&machine, cr3, va + 5 * PAGE_SIZE + 7, WALK_WRITE);
		pte_set(slot, (pte_t){0});
		tlb_flush_mm(&mm);
		expect_same(&machine, cr3, va + 5 * PAGE_SIZE + 7, WALK_READ);
	}
	switch_mm(NULL);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(figures),
	cmocka_unit_test(random_tables),
	cmocka_unit_test(large_pages),
};
HOST_TESTS(tests)
