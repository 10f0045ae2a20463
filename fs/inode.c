/*
 * Inodes: files apart from their names.
 *
 * An inode lives as long as somebody refers to it: its names (memory file
 * systems), open files, mappings.  With the last reference its pages are dropped
 * and the file system frees what is its own.
 */
#include "fs/vfs.h"
#include "kernel/initcall.h"
#include "kernel/task.h"
#include "lib/string.h"
#include "mm/slab/slab.h"

static struct kmem_cache *inode_cache;

struct fs_time fs_now(void)
{
	u64 ns = realtime_ns();

	return (struct fs_time){.sec = ns / 1000000000, .nsec = ns % 1000000000};
}

static u64 inode_mapping_size(const struct address_space *mapping)
{
	const struct inode *inode = mapping->host;

	return READ_ONCE(inode->size);
}

struct inode *inode_alloc(struct super_block *sb, u32 mode)
{
	struct inode *inode = kmem_cache_zalloc(inode_cache, GFP_KERNEL);

	if (!inode)
		return NULL;
	inode->mode = mode;
	inode->nlink = 1;
	inode->uid = current->cred.fsuid;
	inode->gid = current->cred.fsgid;
	inode->sb = sb;
	inode->ino = fetch_add(&sb->next_ino, 1) + 1;
	inode->atime = inode->mtime = inode->ctime = fs_now();
	atomic_set(&inode->count, 1);
	init_rwsem(&inode->lock, (mode & S_IFMT) == S_IFDIR ? RANK_INODE_DIR : RANK_INODE);
	mapping_init(&inode->data, NULL, inode, false);
	inode->data.size = inode_mapping_size;
	inode->mapping = &inode->data;
	return inode;
}

void iput(struct inode *inode)
{
	if (!inode || !atomic_dec_and_test(&inode->count))
		return;
	if (inode->data.nrpages || inode->data.nrswapped) {
		down_write(&inode->data.invalidate_lock);
		cache_truncate(&inode->data, 0, ~0ULL);
		up_write(&inode->data.invalidate_lock);
	}
	cache_forget(&inode->data);
	/* Who has just dropped the last page (cache_remove_unused) may still hold the tree's lock. */
	spin_lock(&inode->data.tree_lock);
	spin_unlock(&inode->data.tree_lock);
	if (inode->sb->ops && inode->sb->ops->evict)
		inode->sb->ops->evict(inode);
	kmem_cache_free(inode_cache, inode);
}

bool inode_hold_mapping(struct address_space *mapping)
{
	struct inode *inode = mapping->host;

	return atomic_inc_not_zero(&inode->count);
}

void inode_release_mapping(struct address_space *mapping)
{
	iput(mapping->host);
}

/* Owner, group, others, in that order; root may do all, but run only what somebody may. */
int inode_permission(struct inode *inode, unsigned mask)
{
	const struct cred *cred = &current->cred;
	unsigned bits = inode->mode;

	if (inode->ops && inode->ops->refresh)
		inode->ops->refresh(inode);
	bits = inode->mode;
	if (cred->fsuid == 0) {
		bool dir = (inode->mode & S_IFMT) == S_IFDIR;

		if ((mask & MAY_EXEC) && !dir && !(inode->mode & 0111))
			return -EACCES;
		return 0;
	}
	if (cred->fsuid == inode->uid) {
		bits >>= 6;
	} else {
		bool member = cred->fsgid == inode->gid;

		for (unsigned i = 0; i < cred->ngroups && !member; i++)
			member = cred->groups[i] == inode->gid;
		if (member)
			bits >>= 3;
	}
	return (bits & mask & 7) == mask ? 0 : -EACCES;
}

static int inode_init(void)
{
	inode_cache = KMEM_CACHE(inode, SLAB_RECLAIM_ACCOUNT | SLAB_PANIC);
	return 0;
}
INITCALL(INIT_EARLY, inode_init);
