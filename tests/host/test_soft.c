// geometries: all
/*
 * The soft machine itself: RAM layouts, CPUs, schedules by seed, the MMU.
 */
#include "harness.h"
#include "lib/assert.h"
#include <string.h>
#include "machine/soft.h"
#include "mm/frame/page.h"
#include "sync/percpu.h"
#include "sync/spinlock.h"
#include "sync/task.h"
#include "sync/wait.h"

static void ram_where_it_was_asked_for(void **state)
{
	const struct soft_config config = {
		.cpus = 2,
		.ram = {{0x200000000, 1 << 20, 1}, {0, 640 << 10, 0}, {1 << 20, 1 << 20, 0}},
		.cpu_node = {0, 1},
	};

	soft_machine_init(&config);
	assert_int_equal(ram_map.ranges, 3);
	assert_int_equal(ram_map.nodes, 2);
	assert_int_equal(ram_map.range[2].start.v, 0x200000000);
	assert_int_equal(ram_map.range[2].node, 1);
	assert_int_equal(ram_map.distance[0][0], 10);
	assert_int_equal(ram_map.distance[0][1], 20);
	assert_int_equal(cpu_to_node(1), 1);
	for (unsigned i = 0; i < ram_map.ranges; i++) {
		char *first = phys_to_virt(ram_map.range[i].start);

#if MACHINE_HAS_HIGHMEM
		if (virt_to_pfn(first) >= ZONE_NORMAL_END_PFN)
			continue; /* test_highmem.c */
#endif
		first[0] = 1;
		first[ram_map.range[i].bytes - 1] = 2;
		assert_int_equal(virt_to_phys(first).v, ram_map.range[i].start.v);
	}
	machine_map_mem_map(256, 512, 0);
	machine_map_mem_map(300, 400, 0); /* overlaps are fine */
	pfn_to_page(511)->flags = 1;
	assert_int_equal(page_to_pfn(pfn_to_page(511)), 511);
}

static DEFINE_PER_CPU(unsigned long, visits);

static int visit(void *arg)
{
	this_cpu(visits) += (unsigned long)arg;
	return cpu_id();
}

static void each_cpu_has_its_copy(void **state)
{
	soft_machine_init(&(struct soft_config){.cpus = 4});
	assert_int_equal(nr_cpu_ids, 4);
	for (unsigned cpu = 0; cpu < 4; cpu++) {
		struct task_struct *task = soft_run(visit, (void *)(cpu + 10UL), "visit", 1 << cpu);

		assert_int_equal(soft_join(task), cpu);
	}
	for (unsigned cpu = 0; cpu < 4; cpu++)
		assert_int_equal(per_cpu(visits, cpu), cpu + 10);
	soft_move_to_cpu(3);
	assert_int_equal(cpu_id(), 3);
	assert_int_equal(this_cpu(visits), 13);
}

/* More threads than CPUs: never do two run on one CPU. */
static DEFINE_PER_CPU(unsigned, inside);

static int crowd(void *arg)
{
	for (int i = 0; i < 200; i++) {
		unsigned cpu = cpu_id();

		BUG_ON(this_cpu(inside)++ != 0);
		cpu_interleave();
		BUG_ON(cpu_id() != cpu);
		BUG_ON(--this_cpu(inside) != 0);
		cond_resched();
	}
	return 0;
}

static void one_thread_on_a_cpu(void **state)
{
	struct task_struct *task[7];

	soft_machine_init(&(struct soft_config){.cpus = 3});
	for (unsigned i = 0; i < ARRAY_SIZE(task); i++)
		task[i] = kthread_run(crowd, NULL, "crowd");
	for (unsigned i = 0; i < ARRAY_SIZE(task); i++)
		assert_int_equal(soft_join(task[i]), 0);
}

static char order[65];
static unsigned steps;

static int write_letters(void *arg)
{
	for (int i = 0; i < 16; i++) {
		cpu_interleave();
		order[steps++] = *(char *)arg;
	}
	return 0;
}

static int letters_by_seed(void *seed)
{
	struct task_struct *task[4];

	soft_machine_init(&(struct soft_config){.cpus = 4, .schedule_seed = *(u64 *)seed});
	for (int i = 0; i < 4; i++)
		task[i] = kthread_run(write_letters, &"ABCD"[i], "letters");
	for (int i = 0; i < 4; i++)
		soft_join(task[i]);
	assert_int_equal(steps, 64);
	return 0;
}

static void seeds_repeat(void **state)
{
	u64 seed = 42;

	letters_by_seed(&seed);
	/* A changed generator or scheduler changes this text: then look whether it still mixes. */
	print_message("seed 42: %s\n", order);
	assert_true(strchr(order, 'A') && strchr(order, 'D'));
	assert_non_null(strstr(order, "AB") ? strstr(order, "AB") : strstr(order, "BA"));
	assert_true(ktime_ns() > 0);
	assert_true(ktime_ns() < 1000000); /* virtual */
}

static int sleeper(void *arg)
{
	u64 start = ktime_ns();

	set_current_state(TASK_UNINTERRUPTIBLE);
	assert_int_equal(schedule_timeout(5000000000ULL), 0);
	assert_true(ktime_ns() - start >= 5000000000ULL);
	return 7;
}

static void virtual_time_does_not_wait(void **state)
{
	soft_machine_init(&(struct soft_config){.schedule_seed = 1});
	assert_int_equal(soft_join(kthread_run(sleeper, NULL, "sleeper")), 7);
}

static void sleep_forever(void *arg)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule();
}

static void nobody_left_to_wake(void **state)
{
	const char *panic;

	soft_machine_init(&(struct soft_config){.cpus = 2});
	panic = soft_panic_of(sleep_forever, NULL);
	assert_non_null(panic);
	assert_non_null(strstr(panic, "every task sleeps"));
}

static void time_limits(void **state)
{
	soft_machine_init(&(struct soft_config){.cpus = 1});
	set_current_state(TASK_INTERRUPTIBLE);
	assert_int_equal(schedule_timeout(2000000), 0);
	assert_true(ktime_ns() >= 2000000);
	/* A wake-up before the sleep is not lost: it turns the sleep into a yield. */
	set_current_state(TASK_INTERRUPTIBLE);
	assert_true(wake_up_process(current));
	assert_false(wake_up_process(current));
	assert_true(schedule_timeout(60000000000ULL) > 0);
}

/* --- the MMU, with tables made by hand --- */
static pte_t *new_table(void)
{
	static pfn_t next = 1;

	return pfn_to_virt(next++);
}

static pte_t *slot_of(pte_t *root, unsigned long va)
{
	pte_t *table = root;

	for (int level = PT_PGD; level > PT_PTE; level--) {
		pte_t *slot = table + pt_index(level, va);

		if (PT_BITS(level) == 0)
			continue;
		if (pte_none(*slot))
			*slot = mk_table(virt_to_pfn(new_table()), true);
		table = pfn_to_virt(pte_pfn(*slot));
	}
	return table + pt_index(PT_PTE, va);
}

static void translation(void **state)
{
	const unsigned long va = 0x1234 * PAGE_SIZE;
	struct soft_fault fault;
	struct arch_mm mm;
	u64 hits, misses;
	pte_t *slot;
	void *host;

	soft_machine_init(&(struct soft_config){.cpus = 2});
	arch_mm_init(&mm, new_table());
	switch_mm(&mm);
	assert_int_equal(mm.cpu_mask, 1);
	assert_false(soft_translate(va, SOFT_READ, &host, &fault));
	assert_false(fault.present);
	assert_int_equal(fault.address, va);

	slot = slot_of(mm.root, va);
	pte_set(slot, mk_pte(100, user_pgprot(true, false, false)));
	pte_set(slot, pte_mkold(pte_get(slot)));
	assert_true(soft_translate(va + 5, SOFT_READ, &host, NULL));
	assert_ptr_equal(host, (char *)pfn_to_virt(100) + 5);
	assert_true(pte_young(pte_get(slot)));
	assert_false(pte_dirty(pte_get(slot)));
	assert_false(soft_translate(va, SOFT_WRITE, &host, &fault));
	assert_true(fault.present);
	assert_int_equal(soft_translate(va, SOFT_EXEC, &host, &fault), PTE_NX == 0);

	pte_set(slot, pte_mkwrite(pte_get(slot)));
	assert_true(soft_translate(va, SOFT_WRITE, &host, NULL));
	assert_true(pte_dirty(pte_get(slot)));

	/* A change without a flush does not show; with one it does. */
	pte_set(slot, mk_pte(101, user_pgprot(true, true, false)));
	assert_true(soft_translate(va, SOFT_READ, &host, NULL));
	assert_ptr_equal(host, pfn_to_virt(100));
	tlb_flush_range(&mm, va, va + PAGE_SIZE);
	assert_true(soft_translate(va, SOFT_READ, &host, NULL));
	assert_ptr_equal(host, pfn_to_virt(101));

	/* No access at all: present for software, a fault for the machine. */
	pte_set(slot, mk_pte(101, user_pgprot(false, false, false)));
	tlb_flush_mm(&mm);
	assert_true(pte_present(pte_get(slot)));
	assert_false(soft_translate(va, SOFT_READ, &host, NULL));
	soft_tlb_counts(&hits, &misses);
	assert_true(hits >= 1 && misses >= 5);
	switch_mm(NULL);
	assert_int_equal(mm.cpu_mask, 0);
}

static void kernel_ranges_follow_the_tables(void **state)
{
	char *window = (char *)VMALLOC_START + 5 * PAGE_SIZE;
	pte_t *slot;

	soft_machine_init(&(struct soft_config){.cpus = 1});
	slot = slot_of(swapper_pg_dir, (unsigned long)window);
	pte_set(slot, mk_pte(200, KERNEL_PROT_RW));
	strcpy(window, "hello");
	assert_string_equal(pfn_to_virt(200), "hello");
	strcpy(pfn_to_virt(201), "other");
	pte_set(slot, mk_pte(201, KERNEL_PROT_RO));
	tlb_flush_kernel((unsigned long)window, (unsigned long)window + PAGE_SIZE);
	assert_string_equal(window, "other");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(ram_where_it_was_asked_for),
	cmocka_unit_test(each_cpu_has_its_copy),
	cmocka_unit_test(one_thread_on_a_cpu),
	cmocka_unit_test(seeds_repeat),
	cmocka_unit_test(virtual_time_does_not_wait),
	cmocka_unit_test(nobody_left_to_wake),
	cmocka_unit_test(time_limits),
	cmocka_unit_test(translation),
	cmocka_unit_test(kernel_ranges_follow_the_tables),
};
HOST_TESTS(tests)
