/*
 * Memory shared with the host: QEMU's ivshmem-plain device, whose second memory range is a
 * file of the host's.  (QEMU, docs/specs/ivshmem-spec.txt; PCI Local Bus Specification 3.0,
 * 3.2.2.3.2 and 6.2.5.)
 *
 * The firmware has given the range an address and turned it on; so all there is to do is to find
 * the device on the first bus, ask where the range is, and map it.
 */
#include "arch/x86/common/internal.h"
#include "lib/printk.h"
#include "machine/boot.h"
#include "machine/pci.h"

#define DEVICES       32u

#define IVSHMEM_ID    0x11101af4u /* device 1110, vendor 1af4 */
#define REGISTER_ID   0x00u
#define REGISTER_MODE 0x04u
#define MODE_MEMORY   BIT(1)
#define REGISTER_BAR2 0x18u
#define BAR_64BIT     0x4u
#define BAR_FLAGS     0xfu

static u32 config_read(unsigned device, unsigned reg)
{
	return pci_config_read((u16)(device << 3), (u8)reg);
}

static void config_write(unsigned device, unsigned reg, u32 value)
{
	pci_config_write((u16)(device << 3), (u8)reg, value);
}

static u64 config_read_bar(unsigned device)
{
	u64 bar = config_read(device, REGISTER_BAR2);

	if (bar & BAR_64BIT)
		bar |= (u64)config_read(device, REGISTER_BAR2 + 4) << 32;
	return bar;
}

/* How long the range is: bits of its address that cannot be set. */
static u64 range_bytes(unsigned device)
{
	const u64 bar = config_read_bar(device);
	u64 mask;

	config_write(device, REGISTER_BAR2, ~0u);
	if (bar & BAR_64BIT)
		config_write(device, REGISTER_BAR2 + 4, ~0u);
	mask = config_read_bar(device) & ~(u64)BAR_FLAGS;
	config_write(device, REGISTER_BAR2, (u32)bar);
	if (bar & BAR_64BIT)
		config_write(device, REGISTER_BAR2 + 4, (u32)(bar >> 32));
	else
		mask |= ~0ULL << 32;
	return -mask;
}

void *machine_shared_memory(size_t bytes)
{
	for (unsigned device = 0; device < DEVICES; device++) {
		u64 start, found;

		if (config_read(device, REGISTER_ID) != IVSHMEM_ID)
			continue;
		found = range_bytes(device);
		start = config_read_bar(device) & ~(u64)BAR_FLAGS;
		if (!start || found < bytes)
			continue;
		config_write(device, REGISTER_MODE,
			     (config_read(device, REGISTER_MODE) & 0xffff) | MODE_MEMORY);
		pr_info("Memory shared with the host: [mem 0x%016llx-0x%016llx]\n",
			(unsigned long long)start, (unsigned long long)(start + found - 1));
		return paging_map_shared(start, bytes);
	}
	return NULL;
}
