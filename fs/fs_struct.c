/*
 * What a task has of the file system for its own: root, working directory,
 * umask.  Shared by CLONE_FS, copied otherwise.
 */
#include "fs/vfs.h"
#include "fs/files.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "lib/string.h"
#include "mm/slab/slab.h"
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/sched.h>

static struct fs_struct init_fs = {
	.count = ATOMIC_INIT(1), .lock = SPINLOCK_INIT(RANK_FILES), .umask = 0022};

void set_init_root(struct mount *mnt)
{
	init_fs.root = init_fs.pwd = (struct path){mnt, mnt->root};
	path_get(&init_fs.root);
	path_get(&init_fs.pwd);
}

static struct fs_struct *current_fs(void)
{
	return current->fs ? current->fs : &init_fs;
}

static void get_path_locked(const struct path *from, struct path *path)
{
	struct fs_struct *fs = current_fs();

	spin_lock(&fs->lock);
	*path = *from;
	if (path->dentry)
		path_get(path);
	spin_unlock(&fs->lock);
}

void task_root(struct path *path)
{
	get_path_locked(&current_fs()->root, path);
}

void task_pwd(struct path *path)
{
	get_path_locked(&current_fs()->pwd, path);
}

u32 current_umask(void)
{
	return current_fs()->umask;
}

u32 task_umask(struct task_struct *task)
{
	u32 mask;

	task_lock(task);
	mask = task->fs ? task->fs->umask : 0;
	task_unlock(task);
	return mask;
}

bool task_fs_paths(struct task_struct *task, struct path *root, struct path *pwd)
{
	struct fs_struct *fs;

	task_lock(task);
	fs = task->fs;
	if (fs) {
		spin_lock(&fs->lock);
		*root = fs->root;
		*pwd = fs->pwd;
		path_get(root);
		path_get(pwd);
		spin_unlock(&fs->lock);
	}
	task_unlock(task);
	return fs != NULL;
}

int fs_struct_fork(struct task_struct *child, unsigned long clone_flags)
{
	struct fs_struct *fs = current_fs();

	if (clone_flags & CLONE_FS) {
		atomic_inc(&fs->count);
		child->fs = fs;
		return 0;
	}
	child->fs = kmalloc(sizeof(*fs), GFP_KERNEL);
	if (!child->fs)
		return -ENOMEM;
	atomic_set(&child->fs->count, 1);
	spin_lock_init(&child->fs->lock, RANK_FILES);
	child->fs->umask = fs->umask;
	task_root(&child->fs->root);
	task_pwd(&child->fs->pwd);
	return 0;
}

void fs_struct_exit(struct task_struct *task)
{
	struct fs_struct *fs = task->fs;

	task_lock(task);
	task->fs = NULL;
	task_unlock(task);
	if (!fs || !atomic_dec_and_test(&fs->count) || fs == &init_fs)
		return;
	path_put(&fs->root);
	path_put(&fs->pwd);
	kfree(fs);
}

/* Put a new path in place of an old one; takes over the reference. */
static void replace(struct path *place, const struct path *path)
{
	struct fs_struct *fs = current_fs();
	struct path old;

	spin_lock(&fs->lock);
	old = *place;
	*place = *path;
	spin_unlock(&fs->lock);
	path_put(&old);
}

static int may_enter(const struct path *path)
{
	if ((path->dentry->inode->mode & S_IFMT) != S_IFDIR)
		return -ENOTDIR;
	return inode_permission(path->dentry->inode, MAY_EXEC);
}

static long change_to(struct path *place, const char __user *name)
{
	struct path path;
	int err = user_path(AT_FDCWD, name, LOOKUP_FOLLOW | LOOKUP_DIRECTORY, &path);

	if (err)
		return err;
	err = may_enter(&path);
	if (err)
		path_put(&path);
	else
		replace(place, &path);
	return err;
}

SYSCALL1(chdir, const char __user *, name)
{
	return change_to(&current_fs()->pwd, name);
}

SYSCALL1(chroot, const char __user *, name)
{
	if (!capable(18 /* CAP_SYS_CHROOT */))
		return -EPERM;
	return change_to(&current_fs()->root, name);
}

SYSCALL1(fchdir, int, fd)
{
	struct file *file = fget(fd);
	int err;

	if (!file)
		return -EBADF;
	err = file->path.mnt ? may_enter(&file->path) : -ENOTDIR;
	if (!err) {
		struct path path = file->path;

		path_get(&path);
		replace(&current_fs()->pwd, &path);
	}
	fput(file);
	return err;
}

SYSCALL2(getcwd, char __user *, buf, unsigned long, size)
{
	char *page = kmalloc(PATH_MAX, GFP_KERNEL), *text;
	struct path pwd;
	long len;

	if (!page)
		return -ENOMEM;
	task_pwd(&pwd);
	if (!pwd.dentry->hashed && pwd.dentry != pwd.dentry->parent) {
		len = -ENOENT;
	} else {
		text = d_path(&pwd, page, PATH_MAX);
		len = IS_ERR(text) ? PTR_ERR(text) : (long)strlen(text) + 1;
		if (len > 0 && (unsigned long)len > size)
			len = -ERANGE;
		if (len > 0 && copy_to_user(buf, text, len))
			len = -EFAULT;
	}
	path_put(&pwd);
	kfree(page);
	return len;
}

SYSCALL1(umask, unsigned, mask)
{
	return xchg(&current_fs()->umask, mask & 0777);
}
