/*
 * PCI configuration space, by the two ports of configuration mechanism #1 (PCI Local Bus
 * Specification 3.0, 3.2.2.3.2): which register, then its value. The pair is not guarded: at boot,
 * by one task.
 */
#pragma once

#include "lib/types.h"

/* A function of a device: bus << 8 | device << 3 | function. `reg` is a multiple of 4. */
u32 pci_config_read(u16 function, u8 reg);
void pci_config_write(u16 function, u8 reg, u32 value);
