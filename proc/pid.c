/*
 * /proc/PID: processes and threads as directories.
 *
 * An inode here refers to a task (a counted reference) and says what of it it
 * shows: a directory, one of the files of pid_files.c, a descriptor.  A
 * cached name is true while its task is not reaped; after that it is looked up
 * anew and not found.
 *
 *     /proc/PID/            files, fd/ -> descriptors, task/ -> threads
 *     /proc/PID/task/TID/   the same files
 */
#include "fs/files.h"
#include "kernel/family.h"
#include "kernel/initcall.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/kva/kva.h"
#include "mm/slab/slab.h"
#include "proc/procfs_int.h"
#include <linux/fcntl.h>

/* --- links to objects --- */

static int descriptor_path(struct pid_inode *pi, struct path *path)
{
	unsigned fd = pi->fd;
	struct file *file = task_next_file(pi->task, &fd);

	if (!file || fd != pi->fd) {
		if (file)
			fput(file);
		return -ENOENT;
	}
	*path = file->path;
	path_get(path);
	fput(file);
	return 0;
}

static int link_follow(struct inode *inode, struct path *path)
{
	struct pid_inode *pi = inode->private;

	if (!may_inspect(pi->task))
		return -EACCES;
	return pi->kind == PID_FD ? descriptor_path(pi, path) : pi->file->follow(pi->task, path);
}

static int link_readlink(struct inode *inode, struct dentry *dentry, char *buf, size_t size)
{
	struct path path;
	char *text;
	int err = link_follow(inode, &path);

	if (err)
		return err;
	text = d_path(&path, buf, size);
	path_put(&path);
	if (IS_ERR(text))
		return PTR_ERR(text);
	size_t len = strlen(text);

	memmove(buf, text, len + 1);
	return len;
}

/* --- inodes --- */

static const struct inode_operations pid_dir_ops, fd_dir_ops, task_dir_ops, file_ops, link_ops;
static const struct file_operations pid_dir_fops, fd_dir_fops, task_dir_fops;

/*
 * Owner and so on follow the task (its exec may have changed them). What an undumpable program
 * has in /proc belongs to root, but for the directories that everybody may list.
 */
static void refresh(struct inode *inode)
{
	struct pid_inode *pi = inode->private;
	bool own = inode->mode == (S_IFDIR | 0555) || task_dumpable(pi->task);

	inode->uid = own ? pi->task->cred.euid : 0;
	inode->gid = own ? pi->task->cred.egid : 0;
}

static const struct inode_operations file_ops = {.refresh = refresh};
static const struct inode_operations link_ops = {
	.readlink = link_readlink, .follow = link_follow, .refresh = refresh};

/* Give a dentry an inode for this; takes a reference to the task. */
static int attach(struct dentry *dentry, struct super_block *sb, const struct pid_inode *what,
		  u32 mode, const struct inode_operations *ops, const struct file_operations *fops)
{
	struct pid_inode *pi = kmemdup(what, sizeof(*what), GFP_KERNEL);
	struct inode *inode = pi ? proc_inode(sb, mode, pi) : NULL;

	if (!inode) {
		kfree(pi);
		return -ENOMEM;
	}
	get_task(pi->task);
	inode->ops = ops;
	inode->fops = fops;
	if ((mode & S_IFMT) == S_IFDIR)
		inode->nlink = 2;
	refresh(inode);
	d_attach(dentry, inode);
	return 0;
}

void pid_evict(struct inode *inode)
{
	if (inode->ops && inode->ops->refresh == refresh) {
		struct pid_inode *pi = inode->private;

		put_task(pi->task);
		kfree(pi);
	}
}

bool pid_revalidate(struct dentry *dentry)
{
	struct inode *inode = dentry->inode;
	struct pid_inode *pi;

	if (!inode || !inode->ops || inode->ops->refresh != refresh)
		return true;
	pi = inode->private;
	if (READ_ONCE(pi->task->released))
		return false;
	if (pi->kind == PID_FD) {
		struct path path;

		if (descriptor_path(pi, &path))
			return false;
		path_put(&path);
	}
	return true;
}

/* A decimal number and nothing else, or -1. */
static long number_of(const struct dentry *dentry)
{
	long n = 0;

	if (dentry->name_len > 9 || (dentry->name[0] == '0' && dentry->name_len > 1))
		return -1;
	for (unsigned i = 0; i < dentry->name_len; i++) {
		if (dentry->name[i] < '0' || dentry->name[i] > '9')
			return -1;
		n = n * 10 + (dentry->name[i] - '0');
	}
	return dentry->name_len ? n : -1;
}

/* A task by number, with a reference; a thread of `process` if one is given. */
static struct task_struct *find_and_get(long pid, struct task_struct *process)
{
	struct task_struct *task = NULL;

	if (pid <= 0)
		return NULL;
	lock_families(family_of_number(pid));
	task = find_task(pid);
	if (task && (process ? task->tgid == process->tgid : task->group_leader == task))
		get_task(task);
	else
		task = NULL;
	unlock_families(family_of_number(pid));
	return task;
}

/* --- /proc itself --- */

static int attach_task(struct dentry *dentry, struct super_block *sb, struct task_struct *task,
		       bool thread)
{
	const struct pid_inode what = {.kind = PID_DIR, .thread = thread, .task = task};
	int err = attach(dentry, sb, &what, S_IFDIR | 0555, &pid_dir_ops, &pid_dir_fops);

	put_task(task);
	return err;
}

int pid_root_lookup(struct inode *root, struct dentry *dentry)
{
	struct task_struct *task = find_and_get(number_of(dentry), NULL);

	return task ? attach_task(dentry, root->sb, task, false) : 0;
}

int pid_root_readdir(struct dir_context *ctx)
{
	pid_t after = ctx->pos >= PID_POSITIONS ? ctx->pos - PID_POSITIONS : 0;
	struct task_struct *task;

	while ((task = next_process(after))) {
		char name[12];
		int len;

		after = task->pid;
		put_task(task);
		len = scnprintf(name, sizeof(name), "%d", after);
		if (!ctx->emit(ctx, name, len, PID_POSITIONS + after, PID_POSITIONS + after, 4))
			return 0;
		ctx->pos = PID_POSITIONS + after;
	}
	return 0;
}

/* --- /proc/PID --- */

#define NR_PID_DIRS 2 /* fd, task: before the files */

static const char *const pid_dir_names[NR_PID_DIRS] = {"task", "fd"};

static int pid_lookup(struct inode *dir, struct dentry *dentry)
{
	struct pid_inode what = *(struct pid_inode *)dir->private;

	if (!strcmp(dentry->name, "fd")) {
		what.kind = PID_FD_DIR;
		return attach(dentry, dir->sb, &what, S_IFDIR | 0500, &fd_dir_ops, &fd_dir_fops);
	}
	if (!strcmp(dentry->name, "task") && !what.thread) {
		what.kind = PID_TASK_DIR;
		return attach(dentry, dir->sb, &what, S_IFDIR | 0555, &task_dir_ops,
			      &task_dir_fops);
	}
	for (unsigned i = 0; pid_file_nth(i); i++) {
		const struct pid_file *f = pid_file_nth(i);

		if (strcmp(f->name, dentry->name) || (what.thread && f->leader_only))
			continue;
		what.kind = PID_FILE;
		what.file = f;
		return f->follow
			       ? attach(dentry, dir->sb, &what, S_IFLNK | f->mode, &link_ops, NULL)
			       : attach(dentry, dir->sb, &what, S_IFREG | f->mode, &file_ops,
					&pid_file_fops);
	}
	return 0;
}

static int pid_readdir(struct file *file, struct dir_context *ctx)
{
	struct pid_inode *pi = file->inode->private;

	if (!proc_emit_dots(file, ctx))
		return 0;
	for (u64 i = ctx->pos - 2;; i++, ctx->pos++) {
		const struct pid_file *f = i < NR_PID_DIRS ? NULL : pid_file_nth(i - NR_PID_DIRS);
		const char *name = i < NR_PID_DIRS ? pid_dir_names[i] : f ? f->name : NULL;

		if (!name)
			return 0;
		if (pi->thread && (i == 0 || (f && f->leader_only)))
			continue;
		if (!ctx->emit(ctx, name, strlen(name), i + 3, file->inode->ino + 1 + i,
			       !f          ? 4
			       : f->follow ? 10
					   : 8))
			return 0;
	}
}

static const struct inode_operations pid_dir_ops = {.lookup = pid_lookup, .refresh = refresh};
static const struct file_operations pid_dir_fops = {.readdir = pid_readdir, .llseek = dir_llseek};

/* --- /proc/PID/fd --- */

static int fd_lookup(struct inode *dir, struct dentry *dentry)
{
	struct pid_inode what = *(struct pid_inode *)dir->private;
	long n = number_of(dentry);
	struct path path;

	if (n < 0)
		return 0;
	what.kind = PID_FD;
	what.fd = n;
	if (descriptor_path(&what, &path))
		return 0;
	path_put(&path);
	return attach(dentry, dir->sb, &what, S_IFLNK | 0700, &link_ops, NULL);
}

static int fd_readdir(struct file *file, struct dir_context *ctx)
{
	struct pid_inode *pi = file->inode->private;
	struct file *open;

	if (!may_inspect(pi->task))
		return -EACCES;
	if (!proc_emit_dots(file, ctx))
		return 0;
	for (unsigned fd = ctx->pos - 2; (open = task_next_file(pi->task, &fd)); fd++) {
		char name[12];
		int len = scnprintf(name, sizeof(name), "%u", fd);

		fput(open);
		if (!ctx->emit(ctx, name, len, fd + 3, file->inode->ino + 1 + fd, 10))
			return 0;
		ctx->pos = fd + 3;
	}
	return 0;
}

static const struct inode_operations fd_dir_ops = {.lookup = fd_lookup, .refresh = refresh};
static const struct file_operations fd_dir_fops = {.readdir = fd_readdir, .llseek = dir_llseek};

/* --- /proc/PID/task --- */

static int task_lookup(struct inode *dir, struct dentry *dentry)
{
	struct pid_inode *pi = dir->private;
	struct task_struct *task = find_and_get(number_of(dentry), pi->task);

	return task ? attach_task(dentry, dir->sb, task, true) : 0;
}

/* The thread of the process with the lowest number above `after`; 0: none. */
static pid_t next_thread(struct task_struct *process, pid_t after)
{
	struct task_struct *t;
	pid_t best = 0;

	lock_families(family_of(process));
	if (!process->released)
		list_for_each_entry (t, &process->signal->threads, thread_node)
			if (t->pid > after && (!best || t->pid < best))
				best = t->pid;
	unlock_families(family_of(process));
	return best;
}

static int task_readdir(struct file *file, struct dir_context *ctx)
{
	struct pid_inode *pi = file->inode->private;
	pid_t tid;

	if (!proc_emit_dots(file, ctx))
		return 0;
	while ((tid = next_thread(pi->task, ctx->pos - 2))) {
		char name[12];
		int len = scnprintf(name, sizeof(name), "%d", tid);

		if (!ctx->emit(ctx, name, len, tid + 2, PID_POSITIONS + tid, 4))
			return 0;
		ctx->pos = tid + 2;
	}
	return 0;
}

static const struct inode_operations task_dir_ops = {.lookup = task_lookup, .refresh = refresh};
static const struct file_operations task_dir_fops = {.readdir = task_readdir, .llseek = dir_llseek};

/* --- self --- */

static int self_target(char *buf, size_t size)
{
	return scnprintf(buf, size, "%d", current->tgid);
}

static int thread_self_target(char *buf, size_t size)
{
	return scnprintf(buf, size, "%d/task/%d", current->tgid, current->pid);
}

static int self_mounts_target(char *buf, size_t size)
{
	return scnprintf(buf, size, "self/mounts");
}

static int pid_init(void)
{
	proc_create_link("self", self_target);
	proc_create_link("thread-self", thread_self_target);
	proc_create_link("mounts", self_mounts_target);
	return 0;
}
INITCALL(INIT_LATE, pid_init);
