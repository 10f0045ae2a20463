/*
 * Making, removing and moving names.
 *
 * Each works on a parent directory, locked, and one name in it; rename locks both
 * directories, an ancestor first, under the file system's rename mutex so that
 * the tree holds still meanwhile.
 */
#include "fs/files.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "lib/string.h"
#include "mm/slab/slab.h"
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/mount.h>

static struct mutex rename_mutex = MUTEX_INIT(rename_mutex, RANK_RENAME);

/* A parent with its lock held and the dentry of one name in it. */
struct place {
	struct parent_path parent;
	struct inode *dir;
	struct dentry *dentry;
};

static int lock_place(struct place *p, int dirfd, const char *name)
{
	int err = path_parent(dirfd, name, &p->parent);

	if (err)
		return err;
	p->dir = p->parent.path.dentry->inode;
	down_write(&p->dir->lock);
	p->dentry =
		lookup_one_locked(p->parent.path.dentry, p->parent.last, strlen(p->parent.last));
	if (IS_ERR(p->dentry)) {
		up_write(&p->dir->lock);
		path_put(&p->parent.path);
		return PTR_ERR(p->dentry);
	}
	return 0;
}

static void unlock_place(struct place *p)
{
	up_write(&p->dir->lock);
	dput(p->dentry);
	path_put(&p->parent.path);
}

/* May names in this directory change? */
static int may_change(const struct path *parent)
{
	struct inode *dir = parent->dentry->inode;

	if (!dir->nlink)
		return -ENOENT;
	if (parent->mnt->flags & MS_RDONLY)
		return -EROFS;
	return inode_permission(dir, MAY_WRITE | MAY_EXEC);
}

/* ... and this name go from it? (A sticky directory lets only owners.) */
static int may_delete(const struct place *p)
{
	const struct cred *cred = &current->cred;
	int err = may_change(&p->parent.path);

	if (err)
		return err;
	if ((p->dir->mode & S_ISVTX) && cred->fsuid != 0 && cred->fsuid != p->dir->uid &&
	    cred->fsuid != p->dentry->inode->uid)
		return -EPERM;
	return p->dentry->mounted ? -EBUSY : 0;
}

/* Begin to make `name`: 0 with the place locked and the name free. */
static int begin_make(struct place *p, int dirfd, const char *name, bool dir)
{
	int err = lock_place(p, dirfd, name);

	if (err)
		return err;
	if (!p->parent.last[0] || p->dentry->inode)
		err = -EEXIST;
	else if (p->parent.slash && !dir)
		err = -ENOENT;
	else
		err = may_change(&p->parent.path);
	if (err)
		unlock_place(p);
	return err;
}

static int make_dir(int dirfd, const char *name, u32 mode)
{
	struct place p;
	int err = begin_make(&p, dirfd, name, true);

	if (err)
		return err;
	err = p.dir->ops->mkdir ? p.dir->ops->mkdir(p.dir, p.dentry, S_IFDIR | (mode & 01777))
				: -EPERM;
	unlock_place(&p);
	return err;
}

static int make_node(int dirfd, const char *name, u32 mode, u32 dev)
{
	struct place p;
	int err = begin_make(&p, dirfd, name, false);

	if (err)
		return err;
	if ((mode & S_IFMT) == S_IFREG)
		err = p.dir->ops->create ? p.dir->ops->create(p.dir, p.dentry, mode) : -EPERM;
	else
		err = p.dir->ops->mknod ? p.dir->ops->mknod(p.dir, p.dentry, mode, dev) : -EPERM;
	unlock_place(&p);
	return err;
}

static int make_symlink(const char *target, int dirfd, const char *name)
{
	struct place p;
	int err = target[0] ? begin_make(&p, dirfd, name, false) : -ENOENT;

	if (err)
		return err;
	err = p.dir->ops->symlink ? p.dir->ops->symlink(p.dir, p.dentry, target) : -EPERM;
	unlock_place(&p);
	return err;
}

int kernel_mkdir(const char *path, u32 mode)
{
	return make_dir(AT_FDCWD, path, mode);
}

int kernel_mknod(const char *path, u32 mode, u32 dev)
{
	return make_node(AT_FDCWD, path, mode, dev);
}

int kernel_symlink(const char *target, const char *path)
{
	return make_symlink(target, AT_FDCWD, path);
}

static int remove_name(int dirfd, const char *name, bool dir)
{
	struct place p;
	int err = lock_place(&p, dirfd, name);

	if (err)
		return err;
	struct inode *inode = p.dentry->inode;

	if (!p.parent.last[0])
		err = dir ? -EBUSY : -EISDIR;
	else if (!inode)
		err = -ENOENT;
	else if (dir && (inode->mode & S_IFMT) != S_IFDIR)
		err = -ENOTDIR;
	else if (!dir && (inode->mode & S_IFMT) == S_IFDIR)
		err = -EISDIR;
	else if (!dir && p.parent.slash)
		err = -ENOTDIR;
	else
		err = may_delete(&p);
	if (!err) {
		int (*op)(struct inode *, struct dentry *) =
			dir ? p.dir->ops->rmdir : p.dir->ops->unlink;

		err = op ? op(p.dir, p.dentry) : -EPERM;
	}
	unlock_place(&p);
	return err;
}

int kernel_remove(const char *path, bool dir)
{
	return remove_name(AT_FDCWD, path, dir);
}

static int make_link(const struct path *from, int dirfd, const char *name)
{
	struct inode *inode = from->dentry->inode;
	struct place p;
	int err = begin_make(&p, dirfd, name, false);

	if (err)
		return err;
	if (from->mnt != p.parent.path.mnt)
		err = -EXDEV;
	else if ((inode->mode & S_IFMT) == S_IFDIR || !p.dir->ops->link)
		err = -EPERM;
	else if (!inode->nlink)
		err = -ENOENT;
	else
		err = p.dir->ops->link(inode, p.dir, p.dentry);
	unlock_place(&p);
	return err;
}

int kernel_link(const char *from, const char *name)
{
	struct path path;
	int err = path_lookup(AT_FDCWD, from, 0, &path);

	if (err)
		return err;
	err = make_link(&path, AT_FDCWD, name);
	path_put(&path);
	return err;
}

/* --- rename --- */

static bool is_ancestor(const struct dentry *above, const struct dentry *d)
{
	while (d != above && d != d->parent)
		d = d->parent;
	return d == above;
}

static void lock_two(struct dentry *a, struct dentry *b)
{
	if (a == b) {
		down_write(&a->inode->lock);
	} else if (is_ancestor(b, a)) {
		down_write(&b->inode->lock);
		down_write(&a->inode->lock);
	} else {
		down_write(&a->inode->lock);
		down_write(&b->inode->lock);
	}
}

static void unlock_two(struct dentry *a, struct dentry *b)
{
	up_write(&a->inode->lock);
	if (a != b)
		up_write(&b->inode->lock);
}

static int check_rename(const struct place *from, const struct place *to, unsigned flags)
{
	struct inode *what = from->dentry->inode, *over = to->dentry->inode;
	int err;

	if (!what)
		return -ENOENT;
	bool dir = (what->mode & S_IFMT) == S_IFDIR;

	if (is_ancestor(from->dentry, to->dentry->parent) && dir)
		return -EINVAL;
	if (is_ancestor(to->dentry, from->dentry->parent) && over)
		return -ENOTEMPTY;
	if (!dir && (from->parent.slash || to->parent.slash))
		return -ENOTDIR;
	if (over && (flags & RENAME_NOREPLACE))
		return -EEXIST;
	err = may_delete(from);
	if (err)
		return err;
	if (!over)
		return may_change(&to->parent.path);
	bool over_dir = (over->mode & S_IFMT) == S_IFDIR;

	if (dir && !over_dir)
		return -ENOTDIR;
	if (!dir && over_dir)
		return -EISDIR;
	return may_delete(to);
}

static int rename_locked(struct place *from, struct place *to, unsigned flags)
{
	struct dentry *parent_a = from->parent.path.dentry, *parent_b = to->parent.path.dentry;
	int err;

	lock_two(parent_a, parent_b);
	from->dentry = lookup_one_locked(parent_a, from->parent.last, strlen(from->parent.last));
	to->dentry = lookup_one_locked(parent_b, to->parent.last, strlen(to->parent.last));
	err = IS_ERR(from->dentry) ? PTR_ERR(from->dentry)
	      : IS_ERR(to->dentry) ? PTR_ERR(to->dentry)
				   : 0;
	if (!err)
		err = check_rename(from, to, flags);
	if (!err && from->dentry->inode != to->dentry->inode)
		err = from->dir->ops->rename
			      ? from->dir->ops->rename(from->dir, from->dentry, to->dir, to->dentry)
			      : -EPERM;
	unlock_two(parent_a, parent_b);
	if (!IS_ERR(from->dentry))
		dput(from->dentry);
	if (!IS_ERR(to->dentry))
		dput(to->dentry);
	return err;
}

static int rename_names(int from_fd, const char *from_name, int to_fd, const char *to_name,
			unsigned flags)
{
	struct place from, to;
	int err = path_parent(from_fd, from_name, &from.parent);

	if (err)
		return err;
	err = path_parent(to_fd, to_name, &to.parent);
	if (err) {
		path_put(&from.parent.path);
		return err;
	}
	from.dir = from.parent.path.dentry->inode;
	to.dir = to.parent.path.dentry->inode;
	if (from.parent.path.mnt != to.parent.path.mnt) {
		err = -EXDEV;
	} else if (!from.parent.last[0] || !to.parent.last[0]) {
		err = -EBUSY;
	} else {
		mutex_lock(&rename_mutex);
		err = rename_locked(&from, &to, flags);
		mutex_unlock(&rename_mutex);
	}
	path_put(&from.parent.path);
	path_put(&to.parent.path);
	return err;
}

/* --- system calls: fetch the names, do it --- */

SYSCALL3(mkdirat, int, dirfd, const char __user *, user_name, u32, mode)
{
	char *name = get_name(user_name);
	int err;

	if (IS_ERR(name))
		return PTR_ERR(name);
	err = make_dir(dirfd, name, mode & ~current_umask());
	put_name(name);
	return err;
}

SYSCALL2(mkdir, const char __user *, user_name, u32, mode)
{
	return sys_mkdirat(AT_FDCWD, user_name, mode);
}

SYSCALL4(mknodat, int, dirfd, const char __user *, user_name, u32, mode, unsigned, dev)
{
	u32 type = mode & S_IFMT;
	char *name;
	int err;

	if ((type == S_IFCHR || type == S_IFBLK) && !capable(27 /* CAP_MKNOD */))
		return -EPERM;
	if (type == S_IFDIR)
		return -EPERM;
	if (type == 0)
		type = S_IFREG;
	if (type != S_IFREG && type != S_IFCHR && type != S_IFBLK && type != S_IFIFO &&
	    type != S_IFSOCK)
		return -EINVAL;
	name = get_name(user_name);
	if (IS_ERR(name))
		return PTR_ERR(name);
	err = make_node(dirfd, name, type | (mode & ~current_umask() & 07777), decode_dev(dev));
	put_name(name);
	return err;
}

SYSCALL3(mknod, const char __user *, user_name, u32, mode, unsigned, dev)
{
	return sys_mknodat(AT_FDCWD, user_name, mode, dev);
}

SYSCALL3(unlinkat, int, dirfd, const char __user *, user_name, int, flags)
{
	char *name;
	int err;

	if (flags & ~AT_REMOVEDIR)
		return -EINVAL;
	name = get_name(user_name);
	if (IS_ERR(name))
		return PTR_ERR(name);
	err = remove_name(dirfd, name, flags & AT_REMOVEDIR);
	put_name(name);
	return err;
}

SYSCALL1(unlink, const char __user *, user_name)
{
	return sys_unlinkat(AT_FDCWD, user_name, 0);
}

SYSCALL1(rmdir, const char __user *, user_name)
{
	return sys_unlinkat(AT_FDCWD, user_name, AT_REMOVEDIR);
}

SYSCALL3(symlinkat, const char __user *, user_target, int, dirfd, const char __user *, user_name)
{
	char *target = get_name(user_target), *name;
	int err;

	if (IS_ERR(target))
		return PTR_ERR(target);
	name = get_name(user_name);
	if (IS_ERR(name)) {
		err = PTR_ERR(name);
	} else {
		err = make_symlink(target, dirfd, name);
		put_name(name);
	}
	put_name(target);
	return err;
}

SYSCALL2(symlink, const char __user *, target, const char __user *, name)
{
	return sys_symlinkat(target, AT_FDCWD, name);
}

SYSCALL5(linkat, int, from_fd, const char __user *, from, int, to_fd, const char __user *, to, int,
	 flags)
{
	struct path path;
	char *name;
	int err;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	err = user_path(from_fd, from,
			(flags & AT_SYMLINK_FOLLOW ? LOOKUP_FOLLOW : 0) |
				(flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0),
			&path);
	if (err)
		return err;
	name = get_name(to);
	if (IS_ERR(name)) {
		err = PTR_ERR(name);
	} else {
		err = make_link(&path, to_fd, name);
		put_name(name);
	}
	path_put(&path);
	return err;
}

SYSCALL2(link, const char __user *, from, const char __user *, to)
{
	return sys_linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

SYSCALL5(renameat2, int, from_fd, const char __user *, user_from, int, to_fd, const char __user *,
	 user_to, unsigned, flags)
{
	char *from, *to;
	int err;

	if (flags & ~RENAME_NOREPLACE)
		return -EINVAL;
	from = get_name(user_from);
	if (IS_ERR(from))
		return PTR_ERR(from);
	to = get_name(user_to);
	if (IS_ERR(to)) {
		err = PTR_ERR(to);
	} else {
		err = rename_names(from_fd, from, to_fd, to, flags);
		put_name(to);
	}
	put_name(from);
	return err;
}

SYSCALL4(renameat, int, from_fd, const char __user *, from, int, to_fd, const char __user *, to)
{
	return sys_renameat2(from_fd, from, to_fd, to, 0);
}

SYSCALL2(rename, const char __user *, from, const char __user *, to)
{
	return sys_renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}
