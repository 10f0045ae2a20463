/*
 * debugfs: where things are that no program needs to run, under Linux's names. Mounted by who
 * wants it: mount -t debugfs none /sys/kernel/debug.
 */
#include "kernel/initcall.h"
#include "proc/procfs_int.h"
#include <linux/magic.h>

static struct proc_entry debug_root = {.mode = S_IFDIR | 0700,
				       .children = LIST_HEAD_INIT(debug_root.children)};

void debugfs_create(const char *path, u32 mode, int (*show)(struct seq_file *m, void *private),
		    int (*write)(char *text, size_t bytes, void *private), void *private)
{
	struct proc_entry *e = proc_entry_at(&debug_root, path, S_IFREG | mode);

	e->show = show;
	e->write = write;
	e->private = private;
}

static int debugfs_fill(struct super_block *sb, const char *source, const char *options)
{
	return proc_fill_root(sb, &debug_root, DEBUGFS_MAGIC);
}

static struct file_system_type debugfs_type = {.name = "debugfs", .fill = debugfs_fill};

static int debugfs_init(void)
{
	register_filesystem(&debugfs_type);
	return 0;
}
INITCALL(INIT_FS, debugfs_init);
