/*
 * Kernel virtual memory: vmalloc and its relatives (SYSTEM.md S23, S30).
 *
 * The problem.  The direct map gives every page an address, but neighbouring
 * addresses there mean neighbouring frames, and many neighbouring frames are hard to get.
 * Who needs a large buffer but not its frames in a row takes single pages and maps
 * them side by side in a region of their own:
 *
 *   direct map   .. [p7] ....... [p2] ... [p9] ..          any frames
 *                     \            |       /
 *   vmalloc      ....[p2][p7][p9](guard)[......            one range
 *
 * It is dearer than kmalloc: page tables to fill and, later, TLBs to flush, and each page
 * takes a TLB entry of its own.  Behind each range an unmapped page catches who
 * runs over the end; since every range ends in one, there is one in front, too.
 *
 * The pages of a range are written down nowhere but in its page-table entries; freeing
 * reads them there. Tables, once made, stay: they are shared by all address spaces
 * (the top entries are made at boot, or found by the machine's fault handler), and what
 * best fit keeps near the start of the region needs few.
 *
 * Protection.  Nothing is mapped writable and executable: set_memory_prot() refuses. Modules
 * are written while they are writable, then made executable or read-only.
 *
 * Locking.  A range's entries belong to who has the range; the lock of their page table is held
 * while they change because its count of entries is shared.  range.c guards addresses.
 *
 * Failure.  Whatever is missing, what has been taken is given back, and the answer is NULL.
 */
#include "mm/kva/kva_int.h"

#include "lib/errno.h"
#include "mm/check.h"
#include "mm/mark.h"
#include "mm/slab/slab.h"
#include "mm/trace/trace.h"

#define CHUNK 32U /* pages handled at a time, on the stack */

static atomic_long_t used_pages;

/* ---- Entries ---- */

/* How many of `n` pages from va on have their entries in one table. */
static unsigned long in_table(unsigned long va, unsigned long n)
{
	unsigned long end =
		ALIGN_DOWN(va, PAGE_SIZE << PT_BITS(PT_PTE)) + (PAGE_SIZE << PT_BITS(PT_PTE));

	return min(n, (end - va) >> PAGE_SHIFT);
}

/* Map n pages, or n frames from pfn on when `pages` is NULL. 0 or -ENOMEM with some mapped. */
static int map(unsigned long va, struct page **pages, pfn_t pfn, unsigned long n, pgprot_t prot)
{
	while (n > 0) {
		unsigned long run = in_table(va, n);
		pte_t *slot = pt_walk_alloc(swapper_pg_dir, va, PT_PTE, false, GFP_KERNEL);

		if (!slot)
			return -ENOMEM;
		pt_lock(slot);
		for (unsigned long i = 0; i < run; i++) {
			ASSERT(pte_none(pte_get(slot + i)));
			pte_set(slot + i, mk_pte(pages ? page_to_pfn(*pages++) : pfn++, prot));
		}
		pt_page(slot)->pt_present += run;
		pt_unlock(slot);
		va += run << PAGE_SHIFT;
		n -= run;
	}
	return 0;
}

static void free_chunk(struct page **pages, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		__free_page(pages[i]);
	atomic_sub(n, &used_pages);
}

/* Clear the entries of a range, as far as they were made, and free the pages if they are its own. */
static void unmap(unsigned long va, unsigned long n, bool free)
{
	struct page *chunk[CHUNK];

	while (n > 0) {
		unsigned long run = min(in_table(va, n), (unsigned long)CHUNK);
		pte_t *slot = pt_walk(swapper_pg_dir, va, PT_PTE, NULL, NULL);
		unsigned taken = 0;

		if (slot) {
			pt_lock(slot);
			for (unsigned long i = 0; i < run; i++) {
				pte_t e = pte_get(slot + i);

				if (pte_none(e))
					continue;
				pte_set(slot + i, (pte_t){0});
				if (free)
					chunk[taken] = pfn_to_page(pte_pfn(e));
				taken++;
			}
			pt_page(slot)->pt_present -= taken;
			pt_unlock(slot);
			if (free)
				free_chunk(chunk, taken);
		}
		va += run << PAGE_SHIFT;
		n -= run;
	}
}

/* ---- Areas ---- */

/* A range for `pages` pages and a guard; NULL. */
static struct kva_area *new_area(struct kva_region *region, unsigned long pages, const char *kind,
				 const void *caller)
{
	struct kva_area *area;

	if (pages == 0 || pages >= (region->end - region->start) >> PAGE_SHIFT)
		return NULL;
	area = kva_alloc_range(region, (pages + 1) << PAGE_SHIFT);
	if (!area)
		return NULL;
	area->pages = pages;
	area->kind = kind;
	area->caller = caller;
	area->phys = PHYS(0);
	area->owns_pages = false;
	trace_vmap_map(area->start, pages, (unsigned long)caller, 0);
	return area;
}

static void release_area(struct kva_region *region, struct kva_area *area)
{
	unmap(area->start, area->pages, area->owns_pages);
	trace_vmap_unmap(area->start, area->pages, (unsigned long)area->caller, 0);
	kva_free_range(region, area);
}

/* Fill a range with new pages. 0 or -ENOMEM with some of them mapped. */
static int populate(struct kva_area *area, gfp_t gfp, int nid)
{
	struct page *chunk[CHUNK];
	unsigned long va = area->start, left = area->pages;

	while (left > 0) {
		unsigned want = min(left, (unsigned long)CHUNK), got = 0;

		if (nid == NUMA_NO_NODE)
			got = alloc_pages_bulk(gfp, want, chunk);
		else
			while (got < want && (chunk[got] = alloc_pages_node(nid, gfp, 0)))
				got++;
		if (got == 0)
			return -ENOMEM;
		atomic_add(got, &used_pages);
		if (map(va, chunk, 0, got, KERNEL_PROT_RW)) {
			/* The first ones may be mapped: those the caller frees with the range. */
			while (got > 0 &&
			       !vmalloc_to_page((void *)(va + ((got - 1) << PAGE_SHIFT))))
				free_chunk(&chunk[--got], 1);
			return -ENOMEM;
		}
		va += (unsigned long)got << PAGE_SHIFT;
		left -= got;
	}
	return 0;
}

void *kva_new(struct kva_region *region, unsigned long pages, gfp_t gfp, int nid, const char *kind,
	      const void *caller)
{
	struct kva_area *area;

	if (pages > totalram_pages())
		return NULL;
	area = new_area(region, pages, kind, caller);
	if (!area)
		return NULL;
	area->owns_pages = true;
	if (populate(area, gfp, nid)) {
		release_area(region, area);
		return NULL;
	}
	return (void *)area->start;
}

/* Undo any of the calls that made an area, given its first address. */
void kva_release(const void *addr)
{
	unsigned long start = (unsigned long)addr;
	struct kva_region *region = kva_region_of(start);
	struct kva_area *area = NULL;

	if (region) {
		spin_lock(&kva_lock);
		area = kva_find_used(region, start);
		spin_unlock(&kva_lock);
	}
	if (WARN_ON(!area || area->start != ALIGN_DOWN(start, PAGE_SIZE)))
		return;
	release_area(region, area);
}

/* ---- The face ---- */

#define GFP_VMALLOC     (GFP_KERNEL | __GFP_HIGHMEM)
#define PAGES_OF(bytes) ((bytes) / PAGE_SIZE + ((bytes) % PAGE_SIZE != 0))

void *vmalloc(size_t bytes)
{
	return kva_new(&kva_regions[REGION_VMALLOC], PAGES_OF(bytes), GFP_VMALLOC, NUMA_NO_NODE,
		       "vmalloc", __builtin_return_address(0));
}

void *vzalloc(size_t bytes)
{
	return kva_new(&kva_regions[REGION_VMALLOC], PAGES_OF(bytes), GFP_VMALLOC | __GFP_ZERO,
		       NUMA_NO_NODE, "vmalloc", __builtin_return_address(0));
}

void *module_alloc(size_t bytes)
{
	return kva_new(&kva_regions[REGION_MODULES], PAGES_OF(bytes), GFP_VMALLOC, NUMA_NO_NODE,
		       "vmalloc", __builtin_return_address(0));
}

void vfree(const void *addr)
{
	if (addr)
		kva_release(addr);
}

/* On a machine that cannot forbid execution everything is executable, and nothing can be said. */
static bool writable_and_executable(pgprot_t prot)
{
	return !pte_exec(mk_pte(0, KERNEL_PROT_RW)) && pte_write(mk_pte(0, prot)) &&
	       pte_exec(mk_pte(0, prot));
}

static void *map_given(struct page **pages, pfn_t pfn, unsigned long n, pgprot_t prot,
		       const char *kind, phys_addr_t phys, const void *caller)
{
	struct kva_region *region = &kva_regions[REGION_VMALLOC];
	struct kva_area *area;

	if (writable_and_executable(prot))
		return NULL;
	area = new_area(region, n, kind, caller);
	if (!area)
		return NULL;
	area->phys = phys;
	if (map(area->start, pages, pfn, n, prot)) {
		release_area(region, area);
		return NULL;
	}
	return (void *)area->start;
}

void *vmap(struct page **pages, unsigned long n, pgprot_t prot)
{
	return map_given(pages, 0, n, prot, "vmap", PHYS(0), __builtin_return_address(0));
}

void vunmap(const void *addr)
{
	if (addr)
		kva_release(addr);
}

void *ioremap(phys_addr_t start, size_t bytes)
{
	unsigned long offset = start.v & (PAGE_SIZE - 1);
	unsigned long n = PAGES_OF(offset + bytes);
	pfn_t pfn = (pfn_t)(start.v >> PAGE_SHIFT);
	char *window;

	/* RAM has its cached mapping; another one, uncached, would disagree with it. */
	if (bytes == 0 || offset + bytes < bytes || WARN_ON(any_frame_present(pfn, n)))
		return NULL;
	window = map_given(NULL, pfn, n, KERNEL_PROT_DEV, "ioremap", PHYS(start.v - offset),
			   __builtin_return_address(0));
	return window ? window + offset : NULL;
}

void iounmap(void *addr)
{
	if (addr)
		kva_release(addr);
}

int set_memory_prot(void *addr, unsigned long pages, pgprot_t prot)
{
	unsigned long start = (unsigned long)addr, va = start, left = pages;
	struct kva_region *region = kva_region_of(start);
	struct kva_area *area;
	bool inside;

	if (!region || !IS_ALIGNED(start, PAGE_SIZE) || writable_and_executable(prot))
		return -EINVAL;
	spin_lock(&kva_lock);
	area = kva_find_used(region, start);
	inside = area && pages <= area->pages - ((start - area->start) >> PAGE_SHIFT);
	spin_unlock(&kva_lock);
	if (!inside)
		return -EINVAL;
	while (left > 0) {
		unsigned long run = in_table(va, left);
		pte_t *slot = pt_walk(swapper_pg_dir, va, PT_PTE, NULL, NULL);

		pt_lock(slot);
		for (unsigned long i = 0; i < run; i++)
			pte_set(slot + i, pte_modify(pte_get(slot + i), prot));
		pt_unlock(slot);
		va += run << PAGE_SHIFT;
		left -= run;
	}
	tlb_flush_kernel(start, va);
	return 0;
}

bool is_vmalloc_addr(const void *addr)
{
	return kva_region_of((unsigned long)addr) != NULL;
}

struct page *vmalloc_to_page(const void *addr)
{
	pte_t *slot;

	if (!is_vmalloc_addr(addr))
		return NULL;
	slot = pt_walk(swapper_pg_dir, (unsigned long)addr, PT_PTE, NULL, NULL);
	if (!slot || !pte_present(pte_get(slot)) || !any_frame_present(pte_pfn(pte_get(slot)), 1))
		return NULL;
	return pfn_to_page(pte_pfn(pte_get(slot)));
}

/* ---- Figures, boot ---- */

unsigned long vmalloc_used_pages(void)
{
	return (unsigned long)atomic_read(&used_pages);
}

bool vmalloc_info_get(unsigned long after, struct vmalloc_info *info)
{
	struct kva_area *area = NULL;

	spin_lock(&kva_lock);
	for (unsigned i = 0; i < KVA_REGIONS && !area; i++)
		area = kva_next_used(&kva_regions[i], after);
	if (area)
		*info = (struct vmalloc_info){.start = area->start,
					      .bytes = area->bytes,
					      .caller = area->caller,
					      .pages = area->pages,
					      .phys = area->phys,
					      .kind = area->kind};
	spin_unlock(&kva_lock);
	if (!area)
		return false;
	/* The area may go meanwhile; its tables stay, and so do descriptors. */
	for (unsigned long i = 0; i < info->pages; i++) {
		struct page *page = vmalloc_to_page((void *)(info->start + (i << PAGE_SHIFT)));

		if (page)
			info->node_pages[page_to_nid(page)]++;
	}
	return true;
}

/* What the lower floors hold for speed goes when memory is short: pages freed. */
static unsigned long shrink_kernel(gfp_t gfp)
{
	unsigned long pages = kva_drain_stacks() + pt_drain_stock();

	kva_purge(); /* for the structures */
	return pages + slab_shrink_all();
}

static struct mm_checker checker = {.name = "kva", .check = kva_check, .still = true};
static struct mm_marker marker = {.mark = kva_mark};

void kva_init(void)
{
	pt_init();
	kva_ranges_init();
	frame_ops.shrink = shrink_kernel;
	mm_check_register(&checker);
	mm_mark_register(&marker);
}
