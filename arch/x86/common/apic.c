/*
 * The local APIC (timer, interrupts between processors) and the IOAPIC (device
 * lines).  Intel SDM 3A, chapter 11; 82093AA data sheet.
 *
 * All device lines go to the boot CPU.  ISA lines are edge triggered and active
 * high on the input of the same number unless the MADT overrides that.
 */
#include "arch/x86/common/internal.h"
#include "machine/irq.h"

#define LAPIC_ID       0x20
#define LAPIC_TPR      0x80
#define LAPIC_EOI      0xb0
#define LAPIC_SPURIOUS 0xf0
#define LAPIC_ICR_LOW  0x300
#define LAPIC_ICR_HIGH 0x310
#define LAPIC_TIMER    0x320
#define LAPIC_LINT0    0x350
#define LAPIC_LINT1    0x360
#define LAPIC_ERROR    0x370
#define LAPIC_INITIAL  0x380
#define LAPIC_CURRENT  0x390
#define LAPIC_DIVIDE   0x3e0

#define LVT_MASKED     BIT(16)
#define LVT_PERIODIC   BIT(17)
#define LVT_NMI        0x400
#define ICR_INIT       0x4500 /* asserted */
#define ICR_STARTUP    0x4600
#define ICR_NMI        0x4400
#define ICR_PENDING    BIT(12)
#define ICR_OTHERS     (3u << 18)
#define DIVIDE_BY_16   3

#define IOAPIC_VERSION 1
#define IOAPIC_ROUTE   0x10 /* two registers per input */
#define ROUTE_LOW      BIT(13)
#define ROUTE_LEVEL    BIT(15)
#define ROUTE_MASKED   BIT(16)

bool lapic_enabled;
static volatile u32 *lapic; /* constant after boot */

static volatile u32 *ioapic; /* index register at 0, data at 0x10; under irq_lock */
static unsigned ioapic_inputs;

static u32 lapic_read(unsigned reg)
{
	return lapic[reg / 4];
}

static void lapic_write(unsigned reg, u32 value)
{
	lapic[reg / 4] = value;
}

u32 lapic_id(void)
{
	return lapic_read(LAPIC_ID) >> 24;
}

void lapic_eoi(void)
{
	lapic_write(LAPIC_EOI, 0);
}

void lapic_setup_cpu(void)
{
	write_msr(MSR_APIC_BASE, read_msr(MSR_APIC_BASE) | BIT(11));
	lapic_write(LAPIC_TPR, 0);
	lapic_write(LAPIC_TIMER, LVT_MASKED);
	lapic_write(LAPIC_LINT0, LVT_MASKED);
	lapic_write(LAPIC_LINT1, LVT_NMI);
	lapic_write(LAPIC_ERROR, LVT_MASKED);
	lapic_write(LAPIC_SPURIOUS, 0x100 | VECTOR_SPURIOUS); /* enabled */
}

void lapic_init(void)
{
	u64 base = read_msr(MSR_APIC_BASE);

	if (base & BIT(10)) /* firmware left it in x2APIC mode, which it cannot leave */
		return;
	lapic = fixmap_device(base & PTE_FRAME);
	if (!lapic)
		return;
	lapic_setup_cpu();
	lapic_enabled = true;
}

static void wait_sent(void)
{
	while (lapic_read(LAPIC_ICR_LOW) & ICR_PENDING)
		cpu_relax();
}

void lapic_send(unsigned cpu, u32 vector)
{
	wait_sent();
	lapic_write(LAPIC_ICR_HIGH, cpu_apic_id[cpu] << 24);
	lapic_write(LAPIC_ICR_LOW, vector);
	wait_sent();
}

void lapic_send_init(unsigned cpu)
{
	lapic_send(cpu, ICR_INIT);
}

void lapic_send_startup(unsigned cpu, u8 page)
{
	lapic_send(cpu, ICR_STARTUP | page);
}

void lapic_send_others(u8 vector)
{
	wait_sent();
	lapic_write(LAPIC_ICR_LOW, ICR_OTHERS | vector);
	wait_sent();
}

void lapic_send_nmi(unsigned cpu)
{
	u32 high;

	wait_sent();
	high = lapic_read(LAPIC_ICR_HIGH); /* whom we interrupted may be about to send */
	lapic_send(cpu, ICR_NMI);
	lapic_write(LAPIC_ICR_HIGH, high);
}

void lapic_timer_count(void)
{
	lapic_write(LAPIC_DIVIDE, DIVIDE_BY_16);
	lapic_write(LAPIC_TIMER, LVT_MASKED);
	lapic_write(LAPIC_INITIAL, ~0u);
}

u32 lapic_timer_elapsed(void)
{
	return ~0u - lapic_read(LAPIC_CURRENT);
}

void lapic_timer_start(u32 period, u8 vector)
{
	lapic_write(LAPIC_DIVIDE, DIVIDE_BY_16);
	lapic_write(LAPIC_TIMER, LVT_PERIODIC | vector);
	lapic_write(LAPIC_INITIAL, period);
}

static u32 ioapic_read(u32 reg)
{
	ioapic[0] = reg;
	return ioapic[4];
}

static void ioapic_write(u32 reg, u32 value)
{
	ioapic[0] = reg;
	ioapic[4] = value;
}

bool ioapic_init(void)
{
	if (!acpi.ioapic.base)
		return false;
	ioapic = fixmap_device(acpi.ioapic.base);
	if (!ioapic)
		return false;
	ioapic_inputs = (ioapic_read(IOAPIC_VERSION) >> 16 & 0xff) + 1;
	if (ioapic_inputs > 240) /* nothing answers there */
		return false;
	for (unsigned i = 0; i < ioapic_inputs; i++)
		ioapic_write(IOAPIC_ROUTE + 2 * i, ROUTE_MASKED);
	return true;
}

/* The input a line arrives at, and how it signals. False: not at this IOAPIC. */
static bool find_input(unsigned irq, u32 *input, u32 *mode)
{
	u32 global = irq;
	u8 flags = 0;

	if (irq < 16) {
		global = acpi.isa[irq].global;
		flags = acpi.isa[irq].flags;
		*mode = ((flags & 3) == 3 ? ROUTE_LOW : 0) | ((flags & 12) == 12 ? ROUTE_LEVEL : 0);
	} else {
		*mode = ROUTE_LOW | ROUTE_LEVEL; /* PCI's convention */
	}
	*input = global - acpi.ioapic.first;
	return *input < ioapic_inputs;
}

void ioapic_route(unsigned irq, u8 vector)
{
	u32 input, mode;

	if (!find_input(irq, &input, &mode))
		return;
	ioapic_write(IOAPIC_ROUTE + 2 * input + 1, cpu_apic_id[0] << 24);
	ioapic_write(IOAPIC_ROUTE + 2 * input, mode | vector);
}

void ioapic_mask(unsigned irq)
{
	u32 input, mode;

	if (find_input(irq, &input, &mode))
		ioapic_write(IOAPIC_ROUTE + 2 * input, ROUTE_MASKED);
}
