/*
 * Debug builds: finding who writes where it must not.
 *
 *   | left red zone | object ........... | right red zone | taken by | given by |
 *
 * Red zones hold one word while the object is in use and another while it is free, so
 * that they betray writing beyond either end, freeing twice, and freeing what was never
 * allocated. A free object is filled with 0x6b and ends in 0xa5: if that has changed
 * when it is allocated, somebody used it after freeing it. A new one is filled with 0x5a,
 * so that whoever counts on zeros finds out. The return addresses say who had it last.
 *
 * Everything is reported with the cache's name and the object's address, counted as a
 * warning, put right, and the machine goes on.
 *
 * Not poisoned are objects whose content must survive being free: with a constructor, or
 * in slabs that readers may still look at (SLAB_TYPESAFE_BY_EPOCH). Large objects go
 * without red zones, which would cost them another page.
 */
#include "mm/slab/slab_int.h"

#ifdef PAGODA_DEBUG

#include "lib/printk.h"

#define POISON_NEW  0x5a
#define POISON_FREE 0x6b
#define POISON_END  0xa5
#define RED_USED    0xd84156c5635688c0ULL
#define RED_FREE    0x09f911029d74e35bULL
#define LARGE       (PAGE_SIZE / 2) /* bytes: from here on no red zones */

u32 slab_debug_flags(u32 flags, size_t bytes, bool ctor)
{
	if (bytes < LARGE)
		flags |= SLAB_RED_ZONE | SLAB_STORE_USER;
	flags |= SLAB_POISON;
	if (ctor || flags & SLAB_TYPESAFE_BY_EPOCH)
		flags &= ~SLAB_POISON;
	return flags;
}

bool slab_debug_refuse(gfp_t gfp)
{
	return should_fail_alloc(gfp);
}

static u64 *left_zone(void *object)
{
	return (u64 *)((char *)object - REDZONE_BYTES);
}

static u64 *right_zone(const struct kmem_cache *cache, void *object)
{
	return (u64 *)((char *)object + ALIGN_UP(cache->object_size, REDZONE_BYTES));
}

static struct slab_user *user(const struct kmem_cache *cache, void *object)
{
	size_t skip = ALIGN_UP(cache->object_size, REDZONE_BYTES);

	if (cache->flags & SLAB_RED_ZONE)
		skip += REDZONE_BYTES;
	return (struct slab_user *)((char *)object + skip);
}

static unsigned report(struct kmem_cache *cache, void *object, const char *what, const void *where)
{
	pr_err("slab %s: object %p: %s at %p\n", cache->name, object, what, where);
	if (cache->flags & SLAB_STORE_USER)
		pr_err("  last taken by %p, given back by %p\n", user(cache, object)->taken_by,
		       user(cache, object)->given_by);
	WARN_ON("slab corruption");
	return 1;
}

/* The first byte that is not as it was left when the object was freed, or NULL. */
static u8 *poison_broken(const struct kmem_cache *cache, void *object)
{
	u8 *byte = object;

	for (u32 i = 0; i + 1 < cache->object_size; i++)
		if (byte[i] != POISON_FREE)
			return &byte[i];
	return byte[cache->object_size - 1] == POISON_END ? NULL : &byte[cache->object_size - 1];
}

static void poison(const struct kmem_cache *cache, void *object)
{
	memset(object, POISON_FREE, cache->object_size - 1);
	((u8 *)object)[cache->object_size - 1] = POISON_END;
}

static void set_zones(const struct kmem_cache *cache, void *object, u64 word)
{
	*left_zone(object) = *right_zone(cache, object) = word;
}

void slab_debug_new(struct kmem_cache *cache, void *object)
{
	if (cache->flags & SLAB_STORE_USER)
		*user(cache, object) = (struct slab_user){NULL, NULL};
	if (cache->flags & SLAB_RED_ZONE)
		set_zones(cache, object, RED_FREE);
	if (cache->flags & SLAB_POISON)
		poison(cache, object);
}

/* A free object must be as it was left; the number of complaints. */
unsigned slab_debug_check_free(struct kmem_cache *cache, void *object)
{
	unsigned bad = 0;
	void *at;

	if (cache->flags & SLAB_RED_ZONE) {
		if (*left_zone(object) != RED_FREE)
			bad += report(cache, object, "written before its begin", left_zone(object));
		if (*right_zone(cache, object) != RED_FREE)
			bad += report(cache, object, "written past its end",
				      right_zone(cache, object));
	}
	if (cache->flags & SLAB_POISON && (at = poison_broken(cache, object)))
		bad += report(cache, object, "written after it was freed", at);
	return bad;
}

void slab_debug_taken(struct kmem_cache *cache, void *object, const void *caller)
{
	slab_debug_check_free(cache, object);
	if (cache->flags & SLAB_RED_ZONE)
		set_zones(cache, object, RED_USED);
	if (cache->flags & SLAB_POISON)
		memset(object, POISON_NEW, cache->object_size);
	if (cache->flags & SLAB_STORE_USER)
		user(cache, object)->taken_by = caller;
}

/* False: this cannot be freed, and nothing was done. */
bool slab_debug_given(struct kmem_cache *cache, void *object, const void *caller)
{
	struct page *slab = object_slab(object);
	unsigned i;

	if (!page_test(slab, PG_slab) || slab->slab_cache != cache) {
		pr_err("slab %s: %p is given back by %p but is not of this cache\n", cache->name,
		       object, caller);
		WARN_ON("object of another cache");
		return false;
	}
	i = slab_index(cache, slab, object);
	if (i >= cache->objects || slab_object(cache, slab, i) != object) {
		pr_err("slab %s: %p, given back by %p, is not the begin of an object\n",
		       cache->name, object, caller);
		WARN_ON("address within an object");
		return false;
	}
	if (cache->flags & SLAB_RED_ZONE) {
		u64 left = *left_zone(object), right = *right_zone(cache, object);

		if (left == RED_FREE && right == RED_FREE) {
			report(cache, object, "freed twice, now", caller);
			return false;
		}
		if (left != RED_USED)
			report(cache, object, "written before its begin", left_zone(object));
		if (right != RED_USED)
			report(cache, object, "written past its end", right_zone(cache, object));
		set_zones(cache, object, RED_FREE);
	}
	if (cache->flags & SLAB_POISON)
		poison(cache, object);
	if (cache->flags & SLAB_STORE_USER)
		user(cache, object)->given_by = caller;
	return true;
}

#endif
