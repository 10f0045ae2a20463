/*
 * Address spaces, rebuilt: the areas of each, and for each page of it that has an entry the
 * frame that this leads to and what it counts as.
 *
 * Entries of all spaces are in one table. Its key is the space's number and the page's; a
 * number is never used again, while a space's address is.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "model.h"

#define PAGE_BITS 44 /* of a page's number in a key */

static struct space *space_at(struct model *model, uint64_t address)
{
	uint64_t *found = table_find(&model->spaces, address);

	if (found)
		return (struct space *)(uintptr_t)*found;
	complain(model, "there is no address space at %#" PRIx64, address);
	return NULL;
}

/* --- entries --- */

static uint64_t key_of(const struct model *model, const struct space *space, uint64_t address)
{
	return space->id << PAGE_BITS | address >> model->page_shift;
}

static uint64_t *find_entry(struct model *model, const struct space *space, uint64_t address)
{
	return table_find(&model->entries, key_of(model, space, address));
}

/* The entry's value: frame and kind. */
static uint64_t entry_of(uint64_t pfn, unsigned kind)
{
	return pfn << 3 | kind;
}

static void count(struct model *model, struct space *space, uint64_t entry, int by)
{
	const unsigned kind = entry & 7;
	uint64_t *gauge = kind == KIND_ANON ? &model->mapped_anon : &model->mapped_file;
	struct frame *frame;

	space->entries += by;
	space->kind[kind] += by;
	if (kind == KIND_BARE || kind == KIND_SWAP)
		return;
	frame = model_used_frame(model, entry >> 3);
	if (by > 0 && frame->mapped++ == 0)
		++*gauge;
	if (by < 0 && --frame->mapped == 0)
		--*gauge;
}

static void remove_entry(struct model *model, struct space *space, uint64_t address)
{
	count(model, space, *find_entry(model, space, address), -1);
	table_remove(&model->entries, key_of(model, space, address));
}

static void add_entry(struct model *model, struct space *space, uint64_t address, uint64_t entry)
{
	*table_add(&model->entries, key_of(model, space, address)) = entry;
	count(model, space, entry, 1);
}

static void map_page(struct model *model, const uint64_t arg[4])
{
	struct space *space = space_at(model, arg[0]);

	if (!space)
		return;
	if (arg[3] >= MODEL_KINDS) {
		complain(model, "of no known kind");
		return;
	}
	if (find_entry(model, space, arg[1])) /* copy on write: another page stood there */
		remove_entry(model, space, arg[1]);
	add_entry(model, space, arg[1], entry_of(arg[2], (unsigned)arg[3]));
}

/* An entry that led to a page names its slot in swap instead. */
static void swap_name(struct model *model, const uint64_t arg[4])
{
	struct space *space = space_at(model, arg[0]);
	const uint64_t *entry = space ? find_entry(model, space, arg[1]) : NULL;

	if (!space)
		return;
	if (!entry || *entry != entry_of(arg[2], KIND_ANON)) {
		complain(model, "%#" PRIx64 " does not lead to that frame", arg[1]);
		return;
	}
	remove_entry(model, space, arg[1]);
	add_entry(model, space, arg[1], entry_of(arg[3], KIND_SWAP));
}

/* The slot could not be read when its area went. */
static void swap_lost(struct model *model, const uint64_t arg[4])
{
	struct space *space = space_at(model, arg[0]);

	if (!space)
		return;
	if (find_entry(model, space, arg[1]))
		remove_entry(model, space, arg[1]);
	add_entry(model, space, arg[1], entry_of(arg[2], KIND_SWAP));
}

static void map_range(struct model *model, const uint64_t arg[4])
{
	struct space *space = space_at(model, arg[0]);
	const unsigned kind = arg[3] & 7;

	if (!space)
		return;
	if (kind >= MODEL_KINDS) {
		complain(model, "of no known kind");
		return;
	}
	for (uint64_t i = 0; i < arg[3] >> 3; i++) {
		const uint64_t at = arg[1] + (i << model->page_shift);

		if (find_entry(model, space, at))
			complain(model, "%#" PRIx64 " has an entry already", at);
		else
			add_entry(model, space, at, entry_of(arg[2] + i, kind));
	}
}

/* Is [start, end) a range of pages in one table? */
static bool range_is_sane(struct model *model, uint64_t start, uint64_t end)
{
	if (start < end && (end - start) >> model->page_shift <= 65536)
		return true;
	complain(model, "no such range");
	return false;
}

static void unmap(struct model *model, const uint64_t arg[4], bool anonymous_too)
{
	struct space *space = space_at(model, arg[0]);
	uint64_t removed = 0;

	if (!space || !range_is_sane(model, arg[1], arg[2]))
		return;
	for (uint64_t at = arg[1]; at < arg[2]; at += 1ULL << model->page_shift) {
		const uint64_t *entry = find_entry(model, space, at);

		if (!entry ||
		    (!anonymous_too && ((*entry & 7) == KIND_ANON || (*entry & 7) == KIND_SWAP)))
			continue;
		remove_entry(model, space, at);
		removed++;
	}
	compare(model, "entries", arg[3], removed);
}

static void unmap_range(struct model *model, const uint64_t arg[4])
{
	unmap(model, arg, true);
}

static void unmap_file(struct model *model, const uint64_t arg[4])
{
	unmap(model, arg, false);
}

static void move_range(struct model *model, const uint64_t arg[4])
{
	struct space *space = space_at(model, arg[0]);

	if (!space || !range_is_sane(model, arg[1], arg[1] + arg[3]))
		return;
	for (uint64_t at = 0; at < arg[3]; at += 1ULL << model->page_shift) {
		const uint64_t *found = find_entry(model, space, arg[1] + at);

		if (!found)
			continue;
		const uint64_t entry = *found;

		remove_entry(model, space, arg[1] + at);
		if (find_entry(model, space, arg[2] + at))
			complain(model, "%#" PRIx64 " has an entry already", arg[2] + at);
		else
			add_entry(model, space, arg[2] + at, entry);
	}
}

static void copy_range(struct model *model, const uint64_t arg[4])
{
	struct space *space = space_at(model, arg[0]), *parent;
	uint64_t copied = 0;

	if (!space || !range_is_sane(model, arg[1], arg[2]) ||
	    !(parent = space_at(model, space->parent)))
		return;
	for (uint64_t at = arg[1]; at < arg[2]; at += 1ULL << model->page_shift) {
		const uint64_t *entry = find_entry(model, parent, at);

		if (!entry)
			continue;
		if (find_entry(model, space, at))
			complain(model, "%#" PRIx64 " has an entry already", at);
		else
			add_entry(model, space, at, *entry);
		copied++;
	}
	compare(model, "entries", arg[3], copied);
}

/* --- areas --- */

/* The first area that ends above the address. */
static unsigned area_index(const struct space *space, uint64_t address)
{
	unsigned low = 0, high = space->nr_areas;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (space->areas[middle].end > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void insert_area(struct model *model, struct space *space, struct area area)
{
	unsigned i = area_index(space, area.start);

	if (area.start >= area.end || (i < space->nr_areas && space->areas[i].start < area.end))
		complain(model, "there is an area at %#" PRIx64 "-%#" PRIx64 " already",
			 i < space->nr_areas ? space->areas[i].start : 0,
			 i < space->nr_areas ? space->areas[i].end : 0);
	if (space->nr_areas == space->room) {
		space->room = 2 * space->room + 16;
		space->areas = realloc(space->areas, space->room * sizeof(*space->areas));
		if (!space->areas)
			die(EXIT_MACHINE, "out of memory");
	}
	memmove(space->areas + i + 1, space->areas + i,
		(space->nr_areas - i) * sizeof(*space->areas));
	space->areas[i] = area;
	space->nr_areas++;
}

static void delete_area(struct space *space, unsigned i)
{
	space->nr_areas--;
	memmove(space->areas + i, space->areas + i + 1,
		(space->nr_areas - i) * sizeof(*space->areas));
}

/* The area that begins there, or NULL and a complaint. */
static struct area *area_from(struct model *model, struct space *space, uint64_t start)
{
	unsigned i = space ? area_index(space, start) : 0;

	if (space && i < space->nr_areas && space->areas[i].start == start)
		return &space->areas[i];
	if (space)
		complain(model, "no area begins at %#" PRIx64, start);
	return NULL;
}

static void vma_map(struct model *model, const uint64_t arg[4])
{
	struct space *space = space_at(model, arg[0]);

	if (space)
		insert_area(model, space, (struct area){arg[1], arg[2], arg[3]});
}

/* A whole area goes, or one end of it. */
static void vma_unmap(struct model *model, const uint64_t arg[4])
{
	struct space *space = space_at(model, arg[0]);
	unsigned i = space ? area_index(space, arg[1]) : 0;

	if (!space)
		return;
	if (i < space->nr_areas) {
		struct area *area = &space->areas[i];

		if (area->start == arg[1] && area->end == arg[2]) {
			delete_area(space, i);
			return;
		}
		if (area->start == arg[1] && area->end > arg[2]) {
			area->start = arg[2];
			return;
		}
		if (area->start < arg[1] && area->end == arg[2]) {
			area->end = arg[1];
			return;
		}
	}
	complain(model, "that is no area, and no end of one");
}

static void vma_split(struct model *model, const uint64_t arg[4])
{
	struct space *space = space_at(model, arg[0]);
	struct area *area = area_from(model, space, arg[1]);

	if (!area)
		return;
	if (arg[2] <= area->start || arg[2] >= area->end) {
		complain(model, "it ends at %#" PRIx64, area->end);
		return;
	}
	const struct area upper = {arg[2], area->end, arg[3]};

	area->end = arg[2];
	insert_area(model, space, upper);
}

static void vma_join(struct model *model, const uint64_t arg[4])
{
	struct space *space = space_at(model, arg[0]);
	struct area *lower = area_from(model, space, arg[1]);
	struct area *upper = area_from(model, space, arg[2]);

	if (!lower || !upper)
		return;
	if (lower->end != upper->start) {
		complain(model, "the lower one ends at %#" PRIx64, lower->end);
		return;
	}
	lower->end = upper->end;
	lower->flags = arg[3];
	delete_area(space, (unsigned)(upper - space->areas));
}

static void vma_resize(struct model *model, const uint64_t arg[4])
{
	struct area *area = area_from(model, space_at(model, arg[0]), arg[1]);

	if (area) {
		area->start = arg[2];
		area->end = arg[3];
	}
}

static void vma_border(struct model *model, const uint64_t arg[4])
{
	struct space *space = space_at(model, arg[0]);
	struct area *lower = area_from(model, space, arg[1]);
	struct area *upper = area_from(model, space, arg[2]);

	if (lower && upper)
		lower->end = upper->start = arg[3];
}

static void vma_flags(struct model *model, const uint64_t arg[4])
{
	struct area *area = area_from(model, space_at(model, arg[0]), arg[1]);

	if (area) {
		if (area->end != arg[2])
			complain(model, "it ends at %#" PRIx64, area->end);
		area->flags = arg[3];
	}
}

/* --- spaces --- */

static void mm_new(struct model *model, const uint64_t arg[4])
{
	struct space *space = allocate(sizeof(*space));
	uint64_t *at = table_add(&model->spaces, arg[0]);

	if (*at)
		complain(model, "there is an address space there already");
	*at = (uintptr_t)space;
	space->address = arg[0];
	space->id = ++model->last_id;
	model->nr_spaces++;
}

static void free_space(struct space *space)
{
	free(space->areas);
	free(space);
}

static void mm_free(struct model *model, const uint64_t arg[4])
{
	struct space *space = space_at(model, arg[0]);

	if (!space)
		return;
	if (space->entries || space->nr_areas || space->tables)
		complain(model, "it has %" PRIu64 " entries, %u areas, %" PRIu64 " tables",
			 space->entries, space->nr_areas, space->tables);
	table_remove(&model->spaces, arg[0]);
	free_space(space);
	model->nr_spaces--;
}

/* Its last user has gone; what its areas were is of no more interest. */
static void mm_exit(struct model *model, const uint64_t arg[4])
{
	struct space *space = space_at(model, arg[0]);

	if (space)
		space->nr_areas = 0;
}

static void fork_mm(struct model *model, const uint64_t arg[4])
{
	struct space *child = space_at(model, arg[1]);

	if (child)
		child->parent = arg[0];
}

static void table_hook(struct model *model, const uint64_t arg[4])
{
	struct space *space = space_at(model, arg[0]);

	if (space)
		space->tables++;
	if (!model_used_frame(model, arg[3])->table)
		complain(model, "it is no table");
}

static void table_unhook(struct model *model, const uint64_t arg[4])
{
	struct space *space = space_at(model, arg[0]);

	if (space)
		space->tables--;
}

/* --- marks --- */

/* The machine has told all of a space. */
static void end_space(struct model *model)
{
	if (!model->told)
		return;
	if (!model->told->changing)
		compare(model, "areas of the space before", model->told->areas_told,
			model->told->nr_areas);
	compare(model, "entries of the space before", model->told->entries_told,
		model->told->entries);
	model->told = NULL;
}

static void mark_mm(struct model *model, const uint64_t arg[4])
{
	struct space *space = space_at(model, arg[0]);

	end_space(model);
	model->told = space;
	if (!space)
		return;
	if (space->seen == model->mark)
		complain(model, "told twice");
	space->seen = model->mark;
	space->areas_told = 0;
	space->entries_told = 0;
	model->spaces_told++;
	space->changing = arg[2];
	compare(model, "tables", arg[1], space->tables);
}

static void mark_rss(struct model *model, const uint64_t arg[4])
{
	const struct space *space = space_at(model, arg[0]);

	if (!space)
		return;
	compare(model, "anonymous pages", arg[1], space->kind[1]);
	compare(model, "file pages", arg[2], space->kind[0]);
	compare(model, "shared pages", arg[3], space->kind[3]);
}

static void mark_vma(struct model *model, const uint64_t arg[4])
{
	struct space *space = space_at(model, arg[0]);
	const struct area *area;

	if (!space)
		return;
	area = space->areas_told < space->nr_areas ? &space->areas[space->areas_told] : NULL;
	space->areas_told++;
	if (!area || area->start != arg[1] || area->end != arg[2])
		complain(model, "by the events the area is %#" PRIx64 "-%#" PRIx64,
			 area ? area->start : 0, area ? area->end : 0);
	else if (area->flags != arg[3])
		complain(model, "by the events its flags are %#" PRIx64, area->flags);
}

static void mark_range(struct model *model, const uint64_t arg[4])
{
	struct space *space = space_at(model, arg[0]);

	for (uint64_t i = 0; space && i < arg[2]; i++) {
		const uint64_t *entry = find_entry(model, space, arg[1] + (i << model->page_shift));

		space->entries_told++;
		if (!entry) {
			complain(model, "by the events page %" PRIu64 " of it is not mapped", i);
			return;
		}
		if (*entry >> 3 != arg[3] + i) {
			complain(model, "by the events page %" PRIu64 " of it is frame %#" PRIx64,
				 i, *entry >> 3);
			return;
		}
	}
}

static void mark_swapped(struct model *model, const uint64_t arg[4])
{
	struct space *space = space_at(model, arg[0]);
	const uint64_t *entry = space ? find_entry(model, space, arg[1]) : NULL;

	if (!space)
		return;
	space->entries_told++;
	if (!entry || *entry != entry_of(arg[2], KIND_SWAP))
		complain(model, "by the events that is not what stands there");
}

void model_spaces_mark(struct model *model, bool begin)
{
	if (begin) {
		model->told = NULL;
		model->spaces_told = 0;
		return;
	}
	end_space(model);
	compare(model, "address spaces", model->spaces_told, model->nr_spaces);
}

void model_spaces_free(struct model *model)
{
	for (uint64_t i = 0; i < model->spaces.size; i++)
		if (model->spaces.entries[i].key)
			free_space((struct space *)(uintptr_t)model->spaces.entries[i].value);
	table_free(&model->spaces);
	table_free(&model->entries);
}

const struct model_event model_space_events[] = {
	{"mm_new", mm_new},         {"mm_exit", mm_exit},           {"mm_free", mm_free},
	{"fork_mm", fork_mm},       {"table_hook", table_hook},     {"table_unhook", table_unhook},
	{"vma_map", vma_map},       {"vma_unmap", vma_unmap},       {"vma_split", vma_split},
	{"vma_join", vma_join},     {"vma_resize", vma_resize},     {"vma_border", vma_border},
	{"vma_flags", vma_flags},   {"map_page", map_page},         {"map_range", map_range},
	{"copy_range", copy_range}, {"move_range", move_range},     {"unmap_range", unmap_range},
	{"unmap_file", unmap_file}, {"mark_mm", mark_mm},           {"mark_rss", mark_rss},
	{"mark_vma", mark_vma},     {"mark_range", mark_range},     {"swap_name", swap_name},
	{"swap_lost", swap_lost},   {"mark_swapped", mark_swapped}, {NULL, NULL},
};
