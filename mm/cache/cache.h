/*
 * The page cache: the only store of file data (decision 4).  read(), write(),
 * mmap and exec all go through it; tmpfs and shared anonymous memory are page
 * cache without a disk.
 */
#pragma once

#include "lib/interval_tree.h"
#include "mm/cache/iter.h"
#include "mm/frame/frame.h"
#include "mm/lru/page_lock.h"
#include "mm/swap/swap.h"
#include "sync/mutex.h"

struct address_space;

/* What pages of a file are looked for by. */
enum tree_tag { TAG_DIRTY, TAG_WRITEBACK, TAG_SWAPPED, NR_TREE_TAGS };

struct page_tree {  /* index -> page: a radix tree; see page_tree.c */
	void *root; /* NULL, the page of index 0, or a node with bit 0 set */
	u32 tagged; /* (tree lock) by tag: is the page of index 0 that is the root marked so? */
};

/* What a file system does for its pages. May sleep. */
struct address_space_ops {
	/* Fill a locked page that is not up to date; 0 and PG_uptodate, or -errno. NULL: zeros. */
	int (*read_page)(struct address_space *mapping, struct page *page);
	/*
	 * Start reading n pages of indices that follow each other (CACHE_RUN at most): locked, not up to
	 * date, with a reference each. Each gets cache_end_read(), sooner or later. NULL: no read-ahead.
	 */
	void (*read_pages)(struct address_space *mapping, struct page **pages, unsigned n);
	/*
	 * Start writing such a run to the disk: PG_writeback is set, they are not locked, and have a
	 * reference each. Each gets cache_end_writeback(). NULL: memory is all there is.
	 */
	void (*write_pages)(struct address_space *mapping, struct page **pages, unsigned n);
	/* Keep the file in being for a while; false: it is on its way out. Needed with write_pages. */
	bool (*hold)(struct address_space *mapping); /* does not sleep */
	void (*release)(struct address_space *mapping);
	/*
	 * A page is about to be added; pages were removed: accounting, limits. 0 or -ENOSPC.
	 * uncharge does not sleep.
	 */
	int (*charge)(struct address_space *mapping);
	void (*uncharge)(struct address_space *mapping, unsigned long pages);
};

/*
 * Who maps a file: VMAs by page offset. Programs share files (every one the C library), so a
 * single tree would make their forks and execs meet; each space has its part (mm->part).
 */
#define I_MMAP_PARTS 4

struct i_mmap {
	struct rw_semaphore lock;
	struct interval_tree areas; /* (lock) */
	/* (lock; read without) VMAs that belong here, also while one is out of the tree for a change. */
	unsigned long count;
};

struct address_space {
	struct page_tree tree; /* (tree_lock; readers: epoch) */
	spinlock_t tree_lock;
	unsigned long nrpages;   /* (tree_lock) */
	unsigned long nrswapped; /* (tree_lock) of shared memory: names of slots instead of pages */
	u32 swap_moves;          /* (tree_lock) how often a page became a name or a name went */
	struct list_head swapped_list; /* (shmem.c) while there are any */
	struct i_mmap i_mmap[I_MMAP_PARTS];
	atomic_t mmap_writable; /* shared VMAs that may write; negative: denied */
	/* Faults and reads that add pages hold it shared, truncation exclusively. */
	struct rw_semaphore invalidate_lock;
	const struct address_space_ops *ops;
	void *host;                                       /* the inode; constant */
	u64 (*size)(const struct address_space *mapping); /* bytes; faults beyond get SIGBUS */
	bool swap_backed; /* tmpfs, shared anonymous memory: counted as shmem */
	bool unevictable; /* locked by shmctl(SHM_LOCK): its pages stay in memory */
	gfp_t gfp;        /* of its pages */
	/* Writing back (writeback.c) */
	bool busy;                  /* (busy_lock) in the list of files with pages to be written */
	u32 visit[2];               /* (busy_lock) the last round that came by, by kind */
	struct list_head busy_list; /* (busy_lock) */
	u64 dirtied_when;           /* (busy_lock) ktime of the first change since it was clean */
	u32 write_errors;           /* (tree_lock) runs of pages that could not be written */
	u32 errors_told;            /* how many of them somebody has heard of */
	int write_error;            /* (tree_lock) -errno of the last */
} __aligned(16);

/* Is there an area of the file? One that is being added or taken away may or may not count. */
static inline bool mapping_mapped(const struct address_space *mapping)
{
	for (unsigned part = 0; part < I_MMAP_PARTS; part++)
		if (READ_ONCE(mapping->i_mmap[part].count))
			return true;
	return false;
}

#define CACHE_RUN 32u /* pages that are read or written together */

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
/* --- shared memory in swap (shmem.c) --- */

/*
 * Give a locked page a slot in swap, whose copy it is then, without an owner, to be written. False: somebody
 * else has a reference (who maps it has one, and faults do not wait for the page lock), or there is no slot.
 */
bool cache_to_swap(struct address_space *mapping, struct page *page);
/*
 * The page at index back from swap, up to date, with a reference. NULL: it is not there. ERR_PTR: -ENOMEM,
 * -EIO. *major is set if a disk was read. May sleep.
 */
struct page *cache_swap_in(struct address_space *mapping, u64 index, gfp_t gfp, bool *major);
/* What is in swap of [first, last] is worth nothing any more. */
void cache_forget_swapped(struct address_space *mapping, u64 first, u64 last);
unsigned long cache_count_swapped(struct address_space *mapping, u64 first, u64 last);
/* The first index of [first, last] that is in swap; last + 1: none. */
u64 cache_next_swapped(struct address_space *mapping, u64 first, u64 last);
/* mm_check(): each name of a slot that stands in a file. All others stand still. */
void cache_each_name(void (*see)(swp_entry_t name));
/* All of all files that is in this closed area: 0, -ENOMEM, -EINTR. May sleep. */
int cache_bring_back(unsigned type, gfp_t gfp);

/* Remove a locked page that no page table maps; drops the cache's reference. */
void cache_remove_page(struct address_space *mapping, struct page *page);

/*
 * Remove a locked page if it is clean and nobody but the cache and the caller refers to it: true,
 * and the page is gone, with the lock and both references. Else nothing has changed.
 */
bool cache_remove_unused(struct address_space *mapping, struct page *page);
/* The same for a page that memory had no room for: it will be known if it comes back (mm/lru/refault.h). */
bool cache_evict(struct address_space *mapping, struct page *page);
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

/* A write reached the page: tag it, count it. False if it was dirty already. Does not sleep. */
bool set_page_dirty(struct page *page);

/* --- writing back: files with ->write_pages (writeback.c) --- */

/*
 * Write what is dirty of [first, last] (indices), not more than `limit` pages. Pages that are being
 * written at present are left out unless `all` is set: then they are waited for and written again if
 * need be. Returns how many were started. May sleep.
 */
unsigned long cache_write_back(struct address_space *mapping, u64 first, u64 last,
			       unsigned long limit, bool all);
/* Wait until what is being written of [first, last] is on the disk, or has failed. */
void cache_wait_writeback(struct address_space *mapping, u64 first, u64 last);
/* Both: the disk has what [first, last] held when it was called, unless there were errors. */
void cache_sync_range(struct address_space *mapping, u64 first, u64 last);
/* The same for all files: sync(2). */
void cache_sync_all(void);
/*
 * Errors of writing since this reader last asked (*seen, from cache_errors_seen() at first): 0 or the
 * last -errno. Each reader hears of them once.
 */
int cache_write_error(struct address_space *mapping, u32 *seen);
static inline u32 cache_errors_seen(const struct address_space *mapping)
{
	return READ_ONCE(mapping->errors_told);
}
/*
 * Start writing a locked dirty page, unmapped or not; unlocks it, and takes the caller's reference.
 * False: it was clean, or is being written; it is unlocked, too, but the reference is the caller's
 * still. With PG_reclaim set it is freed afterwards, if nobody has come to use it.
 */
bool cache_write_page(struct address_space *mapping, struct page *page);
/* From who reads and writes, when it is done; drops the reference. 0 or -errno. Do not sleep. */
void cache_end_writeback(struct page *page, int err);
void cache_end_read(struct page *page, int err);
/* Drop clean pages of [first, last], mapped or not: how many are left. For who goes by the cache. */
unsigned long cache_invalidate(struct address_space *mapping, u64 first, u64 last);
/* A file without pages is about to go: nobody will find it any more. */
void cache_forget(struct address_space *mapping);

/* The first disk is here: from now on there are flusher threads. 0 or -errno. */
int writeback_init(void);
/* Somebody changed a knob: look at once. */
void writeback_wake(void);
/* Sleep while far too much is dirty. A task that writes comes by after every few pages. */
void writeback_throttle(void);
void writeback_limits(unsigned long *background, unsigned long *limit); /* pages */

/* Knobs of /proc/sys/vm: of a ratio (percent) and a number of bytes one is zero. */
extern int dirty_ratio, dirty_background_ratio;
extern unsigned long dirty_bytes, dirty_background_bytes;
extern int dirty_writeback_centisecs, dirty_expire_centisecs;

/* Pages of block devices' own cache (meminfo's Buffers), from whoever has block devices; NULL: none. */
extern unsigned long (*count_buffer_pages)(void);
static inline unsigned long cache_buffer_pages(void)
{
	return count_buffer_pages ? count_buffer_pages() : 0;
}

/* rmap of file pages, set by mm/space: take [first, last] out of all page tables. */
extern void (*unmap_mapping_range)(struct address_space *mapping, u64 first, u64 last,
				   bool even_cows);

/* Take write access to a locked page away from all who map it, so that they ask again (mm/space). */
extern void (*write_protect_page)(struct page *page);

void cache_init(void);
unsigned cache_check(void);
