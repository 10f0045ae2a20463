/*
 * `pagoda events`: prints a recorded event stream, or what of it is asked for.
 *
 * Who did it: task_switch says which task each CPU goes on with, task_name what it is called,
 * and an event is its CPU's task's.
 */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "stream.h"
#include "table.h"

#define CPUS 256
#define NAME 16

struct events {
	struct stream stream;
	const char *file;
	const char *types; /* NULL: all; else words between commas */
	long pid;          /* -1: all */
	uint64_t first, last;
	bool count, brief;

	bool *shown; /* by type */
	uint64_t *counted;
	uint32_t running[CPUS];
	struct table names;                       /* from pid + 1 to a string */
	int switches, name, mark_begin, mark_end; /* types */
};

static const struct argp_option option_list[] = {
	{"type", 't', "TYPE[,TYPE...]", 0,
	 "only these types; a word that ends in * stands for all that begin so", 0},
	{"pid", 'p', "PID", 0, "only what this task did", 0},
	{"from", 'f', "N", 0, "only from record N on", 0},
	{"to", 'T', "N", 0, "only up to record N", 0},
	{"brief", 'b', NULL, 0, "print types and arguments alone", 0},
	{"count", 'c', NULL, 0, "print no events but how many there are of each type", 0},
	{0},
};

static const char help[] =
	"Print the events that `pagoda run --record FILE' has recorded: number, seconds since "
	"boot, "
	"CPU, task, type, arguments (docs/events.md).\v"
	"What marks tell of the machine's state is left out unless asked for: --type 'mark_*'.";

static uint64_t read_number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);

	if (end == text || *end)
		die(EXIT_USAGE, "events: '%s' is no number", text);
	return value;
}

static error_t read_option(int key, char *text, struct argp_state *state)
{
	struct events *events = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->err_stream = NULL; break;
	case 't': events->types = text; break;
	case 'p': events->pid = (long)read_number(text); break;
	case 'f': events->first = read_number(text); break;
	case 'T': events->last = read_number(text); break;
	case 'b': events->brief = true; break;
	case 'c': events->count = true; break;
	case ARGP_KEY_ARG:
		if (events->file)
			die(EXIT_USAGE, "events: one file at a time");
		events->file = text;
		break;
	default: return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static bool fits(const char *name, const char *word, size_t length)
{
	if (length && word[length - 1] == '*')
		return !strncmp(name, word, length - 1);
	return strlen(name) == length && !strncmp(name, word, length);
}

static void choose_types(struct events *events)
{
	const unsigned types = events->stream.header.types;
	const char *word = events->types;

	events->shown = allocate(types + 1);
	for (unsigned i = 0; !word && i < types; i++)
		events->shown[i] = strncmp(events->stream.types[i].name, "mark_", 5) ||
				   (int)i == events->mark_begin || (int)i == events->mark_end;
	while (word && *word) {
		const size_t length = strcspn(word, ",");
		bool found = false;

		for (unsigned i = 0; i < types; i++)
			if (fits(events->stream.types[i].name, word, length))
				found = events->shown[i] = true;
		if (!found)
			die(EXIT_USAGE, "events: there is no type '%.*s'", (int)length, word);
		word += length + (word[length] == ',');
	}
}

static const char *name_of(const struct events *events, uint32_t pid)
{
	const uint64_t *name = table_find(&events->names, (uint64_t)pid + 1);

	return name ? (const char *)(uintptr_t)*name : pid ? "?" : "idle";
}

static void remember_name(struct events *events, const struct trace_record *r)
{
	uint64_t *place = table_add(&events->names, r->arg[0] + 1);
	char *name = allocate(NAME + 1);

	memcpy(name, &r->arg[1], NAME);
	free((char *)(uintptr_t)*place);
	*place = (uintptr_t)name;
}

/* Some arguments are characters: three words of a name at most. */
static void print_arguments(const struct stream_type *type, const struct trace_record *r)
{
	bool text = false;

	for (unsigned i = 0; i < 4; i++) {
		if (!strncmp(type->arg[i], "text", 4)) {
			printf("%s%.8s", text ? "" : " name=", (const char *)&r->arg[i]);
			text = true;
		} else if (strncmp(type->arg[i], "unused", 6)) {
			printf(r->arg[i] < 10 ? " %s=%" PRIu64 : " %s=%#" PRIx64, type->arg[i],
			       r->arg[i]);
		}
	}
}

static void print_event(const struct events *events, const struct trace_record *r)
{
	const struct stream_type *type = &events->stream.types[r->type];
	const uint32_t pid = events->running[r->cpu];

	if (!events->brief)
		printf("%8" PRIu64 " %4" PRIu64 ".%06" PRIu64 " %2u %5" PRIu32 " %-15s ",
		       r->sequence, events->stream.time_us / 1000000,
		       events->stream.time_us % 1000000, r->cpu, pid, name_of(events, pid));
	printf("%-13s", type->name);
	print_arguments(type, r);
	printf("\n");
}

static void follow(struct events *events, const struct trace_record *r)
{
	if (events->shown[r->type] && r->sequence >= events->first && r->sequence <= events->last &&
	    (events->pid < 0 || events->running[r->cpu] == events->pid)) {
		events->counted[r->type]++;
		if (!events->count)
			print_event(events, r);
	}
	if (r->type == events->switches)
		events->running[r->cpu] = (uint32_t)r->arg[1];
	if (r->type == events->name)
		remember_name(events, r);
}

int command_events(int argc, char **argv)
{
	struct argp argp = {option_list, read_option, "FILE", help, NULL, NULL, NULL};
	struct events events = {.pid = -1, .last = UINT64_MAX};
	struct trace_record record;
	const char *broken;

	argv[0] = "pagoda events";
	argp_err_exit_status = EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, &events))
		exit(EXIT_USAGE);
	if (!events.file)
		die(EXIT_USAGE, "events: no file given");
	stream_open(&events.stream, events.file);
	events.switches = stream_type(&events.stream, "task_switch");
	events.name = stream_type(&events.stream, "task_name");
	events.mark_begin = stream_type(&events.stream, "mark_begin");
	events.mark_end = stream_type(&events.stream, "mark_end");
	choose_types(&events);
	events.counted = allocate((events.stream.header.types + 1) * sizeof(*events.counted));
	while (stream_next(&events.stream, &record, &broken))
		follow(&events, &record);
	for (unsigned i = 0; events.count && i < events.stream.header.types; i++)
		if (events.counted[i])
			printf("%-15s %" PRIu64 "\n", events.stream.types[i].name,
			       events.counted[i]);
	if (broken)
		fprintf(stderr, "pagoda: %s: after record %" PRIu64 ": %s\n", events.file,
			events.stream.records, broken);
	stream_close(&events.stream);
	return broken ? 1 : 0;
}
