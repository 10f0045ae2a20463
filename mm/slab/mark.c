/*
 * The slabs' part of a mark: every slab, and each cache's free objects, in them and in arrays.
 * (mm/mark.h)
 */
#include "mm/mark.h"
#include "mm/slab/slab_int.h"
#include "mm/trace/trace.h"

static unsigned mark_list(const struct kmem_cache *cache, const struct page_list *list)
{
	const struct page *slab = page_list_first(list);

	for (; slab; slab = page_list_next(slab))
		trace_mark_slab(cache->id, page_to_pfn(slab), cache->order, 0);
	return list->count;
}

/* Objects in arrays; all ones if some are in arrays that wait for an epoch, or nobody records objects. */
static u64 waiting_objects(const struct kmem_cache *cache)
{
	u64 waiting = 0;
	int nid;

	if (!SLAB_RECORDS_OBJECTS || cache->detached)
		return ~0ULL;
	for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++)
		waiting += cache->cpu[cpu]->avail;
	for_each_node (nid)
		if (cache->node[nid].shared)
			waiting += cache->node[nid].shared->avail;
	return waiting;
}

/* The chain changes between two rescheduling points only: it is whole, without its mutex. */
void slab_mark(void)
{
	const struct kmem_cache *cache;
	int nid;

	for_each_cache (cache) {
		unsigned long slabs = 0, free = 0;

		for_each_node (nid) {
			const struct kmem_cache_node *node = &cache->node[nid];

			slabs += mark_list(cache, &node->full);
			slabs += mark_list(cache, &node->partial);
			slabs += mark_list(cache, &node->empty);
			free += node->free_objects;
		}
		trace_mark_cache(cache->id, slabs, free, waiting_objects(cache));
	}
}
