/*
 * The local descriptor table that this CPU has loaded. For the machine's own files.
 */
#pragma once

#include "machine/segments.h"
#include "sync/percpu.h"

DECLARE_PER_CPU(const struct ldt *, loaded_ldt); /* NULL: the default one; (interrupts off) */
void load_ldt(const struct ldt *ldt);

/* The space's table onto this CPU; NULL: that of a kernel thread. Interrupts off. */
static __always_inline void space_segments_load(const struct space_segments *of)
{
	const struct ldt *ldt = of ? READ_ONCE(of->ldt) : NULL;

	if (unlikely(ldt != this_cpu(loaded_ldt)))
		load_ldt(ldt);
}
