/*
 * open(2) and its relatives; close; what changes an inode by path: truncate,
 * chmod, chown, access, utimes.
 */
#include "fs/files.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "kernel/time.h"
#include "lib/string.h"
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/time_types.h>

#define MAX_FILE_BYTES (1ULL << 47) /* 2^35 pages */

static const struct file_operations no_ops;

/* What an open of this inode for these purposes needs. */
static int may_open(const struct path *path, u32 flags)
{
	static const u8 need[4] = {MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE, 0};
	struct inode *inode = path->dentry->inode;
	unsigned mask = need[flags & O_ACCMODE] | (flags & O_TRUNC ? MAY_WRITE : 0);

	switch (inode->mode & S_IFMT) {
	case S_IFLNK: return -ELOOP;
	case S_IFDIR:
		if (mask & MAY_WRITE || flags & O_CREAT)
			return -EISDIR;
		break;
	}
	if ((flags & O_DIRECTORY) && (inode->mode & S_IFMT) != S_IFDIR)
		return -ENOTDIR;
	if ((mask & MAY_WRITE) && path->mnt && (path->mnt->flags & MS_RDONLY) &&
	    ((inode->mode & S_IFMT) == S_IFREG || (inode->mode & S_IFMT) == S_IFDIR))
		return -EROFS;
	if ((flags & O_NOATIME) && current->cred.fsuid != inode->uid && current->cred.fsuid != 0)
		return -EPERM;
	return inode_permission(inode, mask);
}

int may_grow(const struct inode *inode, u64 size)
{
	if (size <= inode->size || size <= rlimit(RLIMIT_FSIZE))
		return 0;
	send_signal(SIGXFSZ, NULL, current);
	return -EFBIG;
}

int inode_set_size(struct inode *inode, u64 size)
{
	int err = 0;

	if (size > MAX_FILE_BYTES)
		return -EFBIG;
	down_write(&inode->lock);
	err = may_grow(inode, size);
	if (!err)
		err = seals_allow_size(inode, size);
	if (err) {
		up_write(&inode->lock);
		return err;
	}
	if (size < inode->size) {
		u64 edge = ALIGN_UP(size, (u64)PAGE_SIZE);

		down_write(&inode->data.invalidate_lock);
		WRITE_ONCE(inode->size, size);
		cache_truncate(&inode->data, edge >> PAGE_SHIFT, ~0ULL);
		if (edge != size)
			cache_zero_partial(&inode->data, size, edge);
		up_write(&inode->data.invalidate_lock);
	}
	if (inode->ops && inode->ops->truncate)
		err = inode->ops->truncate(inode, size);
	if (!err) {
		WRITE_ONCE(inode->size, size);
		inode->mtime = inode->ctime = fs_now();
	}
	up_write(&inode->lock);
	return err;
}

/* Cut or extend by name, without a descriptor for writing: a running program is let alone. */
static int set_size_by_name(struct inode *inode, u64 size)
{
	int err = inode_claim(inode, 1);

	if (err)
		return err;
	err = inode_set_size(inode, size);
	inode_unclaim(inode, 1);
	return err;
}

struct file *open_found(const struct path *path, u32 flags, bool created)
{
	struct inode *inode = path->dentry->inode;
	struct file *file;
	int err = 0;

	if (flags & O_PATH) {
		if ((flags & O_DIRECTORY) && (inode->mode & S_IFMT) != S_IFDIR)
			return ERR_PTR(-ENOTDIR);
		file = file_alloc(path, flags & (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
				  &no_ops);
		return file ? file : ERR_PTR(-ENOMEM);
	}
	if (!created)
		err = may_open(path, flags);
	if (err)
		return ERR_PTR(err);
	file = file_alloc(path, flags & ~(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC),
			  inode->fops ? inode->fops : &no_ops);
	if (!file)
		return ERR_PTR(-ENOMEM);
	if ((inode->mode & S_IFMT) == S_IFREG) {
		file->mode |= FMODE_SEEK;
		if (file->mode & FMODE_WRITE)
			err = file_claim(file, FMODE_WRITE);
	}
	if (!err && (flags & O_TRUNC) && !created && (inode->mode & S_IFMT) == S_IFREG)
		err = set_size_by_name(inode, 0);
	if (err) {
		file->ops = &no_ops;
		fput(file);
		return ERR_PTR(err);
	}
	file->flags |= flags & (O_NOCTTY | O_EXCL); /* a tty's and a disk's open want to know */
	if (file->ops->open) {
		err = file->ops->open(inode, file);
		if (err) {
			file->ops = &no_ops; /* what was not opened is not released */
			fput(file);
			return ERR_PTR(err);
		}
	}
	file->flags &= ~(O_NOCTTY | O_EXCL);
	return file;
}

static long do_open(int dirfd, const char __user *user_name, u32 flags, u32 mode)
{
	char *name = get_name(user_name);
	struct file *file;

	if (IS_ERR(name))
		return PTR_ERR(name);
	file = open_path(dirfd, name, flags | O_LARGEFILE, mode);
	put_name(name);
	return IS_ERR(file) ? PTR_ERR(file) : fd_install(file, flags);
}

SYSCALL3(open, const char __user *, name, int, flags, u32, mode)
{
	return do_open(AT_FDCWD, name, flags, mode);
}

SYSCALL4(openat, int, dirfd, const char __user *, name, int, flags, u32, mode)
{
	return do_open(dirfd, name, flags, mode);
}

SYSCALL2(creat, const char __user *, name, u32, mode)
{
	return do_open(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

SYSCALL1(close, int, fd)
{
	return fd_close(fd);
}

SYSCALL3(close_range, unsigned, first, unsigned, last, unsigned, flags)
{
	if (first > last || (flags & ~4u))
		return -EINVAL;
	for (unsigned fd = first; fd <= min(last, task_fd_size(current)); fd++) {
		if (flags & 4 /* CLOSE_RANGE_CLOEXEC */)
			(void)fd_set_cloexec(fd, true);
		else
			(void)fd_close(fd);
	}
	return 0;
}

/* --- size --- */

SYSCALL3(truncate, const char __user *, name, unsigned long, low, unsigned long, high)
{
	const s64 size = CALL_S64(low, high);
	struct path path;
	int err;

	if (size < 0)
		return -EINVAL;
	err = user_path(AT_FDCWD, name, LOOKUP_FOLLOW, &path);
	if (err)
		return err;
	struct inode *inode = path.dentry->inode;

	if ((inode->mode & S_IFMT) == S_IFDIR)
		err = -EISDIR;
	else if ((inode->mode & S_IFMT) != S_IFREG)
		err = -EINVAL;
	else
		err = inode_permission(inode, MAY_WRITE);
	if (!err)
		err = set_size_by_name(inode, size);
	path_put(&path);
	return err;
}

SYSCALL3(ftruncate, int, fd, unsigned long, low, unsigned long, high)
{
	const s64 size = CALL_S64(low, high);
	struct file *file = size < 0 ? NULL : fget(fd);
	int err;

	if (!file)
		return size < 0 ? -EINVAL : -EBADF;
	if (!(file->mode & FMODE_WRITE) || (file->inode->mode & S_IFMT) != S_IFREG)
		err = -EINVAL;
	else
		err = inode_set_size(file->inode, size);
	fput(file);
	return err;
}

SYSCALL6(fallocate, int, fd, int, mode, unsigned long, c, unsigned long, d, unsigned long, e,
	 unsigned long, f)
{
	const s64 offset = CALL_S64(c, d), len = CALL_NEXT_S64(d, e, f);
	struct file *file;
	long err;

	if (offset < 0 || len <= 0)
		return -EINVAL;
	file = fget(fd);
	if (!file)
		return -EBADF;
	if (!(file->mode & FMODE_WRITE))
		err = -EBADF;
	else if ((u64)offset + len > MAX_FILE_BYTES)
		err = -EFBIG;
	else if (!file->ops->fallocate)
		err = (file->inode->mode & S_IFMT) == S_IFIFO ? -ESPIPE : -EOPNOTSUPP;
	else
		err = file->ops->fallocate(file, mode, offset, len);
	fput(file);
	return err;
}

/* --- attributes by path or descriptor --- */

/* The path a *at call means; with AT_EMPTY_PATH and "" the descriptor's own. */
static int at_path(int dirfd, const char __user *name, int flags, struct path *path)
{
	unsigned lookup = flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW;

	return user_path(dirfd, name, lookup | (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0), path);
}

static int writable_mount(const struct path *path)
{
	return path->mnt && (path->mnt->flags & MS_RDONLY) ? -EROFS : 0;
}

static int set_mode(const struct path *path, u32 mode)
{
	struct inode *inode = path->dentry->inode;
	int err = writable_mount(path);

	if (err)
		return err;
	if (current->cred.fsuid != inode->uid && current->cred.fsuid != 0)
		return -EPERM;
	down_write(&inode->lock);
	inode->mode = (inode->mode & S_IFMT) | (mode & 07777);
	inode->ctime = fs_now();
	up_write(&inode->lock);
	return 0;
}

static int set_owner(const struct path *path, u32 uid, u32 gid)
{
	struct inode *inode = path->dentry->inode;
	int err = writable_mount(path);

	if (err)
		return err;
	if (current->cred.fsuid != 0 &&
	    (current->cred.fsuid != inode->uid || (uid != ~0u && uid != inode->uid) ||
	     (gid != ~0u && gid != current->cred.fsgid)))
		return -EPERM;
	down_write(&inode->lock);
	if (uid != ~0u)
		inode->uid = uid;
	if (gid != ~0u)
		inode->gid = gid;
	if ((inode->mode & S_IFMT) != S_IFDIR)
		inode->mode &= ~(S_ISUID | (inode->mode & S_IXGRP ? S_ISGID : 0));
	inode->ctime = fs_now();
	up_write(&inode->lock);
	return 0;
}

static long chmod_at(int dirfd, const char __user *name, u32 mode, int flags)
{
	struct path path;
	int err = at_path(dirfd, name, flags, &path);

	if (err)
		return err;
	err = set_mode(&path, mode);
	path_put(&path);
	return err;
}

static long chown_at(int dirfd, const char __user *name, u32 uid, u32 gid, int flags)
{
	struct path path;
	int err = at_path(dirfd, name, flags, &path);

	if (err)
		return err;
	err = set_owner(&path, uid, gid);
	path_put(&path);
	return err;
}

SYSCALL2(chmod, const char __user *, name, u32, mode)
{
	return chmod_at(AT_FDCWD, name, mode, 0);
}

SYSCALL3(fchmodat, int, dirfd, const char __user *, name, u32, mode)
{
	return chmod_at(dirfd, name, mode, 0);
}

SYSCALL2(fchmod, int, fd, u32, mode)
{
	struct file *file = fget(fd);
	int err;

	if (!file)
		return -EBADF;
	err = set_mode(&file->path, mode);
	fput(file);
	return err;
}

SYSCALL3(chown, const char __user *, name, u32, uid, u32, gid)
{
	return chown_at(AT_FDCWD, name, uid, gid, 0);
}

SYSCALL3(lchown, const char __user *, name, u32, uid, u32, gid)
{
	return chown_at(AT_FDCWD, name, uid, gid, AT_SYMLINK_NOFOLLOW);
}

SYSCALL5(fchownat, int, dirfd, const char __user *, name, u32, uid, u32, gid, int, flags)
{
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return chown_at(dirfd, name, uid, gid, flags);
}

SYSCALL3(fchown, int, fd, u32, uid, u32, gid)
{
	struct file *file = fget(fd);
	int err;

	if (!file)
		return -EBADF;
	err = set_owner(&file->path, uid, gid);
	fput(file);
	return err;
}

static long access_at(int dirfd, const char __user *name, unsigned mode, int flags)
{
	struct cred *cred = &current->cred;
	u32 fsuid = cred->fsuid, fsgid = cred->fsgid;
	struct path path;
	int err;

	if (mode & ~7u)
		return -EINVAL;
	if (!(flags & AT_EACCESS)) {
		cred->fsuid = cred->uid;
		cred->fsgid = cred->gid;
	}
	err = at_path(dirfd, name, flags, &path);
	if (!err) {
		err = inode_permission(path.dentry->inode, mode);
		if (!err && (mode & MAY_WRITE))
			err = writable_mount(&path);
		path_put(&path);
	}
	cred->fsuid = fsuid;
	cred->fsgid = fsgid;
	return err;
}

SYSCALL2(access, const char __user *, name, unsigned, mode)
{
	return access_at(AT_FDCWD, name, mode, 0);
}

SYSCALL3(faccessat, int, dirfd, const char __user *, name, unsigned, mode)
{
	return access_at(dirfd, name, mode, 0);
}

SYSCALL4(faccessat2, int, dirfd, const char __user *, name, unsigned, mode, int, flags)
{
	if (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return access_at(dirfd, name, mode, flags);
}

#define UTIME_NOW  0x3fffffff
#define UTIME_OMIT 0x3ffffffe

static int set_time(struct fs_time *field, const struct __kernel_timespec *t)
{
	if (t->tv_nsec == UTIME_OMIT)
		return 0;
	if (t->tv_nsec == UTIME_NOW) {
		*field = fs_now();
		return 0;
	}
	if (t->tv_nsec < 0 || t->tv_nsec >= 1000000000)
		return -EINVAL;
	*field = (struct fs_time){.sec = t->tv_sec, .nsec = t->tv_nsec};
	return 0;
}

static long utimes_at(int dirfd, const char __user *name, const struct __kernel_timespec *times,
		      int flags)
{
	const struct __kernel_timespec now[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
	struct path path;
	int err;

	if (!name) {
		struct file *file = fget(dirfd);

		if (!file)
			return -EBADF;
		path = file->path;
		path_get(&path);
		fput(file);
	} else {
		err = at_path(dirfd, name, flags, &path);
		if (err)
			return err;
	}
	struct inode *inode = path.dentry->inode;

	if (!times)
		times = now;
	err = writable_mount(&path);
	if (!err && current->cred.fsuid != inode->uid && current->cred.fsuid != 0)
		err = times == now ? inode_permission(inode, MAY_WRITE) : -EPERM;
	if (!err)
		err = set_time(&inode->atime, &times[0]);
	if (!err)
		err = set_time(&inode->mtime, &times[1]);
	if (!err)
		inode->ctime = fs_now();
	path_put(&path);
	return err;
}

SYSCALL4(utimensat, int, dirfd, const char __user *, name, const struct __kernel_timespec __user *,
	 user_times, int, flags)
{
	struct __kernel_timespec times[2];

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (user_times && get_timespecs(times, user_times, 2))
		return -EFAULT;
	return utimes_at(dirfd, name, user_times ? times : NULL, flags);
}

SYSCALL2(utimes, const char __user *, name, const struct __kernel_old_timeval __user *, user_times)
{
	struct __kernel_old_timeval tv[2];
	struct __kernel_timespec times[2];

	if (!user_times)
		return utimes_at(AT_FDCWD, name, NULL, 0);
	if (copy_from_user(tv, user_times, sizeof(tv)))
		return -EFAULT;
	for (int i = 0; i < 2; i++) {
		if (tv[i].tv_usec < 0 || tv[i].tv_usec >= 1000000)
			return -EINVAL;
		times[i].tv_sec = tv[i].tv_sec;
		times[i].tv_nsec = tv[i].tv_usec * 1000;
	}
	return utimes_at(AT_FDCWD, name, times, 0);
}
