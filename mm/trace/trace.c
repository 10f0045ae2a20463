/*
 * The counters behind /proc/vmstat, and the names of the events.
 *
 * Each CPU adds to its own counters without atomicity; a reader sums them.  What
 * it gets while others count is a moment's view, and exact once they rest.
 */
#include "mm/trace/trace.h"

DEFINE_PER_CPU(struct trace_counters, trace_counters);

void (*trace_recorder)(enum trace_event type, u64 a, u64 b, u64 c, u64 d);

static const char *const vmstat_name[NR_TRACE_EVENTS] = {
#define EVENT(name, vmstat, unit, a, b, c, d) [TRACE_##name] = vmstat,
#include "mm/trace/events.def"
#undef EVENT
};

static const char *const event_name[NR_TRACE_EVENTS] = {
#define EVENT(name, vmstat, unit, a, b, c, d) [TRACE_##name] = #name,
#include "mm/trace/events.def"
#undef EVENT
};

/* Reading counters that their CPU is adding to is meant. */
__no_sanitize_thread unsigned long trace_count(enum trace_event type)
{
	unsigned long sum = 0;
	unsigned cpu;

	for_each_online_cpu (cpu)
		sum += READ_ONCE(per_cpu(trace_counters, cpu).count[type]);
	return sum;
}

const char *trace_vmstat_name(enum trace_event type)
{
	return vmstat_name[type];
}

const char *trace_event_name(enum trace_event type)
{
	return event_name[type];
}
