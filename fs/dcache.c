/*
 * Names: the tree of dentries.
 *
 * A dentry ties a name in a directory to an inode.  For memory file systems the
 * tree of dentries is the directory itself: such entries are pinned (one
 * reference is the directory's) until the name is removed.  For others (/proc)
 * an entry exists while somebody uses it and is looked up anew next time.
 *
 * A hash table by (parent, name) finds entries; it, the tree links, names and
 * counts going to zero are under dcache_lock.  A name that does not exist is
 * never cached: lookup returns an unhashed dentry without an inode, which create
 * and friends attach one to while they hold the directory's lock.
 *
 * Looking up takes no lock if it finds something.  Dentries and names are freed by epoch, and a
 * reference is taken only while there is another.  A rename may let one who looks see the new name with
 * the old directory, or lead from one chain into another: `renames` is odd while one is
 * going on and changes with each, so what was found meanwhile is not believed.  Who finds nothing looks again
 * under the lock.
 */
#include "fs/vfs.h"
#include "kernel/initcall.h"
#include "lib/string.h"
#include "mm/slab/slab.h"
#include "sync/epoch.h"

#define HASH_BITS 10
#define HASH_SIZE (1u << HASH_BITS)

spinlock_t dcache_lock = SPINLOCK_INIT(RANK_DCACHE);
static struct dentry *hash_table[HASH_SIZE]; /* (dcache_lock; read in an epoch) */
static u32 renames;                          /* (dcache_lock; read without) */
static struct kmem_cache *dentry_cache;

static u32 name_hash(const struct dentry *parent, const char *name, unsigned len)
{
	u32 h = (unsigned long)parent >> 6;

	for (unsigned i = 0; i < len; i++)
		h = (h ^ (u8)name[i]) * 0x01000193u;
	return h ^ h >> 15;
}

static struct dentry **hash_chain(u32 hash)
{
	return &hash_table[hash & (HASH_SIZE - 1)];
}

static void hash_insert(struct dentry *dentry)
{
	struct dentry **chain = hash_chain(dentry->hash);

	WRITE_ONCE(dentry->hash_next, *chain);
	store_release(chain, dentry);
	dentry->hashed = true;
}

static void hash_remove(struct dentry *dentry)
{
	if (!dentry->hashed)
		return;
	for (struct dentry **p = hash_chain(dentry->hash); *p; p = &(*p)->hash_next) {
		if (*p == dentry) {
			WRITE_ONCE(*p, dentry->hash_next); /* who stands on it goes on from there */
			break;
		}
	}
	dentry->hashed = false;
}

struct name {
	struct epoch_head epoch;
	char text[];
};

static char *copy_name(const char *name, unsigned len)
{
	struct name *copy = kmalloc(sizeof(*copy) + len + 1, GFP_KERNEL);

	if (!copy)
		return NULL;
	memcpy(copy->text, name, len);
	copy->text[len] = 0;
	return copy->text;
}

static struct name *name_of(char *text)
{
	return container_of(text, struct name, text[0]);
}

static void free_name(struct epoch_head *head)
{
	kfree(container_of(head, struct name, epoch));
}

static void free_dentry(struct epoch_head *head)
{
	struct dentry *dentry = container_of(head, struct dentry, epoch);

	kfree(name_of(dentry->name));
	kmem_cache_free(dentry_cache, dentry);
}

struct dentry *d_alloc(struct dentry *parent, const char *name, unsigned len)
{
	struct dentry *dentry = kmem_cache_zalloc(dentry_cache, GFP_KERNEL);

	if (!dentry)
		return NULL;
	dentry->name = copy_name(name, len);
	if (!dentry->name) {
		kmem_cache_free(dentry_cache, dentry);
		return NULL;
	}
	dentry->name_len = len;
	atomic_set(&dentry->count, 1);
	list_init(&dentry->children);
	list_init(&dentry->sibling);
	dentry->parent = parent ? dget(parent) : dentry;
	dentry->sb = parent ? parent->sb : NULL;
	dentry->hash = name_hash(parent, name, len);
	return dentry;
}

void d_attach(struct dentry *dentry, struct inode *inode)
{
	spin_lock(&dcache_lock);
	ASSERT(!dentry->inode && !dentry->hashed);
	dentry->inode = inode;
	if (dentry->parent->pinned) {
		dentry->pinned = true;
		atomic_inc(&dentry->count);
	}
	list_add_tail(&dentry->sibling, &dentry->parent->children);
	hash_insert(dentry);
	spin_unlock(&dcache_lock);
}

void d_delete(struct dentry *dentry)
{
	bool pinned;

	spin_lock(&dcache_lock);
	hash_remove(dentry);
	list_del_init(&dentry->sibling);
	pinned = dentry->pinned;
	dentry->pinned = false;
	spin_unlock(&dcache_lock);
	if (pinned)
		dput(dentry);
}

void dput(struct dentry *dentry)
{
	while (dentry) {
		int count = atomic_read(&dentry->count);
		struct dentry *parent;

		/* Only under the lock may it become zero: other lookups take references there. */
		while (count > 1)
			if (try_cmpxchg(&dentry->count.v, &count, count - 1))
				return;
		spin_lock(&dcache_lock);
		if (!atomic_dec_and_test(&dentry->count)) {
			spin_unlock(&dcache_lock);
			return;
		}
		hash_remove(dentry);
		list_del_init(&dentry->sibling);
		parent = dentry->parent;
		spin_unlock(&dcache_lock);
		iput(dentry->inode);
		epoch_call(&dentry->epoch, free_dentry);
		dentry = parent == dentry ? NULL : parent;
	}
}

/* Not by memcmp(): the text may be shorter, and become another one. */
static bool is_named(const struct dentry *d, const char *name, unsigned len)
{
	const char *text = READ_ONCE(d->name);

	for (unsigned i = 0; i < len; i++)
		if (text[i] != name[i])
			return false;
	return !text[len];
}

static struct dentry *find(struct dentry *parent, const char *name, unsigned len, u32 hash)
{
	struct dentry *d = load_acquire(hash_chain(hash));

	while (d && !(READ_ONCE(d->hash) == hash && READ_ONCE(d->parent) == parent &&
		      is_named(d, name, len)))
		d = load_acquire(&d->hash_next);
	return d;
}

/* Without the lock; NULL means little. */
static struct dentry *find_unlocked(struct dentry *parent, const char *name, unsigned len, u32 hash)
{
	const u32 before = load_acquire(&renames);
	struct dentry *d;

	if (before & 1)
		return NULL;
	epoch_read_lock();
	d = find(parent, name, len, hash);
	if (d && !atomic_inc_not_zero(&d->count))
		d = NULL;
	epoch_read_unlock();
	if (d && READ_ONCE(renames) != before) {
		dput(d);
		d = NULL;
	}
	return d;
}

struct dentry *d_lookup(struct dentry *parent, const char *name, unsigned len)
{
	u32 hash = name_hash(parent, name, len);
	struct dentry *d = find_unlocked(parent, name, len, hash);

	if (!d) {
		spin_lock(&dcache_lock);
		d = find(parent, name, len, hash);
		if (d)
			dget(d);
		spin_unlock(&dcache_lock);
	}
	if (d && d->sb->ops && d->sb->ops->revalidate && !d->sb->ops->revalidate(d)) {
		d_delete(d);
		dput(d);
		d = NULL;
	}
	return d;
}

struct dentry *lookup_one_locked(struct dentry *parent, const char *name, unsigned len)
{
	struct dentry *d = d_lookup(parent, name, len);
	struct inode *dir = parent->inode;
	int err = 0;

	if (d)
		return d;
	if (len > 255)
		return ERR_PTR(-ENAMETOOLONG);
	d = d_alloc(parent, name, len);
	if (!d)
		return ERR_PTR(-ENOMEM);
	if (dir->ops && dir->ops->lookup)
		err = dir->ops->lookup(dir, d);
	if (err) {
		dput(d);
		return ERR_PTR(err);
	}
	return d;
}

struct dentry *lookup_one(struct dentry *parent, const char *name, unsigned len)
{
	struct dentry *d = d_lookup(parent, name, len);

	if (d)
		return d;
	/* A pinned directory knows all its names: no lookup can add one. */
	down_write(&parent->inode->lock);
	d = lookup_one_locked(parent, name, len);
	up_write(&parent->inode->lock);
	return d;
}

int d_move(struct dentry *dentry, struct dentry *to_parent, const char *name, unsigned len)
{
	char *copy = copy_name(name, len), *old_name;
	struct dentry *old_parent;

	if (!copy)
		return -ENOMEM;
	spin_lock(&dcache_lock);
	WRITE_ONCE(renames, renames + 1);
	smp_mb();
	hash_remove(dentry);
	list_del(&dentry->sibling);
	old_name = dentry->name;
	old_parent = dentry->parent;
	WRITE_ONCE(dentry->name, copy);
	dentry->name_len = len;
	WRITE_ONCE(dentry->parent, dget(to_parent));
	WRITE_ONCE(dentry->hash, name_hash(to_parent, name, len));
	list_add_tail(&dentry->sibling, &to_parent->children);
	hash_insert(dentry);
	store_release(&renames, renames + 1);
	spin_unlock(&dcache_lock);
	epoch_call(&name_of(old_name)->epoch, free_name);
	dput(old_parent);
	return 0;
}

struct dentry *d_make_root(struct super_block *sb, struct inode *inode)
{
	struct dentry *root = d_alloc(NULL, "/", 1);

	if (!root) {
		iput(inode);
		return NULL;
	}
	root->sb = sb;
	root->inode = inode;
	return root;
}

void path_get(const struct path *path)
{
	mntget(path->mnt);
	dget(path->dentry);
}

void path_put(const struct path *path)
{
	dput(path->dentry);
	mntput(path->mnt);
}

static bool prepend(char **at, char *start, const char *text, size_t len)
{
	if ((size_t)(*at - start) < len)
		return false;
	*at -= len;
	memcpy(*at, text, len);
	return true;
}

/* From the end of buf backwards: names up to the task's root, through mount points. */
char *d_path(const struct path *path, char *buf, size_t size)
{
	struct mount *mnt = path->mnt;
	struct dentry *d = path->dentry;
	char *at = buf + size - 1;
	bool fits = true;
	struct path root;

	*at = 0;
	task_root(&root);
	spin_lock(&dcache_lock);
	if (!d->hashed && d != d->parent)
		fits = prepend(&at, buf, " (deleted)", 10);
	if (d == d->parent && !mnt) { /* a file without a directory: "pipe:[7]" */
		fits = fits && prepend(&at, buf, d->name, d->name_len);
		goto out;
	}
	char *names_end = at;

	while (fits && !(mnt == root.mnt && d == root.dentry)) {
		if (mnt && d == mnt->root) {
			if (!mnt->parent)
				break;
			d = mnt->mountpoint;
			mnt = mnt->parent;
			continue;
		}
		if (d == d->parent)
			break;
		fits = prepend(&at, buf, d->name, d->name_len) && prepend(&at, buf, "/", 1);
		d = d->parent;
	}
	if (at == names_end)
		fits = fits && prepend(&at, buf, "/", 1);
out:
	spin_unlock(&dcache_lock);
	path_put(&root);
	return fits ? at : ERR_PTR(-ENAMETOOLONG);
}

/*
 * Reading a pinned name tree: position 0 is ".", 1 "..", then the children in order.
 * Positions count entries; a name removed meanwhile may make the reader miss another,
 * as POSIX allows.
 */
int dcache_readdir(struct file *file, struct dir_context *ctx)
{
	struct dentry *dir = file->path.dentry;

	if (ctx->pos == 0) {
		if (!ctx->emit(ctx, ".", 1, 1, dir->inode->ino, 4))
			return 0;
		ctx->pos = 1;
	}
	if (ctx->pos == 1) {
		if (!ctx->emit(ctx, "..", 2, 2, dir->parent->inode->ino, 4))
			return 0;
		ctx->pos = 2;
	}
	for (;;) {
		u64 position = 2;
		struct dentry *child, *found = NULL;
		char name[256];
		unsigned len = 0;

		spin_lock(&dcache_lock);
		list_for_each_entry (child, &dir->children, sibling) {
			if (position++ < ctx->pos)
				continue;
			found = dget(child);
			len = child->name_len;
			memcpy(name, child->name, len);
			break;
		}
		spin_unlock(&dcache_lock);
		if (!found)
			return 0;
		bool more = ctx->emit(ctx, name, len, ctx->pos + 1, found->inode->ino,
				      (found->inode->mode & S_IFMT) >> 12);

		dput(found);
		if (!more)
			return 0;
		ctx->pos++;
	}
}

static int dcache_init(void)
{
	dentry_cache = KMEM_CACHE(dentry, SLAB_RECLAIM_ACCOUNT | SLAB_PANIC);
	return 0;
}
INITCALL(INIT_EARLY, dcache_init);
