/*
 * tmpfs, ramfs and the root: files that live in memory alone.
 *
 * The directory is the tree of pinned dentries, the data is the page cache; what
 * is left for a file system to do is to make inodes and count.  A mount has a
 * limit of pages and of inodes (options size=, nr_inodes=, mode=, uid=, gid=);
 * without one, half of RAM and as many inodes as half the pages.  A size may have
 * a suffix k, m, g or % (of RAM).
 *
 * Also here: files without a name, for shared anonymous memory, memfd_create (memfd.c) and
 * System V segments (sysv_shm.c).
 */
#include "fs/files.h"
#include "kernel/initcall.h"
#include "kernel/task.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/lru/lru.h"
#include "mm/slab/slab.h"
#include <linux/falloc.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/magic.h>

struct tmpfs {
	atomic_long_t used_pages, used_inodes;
	long max_pages, max_inodes; /* 0: no limit */
};

static struct file_system_type ramfs_type;
static const struct inode_operations dir_inode_ops, file_inode_ops, link_inode_ops;
static const struct file_operations file_ops;

static struct tmpfs *tmpfs_of(const struct super_block *sb)
{
	return sb->private;
}

/* --- pages --- */

static int charge(struct address_space *mapping)
{
	struct inode *inode = mapping->host;
	struct tmpfs *fs = tmpfs_of(inode->sb);

	if (fs->max_pages && atomic_read(&fs->used_pages) >= fs->max_pages)
		return -ENOSPC;
	atomic_inc(&fs->used_pages);
	return 0;
}

static void uncharge(struct address_space *mapping, unsigned long pages)
{
	struct inode *inode = mapping->host;

	atomic_sub((long)pages, &tmpfs_of(inode->sb)->used_pages);
}

static const struct address_space_ops tmpfs_aops = {
	.charge = charge,
	.uncharge = uncharge,
	.hold = inode_hold_mapping,
	.release = inode_release_mapping,
};

/* --- inodes --- */

static struct inode *new_inode(struct super_block *sb, u32 mode, u32 dev)
{
	struct tmpfs *fs = tmpfs_of(sb);
	struct inode *inode;

	if (fs->max_inodes && atomic_read(&fs->used_inodes) >= fs->max_inodes)
		return ERR_PTR(-ENOSPC);
	inode = inode_alloc(sb, mode);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	atomic_inc(&fs->used_inodes);
	switch (mode & S_IFMT) {
	case S_IFREG:
		inode->ops = &file_inode_ops;
		inode->fops = &file_ops;
		inode->data.ops = &tmpfs_aops;
		inode->data.swap_backed = true;
		inode->data.unevictable = sb->type == &ramfs_type; /* it is not for swap */
		inode->seals = F_SEAL_SEAL;
		break;
	case S_IFDIR:
		inode->ops = &dir_inode_ops;
		inode->fops = &generic_dir_ops;
		inode->nlink = 2;
		break;
	case S_IFLNK: inode->ops = &link_inode_ops; break;
	default: inode->ops = &file_inode_ops; init_special_inode(inode, mode, dev);
	}
	return inode;
}

static void tmpfs_evict(struct inode *inode)
{
	if ((inode->mode & S_IFMT) == S_IFLNK)
		kfree(inode->private);
	else if (inode->private)
		vm_unaccount((unsigned long)inode->private);
	atomic_dec(&tmpfs_of(inode->sb)->used_inodes);
}

/* --- names --- */

static void touch(struct inode *dir)
{
	dir->mtime = dir->ctime = fs_now();
}

static int add(struct inode *dir, struct dentry *dentry, u32 mode, u32 dev)
{
	struct inode *inode = new_inode(dir->sb, mode, dev);

	if (IS_ERR(inode))
		return PTR_ERR(inode);
	if (dir->mode & S_ISGID) {
		inode->gid = dir->gid;
		if ((mode & S_IFMT) == S_IFDIR)
			inode->mode |= S_ISGID;
	}
	d_attach(dentry, inode);
	dir->size += 20; /* what Linux's tmpfs counts for an entry */
	touch(dir);
	return 0;
}

static int tmpfs_create(struct inode *dir, struct dentry *dentry, u32 mode)
{
	return add(dir, dentry, mode, 0);
}

static int tmpfs_mknod(struct inode *dir, struct dentry *dentry, u32 mode, u32 dev)
{
	return add(dir, dentry, mode, dev);
}

static int tmpfs_mkdir(struct inode *dir, struct dentry *dentry, u32 mode)
{
	int err = add(dir, dentry, mode, 0);

	if (!err)
		dir->nlink++;
	return err;
}

static int tmpfs_symlink(struct inode *dir, struct dentry *dentry, const char *target)
{
	char *copy = kstrdup(target, GFP_KERNEL);
	int err = copy ? add(dir, dentry, S_IFLNK | 0777, 0) : -ENOMEM;

	if (err) {
		kfree(copy);
		return err;
	}
	dentry->inode->private = copy;
	dentry->inode->size = strlen(copy);
	return 0;
}

static int tmpfs_link(struct inode *inode, struct inode *dir, struct dentry *dentry)
{
	ihold(inode);
	inode->nlink++;
	inode->ctime = fs_now();
	d_attach(dentry, inode);
	dir->size += 20;
	touch(dir);
	return 0;
}

static int tmpfs_unlink(struct inode *dir, struct dentry *dentry)
{
	struct inode *inode = dentry->inode;

	inode->nlink--;
	inode->ctime = fs_now();
	dir->size -= 20;
	touch(dir);
	d_delete(dentry);
	return 0;
}

static bool dir_is_empty(struct dentry *dentry)
{
	bool empty;

	spin_lock(&dcache_lock);
	empty = list_empty(&dentry->children);
	spin_unlock(&dcache_lock);
	return empty;
}

static int tmpfs_rmdir(struct inode *dir, struct dentry *dentry)
{
	if (!dir_is_empty(dentry))
		return -ENOTEMPTY;
	dentry->inode->nlink = 1; /* and unlink takes the last */
	dir->nlink--;
	return tmpfs_unlink(dir, dentry);
}

static int tmpfs_rename(struct inode *from_dir, struct dentry *from, struct inode *to_dir,
			struct dentry *to)
{
	bool is_dir = (from->inode->mode & S_IFMT) == S_IFDIR;
	int err = 0;

	if (to->inode && is_dir && !dir_is_empty(to))
		return -ENOTEMPTY;
	err = d_move(from, to->parent, to->name, to->name_len);
	if (err)
		return err;
	if (to->inode)
		err = is_dir ? tmpfs_rmdir(to_dir, to) : tmpfs_unlink(to_dir, to);
	if (is_dir) {
		from_dir->nlink--;
		to_dir->nlink++;
	}
	from_dir->size -= 20;
	to_dir->size += 20;
	touch(from_dir);
	touch(to_dir);
	from->inode->ctime = fs_now();
	return err;
}

static int tmpfs_readlink(struct inode *inode, struct dentry *dentry, char *buf, size_t size)
{
	return min((size_t)str_copy(buf, inode->private, size), size - 1);
}

static const struct inode_operations dir_inode_ops = {
	.create = tmpfs_create,
	.mknod = tmpfs_mknod,
	.mkdir = tmpfs_mkdir,
	.symlink = tmpfs_symlink,
	.link = tmpfs_link,
	.unlink = tmpfs_unlink,
	.rmdir = tmpfs_rmdir,
	.rename = tmpfs_rename,
};
static const struct inode_operations file_inode_ops;
static const struct inode_operations link_inode_ops = {.readlink = tmpfs_readlink};

/* --- files --- */

/* Allocate the pages of a range, or (PUNCH_HOLE) give those of it back. */
static int tmpfs_fallocate(struct file *file, int mode, u64 offset, u64 len)
{
	struct inode *inode = file->inode;
	u64 first = offset >> PAGE_SHIFT, end = offset + len;
	int err = 0;

	if (mode && mode != FALLOC_FL_KEEP_SIZE &&
	    mode != (FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	down_write(&inode->lock);
	if (mode & FALLOC_FL_PUNCH_HOLE)
		err = inode->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE) ? -EPERM : 0;
	else
		err = may_grow(inode, end) ?: end > inode->size ? seals_allow_size(inode, end) : 0;
	if (err) {
		up_write(&inode->lock);
		return err;
	}
	if (mode & FALLOC_FL_PUNCH_HOLE) {
		u64 hole = ALIGN_UP(offset, (u64)PAGE_SIZE),
		    hole_end = ALIGN_DOWN(end, (u64)PAGE_SIZE);

		down_write(&inode->data.invalidate_lock);
		if (hole < hole_end)
			cache_punch_hole(&inode->data, hole >> PAGE_SHIFT,
					 (hole_end >> PAGE_SHIFT) - 1);
		if (offset < min(hole, end))
			cache_zero_partial(&inode->data, offset, min(hole, end));
		if (hole_end >= hole && hole_end < end)
			cache_zero_partial(&inode->data, hole_end, end);
		up_write(&inode->data.invalidate_lock);
	} else {
		for (u64 i = first; i <= (end - 1) >> PAGE_SHIFT && !err; i++) {
			bool major;
			struct page *page = cache_get_page(&inode->data, i, &major);

			if (IS_ERR(page))
				err = PTR_ERR(page);
			else
				put_page(page);
			if (!err && signal_pending())
				err = -EINTR;
			cond_resched();
		}
		if (!err && !(mode & FALLOC_FL_KEEP_SIZE) && end > inode->size)
			WRITE_ONCE(inode->size, end);
	}
	inode->mtime = inode->ctime = fs_now();
	up_write(&inode->lock);
	return err;
}

static int tmpfs_fsync(struct file *file)
{
	return 0; /* memory is all there is */
}

static const struct file_operations file_ops = {
	.read = generic_read,
	.write = generic_write,
	.llseek = generic_llseek,
	.fcntl = seals_fcntl,
	.fsync = tmpfs_fsync,
	.fallocate = tmpfs_fallocate,
};

/* --- mounting --- */

static int tmpfs_statfs(struct super_block *sb, struct kstatfs *st)
{
	struct tmpfs *fs = tmpfs_of(sb);

	if (fs->max_pages) {
		st->blocks = fs->max_pages;
		st->bavail = st->bfree = fs->max_pages - atomic_read(&fs->used_pages);
	}
	if (fs->max_inodes) {
		st->files = fs->max_inodes;
		st->ffree = fs->max_inodes - atomic_read(&fs->used_inodes);
	}
	return 0;
}

static int tmpfs_show_options(struct super_block *sb, char *buf, size_t size)
{
	struct tmpfs *fs = tmpfs_of(sb);
	int n = 0;

	if (fs->max_pages)
		n += scnprintf(buf, size, ",size=%luk", fs->max_pages << (PAGE_SHIFT - 10));
	if (fs->max_inodes)
		n += scnprintf(buf + n, size - n, ",nr_inodes=%ld", fs->max_inodes);
	return n;
}

/* Unpin the whole tree below a root that nobody uses any more. */
static void drop_tree(struct dentry *dir)
{
	for (;;) {
		struct dentry *child = NULL;

		spin_lock(&dcache_lock);
		if (!list_empty(&dir->children))
			child = dget(list_first_entry(&dir->children, struct dentry, sibling));
		spin_unlock(&dcache_lock);
		if (!child)
			return;
		drop_tree(child);
		d_delete(child);
		dput(child);
	}
}

static void tmpfs_kill(struct super_block *sb)
{
	kfree(sb->private);
}

static void tmpfs_release_tree(struct super_block *sb)
{
	drop_tree(sb->root);
}

static const struct super_operations tmpfs_super_ops = {
	.evict = tmpfs_evict,
	.statfs = tmpfs_statfs,
	.show_options = tmpfs_show_options,
	.release_tree = tmpfs_release_tree,
	.kill = tmpfs_kill,
};

struct tmpfs_options {
	u64 bytes, inodes;
	u32 mode, uid, gid;
};

static int parse_one(struct tmpfs_options *o, const char *option)
{
	const char *value = strchr(option, '='), *end = "";
	size_t len = value ? (size_t)(value - option) : strlen(option);

	if (!value)
		return 0; /* flags like "rw" that mount(8) leaves in */
	value++;
	if (len == 4 && !strncmp(option, "size", 4)) {
		o->bytes = parse_size(value, &end);
		if (*end == '%') {
			o->bytes = o->bytes * totalram_pages() / 100 * PAGE_SIZE;
			end++;
		}
	} else if (len == 9 && !strncmp(option, "nr_inodes", 9)) {
		o->inodes = parse_size(value, &end);
	} else if (len == 4 && !strncmp(option, "mode", 4)) {
		o->mode = 0;
		for (end = value; *end >= '0' && *end <= '7'; end++)
			o->mode = o->mode * 8 + (*end - '0');
	} else if (len == 3 && !strncmp(option, "uid", 3)) {
		o->uid = parse_number(value, &end);
	} else if (len == 3 && !strncmp(option, "gid", 3)) {
		o->gid = parse_number(value, &end);
	} else {
		return -EINVAL;
	}
	return *end && *end != ',' ? -EINVAL : 0;
}

static int fill(struct super_block *sb, u64 bytes, u64 inodes, u32 mode, u32 uid, u32 gid)
{
	struct tmpfs *fs = kzalloc(sizeof(*fs), GFP_KERNEL);
	struct inode *root;

	if (!fs)
		return -ENOMEM;
	fs->max_pages = DIV_ROUND_UP(bytes, PAGE_SIZE);
	fs->max_inodes = inodes;
	sb->private = fs;
	sb->ops = &tmpfs_super_ops;
	root = new_inode(sb, S_IFDIR | mode, 0);
	if (IS_ERR(root)) {
		kfree(fs);
		return PTR_ERR(root);
	}
	root->uid = uid;
	root->gid = gid;
	sb->root = d_make_root(sb, root);
	if (!sb->root) {
		kfree(fs);
		return -ENOMEM;
	}
	sb->root->pinned = true;
	return 0;
}

int tmpfs_fill(struct super_block *sb, const char *source, const char *options)
{
	struct tmpfs_options o = {.bytes = totalram_pages() / 2 * PAGE_SIZE,
				  .inodes = totalram_pages() / 2,
				  .mode = 01777};

	sb->magic = TMPFS_MAGIC;
	for (const char *at = options; at && *at;) {
		int err = parse_one(&o, at);

		if (err)
			return err;
		at = strchr(at, ',');
		if (at)
			at++;
	}
	return fill(sb, o.bytes, o.inodes, o.mode, o.uid, o.gid);
}

static int ramfs_fill(struct super_block *sb, const char *source, const char *options)
{
	sb->magic = RAMFS_MAGIC;
	return fill(sb, 0, 0, 0755, 0, 0);
}

static struct file_system_type tmpfs_type = {.name = "tmpfs", .fill = tmpfs_fill};
static struct file_system_type ramfs_type = {.name = "ramfs", .fill = ramfs_fill};
static struct file_system_type rootfs_type = {.name = "rootfs", .fill = ramfs_fill};

/* --- files without a name --- */

static struct super_block shm_sb = {.type = &tmpfs_type, .magic = TMPFS_MAGIC};

struct file *shmem_file(const char *name, u64 bytes, u32 flags)
{
	struct inode *inode = new_inode(&shm_sb, S_IFREG | 0777, 0);
	struct file *file;

	if (IS_ERR(inode))
		return ERR_CAST(inode);
	inode->nlink = 0;
	inode->size = bytes;
	file = anon_file(name, inode, &file_ops, O_RDWR | flags);
	if (!IS_ERR(file))
		file->mode |= FMODE_SEEK;
	return file;
}

/* The pages accounted stand in inode->private, which regular files do not need otherwise. */
int shmem_account(struct file *file, u64 bytes)
{
	unsigned long pages = DIV_ROUND_UP(bytes, PAGE_SIZE);
	int err = vm_account(current->mm, pages);

	if (!err)
		file->inode->private = (void *)pages;
	return err;
}

static int tmpfs_init(void)
{
	int err;

	register_filesystem(&rootfs_type);
	register_filesystem(&tmpfs_type);
	register_filesystem(&ramfs_type);
	err = fill(&shm_sb, 0, 0, 0777, 0, 0);
	return err ? err : mount_root();
}
INITCALL(INIT_FS, tmpfs_init);
