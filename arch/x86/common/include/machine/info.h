/*
 * What the machine tells programs of itself.
 */
#pragma once

#include "lib/types.h"
#include "machine/program.h" /* MACHINE_NAME, ... */

/* The block of /proc/cpuinfo for one CPU, with a final blank line; bytes stored (< size). */
int machine_cpuinfo(char *buf, size_t size, unsigned cpu);

/* 64 bits that an outsider cannot guess, as good as the CPU gives (RDSEED, RDRAND, TSC mixed). */
u64 machine_entropy(void);

/* For the auxiliary vector: AT_HWCAP, AT_HWCAP2, AT_MINSIGSTKSZ. */
unsigned long machine_hwcap(void);
unsigned long machine_hwcap2(void);
unsigned long machine_minsigstksz(void);
