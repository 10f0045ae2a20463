// geometries: 2level pae
/*
 * HIGHMEM (S20, S21, S23): frames above the line exist, are given out to those who can use them,
 * and can be touched through a window only.
 */
#include "floors.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB(n) ((u64)(n) << 20)

/* i386 as in the books: 16 MiB, up to 896 MiB, above. */
static void boot(unsigned cpus, u64 schedule_seed)
{
	soft_machine_init(&(struct soft_config){
		.cpus = cpus,
		.schedule_seed = schedule_seed,
		.ram = {{0, MIB(24), 0}, {MIB(880), MIB(40), 0}},
	});
	floors_start(cpus);
}

static struct zone *zone_of(enum zone_type type)
{
	return &node_data[0]->zone[type];
}

static void zones_of_a_pc(void **state)
{
	boot(1, 0);
	assert_int_equal(zone_of(ZONE_DMA)->present_pages, 4095); /* frame 0 is nobody's */
	assert_int_equal(zone_of(ZONE_DMA32)->present_pages, 0);
	assert_int_equal(zone_of(ZONE_NORMAL)->start_pfn, 4096);
	assert_int_equal(zone_of(ZONE_NORMAL)->present_pages, MIB(24) >> PAGE_SHIFT);
	assert_int_equal(zone_of(ZONE_HIGHMEM)->start_pfn, 229376);
	assert_int_equal(zone_of(ZONE_HIGHMEM)->present_pages, MIB(24) >> PAGE_SHIFT);
	/* The kernel's own tables are where it can see them. */
	assert_int_equal(zone_of(ZONE_HIGHMEM)->managed_pages,
			 zone_of(ZONE_HIGHMEM)->present_pages);
	assert_sound();
}

static void the_line_is_where_it_is_drawn(void **state)
{
	soft_machine_init(&(struct soft_config){.high_start = MIB(32),
						.ram = {{0, MIB(48), 0}, {MIB(512), MIB(16), 0}}});
	frame_init();
	assert_int_equal(zone_of(ZONE_NORMAL)->present_pages, MIB(16) >> PAGE_SHIFT);
	assert_int_equal(zone_of(ZONE_HIGHMEM)->start_pfn, MIB(32) >> PAGE_SHIFT);
	assert_int_equal(zone_of(ZONE_HIGHMEM)->present_pages, MIB(32) >> PAGE_SHIFT);
	assert_int_equal(zone_of(ZONE_HIGHMEM)->spanned_pages, MIB(496) >> PAGE_SHIFT);
}

/* A program's page comes from the highest zone, the kernel's from below the line, DMA from DMA. */
static void who_gets_what(void **state)
{
	const struct {
		gfp_t gfp;
		enum zone_type zone;
	} request[] = {{GFP_HIGHUSER_MOVABLE, ZONE_HIGHMEM},
		       {GFP_HIGHUSER, ZONE_HIGHMEM},
		       {GFP_KERNEL, ZONE_NORMAL},
		       {GFP_KERNEL | GFP_DMA, ZONE_DMA}};

	boot(1, 0);
	for (unsigned i = 0; i < ARRAY_SIZE(request); i++) {
		struct page *page = alloc_page(request[i].gfp);

		assert_int_equal(page_zone_id(page), request[i].zone);
		__free_page(page);
	}
	assert_sound();
}

/* S21: one text has NORMAL before HIGHMEM; the order can be set. */
static void normal_first_if_asked(void **state)
{
	struct page *page;

	zonelist_normal_first = true;
	boot(1, 0);
	page = alloc_page(GFP_HIGHUSER);
	assert_int_equal(page_zone_id(page), ZONE_NORMAL);
	__free_page(page);
}

/* When HIGHMEM is full a program's page comes from below, and DMA keeps its reserve. */
static void high_requests_fall_back(void **state)
{
	unsigned long n = 0, below = 0;
	struct page *page;

	boot(1, 0);
	struct page **all = calloc(totalram_pages(), sizeof(*all));

	while ((page = alloc_page(GFP_HIGHUSER | __GFP_NOWARN | __GFP_NORETRY)) != NULL) {
		all[n++] = page;
		below += page_zone_id(page) == ZONE_NORMAL;
	}
	assert_true(below > 0);
	assert_true(zone_stat(zone_of(ZONE_HIGHMEM), NR_FREE_PAGES) <
		    zone_of(ZONE_HIGHMEM)->watermark[WMARK_LOW]);
	/* The kernel gets what a program may not take. */
	page = alloc_page(GFP_KERNEL | GFP_DMA);
	assert_non_null(page);
	__free_page(page);
	while (n > 0)
		__free_page(all[--n]);
	free(all);
	assert_sound();
}

/* The process dies of it (or its sanitizer says so). */
static void assert_traps(volatile char *address)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(0);
		*address;
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void windows_alone_show_it(void **state)
{
	struct page *page, *low;
	char *window, *second;

	boot(1, 0);
	page = alloc_page(GFP_HIGHUSER | __GFP_ZERO);
	assert_traps(page_address(page));

	window = kmap_local_page(page);
	for (unsigned i = 0; i < PAGE_SIZE; i++)
		assert_int_equal(window[i], 0);
	strcpy(window, "seen");
	second = kmap_local_page(page);
	assert_ptr_not_equal(window, second);
	assert_string_equal(second, "seen");
	kunmap_local(second);
	assert_traps(second);
	kunmap_local(window + 100); /* any address inside will do */
	assert_traps(window);

	low = alloc_page(GFP_KERNEL);
	copy_highpage(low, page);
	assert_string_equal(page_address(low), "seen");
	assert_ptr_equal(kmap_local_page(low), page_address(low));
	__free_page(low);
	__free_page(page);
	assert_sound();
}

/* vmalloc is where the kernel can use HIGHMEM as it is. */
static void vmalloc_takes_high_frames(void **state)
{
	char *area;

	boot(1, 0);
	area = vmalloc(10 * PAGE_SIZE);
	assert_non_null(area);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(page_zone_id(vmalloc_to_page(area + i * PAGE_SIZE)), ZONE_HIGHMEM);
		area[i * PAGE_SIZE] = (char)i;
	}
	vfree(area);
	assert_sound();
}

/* S10, S23: 64 GiB with PAE; without it as far as 32 bits go. */
static void ram_up_to_the_top(void **state)
{
	const u64 top = sizeof(pte_t) > 4 ? 64ULL << 30 : (4ULL << 30) - MIB(1);
	struct page *page;
	u64 *window;

	soft_machine_init(
		&(struct soft_config){.ram = {{0, MIB(24), 0}, {top - MIB(16), MIB(16), 0}}});
	frame_init();
	page = alloc_page(GFP_HIGHUSER | __GFP_ZERO);
	assert_true((u64)page_to_pfn(page) << PAGE_SHIFT >= top - MIB(16));
	assert_int_equal(pte_pfn(mk_pte(page_to_pfn(page), user_pgprot(true, true, false))),
			 page_to_pfn(page));
	window = kmap_local_page(page);
	window[PAGE_SIZE / sizeof(*window) - 1] = 1;
	kunmap_local(window);
	__free_page(page);
	assert_sound();
}

static void too_many_windows(void *arg)
{
	for (unsigned i = 0; i < 1000; i++)
		(void)kmap_local_page(arg);
}

static void windows_end(void **state)
{
	boot(1, 0);
	assert_non_null(soft_panic_of(too_many_windows, alloc_page(GFP_HIGHUSER)));
}

/* Threads write to pages of their own through windows, and sleep with windows open. */
static int scribble(void *arg)
{
	struct random random = {test_seed() + (unsigned long)arg};
	struct page *page[16] = {NULL};
	u64 value[16] = {0};

	for (int i = 0; i < 2000; i++) {
		unsigned n = random_below(&random, ARRAY_SIZE(page));
		u64 *window;

		if (!page[n]) {
			page[n] = alloc_page(GFP_HIGHUSER | __GFP_ZERO);
			BUG_ON(!page[n]);
			value[n] = 0;
		}
		window = kmap(page[n]);
		BUG_ON(window[7] != value[n]);
		cond_resched();
		window[7] = value[n] = random_u64(&random);
		kunmap(window);
		if (random_below(&random, 8) == 0) {
			__free_page(page[n]);
			page[n] = NULL;
		}
	}
	for (unsigned n = 0; n < ARRAY_SIZE(page); n++)
		if (page[n])
			__free_page(page[n]);
	return 0;
}

static void windows_on(unsigned cpus, u64 schedule_seed)
{
	struct task_struct *task[6];

	boot(cpus, schedule_seed);
	for (unsigned long i = 0; i < ARRAY_SIZE(task); i++)
		task[i] = kthread_run(scribble, (void *)i, "scribble");
	for (unsigned i = 0; i < ARRAY_SIZE(task); i++)
		soft_join(task[i]);
	assert_sound();
}

static void windows_in_parallel(void **state)
{
	windows_on(4, 0);
}

static void windows_in_turn(void **state)
{
	windows_on(3, test_seed());
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(zones_of_a_pc),
	cmocka_unit_test(the_line_is_where_it_is_drawn),
	cmocka_unit_test(who_gets_what),
	cmocka_unit_test(normal_first_if_asked),
	cmocka_unit_test(high_requests_fall_back),
	cmocka_unit_test(windows_alone_show_it),
	cmocka_unit_test(vmalloc_takes_high_frames),
	cmocka_unit_test(ram_up_to_the_top),
	cmocka_unit_test(windows_end),
	cmocka_unit_test(windows_in_parallel),
	cmocka_unit_test(windows_in_turn),
};
HOST_TESTS(tests)
