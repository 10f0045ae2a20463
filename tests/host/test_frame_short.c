/*
 * Frames when memory is short: what is tried before a request fails, and what the reports say.
 */
#include "frames.h"

static unsigned woken, reclaims, ooms, shrinks;
static unsigned long reclaim_gives; /* pages that the next reclaims free, one each */
static unsigned oom_after;          /* the OOM killer finds a victim this many times */

static void count_wake(struct zone *zone, unsigned order)
{
	woken++;
}

static unsigned long give_one(void)
{
	struct page *page = chain[0];

	chain[0] = pfn_to_page(page->index);
	__free_page(page);
	return 1;
}

static unsigned long count_reclaim(const struct zonelist *zonelist, unsigned order, gfp_t gfp)
{
	reclaims++;
	assert_ptr_equal(zonelist->zone[0], zone_of(ZONE_DMA32));
	return reclaim_gives ? reclaim_gives--, give_one() : 0;
}

static bool count_oom(gfp_t gfp, unsigned order)
{
	ooms++;
	if (oom_after && ooms == oom_after) {
		for (unsigned i = 0; i < 2000; i++)
			give_one();
		return true;
	}
	return ooms < oom_after;
}

static unsigned long count_shrink(gfp_t gfp)
{
	shrinks++;
	return 0;
}

static void register_reclaim(void)
{
	frame_ops.wake_kswapd = count_wake;
	frame_ops.direct_reclaim = count_reclaim;
	frame_ops.out_of_memory = count_oom;
	frame_ops.shrink = count_shrink;
	woken = reclaims = ooms = shrinks = 0;
}

static void kswapd_wakes_below_low(void **state)
{
	boot();
	register_reclaim();
	struct zone *zone = zone_of(ZONE_DMA32);

	while (!woken)
		assert_non_null(alloc_page(QUIET | __GFP_THISNODE));
	/* The DMA zone is asked before kswapd; both are at their low marks now. */
	assert_in_range(zone->free_pages, zone->watermark[WMARK_LOW] - 1,
			zone->watermark[WMARK_LOW]);
	assert_int_equal(reclaims, 0);
	/* Without the flag nobody is woken. */
	woken = 0;
	take_all(__GFP_NOWARN, 0);
	assert_int_equal(woken, 0);
}

static void reclaim_then_oom_then_failure(void **state)
{
	boot();
	take_all(QUIET, 0);
	register_reclaim();

	/* May not sleep: fails at once. */
	assert_null(alloc_page(QUIET));
	assert_int_equal(reclaims + ooms, 0);
	/* May sleep: what reclaim gives serves it. */
	reclaim_gives = 1;
	assert_non_null(alloc_page(GFP_KERNEL));
	assert_int_equal(reclaims, 1);
	assert_int_equal(ooms, 0);
	/* Reclaim gives nothing: the caches are shrunk, then the OOM killer is asked. */
	register_reclaim();
	assert_null(alloc_page(GFP_KERNEL | __GFP_NOWARN));
	assert_int_equal(ooms, 1);
	assert_int_equal(shrinks, 1);
	/* It finds somebody: served, at the second try. */
	register_reclaim();
	oom_after = 2;
	struct page *page = alloc_page(GFP_KERNEL);
	assert_non_null(page);
	assert_int_equal(ooms, 2);
	oom_after = 0;
	take_all(QUIET, 0);
	/* __GFP_NORETRY: one reclaim, no killing. RETRY_MAYFAIL: no killing. */
	register_reclaim();
	assert_null(alloc_page(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN));
	assert_null(alloc_page(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN));
	assert_int_equal(ooms, 0);
	assert_int_equal(reclaims, 2);
	/* Order 4 and more: nobody is killed for it. Order 3: yes. */
	assert_null(alloc_pages(GFP_KERNEL | __GFP_NOWARN, 4));
	assert_null(alloc_pages(GFP_KERNEL | __GFP_NOWARN, 10));
	assert_int_equal(ooms, 0);
	assert_null(alloc_pages(GFP_KERNEL | __GFP_NOWARN, 3));
	assert_int_equal(ooms, 1);
	/* While reclaim makes progress that others take away, it ends all the same. */
	register_reclaim();
	frame_ops.direct_reclaim = NULL;
	frame_ops.shrink = NULL;
	assert_null(alloc_page(GFP_KERNEL | __GFP_NOWARN));
	check();
}

static void progress_without_end_ends(void **state)
{
	boot();
	take_all(QUIET | __GFP_MEMALLOC, 0);
	register_reclaim();
	/* Each reclaim gives a page, but the min mark is far. */
	reclaim_gives = 1000;
	assert_null(alloc_pages(GFP_KERNEL | __GFP_NOWARN, 3));
	assert_int_equal(reclaims, 16);
	assert_int_equal(ooms, 1);
	/* After each victim it is patient again. */
	register_reclaim();
	oom_after = 3;
	assert_non_null(alloc_pages(GFP_KERNEL | __GFP_NOWARN, 3));
	assert_int_equal(reclaims, 3 * 16);
}

static void nofail_does_not_fail(void **state)
{
	boot();
	take_all(QUIET, 0);
	register_reclaim();
	oom_after = 40;
	assert_non_null(alloc_page(GFP_KERNEL | __GFP_NOFAIL));
	assert_int_equal(ooms, 40);
}

static int die_with_memory(void *arg)
{
	struct page **page = arg;

	soft_signal(current, true);
	*page = alloc_page(GFP_KERNEL | __GFP_NOWARN);
	return 0;
}

static void a_dying_task_gets_from_the_reserve(void **state)
{
	struct page *page = NULL;

	boot();
	take_all(GFP_ATOMIC | __GFP_NOWARN, 0);
	assert_null(alloc_page(GFP_KERNEL | __GFP_NOWARN));
	soft_join(kthread_run(die_with_memory, &page, "victim"));
	assert_non_null(page);
}

/* ---- reports ---- */

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

static void failures_are_reported(void **state)
{
	boot();
	take_all(QUIET, 0);
	assert_int_equal(count(log_text(), "page allocation failure"), 0);
	assert_null(alloc_pages(GFP_ATOMIC | __GFP_ZERO, 8));
	assert_non_null(strstr(log_text(), "kernel: page allocation failure: order:8, "
					   "mode:0x18220(GFP_ATOMIC|__GFP_ZERO), nodemask=(null)"));
	assert_int_equal(count(log_text(), "Mem-Info:"), 1);
	/* Not without end. */
	for (unsigned i = 0; i < 100; i++)
		assert_null(alloc_pages(GFP_ATOMIC, 8));
	assert_in_range(count(log_text(), "page allocation failure"), 2, 10);
}

/* A line of a report with each number made "N". */
static void shape(char *to, const char *from)
{
	while (*from && *from != '\n') {
		if (*from >= '0' && *from <= '9') {
			while (*from >= '0' && *from <= '9')
				from++;
			*to++ = 'N';
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
}

static void show_mem_reads_as_linux(void **state)
{
	/* Linux 6.1's sysrq m, numbers as N, without what belongs to huge page pools. */
	static const char *const lines[] = {
		"Mem-Info:",
		"active_anon:N inactive_anon:N isolated_anon:N",
		" active_file:N inactive_file:N isolated_file:N",
		" unevictable:N dirty:N writeback:N",
		" slab_reclaimable:N slab_unreclaimable:N",
		" mapped:N shmem:N pagetables:N",
		" sec_pagetables:N bounce:N",
		" kernel_misc_reclaimable:N",
		" free:N free_pcp:N free_cma:N",
		"Node N active_anon:NkB inactive_anon:NkB active_file:NkB inactive_file:NkB "
		"unevictable:NkB isolated(anon):NkB isolated(file):NkB mapped:NkB dirty:NkB "
		"writeback:NkB shmem:NkB shmem_thp: NkB shmem_pmdmapped: NkB anon_thp: NkB "
		"writeback_tmp:NkB kernel_stack:NkB pagetables:NkB sec_pagetables:NkB "
		"all_unreclaimable? no",
		"Node N DMA free:NkB boost:NkB min:NkB low:NkB high:NkB reserved_highatomic:NKB "
		"active_anon:NkB inactive_anon:NkB active_file:NkB inactive_file:NkB "
		"unevictable:NkB writepending:NkB present:NkB managed:NkB mlocked:NkB bounce:NkB "
		"free_pcp:NkB local_pcp:NkB free_cma:NkB",
		"lowmem_reserve[]: N N N N N",
		NULL, /* the same for DMAN */
		"lowmem_reserve[]: N N N N N",
	};
	char got[1000];

	boot();
	show_mem();
	const char *at = strstr(log_text(), "Mem-Info:");

	for (unsigned i = 0; i < ARRAY_SIZE(lines); i++) {
		shape(got, at);
		if (lines[i])
			assert_string_equal(got, lines[i]);
		at = strchr(at, '\n') + 1;
		at = strstr(at, "] ") + 2;
	}
	assert_non_null(strstr(at, "Node 0 DMA: "));
	assert_non_null(strstr(at, " 0 pages HighMem/MovableOnly") ? at : NULL);
	assert_non_null(strstr(at, "16383 pages RAM"));
	assert_non_null(strstr(at, "Free swap  = 0kB"));
}

static void snapshot_and_report_agree(void **state)
{
	struct zone_snapshot snapshot;
	char expected[400];
	int at = 0;

	boot();
	struct page *page = alloc_pages(GFP_KERNEL, 4);
	assert_non_null(page);
	show_mem();
	for (enum zone_type type = ZONE_DMA; type <= ZONE_DMA32; type++) {
		struct zone *zone = zone_of(type);
		unsigned long pages = 0, pageblocks = 0;

		zone_snapshot(zone, &snapshot);
		at = snprintf(expected, sizeof(expected), "Node 0 %s:", zone->name);
		for (unsigned order = 0; order < MAX_ORDER; order++) {
			char letters[MIGRATE_TYPES + 1] = "", *letter = letters;
			unsigned long n = 0;

			for (unsigned t = 0; t < MIGRATE_TYPES; t++) {
				n += snapshot.blocks[t][order];
				if (snapshot.blocks[t][order])
					*letter++ = "UMEHCI"[t];
			}
			pages += n << order;
			at += snprintf(expected + at, sizeof(expected) - at,
				       n ? " %lu*%lukB (%s)" : " %lu*%lukB", n, 4UL << order,
				       letters);
		}
		snprintf(expected + at, sizeof(expected) - at, " = %lukB\n", pages * 4);
		assert_non_null(strstr(log_text(), expected));
		assert_int_equal(pages, snapshot.free_pages);
		assert_int_equal(pages, zone_stat(zone, NR_FREE_PAGES));
		for (unsigned t = 0; t < MIGRATE_TYPES; t++)
			pageblocks += snapshot.pageblocks[t];
		assert_int_equal(pageblocks, DIV_ROUND_UP(zone->spanned_pages, PAGEBLOCK_PAGES));
	}
}

static void flags_by_name(void **state)
{
	char text[256];

	gfp_text(GFP_HIGHUSER_MOVABLE | __GFP_ZERO | __GFP_COMP, text, sizeof(text));
	assert_string_equal(text, "GFP_HIGHUSER_MOVABLE|__GFP_ZERO|__GFP_COMP");
	gfp_text(GFP_KERNEL, text, sizeof(text));
	assert_string_equal(text, "GFP_KERNEL");
	gfp_text(0, text, sizeof(text));
	assert_string_equal(text, "");
	gfp_text(~0u, text, sizeof(text));
}

static void counters(void **state)
{
	boot();
	unsigned long allocated = zone_pages_allocated(zone_of(ZONE_DMA32));
	unsigned long events = trace_count(TRACE_page_alloc), freed = trace_count(TRACE_page_free);
	struct page *page[200];

	for (unsigned i = 0; i < 200; i++)
		page[i] = alloc_page(GFP_KERNEL);
	struct page *block = alloc_pages(GFP_KERNEL, 6);
	assert_int_equal(zone_pages_allocated(zone_of(ZONE_DMA32)), allocated + 264);
	assert_int_equal(trace_count(TRACE_page_alloc), events + 264);
	assert_int_equal(zone_numa_stat(zone_of(ZONE_DMA32), NUMA_HIT),
			 zone_numa_stat(zone_of(ZONE_DMA32), NUMA_LOCAL));
	for (unsigned i = 0; i < 200; i++)
		__free_page(page[i]);
	__free_pages(block, 6);
	assert_int_equal(trace_count(TRACE_page_free), freed + 264);

	/* Gauges: exact at rest, over all CPUs, however they grow; never below zero. */
	for (int i = 0; i < 1000; i++)
		mod_node_stat(node_data[0], NR_FILE_PAGES, i % 7);
	mod_zone_stat(zone_of(ZONE_DMA), NR_ZONE_ACTIVE_FILE, 12345678);
	mod_zone_stat(zone_of(ZONE_DMA), NR_ZONE_ACTIVE_FILE, -78);
	mod_zone_stat(zone_of(ZONE_DMA), NR_MLOCK, -1);
	assert_int_equal(global_node_stat(NR_FILE_PAGES), 142 * 21 + 15);
	assert_int_equal(global_zone_stat(NR_ZONE_ACTIVE_FILE), 12345600);
	assert_int_equal(global_zone_stat(NR_MLOCK), 0);
	assert_string_equal(node_stat_name(NR_ANON_MAPPED), "nr_anon_pages");
	for (unsigned i = 0; i < NR_NODE_STATS; i++)
		assert_non_null(node_stat_name(i));
	for (unsigned i = 0; i < NR_ZONE_STATS; i++)
		assert_non_null(zone_stat_name(i));
	for (unsigned i = 0; i < NR_NUMA_STATS; i++)
		assert_non_null(numa_stat_name(i));
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(kswapd_wakes_below_low),
	cmocka_unit_test(reclaim_then_oom_then_failure),
	cmocka_unit_test(progress_without_end_ends),
	cmocka_unit_test(nofail_does_not_fail),
	cmocka_unit_test(a_dying_task_gets_from_the_reserve),
	cmocka_unit_test(failures_are_reported),
	cmocka_unit_test(show_mem_reads_as_linux),
	cmocka_unit_test(snapshot_and_report_agree),
	cmocka_unit_test(flags_by_name),
	cmocka_unit_test(counters),
};
HOST_TESTS(tests)
