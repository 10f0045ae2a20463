/*
 * What a file is: stat in its forms, statfs, readlink, directory listings.
 */
#include "fs/files.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "lib/string.h"
#include "mm/slab/slab.h"
#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/stat.h>

/* Device numbers as programs see them: 12 bits of major between two halves of the minor. */
static u64 encode_dev(u32 dev)
{
	return (MINOR(dev) & 0xff) | MAJOR(dev) << 8 | (u64)(MINOR(dev) & ~0xffu) << 12;
}

u32 decode_dev(u64 dev)
{
	return MKDEV(dev >> 8 & 0xfff, (dev & 0xff) | (dev >> 12 & 0xfff00));
}

static struct inode *refreshed(const struct path *path)
{
	struct inode *inode = path->dentry->inode;

	if (inode->ops && inode->ops->refresh)
		inode->ops->refresh(inode);
	return inode;
}

static u64 inode_blocks(const struct inode *inode)
{
	const struct address_space *data = &inode->data;

	return inode->mapping == data ? ((u64)data->nrpages + data->nrswapped) * (PAGE_SIZE / 512)
				      : inode->blocks;
}

static void fill_stat(const struct path *path, struct MACHINE_STAT *st)
{
	const struct inode *inode = refreshed(path);

	memset(st, 0, sizeof(*st));
	st->st_dev = encode_dev(inode->sb->dev);
	st->st_ino = inode->ino;
	st->st_mode = inode->mode;
	st->st_nlink = inode->nlink;
	st->st_uid = inode->uid;
	st->st_gid = inode->gid;
	st->st_rdev = encode_dev(inode->rdev);
	st->st_size = inode->size;
	st->st_blksize = PAGE_SIZE;
	st->st_blocks = inode_blocks(inode);
	st->st_atime = inode->atime.sec;
	st->st_atime_nsec = inode->atime.nsec;
	st->st_mtime = inode->mtime.sec;
	st->st_mtime_nsec = inode->mtime.nsec;
	st->st_ctime = inode->ctime.sec;
	st->st_ctime_nsec = inode->ctime.nsec;
}

int stat_of_name(int dirfd, const char __user *name, int flags, struct MACHINE_STAT *st)
{
	struct path path;
	int err = user_path(dirfd, name,
			    (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
				    (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0),
			    &path);

	if (err)
		return err;
	fill_stat(&path, st);
	path_put(&path);
	return 0;
}

int stat_of_fd(int fd, struct MACHINE_STAT *st)
{
	struct file *file = fget(fd);

	if (!file)
		return -EBADF;
	fill_stat(&file->path, st);
	fput(file);
	return 0;
}

static long stat_at(int dirfd, const char __user *name, struct MACHINE_STAT __user *user, int flags)
{
	struct MACHINE_STAT st;
	int err = stat_of_name(dirfd, name, flags, &st);

	if (err)
		return err;
	return copy_to_user(user, &st, sizeof(st)) ? -EFAULT : 0;
}

SYSCALL2(stat, const char __user *, name, struct MACHINE_STAT __user *, user)
{
	return stat_at(AT_FDCWD, name, user, 0);
}

SYSCALL2(lstat, const char __user *, name, struct MACHINE_STAT __user *, user)
{
	return stat_at(AT_FDCWD, name, user, AT_SYMLINK_NOFOLLOW);
}

SYSCALL4(newfstatat, int, dirfd, const char __user *, name, struct MACHINE_STAT __user *, user, int,
	 flags)
{
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT))
		return -EINVAL;
	return stat_at(dirfd, name, user, flags);
}

SYSCALL2(fstat, int, fd, struct MACHINE_STAT __user *, user)
{
	struct MACHINE_STAT st;
	int err = stat_of_fd(fd, &st);

	if (err)
		return err;
	return copy_to_user(user, &st, sizeof(st)) ? -EFAULT : 0;
}

SYSCALL5(statx, int, dirfd, const char __user *, name, unsigned, flags, unsigned, mask,
	 struct statx __user *, user)
{
	struct path path;
	struct statx st;
	int err;

	if (mask & STATX__RESERVED)
		return -EINVAL;
	err = user_path(dirfd, name,
			(flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
				(flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0),
			&path);
	if (err)
		return err;
	const struct inode *inode = refreshed(&path);

	memset(&st, 0, sizeof(st));
	st.stx_mask = STATX_BASIC_STATS;
	st.stx_blksize = PAGE_SIZE;
	st.stx_nlink = inode->nlink;
	st.stx_uid = inode->uid;
	st.stx_gid = inode->gid;
	st.stx_mode = inode->mode;
	st.stx_ino = inode->ino;
	st.stx_size = inode->size;
	st.stx_blocks = inode_blocks(inode);
	st.stx_atime.tv_sec = inode->atime.sec;
	st.stx_atime.tv_nsec = inode->atime.nsec;
	st.stx_mtime.tv_sec = inode->mtime.sec;
	st.stx_mtime.tv_nsec = inode->mtime.nsec;
	st.stx_ctime.tv_sec = inode->ctime.sec;
	st.stx_ctime.tv_nsec = inode->ctime.nsec;
	st.stx_rdev_major = MAJOR(inode->rdev);
	st.stx_rdev_minor = MINOR(inode->rdev);
	st.stx_dev_major = MAJOR(inode->sb->dev);
	st.stx_dev_minor = MINOR(inode->sb->dev);
	err = copy_to_user(user, &st, sizeof(st)) ? -EFAULT : 0;
	path_put(&path);
	return err;
}

/* --- statfs --- */

static long statfs_of(const struct path *path, struct kstatfs *k)
{
	struct super_block *sb = path->dentry->inode->sb;

	*k = (struct kstatfs){
		.type = sb->magic, .bsize = PAGE_SIZE, .namelen = 255, .dev = sb->dev};
	return sb->ops && sb->ops->statfs ? sb->ops->statfs(sb, k) : 0;
}

long statfs_by_name(const char __user *name, struct kstatfs *k)
{
	struct path path;
	long err = user_path(AT_FDCWD, name, LOOKUP_FOLLOW, &path);

	if (err)
		return err;
	err = statfs_of(&path, k);
	path_put(&path);
	return err;
}

long statfs_by_fd(int fd, struct kstatfs *k)
{
	struct file *file = fget(fd);
	long err;

	if (!file)
		return -EBADF;
	err = statfs_of(&file->path, k);
	fput(file);
	return err;
}

static long copy_statfs(const struct kstatfs *k, struct statfs __user *user)
{
	struct statfs st;

	memset(&st, 0, sizeof(st));
	st.f_type = k->type;
	st.f_bsize = st.f_frsize = k->bsize;
	st.f_blocks = k->blocks;
	st.f_bfree = k->bfree;
	st.f_bavail = k->bavail;
	st.f_files = k->files;
	st.f_ffree = k->ffree;
	st.f_namelen = k->namelen;
	st.f_fsid.val[0] = k->dev;
	return copy_to_user(user, &st, sizeof(st)) ? -EFAULT : 0;
}

SYSCALL2(statfs, const char __user *, name, struct statfs __user *, user)
{
	struct kstatfs k;
	long err = statfs_by_name(name, &k);

	return err ? err : copy_statfs(&k, user);
}

SYSCALL2(fstatfs, int, fd, struct statfs __user *, user)
{
	struct kstatfs k;
	long err = statfs_by_fd(fd, &k);

	return err ? err : copy_statfs(&k, user);
}

/* --- readlink --- */

static long readlink_at(int dirfd, const char __user *name, char __user *buf, int size)
{
	struct path path;
	char *text;
	long len;

	if (size <= 0)
		return -EINVAL;
	len = user_path(dirfd, name, LOOKUP_EMPTY, &path);
	if (len)
		return len;
	struct inode *inode = path.dentry->inode;

	text = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!text)
		len = -ENOMEM;
	else if ((inode->mode & S_IFMT) != S_IFLNK || !inode->ops || !inode->ops->readlink)
		len = -EINVAL;
	else
		len = inode->ops->readlink(inode, path.dentry, text, PATH_MAX);
	if (len > size)
		len = size;
	if (len > 0 && copy_to_user(buf, text, len))
		len = -EFAULT;
	kfree(text);
	path_put(&path);
	return len;
}

SYSCALL3(readlink, const char __user *, name, char __user *, buf, int, size)
{
	return readlink_at(AT_FDCWD, name, buf, size);
}

SYSCALL4(readlinkat, int, dirfd, const char __user *, name, char __user *, buf, int, size)
{
	return readlink_at(dirfd, name, buf, size);
}

/* --- directories --- */

struct linux_dirent64 { /* getdents64(2) */
	u64 d_ino;
	s64 d_off;
	unsigned short d_reclen;
	unsigned char d_type;
	char d_name[];
};

struct dents_context {
	struct dir_context ctx;
	char __user *at;
	size_t left;
	int err;
};

static bool emit_dirent(struct dir_context *ctx, const char *name, unsigned len, u64 next_pos,
			u64 ino, unsigned type)
{
	struct dents_context *dc = container_of(ctx, struct dents_context, ctx);
	struct {
		struct linux_dirent64 d;
		char room[256 + 8];
	} entry;
	size_t bytes = ALIGN_UP(offsetof(struct linux_dirent64, d_name) + len + 1, 8);

	if (bytes > dc->left) {
		dc->err = -EINVAL; /* matters only if not even one fits */
		return false;
	}
	memset(&entry, 0, sizeof(entry));
	entry.d.d_ino = ino;
	entry.d.d_off = next_pos;
	entry.d.d_reclen = bytes;
	entry.d.d_type = type;
	memcpy(entry.d.d_name, name, len);
	if (copy_to_user(dc->at, &entry, bytes)) {
		dc->err = -EFAULT;
		return false;
	}
	dc->at += bytes;
	dc->left -= bytes;
	return true;
}

SYSCALL3(getdents64, int, fd, void __user *, buf, unsigned, size)
{
	struct file *file = fget(fd);
	struct dents_context dc = {.ctx = {.emit = emit_dirent}, .at = buf, .left = size, .err = 0};
	int err;

	if (!file)
		return -EBADF;
	if (!file->ops->readdir) {
		fput(file);
		return -ENOTDIR;
	}
	mutex_lock(&file->pos_lock);
	dc.ctx.pos = file->pos;
	err = file->ops->readdir(file, &dc.ctx);
	file->pos = dc.ctx.pos;
	mutex_unlock(&file->pos_lock);
	fput(file);
	if (dc.left != size)
		return size - dc.left;
	return dc.err ? dc.err : err;
}

s64 dir_llseek(struct file *file, s64 offset, int whence)
{
	if (whence == 1)
		offset += file->pos;
	else if (whence != 0)
		return -EINVAL;
	if (offset < 0)
		return -EINVAL;
	file->pos = offset;
	return offset;
}

const struct file_operations generic_dir_ops = {.readdir = dcache_readdir, .llseek = dir_llseek};
