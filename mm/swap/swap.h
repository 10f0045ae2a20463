/*
 * Swap: places on disks for pages that no file has (SYSTEM.md S42, docs/swap.md).
 *
 * An area is a disk's partition, or a file's extents, cut into slots of a page.  A slot is in
 * use while entries in page tables (or of shared memory) name it, and while a page in memory is its
 * copy: that page is in the swap cache then.  So whoever meets an entry finds the page if
 * it is in memory, and all who share it find the same one.
 */
#pragma once

#include "machine/pgtable.h"
#include "mm/frame/frame.h"

/* The name of a slot: what stands in a page table instead of the page. */
typedef struct {
	u32 v; /* slot << SWAP_TYPE_BITS | type; 0: none (slot 0 of each area is its header) */
} swp_entry_t;

#define SWAP_TYPE_BITS       5
#define PAGE_TREE_NAME_SHIFT 2 /* a file's tree has two bits less of a word for it (page_tree.h) */
#define MAX_SWAP_AREAS       (1U << SWAP_TYPE_BITS)

static inline swp_entry_t swp_entry(unsigned type, u32 slot)
{
	return (swp_entry_t){slot << SWAP_TYPE_BITS | type};
}
static inline unsigned swp_type(swp_entry_t entry)
{
	return entry.v & (MAX_SWAP_AREAS - 1);
}
static inline u32 swp_slot(swp_entry_t entry)
{
	return entry.v >> SWAP_TYPE_BITS;
}

/* What could not be read when its area went: who needs it gets SIGBUS. Names no slot, is not counted. */
#define SWP_LOST ((swp_entry_t){1})

static inline bool swp_is_lost(swp_entry_t entry)
{
	return swp_slot(entry) == 0;
}

static inline pte_t swp_entry_to_pte(swp_entry_t entry)
{
	return swp_pte(entry.v);
}
static inline swp_entry_t pte_to_swp_entry(pte_t e)
{
	return (swp_entry_t){(u32)pte_swp(e)};
}
/* An entry that is neither empty nor leads to a frame names a slot. */
static inline bool pte_is_swap(pte_t e)
{
	return !pte_present(e) && !pte_none(e);
}

/* ---- Areas ---- */

/* What an area lies on. */
struct swap_backing {
	/*
	 * Read or write n pages (SWAP_RUN at most) at a place of the device (in pages) and behind;
	 * swap_io_done() for each when it is over, at once or later, not in an interrupt. Allocates
	 * nothing. May sleep.
	 */
	void (*submit)(struct swap_backing *backing, struct page *const *pages, unsigned n,
		       u64 place, bool write);
	/*
	 * What the device has there is not needed any more: it may forget it. NULL: it is not told. May
	 * sleep, allocates nothing; that it cannot is its own business.
	 */
	void (*discard)(struct swap_backing *backing, u64 place, u32 pages);
};
#define SWAP_RUN 32U /* pages that are read or written together */
/* err: 0 or -EIO. May be called with nothing but spinlocks held. */
void swap_io_done(struct page *page, bool write, int err);

/* Slots first .. first + pages - 1 lie at `place` of the backing and behind. */
struct swap_extent {
	u32 first, pages;
	u64 place;
};

/* What the first page of an area says (mkswap(8)); all of it checked. */
struct swap_header {
	u32 pages; /* slots, the header's among them */
	u32 nr_bad;
	const u32 *bad; /* points into the page */
	char label[17];
	u8 uuid[16];
};
/*
 * 0; -EINVAL: no signature of version 1, written by a machine of the other byte order, or it says
 * what cannot be. `device_pages`: how long the device is.
 */
int swap_read_header(const void *page, u64 device_pages, struct swap_header *header);

#define SWAP_NO_PRIORITY (-1)
/*
 * Put an area into use. Extents are sorted and cover all slots; they and the name are copied. The
 * area's number, or -ENOMEM, -EPERM (as many areas as there can be). priority: 0 .. 32767, or
 * SWAP_NO_PRIORITY for one below all others.
 */
int swap_area_add(const struct swap_header *header, struct swap_backing *backing,
		  const struct swap_extent *extents, unsigned nr_extents, int priority,
		  const char *name, bool is_file);
/*
 * Out of use, in three steps: no slots are given any more; the caller brings all pages back; the area
 * is gone. Or the caller gives up, and it is as before.
 */
void swap_area_close(unsigned type);
void swap_area_reopen(unsigned type);
/*
 * Memory is so short that a process would have to be killed: who empties an area is to give up. False: nobody
 * does, or he has been told long ago. Does not sleep. And what he asks now and then.
 */
bool swap_tell_to_stay(void);
bool swap_must_stay(void);
/* Should a page that has come back give its slot up, though it is not written to? */
bool swap_wants_slot(swp_entry_t entry);
/* Copies of slots of a closed area that nothing names are that no more. May sleep. */
void swap_drop_copies(unsigned type);
/*
 * Discard one cluster of an area that has become empty. False: there is none, or nothing is discarded.
 * May sleep. And the thread that does so for all areas: at the first
 * call, one caller at a time; 0 or -errno.
 */
bool swap_discard(unsigned type);
int swap_discard_run(void);
struct swap_backing *swap_area_remove(unsigned type); /* no slot is in use */

/* /proc/swaps; false: no such area. */
struct swap_area_info {
	char name[256];  /* longer ones are cut */
	u32 pages, used; /* without header and bad pages */
	int priority;
	bool is_file, closed;
};
bool swap_area_info(unsigned type, struct swap_area_info *info);
/* Slots of all areas in use; those that are free, and all. Approximate while others work. */
bool swap_is_on(void); /* an open area; without a lock */
unsigned long swap_free_pages(void);
unsigned long swap_total_pages(void);

/* ---- Slots ---- */

/* One more or less names the slot. Page-table locks may be held. */
void swap_dup(swp_entry_t entry);
void swap_free(swp_entry_t entry);
/*
 * swap_free(), and if it was the last its copy in memory goes at once, if that can be had without
 * waiting; else reclaim finds it useless.
 */
void swap_forget(swp_entry_t entry);
/*
 * swap_dup() and swap_forget() for who has the name in hand for a while, may sleep with it, and puts it
 * nowhere: counted apart, so that all other counts can be found again in page tables and files (mm_check).
 */
void swap_hold(swp_entry_t entry);
void swap_unhold(swp_entry_t entry);
/* How many do; the first slot after `entry`'s that is in use, or none, for who empties an area. */
u32 swap_refs(swp_entry_t entry);
swp_entry_t swap_next_used(unsigned type, u32 after);

/* ---- The swap cache ---- */

/*
 * Find a slot for a locked anonymous or shared-memory page and make the page its copy (it need not
 * be written yet; no entry names the slot yet). The cache gets a reference. False: there is none.
 */
bool swap_cache_new(struct page *page) __must_check;
/*
 * The same for a page of shared memory that nobody can reach now (its count is zero), with one name for
 * the slot: its file's. No reference is taken. A spinlock below RANK_SWAP_AREAS may be held.
 */
bool swap_cache_new_frozen(struct page *page) __must_check;
/*
 * Make a new locked page, which nobody knows, the copy of a slot, to be read into. 0; -EEXIST: there
 * is one by now; -ENOENT: nobody names the slot any more.
 */
int swap_cache_add(struct page *page, swp_entry_t entry) __must_check;
/* The copy with a reference, or NULL. */
struct page *swap_cache_get(swp_entry_t entry);
/*
 * The copy with a reference; if there is none a new one that is being read (*major), with neighbours that
 * are likely to be wanted soon: its lock says when that is over. ERR_PTR(-ENOMEM). The caller sees to it that the slot is named. May sleep.
 */
struct page *swap_get_copy(swp_entry_t entry, gfp_t gfp, bool *major);
/*
 * Lock what swap_get_copy() gave when it has been read: false (but locked), it is the slot's copy no more.
 * If it is not up to date then, it cannot be read: what failed together with others has been tried again alone.
 */
bool swap_lock_copy(struct page *page, swp_entry_t entry) __must_check;
/*
 * The page is its own again, and must be dirty if its contents matter; its slot is free if none
 * names it. Locked, not being written. The cache's reference goes.
 */
void swap_cache_remove(struct page *page);
/*
 * The same if nobody but the cache and the caller has a reference, and the page is clean: true,
 * and both references, the lock and the page are gone; it will be known if it comes back (mm/lru/refault.h).
 */
bool swap_cache_remove_unused(struct page *page);
/*
 * The page is a copy no more if nothing needs it as one: no entry names its slot or maps it. Without
 * waiting: a page that is locked or being written is left to reclaim. The caller has a reference.
 */
void swap_cache_forget(struct page *page);
/* The slot of a page in the cache (locked, or held by something that keeps it there). */
static inline swp_entry_t page_swap_entry(const struct page *page)
{
	return (swp_entry_t){READ_ONCE(page->index)};
}
/* page_index() and page_set_mapping() of an anonymous page that may be in the cache. It is locked. */
u64 page_anon_index(const struct page *page);
void page_set_anon_owner(struct page *page, void *owner, u64 index);

/*
 * Fill locked pages, copies of slots that follow each other (SWAP_RUN at most); they are unlocked then, and
 * up to date if all went well. May sleep.
 */
void swap_read_pages(struct page *const *pages, unsigned n);
/*
 * Begin to write a locked page to its slot: PG_writeback while it lasts. Unlocks it, and takes the
 * caller's reference. With PG_reclaim it is freed afterwards, if nobody has come to use it. It waits for
 * others that could go with it: swap_submit_writes() must follow soon, before anybody is waited for.
 */
void swap_write_page(struct page *page);
void swap_submit_writes(void);

extern int sysctl_page_cluster; /* read-ahead: 2^n slots at most */

void swap_init(void); /* after kva_init() */

/*
 * mm_check(): whoever knows where names stand counts them all, with all others standing still, and is told
 * how many slots are named by more or less than they say (logged). begin and end, while the machine
 * moves: memory for it. 0 or -ENOMEM. What has been switched on since is not looked at.
 */
int swap_names_begin(void);
void swap_names_clear(void);
void swap_names_count(swp_entry_t entry);
unsigned swap_names_check(void);
void swap_names_end(void);
