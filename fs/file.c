/*
 * Open files and descriptor tables.
 *
 * A table is an array of pointers with two bitmaps (open, close on exec), all in
 * one block that is replaced by a larger one when it is full.  Looking up a
 * descriptor takes no lock: blocks and files are freed by epoch, and a reference
 * is taken unless the count is zero.
 */
#include "fs/files.h"
#include "fs/sysv_shm.h"
#include "kernel/initcall.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "lib/bitmap.h"
#include "lib/string.h"
#include "mm/slab/slab.h"
#include <linux/fcntl.h>
#include <linux/sched.h>

#define FD_MAX (1u << 20)

struct fd_table {      /* changed under files->lock; read in an epoch */
	unsigned size; /* multiple of BITS_PER_LONG */
	struct file **file;
	unsigned long *open, *cloexec;
	struct epoch_head epoch;
};

struct files_struct {
	atomic_t count;
	spinlock_t lock;
	struct fd_table *table;
	unsigned next; /* (lock) no free number is below this one */
};

static struct kmem_cache *file_cache, *files_cache;

/* --- files --- */

struct file *file_alloc(const struct path *path, u32 flags, const struct file_operations *ops)
{
	static const u32 modes[4] = {FMODE_READ, FMODE_WRITE, FMODE_READ | FMODE_WRITE, 0};
	struct file *file = kmem_cache_zalloc(file_cache, GFP_KERNEL);

	if (!file)
		return NULL;
	atomic_set(&file->count, 1);
	file->flags = flags;
	file->mode = flags & O_PATH ? 0 : modes[flags & O_ACCMODE];
	file->ops = ops;
	file->path = *path;
	path_get(&file->path);
	file->inode = path->dentry->inode;
	file->mapping = file->inode->mapping;
	if (file->mapping)
		file->errors_seen = cache_errors_seen(file->mapping);
	mutex_init(&file->pos_lock, RANK_FILE_POS);
	return file;
}

void get_file(struct file *file)
{
	atomic_inc(&file->count);
}

static void file_free_epoch(struct epoch_head *head)
{
	kmem_cache_free(file_cache, container_of(head, struct file, epoch));
}

/* One side at a time: a counter that goes up for writers and down for programs. */
int inode_claim(struct inode *inode, int step)
{
	int count = atomic_read(&inode->writers);

	do
		if (count * step < 0)
			return -ETXTBSY;
	while (!try_cmpxchg(&inode->writers.v, &count, count + step));
	return 0;
}

void inode_unclaim(struct inode *inode, int step)
{
	atomic_sub(step, &inode->writers);
}

int file_claim(struct file *file, u32 fmode)
{
	const int step = fmode == FMODE_WRITE ? 1 : -1;
	int err = inode_claim(file->inode, step);

	if (!err)
		file->claim = step;
	return err;
}

void fput(struct file *file)
{
	if (!atomic_dec_and_test(&file->count))
		return;
	if (file->claim)
		inode_unclaim(file->inode, file->claim);
	if (file->ops && file->ops->release)
		file->ops->release(file->inode, file);
	path_put(&file->path);
	epoch_call(&file->epoch, file_free_epoch);
}

static struct super_block anon_sb = {.dev = MKDEV(0, 1)};

struct file *anon_file(const char *name, struct inode *inode, const struct file_operations *ops,
		       u32 flags)
{
	struct dentry *dentry = d_alloc(NULL, name, strlen(name));
	struct file *file;

	if (!dentry) {
		iput(inode);
		return ERR_PTR(-ENOMEM);
	}
	dentry->sb = inode->sb;
	dentry->inode = inode;
	file = file_alloc(&(struct path){NULL, dentry}, flags, ops);
	dput(dentry);
	return file ? file : ERR_PTR(-ENOMEM);
}

struct inode *anon_inode(u32 mode)
{
	return inode_alloc(&anon_sb, mode);
}

/* --- tables --- */

static struct fd_table *table_alloc(unsigned size)
{
	unsigned longs = size / BITS_PER_LONG;
	size_t bytes =
		sizeof(struct fd_table) + size * sizeof(struct file *) + 2 * longs * sizeof(long);
	struct fd_table *table = kzalloc(bytes, GFP_KERNEL);

	if (!table)
		return NULL;
	table->size = size;
	table->file = (struct file **)(table + 1);
	table->open = (unsigned long *)(table->file + size);
	table->cloexec = table->open + longs;
	return table;
}

static void table_copy(struct fd_table *to, const struct fd_table *from)
{
	memcpy(to->file, from->file, from->size * sizeof(struct file *));
	memcpy(to->open, from->open, from->size / 8);
	memcpy(to->cloexec, from->cloexec, from->size / 8);
}

static void table_free_epoch(struct epoch_head *head)
{
	kfree(container_of(head, struct fd_table, epoch));
}

static struct files_struct *files_alloc(unsigned size)
{
	struct files_struct *files = kmem_cache_zalloc(files_cache, GFP_KERNEL);

	if (!files)
		return NULL;
	atomic_set(&files->count, 1);
	spin_lock_init(&files->lock, RANK_FILES);
	files->table = table_alloc(size);
	if (!files->table) {
		kmem_cache_free(files_cache, files);
		return NULL;
	}
	return files;
}

struct file *fget(int fd)
{
	const struct files_struct *files = current->files;

	if (unlikely(!files))
		return NULL;
	for (;;) {
		const struct fd_table *table;
		struct file *file = NULL;
		bool taken = false, there = false;

		epoch_read_lock();
		table = load_acquire(&files->table);
		if (likely((unsigned)fd < table->size)) /* nor negative */
			file = load_acquire(&table->file[fd]);
		if (likely(file))
			taken = atomic_inc_not_zero(&file->count);
		if (likely(taken))
			there = load_acquire(&table->file[fd]) == file;
		epoch_read_unlock();
		if (likely(there || !file))
			return file;
		if (taken) /* closed this moment; look what is there now */
			fput(file);
	}
}

/* Make room for number fd; lock held, dropped while memory is had. 0 or -errno. */
static int table_grow(struct files_struct *files, unsigned fd)
{
	while (fd >= files->table->size) {
		struct fd_table *old = files->table, *bigger;
		unsigned size = max(old->size * 2, ALIGN_UP(fd + 1, BITS_PER_LONG));

		spin_unlock(&files->lock);
		bigger = table_alloc(size);
		spin_lock(&files->lock);
		if (!bigger)
			return -ENOMEM;
		if (files->table != old) { /* another thread did it */
			kfree(bigger);
			continue;
		}
		table_copy(bigger, old);
		store_release(&files->table, bigger);
		epoch_call(&old->epoch, table_free_epoch);
	}
	return 0;
}

static void set_fd(struct files_struct *files, unsigned fd, struct file *file, bool cloexec)
{
	struct fd_table *table = files->table;

	bitmap_set(table->open, fd);
	if (cloexec)
		bitmap_set(table->cloexec, fd);
	else
		bitmap_clear(table->cloexec, fd);
	store_release(&table->file[fd], file);
}

int fd_install_from(struct file *file, unsigned from, bool cloexec)
{
	struct files_struct *files = current->files;
	unsigned long limit = min(rlimit(RLIMIT_NOFILE), (unsigned long)FD_MAX);
	unsigned fd;
	int err = 0;

	spin_lock(&files->lock);
	for (;;) {
		fd = bitmap_next_zero(files->table->open, files->table->size,
				      max(from, files->next));
		if (fd >= limit)
			err = -EMFILE;
		else if (fd >= files->table->size)
			err = table_grow(files, fd);
		if (err || fd < files->table->size)
			break;
	}
	if (!err && bitmap_test(files->table->open, fd)) { /* taken while the table grew */
		spin_unlock(&files->lock);
		return fd_install_from(file, from, cloexec);
	}
	if (!err) {
		set_fd(files, fd, file, cloexec);
		if (from <= files->next)
			files->next = fd + 1;
	}
	spin_unlock(&files->lock);
	if (err)
		fput(file);
	return err ? err : (int)fd;
}

int fd_install(struct file *file, u32 flags)
{
	return fd_install_from(file, 0, flags & O_CLOEXEC);
}

int fd_install_at(struct file *file, int fd, bool cloexec)
{
	struct files_struct *files = current->files;
	struct file *old;
	int err = 0;

	spin_lock(&files->lock);
	if (fd < 0 || (unsigned long)fd >= min(rlimit(RLIMIT_NOFILE), (unsigned long)FD_MAX))
		err = -EBADF;
	else
		err = table_grow(files, fd);
	if (err) {
		spin_unlock(&files->lock);
		fput(file);
		return err;
	}
	old = files->table->file[fd];
	set_fd(files, fd, file, cloexec);
	spin_unlock(&files->lock);
	if (old)
		fput(old);
	return fd;
}

static struct file *take_fd(struct files_struct *files, unsigned fd)
{
	struct file *file = NULL;

	spin_lock(&files->lock);
	if (fd < files->table->size) {
		file = files->table->file[fd];
		store_release(&files->table->file[fd], NULL);
		bitmap_clear(files->table->open, fd);
		files->next = min(files->next, fd);
	}
	spin_unlock(&files->lock);
	return file;
}

int fd_close(int fd)
{
	struct file *file = fd < 0 ? NULL : take_fd(current->files, fd);

	if (!file)
		return -EBADF;
	fput(file);
	return 0;
}

int fd_get_cloexec(int fd)
{
	struct files_struct *files = current->files;
	int on = -EBADF;

	spin_lock(&files->lock);
	if (fd >= 0 && (unsigned)fd < files->table->size && files->table->file[fd])
		on = bitmap_test(files->table->cloexec, fd);
	spin_unlock(&files->lock);
	return on;
}

int fd_set_cloexec(int fd, bool on)
{
	struct files_struct *files = current->files;
	int err = -EBADF;

	spin_lock(&files->lock);
	if (fd >= 0 && (unsigned)fd < files->table->size && files->table->file[fd]) {
		set_fd(files, fd, files->table->file[fd], on);
		err = 0;
	}
	spin_unlock(&files->lock);
	return err;
}

/* The highest descriptor in use, plus one. */
static unsigned used_fds(const struct fd_table *table)
{
	unsigned longs = table->size / BITS_PER_LONG;

	while (longs && !table->open[longs - 1])
		longs--;
	return longs * BITS_PER_LONG;
}

static int files_fork(struct task_struct *child, unsigned long clone_flags)
{
	struct files_struct *files = current->files, *copy;
	unsigned size;

	child->files = NULL;
	if (!files || (clone_flags & CLONE_FILES)) {
		if (files)
			atomic_inc(&files->count);
		child->files = files;
		if (files || (child->pf & PF_KTHREAD))
			return 0;
		child->files = files_alloc(BITS_PER_LONG); /* init */
		return child->files ? 0 : -ENOMEM;
	}
	size = max(used_fds(files->table), (unsigned)BITS_PER_LONG);
	copy = files_alloc(size);
	if (!copy)
		return -ENOMEM;
	spin_lock(&files->lock);
	while (used_fds(files->table) > copy->table->size) { /* another thread opened more */
		unsigned want = files->table->size;

		spin_unlock(&files->lock);
		kfree(copy->table);
		copy->table = table_alloc(want);
		if (!copy->table) {
			kmem_cache_free(files_cache, copy);
			return -ENOMEM;
		}
		spin_lock(&files->lock);
	}
	unsigned used = used_fds(files->table);

	for (unsigned fd = bitmap_next_set(files->table->open, used, 0); fd < used;
	     fd = bitmap_next_set(files->table->open, used, fd + 1)) {
		struct file *file = files->table->file[fd];

		get_file(file);
		set_fd(copy, fd, file, bitmap_test(files->table->cloexec, fd));
	}
	copy->next = files->next;
	spin_unlock(&files->lock);
	child->files = copy;
	return 0;
}

static void close_where(struct files_struct *files, bool only_cloexec)
{
	for (unsigned fd = 0; fd < files->table->size; fd++) {
		const unsigned long *map =
			only_cloexec ? files->table->cloexec : files->table->open;

		fd = bitmap_next_set(map, files->table->size, fd);
		if (fd >= files->table->size)
			break;
		struct file *file = take_fd(files, fd);

		if (file)
			fput(file);
	}
}

static void files_put(struct files_struct *files)
{
	if (!files || !atomic_dec_and_test(&files->count))
		return;
	close_where(files, false);
	epoch_call(&files->table->epoch, table_free_epoch);
	kmem_cache_free(files_cache, files);
}

static void files_exit(struct task_struct *task)
{
	struct files_struct *files = task->files;

	task_lock(task);
	task->files = NULL;
	task_unlock(task);
	files_put(files);
}

unsigned task_fd_size(struct task_struct *task)
{
	unsigned size = 0;

	task_lock(task);
	if (task->files)
		size = task->files->table->size;
	task_unlock(task);
	return size;
}

struct file *task_next_file(struct task_struct *task, unsigned *fd)
{
	struct file *file = NULL;

	task_lock(task);
	struct files_struct *files = task->files;

	if (files) {
		spin_lock(&files->lock);
		const struct fd_table *table = files->table;
		unsigned n = *fd < table->size ? bitmap_next_set(table->open, table->size, *fd)
					       : table->size;

		if (n < table->size && table->file[n]) {
			file = table->file[n];
			get_file(file);
			*fd = n;
		}
		spin_unlock(&files->lock);
	}
	task_unlock(task);
	return file;
}

/* --- hung on tasks --- */

static int parts_fork(struct task_struct *child, unsigned long clone_flags)
{
	int err = fs_struct_fork(child, clone_flags);

	if (err)
		return err;
	err = files_fork(child, clone_flags);
	if (err)
		fs_struct_exit(child);
	return err;
}

static void parts_exit(struct task_struct *task)
{
	shm_exit(task);
	files_exit(task);
	fs_struct_exit(task);
}

static void parts_exec(struct task_struct *task)
{
	if (atomic_read(&task->files->count) > 1) {
		struct files_struct *old = task->files;

		/* Threads are gone; whoever else shares the table keeps it, we go with a copy. */
		if (files_fork(task, 0) == 0)
			files_put(old);
		else
			task->files = old;
	}
	close_where(task->files, true);
}

static const struct task_part_ops file_task_parts = {
	.fork = parts_fork, .exit = parts_exit, .exec = parts_exec};

static int file_init(void)
{
	file_cache = kmem_cache_create("filp", sizeof(struct file), 0,
				       SLAB_HWCACHE_ALIGN | SLAB_PANIC, NULL);
	files_cache =
		kmem_cache_create("files_cache", sizeof(struct files_struct), 0, SLAB_PANIC, NULL);
	vm_file_ops.get = get_file;
	vm_file_ops.put = fput;
	register_task_parts(&file_task_parts);
	return 0;
}
INITCALL(INIT_EARLY, file_init);
