/*
 * Which kernel addresses are free: allocation of ranges (SYSTEM.md S30).
 *
 *   region  |used|g|  free  |used ......|g|used|g|        free                |
 *
 * Free ranges are in two trees, by start (to find the neighbours to merge with) and by
 * size (to find a fit): the smallest range that is large enough, at the lowest address among
 * equals.  So small holes are used up first, everything stays near the start of the region,
 * and few page tables are needed. Both searches are O(log n). A range in use is in a third
 * tree, by start.
 *
 * A freed range may still be translated by some CPU's TLB, and telling all CPUs to forget it
 * is the dearest part of vfree. It is put off: freed ranges collect on a list; when
 * they are many, or the region is full, one flush covers all, and only then are they free
 * again. Until then a stray access finds either nothing or a page that has gone: the same bug
 * as using memory after freeing it. The debug build does not put it off, to catch it.
 *
 * Locking: kva_lock (RANK_VMAP) for the trees and lists of both regions. Memory for
 * structures is allocated before it is taken; freeing needs none.
 */
#include "mm/kva/kva_int.h"

#include "mm/slab/slab.h"

#ifdef PAGODA_DEBUG
#define LAZY_MAX 0UL
#else
#define LAZY_MAX (32UL << 20) /* bytes of freed addresses before a flush */
#endif

spinlock_t kva_lock = SPINLOCK_INIT(RANK_VMAP);
struct kva_region kva_regions[KVA_REGIONS] = {
	[REGION_VMALLOC] = {.start = VMALLOC_START, .end = VMALLOC_END + 1},
	[REGION_MODULES] = {.start = MODULES_START, .end = MODULES_END + 1},
};
static struct kmem_cache *area_cache;

#define area_by_start(node) rb_entry(node, struct kva_area, by_start)
#define area_by_size(node)  rb_entry(node, struct kva_area, by_size)

/* ---- Trees (kva_lock held) ---- */

static void insert_by_start(struct rb_root *root, struct kva_area *area)
{
	struct rb_node **place = &root->node, *parent = NULL;

	while (*place) {
		parent = *place;
		ASSERT(area->start != area_by_start(parent)->start);
		place = area->start < area_by_start(parent)->start ? &parent->left : &parent->right;
	}
	rb_link(&area->by_start, parent, place);
	rb_insert_balance(root, &area->by_start);
}

static bool smaller(const struct kva_area *a, const struct kva_area *b)
{
	return a->bytes != b->bytes ? a->bytes < b->bytes : a->start < b->start;
}

static void insert_by_size(struct rb_root *root, struct kva_area *area)
{
	struct rb_node **place = &root->node, *parent = NULL;

	while (*place) {
		parent = *place;
		place = smaller(area, area_by_size(parent)) ? &parent->left : &parent->right;
	}
	rb_link(&area->by_size, parent, place);
	rb_insert_balance(root, &area->by_size);
}

/* The last area that starts at or below the address, and the first that starts above. */
static void neighbours(struct rb_root *root, unsigned long address, struct kva_area **before,
		       struct kva_area **after)
{
	struct rb_node *node = root->node;

	*before = *after = NULL;
	while (node) {
		if (area_by_start(node)->start <= address) {
			*before = area_by_start(node);
			node = node->right;
		} else {
			*after = area_by_start(node);
			node = node->left;
		}
	}
}

struct kva_area *kva_find_used(struct kva_region *region, unsigned long address)
{
	struct kva_area *before, *after;

	neighbours(&region->used, address, &before, &after);
	return before && address - before->start < before->bytes ? before : NULL;
}

struct kva_area *kva_next_used(struct kva_region *region, unsigned long address)
{
	struct kva_area *before, *after;

	neighbours(&region->used, address, &before, &after);
	return after;
}

/* Make an area free, one with the free ranges it touches; returns a chain of structures to free. */
static struct kva_area *insert_free(struct kva_region *region, struct kva_area *area)
{
	struct kva_area *before, *after, *unused = NULL;

	neighbours(&region->free, area->start, &before, &after);
	if (after && area->start + area->bytes == after->start) {
		rb_erase(&region->free, &after->by_start);
		rb_erase(&region->free_size, &after->by_size);
		area->bytes += after->bytes;
		after->next = unused;
		unused = after;
	}
	if (before && before->start + before->bytes == area->start) {
		rb_erase(&region->free_size, &before->by_size);
		before->bytes += area->bytes;
		insert_by_size(&region->free_size, before);
		area->next = unused;
		return area;
	}
	insert_by_start(&region->free, area);
	insert_by_size(&region->free_size, area);
	return unused;
}

static void free_areas(struct kva_area *chain)
{
	while (chain) {
		struct kva_area *next = chain->next;

		kmem_cache_free(area_cache, chain);
		chain = next;
	}
}

/* The smallest free range of at least `bytes`, or NULL. */
static struct kva_area *best_fit(struct kva_region *region, unsigned long bytes)
{
	struct rb_node *node = region->free_size.node;
	struct kva_area *best = NULL;

	while (node) {
		if (area_by_size(node)->bytes >= bytes) {
			best = area_by_size(node);
			node = node->left;
		} else {
			node = node->right;
		}
	}
	return best;
}

/* Use the begin of a free range for `area`, or the range itself (then `area` is not needed). */
static struct kva_area *carve(struct kva_region *region, struct kva_area *range,
			      struct kva_area *area, unsigned long bytes)
{
	rb_erase(&region->free_size, &range->by_size);
	if (range->bytes == bytes) {
		rb_erase(&region->free, &range->by_start);
		area = range;
	} else {
		area->start = range->start;
		area->bytes = bytes;
		range->start += bytes; /* its place in the order of starts stays */
		range->bytes -= bytes;
		insert_by_size(&region->free_size, range);
	}
	insert_by_start(&region->used, area);
	return area;
}

/* ---- Lazy flushing ---- */

/* Flush what has been freed and make it available; false if there was nothing. */
static bool purge(struct kva_region *region)
{
	unsigned long start = ~0UL, end = 0;
	struct kva_area *lazy, *area, *unused = NULL;

	spin_lock(&kva_lock);
	lazy = region->lazy;
	region->lazy = NULL;
	region->lazy_bytes = 0;
	spin_unlock(&kva_lock);
	if (!lazy)
		return false;

	for (area = lazy; area; area = area->next) {
		start = min(start, area->start);
		end = max(end, area->start + area->bytes);
	}
	tlb_flush_kernel(start, end);

	spin_lock(&kva_lock);
	while ((area = lazy)) {
		struct kva_area *merged;

		lazy = area->next;
		merged = insert_free(region, area);
		while (merged) {
			struct kva_area *next = merged->next;

			merged->next = unused;
			unused = merged;
			merged = next;
		}
	}
	spin_unlock(&kva_lock);
	free_areas(unused);
	return true;
}

/* ---- The face to kva.c ---- */

struct kva_region *kva_region_of(unsigned long address)
{
	for (unsigned i = 0; i < KVA_REGIONS; i++)
		if (address >= kva_regions[i].start && address < kva_regions[i].end)
			return &kva_regions[i];
	return NULL;
}

struct kva_area *kva_alloc_range(struct kva_region *region, unsigned long bytes)
{
	struct kva_area *spare = kmem_cache_zalloc(area_cache, GFP_KERNEL), *range, *area;

	if (!spare)
		return NULL;
	do {
		spin_lock(&kva_lock);
		range = best_fit(region, bytes);
		area = range ? carve(region, range, spare, bytes) : NULL;
		spin_unlock(&kva_lock);
	} while (!range && purge(region));
	if (area != spare)
		kmem_cache_free(area_cache, spare);
	return area;
}

void kva_free_range(struct kva_region *region, struct kva_area *area)
{
	bool many;

	spin_lock(&kva_lock);
	rb_erase(&region->used, &area->by_start);
	area->next = region->lazy;
	region->lazy = area;
	region->lazy_bytes += area->bytes;
	many = region->lazy_bytes > LAZY_MAX;
	spin_unlock(&kva_lock);
	if (many)
		purge(region);
}

void kva_purge(void)
{
	for (unsigned i = 0; i < KVA_REGIONS; i++)
		purge(&kva_regions[i]);
}

void kva_ranges_init(void)
{
	area_cache = kmem_cache_create("vmap_area", sizeof(struct kva_area),
				       _Alignof(struct kva_area), SLAB_PANIC, NULL);
	for (unsigned i = 0; i < KVA_REGIONS; i++) {
		struct kva_region *region = &kva_regions[i];
		struct kva_area *all = kmem_cache_zalloc(area_cache, GFP_KERNEL);

		if (!all)
			panic("kva_init: no memory");
		all->start = region->start;
		all->bytes = region->end - region->start;
		insert_free(region, all);
	}
}
