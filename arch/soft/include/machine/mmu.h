/*
 * An address space as the machine sees it, and the TLB.
 *
 * Programs' addresses are translated by software (soft_access() in
 * machine/soft.h) through a small TLB per CPU, which goes stale like a real one
 * when a change is not followed by a flush.  The kernel's own ranges (vmalloc,
 * modules) are used by compiled code: there the host's page tables play the TLB.
 * A first touch traps, is looked up in the kernel's tables and mapped; a flush
 * unmaps.
 */
#pragma once

#include "lib/types.h"
#include "machine/pgtable.h"

struct arch_mm {
	pte_t *root;
	u64 cpu_mask; /* atomic: CPUs that may hold translations */
};

/* The kernel's own root: a frame above all RAM, so that it has a struct page like any table. */
extern pte_t *soft_kernel_root;
#define swapper_pg_dir soft_kernel_root

void arch_mm_init(struct arch_mm *mm, pte_t *root);
/* Take the kernel\'s half out of a root that no CPU uses any more: it is zeroed as it was. */
void arch_mm_exit(struct arch_mm *mm);
/* Load the space on this CPU. NULL: the kernel's. */
void switch_mm(struct arch_mm *mm);

/* Drop translations of user addresses [start, end) on every CPU that may have them. */
void tlb_flush_range(struct arch_mm *mm, unsigned long start, unsigned long end);
void tlb_flush_mm(struct arch_mm *mm);
/* One page, where the only change was to less strict (a spurious fault is harmless elsewhere). */
void tlb_flush_local_page(unsigned long va);
/* Kernel addresses, on all CPUs. */
void tlb_flush_kernel(unsigned long start, unsigned long end);
