/*
 * The page where other processors begin, made ready (arch/x86/common/smp.c):
 *
 *     TRAMPOLINE + 0    code and its parameters
 *                + 1    the root: the kernel's entries; [0] -> the next table
 *                + 2    (PAE: directory; [0] -> the table)
 *                + 2, 3 table: the trampoline's page where it lies
 */
#include "arch/x86/common/smp.h"
#include "arch/x86/common/internal.h"
#include "arch/x86/i386/segments.h"
#include "lib/string.h"
#include "machine/boot_tables.h"
#include "machine/mmu.h"
#include "arch/x86/i386/levels.h"

extern pte_t BOOT_ROOT[];
extern char trampoline_start[], trampoline_end[];

/* At the end of the trampoline's code; the order is known to trampoline.S. */
struct trampoline_parameters {
	u64 percpu_descriptor;
	u16 gdt_limit;
	u32 gdt;
	u16 unused;
	u32 root; /* physical */
	u32 cr4, efer, stack, entry;
} __packed;

static void build_tables(u8 *page)
{
	pte_t *table = (pte_t *)(page + PAGE_SIZE);
	pfn_t pfn = TRAMPOLINE >> PAGE_SHIFT;

	memcpy(table, BOOT_ROOT, PAGE_SIZE);
	for (enum pt_level level = PT_PGD; level > PT_PTE; level = level_below(level)) {
		pte_t *next = table + PT_ENTRIES;
		u64 entry = (u64)virt_to_pfn(next) << PAGE_SHIFT | PTE_P;

		/* With PAE the top entries have no such bit, and need none. */
		if (level == PT_PMD || PT_BITS(PT_PMD) == 0)
			entry |= PTE_W;
		table[0].v = entry;
		memset(next, 0, PAGE_SIZE);
		table = next;
	}
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
	p->efer = cpu_features.nx ? (u32)read_msr(MSR_EFER) : 0;
	p->stack = stack_top;
	p->entry = (u32)secondary_entry;
}
