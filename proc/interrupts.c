/*
 * /proc/interrupts: which interrupts came to which CPU, how often.
 *
 * First the devices' lines with who is called, then what the CPUs send each other and themselves,
 * named as on Linux.  TLB counts the requests to drop translations of a program's memory that the CPU
 * answered, CAL those of the kernel's own addresses; who sends one is not in it.
 */
#include "kernel/initcall.h"
#include "machine/irq.h"
#include "proc/proc.h"
#include "sync/percpu.h"

static void show_line(struct seq_file *m, unsigned irq)
{
	const char *name;
	unsigned cpu;

	seq_printf(m, "%3u:", irq);
	for_each_online_cpu (cpu)
		seq_printf(m, " %10llu", (unsigned long long)irq_count(irq, cpu));
	seq_printf(m, "   %s  %2u-edge      ", irq < NR_IRQ_LINES ? irq_chip_name() : "PCI-MSI",
		   irq);
	for (unsigned n = 0; (name = irq_name(irq, n)); n++)
		seq_printf(m, "%s%s", n ? ", " : "", name);
	seq_putc(m, '\n');
}

static int show_interrupts(struct seq_file *m, void *unused)
{
	static const struct {
		char name[4];
		enum cpu_irq which;
		const char *what;
	} own[] = {
		{"LOC", CPU_IRQ_TICK, "Local timer interrupts"},
		{"SPU", CPU_IRQ_SPURIOUS, "Spurious interrupts"},
		{"RES", CPU_IRQ_KICK, "Rescheduling interrupts"},
		{"CAL", CPU_IRQ_SHOOT_KERNEL, "Function call interrupts"},
		{"TLB", CPU_IRQ_SHOOT, "TLB shootdowns"},
	};
	unsigned cpu;

	seq_puts(m, "    ");
	for_each_online_cpu (cpu)
		seq_printf(m, "       CPU%-u", cpu);
	seq_putc(m, '\n');
	for (unsigned irq = 0; irq < NR_IRQS; irq++)
		if (irq_name(irq, 0))
			show_line(m, irq);
	for (unsigned i = 0; i < ARRAY_SIZE(own); i++) {
		seq_printf(m, "%s:", own[i].name);
		for_each_online_cpu (cpu)
			seq_printf(m, " %10llu",
				   (unsigned long long)irq_count_cpu(own[i].which, cpu));
		seq_printf(m, "   %s\n", own[i].what);
	}
	return 0;
}

static int interrupts_init(void)
{
	proc_create("interrupts", 0444, show_interrupts, NULL, NULL);
	return 0;
}
INITCALL(INIT_LATE, interrupts_init);
