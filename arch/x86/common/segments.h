/*
 * Where traps from user mode start: the machine's private note of it.
 */
#pragma once

/* The stack of the task that is about to run on this CPU; interrupts off. */
void set_trap_stack(unsigned long top);
