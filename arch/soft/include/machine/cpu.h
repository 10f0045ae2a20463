/*
 * The CPU is a token that a host thread holds while it runs (arch/soft/task.c).
 * There are no interrupts; the state of being switched off is kept so that the
 * lock checker can hold code to it.
 */
#pragma once

#include "lib/types.h"

#define NR_CPUS 64

struct task_struct;

/* What the running thread knows of itself: set when it is given a CPU. */
struct soft_cpu {
	unsigned long offset; /* of this CPU's per-CPU data */
	struct task_struct *task;
	unsigned id;
	bool irqs_off;
};
extern __thread struct soft_cpu soft_cpu __attribute__((tls_model("local-exec")));

static __always_inline unsigned cpu_id(void)
{
	return soft_cpu.id;
}

static __always_inline unsigned long irq_save(void)
{
	unsigned long flags = soft_cpu.irqs_off;

	soft_cpu.irqs_off = true;
	return flags;
}

static __always_inline void irq_restore(unsigned long flags)
{
	soft_cpu.irqs_off = flags;
}

static __always_inline void irq_disable(void)
{
	soft_cpu.irqs_off = true;
}

static __always_inline void irq_enable(void)
{
	soft_cpu.irqs_off = false;
}

static __always_inline bool irqs_disabled(void)
{
	return soft_cpu.irqs_off;
}

/* In a spin loop: the holder may not even be running. */
void cpu_relax(void);
/* A point where another CPU may get ahead: a seeded schedule may switch here. */
void cpu_interleave(void);
/* A clock for measuring: the host's time stamp counter, or nanoseconds where there is none. */
u64 cycles(void);
