/*
 * /proc/sys/vm: the knobs of memory management, all of Linux 6.1's names, with its defaults
 * and the ranges it accepts (Documentation/admin-guide/sysctl/vm.rst).
 *
 * A knob acts on a variable of the floor it belongs to, which stands in that floor's header.
 * Those of things that are not here yet, or cannot be (docs/caveats.md lists them), keep
 * what is written to them in `idle` below, so that scripts that set them go on; when such a
 * thing comes, its variable moves to where it is used.
 */
#include "kernel/initcall.h"
#include "kernel/oom.h"
#include "lib/printk.h"
#include "lib/string.h"
#include "mm/pgtable/pgtable.h"
#include "mm/reclaim/reclaim.h"
#include "mm/slab/slab.h"
#include "mm/swap/swap.h"
#include "proc/proc.h"

#define INT_LIMIT  0x7fffffffLL
#define LONG_LIMIT 0x7fffffffffffffffLL
#define JIFFY_HZ   250 /* of Linux's: some knobs are kept in ticks there, which bounds them */

static struct {
	int compact_unevictable_allowed, compaction_proactiveness, extfrag_threshold;
	int dirtytime_expire_seconds, laptop_mode;
	int hugetlb_optimize_vmemmap, hugetlb_shm_group;
	unsigned long nr_overcommit_hugepages;
	int memory_failure_early_kill, memory_failure_recovery;
	int min_slab_ratio, min_unmapped_ratio, zone_reclaim_mode, numa_stat;
	int mmap_rnd_compat_bits, highmem_is_dirtyable;
	int page_lock_unfairness, stat_interval, vfs_cache_pressure;
	int unprivileged_userfaultfd, watermark_boost_factor;
	int device_reserve_ratio; /* of a zone that is never there: Linux shows it behind the others */
} idle = {
	.compact_unevictable_allowed = 1,
	.compaction_proactiveness = 20,
	.extfrag_threshold = 500,
	.dirtytime_expire_seconds = 43200,
	.memory_failure_recovery = 1,
	.min_slab_ratio = 5,
	.min_unmapped_ratio = 1,
	.numa_stat = 1,
	.mmap_rnd_compat_bits = 8,
	.page_lock_unfairness = 5,
	.stat_interval = 1,
	.vfs_cache_pressure = 100,
	.watermark_boost_factor = 15000,
};

/* --- what a change brings with it --- */

static int min_free_changed(s64 now)
{
	return set_min_free_kbytes((unsigned long)now);
}

static int scale_factor_changed(s64 now)
{
	watermark_scale_factor = (unsigned)now;
	setup_zone_marks();
	return 0;
}

static int high_fraction_changed(s64 now)
{
	if (now > 0 && now < 8)
		return -EINVAL;
	percpu_pagelist_high_fraction = (unsigned)now;
	setup_zone_marks();
	return 0;
}

/* Of a ratio and a number of bytes one rules: setting it makes the other zero. */
static int overcommit_ratio_changed(s64 now)
{
	sysctl_overcommit_kbytes = 0;
	return 0;
}

static int overcommit_kbytes_changed(s64 now)
{
	sysctl_overcommit_ratio = 0;
	return 0;
}

static int dirty_ratio_changed(s64 now)
{
	dirty_bytes = 0;
	return 0;
}

static int dirty_bytes_changed(s64 now)
{
	dirty_ratio = 0;
	return 0;
}

static int background_ratio_changed(s64 now)
{
	dirty_background_bytes = 0;
	return 0;
}

static int background_bytes_changed(s64 now)
{
	dirty_background_ratio = 0;
	return 0;
}

static int writeback_period_changed(s64 now)
{
	writeback_wake();
	return 0;
}

#define KNOB(name, variable, low, high, hook) PROC_NUMBER("sys/vm/" name, variable, low, high, hook)
#define IDLE(field, low, high)                KNOB(#field, idle.field, low, high, NULL)

static const struct proc_number numbers[] = {
	KNOB("admin_reserve_kbytes", sysctl_admin_reserve_kbytes, 0, LONG_LIMIT, NULL),
	KNOB("legacy_va_layout", sysctl_legacy_va_layout, 0, INT_LIMIT, NULL),
	KNOB("max_map_count", sysctl_max_map_count, 0, INT_LIMIT, NULL),
	KNOB("min_free_kbytes", min_free_kbytes, 0, INT_LIMIT, min_free_changed),
	KNOB("mmap_min_addr", sysctl_mmap_min_addr, 0, LONG_LIMIT, NULL),
	KNOB("overcommit_kbytes", sysctl_overcommit_kbytes, 0, LONG_LIMIT,
	     overcommit_kbytes_changed),
	KNOB("overcommit_memory", sysctl_overcommit_memory, 0, 2, NULL),
	KNOB("overcommit_ratio", sysctl_overcommit_ratio, -INT_LIMIT - 1, INT_LIMIT,
	     overcommit_ratio_changed),
	KNOB("percpu_pagelist_high_fraction", percpu_pagelist_high_fraction, 0, INT_LIMIT,
	     high_fraction_changed),
	KNOB("user_reserve_kbytes", sysctl_user_reserve_kbytes, 0, LONG_LIMIT, NULL),
	KNOB("watermark_scale_factor", watermark_scale_factor, 1, 3000, scale_factor_changed),

	IDLE(compact_unevictable_allowed, 0, 1),
	IDLE(compaction_proactiveness, 0, 100),
	KNOB("dirty_background_bytes", dirty_background_bytes, 1, LONG_LIMIT,
	     background_bytes_changed),
	KNOB("dirty_background_ratio", dirty_background_ratio, 0, 100, background_ratio_changed),
	KNOB("dirty_bytes", dirty_bytes, 2 * PAGE_SIZE, LONG_LIMIT, dirty_bytes_changed),
	KNOB("dirty_expire_centisecs", dirty_expire_centisecs, 0, INT_LIMIT, NULL),
	KNOB("dirty_ratio", dirty_ratio, 0, 100, dirty_ratio_changed),
	KNOB("dirty_writeback_centisecs", dirty_writeback_centisecs, -INT_LIMIT - 1, INT_LIMIT,
	     writeback_period_changed),
	IDLE(dirtytime_expire_seconds, 0, INT_LIMIT),
	IDLE(extfrag_threshold, 0, 1000),
	IDLE(hugetlb_shm_group, -INT_LIMIT - 1, INT_LIMIT),
	IDLE(laptop_mode, -INT_LIMIT / JIFFY_HZ, INT_LIMIT / JIFFY_HZ),
	IDLE(memory_failure_early_kill, 0, 1),
	IDLE(memory_failure_recovery, 0, 1),
	IDLE(nr_overcommit_hugepages, 0, LONG_LIMIT),
	KNOB("oom_dump_tasks", sysctl_oom_dump_tasks, -INT_LIMIT - 1, INT_LIMIT, NULL),
	KNOB("oom_kill_allocating_task", sysctl_oom_kill_allocating_task, -INT_LIMIT - 1, INT_LIMIT,
	     NULL),
	KNOB("page-cluster", sysctl_page_cluster, 0, INT_LIMIT, NULL),
	IDLE(page_lock_unfairness, 0, INT_LIMIT),
	KNOB("panic_on_oom", sysctl_panic_on_oom, 0, 2, NULL),
	IDLE(stat_interval, -INT_LIMIT / JIFFY_HZ, INT_LIMIT / JIFFY_HZ),
	KNOB("swappiness", sysctl_swappiness, 0, 200, NULL),
	IDLE(unprivileged_userfaultfd, 0, 1),
	IDLE(vfs_cache_pressure, 0, INT_LIMIT),
	IDLE(watermark_boost_factor, 0, INT_LIMIT),
};

static const struct proc_number node_numbers[] = {
	IDLE(min_slab_ratio, 0, 100),
	IDLE(min_unmapped_ratio, 0, 100),
	IDLE(numa_stat, 0, 1),
	IDLE(zone_reclaim_mode, 0, INT_LIMIT),
};

static const struct proc_number highmem_numbers[] = {
	IDLE(highmem_is_dirtyable, 0, 1),
};

/* How addresses are drawn is nobody's business but root's. */
static const struct proc_number secret_numbers[] = {
	KNOB("mmap_rnd_bits", sysctl_mmap_rnd_bits, MMAP_RND_BITS, MMAP_RND_BITS_MAX, NULL),
};
static const struct proc_number secret_numbers_64[] = {
	IDLE(mmap_rnd_compat_bits, 8, 16),
};

/* --- those that are no plain numbers --- */

/* The n-th zone's ratio as it is listed; NULL behind the last. */
static int *listed_ratio(unsigned n)
{
	for (unsigned type = 0; type < MAX_NR_ZONES; type++)
		if (zone_type_exists(type) && n-- == 0)
			return &lowmem_reserve_ratio[type];
	return n == 0 && BITS_PER_LONG == 64 ? &idle.device_reserve_ratio : NULL;
}

static int show_lowmem_ratio(struct seq_file *m, void *unused)
{
	for (unsigned n = 0; listed_ratio(n); n++)
		seq_printf(m, n ? "\t%d" : "%d", *listed_ratio(n));
	seq_putc(m, '\n');
	return 0;
}

/* As many numbers as are given, from the front; what makes no sense ends the list. */
static int write_lowmem_ratio(char *text, size_t bytes, void *unused)
{
	s64 ratio;

	for (unsigned n = 0; listed_ratio(n); n++) {
		if (proc_parse_number(text, -INT_LIMIT - 1, INT_LIMIT, &ratio))
			break;
		*listed_ratio(n) = ratio < 1 ? 0 : (int)ratio; /* 0: nothing is kept back */
		while (*text == ' ' || *text == '\t')
			text++;
		while (*text && *text != ' ' && *text != '\t')
			text++;
	}
	setup_zone_marks();
	return 0;
}

/* 1: clean page cache, 2: what slabs hold spare, 3: both; 4: no more messages about it. */
static int write_drop_caches(char *text, size_t bytes, void *unused)
{
	static bool silent; /* only ever set */
	s64 what;
	int err = proc_parse_number(text, 1, 4, &what);

	if (err)
		return err;
	if (what & 1)
		trace_drop_pagecache(cache_drop_clean(), 0, 0, 0);
	if (what & 2) {
		unsigned long pages = slab_shrink_all();

		/* What other CPUs' arrays held comes back when all have passed a quiet point. */
		epoch_synchronize();
		pages += slab_shrink_all() + pt_drain_stock();
		trace_drop_slab(pages, 0, 0, 0);
	}
	if (!silent)
		pr_info("%s (%d): drop_caches: %d\n", current->comm, current->pid, (int)what);
	silent |= what & 4;
	return 0;
}

/* There is no compaction; Linux takes anything for a yes, too. */
static int write_compact(char *text, size_t bytes, void *unused)
{
	drain_all_pages();
	return 0;
}

/* Reading gauges always sums what CPUs have not folded yet: they are as fresh as can be. */
static int show_refresh(struct seq_file *m, void *unused)
{
	return 0;
}

static int write_refresh(char *text, size_t bytes, void *unused)
{
	return 0;
}

/* Any number becomes yes or no. */
static int show_bool(struct seq_file *m, void *value)
{
	seq_printf(m, "%d\n", *(int *)value);
	return 0;
}

static int write_bool(char *text, size_t bytes, void *value)
{
	s64 number;
	int err = proc_parse_number(text, -LONG_LIMIT, LONG_LIMIT, &number);

	if (!err)
		*(int *)value = number != 0;
	return err;
}

/* A pool of huge pages that never gets one: as many as could be had, which is what Linux says. */
static int show_pool(struct seq_file *m, void *unused)
{
	seq_puts(m, "0\n");
	return 0;
}

static int write_pool(char *text, size_t bytes, void *unused)
{
	s64 wanted;

	return proc_parse_number(text, 0, LONG_LIMIT, &wanted);
}

static int show_zonelist_order(struct seq_file *m, void *unused)
{
	seq_puts(m, "Node\n");
	return 0;
}

/* It is by node and nothing else since Linux 4.14; "default" means that, too. */
static int write_zonelist_order(char *text, size_t bytes, void *unused)
{
	return strchr("dDnN", text[0]) && text[0] ? 0 : -EINVAL;
}

static void create_numbers(const struct proc_number *number, unsigned n, u32 mode)
{
	for (unsigned i = 0; i < n; i++)
		proc_create_number(&number[i], mode);
}
#define CREATE(table, mode) create_numbers(table, ARRAY_SIZE(table), mode)

/* What Linux has with NUMA alone. */
static void node_knobs(void)
{
	CREATE(node_numbers, 0644);
	proc_create("sys/vm/nr_hugepages_mempolicy", 0644, show_pool, write_pool, NULL);
	proc_create("sys/vm/numa_zonelist_order", 0644, show_zonelist_order, write_zonelist_order,
		    NULL);
}

/* And what with 64 bits alone. */
static void wide_knobs(void)
{
	CREATE(secret_numbers_64, 0600);
	proc_create("sys/vm/hugetlb_optimize_vmemmap", 0644, show_bool, write_bool,
		    &idle.hugetlb_optimize_vmemmap);
}

static int sysctl_vm_init(void)
{
	CREATE(numbers, 0644);
	CREATE(secret_numbers, 0600);
	if (MACHINE_HAS_NUMA)
		node_knobs();
	if (MACHINE_HAS_HIGHMEM)
		CREATE(highmem_numbers, 0644);
	if (BITS_PER_LONG == 64)
		wide_knobs();
	proc_create("sys/vm/lowmem_reserve_ratio", 0644, show_lowmem_ratio, write_lowmem_ratio,
		    NULL);
	proc_create("sys/vm/drop_caches", 0200, NULL, write_drop_caches, NULL);
	proc_create("sys/vm/compact_memory", 0200, NULL, write_compact, NULL);
	proc_create("sys/vm/stat_refresh", 0600, show_refresh, write_refresh, NULL);
	proc_create("sys/vm/nr_hugepages", 0644, show_pool, write_pool, NULL);
	return 0;
}
INITCALL(INIT_LATE, sysctl_vm_init);
