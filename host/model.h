/*
 * What a machine's memory management looks like, rebuilt from its events alone.
 *
 *	model_frames	who has each frame; free blocks, CPUs' lists, zones
 *	model_slabs	caches and their slabs; kernel addresses; page tables
 *	model_lists	LRU lists, in their order; the page cache
 *	model_spaces	address spaces: areas, entries, counts
 *
 * Each handles its events: it complains when one cannot follow from what was before, and
 * follows it.  At a mark the machine tells what it has, piece by piece, and each is compared;
 * what the machine did not tell of is found at mark_end.
 */
#ifndef PAGODA_MODEL_H
#define PAGODA_MODEL_H

#include "stream.h"
#include "table.h"

#define MODEL_CPUS  256
#define MODEL_ZONES 256
#define MODEL_LISTS 16 /* of a node */
#define MODEL_NODES 32
#define NO_FRAME    0xffffffffu

enum frame_state {
	FRAME_UNKNOWN, /* the firmware's, or taken before there was an allocator */
	FRAME_FREE,    /* in a block of the buddy system */
	FRAME_CACHED,  /* on a CPU's list, or on the way to or from it */
	FRAME_USED,
};

struct frame {
	uint8_t state;
	uint8_t head, order; /* FRAME_FREE: the first of a block of that order */
	uint8_t type;        /* of its page block, + 1; 0: not known yet */
	uint8_t cpu;         /* FRAME_CACHED */
	uint8_t zone;
	uint8_t list, node; /* LRU: list + 1, or 0 */
	uint8_t table;      /* a page table */
	uint32_t slab;      /* its cache, or 0 */
	uint32_t mapped;    /* entries that map it with a count */
	uint32_t next, prev;
	uint32_t seen; /* number of the mark that told of it last: as free, cached or slab */
	uint64_t mapping, index; /* page cache; mapping 0: is not in it */
};

struct model_zone {
	bool open;
	uint64_t free, cached, managed;
};

struct model_list {
	uint32_t first; /* valid if count */
	uint64_t count;
	uint32_t cursor; /* at a mark: the next one to be told */
	uint64_t told;
};

struct model_cache {
	char name[25];
	bool gone;
	uint64_t objects, slabs, free; /* objects: in a slab */
	uint64_t used;                 /* by object_alloc and object_free */
};

struct area {
	uint64_t start, end, flags;
};

#define MODEL_KINDS 5 /* what an entry's page counts as; the last: nothing */
#define KIND_ANON   1
#define KIND_SWAP   2 /* no frame, but the name of a slot */
#define KIND_BARE   4

struct space {
	uint64_t address, id; /* id: never used again */
	uint64_t parent;      /* address of the space it is a copy of, or 0 */
	uint64_t entries, kind[MODEL_KINDS], tables;
	struct area *areas; /* by address */
	unsigned nr_areas, room;
	/* At a mark: how much the machine has told */
	uint32_t seen;
	bool changing; /* its areas are not told */
	unsigned areas_told;
	uint64_t entries_told;
};

struct model {
	const struct stream *stream;
	const struct trace_record *record; /* the one that is being followed */
	unsigned page_shift;

	struct frame **chunks; /* of FRAMES_PER_CHUNK frames each, made when needed */
	uint64_t nr_chunks;
	struct model_zone zones[MODEL_ZONES];
	uint64_t blocks, cached_frames;

	struct model_cache *caches; /* by id */
	uint64_t nr_caches, slabs;
	struct table objects; /* in use, by address: their cache */
	uint64_t areas, area_pages, tables;

	struct model_list lists[MODEL_NODES][MODEL_LISTS];
	uint64_t cached;                   /* page cache */
	uint64_t mapped_anon, mapped_file; /* frames that are mapped */

	struct table spaces;  /* from address to struct space * */
	struct table entries; /* from id and page number to frame and kind */
	uint64_t nr_spaces, last_id;
	struct space *told; /* at a mark: the space that the machine is telling of */

	uint32_t running[MODEL_CPUS]; /* pid */
	uint64_t counters[65536];

	/* The mark that is being told: its number, and how much has been */
	uint32_t mark;
	bool in_mark;
	uint64_t blocks_told, cached_told, slabs_told, spaces_told;

	uint64_t marks, complaints;
	bool ended;
};

void model_init(struct model *model, const struct stream *stream);
/* Follow the record that has just been read. */
void model_follow(struct model *model, const struct trace_record *record);
void model_free(struct model *model);

/* --- between the files --- */

typedef void (*model_handler)(struct model *model, const uint64_t arg[4]);
struct model_event {
	const char *name;
	model_handler follow;
};
extern const struct model_event model_frame_events[], model_slab_events[], model_list_events[],
	model_space_events[]; /* each ended by a NULL name */

/* Prints the record and what is wrong with it; the first ones. */
void complain(struct model *model, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* complain() if two numbers differ. */
void compare(struct model *model, const char *what, uint64_t machine, uint64_t rebuilt);

/* The frame, made if there was none. */
struct frame *model_frame(struct model *model, uint64_t pfn);
/* The same; complains when the machine does not use it. */
struct frame *model_used_frame(struct model *model, uint64_t pfn);

void model_frames_mark(struct model *model, bool begin);
void model_slabs_mark(struct model *model, bool begin);
void model_lists_mark(struct model *model, bool begin);
void model_spaces_mark(struct model *model, bool begin);
void model_spaces_free(struct model *model);

#endif
