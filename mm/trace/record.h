/*
 * The event stream as it is recorded: the records, the file, and the ring they travel
 * through.  The kernel writes, a process of the host reads; both include this.
 *
 *   file    | header, TRACE_HEADER_BYTES | record | record | ...
 *
 *   ring    | header | control page | slot 0 | slot 1 | ... | slot TRACE_RING_SLOTS-1 |
 *                                     memory that both see, TRACE_RING_BYTES, zeroed
 *
 * Record number n (from 0) has sequence n+1 and goes to slot n modulo TRACE_RING_SLOTS.
 * A writer draws its number, waits until the reader has taken what was in the slot
 * before, fills it, and stores the sequence last (release).  The reader goes from slot to
 * slot, takes each whose sequence is the one it expects (acquire), and then moves `tail`,
 * the number of records taken.  So nothing is lost and nothing is read half
 * written, and a writer waits only if the reader is a whole ring behind.
 *
 * All numbers are of the machine's byte order (little endian).
 */
#pragma once

#include <stdint.h>

#define TRACE_MAGIC        "PagodaEv"
#define TRACE_VERSION      1
#define TRACE_HEADER_BYTES 16384
#define TRACE_RING_BYTES   (16u << 20)
#define TRACE_RING_SLOTS                                                               \
	((TRACE_RING_BYTES - TRACE_HEADER_BYTES - sizeof(struct trace_ring_control)) / \
	 sizeof(struct trace_record))

struct trace_record {
	uint64_t sequence;
	uint32_t time_us; /* since boot; modulo 2^32 */
	uint16_t type;    /* a line of the header's table, from 0 */
	uint8_t cpu;
	uint8_t unused;
	uint64_t arg[4];
};
_Static_assert(sizeof(struct trace_record) == 48, "the file's format");

struct trace_header {
	char magic[8];
	uint32_t version, header_bytes, record_bytes;
	uint32_t page_shift;
	uint32_t types;      /* lines of the table */
	uint32_t text_bytes; /* of it */
	uint8_t level_bits
		[5]; /* of an address's index into a table, from the entries of pages up; 0: folded */
	uint8_t entry_bytes; /* of a page-table entry */
	uint8_t unused[2];
	char machine[20];
	/*
	 * A line for each type: its name, its name in /proc/vmstat or "-", what its counter grows
	 * by ("one", "pages": 1 << second argument, or an argument), and four arguments.
	 */
	char text[];
};
_Static_assert(sizeof(struct trace_header) == 60, "the file's format");

struct trace_ring_control {
	uint32_t ready; /* the header has been written (release) */
	char pad1[2044];
	uint64_t tail; /* the reader's: records taken (release) */
	char pad2[2040];
};
_Static_assert(sizeof(struct trace_ring_control) == 4096, "the ring's layout");

static inline struct trace_ring_control *trace_ring_control(void *ring)
{
	return (struct trace_ring_control *)((char *)ring + TRACE_HEADER_BYTES);
}

static inline struct trace_record *trace_ring_slot(void *ring, uint64_t n)
{
	return (struct trace_record *)((char *)ring + TRACE_HEADER_BYTES +
				       sizeof(struct trace_ring_control)) +
	       n % TRACE_RING_SLOTS;
}

/*
 * What a record adds to the stream's sum, whatever the order they are added in: a mark says the
 * sum of all before it, so that no record can be lost or changed on the way unnoticed.
 */
static inline uint64_t trace_record_sum(const struct trace_record *r)
{
	uint64_t sum = r->sequence ^ (uint64_t)r->time_us << 32 ^
		       ((uint64_t)r->type << 16 | (uint64_t)r->cpu << 8 | r->unused);

	for (unsigned i = 0; i < 4; i++) {
		sum = (sum ^ r->arg[i]) * 0x9e3779b97f4a7c15ULL;
		sum ^= sum >> 29;
	}
	return sum;
}
