/*
 * Between the files of mm/space: areas (vma*.c, mmap.c, mprotect.c, mremap.c,
 * brk.c, madvise.c, mlock.c, account.c) on one side, pages (fault.c, fork.c,
 * zap.c, protect.c, move.c, rmap.c, populate.c, stats.c) on the other.
 *
 * The rules by which the halves rely on each other:
 *
 * - A fault holds only the VMA's lock, shared. Who changes what a fault looks at (bounds,
 *   flags, protection, existence) holds mmap_lock and the VMA's lock for writing.
 *   What leaves the index gets VM_DETACHED under that lock, so a fault that found the
 *   VMA without locks and then got its lock knows to look again.
 * - vm_page_prot of a private area never has the write right: copy on write adds it to
 *   single entries (if VM_WRITE). A shared writable area's has it, unless its
 *   owner wants to be told first (page_mkwrite): then faults add it.
 * - vma->anon_vma changes only with mmap_lock held (a first fault: shared), so for who holds it
 *   for writing families stand still.
 * - The way out of an area: lock it for writing, out of the tree, zap_page_range,
 *   anon_vma_unlink and out of i_mmap, then free_page_tables with the ends of the
 *   neighbours that stay as floor and ceiling, tlb_gather_finish, vma_free.
 * - An entry must never be out of rmap's sight: a split links the new part
 *   (anon_vma_clone, i_mmap) before it shrinks the old one, a merge grows the one that
 *   stays before it unlinks the other.
 * - vma_dup() gives a copy with anon_vma NULL and its own lock; the caller links it.
 */
#pragma once

#include "mm/lru/lru.h"
#include "mm/pgtable/pgtable.h"
#include "mm/slab/slab.h"
#include "mm/space/space.h"
#include "mm/trace/trace.h"

extern struct kmem_cache *vma_cache, *mm_cache;

/*
 * --- vma_tree.c: the index. Writers hold mmap_lock exclusively; readers are in an epoch and
 * may see a VMA that is on its way out: they take its lock and ask vma_covers(). Who finds nothing looks again with mmap_lock held before he says so: a mapping that
 * replaces another leaves a hole for a moment. ---
 */
void vma_tree_boot(void);
void vma_tree_init(struct vma_tree *tree);
struct vm_area_struct *vma_tree_find(const struct vma_tree *tree,
				     unsigned long address); /* end > address */
struct vm_area_struct *vma_tree_prev(const struct vma_tree *tree,
				     unsigned long address); /* start < address, last such */
/* As vma_tree_find, and in *prev the VMA before that one (the last of all when it gives NULL). */
struct vm_area_struct *vma_tree_find_prev(const struct vma_tree *tree, unsigned long address,
					  struct vm_area_struct **prev);
/* Enough nodes for the next `n` (at most 6) insertions set aside, so that they cannot fail: 0 or -ENOMEM. */
int vma_tree_stock_up(struct vma_tree *tree, unsigned nodes);
static inline int vma_tree_prepare(struct vma_tree *tree, unsigned n)
{
	const unsigned needed =
		n * tree->height + 1; /* one a level and insertion, and a new root */

	return likely(tree->nr_spare >= needed) ? 0 : vma_tree_stock_up(tree, needed);
}
void vma_tree_insert(struct vma_tree *tree, struct vm_area_struct *vma); /* prepared */
void vma_tree_remove(struct vma_tree *tree, struct vm_area_struct *vma); /* cannot fail */
/* Changes vm_start and vm_end of a member, without passing a neighbour. */
void vma_tree_resize(struct vma_tree *tree, struct vm_area_struct *vma, unsigned long start,
		     unsigned long end);
/*
 * The start of a gap of len bytes within [low, high), the highest (lowest) there is, or -ENOMEM.
 * O(log n). Keeps stack_guard_gap below areas that grow downwards. Writers only.
 */
unsigned long vma_tree_gap_top_down(struct vma_tree *tree, unsigned long len, unsigned long low,
				    unsigned long high);
unsigned long vma_tree_gap_bottom_up(struct vma_tree *tree, unsigned long len, unsigned long low,
				     unsigned long high);
void vma_tree_destroy(struct vma_tree *tree);         /* nodes only; no reader is left */
unsigned vma_tree_check(const struct vma_tree *tree); /* violations, each logged */

/*
 * Is the VMA, whose lock the caller holds, the area of this space at the address? One that was
 * found without mmap_lock may have left the index, and even have become another meanwhile.
 */
static inline bool vma_covers(const struct vm_area_struct *vma, const struct mm_struct *mm,
			      unsigned long address)
{
	return !(load_acquire(&vma->vm_flags) & VM_DETACHED) && READ_ONCE(vma->vm_mm) == mm &&
	       READ_ONCE(vma->vm_start) <= address && address < READ_ONCE(vma->vm_end);
}

/* --- vma.c: one area --- */
/* A copy on no list and without a family, file reference taken; NULL. vm_ops->open is the caller's. */
struct vm_area_struct *vma_dup(const struct vm_area_struct *vma);
void vma_free(struct vm_area_struct *vma); /* one that was never linked: drops file, anon_vma */
/* Cut at `address`: the VMA keeps the lower part. 0, -ENOMEM. */
int vma_split(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long address);
/* Join with equal neighbours; returns the VMA that now covers it. */
struct vm_area_struct *vma_merge(struct mm_struct *mm, struct vm_area_struct *vma);
void vma_set_prot(struct vm_area_struct *vma); /* vm_page_prot from vm_flags (write-notify rules) */
/* Into the tree (prepared by the caller), i_mmap, the counters of mm. mmap_lock held for writing. */
void vma_link(struct mm_struct *mm, struct vm_area_struct *vma);
/* Unmap [start, end) of the locked space; the heart of munmap. 0 or -errno, nothing half done. */
int unmap_range_locked(struct mm_struct *mm, unsigned long start, unsigned long end);

/*
 * Stack growth towards address with the guard gap; the VMA grows or an error comes.
 * mmap_lock held for writing. 0, -ENOMEM (limits, guard gap), -EFAULT.
 */
int expand_stack(struct vm_area_struct *vma, unsigned long address);
extern unsigned long stack_guard_gap; /* bytes: 256 pages */

/* --- fault.c --- */
/*
 * The area of an address, its lock held shared: nobody unmaps, protects or forks what is in it
 * until up_read(). Grows stacks. NULL: there is no such memory. Sleeps; no lock may be held.
 */
struct vm_area_struct *lock_area(struct mm_struct *mm, unsigned long address);
/* What ACCESS_FORCE may do: 'could be allowed', and a write must stay this program's own. */
bool may_force(const struct vm_area_struct *vma, unsigned access);
static inline int fault_to_errno(fault_t fault)
{
	return fault & FAULT_OOM ? -ENOMEM : -EFAULT;
}

/* --- pages --- */
void pages_init(void); /* from space_init(): zero page, caches of this half, its checker */
/* Where its file knows it. */
static inline struct i_mmap *vma_i_mmap(const struct vm_area_struct *vma)
{
	return &vma->vm_mapping->i_mmap[vma->vm_mm->part];
}
/* All spaces, by their part. */
extern struct mm_list {
	spinlock_t lock;
	struct list_head mms; /* (lock) */
} all_mms[I_MMAP_PARTS];
void all_mms_init(void);
/* For space_check() and space_mark(), while nobody else runs. */
#define for_each_mm(mm, list)                                             \
	for ((list) = all_mms; (list) < all_mms + I_MMAP_PARTS; (list)++) \
		list_for_each_entry (mm, &(list)->mms, all_mms)
/* As mm_alloc(), for a place in that part. */
struct mm_struct *mm_alloc_in(u32 part);
/* mm_alloc() and the last mmdrop(). */
void space_mark(void); /* mm/mark.h */
void mm_register(struct mm_struct *mm);
/* The space behind `after` (NULL: the first) with a user count; after's goes. NULL: no more. */
struct mm_struct *mm_next_used(struct mm_struct *after);
void mm_unregister(struct mm_struct *mm);

/* zap.c: pages of [start, end) out of the tables: rmap, counters, TLB, references. Never fails. */
struct gather_batch { /* a frame of pages to be given back, once the gather's own are full */
	struct gather_batch *next;
	unsigned nr; /* how many; of the batch that is being filled: mmu_gather.nr */
	struct page *pages[(PAGE_SIZE - 2 * sizeof(void *)) / sizeof(struct page *)];
};
struct mmu_gather { /* what a range operation collects before one TLB flush; the caller's alone */
	struct mm_struct *mm;
	unsigned long start, end; /* bytes touched */
	struct page **pages;      /* what is being filled: own[], or the last batch */
	unsigned nr, room;        /* pages there, and how many there can be */
	bool full_mm;             /* the whole space goes: no flush needed */
	bool shared;              /* others do the same meanwhile: counted in mm->flushing */
	struct page *tables;      /* unhooked page tables, linked by `next` */
	struct gather_batch *batches, *last;
	struct page *own[64];
};
void tlb_gather_init(struct mmu_gather *tlb, struct mm_struct *mm, bool full_mm);
void tlb_gather_init_shared(struct mmu_gather *tlb,
			    struct mm_struct *mm); /* mmap_lock shared, or none */
/*
 * The caller has changed or looked through entries of the space, and is about to rely on their
 * being so on all CPUs: what others have cleared and not flushed yet is flushed.
 */
static inline void tlb_flush_pending(struct mm_struct *mm)
{
	if (unlikely(atomic_read(&mm->flushing)))
		tlb_flush_mm(&mm->arch);
}
void tlb_gather_finish(struct mmu_gather *tlb);
void zap_page_range(struct mmu_gather *tlb, struct vm_area_struct *vma, unsigned long start,
		    unsigned long end);
/* Page tables that cover only [floor, ceiling) around the emptied [start, end) go too. */
void free_page_tables(struct mmu_gather *tlb, unsigned long start, unsigned long end,
		      unsigned long floor, unsigned long ceiling);
/* protect.c: the entries of [start, end) get the VMA's present protection. Pages changed. */
unsigned long change_protection(struct vm_area_struct *vma, unsigned long start, unsigned long end);
/* locked_pages.c: the pages present in [start, end) become unevictable, or evictable again. */
void mlock_range(struct vm_area_struct *vma, unsigned long start, unsigned long end, bool lock);
/* move.c: entries of an anonymous or file area move; bytes moved (less than len without memory). */
unsigned long move_page_tables(struct vm_area_struct *from_vma, unsigned long from,
			       struct vm_area_struct *to_vma, unsigned long to, unsigned long len);
/* fork.c: copy the entries for a child, write-protecting private ones. 0 or -ENOMEM. */
int copy_page_range(struct vm_area_struct *child, struct vm_area_struct *parent);

/* --- rmap.c: who maps a page --- */
/* Give it a node for new pages: 0 or -ENOMEM. mmap_lock held, shared or for writing. */
int anon_vma_prepare(struct vm_area_struct *vma);
int anon_vma_fork(struct vm_area_struct *child,
		  struct vm_area_struct *parent); /* link the child's */
int anon_vma_clone(struct vm_area_struct *copy,
		   struct vm_area_struct *vma); /* a split or moved part */
void anon_vma_unlink(struct vm_area_struct *vma);
/*
 * Around a change of vm_start, vm_end or vm_pgoff of a linked VMA. The pair holds the
 * family's lock: one VMA at a time, no allocation in between.
 */
void anon_vma_pre_update(struct vm_area_struct *vma);
void anon_vma_post_update(struct vm_area_struct *vma);
/*
 * May the neighbour `vma` grow over an area of family `node` (NULL: it has none) as far as
 * families go? Not symmetric, as on Linux. mmap_lock held for writing.
 */
bool anon_vma_accepts(const struct vm_area_struct *vma, const struct anon_vma *node);
/* Are two areas that touch of one family, or one of them of none? */
static inline bool anon_vma_compatible(const struct vm_area_struct *a,
				       const struct vm_area_struct *b)
{
	return !a->anon_vma || !b->anon_vma || a->anon_vma == b->anon_vma;
}
/* `vma` has grown over `gone` (compatible) and takes its pages: link it where both are found. */
void anon_vma_merge(struct vm_area_struct *vma, struct vm_area_struct *gone);
void page_add_file_rmap(struct page *page);
void page_remove_rmap(struct page *page); /* ptl held; counters follow */
/* rmap_reuse.c decides alone: may this anonymous page be written in place, or is it shared? */
bool page_reusable(struct page *page, struct vm_area_struct *vma);
