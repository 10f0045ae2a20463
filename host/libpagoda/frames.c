/*
 * The library's view of frames and objects: the floors themselves, by frame number.
 */
#include "host/libpagoda/library.h"

#include "lib/errno.h"
#include "mm/kva/kva.h"
#include "mm/slab/slab.h"

static gfp_t gfp_of(unsigned where)
{
	gfp_t gfp = GFP_KERNEL | __GFP_NOWARN;

	if (where & PAGODA_DMA)
		gfp |= GFP_DMA;
	else if (where & PAGODA_HIGH)
		gfp |= __GFP_HIGHMEM;
	if (where & PAGODA_MOVABLE)
		gfp |= __GFP_MOVABLE;
	if (where & PAGODA_ZERO)
		gfp |= __GFP_ZERO;
	return gfp;
}

int pagoda_frames_alloc(unsigned order, unsigned where, int node, uint64_t *frame)
{
	struct page *page;

	if (order >= MAX_ORDER || node < PAGODA_ANY_NODE || node >= (int)nr_nodes)
		return -EINVAL;
	page = node == PAGODA_ANY_NODE ? alloc_pages(gfp_of(where), order)
				       : alloc_pages_node(node, gfp_of(where), order);
	if (!page)
		return -ENOMEM;
	*frame = page_to_pfn(page);
	return 0;
}

void pagoda_frames_free(uint64_t frame, unsigned order)
{
	__free_pages(pfn_to_page(frame), order);
}

void *pagoda_window_open(uint64_t frame)
{
	return kmap_local_page(pfn_to_page(frame));
}

void pagoda_window_close(void *window)
{
	kunmap_local(window);
}

static void describe(struct zone *zone, struct pagoda_zone *to)
{
	struct zone_snapshot now;

	zone_snapshot(zone, &now);
	*to = (struct pagoda_zone){
		.node = zone->node->nid,
		.name = zone->name,
		.start_frame = zone->start_pfn,
		.spanned = zone->spanned_pages,
		.present = zone->present_pages,
		.managed = zone->managed_pages,
		.free = now.free_pages,
		.min = zone->watermark[WMARK_MIN],
		.low = zone->watermark[WMARK_LOW],
		.high = zone->watermark[WMARK_HIGH],
	};
	for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++)
		to->free += zone->pcp[cpu] ? pcp_count(zone->pcp[cpu]) : 0;
	for (unsigned type = 0; type < MIGRATE_TYPES; type++)
		for (unsigned order = 0; order < MAX_ORDER; order++)
			to->blocks[order] += now.blocks[type][order];
}

bool pagoda_zone(unsigned n, struct pagoda_zone *to)
{
	struct zone *zone;

	for_each_zone (zone) {
		if (!zone->present_pages || n-- > 0)
			continue;
		describe(zone, to);
		return true;
	}
	return false;
}

/* ---- Objects ---- */

void *pagoda_kmalloc(size_t bytes)
{
	return kmalloc(bytes, GFP_KERNEL | __GFP_NOWARN);
}

void pagoda_kfree(void *object)
{
	kfree(object);
}

void *pagoda_vmalloc(size_t bytes)
{
	return vmalloc(bytes);
}

void pagoda_vfree(void *area)
{
	vfree(area);
}

struct pagoda_cache *pagoda_cache_new(const char *name, size_t bytes, size_t align)
{
	return (struct pagoda_cache *)kmem_cache_create(name, bytes, align, 0, NULL);
}

void pagoda_cache_free(struct pagoda_cache *cache)
{
	kmem_cache_destroy((struct kmem_cache *)cache);
}

void *pagoda_object_alloc(struct pagoda_cache *cache)
{
	return kmem_cache_alloc((struct kmem_cache *)cache, GFP_KERNEL | __GFP_NOWARN);
}

void pagoda_object_free(struct pagoda_cache *cache, void *object)
{
	kmem_cache_free((struct kmem_cache *)cache, object);
}
