/*
 * procfs: the part of /proc that is always there.
 *
 * Entries form a tree that grows at boot and is constant afterwards.  Names are
 * looked up in it each time; inodes and dentries exist while somebody uses them.
 * At the root, names that are numbers are processes (pid.c).
 */
#include "proc/procfs_int.h"

#include "kernel/initcall.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "mm/slab/slab.h"
#include <linux/magic.h>

static struct proc_entry proc_root = {.mode = S_IFDIR | 0555,
				      .children = LIST_HEAD_INIT(proc_root.children)};
static u64 last_ino = 1; /* at boot only */

/* --- the tree --- */

static struct proc_entry *find_child(struct proc_entry *dir, const char *name, size_t len)
{
	struct proc_entry *e;

	list_for_each_entry (e, &dir->children, sibling)
		if (strlen(e->name) == len && !memcmp(e->name, name, len))
			return e;
	return NULL;
}

static struct proc_entry *new_entry(struct proc_entry *dir, const char *name, size_t len, u32 mode)
{
	struct proc_entry *e = kzalloc(sizeof(*e) + len + 1, GFP_KERNEL);

	if (!e)
		panic("no memory for /proc entries");
	memcpy(e->name, name, len);
	e->mode = mode;
	e->ino = ++last_ino;
	e->parent = dir;
	list_init(&e->children);
	list_add_tail(&e->sibling, &dir->children);
	if ((mode & S_IFMT) == S_IFDIR)
		dir->subdirs++;
	return e;
}

struct proc_entry *proc_entry_at(struct proc_entry *dir, const char *path, u32 mode)
{
	for (;;) {
		const char *slash = strchr(path, '/');
		struct proc_entry *next;

		if (!slash)
			return new_entry(dir, path, strlen(path), mode);
		next = find_child(dir, path, slash - path);
		if (!next)
			next = new_entry(dir, path, slash - path, S_IFDIR | 0555);
		dir = next;
		path = slash + 1;
	}
}

void proc_create(const char *path, u32 mode, int (*show)(struct seq_file *m, void *private),
		 int (*write)(char *text, size_t bytes, void *private), void *private)
{
	struct proc_entry *e = proc_entry_at(&proc_root, path, S_IFREG | mode);

	e->show = show;
	e->write = write;
	e->private = private;
}

void proc_create_raw(const char *path, u32 mode, long (*read)(struct iov_iter *to, u64 *pos))
{
	proc_entry_at(&proc_root, path, S_IFREG | mode)->read = read;
}

void proc_create_link(const char *path, int (*target)(char *buf, size_t size))
{
	proc_entry_at(&proc_root, path, S_IFLNK | 0777)->target = target;
}

/* --- numbers --- */

static s64 number_value(const struct proc_number *n)
{
	if (n->bytes == 8)
		return *(s64 *)n->value;
	if (n->is_long)
		return *(u32 *)n->value;
	return *(int *)n->value;
}

static int show_number(struct seq_file *m, void *private)
{
	seq_printf(m, "%lld\n", (long long)number_value(private));
	return 0;
}

int proc_parse_number(const char *text, s64 min, s64 max, s64 *value)
{
	const char *end;
	bool negative;
	u64 number;

	while (*text == ' ' || *text == '\t')
		text++;
	negative = *text == '-';
	text += negative;
	if (*text < '0' || *text > '9')
		return -EINVAL;
	number = parse_number(text, &end);
	if (*end && *end != '\n' && *end != ' ' && *end != '\t')
		return -EINVAL;
	/* So few digits do not wrap around. */
	if (end - text > 19 || number >> 63)
		return -EINVAL;
	*value = negative ? -(s64)number : (s64)number;
	return *value < min || *value > max ? -EINVAL : 0;
}

static int write_number(char *text, size_t bytes, void *private)
{
	const struct proc_number *n = private;
	s64 value;
	int err;

	if (!bytes)
		return 0;
	err = proc_parse_number(text, n->min, n->max, &value);
	if (err)
		return err;
	err = n->changed ? n->changed(value) : 0;
	if (err)
		return err;
	if (n->bytes == 8)
		WRITE_ONCE(*(s64 *)n->value, value);
	else
		WRITE_ONCE(*(int *)n->value, (int)value);
	return 0;
}

void proc_create_number(const struct proc_number *n, u32 mode)
{
	proc_create(n->path, mode, show_number, write_number, (void *)n);
}

/* --- files --- */

long proc_read_entries(struct iov_iter *to, u64 *pos, u64 end,
		       void (*fill)(void *arg, u64 first, unsigned n, u64 *entries), void *arg)
{
	long done = 0;

	if (*pos % 8 || to->count % 8)
		return -EINVAL;
	while (to->count && *pos / 8 < end) {
		const u64 first = *pos / 8;
		u64 entries[PROC_ENTRIES];
		unsigned n = min(min((u64)to->count / 8, (u64)PROC_ENTRIES), end - first);
		size_t copied;

		fill(arg, first, n, entries);
		copied = copy_to_iter(entries, n * 8, to);
		*pos += copied;
		done += copied;
		if (copied < n * 8)
			return done ? done : -EFAULT;
		if (fatal_signal_pending())
			break;
		cond_resched();
	}
	return done;
}

/* What one write(2) brought, as a string; freed with kfree. */
char *proc_take_text(struct iov_iter *from)
{
	size_t n = from->count;
	char *text;

	if (n > PAGE_SIZE)
		return ERR_PTR(-EINVAL);
	text = kmalloc(n + 1, GFP_KERNEL);
	if (!text)
		return ERR_PTR(-ENOMEM);
	if (copy_from_iter(text, n, from) != n) {
		kfree(text);
		return ERR_PTR(-EFAULT);
	}
	text[n] = 0;
	return text;
}

static int show_entry(struct seq_file *m, void *private)
{
	struct proc_entry *e = private;

	return e->show ? e->show(m, e->private) : -EINVAL;
}

static int entry_open(struct inode *inode, struct file *file)
{
	const struct proc_entry *e = inode->private;

	if (!e->show && !e->read && (file->mode & (FMODE_READ | FMODE_WRITE)) == FMODE_READ)
		return -EACCES; /* even to root: a knob that has no position */
	if (e->read) {
		file->mode |= FMODE_SEEK;
		return 0;
	}
	return seq_open(file, show_entry, inode->private);
}

static long entry_read(struct file *file, struct iov_iter *to, u64 *pos)
{
	const struct proc_entry *e = file->inode->private;

	return e->read ? e->read(to, pos) : seq_read(file, to, pos);
}

static void entry_release(struct inode *inode, struct file *file)
{
	if (file->private)
		seq_release(inode, file);
}

static long entry_write(struct file *file, struct iov_iter *from, u64 *pos)
{
	struct proc_entry *e = file->inode->private;
	size_t bytes = from->count;
	char *text;
	int err;

	if (!e->write)
		return -EIO;
	text = proc_take_text(from);
	if (IS_ERR(text))
		return PTR_ERR(text);
	err = e->write(text, bytes, e->private);
	kfree(text);
	return err ? err : (long)bytes;
}

static const struct file_operations entry_fops = {
	.open = entry_open,
	.read = entry_read,
	.write = entry_write,
	.llseek = seq_llseek,
	.release = entry_release,
};

static int entry_readlink(struct inode *inode, struct dentry *dentry, char *buf, size_t size)
{
	struct proc_entry *e = inode->private;

	return e->target ? e->target(buf, size)
			 : scnprintf(buf, size, "%s", (const char *)e->private);
}

/* --- directories --- */

static const struct inode_operations dir_ops, link_ops = {.readlink = entry_readlink};
static int entry_readdir(struct file *file, struct dir_context *ctx);
static const struct file_operations dir_fops = {.readdir = entry_readdir, .llseek = dir_llseek};

struct inode *proc_inode(struct super_block *sb, u32 mode, void *private)
{
	struct inode *inode = inode_alloc(sb, mode);

	if (!inode)
		return NULL;
	inode->uid = inode->gid = 0;
	inode->private = private;
	inode->mapping = NULL;
	return inode;
}

static struct inode *entry_inode(struct super_block *sb, struct proc_entry *e)
{
	struct inode *inode = proc_inode(sb, e->mode, e);

	if (!inode)
		return NULL;
	inode->ino = e->ino;
	switch (e->mode & S_IFMT) {
	case S_IFDIR:
		inode->ops = &dir_ops;
		inode->fops = &dir_fops;
		inode->nlink = 2 + e->subdirs;
		break;
	case S_IFLNK: inode->ops = &link_ops; break;
	default: inode->fops = &entry_fops;
	}
	return inode;
}

static int entry_lookup(struct inode *dir, struct dentry *dentry)
{
	struct proc_entry *parent = dir->private;
	struct proc_entry *e = find_child(parent, dentry->name, dentry->name_len);
	struct inode *inode;

	if (!e)
		return parent == &proc_root ? pid_root_lookup(dir, dentry) : 0;
	inode = entry_inode(dir->sb, e);
	if (!inode)
		return -ENOMEM;
	d_attach(dentry, inode);
	return 0;
}

static const struct inode_operations dir_ops = {.lookup = entry_lookup};

static int entry_readdir(struct file *file, struct dir_context *ctx)
{
	struct proc_entry *dir = file->inode->private, *e;
	u64 at = 2;

	if (!proc_emit_dots(file, ctx))
		return 0;
	if (ctx->pos < PID_POSITIONS) {
		list_for_each_entry (e, &dir->children, sibling) {
			if (at++ < ctx->pos)
				continue;
			if (!ctx->emit(ctx, e->name, strlen(e->name), at, e->ino,
				       (e->mode & S_IFMT) >> 12))
				return 0;
			ctx->pos = at;
		}
	}
	return dir == &proc_root ? pid_root_readdir(ctx) : 0;
}

bool proc_emit_dots(struct file *file, struct dir_context *ctx)
{
	struct dentry *dir = file->path.dentry;

	if (ctx->pos == 0) {
		if (!ctx->emit(ctx, ".", 1, 1, dir->inode->ino, 4))
			return false;
		ctx->pos = 1;
	}
	if (ctx->pos == 1) {
		if (!ctx->emit(ctx, "..", 2, 2, dir->parent->inode->ino, 4))
			return false;
		ctx->pos = 2;
	}
	return true;
}

/* --- mounting --- */

static const struct super_operations proc_super_ops = {.evict = pid_evict,
						       .revalidate = pid_revalidate};

int proc_fill_root(struct super_block *sb, struct proc_entry *entry, u64 magic)
{
	struct inode *root = proc_inode(sb, entry->mode, entry);

	if (!root)
		return -ENOMEM;
	root->ops = &dir_ops;
	root->fops = &dir_fops;
	root->ino = 1;
	sb->ops = &proc_super_ops;
	sb->magic = magic;
	sb->next_ino = 1u << 20; /* above the entries' own numbers */
	sb->root = d_make_root(sb, root);
	return sb->root ? 0 : -ENOMEM;
}

static int proc_fill(struct super_block *sb, const char *source, const char *options)
{
	return proc_fill_root(sb, &proc_root, PROC_SUPER_MAGIC);
}

static struct file_system_type proc_type = {.name = "proc", .fill = proc_fill};

static int procfs_init(void)
{
	register_filesystem(&proc_type);
	return 0;
}
INITCALL(INIT_FS, procfs_init);
