/*
 * What the kernel makes of frames for itself, rebuilt: slabs, page tables, and the ranges of kernel
 * addresses (of those only how many and how long).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "model.h"

static struct model_cache *cache_of(struct model *model, uint64_t id)
{
	static struct model_cache none;

	if (id == 0 || id >= 1 << 20) {
		complain(model, "there is no such cache");
		return &none;
	}
	if (id >= model->nr_caches) {
		model->caches = realloc(model->caches, (id + 1) * sizeof(*model->caches));
		if (!model->caches)
			die(EXIT_MACHINE, "out of memory");
		memset(model->caches + model->nr_caches, 0,
		       (id + 1 - model->nr_caches) * sizeof(*model->caches));
		model->nr_caches = id + 1;
	}
	return &model->caches[id];
}

static void cache_new(struct model *model, const uint64_t arg[4])
{
	cache_of(model, arg[0])->objects = arg[3];
}

static void cache_name(struct model *model, const uint64_t arg[4])
{
	memcpy(cache_of(model, arg[0])->name, &arg[1], 24);
}

static void cache_gone(struct model *model, const uint64_t arg[4])
{
	struct model_cache *cache = cache_of(model, arg[0]);

	if (cache->slabs)
		complain(model, "%s has %" PRIu64 " slabs", cache->name, cache->slabs);
	cache->gone = true;
}

static void slab_grow(struct model *model, const uint64_t arg[4])
{
	struct model_cache *cache = cache_of(model, arg[0]);

	for (uint64_t i = 0; i < 1ULL << (arg[2] & 31); i++) {
		struct frame *frame = model_used_frame(model, arg[1] + i);

		if (frame->slab)
			complain(model, "frame %#" PRIx64 " is a slab already", arg[1] + i);
		frame->slab = (uint32_t)arg[0];
	}
	compare(model, "objects in a slab", arg[3], cache->objects);
	cache->slabs++;
	cache->free += arg[3];
	model->slabs++;
}

static void slab_shrink(struct model *model, const uint64_t arg[4])
{
	struct model_cache *cache = cache_of(model, arg[0]);

	for (uint64_t i = 0; i < 1ULL << (arg[2] & 31); i++) {
		struct frame *frame = model_used_frame(model, arg[1] + i);

		if (frame->slab != arg[0])
			complain(model, "frame %#" PRIx64 " is no slab of %s", arg[1] + i,
				 cache->name);
		frame->slab = 0;
	}
	cache->slabs--;
	cache->free -= arg[3];
	model->slabs--;
}

static void slab_take(struct model *model, const uint64_t arg[4])
{
	struct model_cache *cache = cache_of(model, arg[0]);

	if (cache->free < arg[1])
		complain(model, "%s has %" PRIu64 " free objects", cache->name, cache->free);
	cache->free -= arg[1];
}

static void slab_give(struct model *model, const uint64_t arg[4])
{
	struct model_cache *cache = cache_of(model, arg[0]);

	cache->free += arg[1];
	if (cache->free > cache->slabs * cache->objects)
		complain(model, "%s has %" PRIu64 " objects in all", cache->name,
			 cache->slabs * cache->objects);
}

static void object_alloc(struct model *model, const uint64_t arg[4])
{
	uint64_t *owner = table_add(&model->objects, arg[1]);

	if (*owner)
		complain(model, "the object is in use");
	*owner = arg[0];
	cache_of(model, arg[0])->used++;
}

static void object_free(struct model *model, const uint64_t arg[4])
{
	const uint64_t *owner = table_find(&model->objects, arg[1]);

	if (!owner || *owner != arg[0])
		complain(model, "no object of %s is in use there", cache_of(model, arg[0])->name);
	if (owner)
		table_remove(&model->objects, arg[1]);
	cache_of(model, arg[0])->used--;
}

/* --- page tables --- */

static void page_table_new(struct model *model, const uint64_t arg[4])
{
	struct frame *frame = model_used_frame(model, arg[0]);

	if (frame->table)
		complain(model, "it is one already");
	frame->table = true;
	model->tables++;
}

static void page_table_free(struct model *model, const uint64_t arg[4])
{
	struct frame *frame = model_used_frame(model, arg[0]);

	if (!frame->table)
		complain(model, "it is none");
	frame->table = false;
	model->tables--;
}

/* --- kernel addresses --- */

static void vmap_map(struct model *model, const uint64_t arg[4])
{
	model->areas++;
	model->area_pages += arg[1];
}

static void vmap_unmap(struct model *model, const uint64_t arg[4])
{
	model->areas--;
	model->area_pages -= arg[1];
}

/* --- marks --- */

static void mark_cache(struct model *model, const uint64_t arg[4])
{
	const struct model_cache *cache = cache_of(model, arg[0]);

	if (cache->gone)
		complain(model, "by the events %s is gone", cache->name);
	compare(model, cache->name, arg[1], cache->slabs);
	compare(model, cache->name, arg[2], cache->free);
	if (arg[3] != ~0ULL)
		compare(model, cache->name, cache->slabs * cache->objects - cache->free - arg[3],
			cache->used);
}

static void mark_slab(struct model *model, const uint64_t arg[4])
{
	struct frame *frame = model_used_frame(model, arg[1]);

	if (frame->slab != arg[0])
		complain(model, "by the events it is no slab of %s", cache_of(model, arg[0])->name);
	if (frame->seen == model->mark)
		complain(model, "told twice");
	frame->seen = model->mark;
	model->slabs_told++;
}

static void mark_vmap(struct model *model, const uint64_t arg[4])
{
	compare(model, "areas", arg[0], model->areas);
	compare(model, "pages in areas", arg[1], model->area_pages);
}

void model_slabs_mark(struct model *model, bool begin)
{
	if (begin)
		model->slabs_told = 0;
	else
		compare(model, "slabs", model->slabs_told, model->slabs);
}

const struct model_event model_slab_events[] = {
	{"cache_new", cache_new},
	{"cache_name", cache_name},
	{"cache_gone", cache_gone},
	{"slab_grow", slab_grow},
	{"slab_shrink", slab_shrink},
	{"slab_take", slab_take},
	{"slab_give", slab_give},
	{"object_alloc", object_alloc},
	{"object_free", object_free},
	{"table_new", page_table_new},
	{"table_free", page_table_free},
	{"vmap_map", vmap_map},
	{"vmap_unmap", vmap_unmap},
	{"mark_cache", mark_cache},
	{"mark_slab", mark_slab},
	{"mark_vmap", mark_vmap},
	{NULL, NULL},
};
