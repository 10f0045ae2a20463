/*
 * The page where other processors begin, made ready (arch/x86/common/smp.c):
 *
 *     TRAMPOLINE + 0    code and its parameters
 *                + 1    directory: the kernel's entries; [0] -> the table
 *                + 2    table: the trampoline's pages where they lie
 */
#include "arch/x86/common/smp.h"
#include "arch/x86/common/internal.h"
#include "arch/x86/i386/segments.h"
#include "lib/string.h"
#include "machine/mmu.h"
#include "mm/pgtable/pgtable.h"

extern char trampoline_start[], trampoline_end[];

/* At the end of the trampoline's code; the order is known to trampoline.S. */
struct trampoline_parameters {
	u64 percpu_descriptor;
	u16 gdt_limit;
	u32 gdt;
	u16 unused;
	u32 root; /* physical */
	u32 cr4, stack, entry;
} __packed;

static void build_tables(u8 *page)
{
	pte_t *root = (pte_t *)(page + PAGE_SIZE), *table = (pte_t *)(page + 2 * PAGE_SIZE);
	const pfn_t pfn = TRAMPOLINE >> PAGE_SHIFT;

	memcpy(root, swapper_pg_dir, (1U << PT_BITS(pt_top())) * sizeof(pte_t));
	memset(table, 0, PAGE_SIZE);
	root[0] = mk_table(pfn + 2, false);
	table[pt_index(PT_PTE, TRAMPOLINE)] = mk_pte(pfn, KERNEL_PROT_RX);
}

void trampoline_prepare(unsigned cpu, unsigned long stack_top)
{
	u8 *page = phys_to_virt(PHYS(TRAMPOLINE));
	struct trampoline_parameters *p;

	memcpy(page, trampoline_start, trampoline_end - trampoline_start);
	build_tables(page);
	p = (void *)(page + (trampoline_end - trampoline_start) - sizeof(*p));
	p->percpu_descriptor = SEGMENT(percpu_offset[cpu], 0xfffff, SEGMENT_DATA | SEGMENT_FLAT);
	p->root = TRAMPOLINE + PAGE_SIZE;
	p->cr4 = read_cr4() & ~(CR4_SMEP | CR4_SMAP);
	p->stack = stack_top;
	p->entry = (u32)secondary_entry;
}
