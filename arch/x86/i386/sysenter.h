/*
 * SYSENTER: for the machine's own files.
 */
#pragma once

#ifndef __ASSEMBLER__
#include "arch/x86/common/internal.h"

#define MSR_SYSENTER_ESP 0x175

/* This CPU's door, and once what the vDSO does for want of one. After cpu_detect(). */
void sysenter_setup(unsigned cpu);

/* Where the door's stack ends while the task runs that is about to; interrupts off. */
static inline void sysenter_stack(unsigned long top)
{
	if (cpu_features.sep)
		write_msr(MSR_SYSENTER_ESP, top);
}
#endif

#define SPACE_VDSO 16 /* offset in struct arch_mm of where the vDSO is */
