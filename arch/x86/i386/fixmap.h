/*
 * What the pages at FIXMAP_START are used for, by slot. All are in one page table.
 */
#pragma once

#include "machine/cpu.h"
#include "machine/pgtable.h"

#define FIXMAP_READ       0 /* boot: phys_read() */
#define FIXMAP_DEVICES    1
#define FIXMAP_NR_DEVICES 63
#define FIXMAP_SLOTS      511 /* the last page of addresses is never mapped */

static inline unsigned long fixmap_address(unsigned slot)
{
	return FIXMAP_START + slot * PAGE_SIZE;
}
pte_t *fixmap_entry(unsigned slot);

void highmem_init(void); /* highmem.c */
