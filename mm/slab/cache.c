/*
 * Making and destroying object caches: the geometry of their slabs, their
 * tunables, the chain.
 *
 * The first cache is the one of caches itself.  It begins in a page of its own, makes
 * its first slab, and moves into the first object of that slab; from then on
 * there is nothing special about it.
 */
#include "mm/slab/slab_int.h"

#include "lib/printk.h"
#include "mm/check.h"
#include "mm/mark.h"

/* Slabs of several pages only where less than this part of them would be wasted otherwise. */
#define WASTE_PART      8
#define MAX_WASTE_ORDER 2

LIST_HEAD(slab_chain);
struct mutex slab_chain_lock = MUTEX_INIT(slab_chain_lock, RANK_SLAB_CHAIN);
static struct kmem_cache *cache_of_caches;
static u32 last_id; /* atomic */

/* How many objects a slab of this order holds, with everything kept at its end. */
static u32 fill(const struct kmem_cache *cache, u32 order, u32 *bitmap_offset, u32 *epoch_offset)
{
	u32 room = (u32)(PAGE_SIZE << order), n;

	*bitmap_offset = *epoch_offset = 0;
	if (cache->flags & SLAB_TYPESAFE_BY_EPOCH) {
		room = ALIGN_DOWN(room - (u32)sizeof(struct epoch_head), 8U);
		*epoch_offset = room;
	}
	n = room / cache->size;
	if (n <= SLAB_BITS)
		return n;
	while (n * cache->size + DIV_ROUND_UP(n, SLAB_BITS) * sizeof(u64) > room)
		n--;
	n = min(n, 65535U);
	if (n > SLAB_BITS)
		*bitmap_offset = ALIGN_DOWN(room, 8U) - DIV_ROUND_UP(n, SLAB_BITS) * sizeof(u64);
	return n;
}

/* Sizes, order and colours. 0, or -EINVAL for an object no slab can hold. */
static int set_geometry(struct kmem_cache *cache, size_t bytes, size_t align, u32 flags)
{
	u32 used;

	if (bytes == 0 || bytes > PAGE_SIZE << (MAX_ORDER - 1) || (align & (align - 1)) ||
	    align > PAGE_SIZE)
		return -EINVAL;
	align = max(align, sizeof(void *));
	if (flags & SLAB_HWCACHE_ALIGN) {
		u32 line = CACHE_LINE;

		while (line / 2 >= bytes && line > align)
			line /= 2;
		align = max(align, (size_t)line);
	}
	cache->flags = slab_debug_flags(flags, bytes, cache->ctor);
	cache->align = (u32)align;
	cache->object_size = (u32)bytes;
	cache->size = (u32)ALIGN_UP(bytes, sizeof(void *));
	if (cache->flags & SLAB_RED_ZONE) {
		cache->object_offset = (u32)ALIGN_UP(REDZONE_BYTES, align);
		cache->size =
			cache->object_offset + ALIGN_UP(cache->size, REDZONE_BYTES) + REDZONE_BYTES;
	}
	if (cache->flags & SLAB_STORE_USER)
		cache->size += sizeof(struct slab_user);
	cache->size = (u32)ALIGN_UP(cache->size, align);
	cache->reciprocal = (u32)(((1ULL << 32) + cache->size - 1) / cache->size);

	for (cache->order = 0;; cache->order++) {
		u32 total = (u32)(PAGE_SIZE << cache->order);

		if (cache->order >= MAX_ORDER)
			return -EINVAL;
		cache->objects =
			fill(cache, cache->order, &cache->bitmap_offset, &cache->epoch_offset);
		used = cache->objects * cache->size;
		if (cache->objects &&
		    ((total - used) * WASTE_PART <= total || cache->order >= MAX_WASTE_ORDER))
			break;
	}
	u32 end = cache->bitmap_offset  ? cache->bitmap_offset
		  : cache->epoch_offset ? cache->epoch_offset
					: (u32)(PAGE_SIZE << cache->order);
	cache->offset_mask = (u32)(PAGE_SIZE << cache->order) - 1;
	cache->colour_step = max(CACHE_LINE, cache->align);
	cache->colours = min((end - used) / cache->colour_step + 1, SLAB_COLOURS);
	cache->all_free = cache->objects >= SLAB_BITS ? ~0ULL : (1ULL << cache->objects) - 1;
	cache->gfp = (cache->order ? __GFP_COMP : 0) |
		     (flags & SLAB_RECLAIM_ACCOUNT ? __GFP_RECLAIMABLE : 0);
	return 0;
}

/*
 * How much each CPU may hold: bytes, in the end. SLAB's customary figures, so that what books
 * say of /proc/slabinfo holds here. Sharing pays only between CPUs.
 */
void slab_default_tunables(struct kmem_cache *cache)
{
	u32 size = cache->object_size;

	cache->limit = size > 131072      ? 1
		       : size > PAGE_SIZE ? 8
		       : size > 1024      ? 24
		       : size > 256       ? 54
					  : 120;
	cache->batch = (cache->limit + 1) / 2;
	cache->shared = nr_cpu_ids > 1 && size <= PAGE_SIZE ? 8 : 0;
	slab_set_free_limit(cache);
}

void slab_set_free_limit(struct kmem_cache *cache)
{
	WRITE_ONCE(cache->free_limit, (1 + nr_cpu_ids) * cache->batch + cache->objects);
}

static size_t cache_bytes(void)
{
	return sizeof(struct kmem_cache) + nr_nodes * sizeof(struct kmem_cache_node);
}

/* To the event stream: numbers, and the name, in words of eight characters. */
static void announce(const struct kmem_cache *cache)
{
	u64 text[3] = {0};

	static_assert(sizeof(cache->name) >= sizeof(text), "the name fills the words");
	memcpy(text, cache->name, sizeof(text));
	trace_cache_new(cache->id, cache->object_size, cache->order, cache->objects);
	trace_cache_name(cache->id, text[0], text[1], text[2]);
}

/* All of a cache but its place in the chain; `cache` is zeroed. 0 or -EINVAL. */
static int init_cache(struct kmem_cache *cache, const char *name, size_t bytes, size_t align,
		      u32 flags, void (*ctor)(void *))
{
	int nid, err;

	cache->ctor = ctor;
	err = set_geometry(cache, bytes, align, flags);
	if (err)
		return err;
	cache->id = fetch_add(&last_id, 1) + 1;
	str_copy(cache->name, name, sizeof(cache->name));
	cache->numa = nr_nodes > 1;
	slab_default_tunables(cache);
	for (unsigned cpu = 0; cpu < NR_CPUS; cpu++)
		cache->cpu[cpu] = &no_array;
	for_each_node (nid) {
		struct kmem_cache_node *node = &cache->node[nid];

		spin_lock_init(&node->lock, RANK_SLAB);
		page_list_register(&node->full);
		page_list_register(&node->partial);
		page_list_register(&node->empty);
	}
	announce(cache);
	return 0;
}

static void link_cache(struct kmem_cache *cache)
{
	mutex_lock(&slab_chain_lock);
	list_add_tail(&cache->chain, &slab_chain);
	mutex_unlock(&slab_chain_lock);
}

static void free_cache(struct kmem_cache *cache)
{
	int nid;

	for_each_node (nid) {
		page_list_unregister(&cache->node[nid].full);
		page_list_unregister(&cache->node[nid].partial);
		page_list_unregister(&cache->node[nid].empty);
	}
	kmem_cache_free(cache_of_caches, cache);
}

struct kmem_cache *kmem_cache_create(const char *name, size_t bytes, size_t align, u32 flags,
				     void (*ctor)(void *))
{
	struct kmem_cache *cache = kmem_cache_zalloc(cache_of_caches, GFP_KERNEL);
	int err = -ENOMEM;

	if (cache) {
		err = init_cache(cache, name, bytes, align, flags, ctor);
		if (!err) {
			link_cache(cache);
			return cache;
		}
		kmem_cache_free(cache_of_caches, cache);
	}
	if (flags & SLAB_PANIC)
		panic("kmem_cache_create(%s, %zu): error %d", name, bytes, err);
	return NULL;
}

void kmem_cache_destroy(struct kmem_cache *cache)
{
	bool busy = false;
	int nid;

	if (!cache)
		return;
	mutex_lock(&slab_chain_lock);
	slab_empty_arrays(cache);
	slab_shrink_nodes(cache);
	for_each_node (nid) {
		struct kmem_cache_node *node = &cache->node[nid];

		busy |= !page_list_empty(&node->full) || !page_list_empty(&node->partial);
	}
	if (!WARN_ON(busy)) {
		list_del(&cache->chain);
		trace_cache_gone(cache->id, 0, 0, 0);
	}
	mutex_unlock(&slab_chain_lock);
	if (busy) {
		pr_err("slab: cache %s is destroyed with objects in use; it stays\n", cache->name);
		return;
	}
	epoch_synchronize(); /* who looked at the cache without a lock is done */
	free_cache(cache);
}

unsigned kmem_cache_size(const struct kmem_cache *cache)
{
	return cache->object_size;
}

int slab_cpu_init(unsigned cpu)
{
	struct kmem_cache *cache;

	/* Arrays are made when a CPU first needs one. But now there is somebody to share with. */
	mutex_lock(&slab_chain_lock);
	for_each_cache (cache)
		if (!cache->tuned) {
			if (cpu > 0 && cache->object_size <= PAGE_SIZE)
				WRITE_ONCE(cache->shared, 8);
			slab_set_free_limit(cache);
		}
	mutex_unlock(&slab_chain_lock);
	return 0;
}

static struct mm_checker checker = {.name = "slab", .check = slab_check, .still = true};
static struct mm_marker marker = {.mark = slab_mark};

void slab_init(void)
{
	/* A cache to make the cache of caches from; it becomes its own first object. */
	struct kmem_cache *first = get_zeroed_page(GFP_NOWAIT), *moved;

	static_assert(sizeof(struct kmem_cache) + MAX_NUMNODES * sizeof(struct kmem_cache_node) <=
			      PAGE_SIZE,
		      "the first cache has one page to stand in");
	this_cpu(making_array) = true; /* there is no kmalloc yet to make them with */
	if (!first || init_cache(first, "kmem_cache", cache_bytes(), CACHE_LINE, 0, NULL))
		panic("slab_init: no memory for the first cache");
	moved = kmem_cache_alloc(first, GFP_NOWAIT);
	if (!moved)
		panic("slab_init: no memory for the first slab");
	memcpy(moved, first, cache_bytes());
	object_slab(moved)->slab_cache = moved;
	free_page(first);
	cache_of_caches = moved;
	link_cache(moved);
	kmalloc_init();
	this_cpu(making_array) = false;
	mm_check_register(&checker);
	mm_mark_register(&marker);
}
