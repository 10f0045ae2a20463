// needs: tests/fuzz/world.c
/*
 * Pages that several see: processes that came of each other, several CPUs, a file and its mappings, a
 * holder of a reference. One property a test, each by the shortest way to it.
 */
#include "harness.h"
#include "tests/fuzz/world.h"
#include <linux/mman.h>

#define BASE ((PT_SIZE(PT_PTE) << PT_BITS(PT_PTE)) * 5)

static unsigned long va_of(unsigned n)
{
	return BASE + n * PAGE_SIZE;
}

static void map_anon(struct mm_struct *mm, unsigned first, unsigned n)
{
	assert_int_equal(do_mmap(mm, va_of(first), n * PAGE_SIZE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0, NULL),
			 va_of(first));
}

static void map_file(struct mm_struct *mm, int file, unsigned n, unsigned long flags)
{
	struct map_source source = file_source(file, true);

	assert_int_equal(do_mmap(mm, BASE, n * PAGE_SIZE, PROT_READ | PROT_WRITE, flags | MAP_FIXED,
				 0, &source),
			 BASE);
}

static struct mm_struct *new_space(void)
{
	struct mm_struct *mm = mm_alloc();

	assert_non_null(mm);
	return mm;
}

static void store(struct mm_struct *mm, unsigned n, u64 value)
{
	assert_int_equal(program_store(mm, va_of(n), value), FAULT_DONE);
}

static u64 load(struct mm_struct *mm, unsigned n)
{
	u64 value = 0;

	assert_int_equal(program_load(mm, va_of(n), &value), FAULT_DONE);
	return value;
}

static struct mm_struct *fork_of(struct mm_struct *mm)
{
	struct mm_struct *child = dup_mm(mm);

	assert_false(IS_ERR(child));
	return child;
}

static void all_gone(void)
{
	files_reset();
	world_settle();
	assert_int_equal(global_node_stat(NR_FILE_PAGES) + global_node_stat(NR_ANON_MAPPED), 0);
	assert_int_equal(file_references, 0);
	assert_int_equal(vm_committed(), 0);
	assert_int_equal(mm_check(), 0);
}

/* What one CPU copies the others see, though their TLBs remember the page that was copied. */
static void a_copy_is_seen_by_all_cpus(void **state)
{
	struct mm_struct *mm, *child;

	world_boot();
	mm = new_space();
	map_anon(mm, 0, 1);
	store(mm, 0, 1);
	child = fork_of(mm);
	soft_move_to_cpu(1);
	assert_int_equal(load(mm, 0), 1);
	soft_move_to_cpu(0);
	store(mm, 0, 2);
	soft_move_to_cpu(1);
	assert_int_equal(load(mm, 0), 2);
	assert_int_equal(load(child, 0), 1);
	program_exit(child);
	program_exit(mm);
	all_gone();
}

/* Who holds a reference keeps what the page was when the mapping has become read-only. */
static void a_page_in_use_is_copied(void **state)
{
	struct mm_struct *mm;
	struct page *held;
	const u64 *words;

	world_boot();
	mm = new_space();
	map_anon(mm, 0, 1);
	store(mm, 0, 1);
	assert_int_equal(get_user_page(mm, BASE, false, &held), 0);
	program_exit(fork_of(mm)); /* the write right is gone, the sharer, too */
	store(mm, 0, 2);
	words = page_address(held);
	assert_int_equal(words[WORD], 1);
	assert_int_equal(load(mm, 0), 2);
	put_page(held);
	program_exit(mm);
	all_gone();
}

/* Locks, memory to be wiped and memory to be kept away stay with the parent. */
static void what_fork_leaves_out(void **state)
{
	struct mm_struct *mm, *child;
	u64 value;

	world_boot();
	mm = new_space();
	map_anon(mm, 0, 4);
	for (unsigned n = 0; n < 4; n++)
		store(mm, n, 10 + n);
	assert_int_equal(do_mlock(mm, va_of(0), PAGE_SIZE, VM_LOCKED), 0);
	assert_int_equal(do_madvise(mm, va_of(1), PAGE_SIZE, MADV_WIPEONFORK), 0);
	assert_int_equal(do_madvise(mm, va_of(2), PAGE_SIZE, MADV_DONTFORK), 0);
	child = fork_of(mm);
	assert_int_equal(load(child, 0), 10);
	assert_false(find_vma(child, va_of(0))->vm_flags & VM_LOCKED);
	assert_int_equal(child->locked_vm, 0);
	assert_int_equal(load(child, 1), 0);
	assert_int_equal(program_load(child, va_of(2), &value), FAULT_SIGSEGV_MAPERR);
	assert_int_equal(load(child, 3), 13);
	for (unsigned n = 0; n < 4; n++)
		assert_int_equal(load(mm, n), 10 + n);
	program_exit(child);
	program_exit(mm);
	all_gone();
}

/*
 * What a program wrote through a mapping stays, though nobody maps it and memory is wanted. The
 * file's owner does not ask to be told of writes: only the entry knows.
 */
static void written_pages_outlive_a_drop(void **state)
{
	struct map_source source;
	struct mm_struct *mm;

	world_boot();
	mm = new_space();
	source = file_source(0, true);
	source.ops = NULL;
	assert_int_equal(do_mmap(mm, BASE, 4 * PAGE_SIZE, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_FIXED, 0, &source),
			 BASE);
	store(mm, 1, 77);
	assert_int_equal(load(mm, 2), 1002);
	assert_int_equal(do_munmap(mm, BASE, 4 * PAGE_SIZE), 0);
	cache_drop_clean();
	assert_int_equal(files[0].mapping.nrpages, 1);
	map_file(mm, 0, 4, MAP_SHARED);
	assert_int_equal(load(mm, 1), 77);
	assert_int_equal(load(mm, 2), 1002);
	program_exit(mm);
	all_gone();
}

/* A page that was written, even between the last look at it and its removal, stays in the cache. */
static void a_dirty_page_is_not_unused(void **state)
{
	struct page *page;
	bool major;

	world_boot();
	page = cache_get_page(&files[0].mapping, 3, &major);
	assert_false(IS_ERR(page));
	lock_page(page);
	set_page_dirty(page);
	assert_false(cache_remove_unused(&files[0].mapping, page));
	unlock_page(page);
	put_page(page);
	assert_int_equal(files[0].mapping.nrpages, 1);
	page = cache_get_page(&files[0].mapping, 4, &major);
	lock_page(page);
	assert_true(cache_remove_unused(&files[0].mapping, page));
	assert_int_equal(files[0].mapping.nrpages, 1);
	all_gone();
}

/* A hole in a file is one for all who map it shared; private copies are their owners'. */
static void a_hole_leaves_private_copies(void **state)
{
	struct mm_struct *sharer, *owner;

	world_boot();
	sharer = new_space();
	owner = new_space();
	map_file(sharer, 1, 2, MAP_SHARED);
	map_file(owner, 1, 2, MAP_PRIVATE);
	store(sharer, 0, 1);
	store(sharer, 1, 2);
	store(owner, 0, 3);
	assert_int_equal(load(owner, 1), 2);
	assert_int_equal(do_madvise(sharer, BASE, 2 * PAGE_SIZE, MADV_REMOVE), 0);
	assert_int_equal(load(sharer, 0), 0);
	assert_int_equal(load(owner, 0), 3);
	assert_int_equal(load(owner, 1), 0);
	program_exit(owner);
	program_exit(sharer);
	all_gone();
}

/* Use through a mapping counts when the mapping goes: the second time makes the page active. */
static void used_pages_get_younger(void **state)
{
	struct page *page;

	world_boot();
	for (int time = 0; time < 2; time++) {
		struct mm_struct *mm = new_space();

		map_file(mm, 0, 1, MAP_SHARED);
		assert_int_equal(load(mm, 0), 1000);
		program_exit(mm);
		lru_add_drain_all();
		page = find_get_page(&files[0].mapping, 0);
		assert_true(page_test(page, time ? PG_active : PG_referenced));
		put_page(page);
	}
	all_gone();
}

/* An old length of zero asks for a second view, of the page it names and not of the first. */
static void a_second_view_shows_the_same(void **state)
{
	struct mm_struct *mm;

	world_boot();
	mm = new_space();
	map_file(mm, 0, 4, MAP_SHARED);
	assert_int_equal(
		do_mremap(mm, va_of(2), 0, 2 * PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, va_of(10)),
		va_of(10));
	assert_int_equal(load(mm, 10), 1002);
	store(mm, 11, 5);
	assert_int_equal(load(mm, 3), 5);
	program_exit(mm);
	all_gone();
}

/* A right that was taken away is gone at once, on all CPUs that remember it; so is a mapping. */
static void rights_are_forgotten_by_all_cpus(void **state)
{
	struct mm_struct *mm;
	u64 value;

	world_boot();
	mm = new_space();
	map_anon(mm, 0, 3);
	for (unsigned cpu = 0; cpu < WORLD_CPUS; cpu++) {
		soft_move_to_cpu(cpu);
		for (unsigned n = 0; n < 3; n++)
			store(mm, n, n);
	}
	assert_int_equal(do_mprotect(mm, va_of(0), PAGE_SIZE, PROT_READ), 0);
	assert_int_equal(do_munmap(mm, va_of(1), PAGE_SIZE), 0);
	assert_int_equal(do_mremap(mm, va_of(2), PAGE_SIZE, PAGE_SIZE,
				   MREMAP_MAYMOVE | MREMAP_FIXED, va_of(5)),
			 va_of(5));
	for (unsigned cpu = 0; cpu < WORLD_CPUS; cpu++) {
		soft_move_to_cpu(cpu);
		assert_int_equal(program_store(mm, va_of(0), 9), FAULT_SIGSEGV_ACCERR);
		assert_int_equal(load(mm, 0), 0);
		assert_int_equal(program_load(mm, va_of(1), &value), FAULT_SIGSEGV_MAPERR);
		assert_int_equal(program_load(mm, va_of(2), &value), FAULT_SIGSEGV_MAPERR);
		assert_int_equal(load(mm, 5), 2);
	}
	program_exit(mm);
	all_gone();
}

/* Upper tables go with the last area that may use them, though nothing in it was ever touched. */
static void the_last_area_takes_the_tables(void **state)
{
	struct mm_struct *mm;

	world_boot();
	mm = new_space();
	map_anon(mm, 0, 1);
	map_anon(mm, 2 << PT_BITS(PT_PTE), 1); /* of another lowest table */
	store(mm, 2 << PT_BITS(PT_PTE), 1);
	assert_int_equal(do_munmap(mm, va_of(2 << PT_BITS(PT_PTE)), PAGE_SIZE), 0);
	assert_int_equal(do_munmap(mm, BASE, PAGE_SIZE), 0);
	assert_int_equal(atomic_read(&mm->pgtables_bytes), 0);
	program_exit(mm);
	all_gone();
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_copy_is_seen_by_all_cpus),
	cmocka_unit_test(a_page_in_use_is_copied),
	cmocka_unit_test(what_fork_leaves_out),
	cmocka_unit_test(written_pages_outlive_a_drop),
	cmocka_unit_test(a_dirty_page_is_not_unused),
	cmocka_unit_test(a_hole_leaves_private_copies),
	cmocka_unit_test(used_pages_get_younger),
	cmocka_unit_test(a_second_view_shows_the_same),
	cmocka_unit_test(rights_are_forgotten_by_all_cpus),
	cmocka_unit_test(the_last_area_takes_the_tables),
};
HOST_TESTS(tests)
