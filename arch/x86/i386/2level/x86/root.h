/*
 * What cr3 holds: the frame of the root itself. For the machine's own files.
 */
#pragma once

#include "arch/x86/common/x86.h"
#include "arch/x86/i386/hardware_tasks.h"
#include "machine/mmu.h"
#include "machine/page.h"

static inline void load_root(pte_t *root)
{
	if (likely(!hardware_tasks)) /* else the switch to a task of that space loads it */
		write_cr3(virt_to_phys(root).v);
}
/* The same again: all translations but the global ones are forgotten. */
static inline void reload_root(void)
{
	write_cr3(read_cr3());
}
/* Does the CPU go by other top entries than the root has? */
static inline bool root_is_stale(void)
{
	return false;
}
