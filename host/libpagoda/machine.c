/*
 * The machine of the library: its start, threads, and looking at it.
 *
 * A configuration comes from somebody who has not read the kernel, so it is checked
 * before the machine, which takes what is wrong for a bug, sees it.
 */
#include "host/libpagoda/library.h"

#include "lib/errno.h"
#include "lib/printk.h"
#include "lib/string.h"
#include "machine/geometry.h"
#include "mm/check.h"
#include "mm/kva/kva.h"
#include "mm/lru/lru.h"
#include "mm/pgtable/pgtable.h"
#include "mm/reclaim/reclaim.h"
#include "mm/slab/slab.h"
#include "mm/swap/swap.h"
#include "sync/percpu.h"
#include "sync/task.h"

static_assert(PAGODA_MAX_CPUS == NR_CPUS && PAGODA_MAX_NODES == MAX_NUMNODES &&
		      PAGODA_MAX_RAM <= RAM_MAP_RANGES && PAGODA_MAX_ORDER == MAX_ORDER,
	      "the public header's limits are the machine's");

#define LEAST_RAM (4ULL << 20) /* below the line, where the kernel's own things lie */

static bool started; /* the boot CPU's first thread */

/* ---- Start ---- */

static bool overlap(const struct soft_ram *a, const struct soft_ram *b)
{
	return a->start < b->start + b->bytes && b->start < a->start + a->bytes;
}

/* RAM as the machine wants it; false: there cannot be such. */
static bool take_ram(struct soft_config *machine, const struct pagoda_config *config)
{
	const u64 line = MACHINE_HAS_HIGHMEM ? config->high_start : 0;
	const u64 reach =
		min((u64)DIRECT_MAP_BYTES - PAGE_SIZE, (u64)entry_pfn(PTE_FRAME) << PAGE_SHIFT);
	u64 low = 0;

	for (unsigned n = 0; n < PAGODA_MAX_RAM && config->ram[n].bytes; n++) {
		const struct pagoda_ram *ram = &config->ram[n];

		machine->ram[n] = (struct soft_ram){ram->start, ram->bytes, ram->node};
		if (!IS_ALIGNED(ram->start | ram->bytes, PAGE_SIZE) || ram->start > reach ||
		    ram->bytes > reach - ram->start || ram->node < 0 ||
		    ram->node >= PAGODA_MAX_NODES)
			return false;
		for (unsigned i = 0; i < n; i++)
			if (overlap(&machine->ram[i], &machine->ram[n]))
				return false;
		if (!MACHINE_HAS_HIGHMEM)
			low += ram->bytes;
		else if (ram->start < (line ? line : 896ULL << 20))
			low += min(ram->bytes, (line ? line : 896ULL << 20) - ram->start);
	}
	return low >= LEAST_RAM || !config->ram[0].bytes;
}

static bool take(struct soft_config *machine, const struct pagoda_config *config)
{
	*machine = (struct soft_config){
		.cpus = config->cpus,
		.nodes = config->nodes,
		.high_start = config->high_start,
		.schedule_seed = config->schedule_seed,
	};
	if (config->cpus > PAGODA_MAX_CPUS || config->nodes > PAGODA_MAX_NODES)
		return false;
	if (config->high_start &&
	    (!MACHINE_HAS_HIGHMEM || !IS_ALIGNED(config->high_start, PAGE_SIZE) ||
	     config->high_start <= (u64)ZONE_DMA_END_PFN << PAGE_SHIFT))
		return false;
	if (!take_ram(machine, config))
		return false;
	memcpy(machine->distance, config->distance, sizeof(machine->distance));
	memcpy(machine->cpu_node, config->cpu_node, sizeof(machine->cpu_node));

	unsigned nodes = max(config->nodes, 1u);

	for (unsigned n = 0; n < PAGODA_MAX_RAM && config->ram[n].bytes; n++)
		nodes = max(nodes, config->ram[n].node + 1u);
	for (unsigned cpu = 0; cpu < PAGODA_MAX_CPUS; cpu++)
		if (config->cpu_node[cpu] >= nodes)
			return false;
	return true;
}

static void (*log_line)(const char *text, size_t bytes);

static void write_log(struct console *console, const char *text, size_t bytes)
{
	log_line(text, bytes);
}

static unsigned long no_limit(unsigned resource)
{
	return ~0UL;
}

static bool yes(void)
{
	return true;
}

int pagoda_start(const struct pagoda_config *config)
{
	static const struct pagoda_config usual;
	static struct console console = {.write = write_log};
	struct soft_config machine;

	if (started)
		return -EBUSY;
	if (!config)
		config = &usual;
	if (!take(&machine, config))
		return -EINVAL;
	started = true;
	soft_machine_init(&machine);
	if (config->log) {
		log_line = config->log;
		register_console(&console);
	}
	frame_init();
	slab_init();
	for (unsigned cpu = 1; cpu < nr_cpu_ids; cpu++)
		if (frame_cpu_init(cpu) || slab_cpu_init(cpu))
			panic("libpagoda: no memory for CPU %u", cpu);
	kva_init();
	lru_init();
	swap_init();
	cache_init();
	space_limits.rlimit = no_limit;
	space_limits.capable_ipc_lock = yes;
	space_limits.capable_sys_admin = yes;
	space_limits.capable_sys_rawio = yes;
	files_init();
	space_init();
	reclaim_init();
	return 0;
}

unsigned pagoda_check(void)
{
	return mm_check();
}

const char *pagoda_geometry(void)
{
	return GEOMETRY_NAME;
}

size_t pagoda_page_size(void)
{
	return PAGE_SIZE;
}

unsigned pagoda_level_bits(unsigned level)
{
	return level < PT_LEVELS ? PT_BITS(level) : 0;
}

uint64_t pagoda_address_limit(void)
{
	return TASK_SIZE;
}

/* ---- Threads: the machine's tasks ---- */

int pagoda_thread_start(const char *name, int (*fn)(void *arg), void *arg, uint64_t cpus,
			struct pagoda_thread **thread)
{
	const u64 allowed = cpus ? cpus & cpu_online_mask : cpu_online_mask;
	struct task_struct *task;

	if (!allowed)
		return -EINVAL;
	task = soft_run(fn, arg, name, allowed);
	if (IS_ERR(task))
		return -ENOMEM;
	*thread = (struct pagoda_thread *)task;
	return 0;
}

int pagoda_thread_join(struct pagoda_thread *thread)
{
	return soft_join((struct task_struct *)thread);
}

void pagoda_yield(void)
{
	cond_resched();
}

void pagoda_sleep(uint64_t ns)
{
	for (u64 left = min(ns, (u64)FOREVER - 1); left > 0;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		left = schedule_timeout(left);
	}
}

uint64_t pagoda_now(void)
{
	return ktime_ns();
}

unsigned pagoda_cpu(void)
{
	return cpu_id();
}

int pagoda_run_on(unsigned cpu)
{
	if (cpu >= nr_cpu_ids)
		return -EINVAL;
	soft_move_to_cpu(cpu);
	return 0;
}

/* ---- What happened ---- */

uint64_t pagoda_events(const char *name)
{
	for (unsigned type = 0; type < NR_TRACE_EVENTS; type++)
		if (strcmp(name, trace_event_name(type)) == 0)
			return trace_count(type);
	return 0;
}

void pagoda_tlb(uint64_t *hits, uint64_t *misses)
{
	soft_tlb_counts(hits, misses);
}
