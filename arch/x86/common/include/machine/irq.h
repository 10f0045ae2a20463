/*
 * Device interrupts, by ISA number (0-15), from 16 on by IOAPIC input, and from NR_IRQ_LINES on
 * messages, which have no wire: what a PCI device writes to the local APIC (MSI, MSI-X).
 * Several handlers may share one line; each is called with interrupts off.
 */
#pragma once

#include "lib/types.h"

#define NR_IRQ_LINES 24
#define NR_IRQS      48

/*
 * Call handler(arg) on each interrupt; the line is opened. `name`, for people, is kept. 0, -EINVAL or
 * -ENOSPC. Any context.
 */
int request_irq(unsigned irq, void (*handler)(void *), void *arg, const char *name);
/*
 * The same for a message of its own: *address and *data are what the device has to write.
 * -ENODEV: the machine takes no messages (no local APIC). -ENOSPC.
 */
int request_message_irq(void (*handler)(void *), void *arg, const char *name, u64 *address,
			u32 *data);
void free_irq(unsigned irq, void (*handler)(void *), void *arg);
/* For /proc/interrupts and /proc/stat: how often a line arrived at a CPU, and all together. */
u64 irq_count(unsigned irq, unsigned cpu);
u64 irq_count_total(void);
/* The CPUs' own interrupts. */
enum cpu_irq {
	CPU_IRQ_TICK,
	CPU_IRQ_KICK,         /* look at your work word */
	CPU_IRQ_SHOOT,        /* drop translations of a space, */
	CPU_IRQ_SHOOT_KERNEL, /* or of the kernel's addresses */
	CPU_IRQ_SPURIOUS,
	NR_CPU_IRQS
};
u64 irq_count_cpu(enum cpu_irq which, unsigned cpu);
/* Who is called on a line: the n-th name, or NULL. */
const char *irq_name(unsigned irq, unsigned n);
const char *irq_chip_name(void); /* "IO-APIC" or "XT-PIC" */
