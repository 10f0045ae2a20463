// geometries: all
// needs: mm/space/vma_tree.c mm/space/vma_gap.c mm/space/vma_tree_check.c
/*
 * The index of areas against an array of pages: every operation at random, every
 * look-up and gap search compared; and readers without locks against a writer.
 */
#include "harness.h"
#include "lib/printk.h"
#include "machine/soft.h"
#include "mm/space/vma_tree.h"
#include "sync/epoch.h"
#include "sync/task.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGES       2048U /* of the model's space */
#define GUARD_PAGES 256U
#define AT(page)    ((unsigned long)(page) << PAGE_SHIFT)
#define NO_PLACE    ((unsigned long)-ENOMEM)

unsigned long stack_guard_gap = GUARD_PAGES << PAGE_SHIFT;

static struct vm_area_struct *model[PAGES]; /* who covers the page */
static struct vma_tree tree;
static struct random rng;

static unsigned below(unsigned limit)
{
	return random_below(&rng, limit);
}

static void to_stderr(struct console *console, const char *text, size_t bytes)
{
	fwrite(text, 1, bytes, stderr);
}

static struct console console = {.write = to_stderr};

static void boot(unsigned cpus, u64 schedule_seed)
{
	soft_machine_init(&(struct soft_config){.cpus = cpus, .schedule_seed = schedule_seed});
	console_loglevel = 5; /* what the check finds */
	register_console(&console);
	frame_init();
	slab_init();
	vma_tree_boot();
	vma_tree_init(&tree);
	rng.state = test_seed();
}

static struct vm_area_struct *new_area(unsigned first, unsigned end, vm_flags_t flags)
{
	struct vm_area_struct *vma = calloc(1, sizeof(*vma));

	vma->vm_start = AT(first);
	vma->vm_end = AT(end);
	vma->vm_flags = flags;
	return vma;
}

static void set_model(unsigned first, unsigned end, struct vm_area_struct *vma)
{
	for (unsigned i = first; i < end; i++)
		model[i] = vma;
}

/* The test's end: nothing may leak. */
static void drop_all(void)
{
	struct vm_area_struct *vma, *next;

	for (vma = vma_tree_find(&tree, 0); vma; vma = next) {
		next = vma_tree_find(&tree, vma->vm_end);
		free(vma);
	}
	vma_tree_destroy(&tree);
	epoch_synchronize();
}

/* --- comparing --- */

static void compare_lookups(void)
{
	struct vm_area_struct *next = NULL, *prev = NULL, *seen_prev;
	unsigned areas = 0;

	assert_int_equal(vma_tree_check(&tree), 0);
	for (unsigned i = PAGES; i-- > 0;) {
		if (model[i] && model[i] != next) {
			next = model[i];
			areas++;
		}
		assert_ptr_equal(vma_tree_find(&tree, AT(i)), next);
	}
	assert_int_equal(areas, tree.count);
	for (unsigned i = 1; i < PAGES; i++) {
		struct vm_area_struct *found;

		prev = model[i - 1] ? model[i - 1] : prev;
		assert_ptr_equal(vma_tree_prev(&tree, AT(i)), prev);
		found = vma_tree_find_prev(&tree, AT(i), &seen_prev);
		assert_ptr_equal(seen_prev, vma_tree_prev(&tree, found ? found->vm_start : ~0UL));
	}
}

/* Compare both searches for a gap of n pages within [low, high). */
static void compare_gaps(unsigned n, unsigned low, unsigned high)
{
	unsigned long lowest = NO_PLACE, highest = NO_PLACE;
	bool free[PAGES];
	unsigned distance = PAGES, run = 0; /* from the next area's start */
	bool guarded = false;

	for (unsigned i = PAGES; i-- > 0;) {
		distance++;
		if (model[i]) {
			distance = 0;
			guarded = model[i]->vm_flags & VM_GROWSDOWN;
		}
		free[i] = distance && !(guarded && distance <= GUARD_PAGES);
	}
	for (unsigned i = low; i < high; i++) {
		run = free[i] ? run + 1 : 0;
		if (run < n)
			continue;
		highest = AT(i + 1 - n);
		if (lowest == NO_PLACE)
			lowest = highest;
	}
	assert_int_equal(vma_tree_gap_top_down(&tree, AT(n), AT(low), AT(high)), highest);
	assert_int_equal(vma_tree_gap_bottom_up(&tree, AT(n), AT(low), AT(high)), lowest);
}

/* --- operations --- */

static void add_area(unsigned longest, bool stacks)
{
	unsigned n = 1 + below(longest), low = 1, high = PAGES, at;
	unsigned long place;
	struct vm_area_struct *vma;

	if (below(2)) {
		low = 1 + below(PAGES / 2);
		high = low + 1 + below(PAGES - low);
	}
	compare_gaps(n, low, high);
	place = below(2) ? vma_tree_gap_top_down(&tree, AT(n), AT(low), AT(high))
			 : vma_tree_gap_bottom_up(&tree, AT(n), AT(low), AT(high));
	if (below(3) == 0) { /* anywhere, guard or not */
		at = below(PAGES - n);
		place = AT(at);
		for (unsigned i = 0; i < n; i++)
			place = model[at + i] ? NO_PLACE : place;
	}
	if (place == NO_PLACE)
		return;
	at = place >> PAGE_SHIFT;
	vma = new_area(at, at + n, stacks && below(8) == 0 ? VM_GROWSDOWN : 0);
	assert_int_equal(vma_tree_prepare(&tree, 1), 0);
	vma_tree_insert(&tree, vma);
	set_model(at, at + n, vma);
}

static void split(struct vm_area_struct *vma, struct vm_area_struct *upper)
{
	struct vma_cursor at;

	assert_ptr_equal(vma_seek(&at, &tree, vma->vm_start), vma);
	vma_tree_split_at(&at, vma, upper);
	assert_ptr_equal(vma_at(&at), upper);
}

/* [first, end) becomes three. */
static void cut(struct vm_area_struct *vma, unsigned first, unsigned end)
{
	const unsigned lower_end = first + 1 + below(end - first - 2);
	const unsigned middle_end = lower_end + 1 + below(end - lower_end - 1);
	struct vm_area_struct *middle = new_area(lower_end, middle_end, vma->vm_flags);
	struct vm_area_struct *upper = new_area(middle_end, end, vma->vm_flags);
	struct vma_cursor at;

	assert_int_equal(vma_tree_prepare(&tree, 2), 0);
	vma_seek(&at, &tree, vma->vm_start);
	vma_tree_cut_at(&at, vma, middle, upper);
	assert_ptr_equal(vma_at(&at), middle);
	set_model(lower_end, middle_end, middle);
	set_model(middle_end, end, upper);
}

static void join(struct vm_area_struct *vma, struct vm_area_struct *next)
{
	struct vma_cursor at;

	vma_seek(&at, &tree, vma->vm_start);
	assert_ptr_equal(vma_behind(&at, vma->vm_end), next);
	vma_tree_join_at(&at, vma, next);
	assert_ptr_equal(vma_at(&at), vma);
}

/* Several at once, as munmap does. */
static void remove_some(struct vm_area_struct *vma)
{
	struct vma_cursor at;
	struct vm_area_struct *run[VMA_NODE_ENTRIES], *next;
	unsigned n = 0, most;

	vma_seek(&at, &tree, vma->vm_start);
	most = min(1 + below(6), at.node[0]->n - at.index[0]);
	for (; n < most; n++) {
		run[n] = at.node[0]->slot[at.index[0] + n];
		set_model(run[n]->vm_start >> PAGE_SHIFT, run[n]->vm_end >> PAGE_SHIFT, NULL);
	}
	next = vma_tree_remove_at(&at, n, run[n - 1]->vm_end);
	assert_ptr_equal(next, vma_tree_find(&tree, run[n - 1]->vm_end));
	if (next)
		assert_ptr_equal(vma_at(&at), next);
	while (n)
		free(run[--n]);
}

static void resize_area(struct vm_area_struct *vma, unsigned first, unsigned end)
{
	unsigned new_first = first, new_end = end;

	while (new_first > 1 && !model[new_first - 1] && below(3))
		new_first--;
	while (new_end < PAGES && !model[new_end] && below(3))
		new_end++;
	if (below(2))
		new_first = first + below(end - first);
	if (below(2))
		new_end = new_first + 1 + below(new_end - new_first);
	vma_tree_resize(&tree, vma, AT(new_first), AT(new_end));
	set_model(first, end, NULL);
	set_model(new_first, new_end, vma);
}

static void change_area(void)
{
	unsigned at = below(PAGES), first, end, middle, next_end;
	struct vm_area_struct *vma, *next;

	while (at < PAGES && !model[at])
		at++;
	if (at == PAGES)
		return;
	vma = model[at];
	first = vma->vm_start >> PAGE_SHIFT;
	end = vma->vm_end >> PAGE_SHIFT;
	next = end < PAGES ? model[end] : NULL;
	next_end = next ? next->vm_end >> PAGE_SHIFT : end;
	middle = first + 1 + below(max(next_end - first - 1, 1U));
	switch (below(8)) {
	case 0:
		if (end - first == 1)
			return;
		if (end - first > 2 && below(2)) {
			cut(vma, first, end);
			return;
		}
		middle = first + 1 + below(end - first - 1);
		next = new_area(middle, end, vma->vm_flags);
		assert_int_equal(vma_tree_prepare(&tree, 1), 0);
		split(vma, next);
		set_model(middle, end, next);
		return;
	case 1:
		if (!next)
			return;
		join(vma, next);
		set_model(end, next_end, vma);
		free(next);
		return;
	case 2:
		if (!next || middle == end || next_end - first < 3)
			return;
		vma_tree_move_border(&tree, vma, next, AT(middle));
		set_model(first, middle, vma);
		set_model(middle, next_end, next);
		return;
	case 3: resize_area(vma, first, end); return;
	case 4: remove_some(vma); return;
	default:
		vma_tree_remove(&tree, vma);
		set_model(first, end, NULL);
		free(vma);
	}
}

static void tree_against_model(void **state)
{
	boot(1, 0);
	for (int round = 0; round < 12; round++) {
		const unsigned longest = 1 + below(8);
		const bool stacks = below(3) == 0;
		unsigned growth = 4;

		for (int step = 0; step < 2000; step++) {
			if (step % 400 == 0)
				growth = 2 + below(5); /* of 8: growing, shrinking, steady */
			if (below(8) < growth)
				add_area(longest, stacks);
			else
				change_area();
			if (step % 40 == 0)
				compare_lookups();
			if (step % 100 == 0)
				epoch_synchronize();
		}
		compare_lookups();
		for (unsigned i = 0; i < PAGES; i++) {
			struct vm_area_struct *vma = model[i];

			if (!vma)
				continue;
			if (round & 1)
				vma_tree_remove(&tree, vma);
			set_model(i, vma->vm_end >> PAGE_SHIFT, NULL);
			free(vma);
		}
		vma_tree_destroy(&tree);
		epoch_synchronize();
	}
}

/* Ascending insertions fill their nodes; removal gives them back. */
static void many_areas(void **state)
{
	const unsigned n = 20000;
	struct vm_area_struct **vma = calloc(n, sizeof(*vma));

	boot(1, 0);
	for (unsigned i = 0; i < n; i++) {
		vma[i] = new_area(2 * i + 1, 2 * i + 2, 0);
		assert_int_equal(vma_tree_prepare(&tree, 1), 0);
		vma_tree_insert(&tree, vma[i]);
	}
	assert_int_equal(vma_tree_check(&tree), 0);
	assert_true(tree.height <= 4); /* 15^3 = 3375, 15^4 = 50625 */
	assert_int_equal(vma_tree_gap_top_down(&tree, AT(2), AT(1), AT(2 * n)), NO_PLACE);
	for (unsigned i = 0; i < n; i++)
		if (i % 500) {
			vma_tree_remove(&tree, vma[i]);
			free(vma[i]);
		}
	assert_int_equal(vma_tree_check(&tree), 0);
	assert_true(tree.height <= 2);
	assert_int_equal(vma_tree_find(&tree, AT(2 * 500 + 2))->vm_start, AT(2 * 1000 + 1));
	free(vma);
	drop_all();
}

/* One large area, cut into small ones from below, something else behind it; and from above. */
static void cut_in_order(void **state)
{
	const unsigned n = 2800;

	boot(1, 0);
	for (int down = 0; down < 2; down++) {
		struct vm_area_struct *rest = new_area(10, 10 + n, 0), *upper;

		for (unsigned i = 0; i < 6; i++) {
			assert_int_equal(vma_tree_prepare(&tree, 2), 0);
			vma_tree_insert(&tree, new_area(i, i + 1, 0));
			vma_tree_insert(&tree, new_area(20 + n + i, 21 + n + i, 0));
		}
		assert_int_equal(vma_tree_prepare(&tree, 1), 0);
		vma_tree_insert(&tree, rest);
		for (unsigned i = 1; i < n; i++) {
			const unsigned at = down ? 10 + n - i : 10 + i;

			assert_int_equal(vma_tree_prepare(&tree, 1), 0);
			upper = new_area(at, 10 + n - (down ? i - 1 : 0), 0);
			split(rest, upper);
			if (!down)
				rest = upper;
		}
		assert_int_equal(vma_tree_check(&tree), 0);

		assert_true(tree.height <= 4);
		drop_all();
	}
}

/* --- readers --- */

/*
 * Fixed areas at every 16th page stay; between them a writer makes and removes others, and cuts and
 * joins the fixed ones' upper parts. Whoever looks must always find a fixed area's first page.
 */
static bool writer_done;

static int reader(void *arg)
{
	struct random random = {(u64)arg};
	long looks = 0;

	while (!__atomic_load_n(&writer_done, __ATOMIC_ACQUIRE)) {
		for (int i = 0; i < 50; i++, looks++) {
			const unsigned long address =
				AT(16 * (1 + random_below(&random, PAGES / 16 - 1)));
			struct vm_area_struct *vma, *prev;

			epoch_read_lock();
			vma = vma_tree_find(&tree, address);
			BUG_ON(!vma || READ_ONCE(vma->vm_start) != address);
			vma = vma_tree_find_prev(&tree, address, &prev);
			BUG_ON(READ_ONCE(vma->vm_start) != address);
			BUG_ON(prev && READ_ONCE(prev->vm_start) >= address);
			epoch_read_unlock();
			cpu_interleave();
		}
		cond_resched();
		epoch_quiescent();
	}
	return looks >= 0; /* the writer may have been done before we began */
}

struct deferred {
	struct epoch_head epoch;
	struct vm_area_struct *vma;
};

static void free_area(struct epoch_head *head)
{
	struct deferred *deferred = container_of(head, struct deferred, epoch);

	free(deferred->vma);
	free(deferred);
}

static void defer_free(struct vm_area_struct *vma)
{
	struct deferred *deferred = malloc(sizeof(*deferred));

	deferred->vma = vma;
	epoch_call(&deferred->epoch, free_area);
}

static int writer(void *arg)
{
	struct vm_area_struct *fixed[PAGES / 16], *filler[PAGES / 16] = {0};
	struct random random = {(u64)arg};
	struct vma_cursor at;

	for (unsigned i = 1; i < PAGES / 16; i++)
		fixed[i] = vma_tree_find(&tree, AT(16 * i));
	for (int step = 0; step < 4000; step++) {
		const unsigned i = 1 + random_below(&random, PAGES / 16 - 1);

		BUG_ON(vma_tree_prepare(&tree, 2));
		if (filler[i]) {
			if (step & 1) {
				vma_seek(&at, &tree, fixed[i]->vm_start);
				vma_tree_join_at(&at, fixed[i], filler[i]);
				vma_tree_resize(&tree, fixed[i], AT(16 * i), AT(16 * i + 4));
			} else {
				vma_tree_remove(&tree, filler[i]);
			}
			defer_free(filler[i]);
			filler[i] = NULL;
		} else if (step & 1) {
			vma_tree_resize(&tree, fixed[i], AT(16 * i), AT(16 * i + 9));
			filler[i] = new_area(16 * i + 4, 16 * i + 9, 0);
			vma_seek(&at, &tree, fixed[i]->vm_start);
			vma_tree_split_at(&at, fixed[i], filler[i]);
		} else {
			filler[i] = new_area(16 * i + 4, 16 * i + 9, 0);
			vma_tree_insert(&tree, filler[i]);
		}
		if (step % 16 == 0)
			cond_resched();
		epoch_quiescent();
	}
	__atomic_store_n(&writer_done, true, __ATOMIC_RELEASE);
	return vma_tree_check(&tree);
}

static void readers_and_writer(u64 schedule_seed)
{
	struct task_struct *task[3];

	boot(3, schedule_seed);
	for (unsigned i = 1; i < PAGES / 16; i++) {
		assert_int_equal(vma_tree_prepare(&tree, 1), 0);
		vma_tree_insert(&tree, new_area(16 * i, 16 * i + 4, 0));
	}
	task[0] = soft_run(reader, (void *)test_seed(), "reader", 2);
	task[1] = soft_run(reader, (void *)(test_seed() + 1), "reader", 4);
	task[2] = soft_run(writer, (void *)(test_seed() + 2), "writer", 1);
	assert_int_equal(soft_join(task[2]), 0);
	assert_int_equal(soft_join(task[0]), 1);
	assert_int_equal(soft_join(task[1]), 1);
	drop_all();
}

static void readers_in_parallel(void **state)
{
	readers_and_writer(0);
}

static void readers_by_schedule(void **state)
{
	readers_and_writer(test_seed());
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(tree_against_model),  cmocka_unit_test(many_areas),
	cmocka_unit_test(cut_in_order),        cmocka_unit_test(readers_in_parallel),
	cmocka_unit_test(readers_by_schedule),
};
HOST_TESTS(tests)
