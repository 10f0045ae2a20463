/*
 * Starting the other processors (Intel SDM 3A, 9.4).
 *
 * A processor that gets INIT and STARTUP interrupts begins in real mode at a page
 * below 1 MiB that the latter names.  The code there (the machine's trampoline.S, copied)
 * switches paging on with tables that map that page where it lies, and the kernel where
 * it always is (trampoline.c), and jumps into the kernel with the per-CPU data and the
 * stack of the CPU's idle task.  CPUs are started one after the other, so one set of
 * parameters is enough.
 */
#include "machine/smp.h"
#include "arch/x86/common/internal.h"
#include "arch/x86/common/smp.h"
#include "lib/errno.h"
#include "lib/printk.h"
#include "lib/string.h"
#include "machine/boot.h"
#include "machine/clock.h"
#include "machine/current.h"
#include "machine/mmu.h"
#include "x86/root.h"
#include "machine/thread.h"
#include "machine/upcall.h"
#include "mm/frame/frame.h"

#define INIT_WAIT_NS    10000000
#define STARTUP_WAIT_NS 200000
#define ANSWER_NS       1000000000

static bool reserved;
static unsigned answered; /* atomic: the last CPU that has reached the kernel */

void trampoline_reserve(void)
{
	if (!ram_is_usable(TRAMPOLINE, TRAMPOLINE + TRAMPOLINE_BYTES))
		return;
	early_reserve(PHYS(TRAMPOLINE), TRAMPOLINE_BYTES, "CPU start");
	reserved = true;
}

unsigned machine_cpu_count(void)
{
	char text[12];
	unsigned count = reserved && lapic_enabled ? nr_cpus_found : 1;

	if (boot_option("maxcpus", text, sizeof(text)))
		count = min(count, (unsigned)max(parse_number(text, NULL), 1ULL));
	return boot_option("nosmp", NULL, 0) ? 1 : count;
}

void machine_cpus_started(void)
{
	if (!reserved)
		return;
	reserved = false;
	free_reserved_range(PHYS(TRAMPOLINE), TRAMPOLINE_BYTES);
}

void machine_kick_cpu(unsigned cpu)
{
	unsigned long flags = irq_save();

	lapic_send(cpu, VECTOR_KICK);
	irq_restore(flags);
}

/* The new CPU's first C code, on its idle task's stack. */
void __noreturn secondary_entry(void)
{
	unsigned cpu = cpu_id();

	cpu_setup(cpu);
	load_root(swapper_pg_dir);
	lapic_setup_cpu();
	tick_init();
	store_release(&answered, cpu);
	start_secondary();
}

int machine_start_cpu(unsigned cpu, struct task_struct *idle, struct arch_thread *thread)
{
	u64 deadline;

	per_cpu(cpu_number, cpu) = cpu;
	per_cpu(percpu_self, cpu) = percpu_offset[cpu];
	per_cpu(current_task, cpu) = idle;
	per_cpu(current_thread, cpu) = thread;
	per_cpu(kernel_stack_top, cpu) = thread->stack_top;
	trampoline_prepare(cpu, thread->stack_top);

	lapic_send_init(cpu);
	machine_delay_ns(INIT_WAIT_NS);
	/* Twice, for the first may be missed (MultiProcessor Specification, B.4). */
	for (int tries = 0; tries < 2 && load_acquire(&answered) != cpu; tries++) {
		lapic_send_startup(cpu, TRAMPOLINE >> 12);
		machine_delay_ns(STARTUP_WAIT_NS);
	}
	deadline = machine_clock_ns() + ANSWER_NS;
	while (load_acquire(&answered) != cpu) {
		if (machine_clock_ns() > deadline)
			return -EIO;
		cpu_relax();
	}
	return 0;
}
