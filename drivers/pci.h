/*
 * PCI: finding functions and what they have (PCI Local Bus Specification 3.0, chapter 6). At boot.
 */
#pragma once

#include "machine/pci.h"

static inline u8 pci_read8(u16 function, u8 reg)
{
	return (u8)(pci_config_read(function, reg) >> (reg & 3) * 8);
}
static inline u16 pci_read16(u16 function, u8 reg)
{
	return (u16)(pci_config_read(function, reg) >> (reg & 2) * 8);
}

/*
 * The function behind `after` (PCI_NOWHERE: the first), of all buses that can be reached; PCI_NOWHERE
 * behind the last.
 */
#define PCI_NOWHERE 0xffff
u16 pci_next(u16 after);

/* Where the first capability with this id behind `after` (0: from the start) is; 0: there is none. */
u8 pci_capability(u16 function, u8 id, u8 after);

/* Bytes from `offset` on of memory range n (0..5), mapped for good; NULL: not memory, no address. */
volatile void *pci_map(u16 function, unsigned n, u64 offset, u32 bytes);

/* Let the function answer at its memory ranges and be the master of the bus. */
void pci_enable(u16 function);

/*
 * Call handler(arg) at the function's interrupts: by message (MSI-X table entry 0), then 1 is
 * returned, or by its line, then 0. -errno: neither can be had.
 */
int pci_request_irq(u16 function, void (*handler)(void *), void *arg, const char *name);
