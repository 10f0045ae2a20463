/*
 * Who called whom: of every CPU, of a task that does not run.  Into the log, as warnings.
 */
#pragma once

struct arch_thread;

/*
 * What each CPU is doing now, this one first.  Others are asked by an NMI, which finds them also
 * where interrupts are off; who does not answer within three seconds is named.
 */
void machine_backtrace_cpus(void);

/*
 * Of a task that is not running.  If it begins to run meanwhile the lines may be nonsense, but
 * nothing worse.  `stack`: its lowest address.
 */
void machine_backtrace_thread(const struct arch_thread *t, const void *stack);
