/*
 * The outer half of recording the event stream: memory that a machine writes its events into
 * (mm/trace/record.h), and a thread that brings them to a file.
 *
 * For a machine in QEMU, which maps the memory by its descriptor, and for a soft machine in
 * this process, which uses it as it is: trace_record_to(recorder_memory(r), ...).
 */
#ifndef PAGODA_RECORDER_H
#define PAGODA_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

struct recorder;

/* Creates the file and starts the thread. NULL with errno set. */
struct recorder *recorder_start(const char *file);
int recorder_memory_fd(const struct recorder *recorder);
void *recorder_memory(const struct recorder *recorder);

struct recording {
	bool begun;       /* the machine has begun to record */
	bool ended;       /* and has said that there is no more */
	uint64_t records; /* in the file */
	int error;        /* errno of writing the file: it is not complete; or 0 */
};

/*
 * The machine writes no more: what is in the memory is written, the thread ends, all is
 * given back. Returns how it went.
 */
struct recording recorder_finish(struct recorder *recorder);

#endif
