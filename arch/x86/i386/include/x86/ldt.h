/*
 * The local descriptor table that this CPU has loaded. For the machine's own files.
 */
#pragma once

#include "arch/x86/i386/hardware_tasks.h"
#include "machine/segments.h"
#include "sync/percpu.h"

DECLARE_PER_CPU(const struct ldt *, loaded_ldt); /* NULL: the default one; (interrupts off) */
void load_ldt(const struct ldt *ldt);

/*
 * The space's table onto this CPU; NULL: that of a kernel thread. Interrupts off. Where the
 * processor switches tasks, it loads the LDT, too.
 */
static __always_inline void space_segments_load(const struct space_segments *of)
{
	const struct ldt *ldt = of ? READ_ONCE(of->ldt) : NULL;

	if (unlikely(ldt != this_cpu(loaded_ldt)) && !hardware_tasks)
		load_ldt(ldt);
}
