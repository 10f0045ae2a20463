/*
 * The header says what the types are called, so a file can be read by another version
 * than the one that wrote it: types are looked for by name.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "stream.h"

static _Noreturn void refuse(const struct stream *stream, const char *why)
{
	die(EXIT_USAGE, "%s: %s", stream->name, why);
}

static enum stream_unit find_unit(const struct stream_type *type, const char *unit)
{
	static const char *const words[] = {"one", "none", "pages"};

	for (unsigned i = 0; i < 3; i++)
		if (!strcmp(unit, words[i]))
			return UNIT_ONE + i;
	for (unsigned i = 0; i < 4; i++)
		if (!strcmp(unit, type->arg[i]))
			return UNIT_ARG0 + i;
	return UNIT_NONE;
}

/* Cuts the table's text into lines and words. */
static bool read_types(struct stream *stream)
{
	char *line_end, *line = strtok_r(stream->text, "\n", &line_end);

	for (unsigned i = 0; i < stream->header.types; i++) {
		struct stream_type *type = &stream->types[i];
		char *word[7], *word_end;

		for (unsigned k = 0; k < 7; k++) {
			word[k] = line ? strtok_r(k ? NULL : line, " ", &word_end) : NULL;
			if (!word[k])
				return false;
		}
		type->name = word[0];
		type->vmstat = word[1];
		for (unsigned k = 0; k < 4; k++)
			type->arg[k] = word[3 + k];
		type->unit = find_unit(type, word[2]);
		line = strtok_r(NULL, "\n", &line_end);
	}
	return true;
}

void stream_open(struct stream *stream, const char *file)
{
	struct trace_header *header = &stream->header;

	*stream = (struct stream){.name = file, .file = fopen(file, "re")};
	if (!stream->file)
		refuse(stream, strerror(errno));
	if (fread(header, sizeof(*header), 1, stream->file) != 1 ||
	    memcmp(header->magic, TRACE_MAGIC, sizeof(header->magic)))
		refuse(stream, "is no recorded event stream");
	if (header->version != TRACE_VERSION || header->record_bytes != sizeof(struct trace_record))
		refuse(stream, "is of another version");
	if (header->header_bytes < sizeof(*header) || header->header_bytes > 1 << 20 ||
	    header->text_bytes > header->header_bytes - sizeof(*header) || header->types > 65536)
		refuse(stream, "has a broken header");
	stream->text = allocate(header->header_bytes + 1);
	stream->types = allocate((header->types + 1) * sizeof(*stream->types));
	if (fread(stream->text, header->header_bytes - sizeof(*header), 1, stream->file) != 1)
		refuse(stream, "has a broken header");
	stream->text[header->text_bytes] = '\0';
	if (!read_types(stream))
		refuse(stream, "has a broken table of types");
}

int stream_type(const struct stream *stream, const char *name)
{
	for (unsigned i = 0; i < stream->header.types; i++)
		if (!strcmp(stream->types[i].name, name))
			return (int)i;
	return -1;
}

bool stream_next(struct stream *stream, struct trace_record *record, const char **broken)
{
	size_t bytes = fread(record, 1, sizeof(*record), stream->file);

	*broken = NULL;
	if (bytes != sizeof(*record)) {
		if (bytes)
			*broken = "the last record is not whole";
		if (ferror(stream->file))
			*broken = "cannot be read";
		return false;
	}
	if (record->sequence != stream->records + 1) {
		*broken = record->sequence > stream->records + 1 ? "records are missing"
								 : "a record is out of order";
		return false;
	}
	if (record->type >= stream->header.types) {
		*broken = "a record of no known type";
		return false;
	}
	stream->records++;
	stream->sum += trace_record_sum(record);
	stream->time_us += (uint64_t)(int32_t)(record->time_us - (uint32_t)stream->time_us);
	return true;
}

uint64_t stream_units(const struct stream *stream, const struct trace_record *record)
{
	const enum stream_unit unit = stream->types[record->type].unit;

	switch (unit) {
	case UNIT_ONE: return 1;
	case UNIT_NONE: return 0;
	case UNIT_PAGES: return 1ULL << (record->arg[1] & 15);
	default: return record->arg[unit];
	}
}

void stream_close(struct stream *stream)
{
	fclose(stream->file);
	free(stream->text);
	free(stream->types);
}
