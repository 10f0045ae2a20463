/*
 * The slab allocator (SYSTEM.md S27): Bonwick's object caches (USENIX 1994) with the
 * per-CPU arrays in front that Linux's SLAB has.
 *
 * The problem.  The kernel makes and drops small objects of few types all the time:
 * faster than a general allocator could search, from every CPU at once, without
 * wasting a page on each and without scattering the survivors so that no page can
 * ever be given back.
 *
 * The data.  One kmem_cache per type, all on one chain:
 *
 *   kmem_cache -- cpu[0] --> array_cache: a stack of free objects, CPU 0's own
 *     |           cpu[1] --> ...
 *     +- node[0]: shared --> array_cache: free objects any CPU of the node may have
 *     |           full     slabs without a free object     (lists through struct page)
 *     |           partial  slabs with some
 *     |           empty    slabs with nothing but
 *     +- node[1]: ...
 *
 * A slab is 2^order contiguous pages, usually one, cut into equal slots:
 *
 *   | colour | object 0 | object 1 | ... | object n-1 | spare | bitmap, epoch_head |
 *
 * Its first page's descriptor has PG_slab, the cache, the links of the list it is on,
 * and the colour: how many cache lines the first object is shifted, different from slab
 * to slab, so that the first fields of all objects do not fight for the same lines.
 *
 * Which objects are free is one bit each.  With up to 64 objects (from 64 bytes on, on
 * 4 KiB pages) the bits take the place of map count and index in the descriptor:
 * management off the slab. A power of two then fills its page without waste, and
 * giving an object back touches neither the object nor its page. Slabs of smaller
 * objects keep their bitmap at their own end, where there is always room for it.
 * A bitmap forgets in which order objects came back, and that is its use: a refill takes
 * all there is of one slab in order of address, so objects freed at random come back as
 * neighbours.
 *
 * Allocation looks at, in this order: the CPU's array; the node's shared array; partial
 * slabs; empty slabs; a new slab from the buddy system.  An empty array is filled with
 * `batchcount` objects at once; a full one gives its `batchcount` oldest back. So the
 * common case is a few instructions on memory no other CPU writes: no lock, no atomic.
 *
 * Arrays change hands by epoch.  Only its own CPU uses an array, without protection. To
 * tune, age or drain another CPU's array, one swaps the pointer to it for no_array, an array
 * of no entries: always empty and always full, so the CPU's next operation takes the
 * slow path, which makes a new array with today's tunables. When every CPU has been
 * outside (epoch_call) nobody can be using the old one, and it is emptied and freed.
 * no_array is also what every CPU starts with: arrays cost memory only where used.
 * If there is no memory for one, objects go straight from and to the slabs.
 *
 * Nodes.  An array holds objects of its CPU's node only. An object of another node is
 * freed straight to its slab there.
 *
 * Locking.  kmem_cache_node.lock for a node's slabs, their descriptors and the shared array;
 * the chain's mutex for the chain and the tunables. Nothing is called with the node's
 * lock held: constructors, page allocation, events apart.  slab_alloc_slow() may sleep
 * in the page allocator and therefore looks everything up anew after growing.
 *
 * Failure.  Without memory for a slab an allocation tries the other nodes' free objects,
 * then fails. Freeing never fails.
 *
 * Differs from Linux's SLAB: bitmaps for lists of indices (above); empty slabs beyond
 * those needed since the last look are what ageing frees (Bonwick's working set), not a
 * fifth of all; no array of objects on their way to another node.
 */
#include "mm/slab/slab_int.h"

#include "mm/frame/vmstat.h"
#include "mm/trace/trace.h"

struct array_cache no_array = {.nid = ~0U};

/* This CPU is making an array: the kmalloc for it does without one. */
DEFINE_PER_CPU(bool, making_array);

/* What may be passed on to the page allocator. */
#define GFP_NOT_FOR_SLABS (__GFP_ZERO | __GFP_HIGHMEM | __GFP_MOVABLE | __GFP_DMA | __GFP_DMA32)

/* ---- A node's slabs (lock held) ---- */

/* Others read it without the lock, for an estimate. */
static inline void add_free(struct kmem_cache_node *node, long n)
{
	WRITE_ONCE(node->free_objects, node->free_objects + n);
}

static inline u64 node_of(const struct kmem_cache *cache, const struct kmem_cache_node *node)
{
	return (u64)(node - cache->node);
}

/* Take up to `want` of the objects of one word of bits, lowest first; the bits that are left. */
static inline u64 take_word(const struct kmem_cache *cache, u64 bits, char *origin, void **out,
			    unsigned want, unsigned *taken)
{
	const size_t size = cache->size;
	void **at = out, **end = out + want;

	for (; bits && at < end; bits &= bits - 1)
		*at++ = origin + (unsigned)__builtin_ctzll(bits) * size;
	*taken = (unsigned)(at - out);
	return bits;
}

/* Take up to `want` free objects off a slab; how many. */
static unsigned take_objects(struct kmem_cache *cache, struct page *slab, void **out, unsigned want)
{
	char *origin = slab_object(cache, slab, 0);
	unsigned word = slab->slab_first, n = 0, taken;
	u64 *bitmap;

	if (likely(!cache->bitmap_offset)) {
		slab->slab_free = take_word(cache, slab->slab_free, origin, out, want, &n);
		return n;
	}
	bitmap = slab_bitmap(cache, slab);
	for (;;) {
		bitmap[word] = take_word(cache, bitmap[word],
					 origin + (size_t)word * SLAB_BITS * cache->size, out + n,
					 want - n, &taken);
		n += taken;
		if (n == want || word + 1 == slab_words(cache))
			break;
		word++;
	}
	slab->slab_first = word;
	slab->slab_inuse += n;
	return n;
}

/* Fill `out` from partial slabs, then empty ones; how many there were. */
static unsigned take_from_slabs(struct kmem_cache *cache, struct kmem_cache_node *node, void **out,
				unsigned want)
{
	unsigned n = 0;

	while (n < want) {
		struct page *slab = page_list_first(&node->partial);
		struct page_list *from = &node->partial;

		if (!slab) {
			slab = page_list_first(&node->empty);
			if (!slab)
				break;
			from = &node->empty;
		}
		n += take_objects(cache, slab, out + n, want - n);
		if (slab_is_full(cache, slab)) {
			page_list_del(from, slab);
			page_list_add(&node->full, slab);
		} else if (from == &node->empty) {
			page_list_del(from, slab);
			page_list_add(&node->partial, slab);
		}
		if (from == &node->empty)
			node->empty_low = min(node->empty_low, node->empty.count);
	}
	add_free(node, -(long)n);
	if (n)
		trace_slab_take(cache->id, n, node_of(cache, node), 0);
	return n;
}

/* A slab that was full has one free object: last in line, so that its others have time to come back. */
static __noinline void full_to_partial(struct kmem_cache_node *node, struct page *slab)
{
	page_list_del(&node->full, slab);
	page_list_add_tail(&node->partial, slab);
}

/* A slab has become empty. Where the node has plenty it goes to `surplus`. */
static __noinline void partial_to_empty(struct kmem_cache *cache, struct kmem_cache_node *node,
					struct page *slab, struct page_list *surplus)
{
	page_list_del(&node->partial, slab);
	if (node->free_objects > READ_ONCE(cache->free_limit)) {
		add_free(node, -(long)cache->objects);
		page_list_add(surplus, slab);
	} else {
		page_list_add(&node->empty, slab);
	}
}

/*
 * Give objects of this node back to their slabs. Slabs that become empty while the node
 * has plenty go to `surplus`, to be freed when the lock has been dropped.
 */
static void give_to_bits_on_slab(struct kmem_cache *cache, struct kmem_cache_node *node,
				 void **objects, unsigned n, struct page_list *surplus)
{
	for (unsigned k = 0; k < n; k++) {
		struct page *slab = cache_slab(cache, objects[k]);
		unsigned i = slab_index(cache, slab, objects[k]);
		u64 *word = slab_bitmap(cache, slab) + i / SLAB_BITS;

		ASSERT(slab->slab_cache == cache && i < cache->objects);
		ASSERT(!(*word & 1ULL << i % SLAB_BITS)); /* freed twice? */
		*word |= 1ULL << i % SLAB_BITS;
		slab->slab_first = min(slab->slab_first, (u16)(i / SLAB_BITS));
		if (slab->slab_inuse-- == cache->objects)
			full_to_partial(node, slab);
		if (slab->slab_inuse == 0)
			partial_to_empty(cache, node, slab, surplus);
	}
}

/* The same for bits in the descriptor: what frees at random spend their time in. */
static void give_to_bits_in_descriptor(struct kmem_cache *cache, struct kmem_cache_node *node,
				       void **objects, unsigned n, struct page_list *surplus)
{
	const struct kmem_cache geometry = {.size = cache->size,
					    .reciprocal = cache->reciprocal,
					    .offset_mask = cache->offset_mask,
					    .object_offset = cache->object_offset,
					    .colours = cache->colours,
					    .colour_step = cache->colour_step};
	const u64 all_free = cache->all_free;

	for (unsigned k = 0; k < n; k++) {
		struct page *slab = cache_slab(&geometry, objects[k]);
		u64 old = slab->slab_free;
		u64 bits = old | 1ULL << slab_index(&geometry, slab, objects[k]);

		ASSERT(slab->slab_cache == cache && bits <= all_free);
		ASSERT(bits != old); /* freed twice? */
		slab->slab_free = bits;
		if (unlikely(old == 0))
			full_to_partial(node, slab);
		if (unlikely(bits == all_free))
			partial_to_empty(cache, node, slab, surplus);
	}
}

static void give_to_slabs(struct kmem_cache *cache, struct kmem_cache_node *node, void **objects,
			  unsigned n, struct page_list *surplus)
{
	add_free(node, n);
	trace_slab_give(cache->id, n, node_of(cache, node), 0);
	if (cache->bitmap_offset)
		give_to_bits_on_slab(cache, node, objects, n, surplus);
	else
		give_to_bits_in_descriptor(cache, node, objects, n, surplus);
}

/* ---- Slabs from and to the page allocator ---- */

static enum node_stat slab_gauge(const struct kmem_cache *cache)
{
	return cache->flags & SLAB_RECLAIM_ACCOUNT ? NR_SLAB_RECLAIMABLE : NR_SLAB_UNRECLAIMABLE;
}

/* Make a slab and put it on its node's empty list. The node's number, or -ENOMEM. */
static int grow(struct kmem_cache *cache, gfp_t gfp, int nid)
{
	struct page *slab;
	struct kmem_cache_node *node;
	unsigned colour;

	gfp = (gfp & ~GFP_NOT_FOR_SLABS) | cache->gfp;
	slab = alloc_pages_node(nid, gfp, cache->order);
	if (!slab)
		return -ENOMEM;
	nid = page_to_nid(slab);
	node = &cache->node[nid];
	colour = READ_ONCE(node->colour_next);
	WRITE_ONCE(node->colour_next, colour + 1 < cache->colours ? colour + 1 : 0);

	slab->flags = (slab->flags & ~((SLAB_COLOURS - 1) << PAGE_POLICY_SHIFT)) |
		      colour << PAGE_POLICY_SHIFT | 1U << PG_slab;
	slab->slab_cache = cache;
	if (cache->bitmap_offset) {
		u64 *bitmap = slab_bitmap(cache, slab);

		slab->slab_inuse = 0;
		slab->slab_first = 0;
		memset(bitmap, 0xff, cache->objects / SLAB_BITS * sizeof(u64));
		if (cache->objects % SLAB_BITS)
			bitmap[cache->objects / SLAB_BITS] = ~(~0ULL << cache->objects % SLAB_BITS);
	} else {
		slab->slab_free = cache->all_free;
	}
	if (cache->ctor || cache->flags & (SLAB_POISON | SLAB_RED_ZONE)) {
		for (unsigned i = 0; i < cache->objects; i++) {
			if (cache->ctor)
				cache->ctor(slab_object(cache, slab, i));
			slab_debug_new(cache, slab_object(cache, slab, i));
		}
	}
	mod_node_stat(page_node(slab), slab_gauge(cache), 1L << cache->order);

	spin_lock(&node->lock);
	page_list_add(&node->empty, slab);
	add_free(node, cache->objects);
	trace_slab_grow(cache->id, page_to_pfn(slab), cache->order, cache->objects);
	spin_unlock(&node->lock);
	return nid;
}

static void free_slab_pages(struct page *slab, unsigned order)
{
	slab->flags &= ~((SLAB_COLOURS - 1) << PAGE_POLICY_SHIFT | 1U << PG_slab);
	slab->slab_cache = NULL;
	slab->slab_free = 0;
	__free_pages(slab, order);
}

static void free_slab_epoch(struct epoch_head *head)
{
	struct page *slab = object_slab(head);

	free_slab_pages(slab, compound_order(slab));
}

/* Give empty slabs that are on no node's list any more to the page allocator; pages freed. */
unsigned long slab_free_list(struct kmem_cache *cache, struct page_list *slabs)
{
	unsigned long pages = 0;

	for (struct page *slab; (slab = page_list_first(slabs));) {
		page_list_del(slabs, slab);
		ASSERT(slab_is_empty(cache, slab));
		mod_node_stat(page_node(slab), slab_gauge(cache), -(1L << cache->order));
		trace_slab_shrink(cache->id, page_to_pfn(slab), cache->order, cache->objects);
		pages += 1UL << cache->order;
		if (cache->flags & SLAB_TYPESAFE_BY_EPOCH)
			epoch_call((void *)((char *)page_address(slab) + cache->epoch_offset),
				   free_slab_epoch);
		else
			free_slab_pages(slab, cache->order);
	}
	return pages;
}

/* Give objects of any nodes back to their slabs. Pages freed on the way. */
static unsigned long give_back(struct kmem_cache *cache, struct kmem_cache_node *node,
			       void **objects, unsigned n)
{
	struct page_list surplus = PAGE_LIST_LOCAL;

	spin_lock(&node->lock);
	give_to_slabs(cache, node, objects, n, &surplus);
	spin_unlock(&node->lock);
	return slab_free_list(cache, &surplus);
}

/* Straight to its slab, whichever node's. */
void slab_free_direct(struct kmem_cache *cache, void *object)
{
	give_back(cache, &cache->node[page_to_nid(virt_to_page(object))], &object, 1);
}

/* Empty an array that no other CPU can be using; pages freed. */
unsigned long slab_drain_array(struct kmem_cache *cache, struct array_cache *array)
{
	u32 n = array->avail;

	if (n == 0)
		return 0;
	WRITE_ONCE(array->avail, 0);
	return give_back(cache, &cache->node[array->nid], array->entry, n);
}

/* ---- Arrays ---- */

struct array_cache *slab_new_array(struct kmem_cache *cache, u32 limit, u32 batch, u32 nid,
				   gfp_t gfp)
{
	struct array_cache *array = kmalloc_node(sizeof(*array) + limit * sizeof(void *), gfp, nid);

	if (array)
		*array = (struct array_cache){.limit = limit,
					      .batch = batch,
					      .nid = nid,
					      .cache = cache,
					      .touched = true};
	return array;
}

/* For memory that is nice to have: no sleeping, no reserves, no complaint. */
#define GFP_ARRAY (GFP_NOWAIT | __GFP_NOWARN | __GFP_NOMEMALLOC)

/* This CPU's array, made if it has none; no_array when there is no memory for it. */
static struct array_cache *this_array(struct kmem_cache *cache)
{
	struct array_cache **place = &cache->cpu[cpu_id()];
	struct array_cache *array = READ_ONCE(*place);
	u32 generation;

	if (likely(array != &no_array) || this_cpu(making_array))
		return array;
	generation = load_acquire(&cache->generation);
	this_cpu(making_array) = true;
	array = slab_new_array(cache, READ_ONCE(cache->limit), READ_ONCE(cache->batch),
			       cpu_to_node(cpu_id()), GFP_ARRAY);
	this_cpu(making_array) = false;
	if (!array)
		return &no_array;
	(void)xchg(place, array);
	/* Tuned in between? Then whoever did has either seen this array or not. */
	if (unlikely(generation != load_acquire(&cache->generation)) &&
	    xchg(place, &no_array) == array) {
		kfree(array);
		return &no_array;
	}
	return READ_ONCE(*place);
}

/* Without the lock an estimate: the array may be freed any moment, but not before an epoch. */
static inline u32 shared_avail(struct kmem_cache_node *node)
{
	struct array_cache *shared = load_acquire(&node->shared);

	return shared ? READ_ONCE(shared->avail) : 0;
}

/* Give the node a shared array, if there is memory for one. */
static void make_shared(struct kmem_cache *cache, struct kmem_cache_node *node, u32 nid)
{
	u32 factor = READ_ONCE(cache->shared), batch = READ_ONCE(cache->batch);
	u32 generation = load_acquire(&cache->generation);
	struct array_cache *array;

	if (this_cpu(making_array))
		return;
	this_cpu(making_array) = true;
	array = slab_new_array(cache, factor * batch, batch, nid, GFP_ARRAY);
	this_cpu(making_array) = false;
	if (!array)
		return;
	spin_lock(&node->lock);
	if (!node->shared && generation == load_acquire(&cache->generation)) {
		store_release(&node->shared, array);
		array = NULL;
	}
	spin_unlock(&node->lock);
	kfree(array);
}

/* Fill this CPU's empty array with a batch, as far as there is one; how many it holds then. */
static u32 refill(struct kmem_cache *cache, struct array_cache *array, gfp_t gfp)
{
	struct kmem_cache_node *node = &cache->node[array->nid];
	u32 want = array->batch, got = 0;
	struct array_cache *shared;

	WRITE_ONCE(array->touched, true);
	/* Where one more slab can make the batch whole, let it, if that costs no effort. */
	if (READ_ONCE(node->free_objects) < want && cache->objects >= want && !shared_avail(node))
		grow(cache, (gfp & ~(__GFP_RECLAIM | __GFP_NOFAIL)) | GFP_ARRAY, array->nid);

	spin_lock(&node->lock);
	shared = node->shared;
	if (shared && shared->avail) {
		got = min(want, shared->avail);
		WRITE_ONCE(shared->avail, shared->avail - got);
		WRITE_ONCE(shared->touched, true);
		memcpy(array->entry, shared->entry + shared->avail, got * sizeof(void *));
	}
	got += take_from_slabs(cache, node, array->entry + got, want - got);
	if (got)
		trace_slab_refill(cache->id, got, cpu_id(), array->nid);
	spin_unlock(&node->lock);
	WRITE_ONCE(array->avail, got);
	return got;
}

/* Give the oldest objects of a full array back: the youngest are still in the CPU's caches. */
static void flush(struct kmem_cache *cache, struct array_cache *array)
{
	struct kmem_cache_node *node = &cache->node[array->nid];
	struct page_list surplus = PAGE_LIST_LOCAL;
	u32 n = min(array->batch, array->avail), to_shared = 0;
	struct array_cache *shared;

	WRITE_ONCE(array->touched, true);
	if (READ_ONCE(cache->shared) && !load_acquire(&node->shared))
		make_shared(cache, node, array->nid);
	spin_lock(&node->lock);
	shared = node->shared;
	if (shared) {
		to_shared = min(n, shared->limit - shared->avail);
		memcpy(shared->entry + shared->avail, array->entry, to_shared * sizeof(void *));
		WRITE_ONCE(shared->avail, shared->avail + to_shared);
		WRITE_ONCE(shared->touched, true);
	}
	give_to_slabs(cache, node, array->entry + to_shared, n - to_shared, &surplus);
	trace_slab_flush(cache->id, n, cpu_id(), array->nid);
	spin_unlock(&node->lock);
	memmove(array->entry, array->entry + n, (array->avail - n) * sizeof(void *));
	WRITE_ONCE(array->avail, array->avail - n);
	slab_free_list(cache, &surplus);
}

/* ---- The slow halves of allocating and freeing ---- */

/* One object of a node's slabs or of its shared array, past all CPUs' arrays. */
static void *take_direct(struct kmem_cache *cache, int nid)
{
	struct kmem_cache_node *node = &cache->node[nid];
	void *object = NULL;

	spin_lock(&node->lock);
	if (take_from_slabs(cache, node, &object, 1) == 0 && node->shared && node->shared->avail) {
		WRITE_ONCE(node->shared->avail, node->shared->avail - 1);
		object = node->shared->entry[node->shared->avail];
	}
	spin_unlock(&node->lock);
	return object;
}

static void *take_elsewhere(struct kmem_cache *cache, int nid)
{
	void *object = NULL;
	int other;

	for_each_node (other)
		if (other != nid && (object = take_direct(cache, other)))
			break;
	return object;
}

/* One object by way of this CPU's array, from what its node has; NULL: the node must grow. */
static void *take_local(struct kmem_cache *cache, gfp_t gfp)
{
	struct array_cache *array = this_array(cache);
	u32 avail;

	if (array == &no_array)
		return take_direct(cache, cpu_to_node(cpu_id()));
	avail = array->avail;
	if (avail == 0)
		avail = refill(cache, array, gfp);
	if (avail == 0)
		return NULL;
	WRITE_ONCE(array->avail, avail - 1);
	return array->entry[avail - 1];
}

/* An object of the wanted node, or this CPU's; of another where there is none. May sleep by gfp. */
static void *take_somewhere(struct kmem_cache *cache, gfp_t gfp, int nid)
{
	for (;;) {
		int here = cpu_to_node(cpu_id()), want = nid == NUMA_NO_NODE ? here : nid;
		void *object = want == here ? take_local(cache, gfp) : take_direct(cache, want);
		int grown;

		if (object)
			return object;
		grown = grow(cache, gfp, want); /* may sleep: another CPU afterwards */
		if (grown < 0)
			return gfp & __GFP_THISNODE ? NULL : take_elsewhere(cache, want);
		/* What came is another node's, and so not for this CPU's array. */
		if (grown != want || want != cpu_to_node(cpu_id())) {
			object = take_direct(cache, grown);
			if (object)
				return object;
		}
	}
}

void *slab_alloc_slow(struct kmem_cache *cache, gfp_t gfp, int nid, const void *caller)
{
	void *object = take_somewhere(cache, gfp, nid);

	if (!object)
		return NULL;
	slab_debug_taken(cache, object, caller);
	if (gfp & __GFP_ZERO)
		memset(object, 0, cache->object_size);
	return object;
}

void slab_free_slow(struct kmem_cache *cache, void *object)
{
	struct array_cache *array = this_array(cache);

	if (array == &no_array) {
		slab_free_direct(cache, object);
		return;
	}
	if (array->avail == array->limit)
		flush(cache, array);
	array->entry[array->avail] = object;
	WRITE_ONCE(array->avail, array->avail + 1);
}

/* ---- The same with events: debug builds ---- */

static void *alloc_on(struct kmem_cache *cache, gfp_t gfp, int nid, const void *caller)
{
	void *object = slab_alloc_slow(cache, gfp, nid, caller);

	if (SLAB_RECORDS_OBJECTS && object)
		trace_object_alloc(cache->id, (unsigned long)object, (unsigned long)caller, 0);
	return object;
}

void *slab_alloc_recorded(struct kmem_cache *cache, gfp_t gfp, const void *caller)
{
	void *object = slab_alloc_unrecorded(cache, gfp, caller);

	if (object)
		trace_object_alloc(cache->id, (unsigned long)object, (unsigned long)caller, 0);
	return object;
}

void slab_free_recorded(struct kmem_cache *cache, void *object)
{
	trace_object_free(cache->id, (unsigned long)object, 0, 0);
	slab_free_unrecorded(cache, object, __builtin_return_address(0));
}

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	return slab_alloc(cache, gfp, __builtin_return_address(0));
}

void *kmem_cache_alloc_node(struct kmem_cache *cache, gfp_t gfp, int nid)
{
	if (nid == NUMA_NO_NODE || nr_nodes == 1 || nid == cpu_to_node(cpu_id()))
		return slab_alloc(cache, gfp, __builtin_return_address(0));
	if (slab_debug_refuse(gfp))
		return NULL;
	return alloc_on(cache, gfp, nid, __builtin_return_address(0));
}

void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp)
{
	return slab_alloc(cache, gfp | __GFP_ZERO, __builtin_return_address(0));
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	slab_free(cache, object, __builtin_return_address(0));
}
