/*
 * What the machine tells programs of itself.
 */
#pragma once

#include "lib/types.h"

/* The block of /proc/cpuinfo for one CPU, with a final blank line; bytes stored (< size). */
int machine_cpuinfo(char *buf, size_t size, unsigned cpu);

/* 64 bits that an outsider cannot guess, as good as the CPU gives (RDSEED, RDRAND, TSC mixed). */
u64 machine_entropy(void);

/* For the auxiliary vector: AT_HWCAP, AT_HWCAP2, AT_MINSIGSTKSZ, AT_PLATFORM. */
unsigned long machine_hwcap(void);
unsigned long machine_hwcap2(void);
unsigned long machine_minsigstksz(void);
#define MACHINE_PLATFORM  "x86_64"
#define MACHINE_NAME      "x86_64" /* uname -m */

/* The programs it runs: 32- or 64-bit ELF, and e_machine. */
#define MACHINE_ELF_CLASS 64
#define MACHINE_ELF_ARCH  EM_X86_64
