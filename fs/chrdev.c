/*
 * Devices by number, and /dev.
 *
 * A driver registers a range of minors; opening a device inode looks the range up
 * and continues with the driver's operations.  Block devices are of one kind, which knows its numbers.
 * devtmpfs is a tmpfs in which registered devices appear by themselves: names announced before it
 * is mounted are made at the mount, those that come later (partitions) below /dev, whatever is there.
 */
#include "fs/files.h"
#include "kernel/initcall.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab/slab.h"
#include <linux/fcntl.h>
#include <linux/mount.h>

struct chrdev {
	struct list_head list;
	u32 major, minor, count;
	const struct file_operations *ops;
};

struct dev_name {
	struct list_head list;
	u32 mode, dev;
	char name[32];
};

/* Filled at boot, before there is a second task; constant afterwards. */
static LIST_HEAD(chrdevs);
const struct file_operations *blkdev_fops;

static struct mutex names_lock = MUTEX_INIT(names_lock, RANK_SLEEP_LEAF);
static LIST_HEAD(dev_names); /* (names_lock) */
static bool was_mounted;     /* devtmpfs has been: later names are made at once */

int register_chrdev(u32 major, u32 minor, u32 count, const struct file_operations *ops)
{
	struct chrdev *c = kmalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return -ENOMEM;
	*c = (struct chrdev){.major = major, .minor = minor, .count = count, .ops = ops};
	list_add_tail(&c->list, &chrdevs);
	return 0;
}

const struct file_operations *chrdev_ops(u32 dev)
{
	struct chrdev *c;

	list_for_each_entry (c, &chrdevs, list)
		if (c->major == MAJOR(dev) && MINOR(dev) - c->minor < c->count)
			return c->ops;
	return NULL;
}

static int open_chrdev(struct inode *inode, struct file *file)
{
	const struct file_operations *ops = chrdev_ops(inode->rdev);

	if (!ops)
		return -ENXIO;
	file->ops = ops;
	return ops->open ? ops->open(inode, file) : 0;
}

static int open_nothing(struct inode *inode, struct file *file)
{
	return -ENXIO;
}

static int open_blkdev(struct inode *inode, struct file *file)
{
	if (!blkdev_fops)
		return -ENXIO;
	file->ops = blkdev_fops;
	return file->ops->open(inode, file);
}

static const struct file_operations block_fops = {.open = open_blkdev};
static const struct file_operations chrdev_fops = {.open = open_chrdev};
static const struct file_operations no_device_fops = {.open = open_nothing};

void init_special_inode(struct inode *inode, u32 mode, u32 dev)
{
	inode->rdev = dev;
	switch (mode & S_IFMT) {
	case S_IFCHR: inode->fops = &chrdev_fops; break;
	case S_IFBLK: inode->fops = &block_fops; break;
	case S_IFIFO: inode->fops = &fifo_fops; break;
	default: inode->fops = &no_device_fops; /* no socket names */
	}
}

int devtmpfs_add(const char *name, u32 mode, u32 dev)
{
	struct dev_name *d = kmalloc(sizeof(*d), GFP_KERNEL);
	char path[40];

	if (!d)
		return -ENOMEM;
	d->mode = mode;
	d->dev = dev;
	str_copy(d->name, name, sizeof(d->name));
	mutex_lock(&names_lock);
	list_add_tail(&d->list, &dev_names);
	mutex_unlock(&names_lock);
	if (was_mounted) {
		scnprintf(path, sizeof(path), "/dev/%s", name);
		(void)kernel_mknod(path, mode, dev);
	}
	return 0;
}

void devtmpfs_remove(const char *name)
{
	struct dev_name *d, *found = NULL;
	char path[40];

	mutex_lock(&names_lock);
	list_for_each_entry (d, &dev_names, list)
		if (!strcmp(d->name, name))
			found = d;
	if (found)
		list_del(&found->list);
	mutex_unlock(&names_lock);
	kfree(found);
	if (was_mounted) {
		scnprintf(path, sizeof(path), "/dev/%s", name);
		(void)kernel_remove(path, false);
	}
}

/* The n-th name, copied: making its node may sleep for other locks than ours. */
static bool nth_name(unsigned n, struct dev_name *copy)
{
	struct dev_name *d;
	bool found = false;

	mutex_lock(&names_lock);
	list_for_each_entry (d, &dev_names, list)
		if (n-- == 0) {
			*copy = *d;
			found = true;
			break;
		}
	mutex_unlock(&names_lock);
	return found;
}

/* Make nodes below a root that is mounted nowhere yet: by the file system's own operations. */
static int populate(struct dentry *root)
{
	struct dev_name d;
	int err = 0;

	was_mounted = true;
	for (unsigned n = 0; !err && nth_name(n, &d); n++) {
		struct dentry *dentry = d_alloc(root, d.name, strlen(d.name));

		if (!dentry)
			return -ENOMEM;
		down_write(&root->inode->lock);
		err = root->inode->ops->mknod(root->inode, dentry, d.mode, d.dev);
		up_write(&root->inode->lock);
		dput(dentry);
	}
	return err;
}

static int devtmpfs_fill(struct super_block *sb, const char *source, const char *options)
{
	int err = tmpfs_fill(sb, source, "mode=755");

	return err ? err : populate(sb->root);
}

static struct file_system_type devtmpfs_type = {.name = "devtmpfs", .fill = devtmpfs_fill};

static int devtmpfs_init(void)
{
	register_filesystem(&devtmpfs_type);
	return 0;
}
INITCALL(INIT_FS, devtmpfs_init);
