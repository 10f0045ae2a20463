/*
 * Writing back, against a model: every page's last contents reach the disk, a page is written by one
 * at a time, and the counts of what is dirty, written and cancelled are what was done.
 */
#include "floors.h"
#include "mm/cache/cache.h"
#include "mm/frame/vmstat.h"
#include "mm/kva/kva.h"

#define PAGES 64

static struct address_space file;
static u64 disk[PAGES];       /* a word of each page */
static u64 now[PAGES];        /* what the file holds; 0: nothing */
static bool writing[PAGES];   /* atomic */
static struct page *held[64]; /* (single) written, not yet told so */
static unsigned nr_held;
static u64 pages_written;
static bool fails;

static u64 *word_of(struct page *page)
{
	return page_address(page);
}

static int read_page(struct address_space *mapping, struct page *page)
{
	memset(page_address(page), 0, PAGE_SIZE);
	*word_of(page) = disk[page_index(page)];
	page_set(page, PG_uptodate);
	return 0;
}

static void end_one(unsigned i)
{
	struct page *page = held[i];
	const u64 index = page_index(page);

	held[i] = held[--nr_held];
	/* What the disk gets is what the page holds at the end, as with a device that reads late. */
	if (!fails)
		disk[index] = *word_of(page);
	writing[index] = false;
	pages_written++;
	cache_end_writeback(page, fails ? -EIO : 0);
}

/* The disk is slow: what it is given ends later, in any order. */
static void write_pages(struct address_space *mapping, struct page **pages, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		assert_true(page_test(pages[i], PG_writeback));
		assert_false(writing[page_index(pages[i])]);
		assert_true(i == 0 || page_index(pages[i]) == page_index(pages[i - 1]) + 1);
		writing[page_index(pages[i])] = true;
		if (nr_held == ARRAY_SIZE(held))
			end_one(0);
		held[nr_held++] = pages[i];
	}
}

static bool hold(struct address_space *mapping)
{
	return true;
}
static void release(struct address_space *mapping)
{
}

static const struct address_space_ops ops = {
	.read_page = read_page, .write_pages = write_pages, .hold = hold, .release = release};

static void machine(void)
{
	floors_up(1, 1, 16, test_seed());
	cache_init();
	mapping_init(&file, &ops, NULL, false);
}

/* Nobody else runs, so who has to wait for the disk makes it finish first. */
static void end_all(void)
{
	while (nr_held)
		end_one(nr_held - 1);
}

static void write_word(u64 index, u64 word)
{
	struct page *page = grab_page(&file, index, false);

	assert_false(IS_ERR(page));
	if (!page_test(page, PG_uptodate))
		read_page(&file, page);
	assert_int_equal(*word_of(page), now[index]);
	*word_of(page) = word;
	now[index] = word;
	set_page_dirty(page);
	unlock_page(page);
	put_page(page);
}

static unsigned long count_flagged(enum page_flag flag)
{
	unsigned long n = 0;

	for (u64 index = 0; index < PAGES; index++) {
		struct page *page = find_get_page(&file, index);

		if (page) {
			n += page_test(page, flag);
			put_page(page);
		}
	}
	return n;
}

static void truncate(u64 first)
{
	end_all();
	down_write(&file.invalidate_lock);
	cache_truncate(&file, first, ~0ULL >> 1);
	up_write(&file.invalidate_lock);
	for (u64 index = first; index < PAGES; index++)
		now[index] = disk[index]; /* it is a device: what it had stays */
}

static void against_a_model(void **state)
{
	struct random random = {test_seed()};
	u64 cancelled = 0, dirtied = 0;

	machine();
	for (int i = 0; i < 5000; i++) {
		const u64 index = random_below(&random, PAGES);
		const unsigned long dirty = count_flagged(PG_dirty);

		switch (random_below(&random, 16)) {
		default: write_word(index, random_u64(&random) | 1); break;
		case 0:
			cache_write_back(&file, index, index + random_below(&random, 20), 8, false);
			break;
		case 1: cache_write_back(&file, 0, ~0ULL, ~0UL, false); break;
		case 2: end_all(); break;
		case 3:
		case 4:
			if (nr_held)
				end_one(random_below(&random, nr_held));
			break;
		case 5:
			end_all();
			cache_write_back(&file, 0, ~0ULL, ~0UL, true);
			end_all();
			assert_memory_equal(disk, now, sizeof(disk));
			break;
		case 6:
			if (random_below(&random, 4))
				break;
			truncate(PAGES / 2 + index / 2);
			cancelled += dirty - count_flagged(PG_dirty);
			break;
		}
		if (count_flagged(PG_dirty) > dirty)
			dirtied += count_flagged(PG_dirty) - dirty;
		assert_int_equal(global_node_stat(NR_FILE_DIRTY), count_flagged(PG_dirty));
		assert_int_equal(global_node_stat(NR_WRITEBACK), count_flagged(PG_writeback));
		assert_int_equal(nr_held, count_flagged(PG_writeback));
		assert_int_equal(task_io()->write_bytes, dirtied * PAGE_SIZE);
		assert_int_equal(task_io()->cancelled_write_bytes, cancelled * PAGE_SIZE);
		assert_int_equal(global_node_stat(NR_WRITTEN), pages_written);
		assert_sound();
	}
	assert_true(cancelled > 0 && pages_written > 0);
	truncate(0);
	assert_int_equal(file.nrpages, 0);
	assert_int_equal(global_node_stat(NR_FILE_DIRTY), 0);
	assert_sound();
}

static void errors_are_told_once(void **state)
{
	u32 seen, later;

	machine();
	seen = cache_errors_seen(&file);
	fails = true;
	write_word(3, 33);
	cache_write_back(&file, 0, ~0ULL, ~0UL, true);
	end_all();
	assert_int_equal(cache_write_error(&file, &seen), -EIO);
	assert_int_equal(cache_write_error(&file, &seen), 0);
	later = cache_errors_seen(&file);
	assert_int_equal(cache_write_error(&file, &later), 0);
	/* It is clean, and not tried again; what comes next is. */
	assert_int_equal(cache_write_back(&file, 0, ~0ULL, ~0UL, true), 0);
	fails = false;
	write_word(3, 34);
	assert_int_equal(cache_write_back(&file, 0, ~0ULL, ~0UL, true), 1);
	end_all();
	assert_int_equal(disk[3], 34);
	assert_int_equal(cache_write_error(&file, &seen), 0);
	truncate(0);
	assert_sound();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(against_a_model),
	cmocka_unit_test(errors_are_told_once),
};
HOST_TESTS(tests)
