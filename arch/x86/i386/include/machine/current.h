/*
 * The running task, kept per CPU by the context switch.
 */
#pragma once

#include "lib/types.h"

struct task_struct;
extern struct task_struct *current_task __section("percpu");

static __always_inline struct task_struct *get_current(void)
{
	struct task_struct *task;

	__asm__("movl %%fs:%P1, %0" : "=r"(task) : "i"(&current_task));
	return task;
}
#define current get_current()
