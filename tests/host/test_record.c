// needs: tests/host/recorded.c host/recorder.c host/stream.c host/table.c host/model.c host/model_frames.c host/model_slabs.c host/model_lists.c host/model_spaces.c host/command.c
/*
 * The event stream of a soft machine, recorded into a file and followed: the state that its
 * events make is the machine's own at every mark.  And a stream that was tampered with is
 * found out.
 */
#include "floors.h"
#include "lib/errno.h"
#include "mm/mark.h"
#include "mm/slab/slab_int.h"
#include "recorded.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* As floors_up(), with every event from the first one on recorded. */
static void recorded_machine(unsigned cpus, unsigned nodes, u64 seed)
{
	struct soft_config config = {.cpus = cpus, .schedule_seed = seed};

	for (unsigned n = 0; n < nodes; n++)
		config.ram[n] = (struct soft_ram){(u64)n * 32 << 20, 32 << 20, (int)n};
	for (unsigned cpu = 0; cpu < cpus; cpu++)
		config.cpu_node[cpu] = (u8)(cpu % nodes);
	recording_start();
	soft_machine_init(&config);
	recording_begin();
	floors_start(cpus);
}

/* --- something to record --- */

static struct kmem_cache *cache;

/* Takes and gives frames, objects and ranges, in an order that a number decides. */
static int work(void *arg)
{
	struct random random = {(u64)(unsigned long)arg};
	struct page *pages[64] = {NULL};
	void *objects[64] = {NULL}, *ranges[64] = {NULL};

	for (unsigned i = 0; i < 3000; i++) {
		const unsigned n = random_below(&random, 64), order = random_below(&random, 4);

		switch (random_below(&random, 4)) {
		case 0:
			if (pages[n])
				put_page(pages[n]);
			pages[n] = pages[n] ? NULL : alloc_page(GFP_HIGHUSER_MOVABLE);
			if (pages[n])
				lru_cache_add(pages[n]);
			break;
		case 1:
			if (objects[n])
				kmem_cache_free(cache, objects[n]);
			objects[n] = objects[n] ? NULL : kmem_cache_alloc(cache, GFP_KERNEL);
			break;
		case 2:
			if (ranges[n])
				vfree(ranges[n]);
			ranges[n] = ranges[n] ? NULL : vmalloc((order + 1) * PAGE_SIZE);
			break;
		default: {
			struct page *page = alloc_pages(GFP_KERNEL, order);

			if (page)
				__free_pages(page, order);
		}
		}
		if (i % 64 == 0)
			cond_resched();
	}
	for (unsigned n = 0; n < 64; n++) {
		if (pages[n])
			put_page(pages[n]);
		if (objects[n])
			kmem_cache_free(cache, objects[n]);
		vfree(ranges[n]);
	}
	return 0;
}

static void run_work(unsigned threads)
{
	struct task_struct *thread[8];

	for (unsigned i = 0; i < threads; i++)
		thread[i] = soft_run(work, (void *)(unsigned long)(test_seed() + i), "work",
				     1ULL << i % nr_cpu_ids);
	for (unsigned i = 0; i < threads; i++)
		assert_int_equal(soft_join(thread[i]), 0);
}

/* --- the tests --- */

static void state_is_rebuilt(void **state)
{
	recorded_machine(1, 1, 0);
	cache = kmem_cache_create("recorded", 100, 0, 0, NULL);
	assert_int_equal(mm_mark(), 0);
	work(NULL);
	assert_int_equal(mm_mark(), 0);
	kmem_cache_destroy(cache);
	recording_end();
	assert_int_equal(recording_follow(NULL, 0), 3);
	recording_remove();
}

static void state_is_rebuilt_from_many_cpus(void **state)
{
	recorded_machine(4, 2, 0);
	cache = kmem_cache_create("recorded", 100, 0, 0, NULL);
	for (unsigned round = 0; round < 3; round++) {
		run_work(8);
		assert_int_equal(mm_mark(), 0);
	}
	recording_end();
	assert_int_equal(recording_follow(NULL, 0), 4);
	recording_remove();
}

static void state_is_rebuilt_in_a_seeded_order(void **state)
{
	recorded_machine(3, 1, test_seed());
	cache = kmem_cache_create("recorded", 100, 0, 0, NULL);
	run_work(3);
	recording_end();
	assert_int_equal(recording_follow(NULL, 0), 1);
	recording_remove();
}

static void marks_need_a_recorder(void **state)
{
	floors_up(1, 1, 16, 0);
	assert_int_equal(mm_mark(), -ENODEV);
	mm_mark_last();
}

/* A ring that nobody empties fast enough makes writers wait, and nothing is lost. */
static void no_record_is_lost(void **state)
{
	recorded_machine(2, 1, 0);
	for (u64 i = 0; i < 2 * TRACE_RING_SLOTS; i++)
		trace_cache_dirty(i, 0, 0, 0);
	recording_end();
	assert_int_equal(recording_follow(NULL, 0), 1);
	recording_remove();
}

/* Copy the file without record n, or with a byte of it changed. */
static void tamper(long n, bool drop, unsigned byte)
{
	const size_t at = TRACE_HEADER_BYTES + (size_t)n * sizeof(struct trace_record);
	static char bytes[16 << 20];
	FILE *f = fopen(recording_file(), "r+");
	size_t size = fread(bytes, 1, sizeof(bytes), f);

	assert_true(size > at + sizeof(struct trace_record) && size < sizeof(bytes));
	if (drop)
		memmove(bytes + at, bytes + at + sizeof(struct trace_record),
			size - at - sizeof(struct trace_record));
	else
		bytes[at + byte] ^= 1;
	rewind(f);
	fwrite(bytes, 1, size - (drop ? sizeof(struct trace_record) : 0), f);
	assert_int_equal(ftruncate(fileno(f), (off_t)(size - (drop ? 48 : 0))), 0);
	fclose(f);
}

static void tampering_is_noticed(void **state)
{
	recorded_machine(1, 1, 0);
	cache = kmem_cache_create("recorded", 100, 0, 0, NULL);
	work(NULL);
	recording_end();
	for (unsigned byte = 0; byte < sizeof(struct trace_record); byte++) {
		tamper(1000 + byte, false, byte);
		assert_int_equal(recording_follow(NULL, 0), -1);
		tamper(1000 + byte, false, byte);
	}
	assert_int_equal(recording_follow(NULL, 0), 1);
	tamper(2000, true, 0);
	assert_int_equal(recording_follow(NULL, 0), -1);
	recording_remove();
}

/* Any event that is kept from the model is missed: by what follows, or at the next mark. */
static void a_missing_event_is_noticed(void **state)
{
	static const char *const types[] = {
		"page_alloc", "page_free",   "buddy_take", "buddy_give", "block_split",
		"slab_grow",  "block_merge", "slab_take",  "slab_give",  "slab_shrink",
		"vmap_map",   "vmap_unmap",  "lru_add",    "lru_del",    "table_new",
	};

	recorded_machine(1, 1, 0);
	cache = kmem_cache_create("recorded", 1000, 0, 0, NULL);
	work(NULL);
	settled_free_pages();
	recording_end();
	for (unsigned i = 0; i < ARRAY_SIZE(types); i++)
		if (recording_follow(types[i], 2) != -1)
			fail_msg("the model does not miss %s", types[i]);
	if (SLAB_RECORDS_OBJECTS) {
		assert_int_equal(recording_follow("object_alloc", 2), -1);
		assert_int_equal(recording_follow("object_free", 2), -1);
	}
	recording_remove();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(state_is_rebuilt),
	cmocka_unit_test(state_is_rebuilt_from_many_cpus),
	cmocka_unit_test(state_is_rebuilt_in_a_seeded_order),
	cmocka_unit_test(marks_need_a_recorder),
	cmocka_unit_test(no_record_is_lost),
	cmocka_unit_test(tampering_is_noticed),
	cmocka_unit_test(a_missing_event_is_noticed),
};
HOST_TESTS(tests)
