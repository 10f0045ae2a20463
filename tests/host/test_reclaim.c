// needs: tests/host/spaces.c
/*
 * Reclaim: that it begins and ends at the watermarks, does its work in order, looks at nothing but
 * pages on lists, loses nothing, and survives that it gets no memory itself.
 *
 * The machine has 48 MiB on two nodes and a swap area of 64 MiB whose writing is over at once.
 */
#include "lib/errno.h"
#include "lib/string.h"
#include "machine/soft_disk.h"
#include <stdlib.h>
#include "mm/frame/marks.h"
#include "mm/reclaim/reclaim.h"
#include "spaces.h"

#define SECTORS_PER_PAGE (PAGE_SIZE / SECTOR_BYTES)
#define SLOTS            (64UL << 20 >> PAGE_SHIFT)
#define MANY             (56U << 20 >> PAGE_SHIFT) /* pages, more than there are */

/* ---- A swap area ---- */

static struct swap_backing backing;
static struct soft_disk *disk;

static void submit(struct swap_backing *to, struct page *const *pages, unsigned n, u64 place,
		   bool write)
{
	for (unsigned i = 0; i < n; i++) {
		void *window = kmap_local_page(pages[i]);
		int err;

		if (write)
			err = soft_disk_write(disk, (place + i) * SECTORS_PER_PAGE, window,
					      SECTORS_PER_PAGE);
		else
			err = soft_disk_read(disk, (place + i) * SECTORS_PER_PAGE, window,
					     SECTORS_PER_PAGE);
		kunmap_local(window);
		swap_io_done(pages[i], write, err);
	}
}

static void swap_on(void)
{
	const struct swap_header header = {.pages = SLOTS};
	const struct swap_extent extent = {0, SLOTS, 0};

	backing.submit = submit;
	disk = soft_disk_new(SLOTS * SECTORS_PER_PAGE, NULL);
	assert_non_null(disk);
	assert_int_equal(swap_area_add(&header, &backing, &extent, 1, 0, "disk", false), 0);
}

static void nothing_left(void)
{
	assert_int_equal(in_use(), 0);
	assert_int_equal(swap_free_pages(), swap_total_pages());
	assert_int_equal(mm_check(), 0);
}

static void up(unsigned cpus, u64 seed, bool with_kswapd)
{
	spaces_up(cpus, seed);
	reclaim_init();
	swap_on();
	if (with_kswapd)
		assert_int_equal(kswapd_run(), 0);
}

/* Every page of a space larger than memory, written and read back. */
static void work_on(struct mm_struct *mm, unsigned pages)
{
	u64 word;

	for (unsigned n = 0; n < pages; n++) {
		assert_int_equal(store(mm, va_of(n), n + 1), FAULT_DONE);
		cond_resched();
	}
	for (unsigned n = 0; n < pages; n++) {
		assert_int_equal(load(mm, va_of(n), &word), FAULT_DONE);
		assert_int_equal(word, n + 1);
		cond_resched();
	}
}

static void more_than_memory(void **state)
{
	struct mm_struct *mm;

	up(1, 0, false);
	mm = anon_mm(MANY);
	work_on(mm, MANY);
	assert_true(trace_count(TRACE_steal_direct) > 0);
	assert_int_equal(trace_count(TRACE_steal_kswapd), 0);
	assert_int_equal(trace_count(TRACE_steal_direct),
			 trace_count(TRACE_steal_anon) + trace_count(TRACE_steal_file));
	assert_int_equal(trace_count(TRACE_scan_direct),
			 trace_count(TRACE_scan_anon) + trace_count(TRACE_scan_file));
	assert_int_equal(mm_check(), 0);
	put_mm(mm);
	nothing_left();
}

/* ---- The order of work (S39, S40), from the stream ---- */

enum step { NOT_ASKED, ASKED, HAS_SLOT, OUT, WRITTEN };
static u8 *steps; /* by frame */
static pfn_t frames;
static unsigned long freed_in_order;

static void follow(enum trace_event type, u64 a, u64 b, u64 c, u64 d)
{
	const u64 pfn = type == TRACE_swap_name                             ? c
			: type == TRACE_swap_take || type == TRACE_swap_out ? b
									    : a;
	const struct page *page = pfn_to_page(pfn);

	switch (type) {
	case TRACE_reclaim_ask:
		assert_false(page_test(page, PG_slab) || page_test(page, PG_table) ||
			     page_test(page, PG_reserved) || page_test(page, PG_buddy));
		assert_true(page_test(page, PG_locked) && page_ref_count(page) > 0);
		steps[pfn] = c == PAGE_FREED ? ASKED : NOT_ASKED;
		break;
	case TRACE_swap_take:
		assert_int_equal(steps[pfn], ASKED);
		steps[pfn] = HAS_SLOT;
		break;
	case TRACE_swap_name: /* one of its entries */
		assert_true(steps[pfn] == HAS_SLOT || steps[pfn] == OUT ||
			    (steps[pfn] == ASKED && page_test(page, PG_swapcache)));
		steps[pfn] = OUT;
		break;
	case TRACE_swap_out:
		assert_int_equal(steps[pfn], OUT);
		assert_int_equal(page_mapcount(page), 0);
		steps[pfn] = WRITTEN;
		break;
	case TRACE_page_free:
		if (steps[pfn] == WRITTEN) {
			assert_false(page_test(page, PG_writeback) || page_test(page, PG_dirty));
			freed_in_order++;
		}
		steps[pfn] = NOT_ASKED;
		break;
	default: break;
	}
}

static void in_order(void **state)
{
	struct mm_struct *mm;

	up(1, 0, true);
	frames = frames_end();
	steps = calloc(frames, 1);
	mm = anon_mm(MANY);
	WRITE_ONCE(trace_recorder, follow);
	work_on(mm, MANY);
	WRITE_ONCE(trace_recorder, NULL);
	assert_true(freed_in_order > MANY / 8);
	put_mm(mm);
	nothing_left();
	free(steps);
}

/* ---- The watermarks (S41) ---- */

static unsigned long wakes, sleeps, stalls, early_wakes, early_sleeps, early_stalls;

static bool any_zone_has(enum watermark mark, enum zone_type highest, int nid)
{
	const struct reach reach = {.mark = mark};
	struct zone *zone;

	for_each_zone (zone)
		if (zone->present_pages && zone->type <= highest &&
		    (nid < 0 || zone->node->nid == nid) &&
		    zone_has_enough(zone, 0, MIGRATE_MOVABLE, highest, reach))
			return true;
	return false;
}

static void watch(enum trace_event type, u64 a, u64 b, u64 c, u64 d)
{
	switch (type) {
	case TRACE_kswapd_wake:
		wakes++;
		early_wakes += any_zone_has(WMARK_LOW, ZONE_MOVABLE, -1);
		break;
	case TRACE_kswapd_sleep:
		sleeps++;
		early_sleeps += c == 0 && !any_zone_has(WMARK_HIGH, (enum zone_type)b, (int)a);
		break;
	case TRACE_alloc_stall:
		stalls++;
		early_stalls += any_zone_has(WMARK_MIN, (enum zone_type)d, -1);
		break;
	default: break;
	}
}

static void at_the_marks(void **state)
{
	struct mm_struct *mm;

	up(1, 0, true);
	mm = anon_mm(MANY);
	WRITE_ONCE(trace_recorder, watch);
	work_on(mm, MANY);
	WRITE_ONCE(trace_recorder, NULL);
	assert_true(wakes > 0 && sleeps > 0);
	assert_int_equal(early_wakes, 0);
	assert_int_equal(early_sleeps, 0);
	assert_int_equal(early_stalls, 0);
	assert_true(trace_count(TRACE_steal_kswapd) > 0);
	put_mm(mm);
	nothing_left();
}

/* ---- Nothing to be had ---- */

/* Let kswapd have the CPU until it rests. */
static unsigned long runs_of_kswapd(void)
{
	unsigned long before;

	do {
		before = trace_count(TRACE_kswapd_run);
		set_current_state(TASK_INTERRUPTIBLE);
		(void)schedule_timeout(20000000);
	} while (trace_count(TRACE_kswapd_run) != before);
	return before;
}

/* Without swap pages of programs cannot go: kswapd gives up, until somebody has been luckier. */
static void kswapd_gives_up(void **state)
{
	struct mm_struct *mm;
	unsigned long runs;
	unsigned n = 0;
	int nid;

	up(1, 0, true);
	swap_area_close(0);
	mm = anon_mm(MANY);
	for_each_node (nid)
		assert_false(node_unreclaimable(node_data[nid]));
	while (any_zone_has(WMARK_LOW, ZONE_MOVABLE, -1))
		assert_int_equal(store(mm, va_of(n++), 1), FAULT_DONE);
	assert_int_equal(store(mm, va_of(n++), 1), FAULT_DONE);
	runs = runs_of_kswapd();
	for_each_node (nid)
		assert_true(node_unreclaimable(node_data[nid]));
	assert_in_range(runs, 16 * nr_nodes, 18 * nr_nodes);
	/* Who asks for memory has it, and does not bother kswapd. */
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(store(mm, va_of(n++), 1), FAULT_DONE);
	assert_int_equal(runs_of_kswapd(), runs);

	/* Now they can go. Nobody tells kswapd, but who finds nothing above the min marks. */
	swap_area_reopen(0);
	while (n < MANY)
		assert_int_equal(store(mm, va_of(n++), 1), FAULT_DONE);
	assert_true(trace_count(TRACE_alloc_stall) > 0);
	assert_true(runs_of_kswapd() > runs);
	assert_true(trace_count(TRACE_steal_kswapd) > MANY / 16);
	for_each_node (nid)
		assert_false(node_unreclaimable(node_data[nid]));
	put_mm(mm);
	nothing_left();
}

/* ---- Second chance ---- */

/* What is used all the time stays, whatever passes by. */
static void used_pages_stay(void **state)
{
	const unsigned hot = 64;
	struct mm_struct *mm;
	unsigned long majors = 0;
	u64 word;

	up(1, 0, true);
	mm = anon_mm(MANY);
	for (unsigned n = 0; n < MANY; n++) {
		assert_int_equal(store(mm, va_of(n), n + 1), FAULT_DONE);
		if (n % 64 == 0)
			for (unsigned i = 0; i < min(n, hot); i++) {
				const fault_t fault = load(mm, va_of(i), &word);

				assert_int_equal(fault & FAULT_ERROR, 0);
				assert_int_equal(word, i + 1);
			}
		cond_resched();
	}
	majors = trace_count(TRACE_swap_in);
	/* Nearly all of the hot pages' uses found them in memory. */
	assert_true(majors < (unsigned long)MANY / 64 * hot / 20);
	put_mm(mm);
	nothing_left();
}

/* ---- First in, first out ---- */

/* By node, for each has lists of its own: the newest of our pages that has gone, and pages that went out of turn. */
static unsigned newest_gone[MAX_NUMNODES], out_of_turn, first_gone;
static u8 has_gone[MANY];

static void watch_turns(enum trace_event type, u64 a, u64 b, u64 c, u64 d)
{
	unsigned *newest, n;

	if (type != TRACE_swap_name)
		return;
	n = (unsigned)((b - BASE) / PAGE_SIZE);
	if (has_gone[n])
		return;
	has_gone[n] = 1;
	first_gone++;
	newest = &newest_gone[page_to_nid(pfn_to_page(c))];
	out_of_turn += n + 4 * 32 < *newest; /* a few batches under way at once */
	*newest = max(*newest, n);
}

static void oldest_go_first(void **state)
{
	struct mm_struct *mm;
	u64 word;

	assert_false(reclaim_choose_policy("lifo"));
	assert_true(reclaim_choose_policy("fifo"));
	up(1, 0, true);
	mm = anon_mm(MANY);
	WRITE_ONCE(trace_recorder, watch_turns);
	for (unsigned n = 0; n < MANY; n++) {
		assert_int_equal(store(mm, va_of(n), n + 1), FAULT_DONE);
		assert_int_equal(load(mm, va_of(0), &word) & FAULT_ERROR, 0); /* of no use to it */
		assert_int_equal(word, 1);
		cond_resched();
	}
	WRITE_ONCE(trace_recorder, NULL);
	assert_true(first_gone > MANY / 8);
	assert_int_equal(out_of_turn, 0);
	assert_int_equal(has_gone[0], 1);
	assert_int_equal(trace_count(TRACE_reclaim_ask), 0);
	put_mm(mm);
	nothing_left();
}

/* ---- Who may not be touched ---- */

static void without_io_nothing_is_written(void **state)
{
	struct mm_struct *mm;
	unsigned n = 0;
	struct page *page;

	up(1, 0, false);
	mm = anon_mm(MANY);
	/* All but the reserves goes to the program. */
	while (any_zone_has(WMARK_MIN, ZONE_MOVABLE, -1))
		assert_int_equal(store(mm, va_of(n++), 1), FAULT_DONE);
	for (unsigned i = 0; i < 1000; i++) {
		page = alloc_page((GFP_HIGHUSER & ~(__GFP_IO | __GFP_FS)) | __GFP_NOWARN |
				  __GFP_NORETRY);
		if (!page)
			break;
		__free_page(page);
	}
	assert_int_equal(trace_count(TRACE_swap_out), 0);
	/* And a high order that fails has had nobody killed, nor all of memory thrown out. */
	assert_null(alloc_pages(GFP_KERNEL | __GFP_NOWARN, 9));
	put_mm(mm);
	nothing_left();
}

/* ---- At random ---- */

#define SPACES 3
#define LIVES  6000u

struct life {
	struct mm_struct *mm;
	u64 model[MANY / 2];
};

static void random_life(struct random *random, struct life *life, unsigned pages, unsigned steps_,
			bool checked)
{
	for (unsigned step = 0; step < steps_; step++) {
		const unsigned n = (unsigned)random_below(random, pages);
		u64 word;

		if (random_below(random, 2)) {
			life->model[n]++;
			assert_int_equal(store(life->mm, va_of(n), life->model[n]) & FAULT_ERROR,
					 0);
		} else {
			assert_int_equal(load(life->mm, va_of(n), &word) & FAULT_ERROR, 0);
			assert_int_equal(word, life->model[n]);
		}
		if (checked && step % 512 == 0)
			assert_int_equal(mm_check(), 0);
		cond_resched();
	}
}

static struct life lives[4];

static void at_random(void **state)
{
	struct random random = {test_seed()};

	up(1, 0, true);
	for (unsigned i = 0; i < SPACES; i++)
		lives[i].mm = anon_mm(MANY / 2);
	for (unsigned round = 0; round < 12; round++)
		random_life(&random, &lives[round % SPACES], MANY / 2, LIVES, true);
	for (unsigned i = 0; i < SPACES; i++)
		put_mm(lives[i].mm);
	nothing_left();
}

static int thread_of(void *arg)
{
	struct life *life = arg;
	struct random random = {test_seed() + (u64)(life - lives)};

	life->mm = anon_mm(MANY / 3);
	random_life(&random, life, MANY / 3, LIVES, false);
	switch_mm(NULL);
	return 0;
}

static void by_several(u64 seed)
{
	struct task_struct *thread[4];

	up(4, seed, true);
	for (unsigned i = 0; i < 4; i++)
		thread[i] = soft_run(thread_of, &lives[i], "program", 1U << i);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(soft_join(thread[i]), 0);
	assert_int_equal(mm_check(), 0);
	for (unsigned i = 0; i < 4; i++)
		put_mm(lives[i].mm);
	nothing_left();
}

static void on_several_cpus(void **state)
{
	by_several(0);
}

static void on_seeded_cpus(void **state)
{
	by_several(test_seed());
}

static void at_random_in_turn(void **state)
{
	assert_true(reclaim_choose_policy("fifo"));
	at_random(state);
}

static void on_seeded_cpus_in_turn(void **state)
{
	assert_true(reclaim_choose_policy("fifo"));
	by_several(test_seed());
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(more_than_memory),  cmocka_unit_test(in_order),
	cmocka_unit_test(at_the_marks),      cmocka_unit_test(kswapd_gives_up),
	cmocka_unit_test(used_pages_stay),   cmocka_unit_test(without_io_nothing_is_written),
	cmocka_unit_test(at_random),         cmocka_unit_test(on_several_cpus),
	cmocka_unit_test(on_seeded_cpus),    cmocka_unit_test(oldest_go_first),
	cmocka_unit_test(at_random_in_turn), cmocka_unit_test(on_seeded_cpus_in_turn),
};
HOST_TESTS(tests)
