/*
 * Frames, rebuilt: each is free in a block, cached by a CPU, or in use.
 *
 *	            buddy_take                  page_alloc
 *	   free    ----------->    cached      ----------->   used
 *	 (blocks)  <-----------  (by the CPU)  <-----------
 *	            buddy_give                  page_free
 *
 * Splits and merges change only which blocks the free ones make.
 */
#include <inttypes.h>

#include "model.h"

static struct model_zone *zone_of(struct model *model, uint64_t id)
{
	struct model_zone *zone = &model->zones[id % MODEL_ZONES];

	if (!zone->open)
		complain(model, "there is no zone %" PRIu64, id);
	return zone;
}

static void zone_open(struct model *model, const uint64_t arg[4])
{
	model->zones[arg[0] % MODEL_ZONES].open = true;
}

static void set_block(struct model *model, uint64_t pfn, unsigned order, bool is_block)
{
	struct frame *frame = model_frame(model, pfn);

	frame->head = is_block;
	frame->order = (uint8_t)order;
	model->blocks += is_block ? 1 : -1;
}

/* Is there a free block of that order? */
static bool has_block(struct model *model, uint64_t pfn, unsigned order)
{
	const struct frame *frame = model_frame(model, pfn);

	if (frame->state == FRAME_FREE && frame->head && frame->order == order)
		return true;
	complain(model, "frame %#" PRIx64 " is not a free block of order %u", pfn, order);
	return false;
}

static bool order_is_sane(struct model *model, uint64_t order)
{
	if (order < 32)
		return true;
	complain(model, "there is no such order");
	return false;
}

static void buddy_give(struct model *model, const uint64_t arg[4])
{
	const uint64_t pfn = arg[0], type = arg[2];
	struct model_zone *zone = zone_of(model, arg[3]);

	if (!order_is_sane(model, arg[1]))
		return;
	for (uint64_t i = 0; i < 1ULL << arg[1]; i++) {
		struct frame *frame = model_frame(model, pfn + i);

		if (frame->state == FRAME_CACHED) {
			zone->cached--;
			model->cached_frames--;
			if (frame->cpu != model->record->cpu)
				complain(model, "frame %#" PRIx64 " was CPU %u's", pfn + i,
					 frame->cpu);
		} else if (frame->state == FRAME_UNKNOWN) {
			zone->managed++;
		} else {
			complain(model, "frame %#" PRIx64 " is %s", pfn + i,
				 frame->state == FRAME_FREE ? "free already" : "in use");
		}
		if (frame->type && frame->type != type + 1)
			complain(model, "frame %#" PRIx64 " is in a page block of type %u", pfn + i,
				 frame->type - 1);
		frame->state = FRAME_FREE;
		frame->type = (uint8_t)(type + 1);
		frame->zone = (uint8_t)arg[3];
		frame->head = false;
	}
	zone->free += 1ULL << arg[1];
	set_block(model, pfn, (unsigned)arg[1], true);
}

static void buddy_take(struct model *model, const uint64_t arg[4])
{
	const uint64_t pfn = arg[0];
	struct model_zone *zone = zone_of(model, arg[3]);

	if (!order_is_sane(model, arg[1]) || !has_block(model, pfn, (unsigned)arg[1]))
		return;
	set_block(model, pfn, 0, false);
	for (uint64_t i = 0; i < 1ULL << arg[1]; i++) {
		struct frame *frame = model_frame(model, pfn + i);

		if (frame->zone != arg[3])
			complain(model, "frame %#" PRIx64 " is of zone %u", pfn + i, frame->zone);
		frame->state = FRAME_CACHED;
		frame->cpu = model->record->cpu;
	}
	zone->free -= 1ULL << arg[1];
	zone->cached += 1ULL << arg[1];
	model->cached_frames += 1ULL << arg[1];
}

/* A free block becomes one of into_order and the upper halves that are left. */
static void block_split(struct model *model, const uint64_t arg[4])
{
	if (!order_is_sane(model, arg[1]) || !has_block(model, arg[0], (unsigned)arg[1]))
		return;
	set_block(model, arg[0], 0, false);
	for (uint64_t order = arg[2]; order < arg[1]; order++)
		set_block(model, arg[0] + (1ULL << order), (unsigned)order, true);
	set_block(model, arg[0], (unsigned)arg[2], true);
}

/* The free blocks from pfn on become one of into_order. */
static void block_merge(struct model *model, const uint64_t arg[4])
{
	if (!order_is_sane(model, arg[2]))
		return;
	const uint64_t end = arg[0] + (1ULL << arg[2]);

	for (uint64_t pfn = arg[0]; pfn < end;) {
		const struct frame *frame = model_frame(model, pfn);

		if (frame->state != FRAME_FREE || !frame->head) {
			complain(model, "frame %#" PRIx64 " is not the first of a free block", pfn);
			return;
		}
		const uint64_t next = pfn + (1ULL << frame->order);

		set_block(model, pfn, 0, false);
		pfn = next;
		if (pfn > end)
			complain(model, "the free blocks are more than that");
	}
	set_block(model, arg[0], (unsigned)arg[2], true);
}

static void block_steal(struct model *model, const uint64_t arg[4])
{
	if (!order_is_sane(model, arg[1]))
		return;
	for (uint64_t i = 0; i < 1ULL << arg[1]; i++) {
		struct frame *frame = model_frame(model, arg[0] + i);

		if (frame->type && frame->type != arg[2] + 1) {
			complain(model, "frame %#" PRIx64 " is in a page block of type %u",
				 arg[0] + i, frame->type - 1);
			return;
		}
		frame->type = (uint8_t)(arg[3] + 1);
	}
}

static void page_alloc(struct model *model, const uint64_t arg[4])
{
	struct model_zone *zone = zone_of(model, arg[3]);

	if (!order_is_sane(model, arg[1]))
		return;
	for (uint64_t i = 0; i < 1ULL << arg[1]; i++) {
		struct frame *frame = model_frame(model, arg[0] + i);

		if (frame->state != FRAME_CACHED)
			complain(model, "frame %#" PRIx64 " is on no CPU's list", arg[0] + i);
		else if (frame->cpu != model->record->cpu)
			complain(model, "frame %#" PRIx64 " is CPU %u's", arg[0] + i, frame->cpu);
		else {
			zone->cached--;
			model->cached_frames--;
		}
		frame->state = FRAME_USED;
	}
}

static void page_free(struct model *model, const uint64_t arg[4])
{
	struct model_zone *zone = zone_of(model, arg[3]);

	if (!order_is_sane(model, arg[1]))
		return;
	for (uint64_t i = 0; i < 1ULL << arg[1]; i++) {
		struct frame *frame = model_used_frame(model, arg[0] + i);

		if (frame->mapped)
			complain(model, "frame %#" PRIx64 " is mapped %" PRIu32 " times",
				 arg[0] + i, frame->mapped);
		if (frame->list || frame->slab || frame->table || frame->mapping)
			complain(model, "frame %#" PRIx64 " is %s", arg[0] + i,
				 frame->list    ? "on an LRU list"
				 : frame->slab  ? "a slab"
				 : frame->table ? "a page table"
						: "in the page cache");
		frame->state = FRAME_CACHED;
		frame->cpu = model->record->cpu;
		zone->cached++;
		model->cached_frames++;
	}
}

/* --- marks --- */

static void mark_block(struct model *model, const uint64_t arg[4])
{
	struct frame *frame = model_frame(model, arg[0]);

	if (!has_block(model, arg[0], (unsigned)arg[1]))
		return;
	if (frame->type != arg[2] + 1)
		complain(model, "by the events its page block is of type %d", frame->type - 1);
	if (frame->seen == model->mark)
		complain(model, "told twice");
	frame->seen = model->mark;
	model->blocks_told++;
}

static void mark_cached(struct model *model, const uint64_t arg[4])
{
	if (!order_is_sane(model, arg[1]))
		return;
	for (uint64_t i = 0; i < 1ULL << arg[1]; i++) {
		struct frame *frame = model_frame(model, arg[0] + i);

		if (frame->state != FRAME_CACHED || frame->cpu != arg[2])
			complain(model, "by the events frame %#" PRIx64 " is not on its list",
				 arg[0] + i);
		if (frame->seen == model->mark)
			complain(model, "told twice");
		frame->seen = model->mark;
		model->cached_told++;
	}
}

static void mark_zone(struct model *model, const uint64_t arg[4])
{
	const struct model_zone *zone = zone_of(model, arg[0]);

	compare(model, "free frames", arg[1], zone->free);
	compare(model, "frames on CPUs' lists", arg[2], zone->cached);
	compare(model, "managed frames", arg[3], zone->managed);
}

static void mark_gauges(struct model *model, const uint64_t arg[4])
{
	compare(model, "mapped anonymous pages", arg[0], model->mapped_anon);
	compare(model, "mapped file pages", arg[1], model->mapped_file);
	compare(model, "page tables", arg[2], model->tables);
	compare(model, "pages in the page cache", arg[3], model->cached);
}

void model_frames_mark(struct model *model, bool begin)
{
	if (begin) {
		model->blocks_told = model->cached_told = 0;
		return;
	}
	compare(model, "free blocks", model->blocks_told, model->blocks);
	compare(model, "frames on CPUs' lists", model->cached_told, model->cached_frames);
}

const struct model_event model_frame_events[] = {
	{"zone_open", zone_open},
	{"buddy_give", buddy_give},
	{"buddy_take", buddy_take},
	{"block_split", block_split},
	{"block_merge", block_merge},
	{"block_steal", block_steal},
	{"page_alloc", page_alloc},
	{"page_free", page_free},
	{"mark_block", mark_block},
	{"mark_cached", mark_cached},
	{"mark_zone", mark_zone},
	{"mark_gauges", mark_gauges},
	{NULL, NULL},
};
