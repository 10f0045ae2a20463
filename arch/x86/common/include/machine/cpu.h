/*
 * The processor: number, interrupt state, waiting, time stamps.
 */
#pragma once

#include "lib/types.h"
#include "machine/words.h"

#define NR_CPUS (8 * (int)sizeof(long)) /* so that a mask of them is a word */

extern unsigned cpu_number __section("percpu"); /* template; each CPU's copy holds its number */

static __always_inline unsigned cpu_id(void)
{
	unsigned id;

	__asm__("movl " PERCPU_SEGMENT ":%1, %0" : "=r"(id) : "m"(cpu_number)); /* as in percpu.h */
	return id;
}

static __always_inline unsigned long irq_save(void)
{
	unsigned long flags;

	__asm__ volatile("pushf; pop %0; cli" : "=rm"(flags)::"memory");
	return flags;
}

#define EFLAGS_IF 0x200

static __always_inline void irq_restore(unsigned long flags)
{
	if (flags & EFLAGS_IF)
		__asm__ volatile("sti" ::: "memory");
}

static __always_inline void irq_disable(void)
{
	__asm__ volatile("cli" ::: "memory");
}

static __always_inline void irq_enable(void)
{
	__asm__ volatile("sti" ::: "memory");
}

static __always_inline bool irqs_disabled(void)
{
	unsigned long flags;

	__asm__ volatile("pushf; pop %0" : "=rm"(flags));
	return !(flags & EFLAGS_IF);
}

/* In a spin loop: tell the processor that it waits for another. */
static __always_inline void cpu_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}

/* A point where another CPU may get ahead: soft tries out orders here. Debug builds only. */
static __always_inline void cpu_interleave(void)
{
}

/* Enable interrupts and sleep until one arrives, without a gap between the two. */
static __always_inline void cpu_wait_for_interrupt(void)
{
	__asm__ volatile("sti; hlt" ::: "memory");
}

static __always_inline u64 cycles(void)
{
	u32 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return low | (u64)high << 32;
}
