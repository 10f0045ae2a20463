/*
 * Where this CPU's copies of per-CPU data lie.
 */
#pragma once

#include "machine/cpu.h"

static __always_inline unsigned long cpu_offset(void)
{
	return soft_cpu.offset;
}
