/*
 * Where this CPU's copies of per-CPU data lie: the segment in %fs is based at the distance from
 * the template, so %fs:symbol is the copy itself.
 */
#pragma once

#include "lib/types.h"

extern unsigned long percpu_self __section("percpu"); /* each copy holds its own distance */

static __always_inline unsigned long cpu_offset(void)
{
	unsigned long offset;

	/* A memory operand: not to be carried over a call that may sleep and move to another CPU. */
	__asm__("movl %%fs:%1, %0" : "=r"(offset) : "m"(percpu_self));
	return offset;
}
