/*
 * Inside the object floor: what slab.c, cache.c, kmalloc.c, reap.c, debug.c and
 * check.c share.  The theory is in slab.c.
 */
#pragma once

#include "lib/list.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/slab/slab.h"
#include "sync/epoch.h"
#include "sync/mutex.h"

#define CACHE_LINE    64U
#define SLAB_BITS     64U /* objects whose bitmap fits into the descriptor */
#define SLAB_COLOURS  16U /* a colour is kept in the four policy bits of the descriptor */
#define NAME_BYTES    32
#define MAX_ARRAY     8192U /* entries: the longest array that tuning may ask for */
#define REDZONE_BYTES 8U

/* A list of slabs on somebody's stack: it needs no id of its own. */
#define LOCAL_LIST_ID (PAGE_LIST_ID + PAGE_LIST_IDS - 2)
#define PAGE_LIST_LOCAL                                                            \
	{                                                                          \
		.first = LOCAL_LIST_ID, .last = LOCAL_LIST_ID, .id = LOCAL_LIST_ID \
	}

/*
 * A stack of free objects.  As a CPU's array it belongs to that CPU alone: others may
 * replace the pointer to it, and look inside once an epoch has passed. As a node's shared
 * array it is guarded by the node's lock. A node's objects only.
 */
struct array_cache {
	u32 avail;    /* objects held */
	u32 limit;    /* entries there is room for; constant */
	u32 batch;    /* objects moved at once; constant */
	u32 nid;      /* whose objects; constant */
	bool touched; /* refilled or flushed since the reaper looked; any CPU may clear it */
	struct kmem_cache *cache;
	struct epoch_head epoch; /* when replaced */
	void *entry[];
};

/* A cache's slabs on one node. */
struct kmem_cache_node {
	spinlock_t lock; /* guards all of this and the slab fields of the slabs' descriptors */
	struct page_list full, partial, empty;
	unsigned long free_objects; /* on slabs of this node, shared array not counted */
	u32 empty_low;              /* fewest empty slabs there were since the reaper looked */
	u32 colour_next;            /* atomic, but lost updates do no harm */
	struct array_cache *shared; /* NULL until there is something to share; freed by epoch */
} __aligned(CACHE_LINE);

struct kmem_cache {
	/* Constant: geometry. All sizes in bytes. */
	u32 flags;
	u32 size;          /* from one object to the next */
	u32 reciprocal;    /* 2^32 / size, rounded up */
	u32 offset_mask;   /* of an address: its offset in its slab, which is aligned to its size */
	u32 objects;       /* in a slab */
	u64 all_free;      /* the bitmap of an empty slab of up to 64 objects */
	u32 bitmap_offset; /* in the slab; 0: the bitmap is in the descriptor */
	u32 epoch_offset;  /* in the slab: its epoch_head, with SLAB_TYPESAFE_BY_EPOCH */
	u32 object_offset; /* from a slot's begin to the object: the left red zone */
	u32 object_size;   /* what was asked for */
	u32 align;
	u32 order;
	u32 colours; /* different offsets of the first object */
	u32 colour_step;
	gfp_t gfp; /* always added */
	u32 id;    /* for events: counted up from 1, never used again */
	bool numa; /* objects may be of another node than the CPU */
	void (*ctor)(void *object);
	char name[NAME_BYTES];

	/* Tunables: (chain mutex) to change them; read at any time. */
	u32 limit, batch, shared;
	bool tuned;     /* by hand: defaults no longer apply */
	u32 generation; /* of the tunables */
	u32 free_limit; /* objects: a slab that becomes empty above it is freed at once */

	u32 detached; /* atomic: arrays taken from their CPUs and not empty yet */

	struct list_head chain;           /* (chain mutex) */
	struct array_cache *cpu[NR_CPUS]; /* atomic; never NULL */
	struct kmem_cache_node node[];    /* nr_nodes of them */
} __aligned(CACHE_LINE);

extern struct array_cache no_array; /* holds nothing and takes nothing; is never written */
DECLARE_PER_CPU(bool, making_array);
extern struct list_head slab_chain; /* (slab_chain_lock) all caches, oldest first */
extern struct mutex slab_chain_lock;
/* The chain's head is not aligned as a cache is, so no pointer to a cache may point at it. */
#define for_each_cache(cache)                                                            \
	for (struct list_head *at = slab_chain.next;                                     \
	     at != &slab_chain && (cache = list_entry(at, struct kmem_cache, chain), 1); \
	     at = at->next)

/* slab.c */
void *slab_alloc_slow(struct kmem_cache *cache, gfp_t gfp, int nid, const void *caller);
void slab_free_slow(struct kmem_cache *cache, void *object);
void slab_free_direct(struct kmem_cache *cache, void *object);
void slab_free_objects(struct kmem_cache *cache, void **objects, unsigned n);
unsigned long slab_drain_array(struct kmem_cache *cache, struct array_cache *array);
unsigned long slab_free_list(struct kmem_cache *cache, struct page_list *slabs);
struct array_cache *slab_new_array(struct kmem_cache *cache, u32 limit, u32 batch, u32 nid,
				   gfp_t gfp);

/* cache.c */
void slab_default_tunables(struct kmem_cache *cache);
void slab_set_free_limit(struct kmem_cache *cache);

/* kmalloc.c */
void kmalloc_init(void);

/* reap.c */
void slab_empty_arrays(struct kmem_cache *cache);
unsigned long slab_shrink_nodes(struct kmem_cache *cache);

/* Where things are in a slab */

static inline unsigned slab_colour(const struct page *slab)
{
	return READ_ONCE(slab->flags) >> PAGE_POLICY_SHIFT & (SLAB_COLOURS - 1);
}

/* From the slab's begin to its first object. */
static inline u32 slab_offset(const struct kmem_cache *cache, const struct page *slab)
{
	u32 offset = cache->object_offset;

	if (cache->colours > 1)
		offset += slab_colour(slab) * cache->colour_step;
	return offset;
}

static inline void *slab_object(const struct kmem_cache *cache, const struct page *slab, unsigned i)
{
	return (char *)page_address(slab) + slab_offset(cache, slab) + (size_t)i * cache->size;
}

/* The descriptor of the slab an object of this cache is on. */
static inline struct page *cache_slab(const struct kmem_cache *cache, const void *object)
{
	return virt_to_page((void *)((unsigned long)object & ~(unsigned long)cache->offset_mask));
}

/* Exact for the addresses of objects: the rounding of the reciprocal costs less than 1/size. */
static inline unsigned slab_index(const struct kmem_cache *cache, const struct page *slab,
				  const void *object)
{
	u32 offset = ((u32)(unsigned long)object & cache->offset_mask) - slab_offset(cache, slab);

	return (u32)((u64)offset * cache->reciprocal >> 32);
}

static inline u64 *slab_bitmap(const struct kmem_cache *cache, struct page *slab)
{
	return cache->bitmap_offset ? (u64 *)((char *)page_address(slab) + cache->bitmap_offset)
				    : &slab->slab_free;
}

static inline unsigned slab_words(const struct kmem_cache *cache)
{
	return DIV_ROUND_UP(cache->objects, SLAB_BITS);
}

static inline bool slab_is_full(const struct kmem_cache *cache, const struct page *slab)
{
	return cache->bitmap_offset ? slab->slab_inuse == cache->objects : slab->slab_free == 0;
}

static inline bool slab_is_empty(const struct kmem_cache *cache, const struct page *slab)
{
	return cache->bitmap_offset ? slab->slab_inuse == 0 : slab->slab_free == cache->all_free;
}

static inline struct page *object_slab(const void *object)
{
	return compound_head(virt_to_page(object));
}

/*
 * Debug builds (debug.c): the state of an object is kept around it and in it, and checked
 * whenever it changes hands. Release builds: nothing.
 */
#ifdef PAGODA_DEBUG
struct slab_user {                       /* at the end of a slot */
	const void *taken_by, *given_by; /* return addresses */
};
u32 slab_debug_flags(u32 flags, size_t bytes, bool ctor);
bool slab_debug_refuse(gfp_t gfp);
void slab_debug_new(struct kmem_cache *cache, void *object);
void slab_debug_taken(struct kmem_cache *cache, void *object, const void *caller);
bool slab_debug_given(struct kmem_cache *cache, void *object, const void *caller);
unsigned slab_debug_check_free(struct kmem_cache *cache, void *object);
#else
struct slab_user {
};
static inline u32 slab_debug_flags(u32 flags, size_t bytes, bool ctor)
{
	return flags & ~(SLAB_POISON | SLAB_RED_ZONE | SLAB_STORE_USER);
}
static inline bool slab_debug_refuse(gfp_t gfp)
{
	return false;
}
static inline void slab_debug_new(struct kmem_cache *cache, void *object)
{
}
static inline void slab_debug_taken(struct kmem_cache *cache, void *object, const void *caller)
{
}
static inline bool slab_debug_given(struct kmem_cache *cache, void *object, const void *caller)
{
	return true;
}
static inline unsigned slab_debug_check_free(struct kmem_cache *cache, void *object)
{
	return 0;
}
#endif

static __always_inline void *slab_alloc_unrecorded(struct kmem_cache *cache, gfp_t gfp,
						   const void *caller)
{
	struct array_cache *array = READ_ONCE(cache->cpu[cpu_id()]);
	u32 avail = array->avail;
	void *object;

	if (slab_debug_refuse(gfp))
		return NULL;
	if (unlikely(avail == 0))
		return slab_alloc_slow(cache, gfp, NUMA_NO_NODE, caller);
	WRITE_ONCE(array->avail, avail - 1);
	object = array->entry[avail - 1];
	slab_debug_taken(cache, object, caller);
	if (unlikely(gfp & __GFP_ZERO))
		return memset(object, 0, cache->object_size);
	return object;
}

static __always_inline void slab_free_unrecorded(struct kmem_cache *cache, void *object,
						 const void *caller)
{
	struct array_cache *array = READ_ONCE(cache->cpu[cpu_id()]);
	u32 avail = array->avail;

	if (!slab_debug_given(cache, object, caller))
		return;
	if (unlikely(cache->numa) && page_to_nid(virt_to_page(object)) != array->nid) {
		slab_free_direct(cache, object);
	} else if (likely(avail != array->limit)) {
		array->entry[avail] = object;
		WRITE_ONCE(array->avail, avail + 1);
	} else {
		slab_free_slow(cache, object);
	}
}

/*
 * Is each object an event? In the debug build alone: the release build's paths above are a few
 * instructions, to which the question would be one more. Whole functions, called last or not at
 * all: so those paths need no registers saved and no frame.
 */
#ifdef PAGODA_DEBUG
#define SLAB_RECORDS_OBJECTS 1
#else
#define SLAB_RECORDS_OBJECTS 0
#endif
void *slab_alloc_recorded(struct kmem_cache *cache, gfp_t gfp, const void *caller);
void slab_free_recorded(struct kmem_cache *cache, void *object);

static __always_inline void *slab_alloc(struct kmem_cache *cache, gfp_t gfp, const void *caller)
{
	if (SLAB_RECORDS_OBJECTS && trace_on())
		return slab_alloc_recorded(cache, gfp, caller);
	return slab_alloc_unrecorded(cache, gfp, caller);
}

static __always_inline void slab_free(struct kmem_cache *cache, void *object, const void *caller)
{
	if (SLAB_RECORDS_OBJECTS && trace_on())
		slab_free_recorded(cache, object);
	else
		slab_free_unrecorded(cache, object, caller);
}
