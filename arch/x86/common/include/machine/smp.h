/*
 * More than one processor.
 */
#pragma once

#include "lib/types.h"

struct task_struct;
struct arch_thread;

/* CPUs there are, at least 1, "maxcpus=N" applied; numbered from 0, the boot CPU. */
unsigned machine_cpu_count(void);
/*
 * Start a CPU whose per-CPU copy is attached, floors prepared: it calls start_secondary()
 * (machine/upcall.h) on the stack of its idle task. 0 when it has answered, or -EIO.
 */
int machine_start_cpu(unsigned cpu, struct task_struct *idle, struct arch_thread *thread);
/* No more CPUs will be started: what that took is given back. */
void machine_cpus_started(void);
/* Interrupt another CPU so that it looks at its task's work word. Any context. */
void machine_kick_cpu(unsigned cpu);
