/*
 * The recorder: writes the events into a ring that somebody outside the machine empties
 * (mm/trace/record.h says how they work together).
 *
 * Order.  A sequence number is drawn at the event's point, and that stands where the state
 * changes: for an object with a lock, under it.  So two events of one such object
 * are numbered in the order in which they happened, and so are an event and what can only
 * happen after it: a frame given to the buddy system by one CPU and taken by another, a
 * page unmapped here and, when the last reference has gone, freed there.  What only one CPU
 * touches without a lock, its list of frames, it records itself, and a CPU's
 * own events are in its program's order.  There is no order of its own between events of
 * unrelated objects: any order that the numbers give is one they could have had.
 *
 * A mark (mm/mark.c) is taken while all other CPUs stand at a rescheduling point, so every
 * event of the past has been written down, and every counter that goes with one has been
 * added to.
 *
 * Waiting for the reader is spinning, with whatever locks are held: it happens only
 * when the reader is a whole ring behind, and it takes no lock to read.  If nobody reads
 * the machine stands still: rather that than a stream with holes.  `pagoda run` takes the
 * machine down with itself.
 *
 * The sums are kept per CPU and added up at a mark.
 */
#include "lib/atomic.h"
#include "lib/assert.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "machine/pgtable.h"
#include "mm/trace/trace.h"
#include "sync/task.h"

static void *ring;   /* constant while recording */
static u64 next_one; /* atomic: records numbered so far */

static DEFINE_PER_CPU(u64, record_sum);

static void record(enum trace_event type, u64 a, u64 b, u64 c, u64 d)
{
	struct trace_ring_control *control = trace_ring_control(ring);
	const struct trace_record r = {
		.sequence = fetch_add(&next_one, 1) + 1,
		.time_us = (u32)(ktime_ns() / 1000),
		.type = type,
		.cpu = (u8)cpu_id(),
		.arg = {a, b, c, d},
	};
	struct trace_record *slot = trace_ring_slot(ring, r.sequence - 1);

	while (r.sequence - load_acquire(&control->tail) > TRACE_RING_SLOTS)
		cpu_relax();
	memcpy((char *)slot + sizeof(u64), (const char *)&r + sizeof(u64), sizeof(r) - sizeof(u64));
	store_release(&slot->sequence, r.sequence);
	this_cpu(record_sum) += trace_record_sum(&r);
}

static const struct {
	const char *vmstat, *text;
} table[NR_TRACE_EVENTS] = {
#define EVENT(name, vmstat, unit, a, b, c, d) {vmstat, #unit " " #a " " #b " " #c " " #d},
#include "mm/trace/events.def"
#undef EVENT
};

static void write_header(struct trace_header *header, const char *machine)
{
	const size_t room = TRACE_HEADER_BYTES - sizeof(*header);
	size_t used = 0;

	*header = (struct trace_header){
		.version = TRACE_VERSION,
		.header_bytes = TRACE_HEADER_BYTES,
		.record_bytes = sizeof(struct trace_record),
		.page_shift = PAGE_SHIFT,
		.types = NR_TRACE_EVENTS,
		.entry_bytes = sizeof(pte_t),
	};
	memcpy(header->magic, TRACE_MAGIC, sizeof(header->magic));
	str_copy(header->machine, machine, sizeof(header->machine));
	for (unsigned level = 0; level < ARRAY_SIZE(header->level_bits); level++)
		header->level_bits[level] = PT_BITS(level);
	for (unsigned i = 0; i < NR_TRACE_EVENTS; i++)
		used += (size_t)scnprintf(header->text + used, room - used, "%s %s %s\n",
					  trace_event_name(i),
					  table[i].vmstat ? table[i].vmstat : "-", table[i].text);
	BUG_ON(used + 1 >= room);
	header->text_bytes = (u32)used;
}

void trace_record_to(void *memory, const char *machine)
{
	BUG_ON(trace_on());
	ring = memory;
	write_header(memory, machine);
	store_release(&trace_ring_control(ring)->ready, 1u);
	store_release(&trace_recorder, record);
}

u64 trace_recorded(u64 *sum)
{
	unsigned cpu;

	*sum = 0;
	for_each_online_cpu (cpu)
		*sum += per_cpu(record_sum, cpu);
	return READ_ONCE(next_one);
}

void trace_record_end(void)
{
	u64 sum, records;

	if (!trace_on())
		return;
	records = trace_recorded(&sum);
	trace_stream_end(records, sum, 0, 0);
	WRITE_ONCE(trace_recorder, NULL);
}
