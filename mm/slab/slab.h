/*
 * The object floor: caches of equal objects, and kmalloc (SYSTEM.md S27-S29).
 *
 * May sleep only with __GFP_DIRECT_RECLAIM; never from interrupt handlers.
 */
#pragma once

#include "lib/list.h"
#include "mm/frame/gfp.h"

struct kmem_cache;

/* Flags of kmem_cache_create */
#define SLAB_HWCACHE_ALIGN     0x1u /* objects start at cache lines (small ones share) */
#define SLAB_RECLAIM_ACCOUNT   0x2u /* counted as reclaimable */
#define SLAB_PANIC             0x4u /* at boot: no cache, no machine */
#define SLAB_TYPESAFE_BY_EPOCH 0x8u /* slabs (not objects) are freed by epoch */
#define SLAB_POISON            0x10u
#define SLAB_RED_ZONE          0x20u
#define SLAB_STORE_USER        0x40u

/*
 * A cache of objects of `bytes`, aligned to `align` (0: a word's). `ctor` is run once when
 * a slab is made; objects come back in the state it left or they were freed in. The
 * name is copied and shows in /proc/slabinfo. NULL without memory or with senseless sizes.
 */
struct kmem_cache *kmem_cache_create(const char *name, size_t bytes, size_t align, u32 flags,
				     void (*ctor)(void *));
/* All objects must have been freed: else a warning, and the cache stays. */
void kmem_cache_destroy(struct kmem_cache *cache);
void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp) __must_check;
void *kmem_cache_alloc_node(struct kmem_cache *cache, gfp_t gfp, int nid) __must_check;
void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp) __must_check;
void kmem_cache_free(struct kmem_cache *cache, void *object);
/* Give empty slabs back; pages freed. */
unsigned long kmem_cache_shrink(struct kmem_cache *cache);
unsigned kmem_cache_size(const struct kmem_cache *cache);

/* KMEM_CACHE(vm_area_struct, flags): a cache for a structure type under its own name. */
#define KMEM_CACHE(type, flags) \
	kmem_cache_create(#type, sizeof(struct type), _Alignof(struct type), flags, NULL)

/*
 * Physically contiguous memory of any size up to 4 MiB. Up to 8 KiB it is an object of the
 * next larger size there is a cache for, kmalloc-8 .. kmalloc-8k, aligned to the largest power of
 * two that divides that size, at most 64; above, and for __GFP_DMA and __GFP_DMA32, it is
 * a block of pages. kmalloc(0) gives the smallest object.
 */
#define KMALLOC_CACHES     13
#define KMALLOC_MAX_CACHED 8192UL
#define KMALLOC_MAX        (4UL << 20)
extern struct kmem_cache *kmalloc_caches[KMALLOC_CACHES];

/* Which cache serves this size: 8 16 32 64 96 128 192 256 512 1k 2k 4k 8k. */
static __always_inline unsigned kmalloc_index(size_t bytes)
{
	if (bytes <= 8)
		return 0;
	if (bytes > 64 && bytes <= 96)
		return 4;
	if (bytes > 128 && bytes <= 192)
		return 6;
	/* The power of two, then past the two sizes between. */
	unsigned power = 64 - __builtin_clzll((u64)bytes - 1);
	return power - 3 + (power > 6) + (power > 7);
}

void *kmalloc_any(size_t bytes, gfp_t gfp) __must_check;
static __always_inline __must_check void *kmalloc(size_t bytes, gfp_t gfp)
{
	if (__builtin_constant_p(bytes) && bytes <= KMALLOC_MAX_CACHED &&
	    !(gfp & (__GFP_DMA | __GFP_DMA32)))
		return kmem_cache_alloc(kmalloc_caches[kmalloc_index(bytes)], gfp);
	return kmalloc_any(bytes, gfp);
}
void *kmalloc_node(size_t bytes, gfp_t gfp, int nid) __must_check;
static inline void *kzalloc(size_t bytes, gfp_t gfp)
{
	return kmalloc(bytes, gfp | __GFP_ZERO);
}
void *kcalloc(size_t n, size_t bytes, gfp_t gfp) __must_check; /* NULL when n*bytes overflows */
void *krealloc(const void *object, size_t bytes, gfp_t gfp) __must_check; /* old stays if NULL */
char *kstrdup(const char *s, gfp_t gfp) __must_check;
void *kmemdup(const void *from, size_t bytes, gfp_t gfp) __must_check;
void kfree(const void *object);   /* NULL is allowed */
size_t ksize(const void *object); /* bytes really usable */

void slab_init(void);                /* after frame_init() */
int slab_cpu_init(unsigned cpu);     /* arrays of a CPU that is about to start */
unsigned long slab_shrink_all(void); /* under pressure: pages given back */
void slab_reap_tick(void); /* called every 2 s or so in a thread: age out what lies unused */

/* /proc/slabinfo: a row of figures by position in the chain; false behind the last. */
struct slabinfo {
	char name[32];
	unsigned long active_objs, num_objs, active_slabs, num_slabs, shared_avail;
	unsigned objsize, objperslab, pagesperslab; /* objsize in bytes */
	unsigned limit, batchcount, shared;
	unsigned id; /* the number events call it by */
};
bool slabinfo_get(unsigned n, struct slabinfo *info);
/* What writing "name limit batchcount shared" does: 0, -EINVAL, -ENOENT's errno as Linux: -EINVAL. */
int slab_tune(const char *name, unsigned limit, unsigned batchcount, unsigned shared);

unsigned slab_check(void);
void slab_mark(void); /* mm/mark.h */
