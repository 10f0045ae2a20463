/*
 * Between signal.c, signal_deliver.c and signal_calls.c.
 */
#pragma once

#include "kernel/task.h"

enum default_action { ACTION_TERMINATE, ACTION_IGNORE, ACTION_STOP };
enum default_action default_action(int sig);

#define STOP_SIGNALS (SIGMASK(SIGSTOP) | SIGMASK(SIGTSTP) | SIGMASK(SIGTTIN) | SIGMASK(SIGTTOU))
#define UNBLOCKABLE  (SIGMASK(SIGKILL) | SIGMASK(SIGSTOP))

/* Drop waiting signals of the process and all its threads. (sighand lock) */
void discard_signals(struct task_struct *t, u64 mask);
/* The process of the current task ends with this wait status. (sighand lock) */
void set_group_exit(int code);
/* Is the current task's user stack pointer within its alternate stack? */
bool on_altstack(unsigned long sp);
