/*
 * What cr3 holds with PAE (Intel SDM 3A, 4.4.1).
 *
 * The top table has four entries of a format of its own: bits that all other entries have must
 * be clear there, and the processor reads them only when cr3 is loaded. So the roots of spaces are
 * tables like all others, and each CPU has a table for the processor, filled from the
 * root when a space is loaded. When the root gets or loses a lower table later, the CPU is behind:
 * it notices when it faults or is told to flush (root_is_stale()).
 */
#pragma once

#include "arch/x86/common/x86.h"
#include "machine/mmu.h"
#include "machine/page.h"
#include "sync/percpu.h"

#define TOP_ENTRIES 4

struct hardware_root {
	pte_t entry[TOP_ENTRIES];
	pte_t *root; /* it was filled from */
};
DECLARE_PER_CPU(struct hardware_root, hardware_root);

static inline u64 top_entry(const pte_t *root, unsigned i)
{
	return root[i].v & (PTE_FRAME | PTE_P);
}

static inline void load_root(pte_t *root)
{
	struct hardware_root *own = &this_cpu(hardware_root);

	for (unsigned i = 0; i < TOP_ENTRIES; i++)
		own->entry[i].v = top_entry(root, i);
	own->root = root;
	barrier();
	write_cr3(virt_to_phys(own).v);
}
/* The same again: all translations but the global ones are forgotten. */
static inline void reload_root(void)
{
	load_root(this_cpu(hardware_root).root);
}
/* Does the CPU go by other top entries than the root has? (QEMU writes accessed bits into them.) */
static inline bool root_is_stale(void)
{
	const struct hardware_root *own = &this_cpu(hardware_root);
	u64 differs = 0;

	for (unsigned i = 0; i < TOP_ENTRIES - 1; i++) /* the kernel's never changes */
		differs |= top_entry(own->entry, i) ^ top_entry(own->root, i);
	return differs;
}
