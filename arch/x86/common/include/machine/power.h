/*
 * The end of a session.  Each function stops the other CPUs first and does not
 * return; the caller has synced what there is to sync.
 */
#pragma once

#include "lib/types.h"

void __noreturn machine_poweroff(void); /* ACPI S5; halts when the machine has none */
void __noreturn machine_reboot(void);   /* ACPI reset register, keyboard controller, triple fault */
void __noreturn machine_halt(void);

/*
 * Seconds after a panic until the machine reboots: 0 never, negative at once and, in an emulator
 * that has the isa-debug-exit device at port 0xf4, by ending it with failure. "panic=N".
 */
extern int panic_timeout;

/* Log an interrupted state and what called what down to it (dump_stack(): lib/assert.h). */
struct pt_regs;
void dump_regs(const struct pt_regs *regs);
