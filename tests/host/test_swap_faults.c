// geometries: all
// needs: tests/host/spaces.c
/*
 * Swap and reclaim while things go wrong: a disk that fails requests by chance and ends them late and in any
 * order, allocations that fail, an area that goes meanwhile.
 *
 * A working set larger than memory is worked on at random, against a model.  What may happen is said
 * by the rules of one access:
 *
 *	done       the word is the model's, always
 *	SIGBUS     a read has failed: only while the disk fails, or where an area went meanwhile
 *	no memory  only when an allocation was made to fail, or no page can go
 *
 * Then the disk is well again, and everything must be there.
 */
#include "lib/errno.h"
#include "lib/printk.h"
#include "lib/string.h"
#include "machine/soft_disk.h"
#include "mm/reclaim/reclaim.h"
#include "spaces.h"
#include "sync/wait.h"

#define SECTORS_PER_PAGE (PAGE_SIZE / SECTOR_BYTES)
#define PAGES            (20U << 20 >> PAGE_SHIFT) /* of a space */
#define SPACES           4                         /* so many of 48 MiB */
#define SLOTS            (96U << 20 >> PAGE_SHIFT)

/* ---- The disk ---- */

struct request {
	struct page *page;
	u64 place;
	bool write;
};

static struct {
	struct swap_backing backing;
	struct soft_disk *store;
	struct random random;
	unsigned bad_reads, bad_writes; /* one of so many fails; 0: none */
	unsigned long failed_reads, failed_writes;
	struct request queue[512]; /* (one CPU token: nothing sleeps with it half done) */
	unsigned queued;
	struct wait_queue_head work;
} disk;

static bool by_chance(unsigned one_of)
{
	return one_of && random_below(&disk.random, one_of) == 0;
}

static void do_request(const struct request *r)
{
	void *window = kmap_local_page(r->page);
	int err;

	if (by_chance(r->write ? disk.bad_writes : disk.bad_reads))
		err = -EIO;
	else if (r->write)
		err = soft_disk_write(disk.store, r->place * SECTORS_PER_PAGE, window,
				      SECTORS_PER_PAGE);
	else
		err = soft_disk_read(disk.store, r->place * SECTORS_PER_PAGE, window,
				     SECTORS_PER_PAGE);
	kunmap_local(window);
	if (err)
		(*(r->write ? &disk.failed_writes : &disk.failed_reads))++;
	swap_io_done(r->page, r->write, err);
}

/* One of those that wait, whichever. */
static void serve(void)
{
	const unsigned i = (unsigned)random_below(&disk.random, disk.queued);
	const struct request r = disk.queue[i];

	disk.queue[i] = disk.queue[--disk.queued];
	do_request(&r);
}

static int disk_thread(void *unused)
{
	for (;;) {
		wait_event(&disk.work, disk.queued > 0);
		while (disk.queued)
			serve();
		cond_resched();
	}
	return 0;
}

static void submit(struct swap_backing *backing, struct page *const *pages, unsigned n, u64 place,
		   bool write)
{
	for (unsigned i = 0; i < n; i++) {
		while (disk.queued == ARRAY_SIZE(disk.queue))
			serve();
		disk.queue[disk.queued++] = (struct request){pages[i], place + i, write};
	}
	wake_up(&disk.work);
}

#define AREAS 2 /* behind each other on the disk; the first is on from the start */

static void swap_on(unsigned type)
{
	const struct swap_header header = {.pages = SLOTS};
	const struct swap_extent extent = {0, SLOTS, (u64)type * SLOTS};

	assert_int_equal(swap_area_add(&header, &disk.backing, &extent, 1, 0, "disk", false), type);
}

/* As swapoff(2) does it. */
static int swap_off(unsigned type)
{
	int err;

	swap_area_close(type);
	err = swap_bring_back(type);
	if (err)
		swap_area_reopen(type);
	else
		assert_ptr_equal(swap_area_remove(type), &disk.backing);
	return err;
}

static void up(void)
{
	spaces_up(1, 0);
	reclaim_init();
	disk.backing.submit = submit;
	disk.random.state = test_seed();
	disk.store = soft_disk_new((u64)AREAS * SLOTS * SECTORS_PER_PAGE, NULL);
	assert_non_null(disk.store);
	init_waitqueue_head(&disk.work);
	assert_false(IS_ERR(kthread_run(disk_thread, NULL, "disk")));
	swap_on(0);
	assert_int_equal(kswapd_run(), 0);
	console_loglevel = 3; /* what the disk does is expected */
}

/* ---- Lives ---- */

static struct life {
	struct mm_struct *mm;
	u32 model[PAGES]; /* what was written last; 0: nothing */
} lives[SPACES];
static bool area_went; /* what could not be read then is lost for good */
static unsigned long lost, without_memory;
static bool armed;

static u64 word_of(unsigned n, u32 model)
{
	return model ? (u64)n << 32 | model : 0;
}

static u32 versions;

/* An access to a page; the rules. */
static void use(struct life *life, unsigned n, bool write)
{
	u64 word = word_of(n, write ? ++versions : 0);
	const fault_t fault =
		(write ? store(life->mm, va_of(n), word) : load(life->mm, va_of(n), &word)) &
		FAULT_ERROR;

	if (fault == FAULT_SIGBUS && (disk.bad_reads || area_went)) {
		lost++;
	} else if (fault == FAULT_OOM && (armed || disk.bad_writes)) {
		without_memory++;
	} else if (fault) {
		fail_msg("page %u: fault %x", n, fault);
	} else if (write) {
		life->model[n] = versions;
	} else if (word != word_of(n, life->model[n])) {
		fail_msg("page %u says %llx, should say %llx", n, (unsigned long long)word,
			 (unsigned long long)word_of(n, life->model[n]));
	}
}

/* A fork, as far as there is memory for it. */
static void replace_by_child(struct life *life, const struct life *parent)
{
	struct mm_struct *child = dup_mm(parent->mm);

	if (IS_ERR(child)) {
		assert_int_equal(PTR_ERR(child), -ENOMEM);
		assert_true(armed || disk.bad_writes);
		return;
	}
	put_mm(life->mm);
	*life = *parent;
	life->mm = child;
}

/* All invariants; where nothing can be written there may be no memory to look. */
static void check(void)
{
	const int found = mm_check();

	assert_true(found == 0 || (found == -ENOMEM && disk.bad_writes == 1));
}

static void live(struct random *random, unsigned steps, bool failing)
{
	for (unsigned step = 0; step < steps; step++) {
		struct life *life = &lives[random_below(random, SPACES)];
		const unsigned n = (unsigned)random_below(random, PAGES);
		const u64 what = random_below(random, 10000);

		/* In release builds nothing fails on purpose. */
		if (failing && step % 4 == 0)
			fail_nth_set(1 + (unsigned)random_below(random, 12));
		armed = failing && fail_nth_left();
		if (what == 0) {
			const struct life *parent = &lives[random_below(random, SPACES)];

			if (parent != life)
				replace_by_child(life, parent);
		} else if (what < 100) {
			const unsigned pages =
				1 + (unsigned)random_below(random, min(PAGES - n, 64U));
			const int err =
				do_madvise(life->mm, va_of(n), pages * PAGE_SIZE, MADV_PAGEOUT);

			assert_true(err == 0 || (err == -ENOMEM && armed));
		} else {
			use(life, n, what % 2);
		}
		fail_nth_set(0);
		armed = false;
		if (step % 1024 == 0)
			check();
		cond_resched();
	}
}

static void begin_lives(void)
{
	up();
	for (unsigned i = 0; i < SPACES; i++) {
		lives[i].mm = anon_mm(PAGES);
		for (unsigned n = 0; n < PAGES; n++) {
			use(&lives[i], n, true);
			cond_resched();
		}
	}
}

/* The disk is well again: all is there, but what was lost with an area. */
static void all_there(void)
{
	disk.bad_reads = disk.bad_writes = 0;
	for (unsigned i = 0; i < SPACES; i++)
		for (unsigned n = 0; n < PAGES; n++) {
			use(&lives[i], n, false);
			cond_resched();
		}
	assert_int_equal(mm_check(), 0);
}

static void rest(void)
{
	set_current_state(TASK_INTERRUPTIBLE);
	(void)schedule_timeout(1000000);
}

/* Until all requests are done. */
static void disk_at_rest(void)
{
	while (disk.queued || global_node_stat(NR_WRITEBACK))
		rest();
}

static void end_lives(void)
{
	for (unsigned i = 0; i < SPACES; i++)
		put_mm(lives[i].mm);
	disk_at_rest();
	assert_int_equal(in_use(), 0);
	assert_int_equal(swap_free_pages(), swap_total_pages());
	assert_int_equal(mm_check(), 0);
}

static void a_bad_disk(void **state)
{
	struct random random = {test_seed() + 1};

	begin_lives();
	live(&random, 20000, false);
	disk.bad_reads = 50;
	disk.bad_writes = 20;
	live(&random, 40000, false);
	assert_true(disk.failed_reads > 0 && disk.failed_writes > 0);
	lost = without_memory = 0;
	all_there();
	assert_int_equal(lost + without_memory, 0);
	end_lives();
}

/* A disk that takes nothing at all any more, and gives back what it has. */
static void no_writing(void **state)
{
	struct random random = {test_seed() + 2};

	begin_lives();
	live(&random, 10000, false);
	disk.bad_writes = 1;
	live(&random, 5000, false);
	assert_int_equal(lost, 0);
	without_memory = 0;
	all_there();
	assert_int_equal(lost + without_memory, 0);
	end_lives();
}

static void no_memory(void **state)
{
	struct random random = {test_seed() + 3};

	begin_lives();
	live(&random, 20000, false);
	live(&random, 30000, true);
	disk.bad_reads = 50;
	disk.bad_writes = 20;
	live(&random, 30000, true);
#ifdef PAGODA_DEBUG
	assert_true(without_memory > 0);
#endif
	lost = without_memory = 0;
	all_there();
	assert_int_equal(lost + without_memory, 0);
	end_lives();
}

/* ---- An area goes, or cannot ---- */

/* More is in it than there is room for: it stays, with all that is in it. */
static void no_room_for_it(void **state)
{
	struct random random = {test_seed() + 4};
	struct swap_area_info info;

	begin_lives();
	live(&random, 10000, false);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(swap_off(0), -ENOMEM);
		assert_true(swap_area_info(0, &info) && !info.closed && info.used > 0);
		assert_int_equal(mm_check(), 0);
		live(&random, 5000, false);
	}
	all_there();
	end_lives();
	assert_int_equal(swap_off(0), 0);
}

static u32 used_slots(unsigned type)
{
	struct swap_area_info info;

	return swap_area_info(type, &info) ? info.used : 0;
}

static int first_off(void *unused)
{
	return swap_off(0);
}

/* A signal in the midst of it: it stays as well. */
static void signal_meanwhile(void **state)
{
	struct random random = {test_seed() + 5};
	struct swap_area_info info;
	struct task_struct *task;
	u32 before;

	begin_lives();
	swap_on(1);
	live(&random, 10000, false);
	before = used_slots(0);
	task = soft_run(first_off, NULL, "swapoff", 1);
	while (used_slots(0) == before)
		rest();
	soft_signal(task, false);
	assert_int_equal(soft_join(task), -EINTR);
	assert_true(swap_area_info(0, &info) && !info.closed && info.used > 0);
	live(&random, 10000, false);
	all_there();
	assert_int_equal(swap_off(0), 0);
	all_there();
	end_lives();
	assert_int_equal(swap_off(1), 0);
}

static bool living;

static int live_on(void *unused)
{
	struct random random = {test_seed() + 6};

	live(&random, 40000, false);
	switch_mm(NULL);
	living = false;
	return 0;
}

/* Areas come and go while programs work; what is in the one goes to the other. Rounds. */
static unsigned back_and_forth(void)
{
	struct task_struct *task;
	unsigned rounds = 0;

	living = true;
	task = soft_run(live_on, NULL, "lives", 1);
	for (; living; rounds++) {
		const unsigned type = rounds % AREAS;
		const int err = swap_off(type);

		assert_true(err == 0 || err == -ENOMEM);
		if (!err)
			swap_on(type);
		cond_resched();
	}
	assert_int_equal(soft_join(task), 0);
	return rounds;
}

static void under_pressure(void **state)
{
	begin_lives();
	swap_on(1);
	assert_true(back_and_forth() > 1);
	assert_int_equal(lost + without_memory, 0);
	all_there();
	end_lives();
}

/* What cannot be read when its area goes is lost, and said to be; never wrong, and not more than that. */
static void under_pressure_and_bad(void **state)
{
	begin_lives();
	swap_on(1);
	disk.bad_reads = 200;
	disk.bad_writes = 50;
	area_went = true;
	(void)back_and_forth();
	lost = 0;
	all_there();
	assert_true(lost <= disk.failed_reads);
	end_lives();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_bad_disk),
	cmocka_unit_test(no_writing),
	cmocka_unit_test(no_memory),
	cmocka_unit_test(no_room_for_it),
	cmocka_unit_test(signal_meanwhile),
	cmocka_unit_test(under_pressure),
	cmocka_unit_test(under_pressure_and_bad),
};
HOST_TESTS(tests)
