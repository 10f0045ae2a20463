/*
 * Events: every change of state in memory management passes one of these points.
 *
 * An event has a type, a time, a CPU and up to four numbers.  The types stand in
 * events.def, one line each.  At each point two things happen: the event's
 * counter of this CPU goes up (by the first number for those that count pages) --
 * /proc/vmstat is read from these counters -- and, while a recorder is attached,
 * the event is handed to it.  With no recorder that second half is one predicted
 * branch.
 *
 * Sequence: a point stands under the lock of the object it changes, so the
 * numbers that the recorder draws order the events of one object truly.
 */
#pragma once

#include "lib/atomic.h"
#include "lib/types.h"
#include "sync/percpu.h"

enum trace_event {
#define EVENT(name, vmstat, unit, a, b, c, d) TRACE_##name,
#include "mm/trace/events.def"
#undef EVENT
	NR_TRACE_EVENTS
};

struct trace_record {
	u64 sequence;
	u32 time_us;
	u16 type; /* enum trace_event */
	u8 cpu;
	u8 reserved;
	u64 arg[4];
};

struct trace_counters {
	unsigned long count[NR_TRACE_EVENTS];
};
DECLARE_PER_CPU(struct trace_counters, trace_counters);

/* Set while somebody records; called under the lock of the object that changed. */
extern void (*trace_recorder)(enum trace_event type, u64 a, u64 b, u64 c, u64 d);

/* Is anybody recording? For loops: ask once, not at each event that no counter is read of. */
static inline bool trace_on(void)
{
	return unlikely(READ_ONCE(trace_recorder) != NULL);
}

/* The two halves of an event, for loops that count once what they record one by one. */
static __always_inline void trace_add(enum trace_event type, u64 count)
{
	this_cpu(trace_counters).count[type] += count;
}
static __always_inline void trace_record(enum trace_event type, u64 a, u64 b, u64 c, u64 d)
{
	void (*recorder)(enum trace_event, u64, u64, u64, u64) = READ_ONCE(trace_recorder);
	if (unlikely(recorder))
		recorder(type, a, b, c, d);
}

static __always_inline void trace(enum trace_event type, u64 count, u64 a, u64 b, u64 c, u64 d)
{
	trace_add(type, count);
	trace_record(type, a, b, c, d);
}

/*
 * trace_ALLOC(pfn, order, gfp, zone) and so on, one per line of events.def.  The unit says
 * by how much the counter grows: `one`, or the name of an argument.
 */
#define EVENT(name, vmstat, unit, a, b, c, d)                                \
	static __always_inline void trace_##name(u64 a, u64 b, u64 c, u64 d) \
	{                                                                    \
		const u64 one __maybe_unused = 1;                            \
		const u64 pages __maybe_unused = 1ULL << (b & 15);           \
		trace(TRACE_##name, unit, a, b, c, d);                       \
	}
#include "mm/trace/events.def"
#undef EVENT

/* The sum over CPUs, and the name /proc/vmstat prints for it (NULL: not shown there). */
unsigned long trace_count(enum trace_event type);
const char *trace_vmstat_name(enum trace_event type);
const char *trace_event_name(enum trace_event type);
