/*
 * Bringing up the other processors, from pid 1, before the initcalls.
 *
 *   per-CPU copy on its node -> floors prepare theirs -> idle task -> the machine
 *   starts it -> start_secondary() there: it joins, and idles
 *
 * A CPU that cannot be had (memory, or it does not answer) is left out.
 */
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/timer.h"
#include "lib/assert.h"
#include "lib/printf.h"
#include "lib/printk.h"
#include "lib/string.h"
#include "machine/ram.h"
#include "machine/smp.h"
#include "machine/upcall.h"
#include "mm/frame/frame.h"
#include "mm/kva/kva.h"
#include "mm/slab/slab.h"
#include "sync/percpu.h"

void __noreturn start_secondary(void)
{
	unsigned cpu = cpu_id();

	sched_cpu_init(cpu, current);
	fetch_or(&cpu_online_mask, BIT(cpu));
	irq_enable();
	cpu_idle();
}

static struct task_struct *make_idle_task(unsigned cpu)
{
	struct task_struct *t = task_alloc(&init_task);

	if (!t)
		return NULL;
	if (arch_thread_kernel(&t->thread, t->stack, KERNEL_STACK_SIZE, NULL, NULL)) {
		task_free_unseen(t);
		return NULL;
	}
	snprintf(t->comm, sizeof(t->comm), "swapper/%u", cpu);
	atomic_inc(&init_task.signal->count);
	t->signal = init_task.signal;
	atomic_inc(&init_task.sighand->count);
	t->sighand = init_task.sighand;
	t->group_leader = t;
	return t;
}

static int bring_up(unsigned cpu)
{
	size_t bytes = __stop_percpu - __start_percpu;
	void *copy = alloc_pages_exact_node(cpu_to_node(cpu), bytes, GFP_KERNEL | __GFP_ZERO);
	struct task_struct *idle;
	int err;

	if (!copy)
		return -ENOMEM;
	idle = make_idle_task(cpu);
	if (!idle) {
		free_pages_exact(copy, bytes);
		return -ENOMEM;
	}
	percpu_attach(cpu, copy);
	timers_cpu_init(cpu);
	err = frame_cpu_init(cpu);
	if (!err)
		err = slab_cpu_init(cpu);
	if (!err)
		err = machine_start_cpu(cpu, idle, &idle->thread);
	/* From here on nothing is given back: if it did not answer it may still do so late. */
	if (err)
		return err;
	while (!(READ_ONCE(cpu_online_mask) & BIT(cpu)))
		cpu_relax();
	return 0;
}

void smp_init(void)
{
	unsigned count = machine_cpu_count(), cpu;

	for (cpu = 1; cpu < count; cpu++) {
		int err = bring_up(cpu);

		if (err) {
			pr_err("CPU%u: not started (error %d)\n", cpu, err);
			break;
		}
	}
	machine_cpus_started();
	if (count > 1)
		pr_info("smp: brought up %u of %u CPUs\n", cpu, count);
}
