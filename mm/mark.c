/*
 * Marks.
 *
 *   ... events | mark_begin  mark_counter... mark_zone mark_block... mark_mm...  mark_end | events ...
 *
 * From mark_begin to mark_end all other CPUs stand at a rescheduling point (kernel/standstill.c) and
 * this one only reads, so no event falls between.  What tasks leave half done at such
 * points is no more than what they guard by sleeping locks, and none of it is what events
 * tell of: an event, its counter and the state it changes lie between two such points.
 *
 * Counters are read first: the mark's own events count, too.
 */
#include "mm/mark.h"

#include "lib/errno.h"
#include "mm/check.h"
#include "mm/trace/trace.h"
#include "sync/spinlock.h"

static spinlock_t markers_lock = SPINLOCK_INIT(RANK_COUNTERS);
static LIST_HEAD(markers);   /* (markers_lock) only ever grows */
static unsigned long number; /* (standstill) of marks */

void mm_mark_register(struct mm_marker *marker)
{
	spin_lock(&markers_lock);
	list_add_tail(&marker->list, &markers);
	spin_unlock(&markers_lock);
}

static void mark_counters(void)
{
	u64 count[NR_TRACE_EVENTS];

	for (unsigned i = 0; i < NR_TRACE_EVENTS; i++)
		count[i] = trace_count(i);
	trace_mark_begin(++number, 0, 0, 0);
	for (unsigned i = 0; i < NR_TRACE_EVENTS; i++)
		trace_mark_counter(i, count[i], 0, 0);
}

static void mark_all(void)
{
	struct mm_marker *marker;
	u64 records, sum;

	mark_counters();
	list_for_each_entry (marker, &markers, list)
		marker->mark();
	records = trace_recorded(&sum);
	trace_mark_end(number, records, sum, 0);
}

static int mark(bool last)
{
	if (!trace_on())
		return -ENODEV;
	if (mm_standstill.begin && !mm_standstill.begin())
		return -ENOMEM;
	if (trace_on()) /* still */
		mark_all();
	if (last)
		trace_record_end();
	if (mm_standstill.end)
		mm_standstill.end();
	return 0;
}

int mm_mark(void)
{
	return mark(false);
}

void mm_mark_last(void)
{
	if (mark(true) == -ENOMEM) /* then without: the stream ends, and says so */
		trace_record_end();
}
