/*
 * File system types, super blocks, and the tree of mounts.
 *
 * All mounts stand on one list; one is found by what it is mounted on, from a
 * dentry that knows it is a mount point.  A mount counts its users (open files,
 * working directories, mounts on it): umount(2) refuses while there are any,
 * unless MNT_DETACH takes it out of the tree and leaves the end to the last user.
 */
#include "fs/files.h"
#include "kernel/initcall.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "lib/string.h"
#include "mm/slab/slab.h"
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/mount.h>

/* umount2(2)'s flags stand in no UAPI header. */
#define MNT_DETACH      2
#define UMOUNT_NOFOLLOW 8

static LIST_HEAD(types);
static LIST_HEAD(mounts); /* (dcache_lock) in order of id */
static int next_mount_id = 20;
static u32 next_anon_dev = 1; /* atomic: minor numbers of file systems without a device */

void register_filesystem(struct file_system_type *type)
{
	list_add_tail(&type->list, &types);
}

const struct file_system_type *next_filesystem(const struct file_system_type *after)
{
	struct list_head *next = after ? after->list.next : types.next;

	return next == &types ? NULL : list_entry(next, struct file_system_type, list);
}

static struct file_system_type *find_type(const char *name)
{
	struct file_system_type *type;

	list_for_each_entry (type, &types, list)
		if (strcmp(type->name, name) == 0)
			return type;
	return NULL;
}

void mntget(struct mount *mnt)
{
	if (mnt)
		atomic_inc(&mnt->count);
}

static void super_free(struct super_block *sb)
{
	if (sb->ops && sb->ops->kill)
		sb->ops->kill(sb);
	kfree(sb);
}

/* The last user of a mount that has left the tree frees it. */
void mntput(struct mount *mnt)
{
	if (!mnt || !atomic_dec_and_test(&mnt->count))
		return;
	struct super_block *sb = mnt->sb;

	if (sb->ops && sb->ops->release_tree)
		sb->ops->release_tree(sb);
	dput(mnt->root);
	kfree(mnt->source);
	kfree(mnt);
	super_free(sb);
}

struct mount *mount_on(struct mount *parent, struct dentry *dentry)
{
	struct mount *mnt, *found = NULL;

	spin_lock(&dcache_lock);
	list_for_each_entry (mnt, &mounts, list)
		if (mnt->parent == parent && mnt->mountpoint == dentry)
			found = mnt;
	if (found)
		mntget(found);
	spin_unlock(&dcache_lock);
	return found;
}

struct mount *next_mount(int after_id)
{
	struct mount *mnt, *found = NULL;

	spin_lock(&dcache_lock);
	list_for_each_entry (mnt, &mounts, list) {
		if (mnt->id > after_id) {
			found = mnt;
			mntget(mnt);
			break;
		}
	}
	spin_unlock(&dcache_lock);
	return found;
}

/* A new file system instance, mounted nowhere yet. ERR_PTR. */
static struct mount *make_mount(const char *type_name, const char *source, u32 flags,
				const char *options)
{
	struct file_system_type *type = find_type(type_name);
	struct mount *mnt;
	struct super_block *sb;
	int err = -ENOMEM;

	if (!type)
		return ERR_PTR(-ENODEV);
	mnt = kzalloc(sizeof(*mnt), GFP_KERNEL);
	sb = kzalloc(sizeof(*sb), GFP_KERNEL);
	if (!mnt || !sb)
		goto fail;
	mnt->source = kstrdup(source && source[0] ? source : "none", GFP_KERNEL);
	if (!mnt->source)
		goto fail;
	sb->type = type;
	sb->dev = MKDEV(0, fetch_add(&next_anon_dev, 1) + 1);
	err = type->fill(sb, source, options);
	if (err)
		goto fail;
	mnt->sb = sb;
	mnt->root = sb->root;
	mnt->flags = flags;
	atomic_set(&mnt->count, 1);
	list_init(&mnt->list);
	return mnt;
fail:
	if (mnt)
		kfree(mnt->source);
	kfree(mnt);
	kfree(sb);
	return ERR_PTR(err);
}

/* Into the tree, on `where` (NULL: the root of all); takes over the mount's reference. */
static void attach(struct mount *mnt, const struct path *where)
{
	spin_lock(&dcache_lock);
	mnt->id = next_mount_id++;
	if (where) {
		mnt->parent = where->mnt;
		mnt->mountpoint = dget(where->dentry);
		mnt->mountpoint->mounted++;
		mntget(where->mnt);
	}
	list_add_tail(&mnt->list, &mounts);
	spin_unlock(&dcache_lock);
}

static int mount_at(const char *type, const char *source, const struct path *where, u32 flags,
		    const char *options)
{
	struct mount *mnt;

	if ((where->dentry->inode->mode & S_IFMT) != S_IFDIR)
		return -ENOTDIR;
	mnt = make_mount(type, source, flags, options);
	if (IS_ERR(mnt))
		return PTR_ERR(mnt);
	attach(mnt, where);
	return 0;
}

int mount_fs(const char *type, const char *source, const char *target, u32 flags,
	     const char *options)
{
	struct path where;
	int err = path_lookup(AT_FDCWD, target, LOOKUP_FOLLOW, &where);

	if (err)
		return err;
	err = mount_at(type, source, &where, flags, options);
	path_put(&where);
	return err;
}

static int remount(const struct path *where, u32 flags)
{
	if (where->dentry != where->mnt->root)
		return -EINVAL;
	where->mnt->flags = flags;
	return 0;
}

/* Strings of mount(2): all but the target may be NULL. */
static char *optional_name(const char __user *name)
{
	return name ? get_name(name) : NULL;
}

SYSCALL5(mount, const char __user *, user_source, const char __user *, user_target,
	 const char __user *, user_type, unsigned long, flags, const void __user *, user_data)
{
	char *source, *type = NULL, *data = NULL;
	const u32 kept = flags & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME |
				  MS_RELATIME | MS_SYNCHRONOUS | MS_NODIRATIME);
	struct path where;
	int err;

	if (!capable(21 /* CAP_SYS_ADMIN */))
		return -EPERM;
	source = optional_name(user_source);
	if (IS_ERR(source))
		return PTR_ERR(source);
	type = optional_name(user_type);
	data = IS_ERR(type) ? NULL : optional_name(user_data);
	err = IS_ERR(type) ? PTR_ERR(type) : IS_ERR(data) ? PTR_ERR(data) : 0;
	if (!err)
		err = user_path(AT_FDCWD, user_target, LOOKUP_FOLLOW, &where);
	if (!err) {
		if (flags & MS_REMOUNT)
			err = remount(&where, kept);
		else if (flags & (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE))
			err = 0; /* one name space: propagation has nobody to reach */
		else if (flags & (MS_BIND | MS_MOVE))
			err = -EINVAL; /* docs/caveats.md: no bind mounts */
		else if (!type)
			err = -EINVAL;
		else
			err = mount_at(type, source, &where, kept, data);
		path_put(&where);
	}
	kfree(source);
	if (!IS_ERR(type))
		kfree(type);
	if (!IS_ERR(data))
		kfree(data);
	return err;
}

static int unmount(struct mount *mnt, int flags)
{
	int err = 0;
	struct mount *other;
	struct dentry *mountpoint;

	spin_lock(&dcache_lock);
	if (!mnt->parent) {
		err = -EINVAL;
	} else if (!(flags & MNT_DETACH)) {
		list_for_each_entry (other, &mounts, list)
			if (other->parent == mnt)
				err = -EBUSY;
		if (atomic_read(&mnt->count) > 2) /* the tree's and the caller's */
			err = -EBUSY;
	}
	if (err) {
		spin_unlock(&dcache_lock);
		return err;
	}
	list_del_init(&mnt->list);
	mountpoint = mnt->mountpoint;
	mountpoint->mounted--;
	other = mnt->parent;
	mnt->parent = NULL;
	spin_unlock(&dcache_lock);
	dput(mountpoint);
	mntput(other);
	mntput(mnt);
	return 0;
}

SYSCALL2(umount2, const char __user *, user_target, int, flags)
{
	struct path where;
	struct mount *mnt;
	int err;

	if (!capable(21 /* CAP_SYS_ADMIN */))
		return -EPERM;
	err = user_path(AT_FDCWD, user_target, flags & UMOUNT_NOFOLLOW ? 0 : LOOKUP_FOLLOW, &where);
	if (err)
		return err;
	mnt = where.mnt;
	if (where.dentry != mnt->root) {
		path_put(&where);
		return -EINVAL;
	}
	mntget(mnt);
	path_put(&where);
	err = unmount(mnt, flags);
	mntput(mnt);
	return err;
}

SYSCALL2(pivot_root, const char __user *, new_root, const char __user *, put_old)
{
	return -EINVAL; /* the root is the initramfs, which cannot be pivoted (pivot_root(2)) */
}

int mount_root(void)
{
	struct mount *mnt = make_mount("rootfs", "rootfs", 0, NULL);

	if (IS_ERR(mnt))
		return PTR_ERR(mnt);
	attach(mnt, NULL);
	set_init_root(mnt);
	return 0;
}
