/*
 * See recorded.h. What the model complains of is printed, which the harness shows.
 */
#include "tests/host/recorded.h"

#include "tests/host/harness.h"
#include "host/model.h"
#include "host/recorder.h"
#include "mm/mark.h"
#include "mm/trace/trace.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char file[64];
static struct recorder *recorder;

void recording_start(void)
{
	snprintf(file, sizeof(file), "/tmp/pagoda-events.%d", (int)getpid());
	recorder = recorder_start(file);
	assert_non_null(recorder);
}

void recording_begin(void)
{
	trace_record_to(recorder_memory(recorder), "soft");
}

void recording_end(void)
{
	struct recording recording;

	mm_mark_last();
	recording = recorder_finish(recorder);
	assert_true(recording.begun && recording.ended);
	assert_int_equal(recording.error, 0);
}

const char *recording_file(void)
{
	return file;
}

void recording_remove(void)
{
	unlink(file);
}

long recording_follow(const char *without, unsigned long n)
{
	struct model *model = calloc(1, sizeof(*model));
	struct trace_record record;
	struct stream stream;
	const char *broken;
	long marks, type;

	stream_open(&stream, file);
	model_init(model, &stream);
	type = without ? stream_type(&stream, without) : -1;
	while (stream_next(&stream, &record, &broken))
		if (record.type != type || n-- != 0)
			model_follow(model, &record);
	marks = broken || model->complaints || !model->ended ? -1 : (long)model->marks;
	model_free(model);
	stream_close(&stream);
	free(model);
	return marks;
}
