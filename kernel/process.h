/*
 * Between the files that make and end processes: task.c, fork.c, exec.c, exit.c,
 * wait.c, session.c.
 */
#pragma once

#include "kernel/family.h"
#include "kernel/task.h"

extern const struct task_part_ops *task_parts; /* NULL until fs/ registers */

/* --- task.c --- */
void task_init(void); /* caches; before the first fork */
/* A copy of a task's struct without its parts, with a stack of its own; NULL. */
struct task_struct *task_alloc(const struct task_struct *from);
/* Undo task_alloc; nobody has seen it. */
void task_free_unseen(struct task_struct *t);
pid_t alloc_pid(void); /* or -EAGAIN */
void free_pid(pid_t pid);
/* Make visible: hash, lists. / Take out. (families of the number, the process, its parent) */
void task_publish(struct task_struct *t);
void task_unpublish(struct task_struct *t);
struct signal_struct *signal_alloc(void);
struct sighand_struct *sighand_alloc(void);
void put_signal(struct signal_struct *signal);

/* --- fork.c --- */
extern struct task_struct *kthreadd; /* parent of all kernel threads; set once at boot */
/* As kthread_run(), but it does not run yet: wake_up_new_task(). */
struct task_struct *kthread_create(int (*fn)(void *), void *arg, const char *name);
/* The task gives its space up (exec, exit): what user space wants done then. May sleep. */
void mm_release(struct task_struct *t);
/* Put `mm` in the place of the current task's space and switch to it; the old one is returned. */
struct mm_struct *exchange_mm(struct mm_struct *mm);

/* --- exit.c --- */
/* Whose locks that takes: its own and its parent's, or all if a number or its group ends. (family) */
families_t families_to_release(const struct task_struct *t);
/*
 * Take a zombie (or self-reaping) task out of all tables. (families_to_release()) Then whoever did it
 * frees its stack and drops the reference, without locks; waits until it has left its CPU.
 */
void release_task(struct task_struct *t);
/* A thread is gone: the process keeps what it used. (its family) */
void keep_usage(const struct task_struct *t);
void free_task(struct task_struct *t);
/* Let the reaper thread free a released task. Any context but interrupts. */
void reap_later(struct task_struct *t);
int reaper_thread(void *unused);
/* The process had this many pages: for ru_maxrss, before it gives the space up. */
void note_maxrss(struct signal_struct *signal, const struct mm_struct *mm);
/* exec: end all other threads and become the leader. 0 or -EAGAIN when the process is dying. */
int become_only_thread(void);

/* --- trap.c --- */
void syscalls_init(void);

/* --- futex.c --- */
void futex_init(void);
void futex_exit(struct task_struct *t); /* robust list, clear_child_tid */

/* --- session.c --- */
/* Does no number but its own become free when the process goes? (family) */
bool leaves_others_numbers(const struct task_struct *leader);
/* A process leaves its group for good: the numbers may become free. (families_to_release()) */
void leave_pgrp(struct task_struct *leader);
/* Would the process's end make a difference to whether a group is orphaned? (family) */
bool keeps_pgrp(const struct task_struct *leader);
/* The process's end may orphan its own or its children's groups. (all families) */
void exit_orphan_pgrps(struct task_struct *leader);
/* A child got another parent. (all families) */
void orphan_child_pgrp(struct task_struct *child, const struct task_struct *old_parent);
void session_leader_exit(struct task_struct *leader); /* SIGHUP, the terminal. No lock. */
