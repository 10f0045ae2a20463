/*
 * The kernel's own virtual memory: vmalloc, device mappings, kernel stacks with a
 * guard page, and windows onto frames (SYSTEM.md S23, S30).
 */
#pragma once

#include "machine/pgtable.h"
#include "mm/frame/frame.h"
#ifdef PAGODA_FAKE_HIGHMEM
#include "machine/highmem.h"
#endif

/*
 * Contiguous in virtual space only, page aligned, with an unmapped guard page behind. May sleep.
 * NULL without memory, or for 0 bytes.
 */
void *vmalloc(size_t bytes) __must_check;
void *vzalloc(size_t bytes) __must_check;
void vfree(const void *addr); /* NULL is allowed; may wait for other CPUs */
/* A range in the modules' region, still writable and not executable. */
void *module_alloc(size_t bytes) __must_check;
/*
 * Change the protection of whole mapped pages in a vmalloc or module range: 0, or -EINVAL, also for
 * one that would be writable and executable at once. When it returns no CPU goes by the old one.
 */
int set_memory_prot(void *addr, unsigned long pages, pgprot_t prot);
/* Map given pages; the caller keeps them and undoes it with vunmap. */
void *vmap(struct page **pages, unsigned long n, pgprot_t prot) __must_check;
void vunmap(const void *addr);
/* Device registers: uncached. */
void *ioremap(phys_addr_t start, size_t bytes) __must_check;
void iounmap(void *addr);
bool is_vmalloc_addr(const void *addr);         /* in one of the two regions */
struct page *vmalloc_to_page(const void *addr); /* NULL where nothing is mapped */

/*
 * A kernel stack, with guard pages around, recently freed ones kept for reuse (so its contents are
 * undefined). May sleep; freeing does not.
 */
#define KERNEL_STACK_SIZE (4 * PAGE_SIZE)
void *alloc_kernel_stack(int nid) __must_check; /* its lowest address */
void free_kernel_stack(void *stack);

/*
 * A window onto a page's contents, on this CPU, until kunmap_local(); windows nest like
 * brackets and the holder may sleep. On machines without HIGHMEM it is the direct map; the debug
 * build checks that nobody goes there without one (machine/highmem.h).
 */
#ifdef PAGODA_FAKE_HIGHMEM
static inline void *kmap_local_page(struct page *page)
{
	return machine_open_window(page_to_pfn(page));
}
static inline void kunmap_local(const void *window)
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

void kva_init(void); /* after slab_init() */

/* /proc/vmallocinfo: areas in order of address; false at the end. */
struct vmalloc_info {
	unsigned long start, bytes; /* with the guard page */
	const void *caller;
	unsigned long pages;
	phys_addr_t phys;
	const char *kind;                       /* "vmalloc", "vmap", "ioremap", "stack" */
	unsigned long node_pages[MAX_NUMNODES]; /* of those mapped, by node */
};
/* The first area that starts above `after`. */
bool vmalloc_info_get(unsigned long after, struct vmalloc_info *info);
unsigned long vmalloc_used_pages(void); /* given out by vmalloc, module_alloc, stacks */
unsigned kva_check(void);
