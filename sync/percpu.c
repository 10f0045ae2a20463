/*
 * Per-CPU data: where each CPU's copy lies.  CPU 0 uses the template itself (offset
 * zero); the machine gives every other CPU zeroed memory before it starts.
 */
#include "sync/percpu.h"
#include "lib/assert.h"

unsigned long percpu_offset[NR_CPUS];
u64 cpu_online_mask = 1;
unsigned nr_cpu_ids = 1;

void percpu_attach(unsigned cpu, void *copy)
{
	ASSERT(cpu < NR_CPUS && IS_ALIGNED((unsigned long)copy, 64));
	percpu_offset[cpu] = (unsigned long)copy - (unsigned long)__start_percpu;
	if (cpu >= nr_cpu_ids)
		nr_cpu_ids = cpu + 1;
}
