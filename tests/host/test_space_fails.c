// geometries: all
// needs: tests/host/spaces.c
/*
 * Address spaces without memory: every operation, with the first allocation failing, the
 * second, and so on until none does.
 *
 * Each time it must succeed or say -ENOMEM; the areas are what they were (or what success
 * makes them), every page still has its contents, every invariant holds, and when the space is gone
 * nothing is left of it.
 */
#include "floors.h"
#include "spaces.h"
#include <linux/mman.h>

/* In release builds nothing fails on purpose. */
#ifdef PAGODA_DEBUG

/*
 * The space that operations meet:
 *
 *   page  0 ..  31   private, writable; every third page was written
 *   page 32 ..  63   file 0, private and writable; some were written, some read
 *   page 64 ..  95   file 1, shared and writable
 *   page 96 .. 599   nothing
 *   page 600 .. 607  private, grows down
 */
#define PAGES 608
#define FREE  96
#define STACK 600
#define BRK   200 /* page */

static struct mm_struct *scene(void)
{
	struct mm_struct *mm = anon_mm(32);
	u64 value;

	for (unsigned file = 0; file < FILES; file++)
		assert_int_equal(do_mmap(mm, va_of(32 + 32 * file), 32 * PAGE_SIZE,
					 PROT_READ | PROT_WRITE,
					 (file ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED, 0,
					 &(struct map_source){.readable = true,
							      .writable = true,
							      .file = (struct file *)&files[file],
							      .mapping = &files[file].mapping,
							      .ops = file ? NULL : &file_vm_ops}),
				 va_of(32 + 32 * file));
	assert_int_equal(do_mmap(mm, va_of(STACK), 8 * PAGE_SIZE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, 0, NULL),
			 va_of(STACK));
	mm->start_brk = mm->brk = va_of(BRK);
	for (unsigned n = 0; n < 96; n += 3)
		assert_int_equal(store(mm, va_of(n), n + 1), 0);
	for (unsigned n = 33; n < 64; n += 6)
		assert_int_equal(load(mm, va_of(n), &value), 0);
	return mm;
}

/* ---- the operations: 0, or a negative errno; what succeeds may change the space ---- */

static long errno_of(unsigned long result)
{
	return IS_ERR_VALUE(result) ? (long)result : 0;
}

static long fault_errno(fault_t fault)
{
	return fault & FAULT_OOM ? -ENOMEM : fault & FAULT_ERROR ? -EFAULT : 0;
}

static long first_write(struct mm_struct *mm)
{
	return fault_errno(touch(mm, va_of(1), SOFT_WRITE));
}
static long first_read(struct mm_struct *mm)
{
	return fault_errno(touch(mm, va_of(2), SOFT_READ));
}
static long write_after_read(struct mm_struct *mm)
{
	return first_read(mm) ?: fault_errno(touch(mm, va_of(2), SOFT_WRITE));
}
static long private_file_write(struct mm_struct *mm)
{
	return fault_errno(touch(mm, va_of(34), SOFT_WRITE));
}
static long shared_file_write(struct mm_struct *mm)
{
	return fault_errno(touch(mm, va_of(65), SOFT_WRITE));
}
static long stack_growth(struct mm_struct *mm)
{
	return fault_errno(touch(mm, va_of(STACK - 4), SOFT_WRITE));
}
static long map_anonymous(struct mm_struct *mm)
{
	return errno_of(do_mmap(mm, va_of(FREE), 8 * PAGE_SIZE, PROT_READ,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0, NULL));
}
static long map_populated(struct mm_struct *mm)
{
	return errno_of(do_mmap(mm, va_of(FREE), 8 * PAGE_SIZE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE, 0, NULL));
}
static long map_over(struct mm_struct *mm)
{
	return errno_of(do_mmap(mm, va_of(10), 60 * PAGE_SIZE, PROT_READ,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0, NULL));
}
static long map_file(struct mm_struct *mm)
{
	return errno_of(do_mmap(mm, 0, 8 * PAGE_SIZE, PROT_READ, MAP_SHARED, 3,
				&(struct map_source){.readable = true,
						     .file = (struct file *)&files[0],
						     .mapping = &files[0].mapping}));
}
static long unmap_a_hole(struct mm_struct *mm)
{
	return do_munmap(mm, va_of(10), 5 * PAGE_SIZE);
}
static long unmap_across(struct mm_struct *mm)
{
	return do_munmap(mm, va_of(20), 60 * PAGE_SIZE);
}
static long unmap_all(struct mm_struct *mm)
{
	return do_munmap(mm, va_of(0), PAGES * PAGE_SIZE);
}
static long protect_the_middle(struct mm_struct *mm)
{
	return do_mprotect(mm, va_of(10), 5 * PAGE_SIZE, PROT_READ);
}
static long protect_a_file(struct mm_struct *mm)
{
	return do_mprotect(mm, va_of(40), 5 * PAGE_SIZE, PROT_NONE);
}
static long grow(struct mm_struct *mm)
{
	return errno_of(do_mremap(mm, va_of(0), 32 * PAGE_SIZE, 40 * PAGE_SIZE, MREMAP_MAYMOVE, 0));
}
static long move_a_part(struct mm_struct *mm)
{
	return errno_of(do_mremap(mm, va_of(8), 8 * PAGE_SIZE, 8 * PAGE_SIZE,
				  MREMAP_MAYMOVE | MREMAP_FIXED, va_of(FREE)));
}
static long shrink(struct mm_struct *mm)
{
	return errno_of(do_mremap(mm, va_of(0), 32 * PAGE_SIZE, 16 * PAGE_SIZE, 0, 0));
}
/* brk has no errno: the break stays. */
static long push_the_break(struct mm_struct *mm)
{
	return do_brk(mm, va_of(BRK + 10)) == va_of(BRK + 10) ? 0 : -ENOMEM;
}
static long forget(struct mm_struct *mm)
{
	return do_madvise(mm, va_of(1), PAGE_SIZE, MADV_DONTNEED);
}
static long advise_a_part(struct mm_struct *mm)
{
	return do_madvise(mm, va_of(5), 3 * PAGE_SIZE, MADV_DONTFORK);
}
static long lock_a_part(struct mm_struct *mm)
{
	return do_mlock(mm, va_of(4), 8 * PAGE_SIZE, VM_LOCKED);
}
static long lock_and_unlock(struct mm_struct *mm)
{
	return lock_a_part(mm) ?: do_munlock(mm, va_of(6), 2 * PAGE_SIZE);
}
static long lock_all(struct mm_struct *mm)
{
	return do_mlockall(mm, MCL_CURRENT | MCL_FUTURE);
}
static long populate(struct mm_struct *mm)
{
	long done = populate_range(mm, va_of(0), 96 * PAGE_SIZE);

	return min(done, 0L);
}
static long remote_write(struct mm_struct *mm)
{
	u64 word = 35;

	return access_remote_vm(mm, va_of(34) + WORD * 8, &word, 8, ACCESS_WRITE) == 8 ? 0
										       : -ENOMEM;
}
static long other_pages_of_the_file(struct mm_struct *mm)
{
	return do_remap_file_pages(mm, va_of(70), 2 * PAGE_SIZE, 1, 0);
}
static long residence(struct mm_struct *mm)
{
	u8 answers[8];

	return min(do_mincore(mm, va_of(0), 8, answers), 0L);
}
static long synchronise(struct mm_struct *mm)
{
	return do_msync(mm, va_of(64), 8 * PAGE_SIZE, MS_SYNC);
}
/* Tables are made down from the root; what a fault has left of them goes with the area. */
static long touch_far_away(struct mm_struct *mm)
{
	const unsigned long far = ALIGN_DOWN(TASK_SIZE / 2, PAGE_SIZE);
	long err = errno_of(do_mmap(mm, far, PAGE_SIZE, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0, NULL));

	if (err)
		return err;
	err = fault_errno(touch(mm, far, SOFT_WRITE));
	return do_munmap(mm, far, PAGE_SIZE) ?: err;
}
static long fork_and_write(struct mm_struct *mm)
{
	struct mm_struct *child = dup_mm(mm);
	long err;

	if (IS_ERR(child))
		return PTR_ERR(child);
	err = fault_errno(touch(child, va_of(0), SOFT_WRITE));
	if (!err)
		err = fault_errno(touch(mm, va_of(3), SOFT_WRITE));
	put_mm(child);
	return err;
}
static long exec_stack(struct mm_struct *mm)
{
	struct mm_struct *fresh = mm_alloc();
	u64 word = 1;
	long err;

	if (!fresh)
		return -ENOMEM;
	mm_set_layout(fresh);
	err = setup_stack(fresh, mm_stack_top(), false);
	if (!err) {
		fresh->start_stack = mm_stack_top() - 64;
		if (access_remote_vm(fresh, fresh->start_stack, &word, 8, ACCESS_WRITE) != 8)
			err = -ENOMEM;
	}
	if (!err)
		err = finish_stack(fresh);
	put_mm(fresh);
	return err;
}

static const struct operation {
	const char *name;
	long (*run)(struct mm_struct *mm);
	/* When it fails it may have done a part: of the areas, then, nothing is said. */
	bool in_parts;
	bool loses;  /* pages lose their contents when it succeeds */
	int or_says; /* besides -ENOMEM */
} operations[] = {
	{"first write", first_write},
	{"first read", first_read},
	{"write after read", write_after_read},
	{"private file write", private_file_write},
	{"shared file write", shared_file_write},
	{"stack growth", stack_growth, .in_parts = true}, /* it has grown; the page is missing */
	{"mmap, touch, munmap", touch_far_away},
	{"mmap", map_anonymous},
	{"mmap, populated", map_populated},
	{"mmap over others", map_over, .loses = true},
	{"mmap of a file", map_file},
	{"munmap, a hole", unmap_a_hole, .loses = true},
	{"munmap, across", unmap_across, .loses = true},
	{"munmap, all", unmap_all, .loses = true},
	{"mprotect, the middle", protect_the_middle},
	{"mprotect of a file", protect_a_file, .loses = true},
	{"mremap, larger", grow, .loses = true},
	{"mremap, elsewhere", move_a_part, .loses = true},
	{"mremap, smaller", shrink, .loses = true},
	{"brk", push_the_break},
	{"madvise, dontneed", forget},
	{"madvise, dontfork", advise_a_part, .or_says = -EAGAIN},
	{"mlock", lock_a_part, .in_parts = true,
	 .or_says = -EAGAIN}, /* locked, but not all there */
	{"munlock", lock_and_unlock, .in_parts = true, .or_says = -EAGAIN},
	{"mlockall", lock_all, .in_parts = true, .or_says = -EAGAIN},
	{"populate", populate},
	{"write from outside", remote_write},
	{"remap_file_pages", other_pages_of_the_file, .loses = true},
	{"mincore", residence},
	{"msync", synchronise},
	{"fork", fork_and_write},
	{"exec's stack", exec_stack},
};

/* ---- what must hold ---- */

struct layout {
	unsigned n;
	struct {
		unsigned long start, end;
		vm_flags_t flags;
	} area[16];
};

static void note_layout(struct mm_struct *mm, struct layout *layout)
{
	struct vm_area_struct *vma;

	memset(layout, 0, sizeof(*layout));
	for_each_vma(mm, vma)
	{
		assert_true(layout->n < ARRAY_SIZE(layout->area));
		layout->area[layout->n].start = vma->vm_start;
		layout->area[layout->n].end = vma->vm_end;
		layout->area[layout->n++].flags = vma->vm_flags;
	}
}

static void contents_are_kept(struct mm_struct *mm)
{
	u64 value;

	for (unsigned n = 0; n < 96; n += 3) {
		assert_int_equal(load(mm, va_of(n), &value), 0);
		assert_int_equal(value, n + 1);
	}
}

/* Of mm/space and mm/cache; what kmalloc has made are the slab floor's own arrays. */
static unsigned long objects_in_use(void)
{
	struct slabinfo info;
	unsigned long objects = 0;

	frame_ops.shrink(GFP_KERNEL);
	for (unsigned n = 0; slabinfo_get(n, &info); n++)
		if (strncmp(info.name, "kmalloc-", 8) != 0)
			objects += info.active_objs;
	return objects;
}

/* True: the n-th allocation there was, and failed. */
static bool with_failure(const struct operation *op, unsigned n)
{
	struct mm_struct *mm = scene();
	struct layout before, after;
	bool struck;
	long err;

	note_layout(mm, &before);
	pt_drain_stock(); /* or tables would need no memory */
	fail_nth_set(n);
	err = op->run(mm);
	struck = fail_nth_left() == 0;
	fail_nth_set(0);
	if (err != 0 && ((err != -ENOMEM && err != op->or_says) || !struck))
		fail_msg("%s: %ld with allocation %u failing", op->name, err, n);
	note_layout(mm, &after);
	if (err && !op->in_parts && memcmp(&before, &after, sizeof(before)) != 0)
		fail_msg("%s: the areas are others after allocation %u failed", op->name, n);
	if (err || !op->loses)
		contents_are_kept(mm);
	assert_sound();
	put_mm(mm);
	drop_files();
	return struck;
}

static void every_operation(void **state)
{
	unsigned long objects;

	spaces_up(1, 0);
	(void)with_failure(&operations[0], 1000);
	assert_int_equal(in_use(), 0);
	objects = objects_in_use();
	for (const struct operation *op = operations; op < operations + ARRAY_SIZE(operations);
	     op++) {
		unsigned n = 1;

		while (with_failure(op, n)) {
			assert_int_equal(in_use(), 0);
			if (objects_in_use() != objects)
				fail_msg("%s: an object is left after allocation %u failed",
					 op->name, n);
			n += n < 24 ? 1 : 11; /* of many pages some */
		}
	}
	assert_int_equal(file_references, 0);
	assert_int_equal(vm_committed(), 0);
	assert_sound();
}

#endif

/* A life with a bit of everything; where memory is missing it does with less. */
static void life(void)
{
	struct mm_struct *mm = mm_alloc(), *child;

	if (!mm)
		return;
	do_mmap(mm, BASE, 100 * PAGE_SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0, NULL);
	for (int i = 0; i < 100; i += 7)
		touch(mm, va_of(i), i % 2 ? SOFT_READ : SOFT_WRITE);
	do_mprotect(mm, va_of(20), 10 * PAGE_SIZE, PROT_READ);
	do_mmap(mm, va_of(100), 50 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, 0,
		&(struct map_source){.readable = true,
				     .file = (struct file *)&files[1],
				     .mapping = &files[1].mapping});
	for (int i = 100; i < 150; i += 9)
		touch(mm, va_of(i), i % 2 ? SOFT_READ : SOFT_WRITE);
	child = dup_mm(mm);
	if (!IS_ERR(child)) {
		for (int i = 0; i < 150; i += 3)
			touch(child, va_of(i), SOFT_WRITE);
		put_mm(child);
	}
	for (int i = 0; i < 150; i += 5)
		touch(mm, va_of(i), SOFT_WRITE);
	do_munmap(mm, va_of(50), 60 * PAGE_SIZE);
	put_mm(mm);
}

static void a_life_with_less(void **state)
{
	spaces_up(1, 0);
	life();
	for (unsigned n = 1; n < 400; n++) {
#ifdef PAGODA_DEBUG
		fail_nth_set(n);
#endif
		life();
#ifdef PAGODA_DEBUG
		fail_nth_set(0);
#endif
		drop_files();
		assert_int_equal(in_use(), 0);
		if (n % 20 == 0)
			assert_sound();
	}
	assert_int_equal(file_references, 0);
	assert_int_equal(vm_committed(), 0);
}

static const struct CMUnitTest tests[] = {
#ifdef PAGODA_DEBUG
	cmocka_unit_test(every_operation),
#endif
	cmocka_unit_test(a_life_with_less),
};
HOST_TESTS(tests)
