/*
 * From the map of RAM to zones: early memory, spans and holes, watermarks and
 * reserves (compared with Linux's figures for the same machine), nodes and the
 * order in which they are asked.
 */
#include "harness.h"
#include <stdio.h>
#include <string.h>
#include "lib/assert.h"
#include "lib/printk.h"
#include "machine/soft.h"
#include "mm/frame/frame.h"

#define MIB (1UL << 20)

/* QEMU's PC with -m 512: as Linux's zoneinfo was taken on. */
static const struct soft_config pc_512 = {
	.ram = {{0x1000, 0x9e000, 0}, {0x100000, 0x1fee0000, 0}},
};

/* Two nodes of 32 MiB above a node of 24 with the low memory, a hole between them; 2 and 1 near. */
static const struct soft_config three_nodes = {
	.cpus = 3,
	.ram = {{0x1000, 0x9e000, 0},
		{1 * MIB, 23 * MIB, 0},
		{64 * MIB, 32 * MIB, 1},
		{128 * MIB, 32 * MIB, 2}},
	.distance = {{10, 30, 20}, {30, 10, 15}, {20, 15, 10}},
	.cpu_node = {0, 1, 2},
};

static struct console to_stderr;

static void write_stderr(struct console *console, const char *text, size_t bytes)
{
	fwrite(text, 1, bytes, stderr);
}

static void check(void)
{
	unsigned violations = frame_check();

	if (violations) {
		to_stderr.write = write_stderr;
		register_console(&to_stderr);
	}
	assert_int_equal(violations, 0);
}

static struct zone *zone_of(int nid, enum zone_type type)
{
	return &node_data[nid]->zone[type];
}

static void early_memory(void **state)
{
	phys_addr_t start;
	const char *what;
	u64 bytes;

	soft_machine_init(&pc_512);
	early_reserve(PHYS(0x100000), 0x200000, "Kernel");
	early_reserve(PHYS(0x1000000), 0x3000, "initrd");

	/* Above 16 MiB, behind what is reserved, aligned and zeroed. */
	char *a = early_alloc(100, 64, 0);
	assert_int_equal(virt_to_phys(a).v, 0x1003000);
	char *b = early_alloc(0x2000, 0x2000, -1);
	assert_int_equal(virt_to_phys(b).v, 0x1004000);
	for (unsigned i = 0; i < 0x2000; i++)
		assert_int_equal(b[i], 0);
	/* Into the gap that alignment left. */
	assert_int_equal(virt_to_phys(early_alloc(64, 64, 0)).v, 0x1003080);
	/* Below a limit: the low memory is taken only then. */
	assert_int_equal(virt_to_phys(early_alloc_below(0x1000, 0x1000, PHYS(0x100000))).v, 0x1000);
	assert_int_equal(virt_to_phys(early_alloc_below(0x1000, 0x1000, PHYS(0x400000))).v, 0x2000);
	assert_int_equal(virt_to_phys(early_alloc_below(0x100000, 0x1000, PHYS(0x1000000))).v,
			 0x300000);

	/* In order of address, disjoint, neighbours of one name joined. */
	u64 end = 0;
	unsigned n = 0;
	for (; early_reservation(n, &start, &bytes, &what); n++) {
		assert_true(start.v >= end);
		end = start.v + bytes;
	}
	assert_true(early_reservation(0, &start, &bytes, &what));
	assert_int_equal(start.v, 0x1000);
	assert_int_equal(bytes, 0x2000);
	assert_int_equal(n, 6);

	/* Overlapping reservations: what was there keeps its name, the rest is added. */
	early_reserve(PHYS(0x80000), 0x90000, "firmware");
	early_reserve(PHYS(0x2f0000), 0x120000, "late");
	for (n = 0, end = 0; early_reservation(n, &start, &bytes, &what); n++) {
		assert_true(start.v >= end);
		end = start.v + bytes;
		if (strcmp(what, "firmware") == 0)
			assert_int_equal(end, 0x110000 - 0x10000);
		if (strcmp(what, "late") == 0)
			assert_int_equal(end, 0x410000);
	}
}

static void *too_much(void *arg)
{
	return early_alloc(600 * MIB, 1, 0);
}

static void ask_for_too_much(void *arg)
{
	too_much(arg);
}

static void no_early_memory_is_a_panic(void **state)
{
	soft_machine_init(&pc_512);
	const char *panic = soft_panic_of(ask_for_too_much, NULL);

	assert_non_null(panic);
	assert_non_null(strstr(panic, "early memory"));
}

static void marks_are_linux(void **state)
{
	const u64 pad = 80 * MIB;
	const unsigned long managed = 112756;

	soft_machine_init(&pc_512);
	early_reserve(PHYS(0x1000), 0x9e000, "low");
	early_reserve(PHYS(0x1fee0000 + 0x100000 - pad), pad, "pad");
	frame_init();

	struct zone *dma = zone_of(0, ZONE_DMA), *dma32 = zone_of(0, ZONE_DMA32);

	/* Give so much back that the zone has as many pages as Linux's. */
	free_reserved_range(PHYS(0x1fee0000 + 0x100000 - pad),
			    (managed - dma32->managed_pages) * PAGE_SIZE);
	assert_int_equal(dma->start_pfn, 1);
	assert_int_equal(dma->spanned_pages, 4095);
	assert_int_equal(dma->present_pages, 3998);
	assert_int_equal(dma->managed_pages, 3840);
	assert_int_equal(dma32->start_pfn, 4096);
	assert_int_equal(dma32->spanned_pages, 126944);
	assert_int_equal(dma32->managed_pages, 112756);

	/* 4 * sqrt(466384 KiB) */
	assert_int_equal(min_free_kbytes, 2731);
	assert_int_equal(set_min_free_kbytes(2701), 0);
	assert_int_equal(dma->watermark[WMARK_MIN], 22);
	assert_int_equal(dma->watermark[WMARK_LOW], 27);
	assert_int_equal(dma->watermark[WMARK_HIGH], 32);
	assert_int_equal(dma32->watermark[WMARK_MIN], 652);
	assert_int_equal(dma32->watermark[WMARK_LOW], 815);
	assert_int_equal(dma32->watermark[WMARK_HIGH], 978);
	assert_int_equal(dma->lowmem_reserve[ZONE_DMA], 0);
	assert_int_equal(dma->lowmem_reserve[ZONE_DMA32], 440);
	assert_int_equal(dma->lowmem_reserve[ZONE_NORMAL], 440);
	assert_int_equal(dma->lowmem_reserve[ZONE_MOVABLE], 440);
	assert_int_equal(dma32->lowmem_reserve[ZONE_NORMAL], 0);
	assert_int_equal(dma32->pcp[0]->batch, 31);
	assert_int_equal(dma->pcp[0]->batch, 1);
	assert_int_equal(totalram_pages(), 3840 + 112756);
	assert_int_equal(totalreserve_pages, 440 + 32 + 978);
	assert_int_equal(nr_free_buffer_pages(), 3840 - 32 + 112756 - 978);

	/* Set by hand it stays, whatever memory comes back; senseless values are refused. */
	assert_int_equal(set_min_free_kbytes(1UL << 40), -EINVAL);
	free_reserved_range(PHYS(0x1000), 0x1000);
	assert_int_equal(min_free_kbytes, 2701);
	lowmem_reserve_ratio[ZONE_DMA] = 32;
	setup_zone_marks();
	assert_int_equal(dma->lowmem_reserve[ZONE_DMA32], 112756 / 32);
	watermark_scale_factor = 1000;
	setup_zone_marks();
	assert_int_equal(dma32->watermark[WMARK_LOW] - dma32->watermark[WMARK_MIN], 11275);
	check();
}

static void linux_small_and_large(void **state)
{
	static const struct soft_config small = {.ram = {{0, 4 * MIB, 0}}};

	soft_machine_init(&small);
	frame_init();
	/* sqrt(4 MiB) * 4 is 256 KiB less a little; never less than 128. */
	assert_in_range(min_free_kbytes, 250, 256);
	assert_int_equal(zone_of(0, ZONE_DMA32)->present_pages, 0);
	assert_ptr_equal(node_data[0]->zonelist[ZONE_NORMAL].zone[0], zone_of(0, ZONE_DMA));
	assert_null(node_data[0]->zonelist[ZONE_NORMAL].zone[1]);
	struct page *page = alloc_page(GFP_HIGHUSER_MOVABLE);
	assert_non_null(page);
	__free_page(page);
	check();
	/* Little enough of it goes to the allocator itself. */
	assert_true(totalram_pages() >= 1023 - 20);
}

static void zones_with_holes(void **state)
{
	/* A hole in the middle of a zone, edges that are aligned to nothing. */
	static const struct soft_config config = {
		.ram = {{0x3000, 0x9a000, 0},
			{0x100000, 0x123000, 0},
			{20 * MIB + 0x5000, 3 * MIB, 0},
			{70 * MIB - 0x7000, 9 * MIB, 0}},
	};
	const unsigned long present = 0x9a + 0x123 + 3 * 256 + 9 * 256;
	unsigned n = 0, taken[4] = {0};
	struct page *page;

	soft_machine_init(&config);
	frame_init();
	check();
	assert_true(frames_present(0x100, 0x123));
	assert_false(frames_present(0x100, 0x124));
	assert_false(frames_present(0xff, 1));
	assert_true(any_frame_present(0x90, 0x100));
	assert_false(any_frame_present(0x9d, 0x63));
	assert_int_equal(zone_of(0, ZONE_DMA)->present_pages, 0x9a + 0x123);
	assert_int_equal(zone_of(0, ZONE_DMA)->start_pfn, 3);
	assert_int_equal(zone_of(0, ZONE_DMA)->spanned_pages, 0x223 - 3);
	assert_int_equal(zone_of(0, ZONE_DMA32)->spanned_pages,
			 70 * 256 - 7 + 9 * 256 - (20 * 256 + 5));
	assert_int_equal(node_data[0]->present_pages, present);

	while ((page = alloc_page(GFP_NOWAIT | __GFP_MEMALLOC | __GFP_NOWARN)) != NULL) {
		pfn_t pfn = page_to_pfn(page);

		assert_true(frames_present(pfn, 1));
		taken[pfn < 0x100 ? 0 : pfn < 0x223 ? 1 : pfn < 24 * 256 ? 2 : 3]++;
		memset(page_address(page), 0x55, PAGE_SIZE);
		page->index = n++;
	}
	assert_int_equal(n, totalram_pages());
	assert_true(taken[0] && taken[1] && taken[2] && taken[3]);
	check();
}

static void nodes_by_distance(void **state)
{
	static const int order[3][3] = {{0, 2, 1}, {1, 2, 0}, {2, 1, 0}};

	soft_machine_init(&three_nodes);
	frame_init();
	for (int nid = 0; nid < 3; nid++) {
		struct zone **list = node_data[nid]->zonelist[ZONE_NORMAL].zone;

		for (unsigned i = 0; i < 3; i++) {
			assert_ptr_equal(*list++, zone_of(order[nid][i], ZONE_DMA32));
			if (order[nid][i] == 0)
				assert_ptr_equal(*list++, zone_of(0, ZONE_DMA));
		}
		assert_null(*list);
	}
	assert_ptr_equal(node_data[1]->zonelist[ZONE_DMA].zone[0], zone_of(0, ZONE_DMA));
	assert_null(node_data[1]->zonelist_thisnode[ZONE_DMA].zone[0]);

	/* Each node's tables are its own. */
	for (int nid = 0; nid < 3; nid++) {
		assert_int_equal(page_to_nid(virt_to_page(node_data[nid])), nid);
		assert_int_equal(
			page_to_nid(virt_to_page(zone_of(nid, ZONE_DMA32)->pageblock_type)), nid);
	}
	check();
}

static unsigned take_all(int nid, gfp_t gfp, unsigned *by_node)
{
	struct page *page;
	unsigned n = 0;

	while ((page = alloc_pages_node(nid, gfp | __GFP_NOWARN, 0)) != NULL) {
		by_node[page_to_nid(page)]++;
		n++;
	}
	return n;
}

static void nodes_fall_back(void **state)
{
	unsigned by_node[3] = {0};
	unsigned long free[3];

	soft_machine_init(&three_nodes);
	frame_init();
	for (int nid = 0; nid < 3; nid++)
		free[nid] = zone_of(nid, ZONE_DMA32)->free_pages;

	/* From node 1 alone: down to its mark, and no further. */
	take_all(1, GFP_NOWAIT | __GFP_THISNODE, by_node);
	assert_int_equal(by_node[0] + by_node[2], 0);
	assert_in_range(by_node[1], free[1] - zone_of(1, ZONE_DMA32)->watermark[WMARK_LOW] - 1,
			free[1] - zone_of(1, ZONE_DMA32)->watermark[WMARK_MIN]);
	assert_null(alloc_pages_node(1, GFP_NOWAIT | __GFP_THISNODE | __GFP_NOWARN, 0));

	/* The next one wanted there comes from node 2, the nearest. */
	struct page *page = alloc_pages_node(1, GFP_NOWAIT, 0);
	assert_int_equal(page_to_nid(page), 2);
	assert_int_equal(zone_numa_stat(zone_of(2, ZONE_DMA32), NUMA_MISS), 1);
	assert_int_equal(zone_numa_stat(zone_of(1, ZONE_DMA32), NUMA_FOREIGN), 1);
	assert_int_equal(zone_numa_stat(zone_of(1, ZONE_DMA32), NUMA_HIT), by_node[1]);
	assert_int_equal(zone_numa_stat(zone_of(1, ZONE_DMA32), NUMA_OTHER), by_node[1]);
	assert_int_equal(zone_numa_stat(zone_of(2, ZONE_DMA32), NUMA_LOCAL), 0);

	/* And after that from node 0. */
	unsigned before = by_node[1];
	take_all(1, GFP_NOWAIT, by_node);
	assert_int_equal(by_node[1] - before, 0);
	assert_true(by_node[2] > 7000 && by_node[0] > 1000);
	check();

	/* A request that was given no node: this CPU's. */
	soft_move_to_cpu(0);
	page = alloc_page(GFP_ATOMIC);
	assert_int_equal(page_to_nid(page), 0);
}

static void a_node_without_memory(void **state)
{
	static const struct soft_config config = {
		.cpus = 2,
		.ram = {{0, 32 * MIB, 0}, {64 * MIB, 32 * MIB, 1}},
		.nodes = 3,
		.distance = {{10, 20, 30}, {20, 10, 15}, {30, 15, 10}},
		.cpu_node = {2, 0},
	};

	soft_machine_init(&config);
	frame_init();
	assert_int_equal(nr_nodes, 3);
	assert_int_equal(node_data[2]->present_pages, 0);
	struct page *page = alloc_page(GFP_KERNEL);
	assert_int_equal(page_to_nid(page), 1);
	__free_page(page);
	assert_null(alloc_pages_node(2, GFP_NOWAIT | __GFP_THISNODE | __GFP_NOWARN, 0));
	check();
}

static void reserved_memory_comes_back(void **state)
{
	soft_machine_init(&pc_512);
	early_reserve(PHYS(64 * MIB + 0x800), 8 * MIB - 0x1000, "initrd");
	frame_init();

	unsigned long managed = totalram_pages(), free = nr_free_pages();
	unsigned long min_free = min_free_kbytes;
	struct page *page = pfn_to_page(64 * MIB >> PAGE_SHIFT);

	assert_true(page_test(page, PG_reserved));
	assert_int_equal(page_ref_count(page), 1);
	/* Whole pages only; the first and the last share theirs with others. */
	free_reserved_range(PHYS(64 * MIB + 0x800), 8 * MIB - 0x1000);
	assert_int_equal(totalram_pages(), managed + 2048 - 2);
	assert_int_equal(nr_free_pages(), free + 2048 - 2);
	assert_true(page_test(page, PG_reserved));
	assert_false(page_test(page + 1, PG_reserved));
	assert_true(min_free_kbytes > min_free);

	phys_addr_t start;
	const char *what;
	u64 bytes, left = 0;
	for (unsigned n = 0; early_reservation(n, &start, &bytes, &what); n++)
		if (strcmp(what, "initrd") == 0)
			left += bytes;
	assert_int_equal(left, 0x1000);
	check();
}

/* What the log holds, without time stamps. */
static const char *log_text(void)
{
	static char text[100000];
	u64 seq = log_first_seq();
	size_t bytes = 0, n;

	while ((n = log_read(&seq, text + bytes, sizeof(text) - bytes - 1)) > 0)
		bytes += n;
	text[bytes] = '\0';
	return text;
}

static void boot_messages(void **state)
{
	soft_machine_init(&pc_512);
	frame_init();

	const char *log = log_text();

	assert_non_null(strstr(log, "Zone ranges:"));
	assert_non_null(strstr(log, "  DMA      [mem 0x0000000000001000-0x0000000000ffffff]"));
	assert_non_null(strstr(log, "  DMA32    [mem 0x0000000001000000-0x000000001ffdffff]"));
	assert_non_null(strstr(log, "  Normal   empty"));
	assert_non_null(strstr(log, "Early memory node ranges"));
	assert_non_null(strstr(log, "  node   0: [mem 0x0000000000001000-0x000000000009efff]"));
	assert_non_null(strstr(log, "  node   0: [mem 0x0000000000100000-0x000000001ffdffff]"));
	assert_non_null(strstr(log, "K/523768K available ("));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(early_memory),
	cmocka_unit_test(no_early_memory_is_a_panic),
	cmocka_unit_test(marks_are_linux),
	cmocka_unit_test(linux_small_and_large),
	cmocka_unit_test(zones_with_holes),
	cmocka_unit_test(nodes_by_distance),
	cmocka_unit_test(nodes_fall_back),
	cmocka_unit_test(a_node_without_memory),
	cmocka_unit_test(reserved_memory_comes_back),
	cmocka_unit_test(boot_messages),
};

HOST_TESTS(tests)
