// geometries: all
// needs: tests/host/spaces.c
/*
 * Swap: what the header may say, which slot is given, and that pages which go out come back with what
 * they held, to everybody who had them.
 */
#include "lib/errno.h"
#include "lib/string.h"
#include "machine/soft_disk.h"
#include "mm/reclaim/reclaim.h"
#include "spaces.h"

#define SECTORS_PER_PAGE (PAGE_SIZE / SECTOR_BYTES)

/* ---- An area on a disk in memory ---- */

struct area {
	struct swap_backing backing;
	struct soft_disk *disk;
	unsigned fail_reads, fail_writes; /* so many of the next */
	unsigned runs;                    /* how often the disk was asked */
	bool slow;                        /* writes end when the test says so */
	unsigned nr_written;
	struct page *written[SWAP_RUN];
	int type;
};

static void submit_page(struct area *area, struct page *page, u64 place, bool write)
{
	unsigned *fail = write ? &area->fail_writes : &area->fail_reads;
	void *window = kmap_local_page(page);
	int err;

	if (*fail) {
		(*fail)--;
		err = -EIO;
	} else if (write) {
		err = soft_disk_write(area->disk, place * SECTORS_PER_PAGE, window,
				      SECTORS_PER_PAGE);
	} else {
		err = soft_disk_read(area->disk, place * SECTORS_PER_PAGE, window,
				     SECTORS_PER_PAGE);
	}
	kunmap_local(window);
	swap_io_done(page, write, err);
}

static void submit(struct swap_backing *backing, struct page *const *pages, unsigned n, u64 place,
		   bool write)
{
	struct area *area = container_of(backing, struct area, backing);

	area->runs++;
	for (unsigned i = 0; i < n; i++)
		if (write && area->slow)
			area->written[area->nr_written++] = pages[i];
		else
			submit_page(area, pages[i], place + i, write);
}

static void make_header(void *page, u32 last, u32 nr_bad, const u32 *bad)
{
	const u32 words[3] = {1, last, nr_bad};

	memset(page, 0, PAGE_SIZE);
	memcpy((char *)page + 1024, words, sizeof(words));
	memcpy((char *)page + 1052, "label", 5);
	if (nr_bad)
		memcpy((char *)page + 1536, bad, nr_bad * sizeof(*bad));
	memcpy((char *)page + PAGE_SIZE - 10, "SWAPSPACE2", 10);
}

/* In two extents, the second half first on the disk. discard: or NULL. */
static void swap_area_with(struct area *area, u32 pages, int priority, u32 nr_bad, const u32 *bad,
			   void (*discard)(struct swap_backing *, u64, u32))
{
	static char page[1 << 16];
	const u32 half = pages / 2;
	const struct swap_extent extents[] = {{0, half, pages - half}, {half, pages - half, 0}};
	struct swap_header header;

	make_header(page, pages - 1, nr_bad, bad);
	assert_int_equal(swap_read_header(page, pages, &header), 0);
	*area = (struct area){.backing = {.submit = submit, .discard = discard}};
	area->disk = soft_disk_new((u64)pages * SECTORS_PER_PAGE, NULL);
	assert_non_null(area->disk);
	area->type = swap_area_add(&header, &area->backing, extents, 2, priority, "disk", false);
	assert_true(area->type >= 0);
}

static void swap_area_on(struct area *area, u32 pages, int priority, u32 nr_bad, const u32 *bad)
{
	swap_area_with(area, pages, priority, nr_bad, bad, NULL);
}

static void swap_area_off_closed(struct area *area)
{
	assert_int_equal(swap_next_used((unsigned)area->type, 0).v, 0);
	assert_ptr_equal(swap_area_remove((unsigned)area->type), &area->backing);
	soft_disk_free(area->disk);
}

static void swap_area_off(struct area *area)
{
	swap_area_close((unsigned)area->type);
	swap_area_off_closed(area);
}

static u32 used(const struct area *area)
{
	struct swap_area_info info;

	assert_true(swap_area_info((unsigned)area->type, &info));
	return info.used;
}

static void up(unsigned cpus, u64 seed)
{
	spaces_up(cpus, seed);
	reclaim_init();
}

/* ---- The header ---- */

static void headers_are_checked(void **state)
{
	static char page[1 << 16];
	const u32 bad[] = {3, 7}, outside[] = {20};
	struct swap_header header;

	make_header(page, 15, 2, bad);
	assert_int_equal(swap_read_header(page, 16, &header), 0);
	assert_int_equal(header.pages, 16);
	assert_int_equal(header.nr_bad, 2);
	assert_int_equal(header.bad[1], 7);
	assert_string_equal(header.label, "label");
	assert_int_equal(swap_read_header(page, 15, &header), -EINVAL); /* longer than its disk */
	make_header(page, 8, 0, NULL);
	assert_int_equal(swap_read_header(page, 16, &header), -EINVAL); /* below 40 KiB of pages */
	make_header(page, 15, 1, outside);
	assert_int_equal(swap_read_header(page, 16, &header), -EINVAL);
	make_header(page, 15, 0, NULL);
	page[1024] = 2; /* another version */
	assert_int_equal(swap_read_header(page, 16, &header), -EINVAL);
	make_header(page, 15, 0, NULL);
	memcpy(page + 1032, &(u32){~0u}, 4);
	assert_int_equal(swap_read_header(page, 16, &header), -EINVAL);
	make_header(page, 15, 0, NULL);
	memcpy(page + PAGE_SIZE - 10, "SWAP-SPACE", 10);
	assert_int_equal(swap_read_header(page, 16, &header), -EINVAL);
}

/* ---- Slots ---- */

static struct page *anon_page(void)
{
	struct page *page = alloc_page(GFP_KERNEL);

	assert_non_null(page);
	page_set(page, PG_locked);
	return page;
}

static void give_up(struct page *page)
{
	swap_cache_remove(page);
	page_clear(page, PG_locked);
	__free_page(page);
}

static void areas_by_priority(void **state)
{
	struct area high[2], low;
	struct swap_area_info info;
	struct page *page[60];
	unsigned taken[3] = {0};

	up(1, 0);
	swap_area_on(&low, 32, SWAP_NO_PRIORITY, 0, NULL);
	swap_area_on(&high[0], 16, 5, 0, NULL);
	swap_area_on(&high[1], 16, 5, 2, (const u32[]){3, 4});
	assert_int_equal(swap_total_pages(), 31 + 15 + 13);
	assert_true(swap_area_info((unsigned)low.type, &info));
	assert_int_equal(info.priority, -2);
	for (unsigned i = 0; i < 59; i++) {
		unsigned type, slot;

		page[i] = anon_page();
		assert_true(swap_cache_new(page[i]));
		type = swp_type(page_swap_entry(page[i]));
		slot = swp_slot(page_swap_entry(page[i]));
		taken[type]++;
		assert_true(slot > 0);
		assert_false(type == (unsigned)high[1].type && (slot == 3 || slot == 4));
		/* The two better ones in turns, then the other. */
		if (i < 26)
			assert_int_equal(type, (i % 2 ? high[1] : high[0]).type);
		if (i >= 28)
			assert_int_equal(type, low.type);
		assert_int_equal(mm_check(), 0);
	}
	assert_int_equal(swap_free_pages(), 0);
	page[59] = anon_page();
	assert_false(swap_cache_new(page[59]));
	assert_int_equal(taken[high[1].type], 13);
	for (unsigned i = 0; i < 59; i++)
		give_up(page[i]);
	assert_int_equal(swap_free_pages(), 59);
	swap_area_off(&low);
	swap_area_off(&high[0]);
	swap_area_off(&high[1]);
	assert_int_equal(swap_total_pages(), 0);
	assert_int_equal(mm_check(), 0);
}

/* ---- What is free again ---- */

#define DISCARDING 700U /* slots: clusters of 256, of which the second lies in both extents */

static bool forgotten[DISCARDING]; /* by place on the disk */

static void forget_pages(struct swap_backing *backing __maybe_unused, u64 place, u32 pages)
{
	struct page *page = anon_page();

	assert_true(place + pages <= DISCARDING);
	memset(forgotten + place, true, pages);
	assert_int_equal(mm_check(), 0);
	/* Nobody gets a slot that the disk is being told of. */
	if (swap_cache_new(page)) {
		const u32 slot = swp_slot(page_swap_entry(page));

		assert_false(forgotten[(slot + DISCARDING / 2) % DISCARDING]);
		swap_cache_remove(page);
	}
	page_clear(page, PG_locked);
	__free_page(page);
}

static unsigned nr_forgotten(void)
{
	unsigned n = 0;

	for (unsigned place = 0; place < DISCARDING; place++)
		n += forgotten[place];
	memset(forgotten, 0, sizeof(forgotten));
	return n;
}

static void free_clusters_are_discarded(void **state)
{
	static struct page *page[DISCARDING];
	struct area area;

	up(1, 0);
	swap_area_with(&area, DISCARDING, 0, 1, (const u32[]){600}, forget_pages);
	for (unsigned slot = 1; slot < DISCARDING - 1; slot++) {
		page[slot] = anon_page();
		assert_true(swap_cache_new(page[slot]));
	}
	assert_int_equal(swap_free_pages(), 0);
	assert_false(swap_discard((unsigned)area.type));
	/* All but one of the second cluster: nothing; then all of it, which lies at two places. */
	for (unsigned slot = 257; slot < 512; slot++)
		give_up(page[slot]);
	assert_false(swap_discard((unsigned)area.type));
	give_up(page[256]);
	assert_true(swap_discard((unsigned)area.type));
	assert_false(swap_discard((unsigned)area.type));
	assert_int_equal(nr_forgotten(), 256);
	assert_int_equal(swap_free_pages(), 256);
	/* Taken again before the disk was told: nothing to tell; and free again. */
	for (unsigned i = 256; i < 258; i++) {
		page[i] = anon_page();
		assert_true(swap_cache_new(page[i]));
		if (i == 256)
			give_up(page[i]);
	}
	assert_false(swap_discard((unsigned)area.type));
	give_up(page[257]);
	assert_true(swap_discard((unsigned)area.type));
	assert_int_equal(nr_forgotten(), 256);
	/* Those of the header and of a bad page are never empty. What is left is told before the area goes. */
	for (unsigned slot = 1; slot < DISCARDING - 1; slot++)
		if (slot < 256 || slot >= 512)
			give_up(page[slot]);
	assert_false(swap_discard((unsigned)area.type));
	page[256] = anon_page();
	assert_true(swap_cache_new(page[256]));
	give_up(page[256]);
	swap_area_off(&area);
	assert_int_equal(nr_forgotten(), 256);
	assert_int_equal(mm_check(), 0);
}

/* ---- Out and in ---- */

static void out(struct mm_struct *mm, unsigned first, unsigned pages)
{
	assert_int_equal(do_madvise(mm, va_of(first), pages * PAGE_SIZE, MADV_PAGEOUT), 0);
}

static void expect_word(struct mm_struct *mm, unsigned n, u64 word)
{
	u64 value = ~word;

	assert_int_equal(load(mm, va_of(n), &value), 0);
	assert_int_equal(value, word);
}

/* What memory holds of an area without need: so that it is read when it is needed. */
static void drop_copies(const struct area *area)
{
	swp_entry_t entry = {0};

	while ((entry = swap_next_used((unsigned)area->type, swp_slot(entry))).v) {
		struct page *page = swap_cache_get(entry);

		if (!page)
			continue;
		assert_true(lru_isolate(page));
		(void)reclaim_pages(&page, 1, RECLAIM_FORCE | RECLAIM_SWAP);
	}
}

static unsigned long file_out(struct address_space *mapping)
{
	struct page *page[FILE_PAGES];
	u64 index = 0;
	unsigned n = find_get_pages(mapping, &index, FILE_PAGES - 1, FILE_PAGES, page);

	for (unsigned i = 0; i < n; i++) {
		if (!lru_isolate(page[i])) {
			lru_add_drain_all();
			assert_true(lru_isolate(page[i]));
		}
	}
	(void)reclaim_pages(page, n, RECLAIM_FORCE | RECLAIM_SWAP);
	return mapping->nrswapped;
}

static void put_word(struct address_space *mapping, u64 index, u64 word)
{
	struct page *page = grab_page(mapping, index, false);
	u64 *window;

	assert_false(IS_ERR(page));
	window = kmap_local_page(page);
	window[WORD] = word;
	kunmap_local(window);
	page_set(page, PG_uptodate);
	set_page_dirty(page);
	unlock_page(page);
	put_page(page);
}

static u64 get_word(struct address_space *mapping, u64 index)
{
	bool major;
	struct page *page = cache_get_page(mapping, index, &major);
	u64 *window, word;

	assert_false(IS_ERR(page));
	window = kmap_local_page(page);
	word = window[WORD];
	kunmap_local(window);
	put_page(page);
	return word;
}

static void truncate(struct address_space *mapping, u64 first)
{
	down_write(&mapping->invalidate_lock);
	cache_truncate(mapping, first, ~0ULL);
	up_write(&mapping->invalidate_lock);
}

static void pages_come_back(void **state)
{
	struct vma_stats stats = {0};
	struct mm_struct *mm;
	struct area area;

	up(1, 0);
	swap_area_on(&area, 64, 0, 0, NULL);
	mm = anon_mm(16);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(store(mm, va_of(i), i + 1), 0);
	out(mm, 0, 16);
	assert_int_equal(mm_counter(mm, MM_SWAPENTS), 16);
	drop_copies(&area);
	assert_int_equal(global_node_stat(NR_SWAPCACHE), 0);
	assert_int_equal(mm_rss(mm), 0);
	vma_stats(find_vma(mm, BASE), &stats);
	assert_int_equal(stats.swap, 16 * PAGE_SIZE);
	assert_int_equal(stats.swap_pss >> 12, 16 * PAGE_SIZE);
	assert_int_equal(used(&area), 16);
	assert_int_equal(mm_check(), 0);

	for (unsigned i = 0; i < 16; i++)
		expect_word(mm, i, i + 1);
	assert_int_equal(mm_counter(mm, MM_SWAPENTS), 0);
	assert_int_equal(mm_rss(mm), 16);
	assert_int_equal(store(mm, va_of(3), 33),
			 0); /* its copy on the disk is worth nothing now */
	assert_int_equal(used(&area), 15);
	assert_int_equal(mm_check(), 0);
	out(mm, 0, 16);
	expect_word(mm, 3, 33);
	expect_word(mm, 4, 5);
	put_mm(mm);
	assert_int_equal(in_use(), 0);
	assert_int_equal(used(&area), 0);
	swap_area_off(&area);
}

static void forked_pages_come_back_to_both(void **state)
{
	struct mm_struct *mm, *child;
	struct vma_stats stats = {0};
	struct area area;

	up(1, 0);
	swap_area_on(&area, 64, 0, 0, NULL);
	mm = anon_mm(8);
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(store(mm, va_of(i), i + 1), 0);
	out(mm, 0, 8);
	child = dup_mm(mm);
	assert_int_equal(mm_counter(child, MM_SWAPENTS), 8);
	vma_stats(find_vma(child, BASE), &stats);
	assert_int_equal(stats.swap_pss >> 12, 4 * PAGE_SIZE);
	assert_int_equal(mm_check(), 0);
	assert_int_equal(store(child, va_of(1), 100), 0);
	expect_word(mm, 1, 2);
	expect_word(child, 1, 100);
	expect_word(child, 2, 3);
	expect_word(mm, 2, 3);
	assert_int_equal(store(mm, va_of(2), 200), 0);
	expect_word(child, 2, 3);
	assert_int_equal(mm_check(), 0);
	put_mm(mm);
	expect_word(child, 5, 6);
	assert_int_equal(store(child, va_of(6), 7), 0);
	assert_int_equal(mm_check(), 0);
	put_mm(child);
	assert_int_equal(in_use(), 0);
	assert_int_equal(used(&area), 0);
	swap_area_off(&area);
}

/* mm_check() finds each name where it stands, and what is missing or too many. */
static void every_name_is_found(void **state)
{
	struct address_space *mapping = &files[1].mapping;
	struct mm_struct *mm, *child;
	swp_entry_t entry = {0};
	struct area area;

	up(1, 0);
	swap_area_on(&area, 64, 0, 0, NULL);
	mm = anon_mm(4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(store(mm, va_of(i), i + 1), 0);
	out(mm, 0, 4);
	child = dup_mm(mm);
	put_word(mapping, 3, 3);
	assert_int_equal(file_out(mapping), 1);
	while ((entry = swap_next_used((unsigned)area.type, swp_slot(entry))).v) {
		assert_int_equal(mm_check(), 0);
		swap_dup(entry); /* a leak */
		assert_int_equal(mm_check(), 1);
		swap_free(entry);
		swap_hold(entry); /* not one */
		assert_int_equal(mm_check(), 0);
		swap_unhold(entry);
		if (swap_refs(entry) > 1) { /* else it would be free, and its entry name nothing */
			swap_free(entry);
			assert_int_equal(mm_check(), 1);
			swap_dup(entry);
		}
	}
	put_mm(child);
	put_mm(mm);
	truncate(mapping, 0);
	assert_int_equal(in_use(), 0);
	assert_int_equal(used(&area), 0);
	swap_area_off(&area);
}

/* Who has pages goes while they are written: their slots are free when the disk is done. */
static void owner_goes_while_written(void **state)
{
	struct page *watched;
	struct mm_struct *mm;
	struct area area;

	up(1, 0);
	swap_area_on(&area, 64, 0, 0, NULL);
	area.slow = true;
	mm = anon_mm(4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(store(mm, va_of(i), i + 1), 0);
	out(mm, 0, 4);
	assert_int_equal(area.nr_written, 4);
	put_mm(mm);
	assert_int_equal(used(&area), 4);
	/* Somebody has found one of them, and only looks at it. */
	watched = area.written[1];
	get_page(watched);
	for (unsigned i = 0; i < 4; i++)
		swap_io_done(area.written[i], true, 0);
	assert_int_equal(used(&area), 0);
	put_page(watched);
	assert_int_equal(in_use(), 0);
	assert_int_equal(mm_check(), 0);
	swap_area_off(&area);
}

/* What cannot be read is nobody else's trouble; what cannot be written stays. */
static void errors_of_the_disk(void **state)
{
	struct mm_struct *mm;
	struct area area;
	u64 value;

	up(1, 0);
	swap_area_on(&area, 64, 0, 0, NULL);
	mm = anon_mm(4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(store(mm, va_of(i), i + 1), 0);
	area.fail_writes = 2;
	out(mm, 0, 4);
	for (unsigned i = 0; i < 4; i++)
		expect_word(mm, i, i + 1);
	assert_int_equal(mm_check(), 0);
	out(mm, 0, 4);
	drop_copies(&area);
	area.fail_reads = 2; /* a failed read is tried again */
	assert_int_equal(load(mm, va_of(0), &value) & FAULT_ERROR, FAULT_SIGBUS);
	expect_word(mm, 1, 2);
	assert_int_equal(mm_check(), 0);
	put_mm(mm);
	assert_int_equal(in_use(), 0);
	swap_area_off(&area);
}

/* ---- An area goes ---- */

static void all_comes_back(void **state)
{
	struct mm_struct *mm, *child;
	struct area area;

	up(1, 0);
	swap_area_on(&area, 64, 0, 0, NULL);
	mm = anon_mm(16);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(store(mm, va_of(i), i + 1), 0);
	out(mm, 0, 16);
	child = dup_mm(mm);
	drop_copies(&area);
	area.fail_reads = 2; /* for the first, and when it is tried again */
	swap_area_close((unsigned)area.type);
	assert_int_equal(swap_bring_back((unsigned)area.type), 0);
	assert_int_equal(used(&area), 0);
	swap_area_off_closed(&area);
	assert_int_equal(mm_check(), 0);
	/* What could not be read for one is lost for him; the other came later and was luckier. */
	assert_int_equal(touch(mm, va_of(0), SOFT_READ) & FAULT_ERROR, FAULT_SIGBUS);
	expect_word(child, 0, 1);
	for (unsigned i = 1; i < 16; i++) {
		expect_word(mm, i, i + 1);
		expect_word(child, i, i + 1);
	}
	assert_int_equal(mm_counter(child, MM_SWAPENTS), 0);
	assert_int_equal(mm_counter(mm, MM_SWAPENTS), 1); /* the mark */
	put_mm(child);
	put_mm(mm);
	assert_int_equal(in_use(), 0);
	assert_int_equal(mm_check(), 0);
}

/* ---- Read-ahead ---- */

static void neighbours_come_along(void **state)
{
	struct mm_struct *mm;
	struct area area;
	unsigned in_order, at_random;

	up(1, 0);
	swap_area_on(&area, 128, 0, 0, NULL);
	mm = anon_mm(64);
	for (unsigned i = 0; i < 64; i++)
		assert_int_equal(store(mm, va_of(i), i + 1), 0);
	area.runs = 0;
	out(mm, 0, 64);
	assert_in_range(area.runs, 2, 8); /* written by runs of up to 32, in two extents */
	drop_copies(&area);
	area.runs = 0;
	for (unsigned i = 0; i < 64; i++)
		expect_word(mm, i, i + 1);
	in_order = area.runs;
	assert_in_range(in_order, 8, 16);
	out(mm, 0, 64);
	drop_copies(&area);
	area.runs = 0;
	for (unsigned i = 0; i < 64; i++)
		expect_word(mm, i * 37 % 64, i * 37 % 64 + 1);
	at_random = area.runs;
	assert_true(at_random > in_order);
	assert_int_equal(mm_check(), 0);
	put_mm(mm);
	assert_int_equal(in_use(), 0);
	swap_area_off(&area);
}

/* ---- Shared memory ---- */

static void shared_memory(void **state)
{
	struct address_space *mapping = &files[1].mapping;
	struct area area;

	up(1, 0);
	swap_area_on(&area, 128, 0, 0, NULL);
	/* The single page of a file has no node in the tree. */
	put_word(mapping, 0, 1);
	assert_int_equal(file_out(mapping), 1);
	assert_int_equal(mapping->nrpages, 0);
	assert_int_equal(global_node_stat(NR_SHMEM), 0);
	assert_int_equal(mm_check(), 0);
	assert_int_equal(get_word(mapping, 0), 1);
	assert_int_equal(mapping->nrswapped, 0);

	for (u64 i = 0; i < FILE_PAGES; i++)
		put_word(mapping, i, i + 1);
	assert_int_equal(file_out(mapping), FILE_PAGES);
	assert_int_equal(used(&area), FILE_PAGES);
	assert_int_equal(cache_count_swapped(mapping, 10, 19), 10);
	put_word(mapping, 5, 500);
	for (u64 i = 0; i < FILE_PAGES; i += 3)
		assert_int_equal(get_word(mapping, i), i == 5 ? 500 : i + 1);
	assert_int_equal(cache_next_swapped(mapping, 3, FILE_PAGES - 1), 4);
	assert_int_equal(mm_check(), 0);
	truncate(mapping, 50);
	assert_int_equal(mapping->nrpages + mapping->nrswapped, 50);
	assert_int_equal(mm_check(), 0);
	/* The area goes. */
	assert_true(file_out(mapping) > 0);
	swap_area_close((unsigned)area.type);
	assert_int_equal(swap_bring_back((unsigned)area.type), 0);
	swap_area_off_closed(&area);
	assert_int_equal(mapping->nrpages, 50);
	for (u64 i = 0; i < 50; i++)
		assert_int_equal(get_word(mapping, i), i == 5 ? 500 : i + 1);
	truncate(mapping, 0);
	assert_int_equal(mm_check(), 0);
	assert_int_equal(in_use(), 0);
}

/* Faults map a file's pages without the page lock: who takes one out of memory may find it mapped again. */
static void shared_memory_mapped_again(void **state)
{
	struct address_space *mapping = &files[1].mapping;
	struct area area;
	struct page *page;
	bool major;

	up(1, 0);
	swap_area_on(&area, 128, 0, 0, NULL);
	put_word(mapping, 0, 1);
	page = cache_get_page(mapping, 0, &major);
	lock_page(page);
	get_page(page);
	page_add_file_rmap(page);
	assert_false(cache_to_swap(mapping, page));
	assert_int_equal(mapping->nrswapped, 0);
	page_remove_rmap(page);
	put_page(page);
	assert_true(cache_to_swap(mapping, page));
	assert_int_equal(mapping->nrswapped, 1);
	page_set(page, PG_dirty);
	unlock_page(page);
	put_page(page);
	assert_int_equal(get_word(mapping, 0), 1);
	truncate(mapping, 0);
	swap_area_off(&area);
	assert_int_equal(mm_check(), 0);
	assert_int_equal(in_use(), 0);
}

/* What cannot be read is an error for who wants it, and truncation does not need it. */
static void shared_memory_lost(void **state)
{
	struct address_space *mapping = &files[1].mapping;
	struct area area;
	bool major;

	up(1, 0);
	swap_area_on(&area, 128, 0, 0, NULL);
	for (u64 i = 0; i < 8; i++)
		put_word(mapping, i, i + 1);
	assert_int_equal(file_out(mapping), 8);
	drop_copies(&area);
	area.fail_reads = 2;
	assert_int_equal(PTR_ERR(cache_get_page(mapping, 3, &major)), -EIO);
	assert_int_equal(get_word(mapping, 3), 4); /* the disk has come to itself */
	assert_int_equal(file_out(mapping), 8);
	drop_copies(&area);
	area.fail_reads = 2;
	swap_area_close((unsigned)area.type);
	assert_int_equal(swap_bring_back((unsigned)area.type), 0);
	swap_area_off_closed(&area);
	assert_int_equal(mapping->nrswapped, 1);
	assert_int_equal(PTR_ERR(cache_get_page(mapping, 0, &major)), -EIO);
	assert_int_equal(get_word(mapping, 1), 2);
	truncate(mapping, 0);
	assert_int_equal(mapping->nrswapped, 0);
	assert_int_equal(mm_check(), 0);
	assert_int_equal(in_use(), 0);
}

/* ---- At random, against a model ---- */

#define SPACES 5
#define PAGES  24

static void random_lives(u64 seed, unsigned steps)
{
	struct random random = {seed};
	struct mm_struct *mm[SPACES] = {0};
	u64 model[SPACES][PAGES] = {0};
	struct area area[2];

	swap_area_on(&area[0], 40, 1, 1, (const u32[]){9});
	swap_area_on(&area[1], 60, 1, 0, NULL);
	for (unsigned step = 1; step <= steps; step++) {
		const unsigned who = random_below(&random, SPACES),
			       n = random_below(&random, PAGES);

		if (!mm[who]) {
			const unsigned from = random_below(&random, SPACES);

			if (mm[from]) {
				mm[who] = dup_mm(mm[from]);
				memcpy(model[who], model[from], sizeof(model[who]));
			} else {
				mm[who] = anon_mm(PAGES);
				memset(model[who], 0, sizeof(model[who]));
			}
			continue;
		}
		switch (random_below(&random, 16)) {
		case 0:
			put_mm(mm[who]);
			mm[who] = NULL;
			break;
		case 1:
			assert_int_equal(do_madvise(mm[who], va_of(n), PAGE_SIZE, MADV_DONTNEED),
					 0);
			model[who][n] = 0;
			break;
		case 2: drop_copies(&area[step & 1]); break;
		case 3:
		case 4:
		case 5:
		case 6:
		case 7: out(mm[who], n, 1 + random_below(&random, PAGES - n)); break;
		case 8:
		case 9:
		case 10:
			assert_int_equal(store(mm[who], va_of(n), step), 0);
			model[who][n] = step;
			break;
		default: expect_word(mm[who], n, model[who][n]);
		}
		if (mm_check())
			fail_msg("step %u", step);
	}
	for (unsigned who = 0; who < SPACES; who++)
		if (mm[who]) {
			for (unsigned n = 0; n < PAGES; n++)
				expect_word(mm[who], n, model[who][n]);
			put_mm(mm[who]);
		}
	assert_int_equal(in_use(), 0);
	assert_int_equal(used(&area[0]) + used(&area[1]), 0);
	swap_area_off(&area[0]);
	swap_area_off(&area[1]);
}

static void at_random(void **state)
{
	up(1, 0);
	random_lives(test_seed(), 1500);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(headers_are_checked),
	cmocka_unit_test(areas_by_priority),
	cmocka_unit_test(pages_come_back),
	cmocka_unit_test(forked_pages_come_back_to_both),
	cmocka_unit_test(free_clusters_are_discarded),
	cmocka_unit_test(every_name_is_found),
	cmocka_unit_test(owner_goes_while_written),
	cmocka_unit_test(errors_of_the_disk),
	cmocka_unit_test(all_comes_back),
	cmocka_unit_test(neighbours_come_along),
	cmocka_unit_test(shared_memory),
	cmocka_unit_test(shared_memory_mapped_again),
	cmocka_unit_test(shared_memory_lost),
	cmocka_unit_test(at_random),
};
HOST_TESTS(tests)
