/*
 * What the machine says of itself: files under /proc whose text is made when they
 * are read, registered from anywhere above kernel/.
 */
#pragma once

#include "fs/vfs.h"
#include "kernel/task.h"

/*
 * A file or directory that is always there. `path` is relative to /proc ("sys/vm/swappiness");
 * directories on the way are made. show prints the text: 0 or -errno. write gets what one
 * write(2) brought, NUL-ended, and returns 0 or -errno; NULL makes the file read-only.
 * At boot only.
 */
void proc_create(const char *path, u32 mode, int (*show)(struct seq_file *m, void *private),
		 int (*write)(char *text, size_t bytes, void *private), void *private);
/* A symbolic link whose target is made when it is read: bytes stored, or -errno. */
void proc_create_link(const char *path, int (*target)(char *buf, size_t size));

/* A number in /proc/sys: an unsigned long, int or u32 between bounds. `changed` may refuse (-errno). */
struct proc_number {
	const char *path;
	void *value;
	unsigned bytes; /* of *value: 4 or 8 */
	s64 min, max;
	int (*changed)(s64 now);
};
void proc_create_number(const struct proc_number *number); /* kept by reference */

/* --- /proc/PID (proc/pid.c) --- */
struct pid_file {
	const char *name;
	u32 mode;
	int (*show)(struct seq_file *m, struct task_struct *task);
	int (*write)(char *text, size_t bytes, struct task_struct *task);
	int (*follow)(struct task_struct *task, struct path *path); /* symlinks to objects */
	bool leader_only;                                           /* not in task/TID */
	/* For files that are not text: bytes at *pos, of the task's memory. NULL: show. */
	long (*read)(struct task_struct *task, struct iov_iter *to, u64 *pos);
};
/* proc/pid_stat.c, proc/pid_mem.c, proc/pid_misc.c */
int pid_show_stat(struct seq_file *m, struct task_struct *task);
int pid_show_status(struct seq_file *m, struct task_struct *task);
int pid_show_statm(struct seq_file *m, struct task_struct *task);
int pid_show_maps(struct seq_file *m, struct task_struct *task);
int pid_show_smaps(struct seq_file *m, struct task_struct *task);
int pid_show_smaps_rollup(struct seq_file *m, struct task_struct *task);
long pid_read_pagemap(struct task_struct *task, struct iov_iter *to, u64 *pos);
int pid_show_limits(struct seq_file *m, struct task_struct *task);
int pid_show_io(struct seq_file *m, struct task_struct *task);
int pid_show_mounts(struct seq_file *m, struct task_struct *task);
int pid_show_mountinfo(struct seq_file *m, struct task_struct *task);
/* /proc/mounts' lines, also for /etc/mtab's likes. */
int show_mounts(struct seq_file *m);
/* May the current task look into this one's memory and descriptors? */
bool may_inspect(struct task_struct *task);
