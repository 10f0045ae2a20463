/*
 * Between the files of the page half of mm/space: walking a program's tables and
 * the small steps that every case of a fault, a copy and an unmapping shares.
 *
 * Which tables stay: a table is freed only when no VMA of its space reaches into
 * what it covers (zap.c), so a pointer to an entry is good for as long as the
 * caller holds the VMA's lock, or a lock that keeps the VMA in an rmap tree; else
 * it is good until the next sleep (epochs).
 */
#pragma once

#include "lib/assert.h"
#include "mm/frame/vmstat.h"
#include "mm/kva/kva.h"
#include "mm/space/space_int.h"

/*
 * A node of the tree that says who may map an anonymous page; see rmap.c. Memory of this
 * type stays of this type until the end of an epoch.
 */
struct anon_vma {
	struct anon_vma *root;     /* constant while in use; itself at the root */
	struct anon_vma *parent;   /* constant; NULL at the root */
	struct list_head children; /* (root->lock) */
	struct list_head sibling;  /* (root->lock) in parent->children */
	struct interval_tree vmas; /* (root->lock) those linked here, by page index */
	u32 nr_vmas;               /* (root->lock) */
	u32 depth;                 /* constant: 0 at the root */
	atomic_t refs; /* of a root: one while the family lives, one for each walker; else 0 */
	struct rw_semaphore lock; /* a root's: the family lock */
} __aligned(16);

/* Has the VMA a node to put new pages in? */
static inline bool anon_vma_ready(const struct vm_area_struct *vma)
{
	return likely(READ_ONCE(vma->anon_vma) && !READ_ONCE(vma->anon_guest));
}

/* Memory without a file behind it (a private mapping of one has both kinds of pages). */
static inline bool vma_is_anonymous(const struct vm_area_struct *vma)
{
	return !vma->vm_mapping && !(vma->vm_ops && vma->vm_ops->fault);
}

/* The index in its file, or the virtual page number it was born at: what rmap goes by. */
static inline u64 vma_page_index(const struct vm_area_struct *vma, unsigned long address)
{
	return vma->vm_pgoff + ((address - vma->vm_start) >> PAGE_SHIFT);
}

static inline enum mm_counter file_counter(const struct vm_area_struct *vma)
{
	return vma->vm_mapping && vma->vm_mapping->swap_backed ? MM_SHMEMPAGES : MM_FILEPAGES;
}

/* In events, what an entry maps: enum mm_counter says what it counts as, or this. */
#define MAP_COUNT_SHIFT 3              /* of map_range: how many pages */
#define MAP_KIND_BARE   NR_MM_COUNTERS /* nothing: the page of zeros, a device's frame */

/* The descriptor of the page an entry maps: pfn_to_page(pte_pfn(e)), with a shift less. */
static __always_inline struct page *pte_page(pte_t e)
{
	static_assert(sizeof(struct page) == 32, "a descriptor's size is a power of two");
	return (struct page *)((unsigned long)mem_map +
			       (unsigned long)(pte_frame_address(e) >> (PAGE_SHIFT - 5)));
}

/* The table that holds an entry: pt_page(), for tables in the direct map, as users' are. */
static __always_inline struct page *user_table(const pte_t *slot)
{
	const unsigned long base =
		(unsigned long)mem_map - (DIRECT_MAP_BASE >> PAGE_SHIFT) * sizeof(struct page);

	return (struct page *)(base + ((unsigned long)slot >> PAGE_SHIFT) * sizeof(struct page));
}

/* Present, and of a page that counts its entries? */
static inline bool pte_counted(pte_t e)
{
	return (likely(pte_accessible(e)) || pte_present(e)) && likely(!pte_special(e));
}

/* The page an entry maps with a count, or NULL: bare frames and the zero page have none. */
static inline struct page *pte_counted_page(pte_t e)
{
	return pte_special(e) ? NULL : pte_page(e);
}

/*
 * The entry for a user address, or NULL with *next the first address that may have one (not
 * looking past the missing table). Otherwise *next is the first address of the next table.
 */
static __always_inline pte_t *user_pte_next(const struct mm_struct *mm, unsigned long va,
					    unsigned long *next)
{
	pte_t *table = mm->arch.root;

#pragma GCC unroll 5
	for (int level = PT_LEVELS - 1; level > PT_PTE; level--) {
		if (PT_BITS(level) == 0)
			continue;
		pte_t e = pte_get(table + pt_index(level, va));

		*next = ALIGN_DOWN(va, PT_SIZE(level)) + PT_SIZE(level);
		if (unlikely(!pte_is_table(e)))
			return NULL;
		table = pt_table(e);
	}
	return table + pt_index(PT_PTE, va);
}

static __always_inline pte_t *user_pte(const struct mm_struct *mm, unsigned long va)
{
	unsigned long next;

	return user_pte_next(mm, va, &next);
}

/* The same, making tables that are missing, in mm's account; NULL without memory. May sleep. */
pte_t *user_pte_alloc(struct mm_struct *mm, unsigned long va);

/* Does the table of an entry hold any? */
static inline bool table_in_use(const pte_t *slot)
{
	struct page *table = user_table(slot);

	raw_spin_lock(&table->ptl, RANK_PTL);
	bool in_use = table->pt_present;

	raw_spin_unlock(&table->ptl);
	return in_use;
}

/* Behind the empty entries from here on. */
static __always_inline pte_t *skip_empty(pte_t *slot, const pte_t *end)
{
	while (slot < end && pte_none(pte_get(slot)))
		slot++;
	return slot;
}

static inline void count_rss(struct mm_struct *mm, enum mm_counter which, long pages)
{
	if (pages)
		atomic_add(pages, &mm->rss[which]);
}

/* Remember the most pages a space had, before it has fewer. */
static inline void note_rss_peak(struct mm_struct *mm)
{
	unsigned long rss = mm_rss(mm);

	if (rss > READ_ONCE(mm->hiwater_rss))
		WRITE_ONCE(mm->hiwater_rss, rss);
}

/* A page that nobody else sees yet gets its place in rmap: the area's own, mapped once. */
static inline void page_add_new_anon_rmap(struct page *page, const struct vm_area_struct *vma,
					  unsigned long address)
{
	ASSERT(page_ref_count(page) == 1 && page_mapcount(page) == 0);
	page->flags |= 1u << PG_swapbacked | 1u << PG_uptodate;
	page_set_mapping(page, READ_ONCE(vma->anon_vma), true, vma_page_index(vma, address));
	atomic_set(&page->mapcount, 1);
	mod_page_stat(page, NR_ANON_MAPPED, 1);
}

/* Take a changed entry's translation away everywhere; its table's lock may be held. */
static inline void flush_page(struct mm_struct *mm, unsigned long address)
{
	tlb_flush_range(&mm->arch, address, address + PAGE_SIZE);
}

/* The last entry that mapped a page has gone. */
void munlock_page(struct page *page);
static inline void page_unmapped(struct page *page)
{
	if (unlikely(page_test(page, PG_mlocked)))
		munlock_page(page);
}
/* Put the pages of a VM_LOCKED area out of reclaim's reach. */
void mlock_page(struct page *page);

/*
 * Bring the page of a swap entry in and map it; the area's lock is held shared. The access is tried
 * again if the entry has changed. *major is set if the page had to be read; gfp is for that.
 */
fault_t swap_in(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long address,
		pte_t *slot, pte_t e, bool write, gfp_t gfp, bool *major);

/* Is this page in swap; and its copy in memory with a reference, or NULL. */
bool swapped_copy(struct mm_struct *mm, unsigned long address, struct page **page);

void rmap_init(void);
/* Keep walks away from what `vma` maps, its family's and its file's. */
void rmap_lock(struct vm_area_struct *vma);
void rmap_unlock(struct vm_area_struct *vma);
/* Would a walk for a page of `node` come by `vma`? */
bool anon_vma_covers(const struct anon_vma *node, const struct vm_area_struct *vma);

/* Takes write access to a locked file page away everywhere; what entries knew of writes goes to it. */
void protect_file_page(struct page *page);

void unmap_file_range(struct address_space *mapping, u64 first, u64 last, bool even_cows);
