/*
 * Tasks as the processor knows them: the model of Linux 2.2, an option at boot (SYSTEM.md S5).
 * For the machine's own files.
 */
#pragma once

#include "lib/types.h"

struct arch_mm;
struct arch_thread;
struct task_struct;

extern bool hardware_tasks; /* constant after boot: "task_model=2.2" */

/* After paging_init()'s tables are loaded: reads the options, and makes what runs the first task. */
void hardware_tasks_init(void);

/* What follows is called in that model only. */

/*
 * A slot for a new task, whose stack and first frame are ready: its TSS and its two descriptors. -EAGAIN when
 * there is none. The task has no space yet.
 */
int hardware_task_new(struct arch_thread *t);
void hardware_task_free(struct arch_thread *t);
/* The space of a task, or NULL: cr3 and LDT of its TSS; of the running one they are loaded, too. */
void hardware_task_space(struct arch_thread *t, const struct arch_mm *mm);
/* The running task's space has another LDT now. Interrupts off. */
void hardware_task_reload_ldt(void);
/* The switch itself, by a far jump; returns, later, who ran before. Interrupts off. */
struct task_struct *hardware_switch(struct task_struct *prev, struct arch_thread *prev_thread,
				    struct arch_thread *next_thread);

/* What a task's stack begins with: popped by switch_stacks() (entry.S), or read into its TSS. */
struct start_frame {
	unsigned long di, si, bx, bp, ip;
};
