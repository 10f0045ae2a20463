/*
 * The frame allocator: blocks of every size, kind and node, by all the ways to get and to give
 * them back, on two CPUs, with marks that move and allocations that fail.
 *
 * The model is an owner for each frame.  A block that is handed out must be RAM, aligned, where
 * the flags want it, zeroed if asked for and nobody's; its first and last word carry the
 * owner's number until it is given back.  At the end everything is free again.
 */
#include "world.h"
#include <stdlib.h>

#define BLOCKS     256
#define NODE_PAGES ((4UL << 20) >> PAGE_SHIFT)
#define HIGH_START (0x140000000UL >> PAGE_SHIFT)

enum how { FREE, BLOCK, SINGLES, EXACT };
static struct block {
	enum how how;
	struct page *page;
	unsigned long pages;
	unsigned order;
} blocks[BLOCKS];

static u16 owner[2 * NODE_PAGES]; /* block number + 1 */
static unsigned long free_at_start;
static struct input in;
static unsigned fail_next;

static u16 *owner_of(pfn_t pfn)
{
	if (pfn < NODE_PAGES)
		return &owner[pfn];
	MUST(pfn >= HIGH_START && pfn < HIGH_START + NODE_PAGES);
	return &owner[NODE_PAGES + pfn - HIGH_START];
}

static u64 *word(const struct page *page, bool last)
{
	u64 *words = page_address(page);

	return last ? words + PAGE_SIZE / 8 - 1 : words;
}

static void take(struct block *block, enum how how, struct page *page, unsigned long pages,
		 unsigned order)
{
	const pfn_t pfn = page_to_pfn(page);

	*block = (struct block){how, page, pages, order};
	MUST(frames_present(pfn, pages));
	for (unsigned long i = 0; i < pages; i++) {
		MUST_EQUAL(*owner_of(pfn + i), 0);
		*owner_of(pfn + i) = block - blocks + 1;
		*word(page + i, false) = *word(page + i, true) = (u64)(block - blocks) << 32 | i;
	}
	MUST_EQUAL(page_ref_count(page), 1);
}

/* What the owner wrote is still there; nobody owns it now. */
static void forget(struct block *block)
{
	const pfn_t pfn = page_to_pfn(block->page);

	for (unsigned long i = 0; i < block->pages; i++) {
		const u64 value = (u64)(block - blocks) << 32 | i;

		MUST_EQUAL(*owner_of(pfn + i), block - blocks + 1);
		MUST(*word(block->page + i, false) == value);
		MUST(*word(block->page + i, true) == value);
		*owner_of(pfn + i) = 0;
	}
	block->how = FREE;
}

static void give(struct block *block)
{
	struct page *pages[64];
	const enum how how = block->how;

	if (how == FREE)
		return;
	forget(block);
	if (how == BLOCK) {
		__free_pages(block->page, block->order);
	} else if (how == EXACT) {
		free_pages_exact(page_address(block->page), block->pages * PAGE_SIZE);
	} else if (block->pages <= ARRAY_SIZE(pages) && (block->order & 1)) {
		for (unsigned i = 0; i < block->pages; i++) {
			pages[i] = block->page + i;
			MUST(atomic_dec_and_test(&pages[i]->refcount));
		}
		free_pages_bulk(pages, block->pages);
	} else {
		for (unsigned i = 0; i < block->pages; i++)
			__free_page(block->page + i);
	}
}

static gfp_t some_gfp(unsigned how)
{
	static const gfp_t kinds[] = {GFP_KERNEL,
				      GFP_HIGHUSER_MOVABLE,
				      GFP_KERNEL | __GFP_RECLAIMABLE,
				      GFP_ATOMIC,
				      GFP_NOWAIT,
				      GFP_KERNEL | __GFP_DMA,
				      GFP_KERNEL | __GFP_DMA32,
				      GFP_KERNEL | __GFP_MEMALLOC};

	return kinds[how & 7] | (how & 8 ? __GFP_ZERO : 0) | (how & 16 ? __GFP_COMP : 0) |
	       (how & 32 ? __GFP_THISNODE : 0) | __GFP_NOWARN | __GFP_NORETRY;
}

static void check_place(const struct page *page, gfp_t gfp, int nid, unsigned long pages)
{
	if (gfp & (__GFP_DMA | __GFP_DMA32))
		MUST(page_to_pfn(page) < NODE_PAGES);
	if (gfp & __GFP_THISNODE)
		MUST_EQUAL(page_to_nid(page), nid == NUMA_NO_NODE ? cpu_to_node(cpu_id()) : nid);
	if (gfp & __GFP_ZERO)
		for (unsigned long i = 0; i < pages; i++)
			for (const u64 *p = word(page + i, false); p <= word(page + i, true); p++)
				MUST(*p == 0);
}

static struct block *unused(void)
{
	for (unsigned i = 0; i < BLOCKS; i++)
		if (blocks[i].how == FREE)
			return &blocks[i];
	return NULL;
}

static void do_alloc(unsigned op)
{
	const unsigned how = input_byte(&in), what = input_byte(&in);
	const gfp_t gfp = some_gfp(how);
	const unsigned order = (what & 15) % MAX_ORDER;
	const int nid = (int)(what >> 4) % 3 - 1;
	struct block *block = unused();
	struct page *page;

	if (!block)
		return;
	fail_begin(fail_next);
	fail_next = 0;
	page = alloc_pages_node(nid, gfp, order);
	fail_end();
	if (!page)
		return;
	MUST(IS_ALIGNED(page_to_pfn(page), 1UL << order));
	check_place(page, gfp, nid, 1UL << order);
	take(block, BLOCK, page, 1UL << order, order);
	if (gfp & __GFP_COMP && order) {
		MUST_EQUAL(compound_order(page), order);
		MUST(compound_head(page + (1 << order) - 1) == page);
	} else if (op & 0x80) {
		split_page(page, order);
		block->how = SINGLES;
	}
}

static void do_exact(void)
{
	const gfp_t gfp = some_gfp(input_byte(&in) & ~16u) & ~__GFP_HIGHMEM;
	const unsigned pages = 1 + input_byte(&in) % 70;
	struct block *block = unused();
	void *at;

	if (!block)
		return;
	fail_begin(fail_next);
	fail_next = 0;
	at = alloc_pages_exact(pages * PAGE_SIZE - 5, gfp);
	fail_end();
	if (!at)
		return;
	check_place(virt_to_page(at), gfp, NUMA_NO_NODE, pages);
	take(block, EXACT, virt_to_page(at), pages, 0);
}

static void do_bulk(void)
{
	const gfp_t gfp = some_gfp(input_byte(&in) & ~16u);
	const unsigned want = 1 + input_byte(&in) % 40;
	struct page *pages[40];
	unsigned n;

	fail_begin(fail_next);
	fail_next = 0;
	n = alloc_pages_bulk(gfp, want, pages);
	fail_end();
	MUST(n <= want);
	for (unsigned i = 0; i < n; i++) {
		struct block *block = unused();

		check_place(pages[i], gfp, NUMA_NO_NODE, 1);
		if (block)
			take(block, BLOCK, pages[i], 1, 0);
		else
			__free_page(pages[i]);
	}
}

static void do_marks(void)
{
	static const unsigned long kbytes[] = {64, 128, 256, 512, 1024};
	const unsigned how = input_byte(&in);

	if (how & 0x80) {
		percpu_pagelist_high_fraction = how & 1 ? 8 : 0;
		setup_zone_marks();
	} else {
		MUST_EQUAL(set_min_free_kbytes(kbytes[how % ARRAY_SIZE(kbytes)]), 0);
	}
}

static void step(unsigned *checks)
{
	const unsigned op = input_byte(&in);

	switch (op % 16) {
	case 0 ... 4: do_alloc(op); break;
	case 5: do_exact(); break;
	case 6: do_bulk(); break;
	case 7 ... 10: give(&blocks[input_byte(&in) % BLOCKS]); break;
	case 11: soft_move_to_cpu(op >> 4 & 1); break;
	case 12: op & 0x10 ? drain_all_pages() : drain_local_pages(); break;
	case 13: do_marks(); break;
	case 14: fail_next = 1 + input_byte(&in) % 8; break;
	default:
		if ((*checks)++ < 3) /* the upper floors' checks need memory */
			MUST_EQUAL(frame_check(), 0);
	}
}

static void give_all(void)
{
	for (unsigned i = 0; i < BLOCKS; i++)
		give(&blocks[i]);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	world_boot();
	/* Checking takes objects and gives them back, which moves where they lie, at first. */
	for (int i = 0; i < 3; i++) {
		world_check();
		free_at_start = world_settle();
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	unsigned checks = 0;

	in = (struct input){data, data + bytes};
	fail_next = 0;
	while (!input_ended(&in))
		step(&checks);
	MUST_EQUAL(frame_check(), 0);
	give_all();
	percpu_pagelist_high_fraction = 0;
	MUST_EQUAL(set_min_free_kbytes(256), 0);
	MUST_EQUAL(world_settle(), free_at_start);
	world_check();
	return 0;
}
