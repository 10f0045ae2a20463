/*
 * The kernel's own virtual memory: vmalloc, device mappings, kernel stacks with a
 * guard page (SYSTEM.md S30).
 */
#pragma once

#include "machine/pgtable.h"
#include "mm/frame/frame.h"
#include "mm/frame/kmap.h"

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
void kva_mark(void); /* mm/mark.h */
