/*
 * Demand paging (S34): memory exists when it is touched, one fault a page, and
 * a page that was never written reads as zero.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "lib/check.h"
#include "lib/procfs.h"

#define PAGES 1024

static long faults(void)
{
	struct rusage usage;

	must(getrusage(RUSAGE_SELF, &usage));
	return usage.ru_minflt;
}

static char *map_pages(long pages)
{
	return must(mmap(NULL, pages * page_size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
}

static void untouched_costs_nothing(void)
{
	long rss, size;
	char *map;

	/* The pages that measuring takes are there before it is done. */
	must(munmap(map_pages(1), page_size));
	read_number("/proc/self/status", "VmRSS");
	rss = read_number("/proc/self/status", "VmRSS");
	size = read_number("/proc/self/status", "VmSize");
	map = map_pages(16 * PAGES);

	expect_equal(read_number("/proc/self/status", "VmSize") - size, 16 * PAGES * 4);
	expect_between(read_number("/proc/self/status", "VmRSS") - rss, 0, 16);
	must(munmap(map, 16 * PAGES * page_size));
	expect_equal(read_number("/proc/self/status", "VmSize"), size);
}

static void each_touched_page_counts(void)
{
	char *map = map_pages(PAGES);
	long before = faults();

	for (int i = 0; i < PAGES; i++)
		map[i * page_size] = 1;
	expect_between(faults() - before, PAGES, PAGES + 4);
	expect_equal(smaps_number(0, map, "Rss"), PAGES * 4);
	expect_equal(smaps_number(0, map, "Private_Dirty"), PAGES * 4);
	expect_equal(smaps_number(0, map, "Anonymous"), PAGES * 4);

	before = faults();
	for (int i = 0; i < PAGES; i++)
		map[i * page_size] = 2;
	expect_between(faults() - before, 0, 4);
	must(munmap(map, PAGES * page_size));
}

static void fresh_memory_is_zero(void)
{
	/* Dirty some frames, give them back, and get frames again. */
	for (int round = 0; round < 2; round++) {
		char *map = map_pages(PAGES);
		for (long i = 0; i < PAGES * page_size; i += sizeof(long)) {
			if (*(long *)(map + i))
				fail("byte %ld of fresh memory is not zero", i);
			*(long *)(map + i) = -1;
		}
		must(munmap(map, PAGES * page_size));
	}
}

static void reading_then_writing(void)
{
	char *map = map_pages(PAGES);
	long sum = 0;

	for (int i = 0; i < PAGES; i++)
		sum += ((volatile char *)map)[i * page_size];
	expect_equal(sum, 0);
	/* What was only read is not the process's own memory. */
	expect_equal(smaps_number(0, map, "Anonymous"), 0);
	for (int i = 0; i < PAGES; i += 2)
		map[i * page_size] = i;
	expect_equal(smaps_number(0, map, "Anonymous"), PAGES / 2 * 4);
	for (int i = 0; i < PAGES; i++)
		expect_equal(map[i * page_size], i % 2 ? 0 : (char)i);
	must(munmap(map, PAGES * page_size));
}

static void rss_falls_at_munmap(void)
{
	char *map = map_pages(PAGES);

	for (int i = 0; i < PAGES; i++)
		map[i * page_size] = 1;
	long rss = read_number("/proc/self/status", "RssAnon");
	must(munmap(map, PAGES / 2 * page_size));
	expect_between(rss - read_number("/proc/self/status", "RssAnon"), PAGES / 2 * 4 - 256,
		       PAGES / 2 * 4 + 256);
	must(munmap(map + PAGES / 2 * page_size, PAGES / 2 * page_size));
}

int main(void)
{
	run("demand-untouched", untouched_costs_nothing);
	run("demand-touched", each_touched_page_counts);
	run("demand-zero", fresh_memory_is_zero);
	run("demand-read-write", reading_then_writing);
	run("demand-munmap", rss_falls_at_munmap);
	return finish();
}
