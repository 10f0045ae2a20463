/*
 * Where this CPU's copies of per-CPU data lie: %gs is based at the distance from
 * the template, so %gs:symbol is the copy itself.
 */
#pragma once

#include "lib/types.h"

extern unsigned long percpu_self __section("percpu"); /* each copy holds its own distance */

static __always_inline unsigned long cpu_offset(void)
{
	unsigned long offset;

	__asm__("movq %%gs:%P1, %0" : "=r"(offset) : "i"(&percpu_self));
	return offset;
}
