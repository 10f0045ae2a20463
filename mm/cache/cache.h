/*
 * The page cache: the only store of file data (decision 4).  read(), write(),
 * mmap and exec all go through it; tmpfs and shared anonymous memory are page
 * cache without a disk.
 */
#pragma once

#include "lib/interval_tree.h"
#include "mm/cache/iter.h"
#include "mm/frame/frame.h"
#include "sync/mutex.h"

struct address_space;

struct page_tree {  /* index -> page: a radix tree; see page_tree.c */
	void *root; /* NULL, the page of index 0, or a node with bit 0 set */
};

/* What a file system does for its pages. May sleep. */
struct address_space_ops {
	/* Fill a locked page that is not up to date; 0 and PG_uptodate, or -errno. NULL: zeros. */
	int (*read_page)(struct address_space *mapping, struct page *page);
	/* Start writing a locked dirty page; unlocks it. NULL: memory is all there is. */
	int (*write_page)(struct address_space *mapping, struct page *page);
	/*
	 * A page is about to be added; pages were removed: accounting, limits. 0 or -ENOSPC.
	 * uncharge does not sleep.
	 */
	int (*charge)(struct address_space *mapping);
	void (*uncharge)(struct address_space *mapping, unsigned long pages);
};

struct address_space {
	struct page_tree tree; /* (tree_lock; readers: epoch) */
	spinlock_t tree_lock;
	unsigned long nrpages; /* (tree_lock) */
	struct rw_semaphore i_mmap_lock;
	struct interval_tree i_mmap; /* (i_mmap_lock) VMAs that map it, by page offset */
	atomic_t mmap_writable;      /* shared VMAs that may write; negative: denied */
	/* Faults and reads that add pages hold it shared, truncation exclusively. */
	struct rw_semaphore invalidate_lock;
	const struct address_space_ops *ops;
	void *host;                                       /* the inode; constant */
	u64 (*size)(const struct address_space *mapping); /* bytes; faults beyond get SIGBUS */
	bool swap_backed; /* tmpfs, shared anonymous memory: counted as shmem */
	bool unevictable; /* locked by shmctl(SHM_LOCK): its pages stay in memory */
	gfp_t gfp;        /* of its pages */
} __aligned(16);

void mapping_init(struct address_space *mapping, const struct address_space_ops *ops, void *host,
		  bool swap_backed);

/* The page at index with a reference, or NULL. Takes no lock. */
struct page *find_get_page(struct address_space *mapping, u64 index);
/* Up to n present pages of indices start.. (each with a reference) for readers in bulk and fault-around. */
unsigned find_get_pages(struct address_space *mapping, u64 *start, u64 last, unsigned n,
			struct page **pages);
/*
 * The page at index, locked, with a reference; if missing one is made and added, not up to
 * date: zeroed unless `overwrite` says the caller fills it all. ERR_PTR.
 */
struct page *grab_page(struct address_space *mapping, u64 index, bool overwrite);
/*
 * The page at index, up to date, with a reference, not locked: what a reader or a fault
 * needs. *major is set if it had to be read from a disk. ERR_PTR: -ENOMEM, -EIO, -ENOSPC.
 */
struct page *cache_get_page(struct address_space *mapping, u64 index, bool *major);
/* Insert a locked new page; takes a reference. 0, -EEXIST, -ENOMEM. */
int cache_add_page(struct address_space *mapping, struct page *page, u64 index);
/* Remove a locked page that no page table maps; drops the cache's reference. */
void cache_remove_page(struct address_space *mapping, struct page *page);

/*
 * Remove a locked page if it is clean and nobody but the cache and the caller refers to it: true,
 * and the page is gone, with the lock and both references. Else nothing has changed.
 */
bool cache_remove_unused(struct address_space *mapping, struct page *page);
/* All such pages of all files that have a disk: how many. May sleep. */
unsigned long cache_drop_clean(void);

/* The file operations every page-cache file shares. `size` is the file's at present. */
long cache_read(struct address_space *mapping, u64 *pos, struct iov_iter *to, u64 size);
/*
 * The inode's lock held. set_size is told how far the data reaches as bytes land. Bytes
 * written, or -errno when none were.
 */
long cache_write(struct address_space *mapping, u64 *pos, struct iov_iter *from,
		 void (*set_size)(struct address_space *mapping, u64 size));
/* From the kernel: bytes read (short at the end), or -errno. For exec and the like. */
long cache_read_kernel(struct address_space *mapping, u64 pos, void *buf, size_t bytes);
/*
 * Forget pages [first, last] (indices), unmapping them everywhere first; the partial page
 * before `first` is the caller's (zero_partial). invalidate_lock held exclusively.
 */
void cache_truncate(struct address_space *mapping, u64 first, u64 last);
/* The same for a hole in the file: private copies of its pages stay where they are mapped. */
void cache_punch_hole(struct address_space *mapping, u64 first, u64 last);
/* Zero [from, to) within one page if it is in the cache. */
void cache_zero_partial(struct address_space *mapping, u64 from, u64 to);

/* A write reached the page: tag it, count it. False if it was dirty already. */
bool set_page_dirty(struct page *page);

/* The page lock: sleeps. */
void lock_page(struct page *page);
void unlock_page(struct page *page);
static inline bool trylock_page(struct page *page)
{
	return !page_test_and_set(page, PG_locked);
}

/* rmap of file pages, set by mm/space: take [first, last] out of all page tables. */
extern void (*unmap_mapping_range)(struct address_space *mapping, u64 first, u64 last,
				   bool even_cows);

void cache_init(void);
unsigned cache_check(void);
