/*
 * A machine with the lower floors of mm/ standing, for tests of what stands on them, and
 * what those tests ask again and again.
 */
#pragma once

#include "harness.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "machine/soft.h"
#include "mm/check.h"
#include "mm/frame/frame.h"
#include "mm/kva/kva.h"
#include "mm/lru/lru.h"
#include "mm/slab/slab.h"
#include "sync/epoch.h"
#include "sync/task.h"

/* The floors up to kernel memory, on a machine that is there. */
static inline void floors_start(unsigned cpus)
{
	frame_init();
	for (unsigned cpu = 1; cpu < cpus; cpu++)
		assert_int_equal(frame_cpu_init(cpu), 0);
	lru_init();
	slab_init();
	for (unsigned cpu = 1; cpu < cpus; cpu++)
		assert_int_equal(slab_cpu_init(cpu), 0);
	kva_init();
}

/* Frames, slabs, kernel addresses and LRU lists on these CPUs and nodes of `mib` MiB each. */
static inline void floors_up(unsigned cpus, unsigned nodes, unsigned mib, u64 schedule_seed)
{
	struct soft_config config = {.cpus = cpus, .schedule_seed = schedule_seed};

	for (unsigned n = 0; n < nodes; n++)
		config.ram[n] = (struct soft_ram){(u64)n * mib << 20, (u64)mib << 20, (int)n};
	for (unsigned cpu = 0; cpu < cpus; cpu++)
		config.cpu_node[cpu] = (u8)(cpu % nodes);
	soft_machine_init(&config);
	floors_start(cpus);
}

static inline struct slabinfo slabinfo_of(const char *name)
{
	struct slabinfo info;

	for (unsigned n = 0; slabinfo_get(n, &info); n++)
		if (strcmp(info.name, name) == 0)
			return info;
	fail_msg("no cache %s", name);
	return info;
}

/* All that is held back for speed on any CPU goes back, so that what is missing then has leaked. */
static inline unsigned long settled_free_pages(void)
{
	for (unsigned cpu = 0; cpu < 2 * nr_cpu_ids; cpu++) {
		soft_move_to_cpu(cpu % nr_cpu_ids);
		frame_ops.shrink(GFP_KERNEL);
		epoch_synchronize();
		drain_local_pages();
	}
	return nr_free_pages() + nr_pcp_pages();
}

#define assert_sound() assert_int_equal(mm_check(), 0)
