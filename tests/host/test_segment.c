// geometries: 2level pae
/*
 * The segmentation unit of the soft machine (S1-S5): its tables lie in memory that the machine's page
 * tables map, so an address goes all the way from selector:offset to a frame.
 */
#include "floors.h"
#include "machine/segment.h"
#include "mm/pgtable/pgtable.h"
#include <string.h>

#define GDT     0x00020000u /* linear; 64 KiB of it */
#define LDT     0x00040000u
#define TSS     0x00041000u
#define DATA    0x00050000u /* 64 KiB */
#define MAPPED  0x00060000u
#define KERNEL  0x10 /* the selectors that Linux has, up to 2.2 and since */
#define USER_CS SELECTOR(14, 0, 3)
#define USER_DS SELECTOR(15, 0, 3)

static struct arch_mm mm;

static bool read_memory(void *owner, u32 linear, void *bytes, unsigned n)
{
	return soft_access(linear, SOFT_READ, bytes, n, NULL);
}

static bool write_memory(void *owner, u32 linear, const void *bytes, unsigned n)
{
	return soft_access(linear, SOFT_WRITE, (void *)bytes, n, NULL);
}

static void put(u32 table, unsigned index, struct segment segment)
{
	u64 descriptor = segment_encode(&segment);

	assert_true(write_memory(NULL, table + index * 8, &descriptor, 8));
}

static struct segment get(u32 table, unsigned index)
{
	u64 descriptor;

	assert_true(read_memory(NULL, table + index * 8, &descriptor, 8));
	return segment_decode(descriptor);
}

/* S3's segments: base 0, limit 0xfffff pages. */
static struct segment flat(u8 type, u8 dpl)
{
	return (struct segment){.limit = 0xfffff,
				.g = true,
				.s = true,
				.type = type,
				.dpl = dpl,
				.p = true,
				.db = true};
}

static struct segment part(u32 base, u32 limit, u8 type, u8 dpl)
{
	return (struct segment){.base = base,
				.limit = limit,
				.s = true,
				.type = type,
				.dpl = dpl,
				.p = true,
				.db = true};
}

static struct segment of_system(u32 base, u32 limit, u8 type)
{
	return (struct segment){.base = base, .limit = limit, .type = type, .p = true};
}

/* Memory, a GDT with Linux's four segments (12, 13, 14, 15), a TSS (16), the default LDT (17). */
static struct segment_unit unit_up(void)
{
	static const u32 tss_stack[2] = {0xc0102000, SELECTOR(13, 0, 0)};
	u32 zeros[16] = {0};

	floors_up(1, 1, 32, 0);
	arch_mm_init(&mm, pt_alloc_table(GFP_KERNEL));
	switch_mm(&mm);
	for (u32 va = GDT; va < MAPPED; va += PAGE_SIZE) {
		struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);

		pte_set(pt_walk_alloc(mm.root, va, PT_PTE, true, GFP_KERNEL),
			mk_pte(page_to_pfn(page), user_pgprot(true, true, false)));
	}
	assert_true(write_memory(NULL, GDT, zeros, 8));
	put(GDT, 12, flat(0xa, 0));
	put(GDT, 13, flat(2, 0));
	put(GDT, 14, flat(0xa, 3));
	put(GDT, 15, flat(2, 3));
	put(GDT, 16, of_system(TSS, TSS_LIMIT, SYSTEM_TSS));
	put(GDT, 17, of_system(LDT, 23, SYSTEM_LDT));
	put(LDT, 1, flat(0xa, 3));
	put(LDT, 2, flat(2, 3));
	assert_true(write_memory(NULL, TSS + 4, tss_stack, 8));
	return (struct segment_unit){
		.gdtr = {GDT, 0xffff}, .read = read_memory, .write = write_memory};
}

static void expect_fault(struct segment_fault fault, enum segment_vector vector, u16 error)
{
	if (fault.vector != vector || fault.error != error)
		fail_msg("%d(0x%x) (%s), not %d(0x%x)", fault.vector, fault.error,
			 fault.why ? fault.why : "", vector, error);
}
#define assert_good(fault) expect_fault(fault, SEGMENT_OK, 0)

static void descriptors(void **state)
{
	struct random random = {test_seed()};
	/* What Linux's tables are known to hold, bit by bit. */
	struct segment code = flat(0xb, 3), data = flat(3, 0), decoded;

	assert_true(segment_encode(&code) == 0x00cffb000000ffff);
	assert_true(segment_encode(&data) == 0x00cf93000000ffff);
	assert_true(segment_limit(&code) == 0xffffffff); /* 4 GiB */
	code.g = false;
	assert_true(segment_limit(&code) == 0xfffff); /* 1 MiB */
	for (int i = 0; i < 1000; i++) {
		u64 descriptor = random_u64(&random) & ~BIT(53); /* L: long mode's */

		decoded = segment_decode(descriptor);
		assert_true(segment_encode(&decoded) == descriptor);
	}
	assert_string_equal(segment_kind(&data), "data, writable, accessed");
	decoded = of_system(0, 0, SYSTEM_TSS_BUSY);
	assert_string_equal(segment_kind(&decoded), "TSS, busy");
}

/* S2 */
static void selectors(void **state)
{
	struct segment_unit unit = unit_up();
	u32 linear;

	assert_int_equal(selector_index(0x73), 14);
	assert_false(selector_ldt(0x73));
	assert_int_equal(selector_rpl(0x73), 3);
	assert_good(segment_entry(&unit, SELECTOR(2, 0, 0), &linear));
	assert_int_equal(linear, 0x00020010);
	/* All 13 bits; the first entry serves as null. */
	assert_good(segment_entry(&unit, SELECTOR(8191, 0, 0), &linear));
	assert_int_equal(linear, GDT + 8191 * 8);
	put(GDT, 8191, flat(2, 0));
	assert_good(segment_load(&unit, SEG_DS, SELECTOR(8191, 0, 0)));
	assert_int_equal(SEGMENT_USABLE, (1 << 13) - 1);
	assert_good(segment_load(&unit, SEG_DS, 3));
	assert_false(unit.reg[SEG_DS].usable);
	expect_fault(segment_linear(&unit, SEG_DS, 0, 1, SEGMENT_READ, &linear), SEGMENT_GP, 0);
	expect_fault(segment_load(&unit, SEG_SS, 0), SEGMENT_GP, 0);
	/* S5: 12 entries and two for each of NR_TASKS. */
	assert_int_equal(12 + 2 * 4090, SEGMENT_ENTRIES);
	/* The error code is the selector without its RPL. */
	unit.gdtr.limit = 18 * 8 - 1;
	assert_good(segment_entry(&unit, SELECTOR(17, 0, 0), &linear));
	expect_fault(segment_load(&unit, SEG_DS, SELECTOR(18, 0, 3)), SEGMENT_GP,
		     SELECTOR(18, 0, 0));
	unit.gdtr.limit--; /* half an entry is none */
	expect_fault(segment_entry(&unit, SELECTOR(17, 0, 0), &linear), SEGMENT_GP,
		     SELECTOR(17, 0, 0));
	/* A table that is not mapped is a page fault. */
	unit.gdtr.base = MAPPED;
	expect_fault(segment_load(&unit, SEG_DS, SELECTOR(13, 0, 0)), SEGMENT_PF, 0);
}

/* S3: through the flat segments every offset is its own linear address. */
static void linux_segments(void **state)
{
	struct segment_unit unit = unit_up();
	u32 linear = 0;

	assert_good(segment_far_jump(&unit, SELECTOR(12, 0, 0), 0xc0101234));
	assert_good(segment_load(&unit, SEG_SS, SELECTOR(13, 0, 0)));
	assert_good(segment_load(&unit, SEG_DS, USER_DS)); /* of an outer ring: fine */
	assert_good(segment_linear(&unit, SEG_CS, 0xffffffff, 1, SEGMENT_EXEC, &linear));
	assert_int_equal(linear, 0xffffffff);
	/* Used once, types read back with the accessed bit. */
	assert_int_equal(get(GDT, 12).type, 0xb);
	assert_int_equal(get(GDT, 13).type, 3);
	assert_int_equal(get(GDT, 14).type, 0xa);
	assert_int_equal(get(GDT, 15).type, 3);
	/* Rings: a program gets at nothing of ring 0, a kernel's stack is ring 0's. */
	expect_fault(segment_far_jump(&unit, USER_CS, 0), SEGMENT_GP, USER_CS & ~3);
	expect_fault(segment_load(&unit, SEG_SS, USER_DS), SEGMENT_GP, USER_DS & ~3);
	unit.cpl = 3;
	expect_fault(segment_load(&unit, SEG_DS, SELECTOR(13, 0, 3)), SEGMENT_GP,
		     SELECTOR(13, 0, 0));
	expect_fault(segment_load(&unit, SEG_ES, SELECTOR(13, 0, 0)), SEGMENT_GP,
		     SELECTOR(13, 0, 0));
	expect_fault(segment_far_jump(&unit, SELECTOR(12, 0, 0), 0), SEGMENT_GP,
		     SELECTOR(12, 0, 0));
	assert_good(segment_far_jump(&unit, USER_CS, 0x08048000));
	assert_int_equal(unit.reg[SEG_CS].selector, USER_CS);
	assert_good(segment_load(&unit, SEG_SS, USER_DS));
	expect_fault(segment_load_ldt(&unit, SELECTOR(17, 0, 0)), SEGMENT_GP, 0);
	expect_fault(segment_load_task(&unit, SELECTOR(16, 0, 0)), SEGMENT_GP, 0);
}

/* S3: the default LDT has 24 bytes: null, user code, user data. */
static void default_ldt(void **state)
{
	struct segment_unit unit = unit_up();
	u32 linear;

	expect_fault(segment_load(&unit, SEG_DS, SELECTOR(2, 1, 0)), SEGMENT_GP, SELECTOR(2, 1, 0));
	expect_fault(segment_load_ldt(&unit, SELECTOR(13, 0, 0)), SEGMENT_GP, SELECTOR(13, 0, 0));
	expect_fault(segment_load_ldt(&unit, SELECTOR(1, 1, 0)), SEGMENT_GP, SELECTOR(1, 1, 0));
	assert_good(segment_load_ldt(&unit, SELECTOR(17, 0, 0)));
	assert_int_equal(segment_limit(&unit.ldtr.hidden) + 1, 24);
	unit.cpl = 3;
	assert_good(segment_far_jump(&unit, SELECTOR(1, 1, 3), 0));
	assert_good(segment_load(&unit, SEG_SS, SELECTOR(2, 1, 3)));
	assert_good(segment_entry(&unit, SELECTOR(2, 1, 3), &linear));
	assert_int_equal(linear, LDT + 16);
	expect_fault(segment_load(&unit, SEG_DS, SELECTOR(3, 1, 3)), SEGMENT_GP, SELECTOR(3, 1, 0));
	/* Its null entry is no null selector. */
	expect_fault(segment_load(&unit, SEG_DS, SELECTOR(0, 1, 3)), SEGMENT_GP, SELECTOR(0, 1, 0));
	unit.cpl = 0;
	assert_good(segment_load_ldt(&unit, 0));
	expect_fault(segment_entry(&unit, SELECTOR(2, 1, 3), &linear), SEGMENT_GP,
		     SELECTOR(2, 1, 0));
}

/* S4 */
static void task_state(void **state)
{
	struct segment_unit unit = unit_up();
	const struct segment tss = get(GDT, 16);
	u32 esp = 0;
	u16 ss = 0;

	assert_int_equal(TSS_BYTES, TSS_LIMIT + 1);
	assert_int_equal(tss.limit, 0xeb);
	assert_false(tss.g);
	assert_int_equal(tss.dpl, 0);
	assert_int_equal(tss.base, TSS);
	assert_int_equal(tss.type, 9);
	expect_fault(segment_inner_stack(&unit, 0, &ss, &esp), SEGMENT_TS, 0);
	expect_fault(segment_load_task(&unit, SELECTOR(17, 0, 0)), SEGMENT_GP, SELECTOR(17, 0, 0));
	assert_good(segment_load_task(&unit, SELECTOR(16, 0, 0)));
	assert_int_equal(get(GDT, 16).type, 11);
	expect_fault(segment_load_task(&unit, SELECTOR(16, 0, 0)), SEGMENT_GP, SELECTOR(16, 0, 0));
	/* No jump into it, no data in it. */
	expect_fault(segment_far_jump(&unit, SELECTOR(16, 0, 0), 0), SEGMENT_GP,
		     SELECTOR(16, 0, 0));
	expect_fault(segment_load(&unit, SEG_DS, SELECTOR(16, 0, 0)), SEGMENT_GP,
		     SELECTOR(16, 0, 0));
	/* From ring 3 to ring 0. */
	unit.cpl = 3;
	assert_good(segment_inner_stack(&unit, 0, &ss, &esp));
	assert_int_equal(ss, SELECTOR(13, 0, 0));
	assert_int_equal(esp, 0xc0102000);
	expect_fault(segment_inner_stack(&unit, 1, &ss, &esp), SEGMENT_TS, 0); /* none */
	for (int i = 0; i < 3; i++) {
		const u16 bad[3] = {SELECTOR(15, 0, 0), SELECTOR(12, 0, 0), SELECTOR(13, 0, 3)};
		const u32 words[2] = {0, bad[i]};

		assert_true(write_memory(NULL, TSS + 4, words, 8));
		expect_fault(segment_inner_stack(&unit, 0, &ss, &esp), SEGMENT_TS, bad[i] & ~3);
	}
	unit.tr.hidden.limit = 10; /* ends within SS0 */
	expect_fault(segment_inner_stack(&unit, 0, &ss, &esp), SEGMENT_TS, SELECTOR(16, 0, 0));
}

/* S1: limits, and the exceptions for what is beyond them. */
static void limits(void **state)
{
	struct segment_unit unit = unit_up();
	u32 linear;

	put(GDT, 20, part(DATA, 0x1fff, 2, 0));
	assert_good(segment_load(&unit, SEG_DS, SELECTOR(20, 0, 0)));
	assert_good(segment_load(&unit, SEG_SS, SELECTOR(20, 0, 0)));
	assert_good(segment_linear(&unit, SEG_DS, 0x1fff, 1, SEGMENT_WRITE, &linear));
	assert_int_equal(linear, DATA + 0x1fff);
	assert_good(segment_linear(&unit, SEG_DS, 0x1ffc, 4, SEGMENT_READ, &linear));
	expect_fault(segment_linear(&unit, SEG_DS, 0x1ffd, 4, SEGMENT_READ, &linear), SEGMENT_GP,
		     0);
	expect_fault(segment_linear(&unit, SEG_DS, 0x2000, 1, SEGMENT_READ, &linear), SEGMENT_GP,
		     0);
	expect_fault(segment_linear(&unit, SEG_SS, 0x2000, 1, SEGMENT_READ, &linear), SEGMENT_SS,
		     0);
	expect_fault(segment_linear(&unit, SEG_DS, 0xfffffffe, 4, SEGMENT_READ, &linear),
		     SEGMENT_GP, 0);
	/* With G the limit counts pages, and the low 12 bits of an offset do not. */
	put(GDT, 21,
	    (struct segment){.base = DATA, .limit = 1, .g = true, .s = true, .type = 2, .p = true});
	assert_good(segment_load(&unit, SEG_ES, SELECTOR(21, 0, 0)));
	assert_good(segment_linear(&unit, SEG_ES, 0x1fff, 1, SEGMENT_READ, &linear));
	expect_fault(segment_linear(&unit, SEG_ES, 0x2000, 1, SEGMENT_READ, &linear), SEGMENT_GP,
		     0);
	/* Code: a far jump beyond the limit. */
	put(GDT, 22, part(DATA, 0xfff, 8, 0));
	assert_good(segment_far_jump(&unit, SELECTOR(22, 0, 0), 0xfff));
	expect_fault(segment_far_jump(&unit, SELECTOR(22, 0, 0), 0x1000), SEGMENT_GP, 0);
}

/* Expand-down: what is above the limit, up to 4 GiB with B set, else to 64 KiB. */
static void expand_down(void **state)
{
	struct segment_unit unit = unit_up();
	struct segment stack = part(0, 0x2fff, SEGMENT_WRITABLE | SEGMENT_DOWN, 0);
	u32 linear;

	put(GDT, 20, stack);
	stack.db = false;
	put(GDT, 21, stack);
	assert_good(segment_load(&unit, SEG_SS, SELECTOR(20, 0, 0)));
	expect_fault(segment_linear(&unit, SEG_SS, 0x2fff, 1, SEGMENT_WRITE, &linear), SEGMENT_SS,
		     0);
	assert_good(segment_linear(&unit, SEG_SS, 0x3000, 1, SEGMENT_WRITE, &linear));
	assert_good(segment_linear(&unit, SEG_SS, 0xffffffff, 1, SEGMENT_WRITE, &linear));
	assert_good(segment_load(&unit, SEG_SS, SELECTOR(21, 0, 0)));
	assert_good(segment_linear(&unit, SEG_SS, 0xfffc, 4, SEGMENT_WRITE, &linear));
	expect_fault(segment_linear(&unit, SEG_SS, 0xfffd, 4, SEGMENT_WRITE, &linear), SEGMENT_SS,
		     0);
	expect_fault(segment_linear(&unit, SEG_SS, 0x10000, 1, SEGMENT_READ, &linear), SEGMENT_SS,
		     0);
}

static void types_and_rights(void **state)
{
	struct segment_unit unit = unit_up();
	struct segment absent = part(0, 0xfff, 2, 0);
	u32 linear;

	absent.p = false;
	put(GDT, 20, absent);
	put(GDT, 21, part(DATA, 0xfff, 8, 0));                        /* execute-only */
	put(GDT, 22, part(DATA, 0xfff, 0, 0));                        /* read-only */
	put(GDT, 23, part(DATA, 0xfff, 0xa | SEGMENT_CONFORMING, 0)); /* conforming */
	expect_fault(segment_load(&unit, SEG_DS, SELECTOR(20, 0, 0)), SEGMENT_NP,
		     SELECTOR(20, 0, 0));
	expect_fault(segment_load(&unit, SEG_SS, SELECTOR(20, 0, 0)), SEGMENT_SS,
		     SELECTOR(20, 0, 0));
	expect_fault(segment_load(&unit, SEG_DS, SELECTOR(21, 0, 0)), SEGMENT_GP,
		     SELECTOR(21, 0, 0));
	expect_fault(segment_load(&unit, SEG_SS, SELECTOR(22, 0, 0)), SEGMENT_GP,
		     SELECTOR(22, 0, 0));
	assert_good(segment_load(&unit, SEG_DS, SELECTOR(22, 0, 0)));
	expect_fault(segment_linear(&unit, SEG_DS, 0, 1, SEGMENT_WRITE, &linear), SEGMENT_GP, 0);
	expect_fault(segment_linear(&unit, SEG_DS, 0, 1, SEGMENT_EXEC, &linear), SEGMENT_GP, 0);
	expect_fault(segment_far_jump(&unit, SELECTOR(22, 0, 0), 0), SEGMENT_GP,
		     SELECTOR(22, 0, 0));
	/* A failed load leaves the register as it was. */
	assert_int_equal(unit.reg[SEG_DS].selector, SELECTOR(22, 0, 0));
	/* Conforming code is any outer ring's, and the ring stays. */
	unit.cpl = 3;
	assert_good(segment_far_jump(&unit, SELECTOR(23, 0, 0), 0));
	assert_int_equal(unit.reg[SEG_CS].selector, SELECTOR(23, 0, 3));
	assert_good(segment_linear(&unit, SEG_CS, 0, 1, SEGMENT_READ, &linear));
	expect_fault(segment_linear(&unit, SEG_CS, 0, 1, SEGMENT_WRITE, &linear), SEGMENT_GP, 0);
}

/* S1: what is done to the table takes effect when the selector is loaded again. */
static void hidden_part(void **state)
{
	struct segment_unit unit = unit_up();
	const u16 selector = SELECTOR(20, 0, 0);
	u32 linear;

	put(GDT, 20, part(DATA, 0xfff, 2, 0));
	assert_good(segment_load(&unit, SEG_DS, selector));
	put(GDT, 20, part(DATA + 0x1000, 0xf, 2, 0));
	assert_good(segment_linear(&unit, SEG_DS, 0x800, 1, SEGMENT_READ, &linear));
	assert_int_equal(linear, DATA + 0x800);
	assert_good(segment_load(&unit, SEG_ES, selector));
	expect_fault(segment_linear(&unit, SEG_ES, 0x800, 1, SEGMENT_READ, &linear), SEGMENT_GP, 0);
	assert_good(segment_load(&unit, SEG_DS, selector));
	expect_fault(segment_linear(&unit, SEG_DS, 0x800, 1, SEGMENT_READ, &linear), SEGMENT_GP, 0);
	/* Even a table that is gone. */
	unit.gdtr.limit = 7;
	assert_good(segment_linear(&unit, SEG_DS, 0xf, 1, SEGMENT_READ, &linear));
	assert_int_equal(linear, DATA + 0x100f);
}

/* S1: selector:offset -> linear -> physical, through this machine's tables and TLB. */
static void logical_to_physical(void **state)
{
	struct segment_unit unit = unit_up();
	const u32 offset = 0x1234;
	struct soft_fault fault;
	u32 linear, value = 0x600df00d, seen = 0;
	enum pt_level level;
	pte_t e;

	put(GDT, 2, part(DATA, 0xfffff, 2, 0));
	assert_good(segment_load(&unit, SEG_DS, KERNEL));
	assert_good(segment_linear(&unit, SEG_DS, offset, 4, SEGMENT_WRITE, &linear));
	assert_true(soft_access(linear, SOFT_WRITE, &value, 4, &fault));
	assert_true(pt_translate(mm.root, DATA + offset, &e, &level));
	memcpy(&seen, (char *)pfn_to_virt(pte_pfn(e)) + (offset & (PAGE_SIZE - 1)), 4);
	assert_int_equal(seen, value);
	/* Within the limit, but no page there: paging has the last word. */
	assert_good(segment_linear(&unit, SEG_DS, MAPPED - DATA, 4, SEGMENT_READ, &linear));
	assert_false(soft_access(linear, SOFT_READ, &seen, 4, &fault));
	assert_int_equal(fault.address, MAPPED);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(descriptors),    cmocka_unit_test(selectors),
	cmocka_unit_test(linux_segments), cmocka_unit_test(default_ldt),
	cmocka_unit_test(task_state),     cmocka_unit_test(limits),
	cmocka_unit_test(expand_down),    cmocka_unit_test(types_and_rights),
	cmocka_unit_test(hidden_part),    cmocka_unit_test(logical_to_physical),
};
HOST_TESTS(tests)
