/*
 * A recorded event stream, read record by record (mm/trace/record.h, docs/events.md).
 */
#ifndef PAGODA_STREAM_H
#define PAGODA_STREAM_H

#include <stdbool.h>
#include <stdio.h>

#include "mm/trace/record.h"

/* By what the counter of an event grows. */
enum stream_unit { UNIT_ARG0, UNIT_ARG3 = 3, UNIT_ONE, UNIT_NONE, UNIT_PAGES };

struct stream_type {
	const char *name, *vmstat; /* vmstat "-": none */
	enum stream_unit unit;
	const char *arg[4]; /* "unused..." for one that is not used */
};

struct stream {
	const char *name; /* of the file */
	FILE *file;
	struct trace_header header;
	char *text;                /* the header's table, cut into words */
	struct stream_type *types; /* header.types of them */
	uint64_t records, sum;     /* of those read */
	uint64_t time_us;          /* of the last one, without the wrap */
};

/* Opens; dies with EXIT_USAGE and why when it cannot be read or is no such file. */
void stream_open(struct stream *stream, const char *file);
/* The number of a type, or -1. */
int stream_type(const struct stream *stream, const char *name);
/*
 * The next record. False at the end; then *broken says what is wrong with the file, or is NULL when
 * it ends after a whole record.
 */
bool stream_next(struct stream *stream, struct trace_record *record, const char **broken);
/* What a record adds to its event's counter. */
uint64_t stream_units(const struct stream *stream, const struct trace_record *record);
void stream_close(struct stream *stream);

#endif
