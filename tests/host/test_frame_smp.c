/*
 * The frame floor under several CPUs: everybody takes and gives, pages change
 * hands, lists are emptied from afar; under ThreadSanitizer, and under schedules
 * that a seed chooses.
 */
#include "harness.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/assert.h"
#include "lib/printk.h"
#include "machine/soft.h"
#include "mm/frame/frame.h"
#include "sync/task.h"

#define MIB   (1UL << 20)
#define QUIET (GFP_NOWAIT | __GFP_NOWARN)
#define CPUS  4

static struct console to_stderr;

static void write_stderr(struct console *console, const char *text, size_t bytes)
{
	fwrite(text, 1, bytes, stderr);
}

static void check(void)
{
	unsigned violations = frame_check();

	if (violations) {
		to_stderr.write = write_stderr;
		register_console(&to_stderr);
	}
	assert_int_equal(violations, 0);
}

static void boot(u64 schedule_seed)
{
	soft_machine_init(&(struct soft_config){
		.cpus = CPUS,
		.ram = {{0, 24 * MIB, 0}, {32 * MIB, 16 * MIB, 1}},
		.cpu_node = {0, 0, 1, 1},
		.schedule_seed = schedule_seed,
	});
	frame_init();
	for (unsigned cpu = 1; cpu < CPUS; cpu++)
		assert_int_equal(frame_cpu_init(cpu), 0);
}

/* Pages on their way from one thread to another. */
static spinlock_t exchange_lock = SPINLOCK_INIT(RANK_SPIN);
static struct page *exchange[64];

static struct page *swap_page(unsigned slot, struct page *page)
{
	spin_lock(&exchange_lock);
	swap(page, exchange[slot]);
	spin_unlock(&exchange_lock);
	return page;
}

#define HELD  300
#define STEPS 6000

struct worker {
	u64 seed;
	unsigned long mistakes;
};

static void mark(struct page *page, unsigned order, u64 mark)
{
	for (unsigned long i = 0; i < 1UL << order; i++)
		*(u64 *)page_address(page + i) = mark;
}

static bool marked(struct page *page, unsigned order, u64 mark)
{
	for (unsigned long i = 0; i < 1UL << order; i++)
		if (*(u64 *)page_address(page + i) != mark)
			return false;
	return true;
}

static int work(void *arg)
{
	struct worker *worker = arg;
	struct random random = {worker->seed};
	struct page *page[HELD] = {NULL};
	unsigned order[HELD];

	for (unsigned step = 0; step < STEPS; step++) {
		unsigned i = random_below(&random, HELD);
		u64 what = random_below(&random, 100);

		if (page[i]) {
			worker->mistakes += !marked(page[i], order[i], worker->seed + i);
			if (order[i] == 0 && what < 40) {
				/* Somebody else gives it back, on another CPU. */
				page[i] = swap_page(random_below(&random, ARRAY_SIZE(exchange)),
						    page[i]);
				if (page[i])
					__free_page(page[i]);
			} else {
				__free_pages(page[i], order[i]);
			}
			page[i] = NULL;
		} else {
			order[i] = what < 80 ? 0 : random_below(&random, 7);
			page[i] = alloc_pages(what & 1 ? QUIET : QUIET | __GFP_MOVABLE, order[i]);
			if (page[i])
				mark(page[i], order[i], worker->seed + i);
		}
		mod_node_stat(node_data[step & 1], NR_FILE_PAGES, 1);
		if (what == 99)
			drain_all_pages();
		if (what >= 98)
			cond_resched();
	}
	for (unsigned i = 0; i < HELD; i++)
		if (page[i])
			__free_pages(page[i], order[i]);
	return 0;
}

static int drain(void *arg)
{
	drain_local_pages();
	return 0;
}

static void drain_each_cpu(void)
{
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		soft_join(soft_run(drain, NULL, "drain", 1u << cpu));
}

static void traffic(u64 schedule_seed, u64 seed)
{
	struct worker worker[CPUS + 2];
	struct task_struct *task[CPUS + 2];

	boot(schedule_seed);
	drain_each_cpu();
	unsigned long free = nr_free_pages();

	for (unsigned i = 0; i < ARRAY_SIZE(worker); i++) {
		worker[i] = (struct worker){.seed = seed * 1000 + i * 1000000};
		task[i] = kthread_run(work, &worker[i], "worker");
	}
	for (unsigned i = 0; i < ARRAY_SIZE(worker); i++) {
		soft_join(task[i]);
		assert_int_equal(worker[i].mistakes, 0);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(exchange); i++)
		if (exchange[i])
			__free_page(exchange[i]);
	check();
	assert_int_equal(nr_free_pages() + nr_pcp_pages(), free);
	assert_int_equal(global_node_stat(NR_FILE_PAGES), ARRAY_SIZE(worker) * STEPS);
	drain_each_cpu();
	assert_int_equal(nr_pcp_pages(), 0);
	assert_int_equal(nr_free_pages(), free);
	check();
}

static void traffic_in_parallel(void **state)
{
	traffic(0, test_seed());
}

static void traffic_by_schedule(void **state)
{
	traffic(test_seed(), test_seed());
}

static int take_one(void *arg)
{
	*(struct page **)arg = alloc_page(GFP_KERNEL);
	return 0;
}

static int free_one(void *arg)
{
	__free_page(arg);
	return 0;
}

static int look_at_note(void *arg)
{
	drain_pages_if_asked();
	return 0;
}

static void each_cpu_has_its_lists(void **state)
{
	struct page *page;

	boot(0);
	drain_each_cpu();
	soft_join(soft_run(take_one, &page, "take", 1u << 2));
	assert_int_equal(page_to_nid(page), 1);
	struct zone *zone = page_zone(page);
	unsigned others = pcp_count(zone->pcp[2]);

	assert_true(others > 0 || zone->pcp[2]->batch == 1);
	/* It is given back to the list of the CPU that frees it. */
	assert_int_equal(pcp_count(zone->pcp[1]), 0);
	soft_join(soft_run(free_one, page, "free", 1u << 1));
	assert_int_equal(pcp_count(zone->pcp[1]), 1);
	assert_int_equal(pcp_count(zone->pcp[2]), others);

	/* Another CPU's lists are emptied when that CPU comes by. */
	soft_move_to_cpu(0);
	drain_all_pages();
	assert_int_equal(pcp_count(zone->pcp[1]), 1);
	soft_join(soft_run(look_at_note, NULL, "note", 1u << 1));
	assert_int_equal(pcp_count(zone->pcp[1]), 0);
	check();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(each_cpu_has_its_lists),
	cmocka_unit_test(traffic_in_parallel),
	cmocka_unit_test(traffic_by_schedule),
};

HOST_TESTS(tests)
