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

static void swap_on(void)
{
	const struct swap_header header = {.pages = SLOTS};
	const struct swap_extent extent = {0, SLOTS, 0};

	assert_int_equal(swap_area_add(&header, &disk.backing, &extent, 1, 0, "disk", false), 0);
}

static void up(void)
{
	spaces_up(1, 0);
	reclaim_init();
	disk.backing.submit = submit;
	disk.random.state = test_seed();
	disk.store = soft_disk_new((u64)SLOTS * SECTORS_PER_PAGE, NULL);
	assert_non_null(disk.store);
	init_waitqueue_head(&disk.work);
	assert_false(IS_ERR(kthread_run(disk_thread, NULL, "disk")));
	swap_on();
	assert_int_equal(kswapd_run(), 0);
	console_loglevel = 3; /* what the disk does is expected */
}

/* ---- Lives ---- */

static struct life {
	struct mm_struct *mm;
	u32 model[PAGES]; /* what was written last; 0: nothing */
	bool lost[PAGES]; /* an area went that could not be read */
} lives[SPACES];
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

	if (fault == FAULT_SIGBUS && (disk.bad_reads || life->lost[n])) {
		lost++;
	} else if (fault == FAULT_OOM && (armed || disk.bad_writes)) {
		without_memory++;
	} else if (fault) {
		fail_msg("page %u: fault %x", n, fault);
	} else if (write) {
		life->model[n] = versions;
		life->lost[n] = false;
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

/* Until all requests are done. */
static void disk_at_rest(void)
{
	while (disk.queued || global_node_stat(NR_WRITEBACK)) {
		set_current_state(TASK_INTERRUPTIBLE);
		(void)schedule_timeout(1000000);
	}
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

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_bad_disk),
	cmocka_unit_test(no_writing),
	cmocka_unit_test(no_memory),
};
HOST_TESTS(tests)
