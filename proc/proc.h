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
	bool is_long;   /* an unsigned long; the others read as int */
	s64 min, max;
	int (*changed)(s64 now);
};
#define PROC_NUMBER(file, variable, low, high, hook)                                      \
	{                                                                                 \
		.path = file, .value = &(variable), .bytes = sizeof(variable),            \
		.is_long = __builtin_types_compatible_p(typeof(variable), unsigned long), \
		.min = (low), .max = (high), .changed = (hook)                            \
	}
void proc_create_number(const struct proc_number *number, u32 mode); /* kept by reference */
/*
 * What a write to such a file means: *value, or -EINVAL. Blanks around it are skipped, what comes
 * after them ignored; 0x and 0 are prefixes as in C.
 */
int proc_parse_number(const char *text, s64 min, s64 max, s64 *value);
/* A file of bytes, not text: what is at *pos, which moves on. Bytes, or -errno. At boot only. */
void proc_create_raw(const char *path, u32 mode, long (*read)(struct iov_iter *to, u64 *pos));
/*
 * Read from a file of `end` entries of 64 bits: fill() makes n of them, PROC_ENTRIES at most, from
 * `first` on. Bytes, -EINVAL for parts of an entry, or -EFAULT. May sleep.
 */
#define PROC_ENTRIES 128
long proc_read_entries(struct iov_iter *to, u64 *pos, u64 end,
		       void (*fill)(void *arg, u64 first, unsigned n, u64 *entries), void *arg);

/* May the reader be shown addresses of the kernel, in files made for it? (kptr_restrict) */
bool may_see_kernel_addresses(void);

/* --- /proc/PID (proc/pid.c) --- */
struct pid_file {
	const char *name;
	u32 mode;
	int (*show)(struct seq_file *m, struct task_struct *task);
	int (*write)(char *text, size_t bytes, struct task_struct *task);
	long (*read)(struct task_struct *task, struct iov_iter *to,
		     u64 *pos);                                     /* without a buffer */
	int (*follow)(struct task_struct *task, struct path *path); /* symlinks to objects */
	bool leader_only;                                           /* not in task/TID */
	/*
	 * Files about the memory that the task had when they were opened, by somebody who may see
	 * it: text, or bytes at *pos. mm has a user count meanwhile.
	 */
	int (*show_mm)(struct seq_file *m, struct task_struct *task, struct mm_struct *mm);
	long (*read_mm)(struct mm_struct *mm, bool see_frames, struct iov_iter *to, u64 *pos);
	long (*write_mm)(struct mm_struct *mm, struct iov_iter *from, u64 *pos);
};
/* One more file, kept by reference. At boot only. */
void pid_file_add(const struct pid_file *file);
/*
 * Where there are segments (i386): adds to page_tables what the CPU knows of them while the task runs.
 * NULL elsewhere.
 */
extern void (*pid_show_segment_words)(struct seq_file *m, struct task_struct *task,
				      struct mm_struct *mm);
/* proc/pid_stat.c, proc/pid_mem.c, proc/pid_misc.c, proc/page_tables.c */
int pid_show_stat(struct seq_file *m, struct task_struct *task);
int pid_show_status(struct seq_file *m, struct task_struct *task);
int pid_show_statm(struct seq_file *m, struct task_struct *task);
int pid_show_maps(struct seq_file *m, struct task_struct *task, struct mm_struct *mm);
int pid_show_smaps(struct seq_file *m, struct task_struct *task, struct mm_struct *mm);
int pid_show_smaps_rollup(struct seq_file *m, struct task_struct *task, struct mm_struct *mm);
int pid_show_numa_maps(struct seq_file *m, struct task_struct *task, struct mm_struct *mm);
long pid_read_pagemap(struct mm_struct *mm, bool see_frames, struct iov_iter *to, u64 *pos);
int pid_show_page_tables(struct seq_file *m, struct task_struct *task, struct mm_struct *mm);
long pid_read_mem(struct mm_struct *mm, bool see_frames, struct iov_iter *to, u64 *pos);
long pid_write_mem(struct mm_struct *mm, struct iov_iter *from, u64 *pos);
int pid_show_limits(struct seq_file *m, struct task_struct *task);
int pid_show_io(struct seq_file *m, struct task_struct *task);
int pid_show_mounts(struct seq_file *m, struct task_struct *task);
int pid_show_mountinfo(struct seq_file *m, struct task_struct *task);
/* /proc/mounts' lines, also for /etc/mtab's likes. */
int show_mounts(struct seq_file *m);
/* May the current task look into this one's memory and descriptors? */
bool may_inspect(struct task_struct *task);
/* Is the file that show prints the process's, not one below task/TID? */
bool pid_whole_process(const struct seq_file *m);
/* May those with its identity do so? False once it has changed its own. */
bool task_dumpable(struct task_struct *task);
