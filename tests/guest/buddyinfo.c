/*
 * X1: /proc/buddyinfo of a fresh system, after a load that fragments memory, and
 * when that load has gone.
 *
 * The load touches half of the free memory and gives every second page back, so
 * the free pages have no free buddies.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/procfs.h"

#define ORDERS     11
#define MOST_PAGES 131072 /* of a load */

static long blocks[ORDERS]; /* free, of all zones */

/* Pages that stand in blocks of 256 kB and more. */
static long in_large_blocks(void)
{
	long pages = 0;

	for (int order = 6; order < ORDERS; order++)
		pages += blocks[order] << order;
	return pages;
}

static long look(void)
{
	long pages = 0;

	memset(blocks, 0, sizeof(blocks));
	for (char *line = read_text("/proc/buddyinfo"); line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		char *at = strstr(line, "zone");
		if (!at || at > line + 20)
			continue;
		at += strlen("zone");
		while (*at == ' ')
			at++;
		at += strcspn(at, " ");
		for (int order = 0; order < ORDERS; order++) {
			long count = strtol(at, &at, 10);

			expect(count >= 0);
			blocks[order] += count;
			pages += count << order;
		}
	}
	return pages;
}

static void counts_the_free_memory(void)
{
	long best = LONG_MAX / 2;

	/* Pages on per-CPU lists are in neither or one of the two: they differ by little. */
	for (int i = 0; i < 10; i++) {
		long pages = look();
		long free = read_number("/proc/meminfo", "MemFree") / 4;

		if (labs(free - pages) < best)
			best = labs(free - pages);
	}
	expect_between(best, 0, 4096);
}

static void fresh_memory_is_whole(void)
{
	long pages = look();

	if (read_number("/proc/meminfo", "MemTotal") < 32 << 10)
		skip("the programs of the tests are half of memory");
	if (read_number("/proc/vmstat", "oom_kill") > 0)
		skip("not fresh: all of it was in use");
	/* Most of it stands in the two highest orders. */
	expect(((blocks[9] << 9) + (blocks[10] << 10)) * 10 > pages * 6);
}

static void fragments(void)
{
	long free = look(), singles = blocks[0], large = in_large_blocks();
	long count = free / 2 < MOST_PAGES ? free / 2 : MOST_PAGES;

	char *area = must(mmap(NULL, count * page_size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	for (long i = 0; i < count; i++)
		area[i * page_size] = 1;
	for (long i = 0; i < count; i += 2)
		must(madvise(area + i * page_size, page_size, MADV_DONTNEED));
	long half = look();

	expect_between(half, free - count / 2 - 2048, free - count / 2 + 2048);
	/* Single pages rose by nearly all that was given back, large blocks fell by the load. */
	expect_between(blocks[0] - singles, count / 2 * 8 / 10, count / 2 + 2048);
	expect_between(large - in_large_blocks(), count * 6 / 10, count + 2048);

	must(munmap(area, count * page_size));
	look();
	expect_between(in_large_blocks(), large * 8 / 10, free + 4096);
	expect_between(blocks[0], 0, singles + 1024);
}

int main(void)
{
	run("buddyinfo-counts", counts_the_free_memory);
	run("buddyinfo-fresh", fresh_memory_is_whole);
	run("buddyinfo-fragmented", fragments);
	return finish();
}
