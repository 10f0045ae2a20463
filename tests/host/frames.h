/*
 * A machine with the frame floor alone, and what its tests ask again and again.
 */
#pragma once

#include "harness.h"
#include "lib/assert.h"
#include "lib/printk.h"
#include "machine/soft.h"
#include "mm/frame/frame.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB   (1UL << 20)
#define QUIET (GFP_NOWAIT | __GFP_NOWARN)

static struct console to_stderr __maybe_unused;

static inline void write_stderr(struct console *console, const char *text, size_t bytes)
{
	fwrite(text, 1, bytes, stderr);
}

static inline void check(void)
{
	unsigned violations = frame_check();

	if (violations) {
		to_stderr.write = write_stderr;
		register_console(&to_stderr);
	}
	assert_int_equal(violations, 0);
}

static inline void boot_with(unsigned long bytes)
{
	soft_machine_init(&(struct soft_config){.ram = {{0, bytes, 0}}});
	frame_init();
	check();
}

/* Small: every list holds next to nothing. */
static inline void boot(void)
{
	boot_with(64 * MIB);
}

/* Large enough for lists of some size: batches of 15. */
static inline void boot_large(void)
{
	boot_with(300 * MIB);
	assert_int_equal(this_cpu(frame_cpu).wanted[ZONE_NORMAL]->batch, 15);
}

static inline struct zone *zone_of(enum zone_type type)
{
	return &node_data[0]->zone[type];
}

static inline const char *log_text(void)
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
static struct page *chain[64] __maybe_unused;

static inline unsigned long take_all(gfp_t gfp, unsigned which)
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

static inline void give_all(unsigned which)
{
	while (chain[which]) {
		struct page *page = chain[which];

		chain[which] = page->index == ~0u ? NULL : pfn_to_page(page->index);
		__free_page(page);
	}
}
