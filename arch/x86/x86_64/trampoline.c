/*
 * The page where other processors begin, made ready (arch/x86/common/smp.c):
 *
 *     TRAMPOLINE + 0    code and its parameters
 *                + 1    pgd: the kernel's entries; [0] -> pud [0] -> pmd [0]: 2 MiB at 0
 *                + 2    pud
 *                + 3    pmd
 */
#include "arch/x86/common/smp.h"
#include "arch/x86/common/internal.h"
#include "lib/string.h"
#include "machine/mmu.h"

extern char trampoline_start[], trampoline_end[];

/* At the end of the trampoline's code; the order is known to trampoline.S. */
struct trampoline_parameters {
	u64 root; /* physical, below 4 GiB */
	u64 efer, cr4;
	u64 gs_base, stack, entry;
};

static void build_tables(u8 *page)
{
	u64 *pgd = (u64 *)(page + PAGE_SIZE), *pud = pgd + 512, *pmd = pud + 512;

	memcpy(pgd, swapper_pg_dir, PAGE_SIZE);
	memset(pud, 0, 2 * PAGE_SIZE);
	pgd[0] = (TRAMPOLINE + 2 * PAGE_SIZE) | PTE_P | PTE_W;
	pud[0] = (TRAMPOLINE + 3 * PAGE_SIZE) | PTE_P | PTE_W;
	pmd[0] = PTE_P | PTE_W | PTE_PS;
}

void trampoline_prepare(unsigned cpu, unsigned long stack_top)
{
	u8 *page = phys_to_virt(PHYS(TRAMPOLINE));
	struct trampoline_parameters *p;

	memcpy(page, trampoline_start, trampoline_end - trampoline_start);
	build_tables(page);
	p = (void *)(page + (trampoline_end - trampoline_start) - sizeof(*p));
	*p = (struct trampoline_parameters){
		.root = TRAMPOLINE + PAGE_SIZE,
		.efer = read_msr(MSR_EFER) & ~EFER_LMA,
		.cr4 = read_cr4() & ~(u64)(CR4_SMEP | CR4_SMAP),
		.gs_base = percpu_offset[cpu],
		.stack = stack_top,
		.entry = (u64)secondary_entry,
	};
}
