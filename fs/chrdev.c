/*
 * Character devices by number, and /dev.
 *
 * A driver registers a range of minors; opening a device inode looks the range up
 * and continues with the driver's operations.  devtmpfs is a tmpfs in which
 * registered devices appear by themselves: names announced before it is mounted
 * are made at the mount.
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
static LIST_HEAD(dev_names);

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

static const struct file_operations chrdev_fops = {.open = open_chrdev};
static const struct file_operations no_device_fops = {.open = open_nothing};

void init_special_inode(struct inode *inode, u32 mode, u32 dev)
{
	inode->rdev = dev;
	switch (mode & S_IFMT) {
	case S_IFCHR: inode->fops = &chrdev_fops; break;
	case S_IFIFO: inode->fops = &fifo_fops; break;
	default: inode->fops = &no_device_fops; /* no block devices, no socket names */
	}
}

int devtmpfs_add(const char *name, u32 mode, u32 dev)
{
	struct dev_name *d = kmalloc(sizeof(*d), GFP_KERNEL);

	if (!d)
		return -ENOMEM;
	d->mode = mode;
	d->dev = dev;
	str_copy(d->name, name, sizeof(d->name));
	list_add_tail(&d->list, &dev_names);
	return 0;
}

/* Make nodes below a root that is mounted nowhere yet: by the file system's own operations. */
static int populate(struct dentry *root)
{
	struct dev_name *d;
	int err = 0;

	list_for_each_entry (d, &dev_names, list) {
		struct dentry *dentry = d_alloc(root, d->name, strlen(d->name));

		if (!dentry)
			return -ENOMEM;
		down_write(&root->inode->lock);
		err = root->inode->ops->mknod(root->inode, dentry, d->mode, d->dev);
		up_write(&root->inode->lock);
		dput(dentry);
		if (err)
			break;
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
