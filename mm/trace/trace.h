/*
 * Events: every change of state in memory management passes one of these points.
 *
 * An event has a type, a time, a CPU and up to four numbers.  The types stand in
 * events.def, one line each; docs/events.md says what they mean.  At each point two things happen: the event's
 * counter of this CPU goes up (by the first number for those that count pages) --
 * /proc/vmstat is read from these counters -- and, while a recorder is attached,
 * the event is handed to it.  With no recorder that second half is one instruction
 * that does nothing, or one predicted branch (machine/recording.h).
 *
 * Sequence: a point stands under the lock of the object it changes, so the
 * numbers that the recorder draws order the events of one object truly (record.c).
 */
#pragma once

#include "lib/atomic.h"
#include "lib/types.h"
#include "machine/recording.h"
#include "mm/trace/record.h"
#include "sync/percpu.h"

enum trace_event {
#define EVENT(name, vmstat, unit, a, b, c, d) TRACE_##name,
#include "mm/trace/events.def"
#undef EVENT
	NR_TRACE_EVENTS
};

struct trace_counters {
	unsigned long count[NR_TRACE_EVENTS];
};
DECLARE_PER_CPU(struct trace_counters, trace_counters);

/* Set while somebody records; called under the lock of the object that changed. */
extern void (*trace_recorder)(enum trace_event type, u64 a, u64 b, u64 c, u64 d);

/* Is anybody recording? For loops: ask once, not at each event that no counter is read of. */
static __always_inline bool trace_on(void)
{
	return unlikely(machine_recording()) && READ_ONCE(trace_recorder) != NULL;
}

/* The two halves of an event, for loops that count once what they record one by one. */
static __always_inline void trace_add(enum trace_event type, u64 count)
{
	this_cpu(trace_counters).count[type] += count;
}
static __always_inline void trace_record(enum trace_event type, u64 a, u64 b, u64 c, u64 d)
{
	if (unlikely(machine_recording())) {
		void (*recorder)(enum trace_event, u64, u64, u64, u64) = READ_ONCE(trace_recorder);

		if (unlikely(recorder))
			recorder(type, a, b, c, d);
	}
}

static __always_inline void trace(enum trace_event type, u64 count, u64 a, u64 b, u64 c, u64 d)
{
	trace_add(type, count);
	trace_record(type, a, b, c, d);
}

/*
 * trace_ALLOC(pfn, order, gfp, zone) and so on, one per line of events.def.  The unit says
 * by how much the counter grows: `one`, `none` (of which the stream alone tells), `pages`, or the name
 * of an argument.
 */
#define EVENT(name, vmstat, unit, a, b, c, d)                                \
	static __always_inline void trace_##name(u64 a, u64 b, u64 c, u64 d) \
	{                                                                    \
		const u64 one __maybe_unused = 1, none __maybe_unused = 0;   \
		const u64 pages __maybe_unused = 1ULL << (b & 15);           \
		trace(TRACE_##name, unit, a, b, c, d);                       \
	}
#include "mm/trace/events.def"
#undef EVENT

/* The sum over CPUs, and the name /proc/vmstat prints for it (NULL: not shown there). */
unsigned long trace_count(enum trace_event type);
const char *trace_vmstat_name(enum trace_event type);
const char *trace_event_name(enum trace_event type);

/*
 * Record all events from now on in this memory (TRACE_RING_BYTES of zeros, mm/trace/record.h), which
 * somebody outside empties. Before frame_init(), so that the stream tells everything; on the boot
 * CPU. `machine`: a name for the header.
 */
void trace_record_to(void *memory, const char *machine);
/* The last event, and no more are recorded. All other CPUs stand still. */
void trace_record_end(void);
/* Records so far and their sum. All other CPUs stand still. */
u64 trace_recorded(u64 *sum);
