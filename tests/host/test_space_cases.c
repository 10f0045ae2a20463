// geometries: all
// needs: tests/host/spaces.c
/*
 * Address spaces, case by case: copy on write and what smaps says of it, the last sharer, locked pages,
 * faults around, the cache that is dropped.
 */
#include "spaces.h"
#include "sync/epoch.h"
#include <stdlib.h>

/* What smaps says of a page goes from private to shared at fork and back by a write (S35). */
static void copy_on_write_in_smaps(void **state)
{
	struct vma_stats stats;

	spaces_up(1, 0);

	struct mm_struct *parent = anon_mm(8), *child;

	for (int i = 0; i < 8; i++)
		assert_int_equal(store(parent, BASE + i * PAGE_SIZE, i + 1), 0);
	stats = (struct vma_stats){0};
	vma_stats(find_vma(parent, BASE), &stats);
	assert_int_equal(stats.private_dirty, 8 * PAGE_SIZE);
	child = dup_mm(parent);
	stats = (struct vma_stats){0};
	vma_stats(find_vma(child, BASE), &stats);
	assert_int_equal(stats.shared_dirty, 8 * PAGE_SIZE);
	assert_int_equal(stats.pss >> 12, 4 * PAGE_SIZE);
	assert_int_equal(store(child, BASE + PAGE_SIZE, 100), 0);
	stats = (struct vma_stats){0};
	vma_stats(find_vma(child, BASE), &stats);
	assert_int_equal(stats.shared_dirty, 7 * PAGE_SIZE);
	assert_int_equal(stats.private_dirty, PAGE_SIZE);
	assert_int_equal(mm_rss(child), 8);
	assert_int_equal(mm_check(), 0);

	u64 value;

	assert_int_equal(load(parent, BASE + PAGE_SIZE, &value), 0);
	assert_int_equal(value, 2);
	put_mm(child);
	put_mm(parent);
	assert_int_equal(in_use(), 0);
}

/* X14: no block of the size is free any more, but a program that maps and touches as much gets it. */
static void scattered_frames_look_contiguous(void **state)
{
	enum { ORDER = 6, PIECE = 1 << ORDER };
	const gfp_t gfp = GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY;
	struct page **all, *block;
	unsigned long n = 0, most, neighbours = 0;
	struct mm_struct *mm;
	void *last = NULL;

	spaces_up(1, 0);
	mm = anon_mm(PIECE);
	most = nr_free_pages() + nr_pcp_pages();
	all = calloc(most, sizeof(*all));
	assert_non_null(all);
	while (n < most && (all[n] = alloc_page(gfp | __GFP_MEMALLOC)) != NULL)
		n++;
	/* Every second frame comes back: none of them has a free buddy. */
	for (unsigned long i = 0; i < n; i++)
		if (page_to_pfn(all[i]) & 1) {
			__free_page(all[i]);
			all[i] = NULL;
		}
	block = alloc_pages(gfp, ORDER);
	assert_null(block);
	for (unsigned i = 0; i < PIECE; i++) {
		void *host;

		assert_int_equal(touch(mm, BASE + i * PAGE_SIZE, SOFT_WRITE), 0);
		neighbours += last && host == (char *)last + PAGE_SIZE;
		last = host;
	}
	assert_int_equal(neighbours, 0);
	assert_int_equal(mm_rss(mm), PIECE);
	put_mm(mm);
	for (unsigned long i = 0; i < n; i++)
		if (all[i])
			__free_page(all[i]);
	free(all);
	assert_int_equal(mm_check(), 0);
}

/* When the sharers are gone the last one writes in place. */
static void the_last_sharer_reuses(void **state)
{
	struct page *before, *after;
	unsigned long copies;

	spaces_up(1, 0);

	struct mm_struct *parent = anon_mm(1), *child;

	store(parent, BASE, 7);
	assert_int_equal(get_user_page(parent, BASE, false, &before), 0);
	put_page(before);
	child = dup_mm(parent);
	put_mm(child);
	copies = trace_count(TRACE_cow_copy);
	store(parent, BASE, 8);
	assert_int_equal(trace_count(TRACE_cow_copy), copies);
	assert_int_equal(get_user_page(parent, BASE, true, &after), 0);
	assert_ptr_equal(before, after);
	put_page(after);
	put_mm(parent);
	assert_int_equal(in_use(), 0);
}

/* Generation after generation: each child forks and outlives its parent. */
static void a_line_of_daemons(void **state)
{
	spaces_up(1, 0);

	struct mm_struct *mm = anon_mm(4);

	for (u64 generation = 1; generation < 100; generation++) {
		struct mm_struct *child;
		u64 value;

		store(mm, BASE + generation % 4 * PAGE_SIZE, generation);
		child = dup_mm(mm);
		store(child, BASE + (generation + 1) % 4 * PAGE_SIZE, 1000 + generation);
		put_mm(mm);
		mm = child;
		assert_int_equal(load(mm, BASE + generation % 4 * PAGE_SIZE, &value), 0);
		assert_int_equal(value, generation);
		if (generation % 10 == 0)
			assert_int_equal(mm_check(), 0);
	}
	assert_true(find_vma(mm, BASE)->anon_vma->depth < 20);
	put_mm(mm);
	assert_int_equal(in_use(), 0);
}

/* Locked pages are counted, on the unevictable list, and come off it; children inherit no lock. */
static void locked_pages(void **state)
{
	struct mm_struct *mm, *child;

	spaces_up(2, 0);
	mm = anon_mm(16);
	store(mm, BASE, 1); /* one is there before */
	assert_int_equal(do_mlock(mm, BASE, 8 * PAGE_SIZE, VM_LOCKED), 0);
	assert_int_equal(mm_rss(mm), 8);
	assert_int_equal(global_zone_stat(NR_MLOCK), 8);
	lru_add_drain_all();
	assert_int_equal(global_node_stat(NR_UNEVICTABLE), 8);
	child = dup_mm(mm);
	for (int i = 0; i < 8; i++)
		store(child, BASE + i * PAGE_SIZE, 2);
	lru_add_drain_all();
	assert_int_equal(global_zone_stat(NR_MLOCK), 8);
	assert_int_equal(global_node_stat(NR_UNEVICTABLE), 8);
	assert_int_equal(mm_check(), 0);
	assert_int_equal(do_munlock(mm, BASE, 4 * PAGE_SIZE), 0);
	lru_add_drain_all();
	assert_int_equal(global_zone_stat(NR_MLOCK), 4);
	assert_int_equal(global_node_stat(NR_UNEVICTABLE), 4);
	put_mm(child);
	put_mm(mm);
	assert_int_equal(in_use(), 0);
	assert_int_equal(mm_check(), 0);
}

/* Neighbours of a file page come along, and count as used only when they are. */
static void faults_around(void **state)
{
	struct vma_stats stats = {0};
	struct mm_struct *mm;
	u64 value;

	spaces_up(1, 0);
	for (u64 i = 0; i < 40; i++)
		put_page(cache_get_page(&files[1].mapping, i, &(bool){0}));
	mm = mm_alloc();
	do_mmap(mm, BASE, 40 * PAGE_SIZE, PROT_READ, MAP_SHARED | MAP_FIXED, 0,
		&(struct map_source){.readable = true,
				     .file = (struct file *)&files[1],
				     .mapping = &files[1].mapping});
	assert_int_equal(load(mm, BASE + 20 * PAGE_SIZE, &value), 0);
	assert_int_equal(mm_counter(mm, MM_SHMEMPAGES), 16);
	vma_stats(find_vma(mm, BASE), &stats);
	assert_int_equal(stats.rss, 16 * PAGE_SIZE);
	assert_int_equal(stats.referenced, PAGE_SIZE);
	assert_int_equal(load(mm, BASE + 39 * PAGE_SIZE, &value), 0);
	assert_int_equal(mm_counter(mm, MM_SHMEMPAGES), 24);
	u64 entries[40];

	pagemap_range(mm, BASE, 40, entries);
	assert_int_equal(entries[20] >> 61, 5); /* present, of a file */
	assert_int_equal(entries[0] >> 61, 0);
	assert_int_equal(mm_check(), 0);
	put_mm(mm);
	drop_files();
	assert_int_equal(in_use(), 0);
}

/* Clean pages of a file with a disk go; dirty, mapped and used ones stay, and memory's own files. */
static void clean_cache_is_dropped(void **state)
{
	struct mm_struct *mm;
	struct page *held;
	u64 value;

	spaces_up(2, 0);
	for (int file = 0; file < FILES; file++)
		for (u64 i = 0; i < 40; i++)
			put_page(cache_get_page(&files[file].mapping, i, &(bool){0}));
	for (u64 i = 0; i < 5; i++) {
		struct page *page = find_get_page(&files[0].mapping, i);

		set_page_dirty(page);
		put_page(page);
	}
	mm = mm_alloc();
	do_mmap(mm, BASE, 3 * PAGE_SIZE, PROT_READ, MAP_SHARED | MAP_FIXED, 10,
		&(struct map_source){.readable = true,
				     .file = (struct file *)&files[0],
				     .mapping = &files[0].mapping});
	assert_int_equal(populate_range(mm, BASE, 3 * PAGE_SIZE), 3);
	held = find_get_page(&files[0].mapping, 30);

	const unsigned long mapped = (unsigned long)mm_counter(mm, MM_FILEPAGES);

	assert_int_equal(cache_drop_clean(), 40 - 5 - mapped - 1);
	assert_int_equal(files[0].mapping.nrpages, 5 + mapped + 1);
	assert_int_equal(files[1].mapping.nrpages, 40);
	assert_int_equal(cache_drop_clean(), 0);
	assert_int_equal(mm_check(), 0);
	put_page(held);
	put_mm(mm);
	assert_int_equal(cache_drop_clean(), mapped + 1);
	assert_int_equal(files[0].mapping.nrpages, 5);

	/* What is gone is read again. */
	held = cache_get_page(&files[0].mapping, 20, &(bool){0});
	u64 *window = kmap_local_page(held);

	value = window[3];
	kunmap_local(window);
	assert_int_equal(value, files[0].disk[20]);
	put_page(held);
	assert_int_equal(mm_check(), 0);
	drop_files();
	assert_int_equal(in_use(), 0);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(copy_on_write_in_smaps),
	cmocka_unit_test(scattered_frames_look_contiguous),
	cmocka_unit_test(the_last_sharer_reuses),
	cmocka_unit_test(a_line_of_daemons),
	cmocka_unit_test(locked_pages),
	cmocka_unit_test(faults_around),
	cmocka_unit_test(clean_cache_is_dropped),
};
HOST_TESTS(tests)
