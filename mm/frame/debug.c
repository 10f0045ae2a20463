/*
 * The debug build's aids: poison in free pages, who owns a page, and allocations that fail
 * on purpose.
 *
 * A freed page is filled with 0xaa, and when it is taken again the filling must
 * still be there: who writes to memory after giving it back is found at the next allocation.
 * (Pages that were free since boot have never been filled; the owner's entry tells
 * them apart: it is zero for those, and FREED for others.)
 *
 * The owner of a page is the address the allocation was called from, in an array of words
 * beside the zone.
 *
 * Fake HIGHMEM: a page that was asked for with __GFP_HIGHMEM is out of the direct map until it
 * is freed (machine/highmem.h).
 *
 * fail_nth: a test sets n, runs what it tests, and the n-th allocation of this task fails;
 * with n from 1 until nothing fails any more, every way out of every error is taken. The count is
 * the task's (/proc/PID/fail-nth, as on a Linux with fault injection).
 */
#include "lib/printk.h"
#include "lib/string.h"
#include "mm/frame/kmap.h"
#include "mm/frame/report.h"
#include "sync/task.h"
#ifdef PAGODA_FAKE_HIGHMEM
#include "machine/highmem.h"
#endif

#ifdef PAGODA_DEBUG

#define POISON 0xaaaaaaaaaaaaaaaaULL
#define FREED  1UL /* in place of an owner: poisoned */

static unsigned long *owner_slot(const struct page *page)
{
	const struct zone *zone = page_zone(page);

	return &zone->owner[page_to_pfn(page) - zone->start_pfn];
}

unsigned long page_alloc_caller(const struct page *page)
{
	unsigned long owner = READ_ONCE(*owner_slot(page));

	return owner == FREED ? 0 : owner;
}

static void check_poison(struct page *page)
{
	const u64 *word = kmap_local_page(page);
	unsigned i = 0;

	while (i < PAGE_SIZE / sizeof(*word) && word[i] == POISON)
		i++;
	if (i < PAGE_SIZE / sizeof(*word)) {
		printk(KERN_ALERT "free page written at offset %u: %016llx",
		       i * (unsigned)sizeof(*word), (unsigned long long)word[i]);
		report_bad_page(page, "written after it was freed");
	}
	kunmap_local(word);
}

static void poison(struct page *page)
{
	void *window = kmap_local_page(page);

	memset(window, (int)(POISON & 0xff), PAGE_SIZE);
	kunmap_local(window);
}

void frame_debug_alloc(struct page *page, unsigned order, const void *caller)
{
	for (unsigned long i = 0; i < 1UL << order; i++) {
		unsigned long *owner = owner_slot(page + i);

		if (*owner == FREED)
			check_poison(page + i);
		else if (*owner > FREED)
			report_bad_page(page + i, "given out twice");
		*owner = (unsigned long)caller;
	}
}

void frame_debug_hide(struct page *page, unsigned order, gfp_t gfp)
{
#ifdef PAGODA_FAKE_HIGHMEM
	if (gfp & __GFP_HIGHMEM)
		for (unsigned long i = 0; i < 1UL << order; i++)
			machine_hide_page(page_to_pfn(page + i));
#endif
}

static void show(struct page *page)
{
#ifdef PAGODA_FAKE_HIGHMEM
	machine_show_page(page_to_pfn(page));
#endif
}

bool frame_debug_free(struct page *page, unsigned order)
{
	for (unsigned long i = 0; i < 1UL << order; i++) {
		if (*owner_slot(page + i) <= FREED) {
			report_bad_page(page + i, "freed twice");
			return false;
		}
	}
	for (unsigned long i = 0; i < 1UL << order; i++) {
		show(page + i);
		poison(page + i);
		*owner_slot(page + i) = FREED;
	}
	return true;
}

void fail_nth_set(unsigned n)
{
	WRITE_ONCE(*task_fail_nth(), n);
}

unsigned fail_nth_left(void)
{
	return READ_ONCE(*task_fail_nth());
}

bool should_fail_alloc(gfp_t gfp)
{
	unsigned *left = task_fail_nth();

	return left && READ_ONCE(*left) && !(gfp & __GFP_NOFAIL) && --*left == 0;
}

__attribute__((weak)) unsigned *task_fail_nth(void)
{
	return NULL;
}

#else

void fail_nth_set(unsigned n)
{
	if (n)
		pr_warn("fail_nth: only in the debug build");
}

unsigned fail_nth_left(void)
{
	return 0;
}

bool should_fail_alloc(gfp_t gfp)
{
	return false;
}

unsigned long page_alloc_caller(const struct page *page)
{
	return 0;
}

#endif
