/*
 * The model as a whole: which event goes to which part, marks, and what is said when
 * something does not fit.
 *
 * A fault seen once is seen at every event that builds on it, so only the first complaints
 * are printed, and the first one matters.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "model.h"

#define COMPLAINTS_PRINTED 10
#define FRAMES_PER_CHUNK   65536

void complain(struct model *model, const char *format, ...)
{
	const struct trace_record *r = model->record;
	const struct stream_type *type = &model->stream->types[r->type];
	va_list args;

	if (model->complaints++ >= COMPLAINTS_PRINTED)
		return;
	printf("record %" PRIu64 ", %s", r->sequence, type->name);
	for (unsigned i = 0; i < 4; i++)
		if (strncmp(type->arg[i], "unused", 6))
			printf(" %s=%#" PRIx64, type->arg[i], r->arg[i]);
	printf(": ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

void compare(struct model *model, const char *what, uint64_t machine, uint64_t rebuilt)
{
	if (machine != rebuilt)
		complain(model, "%s: %" PRIu64 " in the machine, %" PRIu64 " by the events", what,
			 machine, rebuilt);
}

struct frame *model_frame(struct model *model, uint64_t pfn)
{
	static struct frame nowhere;
	const uint64_t chunk = pfn / FRAMES_PER_CHUNK;

	if (pfn >= NO_FRAME) {
		complain(model, "there is no frame %#" PRIx64, pfn);
		return &nowhere;
	}
	if (chunk >= model->nr_chunks) {
		model->chunks = realloc(model->chunks, (chunk + 1) * sizeof(*model->chunks));
		if (!model->chunks)
			die(EXIT_MACHINE, "out of memory");
		while (model->nr_chunks <= chunk)
			model->chunks[model->nr_chunks++] = NULL;
	}
	if (!model->chunks[chunk])
		model->chunks[chunk] = allocate(FRAMES_PER_CHUNK * sizeof(struct frame));
	return &model->chunks[chunk][pfn % FRAMES_PER_CHUNK];
}

struct frame *model_used_frame(struct model *model, uint64_t pfn)
{
	struct frame *frame = model_frame(model, pfn);

	if (frame->state != FRAME_USED)
		complain(model, "frame %#" PRIx64 " is not in use", pfn);
	return frame;
}

/* --- tasks --- */

static void task_switch(struct model *model, const uint64_t arg[4])
{
	uint32_t *running = &model->running[model->record->cpu];

	if (*running != arg[0])
		complain(model, "on this CPU ran %" PRIu32, *running);
	*running = (uint32_t)arg[1];
}

/* --- marks --- */

static void mark_begin(struct model *model, const uint64_t arg[4] __attribute__((unused)))
{
	model->mark++;
	model->in_mark = true;
	model_frames_mark(model, true);
	model_slabs_mark(model, true);
	model_lists_mark(model, true);
	model_spaces_mark(model, true);
}

static void mark_counter(struct model *model, const uint64_t arg[4])
{
	if (arg[0] < model->stream->header.types)
		compare(model, model->stream->types[arg[0]].name, arg[1], model->counters[arg[0]]);
}

static void mark_end(struct model *model, const uint64_t arg[4])
{
	const struct stream *stream = model->stream;

	if (!model->in_mark)
		complain(model, "it had no begin");
	model->in_mark = false;
	model->marks++;
	model_frames_mark(model, false);
	model_slabs_mark(model, false);
	model_lists_mark(model, false);
	model_spaces_mark(model, false);
	compare(model, "records", arg[1], stream->records - 1);
	if (arg[2] != stream->sum - trace_record_sum(model->record))
		complain(model, "a record before was changed: their sum is another one");
}

static void stream_end(struct model *model, const uint64_t arg[4])
{
	const struct stream *stream = model->stream;

	compare(model, "records", arg[0], stream->records - 1);
	if (arg[1] != stream->sum - trace_record_sum(model->record))
		complain(model, "a record before was changed: their sum is another one");
	model->ended = true;
}

static const struct model_event own_events[] = {
	{"task_switch", task_switch}, {"mark_begin", mark_begin}, {"mark_counter", mark_counter},
	{"mark_end", mark_end},       {"stream_end", stream_end}, {NULL, NULL},
};

/* --- all of it --- */

static model_handler handlers[65536];

static void add_events(const struct stream *stream, const struct model_event *events)
{
	for (; events->name; events++) {
		int type = stream_type(stream, events->name);

		if (type >= 0)
			handlers[type] = events->follow;
	}
}

void model_init(struct model *model, const struct stream *stream)
{
	*model = (struct model){.stream = stream, .page_shift = stream->header.page_shift};
	memset(handlers, 0, sizeof(handlers));
	add_events(stream, own_events);
	add_events(stream, model_frame_events);
	add_events(stream, model_slab_events);
	add_events(stream, model_list_events);
	add_events(stream, model_space_events);
}

void model_follow(struct model *model, const struct trace_record *record)
{
	model->record = record;
	if (model->ended)
		complain(model, "after the end");
	if (model->in_mark && strncmp(model->stream->types[record->type].name, "mark_", 5))
		complain(model, "in a mark, while nothing moves");
	model->counters[record->type] += stream_units(model->stream, record);
	if (handlers[record->type])
		handlers[record->type](model, record->arg);
}

void model_free(struct model *model)
{
	for (uint64_t i = 0; i < model->nr_chunks; i++)
		free(model->chunks[i]);
	free(model->chunks);
	free(model->caches);
	table_free(&model->objects);
	model_spaces_free(model);
}
