/*
 * The LRU lists with their order, and the page cache, rebuilt.
 *
 * A page is added in front. At a mark the machine tells each list from front to back, and a
 * cursor goes along.
 */
#include <inttypes.h>

#include "model.h"

static struct model_list *list_of(struct model *model, uint64_t node, uint64_t list)
{
	return &model->lists[node % MODEL_NODES][list % MODEL_LISTS];
}

static void lru_add(struct model *model, const uint64_t arg[4])
{
	struct frame *frame = model_used_frame(model, arg[0]);
	struct model_list *list = list_of(model, arg[2], arg[1]);

	if (frame->list) {
		complain(model, "it is on list %u already", frame->list - 1);
		return;
	}
	frame->list = (uint8_t)(arg[1] % MODEL_LISTS + 1);
	frame->node = (uint8_t)(arg[2] % MODEL_NODES);
	frame->prev = NO_FRAME;
	frame->next = list->count ? list->first : NO_FRAME;
	if (list->count)
		model_frame(model, list->first)->prev = (uint32_t)arg[0];
	list->first = (uint32_t)arg[0];
	list->count++;
}

static void lru_del(struct model *model, const uint64_t arg[4])
{
	struct frame *frame = model_used_frame(model, arg[0]);
	struct model_list *list = list_of(model, arg[2], arg[1]);

	if (frame->list != arg[1] + 1 || frame->node != arg[2]) {
		complain(model, "it is not on that list");
		return;
	}
	if (frame->prev == NO_FRAME)
		list->first = frame->next;
	else
		model_frame(model, frame->prev)->next = frame->next;
	if (frame->next != NO_FRAME)
		model_frame(model, frame->next)->prev = frame->prev;
	frame->list = 0;
	list->count--;
}

/* To the active list of its kind, from the inactive one before it; or still in a CPU's batch. */
static void lru_activate(struct model *model, const uint64_t arg[4])
{
	const struct frame *frame = model_used_frame(model, arg[0]);
	const uint64_t from[4] = {arg[0], arg[1] - 1, arg[2]};

	if (!frame->list)
		return;
	lru_del(model, from);
	lru_add(model, arg);
}

static void cache_add(struct model *model, const uint64_t arg[4])
{
	struct frame *frame = model_used_frame(model, arg[2]);

	if (frame->mapping)
		complain(model, "it is in the page cache already");
	frame->mapping = arg[0];
	frame->index = arg[1];
	model->cached++;
}

static void cache_del(struct model *model, const uint64_t arg[4])
{
	struct frame *frame = model_used_frame(model, arg[2]);

	if (frame->mapping != arg[0] || frame->index != arg[1])
		complain(model, "it is not there in the page cache");
	frame->mapping = 0;
	model->cached--;
}

/* --- marks --- */

static void mark_lru(struct model *model, const uint64_t arg[4])
{
	struct model_list *list = list_of(model, arg[2], arg[1]);

	if (list->told >= list->count || list->cursor != arg[0]) {
		complain(model, "by the events another page stands there");
		list->told++;
		return;
	}
	list->cursor = model_frame(model, arg[0])->next;
	list->told++;
}

#define MAPPING_ANON 1ULL
#define MAPPING_TAG  15ULL

static void mark_page(struct model *model, const uint64_t arg[4])
{
	const struct frame *frame = model_used_frame(model, arg[0]);
	const uint64_t mapping = arg[2] & MAPPING_ANON ? 0 : arg[2] & ~MAPPING_TAG;

	compare(model, "entries that map it", arg[1], frame->mapped);
	if (frame->mapping != mapping || (mapping && frame->index != arg[3]))
		complain(model, "by the events it is at %#" PRIx64 " of file %#" PRIx64,
			 frame->index, frame->mapping);
}

void model_lists_mark(struct model *model, bool begin)
{
	for (unsigned node = 0; node < MODEL_NODES; node++)
		for (unsigned i = 0; i < MODEL_LISTS; i++) {
			struct model_list *list = &model->lists[node][i];

			if (!begin)
				compare(model, "pages of an LRU list", list->told, list->count);
			list->cursor = list->first;
			list->told = 0;
		}
}

const struct model_event model_list_events[] = {
	{"lru_add", lru_add},           {"lru_del", lru_del},
	{"lru_activate", lru_activate}, {"cache_add", cache_add},
	{"cache_del", cache_del},       {"mark_lru", mark_lru},
	{"mark_page", mark_page},       {NULL, NULL},
};
