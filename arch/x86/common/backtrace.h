/*
 * Backtraces between backtrace.c, panic.c and traps.c.
 */
#pragma once

#include "lib/types.h"
#include "machine/regs.h"

/* Those of a CPU that tell about an exception. */
struct control_registers {
	unsigned long cr2, cr3, cr4;
};

/* The calls that led to the frame pointer `frame` and, if not 0, to `ip` within that call. */
void print_backtrace_from(unsigned long frame, unsigned long ip);
void print_regs(const struct pt_regs *regs);
void print_control(const struct control_registers *control);

/* The NMI's handler. */
void nmi(const struct pt_regs *regs);

/* All other CPUs note what they do, and stop for good; later, print it. */
void panic_stop_cpus(void);
void panic_print_cpus(void);
