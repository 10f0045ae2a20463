/*
 * Between procfs.c (what is always there) and pid.c (processes).
 */
#pragma once

#include "proc/proc.h"

struct proc_entry { /* constant after boot */
	struct list_head sibling, children;
	struct proc_entry *parent;
	u64 ino;
	u32 mode, subdirs;
	int (*show)(struct seq_file *m, void *private);
	int (*write)(char *text, size_t bytes, void *private);
	int (*target)(char *buf, size_t size);       /* of a link; NULL: `private` is its text */
	long (*read)(struct iov_iter *to, u64 *pos); /* not text */
	void *private;
	char name[];
};

/* Directory positions from here on are processes: PID_POSITIONS + pid. */
#define PID_POSITIONS 4096

/* A new entry at a path below `dir`; directories on the way are made. At boot only. */
struct proc_entry *proc_entry_at(struct proc_entry *dir, const char *path, u32 mode);
/* Fill a super block with a tree of entries: proc and sysfs. 0 or -ENOMEM. */
int proc_fill_root(struct super_block *sb, struct proc_entry *entry, u64 magic);
struct inode *proc_inode(struct super_block *sb, u32 mode, void *private);
char *proc_take_text(struct iov_iter *from);
bool proc_emit_dots(struct file *file, struct dir_context *ctx);

int pid_root_lookup(struct inode *root, struct dentry *dentry);
int pid_root_readdir(struct dir_context *ctx);
void pid_evict(struct inode *inode);
bool pid_revalidate(struct dentry *dentry);

enum pid_kind { PID_DIR, PID_FILE, PID_FD_DIR, PID_FD, PID_TASK_DIR };

struct pid_inode { /* inode->private below /proc/PID */
	enum pid_kind kind;
	bool thread; /* below task/ */
	struct task_struct *task;
	const struct pid_file *file;
	unsigned fd;
};

/* sysfs' tree, by paths relative to /sys; at boot only. Text and path are copied. */
struct proc_entry *sysfs_create(const char *path, u32 mode,
				int (*show)(struct seq_file *m, void *private), void *private);
void sysfs_create_link(const char *path, const char *target);
void sysfs_create_dir(const char *path);
/* Bit masks as lists ("0-3,5") and as hexadecimal words. */
void seq_put_list(struct seq_file *m, u64 mask);
u64 cpus_of_node(int nid);
void sysfs_cpu_init(void);
void sysfs_node_init(void);
void sysfs_memory_init(void);
/* The blocks memory is listed by, in bytes, and how many; is there any memory in one? Its node. */
#define MEMORY_BLOCK_BYTES (128UL << 20)
unsigned memory_blocks(void);
bool memory_block_present(unsigned n, int *nid);

/* debugfs' tree; at boot only. */
void debugfs_create(const char *path, u32 mode, int (*show)(struct seq_file *m, void *private),
		    int (*write)(char *text, size_t bytes, void *private), void *private);

/* The files of /proc/PID by position (proc/pid_files.c); NULL behind the last. */
const struct pid_file *pid_file_nth(unsigned n);
extern const struct file_operations pid_file_fops;
