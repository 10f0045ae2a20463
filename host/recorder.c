/*
 * From the ring to the file.
 *
 * The thread takes all records that are there, as far as they lie side by side, writes them with one
 * call, and only then moves `tail`: the ring is the buffer.  When there are none it sleeps
 * for a millisecond; the ring holds what a machine makes in fifty.
 *
 * When the file cannot be written to (a full disk) the machine must not wait for ever: the
 * thread goes on taking records and drops them, and recorder_finish() says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "mm/trace/record.h"
#include "recorder.h"

#define AT_ONCE 16384 /* records */

struct recorder {
	int memory_fd, file;
	void *ring;
	pthread_t thread;
	bool stop; /* atomic */
	/* The thread's until it has ended. */
	int64_t last_type; /* of stream_end */
	struct recording result;
};

static void write_file(struct recorder *r, const void *bytes, size_t count)
{
	while (count && !r->result.error) {
		ssize_t n = write(r->file, bytes, count);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			r->result.error = n ? errno : EIO;
			return;
		}
		bytes = (const char *)bytes + n;
		count -= n;
	}
}

/* Which line of the header's table is stream_end's; -1: there is none. */
static int64_t find_last_type(const struct trace_header *header)
{
	static const char name[] = "\nstream_end ";
	const char *at = memmem(header->text, header->text_bytes, name, sizeof(name) - 1);
	int64_t line = 1;

	if (!at)
		return -1;
	for (const char *c = header->text; c < at; c++)
		line += *c == '\n';
	return line;
}

static bool begin(struct recorder *r)
{
	const struct trace_header *header = r->ring;

	if (r->result.begun)
		return true;
	if (!__atomic_load_n(&trace_ring_control(r->ring)->ready, __ATOMIC_ACQUIRE))
		return false;
	r->result.begun = true;
	write_file(r, header, TRACE_HEADER_BYTES);
	if (header->text_bytes <= TRACE_HEADER_BYTES - sizeof(*header))
		r->last_type = find_last_type(header);
	return true;
}

/* How many records there are now from the next one on that lie side by side. */
static uint64_t records_ready(struct recorder *r)
{
	const uint64_t first = r->result.records;
	uint64_t n = 0;

	do {
		struct trace_record *slot = trace_ring_slot(r->ring, first + n);

		if (__atomic_load_n(&slot->sequence, __ATOMIC_ACQUIRE) != first + n + 1)
			break;
		if (slot->type == r->last_type)
			r->result.ended = true;
		n++;
	} while (n < AT_ONCE && (first + n) % TRACE_RING_SLOTS);
	return n;
}

/* False: nothing was there. */
static bool drain(struct recorder *r)
{
	uint64_t n;

	if (!begin(r) || !(n = records_ready(r)))
		return false;
	write_file(r, trace_ring_slot(r->ring, r->result.records), n * sizeof(struct trace_record));
	r->result.records += n;
	__atomic_store_n(&trace_ring_control(r->ring)->tail, r->result.records, __ATOMIC_RELEASE);
	return true;
}

static void *reader(void *argument)
{
	static const struct timespec nap = {0, 1000000};
	struct recorder *r = argument;

	for (;;) {
		bool stop = __atomic_load_n(&r->stop, __ATOMIC_ACQUIRE);

		while (drain(r))
			;
		if (stop)
			return NULL;
		nanosleep(&nap, NULL);
	}
}

struct recorder *recorder_start(const char *file)
{
	struct recorder *r = calloc(1, sizeof(*r));
	int error;

	if (!r)
		return NULL;
	r->last_type = -1;
	r->file = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	r->memory_fd = memfd_create("pagoda-events", MFD_CLOEXEC);
	if (r->file < 0 || r->memory_fd < 0 || ftruncate(r->memory_fd, TRACE_RING_BYTES) < 0)
		goto fail;
	r->ring = mmap(NULL, TRACE_RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, r->memory_fd, 0);
	if (r->ring == MAP_FAILED)
		goto fail;
	error = pthread_create(&r->thread, NULL, reader, r);
	if (!error)
		return r;
	munmap(r->ring, TRACE_RING_BYTES);
	errno = error;
fail:
	error = errno;
	if (r->file >= 0)
		close(r->file);
	if (r->memory_fd >= 0)
		close(r->memory_fd);
	free(r);
	errno = error;
	return NULL;
}

int recorder_memory_fd(const struct recorder *recorder)
{
	return recorder->memory_fd;
}

void *recorder_memory(const struct recorder *recorder)
{
	return recorder->ring;
}

struct recording recorder_finish(struct recorder *r)
{
	struct recording result;

	__atomic_store_n(&r->stop, true, __ATOMIC_RELEASE);
	pthread_join(r->thread, NULL);
	if (close(r->file) < 0 && !r->result.error)
		r->result.error = errno;
	result = r->result;
	munmap(r->ring, TRACE_RING_BYTES);
	close(r->memory_fd);
	free(r);
	return result;
}
