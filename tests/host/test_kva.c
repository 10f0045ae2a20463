// geometries: all
/*
 * Kernel virtual memory: ranges, what is mapped in them, guards, protection, stacks, failure.
 */
#include "floors.h"
#include "lib/printk.h"
#include "mm/kva/kva_int.h"
#include "mm/pgtable/pgtable.h"
#include <setjmp.h>
#include <signal.h>

static sigjmp_buf trap;

static void on_trap(int signo)
{
	siglongjmp(trap, 1);
}

/* Does reading (writing) the byte trap? */
static bool traps(volatile char *at, bool write)
{
	struct sigaction catch = {.sa_handler = on_trap}, saved;
	volatile bool trapped = false;
	/* The soft machine's own handler maps what the tables have; ask them whether they have it. */
	enum pt_level level;
	pte_t e;

	if (pt_translate(swapper_pg_dir, (unsigned long)at, &e, &level) &&
	    (!write || pte_write(e))) {
		if (write)
			*at = *at;
		else
			(void)*at;
		return false;
	}
	sigaction(SIGSEGV, &catch, &saved);
	if (sigsetjmp(trap, 1) == 0) {
		if (write)
			*at = 1;
		else
			(void)*at;
	} else {
		trapped = true;
	}
	sigaction(SIGSEGV, &saved, NULL);
	return trapped;
}

/* S30: contiguous addresses on any frames, a guard behind, everything back afterwards. */
static void vmalloc_is_contiguous_and_guarded(void **state)
{
	unsigned long before;
	char *p;

	floors_up(1, 1, 16, 0);
	before = settled_free_pages();
	p = vmalloc(5 * PAGE_SIZE - 100);
	assert_non_null(p);
	assert_int_equal((unsigned long)p % PAGE_SIZE, 0);
	assert_true(is_vmalloc_addr(p));
	memset(p, 0x17, 5 * PAGE_SIZE);
	for (unsigned i = 0; i < 5; i++) {
		struct page *page = vmalloc_to_page(p + i * PAGE_SIZE);

		assert_non_null(page);
		assert_int_equal(((char *)page_address(page))[99], 0x17);
	}
	assert_null(vmalloc_to_page(p + 5 * PAGE_SIZE));
	assert_true(traps(p + 5 * PAGE_SIZE, false));
	assert_true(traps(p - 1, false)); /* the guard of whatever lies before */
	assert_int_equal(vmalloc_used_pages(), 5);
	assert_sound();
	vfree(p);
	assert_int_equal(vmalloc_used_pages(), 0);
	assert_sound();
	assert_true(before - settled_free_pages() <= PT_LEVELS - 1); /* page tables stay */
	before = settled_free_pages();
	p = vzalloc(100 * PAGE_SIZE);
	for (unsigned i = 0; i < 100 * PAGE_SIZE; i++)
		assert_int_equal(p[i], 0);
	vfree(p);
	assert_int_equal(settled_free_pages(), before);
	vfree(NULL);
	assert_null(vmalloc(0));
	assert_null(vmalloc(1UL << 40));
	assert_null(vmalloc(~0UL));
	assert_sound();
}

static void vmalloc_info_tells_all(void **state)
{
	struct vmalloc_info info;
	struct page *pages[2];
	unsigned n = 0;
	void *p, *q, *m, *w;

	floors_up(1, 2, 16, 0);
	p = vmalloc(3 * PAGE_SIZE);
	q = vmalloc(1);
	m = module_alloc(2 * PAGE_SIZE);
	pages[0] = alloc_page(GFP_KERNEL);
	pages[1] = alloc_page(GFP_KERNEL);
	w = vmap(pages, 2, KERNEL_PROT_RW);
	for (unsigned long after = 0; vmalloc_info_get(after, &info); after = info.start, n++) {
		assert_true(info.start > after);
		assert_int_equal(info.bytes, (info.pages + 1) << PAGE_SHIFT);
		assert_int_equal(info.node_pages[0] + info.node_pages[1], info.pages);
		assert_non_null(info.caller);
		if ((void *)info.start == p)
			assert_int_equal(info.pages, 3);
		if ((void *)info.start == w)
			assert_string_equal(info.kind, "vmap");
		if ((void *)info.start == m)
			assert_true(info.start >= MODULES_START);
	}
	assert_int_equal(n, 4);
	assert_int_equal(vmalloc_used_pages(), 6);
	assert_sound();
	vfree(q);
	vunmap(w);
	vfree(m);
	vfree(p);
	assert_false(vmalloc_info_get(0, &info));
	__free_page(pages[0]);
	__free_page(pages[1]);
	assert_sound();
}

static void vmap_shows_given_pages(void **state)
{
	struct page *pages[40];
	char *w;

	floors_up(1, 1, 16, 0);
	for (unsigned i = 0; i < 40; i++) {
		pages[i] = alloc_page(GFP_KERNEL);
		memset(page_address(pages[i]), (int)i, PAGE_SIZE);
	}
	w = vmap(pages, 40, KERNEL_PROT_RO);
	for (unsigned i = 0; i < 40; i++)
		assert_int_equal(w[i * PAGE_SIZE + 5], i);
	assert_true(traps(w, true));
	assert_sound();
	vunmap(w);
	assert_sound();
	for (unsigned i = 0; i < 40; i++) {
		assert_int_equal(page_ref_count(pages[i]), 1);
		__free_page(pages[i]);
	}
	assert_sound();
}

static void ioremap_maps_what_is_no_ram(void **state)
{
	struct vmalloc_info info;
	char *regs;

	floors_up(1, 1, 16, 0);
	regs = ioremap(PHYS(0xfebf1010), 0x20);
	assert_non_null(regs);
	assert_int_equal((unsigned long)regs % PAGE_SIZE, 0xfebf1010 % PAGE_SIZE);
	assert_true(vmalloc_info_get(0, &info));
	assert_int_equal(info.phys.v, ALIGN_DOWN(0xfebf1010, PAGE_SIZE));
	assert_int_equal(info.pages, 1);
	assert_null(vmalloc_to_page(regs)); /* no frame of ours */
	assert_sound();
	iounmap(regs);
	assert_int_equal(warn_count, 0);
	assert_null(ioremap(PHYS(0x100000), PAGE_SIZE)); /* RAM */
	assert_int_equal(warn_count, 1);
	warn_count = 0;
	assert_sound();
}

static pte_t entry_of(const void *at)
{
	enum pt_level level;
	pte_t e;

	assert_true(pt_translate(swapper_pg_dir, (unsigned long)at, &e, &level));
	return e;
}

static void nothing_is_writable_and_executable(void **state)
{
	struct page *page;
	char *m;

	if (!PTE_NX)
		skip(); /* what is readable is executable */
	floors_up(1, 1, 16, 0);
	m = module_alloc(4 * PAGE_SIZE);
	m[0] = 1;
	assert_true(pte_write(entry_of(m)) && !pte_exec(entry_of(m)));
	pgprot_t both = {KERNEL_PROT_RX.v | (KERNEL_PROT_RW.v & ~KERNEL_PROT_RO.v)};
	assert_int_equal(set_memory_prot(m, 1, both), -EINVAL);
	assert_int_equal(set_memory_prot(m, 2, KERNEL_PROT_RX), 0);
	assert_int_equal(set_memory_prot(m + 2 * PAGE_SIZE, 1, KERNEL_PROT_RO), 0);
	assert_true(pte_exec(entry_of(m)) && !pte_write(entry_of(m)));
	assert_true(traps(m, true));
	assert_int_equal(m[0], 1);
	assert_true(traps(m + 2 * PAGE_SIZE, true));
	m[3 * PAGE_SIZE] = 1;
	assert_int_equal(set_memory_prot(m, 5, KERNEL_PROT_RO), -EINVAL); /* the guard */
	assert_int_equal(set_memory_prot(m + 1, 1, KERNEL_PROT_RO), -EINVAL);
	assert_int_equal(set_memory_prot((void *)0x1000, 1, KERNEL_PROT_RO), -EINVAL);
	page = alloc_page(GFP_KERNEL);
	assert_null(vmap(&page, 1, both));
	__free_page(page);
	assert_sound();
	vfree(m);
	assert_sound();
}

/* A freed range comes back at once with LAZY_MAX 0 (debug), else after a flush; never stale. */
static void reused_addresses_show_the_new_page(void **state)
{
	floors_up(1, 1, 16, 0);
	for (unsigned i = 0; i < 50; i++) {
		char *p = vmalloc(PAGE_SIZE * (1 + i % 4));

		for (unsigned k = 0; k <= i % 4; k++) {
			p[k * PAGE_SIZE] = (char)i;
			assert_int_equal(*(char *)page_address(vmalloc_to_page(p + k * PAGE_SIZE)),
					 (char)i);
		}
		vfree(p);
		assert_sound();
	}
}

static void stacks_are_guarded_and_reused(void **state)
{
	struct vmalloc_info info;
	char *stack, *again;

	floors_up(1, 1, 16, 0);
	stack = alloc_kernel_stack(NUMA_NO_NODE);
	memset(stack, 1, KERNEL_STACK_SIZE);
	assert_true(traps(stack - 1, true));
	assert_true(traps(stack + KERNEL_STACK_SIZE, true));
	assert_int_equal(global_node_stat(NR_KERNEL_STACK_KB), KERNEL_STACK_SIZE / 1024);
	assert_true(vmalloc_info_get(0, &info));
	assert_string_equal(info.kind, "stack");
	free_kernel_stack(stack);
	again = alloc_kernel_stack(0);
	assert_ptr_equal(stack, again);
	free_kernel_stack(again);
	assert_int_equal(global_node_stat(NR_KERNEL_STACK_KB), 0);
	assert_sound();
	frame_ops.shrink(GFP_KERNEL);
	assert_false(vmalloc_info_get(0, &info));
	assert_sound();
}

static void stacks_lie_on_their_node(void **state)
{
	floors_up(2, 2, 16, 0);
	for (int nid = 0; nid < 2; nid++) {
		char *stack[6];

		for (unsigned i = 0; i < 6; i++) {
			stack[i] = alloc_kernel_stack(nid);
			for (unsigned k = 0; k < KERNEL_STACK_SIZE; k += PAGE_SIZE)
				assert_int_equal(page_to_nid(vmalloc_to_page(stack[i] + k)), nid);
		}
		for (unsigned i = 0; i < 6; i++)
			free_kernel_stack(stack[i]);
		assert_sound();
	}
}

/* Areas of all kinds at once: no two meet, all are found again. */
static void random_history(void **state)
{
	struct random random = {test_seed()};
	struct {
		char *at;
		unsigned pages;
		unsigned char fill;
	} live[120];
	unsigned n = 0;

	floors_up(1, 1, 64, 0);
	for (unsigned step = 0; step < 1500; step++) {
		if (random_below(&random, 100) < 55 && n < ARRAY_SIZE(live)) {
			unsigned pages = 1 + (unsigned)random_below(&random, step % 50 ? 9 : 700);
			char *p = step % 5 ? vmalloc(pages * PAGE_SIZE)
					   : module_alloc(pages * PAGE_SIZE);

			if (!p)
				continue;
			for (unsigned i = 0; i < pages; i++)
				p[i * PAGE_SIZE + step % PAGE_SIZE] = (char)step;
			live[n].at = p;
			live[n].pages = pages;
			live[n++].fill = (unsigned char)step;
		} else if (n > 0) {
			unsigned k = (unsigned)random_below(&random, n);

			vfree(live[k].at);
			live[k] = live[--n];
		}
		assert_sound();
	}
	while (n > 0)
		vfree(live[--n].at);
	assert_int_equal(vmalloc_used_pages(), 0);
	assert_sound();
}

static void everything_once(void)
{
	void *p = vmalloc(70 * PAGE_SIZE), *m = module_alloc(PAGE_SIZE), *w = NULL;
	void *stack = alloc_kernel_stack(NUMA_NO_NODE);
	struct page *page = alloc_page(GFP_KERNEL);

	if (page)
		w = vmap(&page, 1, KERNEL_PROT_RW);
	assert_sound();
	vunmap(w);
	if (page)
		__free_page(page);
	vfree(m);
	free_kernel_stack(stack);
	vfree(p);
}

/* Page tables stay; all else must come back, whatever failed. */
static void failure_at_every_step(void **state)
{
	unsigned long before;
	bool struck = true;
	unsigned n;

	floors_up(1, 1, 32, 0);
	before = settled_free_pages() + global_node_stat(NR_PAGETABLE);
	for (n = 1; struck && n < 500; n++) {
		fail_nth_set(n);
		everything_once();
		struck = fail_nth_left() == 0;
		fail_nth_set(0);
		assert_sound();
		assert_int_equal(settled_free_pages() + global_node_stat(NR_PAGETABLE), before);
	}
#ifdef PAGODA_DEBUG
	assert_true(n > 10 && n < 500);
#endif
}

/* The pages are there, but no table to map them with: a range in front takes up the last one's rest. */
static void no_memory_for_a_table(void **state)
{
	static struct page *same[PT_ENTRIES - 1]; /* and its guard */
	void *in_front[40];
	unsigned failed = 0;

	floors_up(1, 1, 32, 0);
	same[0] = alloc_page(GFP_KERNEL);
	for (unsigned i = 1; i < ARRAY_SIZE(same); i++)
		same[i] = same[0];
	for (unsigned n = 0; n < ARRAY_SIZE(in_front); n++) {
		char *p;

		in_front[n] = vmap(same, ARRAY_SIZE(same), KERNEL_PROT_RO);
		fail_nth_set(n);
		p = vmalloc(10 * PAGE_SIZE);
		fail_nth_set(0);
		assert_int_equal(vmalloc_used_pages(), p ? 10 : 0);
		assert_sound();
		failed += !p;
		vfree(p);
	}
#ifdef PAGODA_DEBUG
	assert_true(failed >= 2); /* the structure of the range, the table */
#endif
	for (unsigned n = 0; n < ARRAY_SIZE(in_front); n++)
		vunmap(in_front[n]);
	assert_sound();
}

static void exhaustion_is_survived(void **state)
{
	void *p[200];
	unsigned n = 0;

	floors_up(1, 1, (unsigned)(2048 * PAGE_SIZE >> 20), 0);
	while (n < 200 && (p[n] = vmalloc(64 * PAGE_SIZE)))
		n++;
	assert_true(n > 10 && n < 200);
	assert_sound();
	while (n > 0)
		vfree(p[--n]);
	assert_sound();
	p[0] = vmalloc(512 * PAGE_SIZE);
	assert_non_null(p[0]);
	vfree(p[0]);
}

static int churn(void *arg)
{
	struct random random = {test_seed() + (unsigned long)arg * 77};
	char *held[12] = {NULL};

	for (unsigned step = 0; step < 300; step++) {
		unsigned k = (unsigned)random_below(&random, 12);

		if (held[k]) {
			BUG_ON(held[k][0] != (char)k);
			if (k < 6)
				vfree(held[k]);
			else
				free_kernel_stack(held[k]);
			held[k] = NULL;
		} else {
			held[k] = k < 6 ? vmalloc((1 + random_below(&random, 5)) * PAGE_SIZE)
					: alloc_kernel_stack(NUMA_NO_NODE);
			if (held[k])
				held[k][0] = (char)k;
		}
		cond_resched();
	}
	for (unsigned k = 0; k < 12; k++)
		if (k < 6)
			vfree(held[k]);
		else
			free_kernel_stack(held[k]);
	return 0;
}

static void stress(u64 schedule_seed)
{
	struct task_struct *task[6];

	floors_up(3, 1, 64, schedule_seed);
	for (unsigned long i = 0; i < 6; i++)
		task[i] = kthread_run(churn, (void *)i, "churn");
	for (unsigned i = 0; i < 6; i++)
		soft_join(task[i]);
	assert_sound();
	settled_free_pages();
	assert_int_equal(vmalloc_used_pages(), 0);
	assert_sound();
}

static void cpus_in_parallel(void **state)
{
	stress(0);
}
static void cpus_in_a_seeded_order(void **state)
{
	stress(test_seed());
}

/* ---- Page tables ---- */

#define VA ALIGN_DOWN(TASK_SIZE / 7, PAGE_SIZE)

static void walks_find_and_make_tables(void **state)
{
	enum pt_level at;
	pte_t *root, *slot, *found, e;
	unsigned long tables;

	floors_up(1, 1, 16, 0);
	tables = global_node_stat(NR_PAGETABLE);
	root = pt_alloc_root(GFP_KERNEL);
	assert_non_null(root);
	assert_null(pt_walk(root, VA, PT_PTE, &found, &at));
	assert_int_equal(at, pt_top());
	assert_ptr_equal(found, root + pt_index(pt_top(), VA));
	slot = pt_walk_alloc(root, VA, PT_PTE, true, GFP_KERNEL);
	assert_non_null(slot);
	assert_ptr_equal(slot, pt_walk(root, VA, PT_PTE, NULL, NULL));
	assert_ptr_equal(slot + 1, pt_walk(root, VA + PAGE_SIZE, PT_PTE, NULL, NULL));
	assert_int_equal(pt_page(root)->pt_present, 1);
	assert_int_equal(pt_page(slot)->pt_present, 0);
	assert_false(pt_translate(root, VA, &e, &at));
	pte_set(slot, mk_pte(77, KERNEL_PROT_RO));
	assert_true(pt_translate(root, VA, &e, &at));
	assert_int_equal(pte_pfn(e), 77);
	assert_int_equal(at, PT_PTE);
	pte_set(slot, (pte_t){0});

	/* A large page ends the walk. */
	const enum pt_level large = pt_above(PT_PTE);
	const unsigned long other = VA + 3 * PT_SIZE(large);
	pte_t *pmd = pt_walk_alloc(root, other, large, true, GFP_KERNEL);
	assert_non_null(pmd);
	pte_set(pmd, mk_large_pte(PT_SIZE(large) >> PAGE_SHIFT, KERNEL_PROT_RO));
	assert_null(pt_walk_alloc(root, other, PT_PTE, true, GFP_KERNEL));
	assert_true(pt_translate(root, other, &e, &at));
	assert_int_equal(at, large);
	pte_set(pmd, (pte_t){0});
	assert_true(global_node_stat(NR_PAGETABLE) > tables);
}

/* Freed tables are zero again in the next one's hands, and only when readers are done. */
static void tables_come_back_zeroed(void **state)
{
	unsigned long before;
	pte_t *table[80];

	floors_up(1, 1, 16, 0);
	before = settled_free_pages();
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 80; i++) {
			table[i] = pt_alloc_table(GFP_KERNEL);
			for (unsigned k = 0; k < PT_ENTRIES; k++)
				assert_true(pte_none(table[i][k]));
			assert_int_equal(page_test(pt_page(table[i]), PG_table), 1);
			pte_set(table[i], mk_pte(i, KERNEL_PROT_RO));
		}
		assert_true(global_node_stat(NR_PAGETABLE) >= 80);
		for (unsigned i = 0; i < 80; i++) {
			pte_set(table[i], (pte_t){0});
			pt_free_table(table[i]);
			/* Out of use, but still there for those who are reading it. */
			assert_int_equal(page_test(pt_page(table[i]), PG_table), 0);
			assert_int_equal(page_ref_count(pt_page(table[i])), 1);
		}
		epoch_synchronize();
		assert_sound();
	}
	assert_int_equal(settled_free_pages(), before);
	pte_t *root = pt_alloc_root(GFP_KERNEL);
	root[PT_ENTRIES - 1] = mk_pte(5, KERNEL_PROT_RO); /* the kernel's part */
	pt_free_root(root);
	epoch_synchronize();
	assert_ptr_equal(pt_alloc_root(GFP_KERNEL), root);
	pt_free_root(root);
	assert_int_equal(settled_free_pages(), before);
}

static void no_table_without_memory(void **state)
{
	pte_t *root;

	floors_up(1, 1, 16, 0);
	root = pt_alloc_root(GFP_KERNEL);
#ifdef PAGODA_DEBUG
	for (unsigned n = 1; n < 10; n++) {
		pt_drain_stock();
		fail_nth_set(n);
		pte_t *slot =
			pt_walk_alloc(root, VA + n * PT_SIZE(PT_PGD), PT_PTE, true, GFP_KERNEL);
		assert_true(slot || fail_nth_left() == 0);
		fail_nth_set(0);
		assert_sound();
	}
#endif
	assert_non_null(pt_walk_alloc(root, VA, PT_PTE, true, GFP_KERNEL));
}

/* Many CPUs miss the same tables: each is made once. */
static pte_t *common_root;

static int fault_around(void *arg)
{
	for (unsigned long i = 0; i < 300; i++) {
		unsigned long va = VA + (i * 37 % 300) * PT_SIZE(pt_above(PT_PTE));
		pte_t *slot = pt_walk_alloc(common_root, va, PT_PTE, true, GFP_KERNEL);

		pt_lock(slot);
		if (pte_none(pte_get(slot))) {
			pte_set(slot, mk_pte(i, KERNEL_PROT_RO));
			pt_page(slot)->pt_present++;
		}
		pt_unlock(slot);
	}
	return 0;
}

static unsigned count_tables(pte_t *table, int level)
{
	unsigned count = 1;

	if (level > PT_PTE)
		for (unsigned i = 0; i < PT_ENTRIES; i++)
			if (pte_is_table(pte_get(table + i)))
				count +=
					count_tables(pt_table(pte_get(table + i)), pt_below(level));
	return count;
}

static void make_tables_at_once(u64 schedule_seed)
{
	struct task_struct *task[4];
	unsigned long before;

	floors_up(4, 1, 64, schedule_seed);
	settled_free_pages();
	before = global_node_stat(NR_PAGETABLE);
	common_root = pt_alloc_root(GFP_KERNEL);
	for (unsigned i = 0; i < 4; i++)
		task[i] = soft_run(fault_around, NULL, "fault", 1UL << i);
	for (unsigned i = 0; i < 4; i++)
		soft_join(task[i]);
	for (unsigned long i = 0; i < 300; i++) {
		pte_t *slot = pt_walk(common_root, VA + i * PT_SIZE(pt_above(PT_PTE)), PT_PTE, NULL,
				      NULL);

		assert_non_null(slot);
		assert_int_equal(pt_page(slot)->pt_present, 1);
	}
	settled_free_pages();
	assert_int_equal(global_node_stat(NR_PAGETABLE) - before,
			 count_tables(common_root, pt_top()));
	assert_sound();
}

static void tables_are_made_once(void **state)
{
	make_tables_at_once(0);
}
static void tables_are_made_once_in_a_seeded_order(void **state)
{
	make_tables_at_once(test_seed());
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(vmalloc_is_contiguous_and_guarded),
	cmocka_unit_test(vmalloc_info_tells_all),
	cmocka_unit_test(vmap_shows_given_pages),
	cmocka_unit_test(ioremap_maps_what_is_no_ram),
	cmocka_unit_test(nothing_is_writable_and_executable),
	cmocka_unit_test(reused_addresses_show_the_new_page),
	cmocka_unit_test(stacks_are_guarded_and_reused),
	cmocka_unit_test(stacks_lie_on_their_node),
	cmocka_unit_test(random_history),
	cmocka_unit_test(failure_at_every_step),
	cmocka_unit_test(no_memory_for_a_table),
	cmocka_unit_test(exhaustion_is_survived),
	cmocka_unit_test(cpus_in_parallel),
	cmocka_unit_test(cpus_in_a_seeded_order),
	cmocka_unit_test(walks_find_and_make_tables),
	cmocka_unit_test(tables_come_back_zeroed),
	cmocka_unit_test(no_table_without_memory),
	cmocka_unit_test(tables_are_made_once),
	cmocka_unit_test(tables_are_made_once_in_a_seeded_order),
};
HOST_TESTS(tests)
