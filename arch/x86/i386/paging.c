/*
 * The kernel's page tables: from the boot tables of head.S to the final ones (SYSTEM.md S16,
 * S17), for two levels and for three.
 *
 *   1. The first 8 MiB keep their boot tables of 4 KiB pages: the image is there, whose text and
 *      constants become read-only. The mapping at 0 goes.
 *   2. The rest of low memory, at most 896 MiB, is mapped with large pages where the CPU has them
 *      and RAM fills them; nothing else is in the direct map (no device, no hole).
 *   3. With two levels the last 128 MiB get all their page tables, so that what the kernel maps
 *      there later is in every space at once: kernel stacks lie there, and no fault could be
 *      handled on a stack that is not mapped. With three, all spaces share the directory.
 *   4. mem_map lies in the direct map, at the start of zone NORMAL.
 *
 * Tables come from early memory below 8 MiB, which the boot tables map.
 *
 * The region at FIXMAP_START has a static table: slots for device registers, one window
 * (phys_read) onto any physical page, and the windows of kmap_local (highmem.c).
 */
#include "arch/x86/i386/segments.h"
#include "arch/x86/i386/fixmap.h"
#include "arch/x86/i386/hardware_tasks.h"
#include "arch/x86/common/internal.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "machine/boot_tables.h"
#include "machine/mmu.h"
#include "x86/root.h"
#include "mm/frame/frame.h"
#include "arch/x86/i386/levels.h"

#define BOOT_MAPPED (8UL << 20)

struct page *mem_map;
pfn_t low_memory_frames = DIRECT_MAP_BYTES >> PAGE_SHIFT;

static pte_t fixmap_table[PT_ENTRIES] __section(".bss.page_aligned") __aligned(PAGE_SIZE);
extern pte_t kmap_table[]; /* highmem.c: page tables in a row */

extern char _boot_tables[]; /* kernel.lds */
extern pte_t BOOT_ROOT[];   /* head.S */

unsigned long kernel_root(void)
{
	return virt_to_phys(BOOT_ROOT).v;
}

/* --- Fixed mappings --- */

pte_t *fixmap_entry(unsigned slot)
{
	return &fixmap_table[pt_index(PT_PTE, fixmap_address(slot))];
}

static pte_t *new_table(void)
{
	return early_alloc_below(PAGE_SIZE, PAGE_SIZE, PHYS(BOOT_MAPPED));
}

/* The entry for va at `level`, with the tables above it. */
static pte_t *entry_at(unsigned long va, enum pt_level level)
{
	pte_t *table = swapper_pg_dir;

	for (enum pt_level at = PT_PGD;; at = level_below(at)) {
		pte_t *entry = table + pt_index(at, va);

		if (at == level)
			return entry;
		if (pte_none(*entry))
			pte_set(entry, mk_table(virt_to_pfn(new_table()), false));
		table = pfn_to_virt(pte_pfn(*entry));
	}
}

/* The first use comes before paging_init(). */
static void set_fixmap(unsigned slot, pte_t e)
{
	pte_t *entry = entry_at(FIXMAP_START, LOW_LEVEL);

	if (pte_none(*entry))
		pte_set(entry, mk_table(virt_to_pfn(fixmap_table), false));
	pte_set(fixmap_entry(slot), e);
	invlpg(fixmap_address(slot));
}

bool phys_read(void *to, u64 from, size_t bytes)
{
	while (bytes) {
		size_t offset = from & (PAGE_SIZE - 1);
		size_t n = min(bytes, (size_t)(PAGE_SIZE - offset));

		if (from >= MACHINE_RAM_LIMIT)
			return false;
		set_fixmap(FIXMAP_READ, mk_pte(from >> PAGE_SHIFT, KERNEL_PROT_RO));
		memcpy(to, (const char *)fixmap_address(FIXMAP_READ) + offset, n);
		to = (char *)to + n;
		from += n;
		bytes -= n;
	}
	return true;
}

volatile void *fixmap_device(u64 address)
{
	static unsigned used;
	unsigned slot = FIXMAP_DEVICES + used;

	if (used >= FIXMAP_NR_DEVICES || address >= MACHINE_RAM_LIMIT)
		return NULL;
	set_fixmap(slot, mk_pte(address >> PAGE_SHIFT, KERNEL_PROT_DEV));
	used++;
	return (volatile char *)fixmap_address(slot) + (address & (PAGE_SIZE - 1));
}

/* --- 1: the image --- */

/* Not to be written once it is complete; the boot tables stand amidst it. */
static bool is_constant(unsigned long va)
{
	return va >= (unsigned long)_image && va < (unsigned long)_erodata &&
	       !(va >= (unsigned long)_boot_tables &&
		 va < (unsigned long)_boot_tables + BOOT_TABLES_BYTES);
}

static void map_small(u64 start, bool protect)
{
	const unsigned long va = DIRECT_MAP_BASE + (unsigned long)start;
	pte_t *slot = entry_at(va, PT_PTE);
	pgprot_t prot = KERNEL_PROT_RW;

	if (is_constant(va)) {
		if (va >= (unsigned long)_text && va < (unsigned long)_rodata)
			prot = protect ? KERNEL_PROT_RX : (pgprot_t){KERNEL_PROT_RX.v | PTE_W};
		else if (protect)
			prot = KERNEL_PROT_RO;
	}
	if (!ram_is_usable(start, start + PAGE_SIZE) || va == (unsigned long)_boot_stack_guard)
		pte_set(slot, (pte_t){0});
	else
		pte_set(slot, mk_pte(start >> PAGE_SHIFT, prot));
}

void paging_protect_image(void)
{
	for (unsigned long va = (unsigned long)_image; va < (unsigned long)_erodata;
	     va += PAGE_SIZE)
		map_small(va - DIRECT_MAP_BASE, true);
	tlb_flush_kernel((unsigned long)_image, (unsigned long)_erodata);
}

/* --- 2: the direct map --- */

static void map_direct(u64 start)
{
	const u64 size = PT_SIZE(LOW_LEVEL);

	if (start >= BOOT_MAPPED && cpu_features.pse && ram_is_usable(start, start + size)) {
		pte_set(entry_at(DIRECT_MAP_BASE + (unsigned long)start, LOW_LEVEL),
			mk_large_pte(start >> PAGE_SHIFT, KERNEL_PROT_RW));
	} else if (ram_touches(start, start + size)) {
		for (u64 at = start; at < start + size; at += PAGE_SIZE)
			map_small(at, false);
	}
}

void paging_init(void)
{
	for (u64 start = 0; start < LOW_MEMORY_END; start += PT_SIZE(LOW_LEVEL))
		map_direct(start);
	for (unsigned long va = KMAP_START; va < KMAP_END; va += PT_SIZE(LOW_LEVEL))
		pte_set(entry_at(va, LOW_LEVEL),
			mk_table(virt_to_pfn(&kmap_table[(va - KMAP_START) >> PAGE_SHIFT]), false));
	highmem_init();
	if (LOW_LEVEL == PT_PGD)
		for (unsigned long va = VMALLOC_START; va >= VMALLOC_START;
		     va += PT_SIZE(LOW_LEVEL))
			entry_at(va, PT_PTE);
	for (unsigned i = 0; i < pt_index(PT_PGD, TASK_SIZE - 1) + 1; i++) {
		swapper_pg_dir[i] = (pte_t){0};
		BOOT_ROOT[i] = (pte_t){0};
	}
	load_root(swapper_pg_dir);
	tlb_flush_kernel(0, ~0UL);
	hardware_tasks_init();
}

/*
 * At the end of the direct map's addresses, where a machine has no RAM for them: it is too early for
 * vmalloc. Before the first space copies the top table.
 */
void *paging_map_shared(u64 start, u64 bytes)
{
	const u64 offset = DIRECT_MAP_BYTES - bytes;

	if (!cpu_features.pse || !IS_ALIGNED(start | bytes, PT_SIZE(LOW_LEVEL)) ||
	    start + bytes > MACHINE_RAM_LIMIT || ram_touches(offset, DIRECT_MAP_BYTES))
		return NULL;
	for (u64 at = 0; at < bytes; at += PT_SIZE(LOW_LEVEL))
		pte_set(entry_at(DIRECT_MAP_BASE + (unsigned long)(offset + at), LOW_LEVEL),
			mk_large_pte((pfn_t)((start + at) >> PAGE_SHIFT), KERNEL_PROT_RW));
	return (void *)(DIRECT_MAP_BASE + (unsigned long)offset);
}

/* --- 4: mem_map --- */

void machine_map_mem_map(pfn_t start, pfn_t end, int node)
{
	pfn_t last = 0;

	if (mem_map)
		return; /* all of it at the first call */
	for (unsigned i = 0; i < ram_map.ranges; i++)
		if (ram_map.range[i].kind == RAM_USABLE)
			last = (ram_map.range[i].start.v + ram_map.range[i].bytes) >> PAGE_SHIFT;
	mem_map = early_alloc(last * sizeof(struct page), PAGE_SIZE, node);
}

/* --- Spaces --- */

void arch_mm_init(struct arch_mm *mm, pte_t *root)
{
	const unsigned first = pt_index(PT_PGD, TASK_SIZE);

	mm->root = root;
	mm->cpu_mask = 0;
	for (unsigned i = first; i < 1U << PT_BITS(PT_PGD); i++)
		root[i] = swapper_pg_dir[i];
}

void arch_mm_exit(struct arch_mm *mm)
{
	const unsigned first = pt_index(PT_PGD, TASK_SIZE);

	memset(mm->root + first, 0, ((1U << PT_BITS(PT_PGD)) - first) * sizeof(pte_t));
	if (mm->segments.ldt)
		ldt_ops->free(mm->segments.ldt);
}

/* All top entries of the kernel are made at boot. */
bool kernel_entry_sync(unsigned long va)
{
	return false;
}
