/*
 * Rows of one process and its memory: null call, anonymous pages, mmap and brk, many areas.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "bench.h"

void bench_syscall(void)
{
	uint64_t t = now();

	for (int i = 0; i < 10000; i++)
		syscall(SYS_getppid);
	row("syscall_null", now() - t, 10000);
}

static char *fresh(unsigned long pages)
{
	char *p = map(pages * PAGE, RW, ANON, -1);

	madvise(p, pages * PAGE, MADV_NOHUGEPAGE);
	return p;
}

static uint64_t write_cost(unsigned long pages)
{
	char *p = fresh(pages);
	uint64_t t = now();

	touch(p, pages);
	t = now() - t;
	munmap(p, pages * PAGE);
	return t;
}

static uint64_t read_cost(unsigned long pages)
{
	char *p = fresh(pages);
	uint64_t t = now();

	look(p, pages);
	t = now() - t;
	munmap(p, pages * PAGE);
	return t;
}

static uint64_t unmap_cost(unsigned long pages)
{
	char *p = fresh(pages);

	touch(p, pages);
	uint64_t t = now();

	munmap(p, pages * PAGE);
	return now() - t;
}

void bench_anon(void)
{
	const unsigned long pages = pages_of(64);
	char *p = fresh(pages);
	long before = faults();
	uint64_t t = now();

	touch(p, pages);
	uint64_t cost = now() - t;
	long taken = faults() - before; /* before anything is called for the first time */

	row("fault_anon_write", cost, pages);
	rule("fault_anon_write", "faults", taken, pages, pages);
	linear("fault_anon_write", write_cost, pages, cost, false);

	t = now();
	munmap(p, pages * PAGE);
	cost = now() - t;
	row("unmap_touched", cost, pages);
	linear("unmap_touched", unmap_cost, pages, cost, false);

	p = fresh(pages);
	before = faults();
	t = now();
	look(p, pages);
	cost = now() - t;
	row("fault_zero_read", cost, pages);
	rule("fault_zero_read", "faults", faults() - before, pages, pages);
	munmap(p, pages * PAGE);
	linear("fault_zero_read", read_cost, pages, cost, false);

	if (counting) { /* twice at once, then after a rest: per cent */
		long busy = (long)(write_cost(pages), write_cost(pages));

		rest();

		long free_before = free_kib(), rested = (long)write_cost(pages);

		rule_free("unmap_touched", free_before, 64);
		rule("fault_anon_write", "idle", (long)(100LL * rested / busy), 95, 105);
	}
}

void bench_map(void)
{
	uint64_t t = now();

	for (int i = 0; i < 1000; i++)
		munmap(map(PAGE, RW, ANON, -1), PAGE);
	row("mmap_munmap", now() - t, 1000);

	long free_before = free_kib(), before = faults();

	t = now();
	for (int i = 0; i < 1000; i++) {
		char *p = map(PAGE, RW, ANON, -1);

		*p = 1;
		munmap(p, PAGE);
	}
	row("mmap_touch_munmap", now() - t, 1000);
	rule("mmap_touch_munmap", "faults", faults() - before, 1000, 1000);
	rule_free("mmap_touch_munmap", free_before, 64);

	char *p = map(16 * PAGE, RW, ANON, -1);

	touch(p, 16);
	t = now();
	for (int i = 0; i < 1000; i++) {
		mprotect(p, 16 * PAGE, PROT_READ);
		mprotect(p, 16 * PAGE, RW);
	}
	row("mprotect_16p", now() - t, 2000);
	munmap(p, 16 * PAGE);

	before = faults();
	t = now();
	for (int i = 0; i < 1000; i++) {
		char *b = sbrk(PAGE);

		*b = 1;
		sbrk(-(long)PAGE);
	}
	row("brk_touch", now() - t, 1000);
	rule("brk_touch", "faults", faults() - before, 1000, 1000);
	rule_free("brk_touch", free_before, 64);
}

/* Every second page of a map may be written: 4000 areas. */
void bench_vmas(void)
{
	long free_before = free_kib();
	char *p = map(4000 * PAGE, PROT_NONE, ANON, -1);
	uint64_t t = now();

	for (int i = 0; i < 1000; i++)
		mprotect(p + (2 * i + 1) * PAGE, PAGE, RW);
	row("vma_split", now() - t, 1000);
	for (int i = 1000; i < 2000; i++)
		mprotect(p + (2 * i + 1) * PAGE, PAGE, RW);

	long before = faults();

	t = now();
	for (int i = 0; i < 2000; i++)
		p[(2 * i + 1) * PAGE] = 1;
	row("fault_2000_vmas", now() - t, 2000);
	rule("fault_2000_vmas", "faults", faults() - before, 2000, 2000);
	t = now();
	munmap(p, 4000 * PAGE);
	row("munmap_2000_vmas", now() - t, 4000);
	/* The areas' objects stay in their cache: 4000 of some 200 bytes. */
	rule_free("munmap_2000_vmas", free_before, 1500);
}
