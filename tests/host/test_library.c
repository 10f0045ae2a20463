// geometries: all
// needs: host/libpagoda/machine.c host/libpagoda/frames.c host/libpagoda/files.c host/libpagoda/spaces.c
/*
 * libpagoda by its public header alone: what it refuses, what it gives, threads in one space.
 */
#include "harness.h"
#include "host/libpagoda/pagoda.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define MIB(n) ((uint64_t)(n) << 20)
#define RW     (PROT_READ | PROT_WRITE)
#define ANON   (MAP_PRIVATE | MAP_ANONYMOUS)

static void log_to_stderr(const char *text, size_t bytes)
{
	/* Only what a check finds. */
	if (strstr(text, "check"))
		fwrite(text, 1, bytes, stderr);
}

static void start(unsigned cpus, uint64_t schedule_seed)
{
	const struct pagoda_config config = {
		.cpus = cpus,
		.schedule_seed = schedule_seed,
		.log = log_to_stderr,
		.ram = {{0, MIB(32), 0}, {MIB(1024), MIB(32), 1}},
		.cpu_node = {0, 1, 0, 1},
	};

	assert_int_equal(pagoda_start(&config), 0);
	assert_int_equal(pagoda_start(&config), -EBUSY);
}

static void what_cannot_be_is_refused(void **state)
{
	const struct pagoda_config bad[] = {
		{.cpus = PAGODA_MAX_CPUS + 1},
		{.nodes = PAGODA_MAX_NODES + 1},
		{.ram = {{100, MIB(32), 0}}},                      /* not a page's start */
		{.ram = {{0, MIB(32), 0}, {MIB(16), MIB(32), 1}}}, /* twice */
		{.ram = {{0, MIB(32), PAGODA_MAX_NODES}}},         /* no such node */
		{.ram = {{0, MIB(32), -1}}},
		{.ram = {{0, MIB(1), 0}}},            /* too little to start with */
		{.ram = {{~0ULL << 20, MIB(32), 0}}}, /* beyond what entries reach */
		{.ram = {{0, MIB(32), 0}}, .cpu_node = {1}},
		{.high_start = 12345},
	};

	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(pagoda_start(&bad[i]), -EINVAL);
	assert_int_equal(pagoda_start(NULL), 0);
	assert_int_equal(pagoda_check(), 0);
}

static void the_geometry_is_told(void **state)
{
	unsigned bits = 0;

	for (unsigned level = 0; level < 5; level++)
		bits += pagoda_level_bits(level);
	assert_int_equal(pagoda_level_bits(5), 0);
	assert_true((1ULL << bits) * pagoda_page_size() >= pagoda_address_limit());
	assert_true(strlen(pagoda_geometry()) > 0);
}

static uint64_t free_pages(void)
{
	struct pagoda_zone zone;
	uint64_t pages = 0;

	for (unsigned n = 0; pagoda_zone(n, &zone); n++) {
		uint64_t in_blocks = 0;

		for (unsigned order = 0; order < PAGODA_MAX_ORDER; order++)
			in_blocks += zone.blocks[order] << order;
		assert_true(in_blocks <= zone.free && zone.free <= zone.managed);
		assert_true(zone.managed <= zone.present && zone.present <= zone.spanned);
		pages += zone.free;
	}
	return pages;
}

static void frames(void **state)
{
	const unsigned where[] = {PAGODA_KERNEL, PAGODA_DMA, PAGODA_HIGH | PAGODA_ZERO,
				  PAGODA_HIGH | PAGODA_MOVABLE};
	uint64_t before, frame;

	start(2, 0);
	before = free_pages();
	for (unsigned i = 0; i < ARRAY_SIZE(where); i++)
		for (unsigned order = 0; order < 6; order++) {
			char *window;

			assert_int_equal(
				pagoda_frames_alloc(order, where[i], PAGODA_ANY_NODE, &frame), 0);
			assert_int_equal(frame & ((1u << order) - 1), 0);
			window = pagoda_window_open(frame + (1u << order) - 1);
			if (where[i] & PAGODA_ZERO)
				assert_int_equal(window[pagoda_page_size() - 1], 0);
			window[0] = 1;
			pagoda_window_close(window);
			assert_int_equal(free_pages(), before - (1u << order));
			pagoda_frames_free(frame, order);
			assert_int_equal(free_pages(), before);
		}
	assert_int_equal(pagoda_frames_alloc(PAGODA_MAX_ORDER, 0, 0, &frame), -EINVAL);
	assert_int_equal(pagoda_frames_alloc(0, 0, 2, &frame), -EINVAL);
	assert_int_equal(pagoda_frames_alloc(0, PAGODA_HIGH, 1, &frame), 0);
	assert_true(frame * pagoda_page_size() >= MIB(1024));
	pagoda_frames_free(frame, 0);
	assert_int_equal(pagoda_check(), 0);
}

static void objects(void **state)
{
	struct pagoda_cache *cache;
	char *small, *area, *object;

	start(1, 0);
	small = pagoda_kmalloc(20);
	area = pagoda_vmalloc(3 * pagoda_page_size());
	cache = pagoda_cache_new("thing", 100, 0);
	object = pagoda_object_alloc(cache);
	memset(small, 1, 20);
	memset(area, 2, 3 * pagoda_page_size());
	memset(object, 3, 100);
	assert_int_equal(pagoda_check(), 0);
	pagoda_object_free(cache, object);
	pagoda_cache_free(cache);
	pagoda_vfree(area);
	pagoda_vfree(NULL);
	pagoda_kfree(small);
	pagoda_kfree(NULL);
	assert_null(pagoda_kmalloc(MIB(64)));
	assert_int_equal(pagoda_check(), 0);
}

static void accesses_fail_as_they_should(void **state)
{
	const size_t page = pagoda_page_size();
	struct pagoda_area area;
	struct pagoda_page entry;
	struct pagoda_usage usage;
	char text[8] = "";
	uint64_t at;

	start(1, 0);

	struct pagoda_space *space = pagoda_space_new();
	struct pagoda_file *file = pagoda_file_new(2 * page, NULL, NULL);

	assert_int_equal(pagoda_load(space, MIB(1), text, 1), -EFAULT);
	assert_int_equal(pagoda_load(space, pagoda_address_limit() - 1, text, 2), -EFAULT);
	assert_int_equal(pagoda_store(space, ~0ULL, text, 1), -EFAULT);
	assert_int_equal(pagoda_mmap(space, 0, page, RW, MAP_PRIVATE, NULL, 0, &at), -EBADF);
	assert_int_equal(pagoda_mmap(space, 0, page, RW, MAP_PRIVATE, file, 1, &at), -EINVAL);
	assert_int_equal(pagoda_mmap(space, 0, 0, RW, ANON, NULL, 0, &at), -EINVAL);
	assert_int_equal(pagoda_mmap(space, 0, 3 * page, RW, MAP_SHARED, file, 0, &at), 0);
	pagoda_file_free(file); /* the mapping keeps it */
	assert_true(pagoda_area(space, at, &area));
	assert_int_equal(area.start, at);
	assert_int_equal(area.end, at + 3 * page);
	assert_true(area.shared && area.file == file && area.protection == RW);
	assert_false(pagoda_page(space, at, &entry));

	/* Across the border of two pages, then behind the file's end. */
	assert_int_equal(pagoda_store(space, at + page - 3, "border", 7), 0);
	assert_int_equal(pagoda_load(space, at + page - 3, text, 7), 0);
	assert_string_equal(text, "border");
	assert_int_equal(pagoda_load(space, at + 2 * page, text, 1), -EIO);
	assert_int_equal(pagoda_file_resize(file, page / 2), 0);
	assert_int_equal(pagoda_load(space, at + page, text, 1), -EIO);
	assert_int_equal(pagoda_load(space, at + page - 3, text, 3), 0);
	assert_memory_equal(text, "\0\0\0", 3); /* what was cut off does not come back */
	pagoda_usage(space, &usage);
	assert_int_equal(usage.areas, 1);
	assert_int_equal(usage.virtual_bytes, 3 * page);
	assert_int_equal(usage.file_pages, 1);
	assert_int_equal(usage.anonymous_pages, 0);

	assert_int_equal(pagoda_mprotect(space, at, page, PROT_READ), 0);
	assert_int_equal(pagoda_store(space, at, "x", 1), -EACCES);
	assert_true(pagoda_page(space, at, &entry));
	assert_false(entry.writable);
	assert_int_equal(pagoda_munmap(space, at, 3 * page), 0);
	assert_int_equal(pagoda_store(space, at, "x", 1), -EFAULT);
	pagoda_space_free(space);
	pagoda_space_free(NULL);
	assert_int_equal(pagoda_check(), 0);
}

/* Two spaces see each other's writes in what they share, and in nothing else. */
static void what_is_shared(void **state)
{
	const size_t page = pagoda_page_size();
	uint64_t shared, private;
	char c;

	start(2, 0);

	struct pagoda_space *parent = pagoda_space_new(), *child;

	assert_int_equal(
		pagoda_mmap(parent, 0, page, RW, MAP_SHARED | MAP_ANONYMOUS, NULL, 0, &shared), 0);
	assert_int_equal(pagoda_mmap(parent, 0, page, RW, ANON, NULL, 0, &private), 0);
	assert_int_equal(pagoda_store(parent, private, "p", 1), 0);
	child = pagoda_space_fork(parent);
	assert_int_equal(pagoda_run_on(1), 0);
	assert_int_equal(pagoda_store(child, shared, "s", 1), 0);
	assert_int_equal(pagoda_store(child, private, "c", 1), 0);
	assert_int_equal(pagoda_run_on(0), 0);
	assert_int_equal(pagoda_load(parent, shared, &c, 1), 0);
	assert_int_equal(c, 's');
	assert_int_equal(pagoda_load(parent, private, &c, 1), 0);
	assert_int_equal(c, 'p');
	pagoda_space_free(parent);
	assert_int_equal(pagoda_load(child, shared, &c, 1), 0);
	assert_int_equal(c, 's');
	pagoda_space_free(child);
	assert_int_equal(pagoda_check(), 0);
}

static struct {
	struct pagoda_space *space;
	uint64_t at;
} arena;
#define ARENA_PAGES 24

/*
 * Threads store words that say where they belong while others map, move protections and unmap:
 * a word read is zero or belongs there. A store that hit a frame after it was given
 * back would be found by the poison in free pages.
 */
static int trample(void *arg)
{
	struct random random = {test_seed() * 1000 + (uint64_t)arg};
	const size_t page = pagoda_page_size();

	for (int i = 0; i < 1500; i++) {
		uint64_t at = arena.at + random_below(&random, ARENA_PAGES) * page;
		uint64_t n = page * (1 + random_below(&random, 3)), word = at;
		struct pagoda_space *child;

		switch (random_below(&random, 12)) {
		case 0: pagoda_munmap(arena.space, at, n); break;
		case 1:
		case 2: pagoda_mmap(arena.space, at, n, RW, ANON | MAP_FIXED, NULL, 0, &at); break;
		case 3: pagoda_mprotect(arena.space, at, n, random_below(&random, 4)); break;
		case 4:
			child = pagoda_space_fork(arena.space);
			if (!child)
				return 1;
			pagoda_store(child, at, &word, sizeof(word));
			pagoda_space_free(child);
			break;
		case 5:
		case 6:
		case 7:
			if (pagoda_load(arena.space, at, &word, sizeof(word)) == 0 && word &&
			    word != at)
				return 1;
			break;
		default: pagoda_store(arena.space, at, &word, sizeof(word));
		}
	}
	return 0;
}

static void threads(uint64_t schedule_seed)
{
	struct pagoda_thread *thread[4];

	start(3, schedule_seed);
	arena.space = pagoda_space_new();
	assert_int_equal(pagoda_mmap(arena.space, 0, ARENA_PAGES * pagoda_page_size(), RW, ANON,
				     NULL, 0, &arena.at),
			 0);
	for (uintptr_t i = 0; i < ARRAY_SIZE(thread); i++)
		assert_int_equal(pagoda_thread_start("trample", trample, (void *)i, 0, &thread[i]),
				 0);
	for (unsigned i = 0; i < ARRAY_SIZE(thread); i++)
		assert_int_equal(pagoda_thread_join(thread[i]), 0);
	pagoda_space_free(arena.space);
	assert_int_equal(pagoda_check(), 0);
}

static void threads_in_parallel(void **state)
{
	threads(0);
}

static void threads_in_turn(void **state)
{
	threads(test_seed());
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(what_cannot_be_is_refused),
	cmocka_unit_test(the_geometry_is_told),
	cmocka_unit_test(frames),
	cmocka_unit_test(objects),
	cmocka_unit_test(accesses_fail_as_they_should),
	cmocka_unit_test(what_is_shared),
	cmocka_unit_test(threads_in_parallel),
	cmocka_unit_test(threads_in_turn),
};
HOST_TESTS(tests)
