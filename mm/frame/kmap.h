/*
 * Windows onto pages that the kernel has no address for (SYSTEM.md S23).
 *
 * A machine with HIGHMEM, or one that plays it (PAGODA_FAKE_HIGHMEM), opens and closes them
 * (machine/highmem.h); elsewhere a page's window is its place in the direct map.
 */
#pragma once

#include "mm/frame/page.h"

/*
 * A window onto a page's contents; any page may have one. Cannot fail. Two kinds:
 *
 * kmap_local_page() until kunmap_local(): the holder must not sleep, nor touch a program's memory that may
 * fault.  Does not sleep. Nest like brackets, at most four deep.
 *
 * kmap() until kunmap(): the holder may sleep, as in a fault on what it copies to or from; but it must
 * not wait for who may be waiting for a kmap(), and so opens no second one.  Sleeps while there are
 * too many.
 */
#if MACHINE_HAS_HIGHMEM || defined(PAGODA_FAKE_HIGHMEM)
#include "machine/highmem.h"

static inline void *kmap_local_page(struct page *page)
{
	return machine_open_window(page_to_pfn(page), false);
}
static inline void kunmap_local(const void *window)
{
	machine_close_window(window);
}
static inline void *kmap(struct page *page)
{
	might_sleep();
	return machine_open_window(page_to_pfn(page), true);
}
static inline void kunmap(const void *window)
{
	machine_close_window(window);
}
#else
static inline void *kmap_local_page(struct page *page)
{
	return page_address(page);
}
static inline void kunmap_local(const void *window)
{
	(void)window;
}
static inline void *kmap(struct page *page)
{
	return page_address(page);
}
static inline void kunmap(const void *window)
{
	(void)window;
}
#endif

/* Zero or copy whole pages through windows. */
static inline void clear_highpage(struct page *page)
{
	void *window = kmap_local_page(page);

	clear_page(window);
	kunmap_local(window);
}
static inline void copy_highpage(struct page *to, struct page *from)
{
	void *target = kmap_local_page(to), *source = kmap_local_page(from);

	copy_page(target, source);
	kunmap_local(source);
	kunmap_local(target);
}
