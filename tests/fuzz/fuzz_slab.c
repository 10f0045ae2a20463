/*
 * Object caches and kmalloc: caches of any size and alignment, with constructors, debug zones
 * and deferred freeing, made, tuned, shrunk and destroyed while objects come and go on two
 * CPUs, with allocations that fail.
 *
 * Every object that is handed out is filled with its number to its last usable byte and looked
 * at when it goes: two objects that overlap, an object handed out twice and one whose slab has
 * gone show by that.  At the end all frames are free again.
 */
#include "world.h"
#include <stdio.h>

#define OBJECTS 512
#define CACHES  4

static struct cache {
	struct kmem_cache *cache;
	size_t bytes, align;
	bool constructed;
} caches[CACHES];

static struct object {
	u8 *at;
	size_t bytes;
	struct cache *cache; /* NULL: kmalloc */
} objects[OBJECTS];

static struct input in;
static unsigned fail_next, cache_number;
static unsigned long free_at_start;

#define MADE 0x3c

static void construct(void *object)
{
	*(u8 *)object = MADE;
}

static u8 stamp_of(const struct object *object, size_t i)
{
	return (u8)((object - objects) * 7 + i);
}

/* Of a constructed object the first byte is the constructor's. */
static size_t first_byte(const struct object *object)
{
	return object->cache && object->cache->constructed;
}

/* Large ones by their ends only. */
static size_t next_byte(const struct object *object, size_t i)
{
	return i == 64 && object->bytes > 192 ? object->bytes - 64 : i + 1;
}

static void fill(struct object *object)
{
	for (size_t i = first_byte(object); i < object->bytes; i = next_byte(object, i))
		object->at[i] = stamp_of(object, i);
}

static void look(const struct object *object, size_t bytes)
{
	for (size_t i = first_byte(object); i < bytes; i = next_byte(object, i))
		MUST_EQUAL(object->at[i], stamp_of(object, i));
	if (first_byte(object))
		MUST_EQUAL(object->at[0], MADE);
}

static void take(struct object *object, void *at, size_t bytes, struct cache *cache, gfp_t gfp)
{
	*object = (struct object){at, bytes, cache};
	if (cache && cache->constructed)
		MUST_EQUAL(object->at[0], MADE);
	else if (gfp & __GFP_ZERO)
		for (size_t i = 0; i < bytes; i++)
			MUST_EQUAL(object->at[i], 0);
	fill(object);
}

static struct object *unused(void)
{
	for (unsigned i = 0; i < OBJECTS; i++)
		if (!objects[i].at)
			return &objects[i];
	return NULL;
}

static void give(struct object *object)
{
	if (!object->at)
		return;
	look(object, object->bytes);
	if (object->cache)
		kmem_cache_free(object->cache->cache, object->at);
	else
		kfree(object->at);
	object->at = NULL;
}

static gfp_t some_gfp(unsigned how)
{
	return (how & 1 ? GFP_NOWAIT : GFP_KERNEL) | (how & 2 ? __GFP_ZERO : 0) | __GFP_NOWARN |
	       __GFP_NORETRY;
}

static void do_create(struct cache *cache)
{
	static const u32 flags[] = {0,
				    SLAB_HWCACHE_ALIGN,
				    SLAB_RECLAIM_ACCOUNT,
				    SLAB_TYPESAFE_BY_EPOCH,
				    SLAB_POISON | SLAB_RED_ZONE,
				    SLAB_STORE_USER,
				    SLAB_POISON | SLAB_RED_ZONE | SLAB_STORE_USER,
				    0};
	const unsigned how = input_byte(&in);
	char name[16];

	if (cache->cache)
		return;
	snprintf(name, sizeof(name), "fuzz-%u", cache_number++);
	cache->bytes = 1 + input_below(&in, 4096) % (how & 0x40 ? 4096 : 300);
	cache->align = 1u << (how >> 3 & 7);
	cache->constructed = (how & 0x80) && !(flags[how & 7] & SLAB_POISON);
	fail_begin(fail_next);
	cache->cache = kmem_cache_create(name, cache->bytes, cache->align, flags[how & 7],
					 cache->constructed ? construct : NULL);
	MUST((fail_end() && fail_next) || cache->cache);
	fail_next = 0;
	if (cache->cache)
		MUST_EQUAL(kmem_cache_size(cache->cache), cache->bytes);
}

static void do_destroy(struct cache *cache)
{
	if (!cache->cache)
		return;
	for (unsigned i = 0; i < OBJECTS; i++)
		if (objects[i].at && objects[i].cache == cache)
			give(&objects[i]);
	kmem_cache_destroy(cache->cache);
	cache->cache = NULL;
}

static void do_alloc(struct cache *cache, unsigned how)
{
	unsigned n = 1 + input_byte(&in) % 32;

	if (!cache->cache)
		return;
	while (n--) {
		struct object *object = unused();
		gfp_t gfp = some_gfp(how);
		void *at;

		if (!object)
			return;
		/* What is constructed cannot be zeroed. */
		if (cache->constructed)
			gfp &= ~__GFP_ZERO;
		fail_begin(fail_next);
		if (how & 4)
			at = kmem_cache_alloc_node(cache->cache, gfp, how >> 3 & 1);
		else
			at = kmem_cache_alloc(cache->cache, gfp);
		fail_end();
		fail_next = 0;
		if (!at)
			return;
		MUST(IS_ALIGNED((unsigned long)at, cache->align));
		take(object, at, cache->bytes, cache, gfp);
	}
}

static void do_kmalloc(unsigned how)
{
	struct object *object = unused();
	const gfp_t gfp = some_gfp(how);
	size_t bytes = input_below(&in, 65536) % (how & 8 ? 40000 : 1024);
	void *at;

	if (!object)
		return;
	fail_begin(fail_next);
	at = how & 4 ? kmalloc_node(bytes, gfp, how >> 4 & 1) : kmalloc(bytes, gfp);
	fail_end();
	fail_next = 0;
	if (!at)
		return;
	MUST(ksize(at) >= bytes);
	/* What is usable beyond what was asked for need not be zero. */
	take(object, at, bytes, NULL, gfp);
	object->bytes = ksize(at);
	fill(object);
}

static void do_realloc(struct object *object)
{
	const size_t bytes = 1 + input_below(&in, 65536) % 9000, old = object->bytes;
	void *at;

	if (!object->at || object->cache)
		return;
	fail_begin(fail_next);
	at = krealloc(object->at, bytes, GFP_KERNEL | __GFP_NOWARN);
	MUST((fail_end() && fail_next) || at);
	fail_next = 0;
	if (!at) {
		look(object, old);
		return;
	}
	object->at = at;
	object->bytes = ksize(at);
	/* Large ones are known by their ends: what of these was kept is not the end any more. */
	if (min(old, bytes) <= 192)
		for (size_t i = 0; i < min(old, bytes) && i <= 64; i++)
			MUST_EQUAL(object->at[i], stamp_of(object, i));
	fill(object);
}

static void do_tune(const struct cache *cache)
{
	const unsigned limit = 1 + input_byte(&in), batch = 1 + input_byte(&in) % limit;
	struct slabinfo info;
	int err;

	if (!cache->cache)
		return;
	for (unsigned n = 0; slabinfo_get(n, &info); n++)
		if (info.objsize >= cache->bytes && strncmp(info.name, "fuzz-", 5) == 0)
			break;
	if (strncmp(info.name, "fuzz-", 5))
		return;
	fail_begin(fail_next);
	err = slab_tune(info.name, limit, batch, input_byte(&in) % 8);
	MUST(!err || (fail_end() && fail_next) || err == -EINVAL);
	fail_end();
	fail_next = 0;
}

static void step(unsigned *checks)
{
	const unsigned op = input_byte(&in);
	struct cache *cache = &caches[op >> 6];

	switch (op % 64 % 20) {
	case 0:
	case 1: do_create(cache); break;
	case 2: do_destroy(cache); break;
	case 3 ... 6: do_alloc(cache, input_byte(&in)); break;
	case 7:
	case 8: do_kmalloc(input_byte(&in)); break;
	case 9 ... 11: give(&objects[input_below(&in, OBJECTS)]); break;
	case 12: { /* many at once, so that slabs become empty */
		const unsigned first = input_below(&in, OBJECTS), n = input_byte(&in);

		for (unsigned i = first; i < min(first + n, (unsigned)OBJECTS); i++)
			give(&objects[i]);
		break;
	}
	case 13: do_realloc(&objects[input_below(&in, OBJECTS)]); break;
	case 14: do_tune(cache); break;
	case 15:
		if (cache->cache)
			kmem_cache_shrink(cache->cache);
		break;
	case 16: soft_move_to_cpu(input_byte(&in) % WORLD_CPUS); break;
	case 17: fail_next = 1 + input_byte(&in) % 8; break;
	case 18: slab_reap_tick(); break;
	default:
		if ((*checks)++ < 3) /* the upper floors' checks need memory */
			MUST_EQUAL(frame_check() + slab_check(), 0);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	world_boot();
	/* Checking takes objects and gives them back, which moves where they lie, at first. */
	for (int i = 0; i < 3; i++) {
		world_check();
		free_at_start = world_settle();
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	unsigned checks = 0;

	in = (struct input){data, data + bytes};
	fail_next = cache_number = 0;
	while (!input_ended(&in))
		step(&checks);
	MUST_EQUAL(slab_check(), 0);
	for (unsigned i = 0; i < OBJECTS; i++)
		give(&objects[i]);
	for (unsigned i = 0; i < CACHES; i++)
		do_destroy(&caches[i]);
	MUST(world_settle() >= free_at_start);
	world_check();
	return 0;
}
