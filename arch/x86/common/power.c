/*
 * Off, again, or halted.
 *
 * Off: ACPI's S5 (ACPI 6.4, 4.8.3.2): the type that \_S5 gives goes into the PM1
 * control registers together with the sleep-enable bit; firmware may first have to
 * be told to hand the registers over.  Again: the FADT's reset register, then the
 * keyboard controller's pulse on the reset line, then a triple fault, which no
 * machine survives.
 */
#include "arch/x86/common/internal.h"
#include "lib/assert.h"
#include "lib/printk.h"
#include "machine/clock.h"
#include "machine/power.h"

#define PM1_SCI_ENABLE   BIT(0)
#define PM1_SLEEP_TYPE   10 /* bit position */
#define PM1_SLEEP_ENABLE BIT(13)
#define PM1_SLEEP_MASK   0x3c00u

static void enter_s5(void)
{
	if (!acpi.has_s5 || !acpi.pm1a_control)
		return;
	if (acpi.smi_command && acpi.acpi_enable && !(inw(acpi.pm1a_control) & PM1_SCI_ENABLE)) {
		outb(acpi.smi_command, acpi.acpi_enable);
		for (int ms = 0; ms < 300 && !(inw(acpi.pm1a_control) & PM1_SCI_ENABLE); ms++)
			machine_delay_ns(1000000);
	}
	outw(acpi.pm1a_control, (inw(acpi.pm1a_control) & ~PM1_SLEEP_MASK) |
					acpi.s5_a << PM1_SLEEP_TYPE | PM1_SLEEP_ENABLE);
	if (acpi.pm1b_control)
		outw(acpi.pm1b_control, (inw(acpi.pm1b_control) & ~PM1_SLEEP_MASK) |
						acpi.s5_b << PM1_SLEEP_TYPE | PM1_SLEEP_ENABLE);
	machine_delay_ns(100000000);
}

void machine_halt(void)
{
	irq_disable();
	stop_other_cpus();
	for (;;)
		__asm__ volatile("cli; hlt");
}

void machine_poweroff(void)
{
	irq_disable();
	stop_other_cpus();
	enter_s5();
	pr_warn("The machine cannot switch itself off; halted.\n");
	machine_halt();
}

void machine_reboot(void)
{
	struct {
		u16 limit;
		unsigned long base;
	} __packed no_idt = {0};

	irq_disable();
	stop_other_cpus();
	if (acpi.reset.valid) {
		if (acpi.reset.memory) {
			volatile u8 *reset = fixmap_device(acpi.reset.address);

			if (reset)
				*reset = acpi.reset.value;
		} else {
			outb(acpi.reset.address, acpi.reset.value);
		}
		machine_delay_ns(50000000);
	}
	for (int tries = 0; tries < 10; tries++) {
		for (int wait = 0; wait < 1000 && inb(0x64) & 2; wait++) /* input buffer full */
			machine_delay_ns(10000);
		outb(0x64, 0xfe);
		machine_delay_ns(50000);
	}
	for (;;)
		__asm__ volatile("lidt %0; int3" ::"m"(no_idt));
}
