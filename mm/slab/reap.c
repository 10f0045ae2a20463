/*
 * Giving memory back, by age and under pressure, and changing a cache's tunables
 * while it is in use (SYSTEM.md S28).
 *
 * Both come down to emptying arrays.  A CPU's array belongs to that CPU; from outside
 * one can only take it away: swap the pointer for no_array and wait an epoch (slab.c).
 * The call is asynchronous: who shrinks under pressure does not wait for other CPUs, what
 * their arrays held comes back a little later.
 *
 * Ageing, every two seconds or so: an array that was neither refilled nor flushed since
 * the last look is taken away, with what it holds; a shared array likewise. Of the
 * empty slabs, as many are freed as have stood empty all the time since the last look --
 * the number below which they never fell: the cache has shown that it can do
 * without them (Bonwick 1994: the working set of slabs).
 */
#include "mm/slab/slab_int.h"

#include "mm/frame/vmstat.h"

/* Straight to its slab: an array of arrays is not made for the sake of freeing one. */
static void free_array(struct array_cache *array)
{
	bool making = this_cpu(making_array);

	this_cpu(making_array) = true;
	kfree(array);
	this_cpu(making_array) = making;
}

/* An array that was taken from its CPU, an epoch later: it is ours alone. */
static void drain_detached(struct epoch_head *head)
{
	struct array_cache *array = container_of(head, struct array_cache, epoch);
	struct kmem_cache *cache = array->cache;

	slab_drain_array(cache, array);
	free_array(array);
	fetch_add(&cache->detached, -1);
}

static void detach(struct kmem_cache *cache, unsigned cpu)
{
	struct array_cache *array = load_acquire(&cache->cpu[cpu]);

	if (array == &no_array)
		return;
	fetch_add(&cache->detached, 1);
	array = xchg(&cache->cpu[cpu], &no_array);
	if (array != &no_array)
		epoch_call(&array->epoch, drain_detached);
	else
		fetch_add(&cache->detached, -1);
}

/* Take all CPUs' arrays away. */
static void detach_all(struct kmem_cache *cache)
{
	for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++)
		detach(cache, cpu);
}

/* Have all that CPUs' arrays held on the slabs, also of arrays that others took away. Sleeps. */
void slab_empty_arrays(struct kmem_cache *cache)
{
	detach_all(cache);
	do
		epoch_synchronize();
	while (load_acquire(&cache->detached));
}

/* Others may still be looking at how much it holds. */
static void free_shared(struct epoch_head *head)
{
	free_array(container_of(head, struct array_cache, epoch));
}

/* Dissolve the node's shared array: pages freed. */
static unsigned long drop_shared(struct kmem_cache *cache, struct kmem_cache_node *node)
{
	struct array_cache *shared;
	unsigned long pages = 0;

	spin_lock(&node->lock);
	shared = node->shared;
	WRITE_ONCE(node->shared, NULL);
	spin_unlock(&node->lock);
	if (shared) {
		pages = slab_drain_array(cache, shared);
		epoch_call(&shared->epoch, free_shared);
	}
	return pages;
}

/* Free the `most` oldest empty slabs of a node: pages freed. */
static unsigned long free_empty(struct kmem_cache *cache, struct kmem_cache_node *node, u32 most)
{
	struct page_list slabs = PAGE_LIST_LOCAL;

	spin_lock(&node->lock);
	for (struct page *slab; most > 0 && (slab = page_list_last(&node->empty)); most--) {
		page_list_del(&node->empty, slab);
		page_list_add(&slabs, slab);
		WRITE_ONCE(node->free_objects, node->free_objects - cache->objects);
	}
	node->empty_low = min(node->empty_low, node->empty.count);
	spin_unlock(&node->lock);
	return slab_free_list(cache, &slabs);
}

/* What nodes hold spare: pages freed. */
unsigned long slab_shrink_nodes(struct kmem_cache *cache)
{
	unsigned long pages = 0;
	int nid;

	for_each_node (nid) {
		pages += drop_shared(cache, &cache->node[nid]);
		pages += free_empty(cache, &cache->node[nid], ~0U);
	}
	return pages;
}

/* This CPU's array is ours to empty at once. */
static unsigned long drain_this_cpu(struct kmem_cache *cache)
{
	return slab_drain_array(cache, READ_ONCE(cache->cpu[cpu_id()]));
}

unsigned long kmem_cache_shrink(struct kmem_cache *cache)
{
	slab_empty_arrays(cache);
	return slab_shrink_nodes(cache);
}

unsigned long slab_shrink_all(void)
{
	struct kmem_cache *cache;
	unsigned long pages = 0;

	/* Who holds the chain may be the one who needs memory. */
	if (!mutex_trylock(&slab_chain_lock))
		return 0;
	for_each_cache (cache) {
		pages += drain_this_cpu(cache);
		detach_all(cache);
		pages += slab_shrink_nodes(cache);
	}
	mutex_unlock(&slab_chain_lock);
	return pages;
}

static void age_cache(struct kmem_cache *cache)
{
	int nid;

	for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++) {
		struct array_cache *array = load_acquire(&cache->cpu[cpu]);

		if (array == &no_array)
			continue;
		if (READ_ONCE(array->touched))
			WRITE_ONCE(array->touched, false);
		else
			detach(cache, cpu);
	}
	for_each_node (nid) {
		struct kmem_cache_node *node = &cache->node[nid];
		struct array_cache *shared = load_acquire(&node->shared);
		u32 unused;

		if (shared && READ_ONCE(shared->touched))
			WRITE_ONCE(shared->touched, false);
		else if (shared)
			drop_shared(cache, node);
		spin_lock(&node->lock);
		unused = node->empty_low;
		spin_unlock(&node->lock);
		free_empty(cache, node, unused);
		spin_lock(&node->lock);
		node->empty_low = node->empty.count;
		spin_unlock(&node->lock);
	}
}

void slab_reap_tick(void)
{
	struct kmem_cache *cache;

	mutex_lock(&slab_chain_lock);
	for_each_cache (cache)
		age_cache(cache);
	mutex_unlock(&slab_chain_lock);
}

int slab_tune(const char *name, unsigned limit, unsigned batchcount, unsigned shared)
{
	struct kmem_cache *cache;
	int nid, err = -EINVAL;

	if (limit < 1 || limit > MAX_ARRAY || batchcount < 1 || batchcount > limit ||
	    shared > MAX_ARRAY || shared * batchcount > MAX_ARRAY)
		return -EINVAL;
	mutex_lock(&slab_chain_lock);
	for_each_cache (cache) {
		if (strcmp(cache->name, name) != 0)
			continue;
		WRITE_ONCE(cache->limit, limit);
		WRITE_ONCE(cache->batch, batchcount);
		WRITE_ONCE(cache->shared, shared);
		cache->tuned = true;
		slab_set_free_limit(cache);
		/* Arrays made by the old figures are noticed by whoever made them (slab.c) or here. */
		fetch_add(&cache->generation, 1);
		detach_all(cache);
		for_each_node (nid)
			drop_shared(cache, &cache->node[nid]);
		err = 0;
		break;
	}
	mutex_unlock(&slab_chain_lock);
	return err;
}
