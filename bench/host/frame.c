/*
 * The frame allocator on the host: the release build on the soft machine with 1.2 GiB.
 *
 *   pair         one page taken and given back, again and again
 *   take, give   262144 pages taken; then given back in random order
 *   mixed        blocks of order 0..10 at random, three quarters of memory in use
 *   metadata     bytes a frame: struct page, and the buddy system's bitmaps
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "bench/host/measure.h"
#include "lib/assert.h"
#include "machine/soft.h"
#include "mm/frame/buddy.h"
#include "mm/frame/frame.h"

#define PAGES 262144

static void pair(void)
{
	unsigned n = measure_size(2000000);

	measure_begin();
	for (unsigned i = 0; i < n; i++) {
		struct page *page = alloc_page(GFP_KERNEL);

		__asm__ volatile("" ::"r"(page) : "memory");
		__free_page(page);
	}
	measure_end("frame_pair", n);
}

static struct page *held[PAGES];

static void take_and_give(void)
{
	unsigned n = measure_size(PAGES);

	measure_begin();
	for (unsigned i = 0; i < n; i++) {
		held[i] = alloc_page(GFP_HIGHUSER_MOVABLE | __GFP_NOWARN);
		BUG_ON(!held[i]);
	}
	measure_end("frame_take", n);
	for (unsigned i = n - 1; i > 0; i--) {
		unsigned j = measure_random(i + 1);

		swap(held[i], held[j]);
	}
	measure_begin();
	for (unsigned i = 0; i < n; i++)
		__free_page(held[i]);
	measure_end("frame_give_random", n);
}

static struct {
	struct page *page;
	unsigned order;
} block[PAGES];
static unsigned blocks;

static void take_block(unsigned order)
{
	struct page *page = alloc_pages(GFP_NOWAIT | __GFP_NOWARN, order);

	if (page) {
		block[blocks].page = page;
		block[blocks++].order = order;
	}
}

/* Give a random block back, take one of a random order; the choices are made beforehand. */
#define MIXED_OPS 200000
static u32 choice[2 * MIXED_OPS];

static void mixed(unsigned long total)
{
	unsigned n = measure_size(MIXED_OPS);

	while (nr_free_pages() > total / 4)
		take_block(measure_random(MAX_ORDER));
	for (unsigned i = 0; i < ARRAY_SIZE(choice); i++)
		choice[i] = measure_random(~0U);
	measure_begin();
	for (unsigned i = 0; i < n; i++) {
		unsigned j = (unsigned)((u64)choice[2 * i] * blocks >> 32);

		__free_pages(block[j].page, block[j].order);
		block[j] = block[--blocks];
		take_block((unsigned)((u64)choice[2 * i + 1] * MAX_ORDER >> 32));
	}
	measure_end("frame_mixed", 2UL * n);
}

int main(void)
{
	const struct soft_config config = {.ram = {{0, 1200UL << 20, 0}}};

	measure_init();
	soft_machine_init(&config);
	/* As in the kernel, mem_map is mapped by large pages where the host has them. */
	madvise(mem_map, ALIGN_UP(PAGES * 5 / 4 * sizeof(struct page), 2UL << 20), MADV_HUGEPAGE);
	frame_init();
	measure_print("frame_metadata",
		      sizeof(struct page) +
			      (double)buddy_metadata_bytes((pfn_t){0}, PAGES) / PAGES);
	for (unsigned round = 0; round < measure_rounds(); round++) {
		pair();
		take_and_give();
	}
	unsigned long total = nr_free_pages();

	for (unsigned round = 0; round < measure_rounds(); round++)
		mixed(total);
	return 0;
}
