/*
 * The scheduler's face towards the rest of kernel/ and /proc; what everybody may
 * use is in sync/task.h.
 */
#pragma once

#include "kernel/task.h"

void sched_init(void); /* boot CPU: init_task becomes its idle task */
/* A CPU that has started: `idle` is its idle task and is running there. Interrupts off. */
void sched_cpu_init(unsigned cpu, struct task_struct *idle);
void smp_init(void); /* pid 1, before the initcalls: the other CPUs start (smp.c) */
/* The idle task's life, on each CPU. */
void __noreturn cpu_idle(void);

/* fork: set up the child's part, copied from the parent. Then let it run. */
void sched_fork(struct task_struct *child);
void wake_up_new_task(struct task_struct *child);
/* As wake_up_process(), but only from the given states (enum task_state bits). */
bool wake_up_state(struct task_struct *t, unsigned states);
/* The work word of a task changed: if it runs in user mode elsewhere, make it notice. */
void kick_task(struct task_struct *t);
/* Wait until no CPU uses the stack of a dead task. */
void wait_task_off_cpu(const struct task_struct *t);
/* Never returns: the current task is TASK_ZOMBIE or TASK_DEAD. */
void __noreturn schedule_dead(void);

/* Let the others that are ready on this CPU go first. */
void sched_yield_current(void);
void set_user_nice(struct task_struct *t, int nice);   /* -20..19 */
int set_cpus_allowed(struct task_struct *t, u64 mask); /* 0, or -EINVAL: no online CPU in it */
/* ns on the CPU so far, up to now. */
u64 task_sum_exec(struct task_struct *t);

/* What /proc/stat shows of one CPU, in ns. */
struct cpu_times {
	u64 user, nice, system, idle, iowait, irq, softirq;
};
void cpu_times(unsigned cpu, struct cpu_times *times);
unsigned nr_running(void);
unsigned nr_uninterruptible(void);
u64 nr_context_switches(void);
extern unsigned long total_forks;
/* The averages over 1, 5, 15 minutes as fixed-point numbers with 11 fraction bits. */
#define LOAD_SHIFT 11
void get_loadavg(unsigned long load[3]);
