/*
 * Allocating frames: what requests may take and what they must leave, what is
 * tried before one fails, exact sizes, compound blocks, reports, the debug
 * build's aids, and random traffic against a model.
 */
#include "harness.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/assert.h"
#include "lib/printk.h"
#include "machine/soft.h"
#include "mm/frame/frame.h"

#define MIB   (1UL << 20)
#define QUIET (GFP_NOWAIT | __GFP_NOWARN)

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

static void boot_with(unsigned long bytes)
{
	soft_machine_init(&(struct soft_config){.ram = {{0, bytes, 0}}});
	frame_init();
	check();
}

/* Small: every list holds next to nothing. */
static void boot(void)
{
	boot_with(64 * MIB);
}

/* Large enough for lists of some size: batches of 15. */
static void boot_large(void)
{
	boot_with(300 * MIB);
	assert_int_equal(this_cpu(frame_cpu).wanted[ZONE_NORMAL]->batch, 15);
}

static struct zone *zone_of(enum zone_type type)
{
	return &node_data[0]->zone[type];
}

static const char *log_text(void)
{
	static char text[200000];
	u64 seq = log_first_seq();
	size_t bytes = 0, n;

	while ((n = log_read(&seq, text + bytes, sizeof(text) - bytes - 1)) > 0)
		bytes += n;
	text[bytes] = '\0';
	return text;
}

/* Pages are chained by their index, so that a test can take them all and give them back. */
static struct page *chain[64];

static unsigned long take_all(gfp_t gfp, unsigned which)
{
	unsigned long n = 0;
	struct page *page;

	while ((page = alloc_page(gfp)) != NULL) {
		page->index = chain[which] ? (u32)page_to_pfn(chain[which]) : ~0u;
		chain[which] = page;
		n++;
	}
	return n;
}

static void give_all(unsigned which)
{
	while (chain[which]) {
		struct page *page = chain[which];

		chain[which] = page->index == ~0u ? NULL : pfn_to_page(page->index);
		__free_page(page);
	}
}

static void a_page_as_promised(void **state)
{
	boot();
	struct page *page = alloc_page(GFP_KERNEL);

	assert_int_equal(page_ref_count(page), 1);
	assert_int_equal(page_mapcount(page), 0);
	assert_int_equal(page->mapping, 0);
	assert_int_equal(page->flags & 0xffffff, 0);
	assert_ptr_equal(page_zone(page), zone_of(ZONE_DMA32));
	assert_ptr_equal(virt_to_page(page_address(page)), page);

	/* What its user left behind is gone when it comes again. */
	memset(page_address(page), 0x77, PAGE_SIZE);
	page_set_mapping(page, (void *)0x7f0000001230, true, 99);
	page_set(page, PG_dirty);
	page_set(page, PG_swapbacked);
	__free_page(page);
	struct page *again = alloc_page(GFP_KERNEL | __GFP_ZERO);
	assert_ptr_equal(again, page); /* the warm one */
	assert_int_equal(again->flags & 0xffffff, 0);
	assert_int_equal(again->mapping, 0);
	for (unsigned i = 0; i < PAGE_SIZE; i++)
		assert_int_equal(((char *)page_address(again))[i], 0);
	__free_page(again);

	void *zeroed = get_zeroed_page(GFP_ATOMIC);
	assert_int_equal(*(long *)zeroed, 0);
	free_page(zeroed);
	free_pages(NULL, 3);
	check();
}

static void blocks_of_every_order(void **state)
{
	boot();
	unsigned long free = nr_free_pages() + nr_pcp_pages();

	for (unsigned order = 0; order < MAX_ORDER; order++) {
		struct page *page = alloc_pages(GFP_KERNEL | __GFP_ZERO, order);

		assert_non_null(page);
		assert_true(IS_ALIGNED(page_to_pfn(page), 1UL << order));
		assert_int_equal(nr_free_pages() + nr_pcp_pages(), free - (1UL << order));
		for (unsigned long i = 1; i < 1UL << order; i++)
			assert_int_equal(page_ref_count(page + i), 0);
		for (unsigned long i = 0; i < PAGE_SIZE << order; i += 512)
			assert_int_equal(*((char *)page_address(page) + i), 0);
		memset(page_address(page), 0x11, PAGE_SIZE << order);
		check();
		__free_pages(page, order);
		check();
	}
	assert_int_equal(nr_free_pages() + nr_pcp_pages(), free);
	drain_all_pages();
	assert_int_equal(nr_free_pages(), free);
	assert_int_equal(nr_pcp_pages(), 0);
}

static void compound_pages(void **state)
{
	boot();
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 4);

	assert_true(page_test(page, PG_head));
	assert_int_equal(compound_order(page), 4);
	for (unsigned i = 1; i < 16; i++) {
		assert_true(page_test(page + i, PG_tail));
		assert_ptr_equal(compound_head(page + i), page);
	}
	get_page(page + 7);
	assert_int_equal(page_ref_count(page), 2);
	atomic_dec(&page->refcount);
	__free_pages(page, 4);
	check();
	page = alloc_pages(GFP_KERNEL, 4);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(page[i].flags & 0xffffff, 0);
	__free_pages(page, 4);
}

static void order_11_is_refused(void **state)
{
	boot();
	assert_null(alloc_pages(GFP_KERNEL, 11));
	assert_int_equal(warn_count, 1);
	assert_null(alloc_pages(GFP_KERNEL, 12));
	assert_int_equal(warn_count, 1); /* said once */
	assert_null(alloc_pages_exact(MAX_BLOCK_PAGES * PAGE_SIZE + 1, GFP_KERNEL));
	warn_count = 0;
	check();
}

/* How many blocks of each order the zone has more than before. */
static void blocks(struct zone *zone, long by_order[MAX_ORDER])
{
	struct zone_snapshot snapshot;

	zone_snapshot(zone, &snapshot);
	for (unsigned order = 0; order < MAX_ORDER; order++) {
		by_order[order] = 0;
		for (unsigned type = 0; type < MIGRATE_TYPES; type++)
			by_order[order] += snapshot.blocks[type][order];
	}
}

static void sixty_five_pages(void **state)
{
	static const long given_back[MAX_ORDER] = {1, 1, 1, 1, 1, 1};
	long before[MAX_ORDER], after[MAX_ORDER];

	boot();
	unsigned long free = nr_free_pages();

	/* As a block: 128 pages. */
	struct page *block = alloc_pages(GFP_KERNEL, 7);
	drain_all_pages();
	assert_int_equal(nr_free_pages(), free - 128);
	blocks(zone_of(ZONE_DMA32), before);
	__free_pages(block, 7);

	/* Exactly: 63 come back, as aligned blocks of 1, 2, 4, 8, 16, 32. */
	char *exact = alloc_pages_exact(65 * PAGE_SIZE - 100, GFP_KERNEL | __GFP_ZERO);
	drain_all_pages();
	assert_int_equal(nr_free_pages(), free - 65);
	blocks(zone_of(ZONE_DMA32), after);
	for (unsigned order = 0; order < MAX_ORDER; order++)
		assert_int_equal(after[order] - before[order], given_back[order]);
	assert_ptr_equal(virt_to_page(exact), block);
	for (unsigned i = 0; i < 65; i++)
		assert_int_equal(page_ref_count(block + i), 1);
	memset(exact, 1, 65 * PAGE_SIZE);
	check();
	free_pages_exact(exact, 65 * PAGE_SIZE - 100);
	drain_all_pages();
	assert_int_equal(nr_free_pages(), free);
	check();
}

static void split_blocks_are_single_pages(void **state)
{
	boot();
	unsigned long free = nr_free_pages();
	struct page *page = alloc_pages(GFP_KERNEL, 5);

	split_page(page, 5);
	for (unsigned i = 0; i < 32; i++)
		assert_int_equal(page_ref_count(page + i), 1);
	for (unsigned i = 0; i < 32; i++) {
		__free_page(page + (i * 7) % 32);
		check();
	}
	drain_all_pages();
	assert_int_equal(nr_free_pages(), free);
}

static void in_bulk(void **state)
{
	static struct page *pages[5000];

	boot();
	unsigned long free = nr_free_pages();

	assert_int_equal(alloc_pages_bulk(GFP_KERNEL, 5000, pages), 5000);
	for (unsigned i = 0; i < 5000; i++) {
		assert_int_equal(page_ref_count(pages[i]), 1);
		pages[i]->index = i;
	}
	for (unsigned i = 0; i < 5000; i++)
		assert_int_equal(pages[i]->index, i);
	check();
	for (unsigned i = 0; i < 5000; i++)
		atomic_set(&pages[i]->refcount, 0);
	free_pages_bulk(pages, 5000);
	drain_all_pages();
	assert_int_equal(nr_free_pages(), free);
	check();
	/* As many as there are. */
	unsigned long n = 0;
	for (unsigned got; (got = alloc_pages_bulk(QUIET, 5000, pages)) > 0;)
		n += got;
	assert_in_range(n, free - 2000, free - 1);
	check();
}

/* ---- what is left for whom ---- */

static void reserves_are_kept(void **state)
{
	boot_large();
	struct zone *dma = zone_of(ZONE_DMA), *dma32 = zone_of(ZONE_DMA32);
	const unsigned long min32 = dma32->watermark[WMARK_MIN];
	const unsigned long min16 = dma->watermark[WMARK_MIN];
	const unsigned long reserve = dma->lowmem_reserve[ZONE_NORMAL];

	assert_true(reserve > 40 && min32 > 100);
	/* Ordinary requests leave min, and in the DMA zone the reserve on top. */
	take_all(QUIET, 0);
	assert_int_equal(dma32->free_pages, min32);
	assert_int_equal(dma->free_pages, min16 + reserve);
	assert_int_equal(nr_pcp_pages(), 0);
	/* Blocks, too. */
	assert_null(alloc_pages(QUIET, 3));
	/* Who can use the DMA zone alone finds its reserve. */
	struct page *page = alloc_page(GFP_DMA | QUIET);
	assert_ptr_equal(page_zone(page), dma);
	__free_page(page);
	/* GFP_ATOMIC: half of min, less a quarter of that. */
	unsigned long atomic = take_all(GFP_ATOMIC | __GFP_NOWARN, 1);
	assert_true(atomic > 0);
	assert_int_equal(dma32->free_pages, min32 - min32 / 2 - (min32 - min32 / 2) / 4);
	assert_null(alloc_page(QUIET));
	/* __GFP_HIGH alone goes not so deep, so it finds nothing any more; nor with NOMEMALLOC. */
	assert_null(alloc_page(GFP_NOWAIT | __GFP_HIGH | __GFP_NOWARN));
	assert_null(alloc_page(GFP_ATOMIC | __GFP_NOMEMALLOC | __GFP_NOWARN));
	assert_null(alloc_page(GFP_ATOMIC | __GFP_NOMEMALLOC | __GFP_MEMALLOC | __GFP_NOWARN));
	/* Who frees memory by it: to the last page. */
	take_all(QUIET | __GFP_MEMALLOC, 2);
	assert_int_equal(nr_free_pages(), 0);
	check();
	for (unsigned i = 0; i < 3; i++)
		give_all(i);
	check();
	assert_int_equal(nr_free_pages() + nr_pcp_pages(), totalram_pages());
}

static void pages_of_the_reserve_stay_out_of_the_lists(void **state)
{
	boot_large();
	take_all(QUIET, 0);
	for (unsigned i = 0; i < 10; i++) {
		assert_non_null(alloc_page(GFP_ATOMIC));
		assert_int_equal(nr_pcp_pages(), 0);
		assert_null(alloc_page(QUIET));
	}
}

static void dma_requests_stay_below_16_mib(void **state)
{
	boot();
	unsigned long n = take_all(GFP_DMA | QUIET, 0);

	assert_true(n > 3000);
	for (struct page *page = chain[0];; page = pfn_to_page(page->index)) {
		assert_true(page_to_pfn(page) < ZONE_DMA_END_PFN);
		if (page->index == ~0u)
			break;
	}
	assert_non_null(alloc_page(GFP_KERNEL));
	assert_non_null(alloc_page(GFP_DMA32));
	give_all(0);
	check();
}

/* ---- when memory is short ---- */

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

/* ---- what goes wrong ---- */

static void freed_while_in_use(void **state)
{
	boot();
	struct page *page = alloc_page(GFP_KERNEL);

	page_set(page, PG_locked);
	__free_page(page);
	assert_int_equal(warn_count, 1);
	assert_non_null(strstr(log_text(), "BUG: Bad page state"));
	/* It is lost, not given to another. */
	struct page *other = alloc_page(GFP_KERNEL);
	assert_ptr_not_equal(other, page);

	struct page *block = alloc_pages(GFP_KERNEL, 5);
	__free_pages(block, 5);
	__free_pages(block, 5); /* twice */
	assert_true(warn_count >= 2);
	warn_count = 0;
	check();
}

#ifdef PAGODA_DEBUG
static void written_after_free(void **state)
{
	boot();
	struct page *page = alloc_page(GFP_KERNEL);
	char *bytes = page_address(page);

	__free_page(page);
	assert_int_equal((unsigned char)bytes[1234], 0xaa);
	bytes[1234] = 1;
	assert_ptr_equal(alloc_page(GFP_KERNEL), page);
	assert_non_null(strstr(log_text(), "written after it was freed"));
	assert_int_equal(warn_count, 1);
	warn_count = 0;
}

static void freed_twice_inside_a_larger_block(void **state)
{
	boot();
	struct page *block = alloc_pages(GFP_KERNEL, 6);

	split_page(block, 6);
	for (unsigned i = 0; i < 64; i++)
		__free_page(block + i);
	drain_all_pages();
	__free_page(block + 33); /* no flag shows that it is free already */
	assert_int_equal(warn_count, 1);
	__free_pages(block + 32, 4);
	assert_int_equal(warn_count, 2);
	warn_count = 0;
	check();
}

static void owners_are_known(void **state)
{
	boot();
	struct page *page = alloc_page(GFP_KERNEL);

	assert_in_range(page_alloc_caller(page), (unsigned long)owners_are_known,
			(unsigned long)owners_are_known + 4096);
	__free_page(page);
	assert_int_equal(page_alloc_caller(page), 0);
	page = alloc_pages(GFP_KERNEL, 3);
	assert_int_not_equal(page_alloc_caller(page + 7), 0);
	__free_pages(page, 3);
}

/* All or nothing: what the test of every caller of the allocator looks like. */
static bool take_five(void)
{
	struct page *pages[4];
	unsigned n = alloc_pages_bulk(GFP_KERNEL, 4, pages);
	void *exact = n == 4 ? alloc_pages_exact(5 * PAGE_SIZE, GFP_KERNEL) : NULL;

	if (exact)
		free_pages_exact(exact, 5 * PAGE_SIZE);
	while (n > 0)
		__free_page(pages[--n]);
	return exact != NULL;
}

static void the_nth_fails(void **state)
{
	unsigned n;

	boot();
	for (n = 1; n < 100; n++) {
		fail_nth_set(n);
		bool done = take_five();
		unsigned left = fail_nth_left();

		fail_nth_set(0);
		check();
		assert_int_equal(nr_free_pages() + nr_pcp_pages(), totalram_pages());
		if (done) {
			assert_true(left > 0);
			break;
		}
		assert_int_equal(left, 0);
	}
	assert_int_equal(n, 6);
	/* __GFP_NOFAIL is exempt. */
	fail_nth_set(1);
	assert_non_null(alloc_page(GFP_KERNEL | __GFP_NOFAIL));
	assert_null(alloc_page(GFP_KERNEL));
	assert_non_null(alloc_page(GFP_KERNEL));
}
#endif

/* ---- random traffic ---- */

struct held {
	struct page *page;
	unsigned order;
	u64 stamp;
};

/* A page's contents and its index say whose it is: two owners would be seen. */
static void stamp(const struct held *held)
{
	for (unsigned long i = 0; i < 1UL << held->order; i++) {
		u64 *words = page_address(held->page + i);

		words[0] = words[PAGE_SIZE / 8 - 1] = held->stamp + i;
	}
}

static void expect_stamp(const struct held *held)
{
	for (unsigned long i = 0; i < 1UL << held->order; i++) {
		u64 *words = page_address(held->page + i);

		assert_int_equal(words[0], held->stamp + i);
		assert_int_equal(words[PAGE_SIZE / 8 - 1], held->stamp + i);
	}
}

static void random_traffic(unsigned long bytes, unsigned largest)
{
	static const gfp_t kinds[] = {QUIET,
				      QUIET | __GFP_HIGHMEM | __GFP_MOVABLE,
				      QUIET | __GFP_RECLAIMABLE,
				      GFP_ATOMIC | __GFP_NOWARN,
				      GFP_DMA | QUIET,
				      QUIET | __GFP_ZERO};
	struct random random = {test_seed()};
	static struct held held[20000];
	unsigned long used = 0;
	unsigned n = 0;

	boot_with(bytes);
	unsigned long total = totalram_pages();

	for (unsigned step = 0; step < 20000; step++) {
		bool grow = random_below(&random, 100) < (step / 2000 % 2 ? 40 : 60);

		if (grow && n < ARRAY_SIZE(held)) {
			unsigned order =
				random_below(&random, 4) ? 0 : random_below(&random, largest + 1);
			gfp_t gfp = kinds[random_below(&random, ARRAY_SIZE(kinds))];
			struct page *page = alloc_pages(gfp, order);

			if (page) {
				if (gfp & __GFP_ZERO)
					for (unsigned long i = 0; i < PAGE_SIZE << order; i += 8)
						assert_int_equal(
							*(u64 *)((char *)page_address(page) + i),
							0);
				held[n] = (struct held){page, order, (u64)step << 32};
				stamp(&held[n++]);
				used += 1UL << order;
			}
		} else if (n > 0) {
			unsigned i = random_below(&random, n);

			expect_stamp(&held[i]);
			__free_pages(held[i].page, held[i].order);
			used -= 1UL << held[i].order;
			held[i] = held[--n];
		}
		if (random_below(&random, 1000) == 0)
			drain_all_pages();
		assert_int_equal(nr_free_pages() + nr_pcp_pages() + used, total);
		if (step % 64 == 0)
			check();
	}
	while (n > 0) {
		expect_stamp(&held[--n]);
		__free_pages(held[n].page, held[n].order);
	}
	drain_all_pages();
	assert_int_equal(nr_free_pages(), total);
	check();
}

static void random_traffic_in_a_small_machine(void **state)
{
	random_traffic(20 * MIB, MAX_ORDER - 1);
}

static void random_traffic_in_a_large_machine(void **state)
{
	random_traffic(300 * MIB, 5);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_page_as_promised),
	cmocka_unit_test(blocks_of_every_order),
	cmocka_unit_test(compound_pages),
	cmocka_unit_test(order_11_is_refused),
	cmocka_unit_test(sixty_five_pages),
	cmocka_unit_test(split_blocks_are_single_pages),
	cmocka_unit_test(in_bulk),
	cmocka_unit_test(reserves_are_kept),
	cmocka_unit_test(pages_of_the_reserve_stay_out_of_the_lists),
	cmocka_unit_test(dma_requests_stay_below_16_mib),
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
	cmocka_unit_test(freed_while_in_use),
#ifdef PAGODA_DEBUG
	cmocka_unit_test(written_after_free),
	cmocka_unit_test(freed_twice_inside_a_larger_block),
	cmocka_unit_test(owners_are_known),
	cmocka_unit_test(the_nth_fails),
#endif
	cmocka_unit_test(random_traffic_in_a_small_machine),
	cmocka_unit_test(random_traffic_in_a_large_machine),
};

HOST_TESTS(tests)
