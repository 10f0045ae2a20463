/*
 * `pagoda check`: rebuilds the state of a recorded machine from its events and compares it, at
 * each mark, with what the machine said it was.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "model.h"

static const char usage[] =
	"Usage: pagoda check FILE\n\n"
	"Rebuild free blocks, slabs, lists, address spaces and counters from the events that\n"
	"`pagoda run --record FILE' has recorded, and compare with what the machine itself says\n"
	"at each mark: `echo 1 >/proc/mm_mark' in the machine makes one, its end the last.\n\n"
	"Exit status: 0 all agree; 1 they do not, or events are missing; 2 bad usage.\n";

int command_check(int argc, char **argv)
{
	static struct model model;
	struct stream stream;
	struct trace_record record;
	const char *broken;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc != 2 || argv[1][0] == '-')
		die(EXIT_USAGE, "check: it takes a recorded file (see pagoda check --help)");
	stream_open(&stream, argv[1]);
	model_init(&model, &stream);
	while (stream_next(&stream, &record, &broken))
		model_follow(&model, &record);
	if (broken)
		printf("record %" PRIu64 ": %s\n", stream.records + 1, broken);
	else if (!model.ended)
		printf("the stream ends in the middle: the machine was not switched off\n");
	if (model.complaints)
		printf("%" PRIu64 " complaints\n", model.complaints);
	const bool good = !broken && model.ended && !model.complaints && model.marks;

	printf("%" PRIu64 " events, %" PRIu64 " mark%s: %s\n", stream.records, model.marks,
	       model.marks == 1 ? "" : "s",
	       good ? "the state they make is the machine's own" : "not in order");
	model_free(&model);
	stream_close(&stream);
	return good ? 0 : 1;
}
