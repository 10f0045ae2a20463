/*
 * An address space as the machine sees it, and the TLB.
 *
 * Which CPUs may hold translations of a space is in cpu_mask: switch_mm() sets
 * the bit before it loads the root, and a flush goes to the CPUs whose bit is
 * set (S15).  A CPU whose kernel thread borrows a space keeps its bit until the first flush.
 */
#pragma once

#include "lib/types.h"
#include "machine/pgtable.h"
#include "machine/segments.h"

struct arch_mm {
	pte_t *root;  /* the pgd, in the direct map; its page frame goes to cr3 */
	u64 cpu_mask; /* atomic: CPUs that may hold translations */
	struct space_segments segments;
};

extern pte_t swapper_pg_dir[]; /* the kernel's own root */

/* Give a new root the kernel's half (shared by all spaces). The pgd page is zeroed already. */
void arch_mm_init(struct arch_mm *mm, pte_t *root);
/* Take the kernel's half out of a root that no CPU uses any more: it is zeroed as it was. */
void arch_mm_exit(struct arch_mm *mm);
/* Load the space on this CPU. Interrupts off. A kernel thread passes the kernel's (NULL). */
void switch_mm(struct arch_mm *mm);
/*
 * A kernel thread runs next and leaves the space loaded that is: it may be needed again, and until
 * then is given up at the first flush. The caller keeps it alive. Interrupts off.
 */
void lazy_mm(void);

/*
 * Drop translations of user addresses [start, end) on every CPU that may have them. Waits. What
 * the CPUs remember of upper tables goes, too, whatever the range: tables may be freed after it.
 */
void tlb_flush_range(struct arch_mm *mm, unsigned long start, unsigned long end);
void tlb_flush_mm(struct arch_mm *mm);
/* One page, where the only change was to less strict (a spurious fault is harmless elsewhere). */
void tlb_flush_local_page(unsigned long va);
/* Kernel addresses, on all CPUs. */
void tlb_flush_kernel(unsigned long start, unsigned long end);
/* Call fn on every CPU that has the space loaded, its interrupts off, and wait until they all have. */
void call_where_loaded(struct arch_mm *mm, void (*fn)(struct arch_mm *mm));
