/*
 * Interrupts of devices: from vector to line to the handlers that share it.
 *
 * Lines are ISA's 0-15 or, above, the IOAPIC's inputs; a line is opened when it gets
 * its first handler.  Messages (Intel SDM 3A, 11.11) come behind the lines, each with one handler
 * and without a controller to ask: the device writes the vector to the boot CPU's local APIC.  Handlers come from a small pool, so that request_irq() needs
 * no memory.  They are changed with interrupts off under irq_lock; the dispatcher
 * only follows links, and a handler that is removed keeps its link (free_irq() is
 * for drivers whose device is silent already).
 */
#include "arch/x86/common/internal.h"
#include "lib/errno.h"
#include "machine/boot.h"
#include "machine/irq.h"
#include "machine/upcall.h"
#include "sync/spinlock.h"

#define ACTIONS         64
#define MESSAGE_ADDRESS 0xfee00000u /* and the APIC it is for, from bit 12 on */

struct action {
	void (*handler)(void *);
	void *arg;
	const char *name;
	struct action *next;
};

static spinlock_t irq_lock = SPINLOCK_INIT(RANK_IRQ);
static struct action pool[ACTIONS];   /* (irq_lock) handler NULL: free */
static struct action *lines[NR_IRQS]; /* (irq_lock to change) */
static DEFINE_PER_CPU(u64, counts[NR_IRQS]);
static DEFINE_PER_CPU(u64, cpu_counts[NR_CPU_IRQS]);
static bool use_ioapic; /* constant after boot */

void interrupt(struct pt_regs *regs);

static void close_line(unsigned irq)
{
	if (irq >= NR_IRQ_LINES)
		return;
	if (use_ioapic)
		ioapic_mask(irq);
	else
		pic_mask(irq, true);
}

static void open_line(unsigned irq)
{
	if (use_ioapic)
		ioapic_route(irq, VECTOR_IRQ + irq);
	else
		pic_mask(irq, false);
}

/* A handler at the head of its line, or NULL when there are too many. (irq_lock) */
static struct action *add_action(unsigned irq, void (*handler)(void *), void *arg, const char *name)
{
	for (unsigned i = 0; i < ACTIONS; i++) {
		struct action *action = &pool[i];

		if (action->handler)
			continue;
		*action = (struct action){handler, arg, name, lines[irq]};
		store_release(&lines[irq], action);
		return action;
	}
	return NULL;
}

int request_irq(unsigned irq, void (*handler)(void *), void *arg, const char *name)
{
	struct action *action;
	unsigned long flags;

	if (irq >= (use_ioapic ? NR_IRQ_LINES : 16))
		return -EINVAL;
	flags = spin_lock_irqsave(&irq_lock);
	action = add_action(irq, handler, arg, name);
	if (action && !action->next)
		open_line(irq);
	spin_unlock_irqrestore(&irq_lock, flags);
	return action ? 0 : -ENOSPC;
}

int request_message_irq(void (*handler)(void *), void *arg, const char *name, u64 *address,
			u32 *data)
{
	unsigned irq = NR_IRQ_LINES;
	unsigned long flags;
	bool added;

	if (!lapic_enabled)
		return -ENODEV;
	flags = spin_lock_irqsave(&irq_lock);
	while (irq < NR_IRQS && lines[irq])
		irq++;
	added = irq < NR_IRQS && add_action(irq, handler, arg, name);
	spin_unlock_irqrestore(&irq_lock, flags);
	if (!added)
		return -ENOSPC;
	*address = MESSAGE_ADDRESS | cpu_apic_id[0] << 12;
	*data = VECTOR_IRQ + irq; /* fixed delivery, edge triggered */
	return 0;
}

void free_irq(unsigned irq, void (*handler)(void *), void *arg)
{
	unsigned long flags = spin_lock_irqsave(&irq_lock);

	for (struct action **link = &lines[irq]; *link; link = &(*link)->next) {
		struct action *action = *link;

		if (action->handler == handler && action->arg == arg) {
			WRITE_ONCE(*link, action->next);
			action->handler = NULL;
			break;
		}
	}
	if (!lines[irq])
		close_line(irq);
	spin_unlock_irqrestore(&irq_lock, flags);
}

static void dispatch(unsigned irq)
{
	this_cpu(counts)[irq]++;
	for (const struct action *a = load_acquire(&lines[irq]); a; a = a->next)
		if (a->handler)
			a->handler(a->arg);
}

static void tick(struct pt_regs *regs)
{
	this_cpu(cpu_counts)[CPU_IRQ_TICK]++;
	if (cpu_id() == 0)
		clock_tick();
	timer_tick(user_mode(regs));
}

static void device_interrupt(struct pt_regs *regs, unsigned irq)
{
	if (use_ioapic || irq >= NR_IRQ_LINES) {
		dispatch(irq);
		lapic_eoi();
		return;
	}
	if (pic_spurious(irq))
		return;
	if (irq != 0)
		dispatch(irq);
	pic_eoi(irq);
	if (irq == 0) /* the PIT is the tick where there is no local APIC */
		tick(regs);
}

void interrupt(struct pt_regs *regs)
{
	unsigned vector = regs->orig_ax;

	regs->orig_ax = -1;
	if (vector - VECTOR_IRQ < NR_IRQS) {
		device_interrupt(regs, vector - VECTOR_IRQ);
		return;
	}
	if (vector == VECTOR_SPURIOUS) {
		this_cpu(cpu_counts)[CPU_IRQ_SPURIOUS]++;
		return;
	}
	lapic_eoi();
	switch (vector) {
	case VECTOR_TICK: tick(regs); break;
	case VECTOR_KICK: this_cpu(cpu_counts)[CPU_IRQ_KICK]++; break;
	case VECTOR_SHOOT: tlb_shoot_interrupt(); break;
	case VECTOR_STOP:
		for (;;)
			__asm__ volatile("cli; hlt");
	}
}

u64 irq_count(unsigned irq, unsigned cpu)
{
	return per_cpu(counts, cpu)[irq];
}

void count_cpu_irq(enum cpu_irq which)
{
	this_cpu(cpu_counts)[which]++;
}

u64 irq_count_cpu(enum cpu_irq which, unsigned cpu)
{
	return per_cpu(cpu_counts, cpu)[which];
}

u64 irq_count_total(void)
{
	u64 sum = 0;
	unsigned cpu;

	for_each_online_cpu (cpu) {
		for (unsigned irq = 0; irq < NR_IRQS; irq++)
			sum += irq_count(irq, cpu);
		for (unsigned which = 0; which < NR_CPU_IRQS; which++)
			sum += irq_count_cpu(which, cpu);
	}
	return sum;
}

const char *irq_name(unsigned irq, unsigned n)
{
	const struct action *a = load_acquire(&lines[irq]);

	while (a && n-- > 0)
		a = load_acquire(&a->next);
	return a ? a->name : NULL;
}

const char *irq_chip_name(void)
{
	return use_ioapic ? "IO-APIC" : "XT-PIC";
}

void irq_init(void)
{
	if (cpu_features.apic && !boot_option("nolapic", NULL, 0))
		lapic_init();
	if (lapic_enabled && !boot_option("noapic", NULL, 0))
		use_ioapic = ioapic_init();
	pic_init(!use_ioapic);
}
