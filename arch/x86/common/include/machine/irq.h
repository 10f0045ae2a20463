/*
 * Device interrupts, by ISA number (0-15) or, from 16 on, by IOAPIC input.
 * Several handlers may share one line; each is called with interrupts off.
 */
#pragma once

#include "lib/types.h"

#define NR_IRQS 24

/* Call handler(arg) on each interrupt; the line is opened. 0, -EINVAL or -ENOSPC. Any context. */
int request_irq(unsigned irq, void (*handler)(void *), void *arg);
void free_irq(unsigned irq, void (*handler)(void *), void *arg);
/* For /proc/interrupts and /proc/stat: how often the line, or a CPU's tick, fired. */
u64 irq_count(unsigned irq);
u64 irq_count_tick(unsigned cpu);
u64 irq_count_total(void);
const char *irq_chip_name(void); /* "IO-APIC" or "XT-PIC" */
