/*
 * PCI configuration space (machine/pci.h).
 */
#include "arch/x86/common/x86.h"
#include "machine/pci.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc
#define CONFIG_ENABLE  0x80000000u

static void choose(u16 function, u8 reg)
{
	outl(CONFIG_ADDRESS, CONFIG_ENABLE | (u32)function << 8 | (reg & 0xfc));
}

u32 pci_config_read(u16 function, u8 reg)
{
	choose(function, reg);
	return inl(CONFIG_DATA);
}

void pci_config_write(u16 function, u8 reg, u32 value)
{
	choose(function, reg);
	outl(CONFIG_DATA, value);
}
