/*
 * /proc/kpagecount and /proc/kpageflags: 64 bits for each frame of the machine, in order
 * (Linux, Documentation/admin-guide/mm/pagemap.rst).
 *
 * With them and the processes' pagemaps a program can account for every frame there is
 * (tests/guest/audit.c does).  The bits are those of <linux/kernel-page-flags.h>; above 32 are,
 * as on Linux, ones that only those should use who read this:
 *
 *	32  RESERVED    never given to the frame allocator, or kept back by it
 *	33  MLOCKED
 *	47  CPU_LIST    free, on a CPU's list (Linux does not tell these from pages in use)
 *
 * Every page of a free block is BUDDY and every page of a slab SLAB, not the first alone.
 */
#include "kernel/initcall.h"
#include "lib/bitmap.h"
#include "proc/proc.h"
#include <linux/kernel-page-flags.h>

#define KPF_RESERVED 32
#define KPF_MLOCKED  33
#define KPF_CPU_LIST 47

/* Flags that mean the same there and here. */
static const struct {
	u8 ours, theirs;
} same_flags[] = {
	{PG_locked, KPF_LOCKED},
	{PG_referenced, KPF_REFERENCED},
	{PG_uptodate, KPF_UPTODATE},
	{PG_dirty, KPF_DIRTY},
	{PG_lru, KPF_LRU},
	{PG_active, KPF_ACTIVE},
	{PG_writeback, KPF_WRITEBACK},
	{PG_reclaim, KPF_RECLAIM},
	{PG_swapcache, KPF_SWAPCACHE},
	{PG_swapbacked, KPF_SWAPBACKED},
	{PG_head, KPF_COMPOUND_HEAD},
	{PG_tail, KPF_COMPOUND_TAIL},
	{PG_mlocked, KPF_MLOCKED},
	{PG_unevictable, KPF_UNEVICTABLE},
	{PG_reserved, KPF_RESERVED},
	{PG_table, KPF_PGTABLE},
};

/* Only of these does mapcount's place hold a count of mappings. */
static bool counts_mappings(u32 flags)
{
	return !(flags & (1u << PG_buddy | 1u << PG_slab | 1u << PG_table | 1u << PG_tail |
			  1u << PG_reserved));
}

static u64 frame_flags(pfn_t pfn, bool on_cpu_list)
{
	struct page *page = pfn_to_page(pfn);
	const u32 flags = READ_ONCE(page->flags);
	u64 bits = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(same_flags); i++)
		bits |= (u64)(flags >> same_flags[i].ours & 1) << same_flags[i].theirs;
	if (pfn == zero_pfn)
		bits |= BIT_ULL(KPF_ZERO_PAGE);
	if (on_cpu_list)
		return bits | BIT_ULL(KPF_CPU_LIST);
	if (page_ref_count(page) == 0 && frame_in_free_block(pfn))
		return bits | BIT_ULL(KPF_BUDDY);
	if (page_test(compound_head(page), PG_slab))
		return bits | BIT_ULL(KPF_SLAB);
	if (counts_mappings(flags)) {
		if (page_mapcount(page) > 0)
			bits |= BIT_ULL(KPF_MMAP);
		if (page_owner_ptr(page) && page_is_anon(page))
			bits |= BIT_ULL(KPF_ANON);
	}
	return bits;
}

static u64 frame_count(pfn_t pfn)
{
	const struct page *page = pfn_to_page(pfn);

	return counts_mappings(READ_ONCE(page->flags)) ? (u64)page_mapcount(page) : 0;
}

static void fill_flags(void *unused, u64 first, unsigned n, u64 *entries)
{
	unsigned long on_list[BITS_TO_LONGS(PROC_ENTRIES)] = {};

	frames_on_cpu_lists(first, n, on_list);
	for (unsigned i = 0; i < n; i++)
		entries[i] = frames_present(first + i, 1)
				     ? frame_flags(first + i, bitmap_test(on_list, i))
				     : BIT_ULL(KPF_NOPAGE);
}

static void fill_counts(void *unused, u64 first, unsigned n, u64 *entries)
{
	for (unsigned i = 0; i < n; i++)
		entries[i] = frames_present(first + i, 1) ? frame_count(first + i) : 0;
}

static long read_kpageflags(struct iov_iter *to, u64 *pos)
{
	return proc_read_entries(to, pos, frames_end(), fill_flags, NULL);
}

static long read_kpagecount(struct iov_iter *to, u64 *pos)
{
	return proc_read_entries(to, pos, frames_end(), fill_counts, NULL);
}

static int kpage_init(void)
{
	proc_create_raw("kpageflags", 0400, read_kpageflags);
	proc_create_raw("kpagecount", 0400, read_kpagecount);
	return 0;
}
INITCALL(INIT_LATE, kpage_init);
