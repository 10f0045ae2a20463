/*
 * PCI: what the firmware has set up, found again.
 *
 * Buses are numbered and memory ranges placed by the firmware; nothing is moved.  Behind a bridge is
 * the bus that its register says; buses are looked at in order of their numbers, since a bridge's
 * secondary bus has a higher number than the bus it is on:
 *
 *     bus 0:  device 1 | device 2: bridge -> 1 | ...        reachable = {0, 1}
 *     bus 1:  device 0 | ...
 *
 * Interrupts are messages where they can be: a device then has one to itself, and no table of
 * the firmware's must be asked where its line goes.  Where there is no local APIC it is the line that
 * the firmware wrote into the function's register.
 */
#include "drivers/pci.h"

#include "lib/bitmap.h"
#include "lib/errno.h"
#include "machine/irq.h"
#include "mm/kva/kva.h"
#include <linux/pci_regs.h>

#define BUSES           256
#define FUNCTIONS       8
#define TO_BRIDGE_CLASS 0x0604

static unsigned long reachable[BUSES / BITS_PER_LONG] = {1}; /* at boot, by one task */

static bool is_there(u16 function)
{
	return pci_read16(function, PCI_VENDOR_ID) != 0xffff;
}

static bool has_functions(u16 function)
{
	return pci_read8(function & ~(FUNCTIONS - 1), PCI_HEADER_TYPE) & 0x80;
}

u16 pci_next(u16 after)
{
	u32 at = after == PCI_NOWHERE ? 0 : after + 1u;

	while (at < PCI_NOWHERE) {
		if (!bitmap_test(reachable, at >> 8)) {
			at = ((at >> 8) + 1) << 8;
			continue;
		}
		if ((at % FUNCTIONS == 0 || has_functions((u16)at)) && is_there((u16)at)) {
			if (pci_read16((u16)at, PCI_CLASS_DEVICE) == TO_BRIDGE_CLASS)
				bitmap_set(reachable, pci_read8((u16)at, PCI_SECONDARY_BUS));
			return (u16)at;
		}
		at++;
	}
	return PCI_NOWHERE;
}

u8 pci_capability(u16 function, u8 id, u8 after)
{
	u8 at = after ? pci_read8(function, after + PCI_CAP_LIST_NEXT)
		      : pci_read8(function, PCI_CAPABILITY_LIST);

	if (!(pci_read16(function, PCI_STATUS) & PCI_STATUS_CAP_LIST))
		return 0;
	/* Not more than fit, should the list be a circle. */
	for (unsigned n = 0; n < 48 && at >= PCI_STD_HEADER_SIZEOF; n++) {
		at &= ~3;
		if (pci_read8(function, at) == id)
			return at;
		at = pci_read8(function, at + PCI_CAP_LIST_NEXT);
	}
	return 0;
}

volatile void *pci_map(u16 function, unsigned n, u64 offset, u32 bytes)
{
	const u8 reg = (u8)(PCI_BASE_ADDRESS_0 + 4 * n);
	u64 start;
	u32 low;

	if (n > 5)
		return NULL;
	low = pci_config_read(function, reg);
	if (low & PCI_BASE_ADDRESS_SPACE_IO)
		return NULL;
	start = low & ~0xfu;
	if ((low & PCI_BASE_ADDRESS_MEM_TYPE_MASK) == PCI_BASE_ADDRESS_MEM_TYPE_64) {
		if (n == 5)
			return NULL;
		start |= (u64)pci_config_read(function, reg + 4) << 32;
	}
	if (!start)
		return NULL;
	return ioremap(PHYS(start + offset), bytes);
}

static void write_command(u16 function, u16 set, u16 clear)
{
	/* The upper half are status bits that a one would clear. */
	const u16 now = pci_read16(function, PCI_COMMAND);

	pci_config_write(function, PCI_COMMAND, (now & ~clear) | set);
}

void pci_enable(u16 function)
{
	write_command(function, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
}

/* MSI-X: one message, in entry 0 of the table; all others stay masked. */
static int request_message(u16 function, void (*handler)(void *), void *arg, const char *name)
{
	const u8 cap = pci_capability(function, PCI_CAP_ID_MSIX, 0);
	volatile u32 *table;
	u32 where, data;
	u64 address;
	int err;

	if (!cap)
		return -ENODEV;
	where = pci_config_read(function, cap + PCI_MSIX_TABLE);
	table = pci_map(function, where & PCI_MSIX_TABLE_BIR, where & PCI_MSIX_TABLE_OFFSET,
			PCI_MSIX_ENTRY_SIZE);
	if (!table)
		return -ENOMEM;
	err = request_message_irq(handler, arg, name, &address, &data);
	if (err)
		return err;
	table[PCI_MSIX_ENTRY_LOWER_ADDR / 4] = (u32)address;
	table[PCI_MSIX_ENTRY_UPPER_ADDR / 4] = (u32)(address >> 32);
	table[PCI_MSIX_ENTRY_DATA / 4] = data;
	table[PCI_MSIX_ENTRY_VECTOR_CTRL / 4] = 0;
	pci_config_write(function, cap,
			 pci_config_read(function, cap) | PCI_MSIX_FLAGS_ENABLE << 16);
	write_command(function, PCI_COMMAND_INTX_DISABLE, 0);
	return 0;
}

int pci_request_irq(u16 function, void (*handler)(void *), void *arg, const char *name)
{
	u8 line;
	int err = request_message(function, handler, arg, name);

	if (!err)
		return 1;
	line = pci_read8(function, PCI_INTERRUPT_LINE);
	if (!pci_read8(function, PCI_INTERRUPT_PIN) || line == 0 || line == 0xff)
		return err;
	write_command(function, 0, PCI_COMMAND_INTX_DISABLE);
	return request_irq(line, handler, arg, name);
}
