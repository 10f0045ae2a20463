/*
 * /proc/meminfo (proc(5)).  Lines of things that do not exist here (huge pages,
 * zswap, NFS) show the nothing there is, so that tools find every line they know.
 */
#include "kernel/initcall.h"
#include "mm/cache/cache.h"
#include "mm/kva/kva.h"
#include "mm/pgtable/pgtable.h"
#include "mm/slab/slab.h"
#include "mm/swap/swap.h"
#include "proc/proc.h"

#define KB(pages) ((pages) << (PAGE_SHIFT - 10))

static void line(struct seq_file *m, const char *name, unsigned long kb)
{
	size_t start = m->count;

	seq_puts(m, name);
	seq_putc(m, ':');
	while (m->count - start < 16 && !m->overflow)
		seq_putc(m, ' ');
	seq_printf(m, "%8lu kB\n", kb);
}

static void pages(struct seq_file *m, const char *name, unsigned long n)
{
	line(m, name, KB(n));
}

static unsigned long percpu_kb(void)
{
	return (unsigned long)(__stop_percpu - __start_percpu) * nr_cpu_ids >> 10;
}

/* How the direct map is made: KiB by size of page. Walks the kernel's own tables. */
static void direct_map_kb(unsigned long kb[PT_LEVELS])
{
	unsigned long at = DIRECT_MAP_BASE, end = DIRECT_MAP_BASE;
	int nid;

	for_each_node (nid) {
		pfn_t last = node_data[nid]->start_pfn + node_data[nid]->spanned_pages;

#if MACHINE_HAS_HIGHMEM
		last = min(last, (pfn_t)ZONE_NORMAL_END_PFN);
#endif
		end = max(end, (unsigned long)pfn_to_virt(last));
	}
	while (at < end) {
		enum pt_level level = PT_PMD;
		pte_t entry;

		if (pt_translate(swapper_pg_dir, at, &entry, &level))
			kb[level] += PT_SIZE(level) >> 10;
		else
			level = PT_PMD;
		at = ALIGN_DOWN(at, PT_SIZE(level)) + PT_SIZE(level);
	}
}

/* Memory that the direct map shows, and what is beyond it. */
static void high_and_low(struct seq_file *m)
{
	unsigned long total = totalhigh_pages(), free = nr_free_highpages();

	pages(m, "HighTotal", total);
	pages(m, "HighFree", free);
	pages(m, "LowTotal", totalram_pages() - total);
	pages(m, "LowFree", nr_free_pages() - min(free, nr_free_pages()));
}

static int show_meminfo(struct seq_file *m, void *unused)
{
	unsigned long anon_active = global_node_stat(NR_ACTIVE_ANON);
	unsigned long anon_inactive = global_node_stat(NR_INACTIVE_ANON);
	unsigned long file_active = global_node_stat(NR_ACTIVE_FILE);
	unsigned long file_inactive = global_node_stat(NR_INACTIVE_FILE);
	unsigned long slab_r = global_node_stat(NR_SLAB_RECLAIMABLE);
	unsigned long slab_u = global_node_stat(NR_SLAB_UNRECLAIMABLE);
	unsigned long swapcached = global_node_stat(NR_SWAPCACHE);
	unsigned long buffers = cache_buffer_pages();
	unsigned long cached = global_node_stat(NR_FILE_PAGES);
	unsigned long direct[PT_LEVELS] = {};

	pages(m, "MemTotal", totalram_pages());
	pages(m, "MemFree", nr_free_pages());
	pages(m, "MemAvailable", si_mem_available());
	pages(m, "Buffers", buffers);
	pages(m, "Cached", cached - min(cached, swapcached + buffers));
	pages(m, "SwapCached", swapcached);
	pages(m, "Active", anon_active + file_active);
	pages(m, "Inactive", anon_inactive + file_inactive);
	pages(m, "Active(anon)", anon_active);
	pages(m, "Inactive(anon)", anon_inactive);
	pages(m, "Active(file)", file_active);
	pages(m, "Inactive(file)", file_inactive);
	pages(m, "Unevictable", global_node_stat(NR_UNEVICTABLE));
	pages(m, "Mlocked", global_zone_stat(NR_MLOCK));
	if (MACHINE_HAS_HIGHMEM)
		high_and_low(m);
	pages(m, "SwapTotal", swap_total_pages());
	pages(m, "SwapFree", swap_free_pages());
	pages(m, "Zswap", 0);
	pages(m, "Zswapped", 0);
	pages(m, "Dirty", global_node_stat(NR_FILE_DIRTY));
	pages(m, "Writeback", global_node_stat(NR_WRITEBACK));
	pages(m, "AnonPages", global_node_stat(NR_ANON_MAPPED));
	pages(m, "Mapped", global_node_stat(NR_FILE_MAPPED));
	pages(m, "Shmem", global_node_stat(NR_SHMEM));
	pages(m, "KReclaimable", slab_r + global_node_stat(NR_KERNEL_MISC_RECLAIMABLE));
	pages(m, "Slab", slab_r + slab_u);
	pages(m, "SReclaimable", slab_r);
	pages(m, "SUnreclaim", slab_u);
	line(m, "KernelStack", global_node_stat(NR_KERNEL_STACK_KB));
	pages(m, "PageTables", global_node_stat(NR_PAGETABLE));
	pages(m, "SecPageTables", 0);
	pages(m, "NFS_Unstable", 0);
	pages(m, "Bounce", global_zone_stat(NR_BOUNCE));
	pages(m, "WritebackTmp", 0);
	pages(m, "CommitLimit", vm_commit_limit());
	pages(m, "Committed_AS", vm_committed());
	line(m, "VmallocTotal", (VMALLOC_END - VMALLOC_START) >> 10);
	pages(m, "VmallocUsed", vmalloc_used_pages());
	pages(m, "VmallocChunk", 0);
	line(m, "Percpu", percpu_kb());
	pages(m, "HardwareCorrupted", 0);
	pages(m, "AnonHugePages", 0);
	pages(m, "ShmemHugePages", 0);
	pages(m, "ShmemPmdMapped", 0);
	pages(m, "FileHugePages", 0);
	pages(m, "FilePmdMapped", 0);
	seq_puts(m, "HugePages_Total:       0\nHugePages_Free:        0\n"
		    "HugePages_Rsvd:        0\nHugePages_Surp:        0\n");
	line(m, "Hugepagesize", PT_SIZE(PT_PMD) >> 10);
	line(m, "Hugetlb", 0);
	direct_map_kb(direct);
	line(m, "DirectMap4k", direct[PT_PTE]);
	/* With two levels the large pages are the top level's. */
	line(m, PT_SIZE(PT_PMD) >> 20 == 2 ? "DirectMap2M" : "DirectMap4M",
	     direct[PT_PMD] + direct[PT_PGD]);
	if (PT_BITS(PT_PUD))
		line(m, "DirectMap1G", direct[PT_PUD]);
	return 0;
}

static int meminfo_init(void)
{
	proc_create("meminfo", 0444, show_meminfo, NULL, NULL);
	return 0;
}
INITCALL(INIT_LATE, meminfo_init);
