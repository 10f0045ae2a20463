/*
 * kmalloc: memory by size instead of by type (SYSTEM.md S29).
 *
 * A request is served from the cache of the next larger size: powers of two from 8
 * bytes to 8 KiB, and 96 and 192 between, because many structures are a little
 * larger than 64 and 128 bytes.  At most half of an object is wasted, but for the
 * smallest.  Larger requests, up to 4 MiB, are a power of two of pages straight from the
 * buddy system: caching them per CPU would hoard memory to save little. So is what a
 * device with few address lines asks for (GFP_DMA): rare, and not worth a second set
 * of caches.
 *
 * kfree() has only the address.  The descriptor of its page (of the head, in a block of
 * several) tells: a slab leads to its cache, anything else is a block of pages.
 */
#include "mm/slab/slab_int.h"

#include "lib/printk.h"

struct kmem_cache *kmalloc_caches[KMALLOC_CACHES];

static const struct {
	const char *name;
	u32 bytes;
} sizes[KMALLOC_CACHES] = {
	{"kmalloc-8", 8},     {"kmalloc-16", 16},   {"kmalloc-32", 32},   {"kmalloc-64", 64},
	{"kmalloc-96", 96},   {"kmalloc-128", 128}, {"kmalloc-192", 192}, {"kmalloc-256", 256},
	{"kmalloc-512", 512}, {"kmalloc-1k", 1024}, {"kmalloc-2k", 2048}, {"kmalloc-4k", 4096},
	{"kmalloc-8k", 8192},
};

void kmalloc_init(void)
{
	for (unsigned i = 0; i < KMALLOC_CACHES; i++) {
		u32 bytes = sizes[i].bytes;

		kmalloc_caches[i] = kmem_cache_create(
			sizes[i].name, bytes, min(bytes & -bytes, CACHE_LINE), SLAB_PANIC, NULL);
	}
}

static void *kmalloc_pages(size_t bytes, gfp_t gfp, int nid)
{
	unsigned order = 0;
	struct page *page;

	if (bytes > KMALLOC_MAX) {
		WARN_ON(!(gfp & __GFP_NOWARN));
		return NULL;
	}
	while (PAGE_SIZE << order < bytes)
		order++;
	gfp &= ~(__GFP_HIGHMEM | __GFP_MOVABLE);
	page = alloc_pages_node(nid, gfp | (order ? __GFP_COMP : 0), order);
	return page ? page_address(page) : NULL;
}

static inline bool wants_pages(size_t bytes, gfp_t gfp)
{
	return bytes > KMALLOC_MAX_CACHED || gfp & (__GFP_DMA | __GFP_DMA32);
}

void *kmalloc_any(size_t bytes, gfp_t gfp)
{
	if (unlikely(wants_pages(bytes, gfp)))
		return kmalloc_pages(bytes, gfp, cpu_to_node(cpu_id()));
	return slab_alloc(kmalloc_caches[kmalloc_index(bytes)], gfp, __builtin_return_address(0));
}

void *kmalloc_node(size_t bytes, gfp_t gfp, int nid)
{
	if (unlikely(wants_pages(bytes, gfp)))
		return kmalloc_pages(bytes, gfp, nid == NUMA_NO_NODE ? cpu_to_node(cpu_id()) : nid);
	return kmem_cache_alloc_node(kmalloc_caches[kmalloc_index(bytes)], gfp, nid);
}

void kfree(const void *object)
{
	struct page *page;

	if (!object)
		return;
	page = object_slab(object);
	if (likely(page_test(page, PG_slab)))
		slab_free(page->slab_cache, (void *)object, __builtin_return_address(0));
	else
		__free_pages(page, compound_order(page));
}

size_t ksize(const void *object)
{
	struct page *page = object_slab(object);

	if (page_test(page, PG_slab))
		return ((struct kmem_cache *)page->slab_cache)->object_size;
	return PAGE_SIZE << compound_order(page);
}

void *kcalloc(size_t n, size_t bytes, gfp_t gfp)
{
	size_t total;

	if (__builtin_mul_overflow(n, bytes, &total))
		return NULL;
	return kmalloc_any(total, gfp | __GFP_ZERO);
}

void *krealloc(const void *object, size_t bytes, gfp_t gfp)
{
	size_t old = object ? ksize(object) : 0;
	void *moved;

	if (object && bytes <= old)
		return (void *)object;
	moved = kmalloc_any(bytes, gfp);
	if (moved && object) {
		memcpy(moved, object, old);
		kfree(object);
	}
	return moved;
}

void *kmemdup(const void *from, size_t bytes, gfp_t gfp)
{
	void *copy = kmalloc_any(bytes, gfp);

	if (copy)
		memcpy(copy, from, bytes);
	return copy;
}

char *kstrdup(const char *s, gfp_t gfp)
{
	return s ? kmemdup(s, strlen(s) + 1, gfp) : NULL;
}
