/*
 * What the object floor says of itself: /proc/slabinfo's figures, and the invariants.
 *
 * slab_check() states:
 *   - each list holds slabs that belong there by their count of free objects, have
 *     PG_slab, name the cache and lie on the list's node;
 *   - a bitmap has no bits beyond the last object, and agrees with the count kept beside it;
 *   - free_objects is the sum of all bits; pages of all slabs make the node's gauges;
 *   - an object in an array is one of a slab of this cache and of the array's node, is not
 *     free in its slab, and is in no other array and not twice in one;
 *   - debug builds: every free object is still as it was left.
 */
#include "mm/slab/slab_int.h"

#include "lib/printk.h"
#include "mm/check.h"
#include "mm/frame/vmstat.h"

/* ---- Figures ---- */

static unsigned long cpu_held(struct kmem_cache *cache)
{
	unsigned long held = 0;

	for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++)
		held += READ_ONCE(load_acquire(&cache->cpu[cpu])->avail);
	return held;
}

static void get_info(struct kmem_cache *cache, struct slabinfo *info)
{
	unsigned long free = 0;
	int nid;

	*info = (struct slabinfo){.objsize = cache->size,
				  .objperslab = cache->objects,
				  .pagesperslab = 1U << cache->order,
				  .limit = cache->limit,
				  .batchcount = cache->batch,
				  .shared = cache->shared,
				  .id = cache->id};
	str_copy(info->name, cache->name, sizeof(info->name));
	for_each_node (nid) {
		struct kmem_cache_node *node = &cache->node[nid];

		spin_lock(&node->lock);
		info->active_slabs += node->full.count + node->partial.count;
		info->num_slabs += node->full.count + node->partial.count + node->empty.count;
		info->shared_avail += node->shared ? node->shared->avail : 0;
		free += node->free_objects;
		spin_unlock(&node->lock);
	}
	info->num_objs = info->num_slabs * cache->objects;
	free += info->shared_avail + cpu_held(cache);
	/* Other CPUs go on working meanwhile. */
	info->active_objs = info->num_objs - min(free, info->num_objs);
}

bool slabinfo_get(unsigned n, struct slabinfo *info)
{
	struct kmem_cache *cache;
	bool found = false;

	mutex_lock(&slab_chain_lock);
	for_each_cache (cache)
		if (n-- == 0) {
			get_info(cache, info);
			found = true;
			break;
		}
	mutex_unlock(&slab_chain_lock);
	return found;
}

/* ---- Invariants ---- */

static unsigned complain(struct kmem_cache *cache, const struct page *slab, const char *what)
{
	pr_err("slab_check: cache %s, slab %#lx: %s\n", cache->name, slab ? page_to_pfn(slab) : 0,
	       what);
	return 1;
}

#define REQUIRE(cond) bad += (cond) ? 0 : complain(cache, slab, #cond)

static unsigned check_slab(struct kmem_cache *cache, int nid, struct page *slab, u32 *nr_free)
{
	const u64 *bitmap = slab_bitmap(cache, slab);
	unsigned words = cache->bitmap_offset ? slab_words(cache) : 1, bad = 0;

	*nr_free = 0;
	REQUIRE(page_test(slab, PG_slab) && !page_test(slab, PG_tail));
	REQUIRE(slab->slab_cache == cache);
	REQUIRE(page_to_nid(slab) == nid);
	REQUIRE(compound_order(slab) == cache->order);
	REQUIRE(slab_colour(slab) < cache->colours);
	for (unsigned w = 0; w < words; w++) {
		unsigned bits = min(cache->objects - w * SLAB_BITS, SLAB_BITS);

		REQUIRE(bits == SLAB_BITS || bitmap[w] >> bits == 0);
		REQUIRE(!cache->bitmap_offset || w >= slab->slab_first || bitmap[w] == 0);
		*nr_free += __builtin_popcountll(bitmap[w]);
		for (u64 left = bitmap[w]; left; left &= left - 1) {
			unsigned i = w * SLAB_BITS + __builtin_ctzll(left);

			bad += slab_debug_check_free(cache, slab_object(cache, slab, i));
		}
	}
	REQUIRE(!cache->bitmap_offset || slab->slab_inuse == cache->objects - *nr_free);
	return bad;
}

static unsigned check_list(struct kmem_cache *cache, int nid, struct page_list *list, u32 low,
			   u32 high, unsigned long *nr_free)
{
	struct page *slab = page_list_first(list);
	unsigned bad = 0;
	u32 count = 0, free;

	for (; slab; slab = page_list_next(slab)) {
		count++;
		bad += check_slab(cache, nid, slab, &free);
		*nr_free += free;
		REQUIRE(free >= low && free <= high);
	}
	REQUIRE(count == list->count);
	return bad;
}

/*
 * Mark what an array holds as free in the slabs, or take the marks away again: who is marked
 * already is free or held twice.
 */
static unsigned mark_array(struct kmem_cache *cache, const struct array_cache *array, bool mark)
{
	unsigned bad = 0;

	for (u32 k = 0; k < array->avail; k++) {
		struct page *slab = object_slab(array->entry[k]);
		unsigned i = slab_index(cache, slab, array->entry[k]);
		u64 bit = 1ULL << i % SLAB_BITS;

		if (!page_test(slab, PG_slab) || slab->slab_cache != cache || i >= cache->objects) {
			bad += mark ? complain(cache, slab, "an array holds what is no object") : 0;
			continue;
		}
		u64 *word = slab_bitmap(cache, slab) + i / SLAB_BITS;
		if (!mark) {
			*word &= ~bit;
			continue;
		}
		REQUIRE(slab_object(cache, slab, i) == array->entry[k]);
		REQUIRE(page_to_nid(slab) == (int)array->nid);
		REQUIRE(!(*word & bit));
		bad += slab_debug_check_free(cache, array->entry[k]);
		*word |= bit;
	}
	return bad;
}

static unsigned mark_arrays(struct kmem_cache *cache, bool mark)
{
	unsigned bad = 0;
	int nid;

	for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++)
		bad += mark_array(cache, cache->cpu[cpu], mark);
	for_each_node (nid)
		if (cache->node[nid].shared)
			bad += mark_array(cache, cache->node[nid].shared, mark);
	return bad;
}

static unsigned check_cache(struct kmem_cache *cache, unsigned long pages[][2])
{
	struct page *slab = NULL;
	unsigned bad = 0;
	int nid;

	REQUIRE(cache->batch >= 1 && cache->batch <= cache->limit);
	for_each_node (nid) {
		struct kmem_cache_node *node = &cache->node[nid];
		unsigned long nr_free = 0;

		spin_lock(&node->lock);
		bad += check_list(cache, nid, &node->full, 0, 0, &nr_free);
		bad += check_list(cache, nid, &node->partial, 1, cache->objects - 1, &nr_free);
		bad += check_list(cache, nid, &node->empty, cache->objects, cache->objects,
				  &nr_free);
		REQUIRE(nr_free == node->free_objects);
		REQUIRE(node->empty_low <= node->empty.count);
		REQUIRE(!node->shared || node->shared->avail <= node->shared->limit);
		pages[nid][!!(cache->flags & SLAB_RECLAIM_ACCOUNT)] +=
			(unsigned long)(node->full.count + node->partial.count + node->empty.count)
			<< cache->order;
		spin_unlock(&node->lock);
	}
	bad += mark_arrays(cache, true);
	mark_arrays(cache, false);
	return bad;
}

unsigned slab_check(void)
{
	unsigned long pages[MAX_NUMNODES][2] = {0};
	struct kmem_cache *cache;
	unsigned bad = 0;
	int nid;

	/* No other CPU works meanwhile: marks are set in the slabs. */
	if (!mutex_trylock(&slab_chain_lock))
		return MM_CHECK_AGAIN;
	for_each_cache (cache)
		bad += check_cache(cache, pages);
	mutex_unlock(&slab_chain_lock);
	for_each_node (nid) {
		if (pages[nid][0] != node_stat(node_data[nid], NR_SLAB_UNRECLAIMABLE) ||
		    pages[nid][1] != node_stat(node_data[nid], NR_SLAB_RECLAIMABLE)) {
			pr_err("slab_check: node %d: %lu+%lu pages on slabs, the gauges differ\n",
			       nid, pages[nid][0], pages[nid][1]);
			bad++;
		}
	}
	return bad;
}
