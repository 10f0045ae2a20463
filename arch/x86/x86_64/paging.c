/*
 * The kernel's page tables: from the boot tables of head.S to the final ones.
 *
 *   1. The image gets 4 KiB pages of its own at KERNEL_BASE, and the mapping at 0
 *      goes.  Text is r-x already; the rest stays writable until paging_protect_image().
 *   2. The direct map is made anew range by range of usable RAM, with the largest
 *      pages that fit; nothing else is in it (no device, no hole).  Around the
 *      image it has 4 KiB pages, because the aliases of text and constants are
 *      read-only there: no byte of the kernel is writable and executable by any
 *      two addresses.
 *   3. mem_map's stretches are mapped when frame_init() asks for them.
 *
 * Tables come from early memory below 1 GiB, which the boot tables map from the
 * start.  The upper half of swapper_pg_dir is copied into each new space
 * (arch_mm_init), so its entries for all regions are made here, once; below them
 * all spaces share the tables.
 *
 * The last 2 MiB region in use, at FIXMAP_START, has a static table: slots for
 * device registers and one window (phys_read) onto any physical page.
 */
#include "arch/x86/common/internal.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "machine/mmu.h"
#include "machine/upcall.h"
#include "mm/frame/frame.h"

extern pte_t kernel_pud[], fixmap_pt[]; /* head.S */

#define BOOT_MAPPED BIT(30)
#define WINDOW_SLOT 511
#ifdef PAGODA_FAKE_HIGHMEM
#define LARGE_PAGES false /* pages go from the direct map and come back one by one */
#else
#define LARGE_PAGES true
#endif
#define KERNEL_HALF (PT_ENTRIES / 2)
#define WINDOW_VA   (FIXMAP_START + WINDOW_SLOT * PAGE_SIZE)

/* Entries of swapper_pg_dir's upper half that are in use. Constant after boot. */
static u16 kernel_entry[64];
static unsigned kernel_entries;

bool phys_read(void *to, u64 from, size_t bytes)
{
	while (bytes) {
		size_t offset = from & (PAGE_SIZE - 1);
		size_t n = min(bytes, PAGE_SIZE - offset);

		if (from >> cpu_features.phys_bits)
			return false;
		pte_set(&fixmap_pt[WINDOW_SLOT], mk_pte(from >> PAGE_SHIFT, KERNEL_PROT_RO));
		invlpg(WINDOW_VA);
		memcpy(to, (const char *)WINDOW_VA + offset, n);
		to = (char *)to + n;
		from += n;
		bytes -= n;
	}
	return true;
}

volatile void *fixmap_device(u64 address)
{
	static unsigned used;
	unsigned long va = FIXMAP_START + used * PAGE_SIZE;

	if (used >= WINDOW_SLOT || address >> cpu_features.phys_bits)
		return NULL;
	pte_set(&fixmap_pt[used++], mk_pte(address >> PAGE_SHIFT, KERNEL_PROT_DEV));
	invlpg(va);
	return (volatile char *)va + (address & (PAGE_SIZE - 1));
}

static pte_t *new_table(void)
{
	return early_alloc_below(PAGE_SIZE, PAGE_SIZE, PHYS(BOOT_MAPPED));
}

/* The entry for va at `level`, with the tables above it. Stops at a large page: NULL. */
static pte_t *entry_at(unsigned long va, enum pt_level level)
{
	pte_t *table = swapper_pg_dir;

	for (enum pt_level at = PT_PGD;; at = at == PT_PGD ? PT_PUD : at - 1) {
		pte_t *entry = table + pt_index(at, va);

		if (at == level)
			return entry;
		if (pte_none(*entry))
			pte_set(entry, mk_table(virt_to_pfn(new_table()), false));
		else if (at != PT_PGD && pte_large(*entry))
			return NULL;
		table = pfn_to_virt(pte_pfn(*entry));
	}
}

/* --- 1: the image --- */

static void map_image(void)
{
	pte_t *pmd = new_table();

	for (unsigned long va = (unsigned long)_text; va < (unsigned long)_end; va += PAGE_SIZE) {
		pte_t *slot = pmd + pt_index(PT_PMD, va);
		pgprot_t prot = va < (unsigned long)_rodata ? KERNEL_PROT_RX : KERNEL_PROT_RW;

		if (pte_none(*slot))
			pte_set(slot, mk_table(virt_to_pfn(new_table()), false));
		if (va != (unsigned long)_boot_stack_guard)
			pte_set((pte_t *)pfn_to_virt(pte_pfn(*slot)) + pt_index(PT_PTE, va),
				mk_pte(virt_to_pfn((void *)va), prot));
	}
	pte_set(&kernel_pud[pt_index(PT_PUD, KERNEL_BASE)], mk_table(virt_to_pfn(pmd), false));
	pte_set(&swapper_pg_dir[0], (pte_t){0});
	write_cr3(read_cr3());
}

void paging_protect_image(void)
{
	for (unsigned long va = (unsigned long)_rodata; va < (unsigned long)_erodata;
	     va += PAGE_SIZE)
		pte_set(entry_at(va, PT_PTE), mk_pte(virt_to_pfn((void *)va), KERNEL_PROT_RO));
	tlb_flush_kernel((unsigned long)_rodata, (unsigned long)_erodata);
}

/* --- 2: the direct map --- */

static bool holds_image(u64 start, u64 end)
{
	return start < virt_to_phys(_erodata).v && virt_to_phys(_text).v < end;
}

/*
 * Map what is usable of [start, start + PT_SIZE(level)) by the entry `slot`. In the first GiB
 * an old large page stands there and is replaced at once by what is right.
 */
static void map_direct(pte_t *slot, u64 start, enum pt_level level)
{
	u64 size = PT_SIZE(level);
	pfn_t pfn = start >> PAGE_SHIFT;
	pte_t *table;

	if (level == PT_PTE) {
		pgprot_t prot = holds_image(start, start + size) ? KERNEL_PROT_RO : KERNEL_PROT_RW;

		pte_set(slot, ram_is_usable(start, start + size) ? mk_pte(pfn, prot) : (pte_t){0});
		return;
	}
	if (LARGE_PAGES && (level == PT_PMD || cpu_features.gbpages) &&
	    !holds_image(start, start + size) && ram_is_usable(start, start + size)) {
		pte_set(slot, mk_large_pte(pfn, KERNEL_PROT_RW));
		return;
	}
	if (!ram_touches(start, start + size)) {
		pte_set(slot, (pte_t){0});
		return;
	}
	if (pte_none(*slot) || pte_large(*slot)) {
		table = new_table();
		for (unsigned i = 0; i < PT_ENTRIES; i++)
			map_direct(table + i, start + i * PT_SIZE(level - 1), level - 1);
		pte_set(slot, mk_table(virt_to_pfn(table), false));
	} else {
		table = pfn_to_virt(pte_pfn(*slot));
		for (unsigned i = 0; i < PT_ENTRIES; i++)
			map_direct(table + i, start + i * PT_SIZE(level - 1), level - 1);
	}
}

void paging_init(void)
{
	static const unsigned long regions[] = {VMALLOC_START, MEM_MAP_BASE};
	u64 end = 0;

	map_image();
	for (unsigned i = 0; i < ram_map.ranges; i++)
		if (ram_map.range[i].kind == RAM_USABLE)
			end = ram_map.range[i].start.v + ram_map.range[i].bytes;
	for (u64 start = 0; start < end; start += PT_SIZE(PT_PUD))
		map_direct(entry_at(DIRECT_MAP_BASE + start, PT_PUD), start, PT_PUD);
	for (unsigned i = 0; i < ARRAY_SIZE(regions); i++)
		entry_at(regions[i], PT_PUD);
	tlb_flush_kernel(0, ~0UL);

	for (unsigned i = KERNEL_HALF; i < PT_ENTRIES; i++) {
		if (pte_none(swapper_pg_dir[i]))
			continue;
		BUG_ON(kernel_entries == ARRAY_SIZE(kernel_entry));
		kernel_entry[kernel_entries++] = i;
	}
}

void *paging_map_shared(u64 start, u64 bytes)
{
	const u64 end = start + bytes;

	/* One top-level entry of the direct map is made by paging_init() and known to all spaces. */
	if (!IS_ALIGNED(start | bytes, PT_SIZE(PT_PMD)) || end > PT_SIZE(PT_PGD) ||
	    ram_touches(start, end))
		return NULL;
	for (u64 at = start; at < end; at += PT_SIZE(PT_PMD)) {
		pte_t *entry = entry_at(DIRECT_MAP_BASE + at, PT_PMD);

		if (!entry || !pte_none(*entry))
			return NULL;
		pte_set(entry, mk_large_pte(at >> PAGE_SHIFT, KERNEL_PROT_RW));
	}
	return (void *)(DIRECT_MAP_BASE + start);
}

/* --- 3: mem_map --- */

void machine_map_mem_map(pfn_t start, pfn_t end, int node)
{
	const unsigned long descriptor = sizeof(struct page);
	unsigned long va = ALIGN_DOWN(MEM_MAP_BASE + start * descriptor, PAGE_SIZE);
	unsigned long last = ALIGN_UP(MEM_MAP_BASE + end * descriptor, PAGE_SIZE);

	while (va < last) {
		pte_t *entry = entry_at(va, PT_PMD);

		if (pte_none(*entry) && IS_ALIGNED(va, PT_SIZE(PT_PMD)) &&
		    last - va >= PT_SIZE(PT_PMD)) {
			void *memory = early_alloc(PT_SIZE(PT_PMD), PT_SIZE(PT_PMD), node);

			pte_set(entry, mk_large_pte(virt_to_pfn(memory), KERNEL_PROT_RW));
			va += PT_SIZE(PT_PMD);
			continue;
		}
		entry = entry_at(va, PT_PTE);
		if (entry && pte_none(*entry)) /* else a neighbour's page covers it already */
			pte_set(entry, mk_pte(virt_to_pfn(early_alloc(PAGE_SIZE, PAGE_SIZE, node)),
					      KERNEL_PROT_RW));
		va += PAGE_SIZE;
	}
}

/* --- Spaces --- */

void arch_mm_init(struct arch_mm *mm, pte_t *root)
{
	mm->root = root;
	mm->cpu_mask = 0;
	for (unsigned i = 0; i < kernel_entries; i++)
		root[kernel_entry[i]] = swapper_pg_dir[kernel_entry[i]];
}

void arch_mm_exit(struct arch_mm *mm)
{
	for (unsigned i = 0; i < kernel_entries; i++)
		mm->root[kernel_entry[i]] = (pte_t){0};
}

/* A kernel region grew by a whole top entry after the running space was made: take it over. */
bool kernel_entry_sync(unsigned long va)
{
	pte_t *root = pfn_to_virt(read_cr3() >> PAGE_SHIFT);
	unsigned i = pt_index(PT_PGD, va);

	if (i < KERNEL_HALF || pte_none(swapper_pg_dir[i]) || !pte_none(pte_get(&root[i])))
		return false;
	pte_set(&root[i], swapper_pg_dir[i]);
	return true;
}
