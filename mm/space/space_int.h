/*
 * Between the files of mm/space: areas (vma*.c, mmap.c, mprotect.c, mremap.c,
 * brk.c, madvise.c, mlock.c, account.c) on one side, pages (fault.c, fork.c,
 * zap.c, protect.c, move.c, rmap.c, populate.c, stats.c) on the other.
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
 * may see a VMA that is on its way out: they take its lock and look at VM_DETACHED. ---
 */
void vma_tree_init(struct vma_tree *tree);
struct vm_area_struct *vma_tree_find(const struct vma_tree *tree, unsigned long address); /* end > address */
struct vm_area_struct *vma_tree_prev(const struct vma_tree *tree, unsigned long address); /* start < address, last such */
/* Enough nodes for the next `n` (at most 6) insertions set aside, so that they cannot fail: 0 or -ENOMEM. */
int vma_tree_prepare(struct vma_tree *tree, unsigned n);
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
void vma_tree_destroy(struct vma_tree *tree); /* nodes only; no reader is left */
unsigned vma_tree_check(const struct vma_tree *tree); /* violations, each logged */

/* --- vma.c: one area --- */
struct vm_area_struct *vma_alloc(struct mm_struct *mm);
struct vm_area_struct *vma_dup(const struct vm_area_struct *vma); /* a copy on no list, references taken; NULL */
void vma_free(struct vm_area_struct *vma); /* drops file, anon_vma; freed by epoch */
/* Cut at `address`: the VMA keeps the lower part. 0, -ENOMEM. */
int vma_split(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long address);
/* Join with equal neighbours; returns the VMA that now covers it. */
struct vm_area_struct *vma_merge(struct mm_struct *mm, struct vm_area_struct *vma);
void vma_set_prot(struct vm_area_struct *vma); /* vm_page_prot from vm_flags (write-notify rules) */
/* Into the tree (prepared by the caller), i_mmap, the counters of mm. mmap_lock held for writing. */
void vma_link(struct mm_struct *mm, struct vm_area_struct *vma);
/* Unmap [start, end) of the locked space; the heart of munmap. 0 or -errno, nothing half done. */
int unmap_range_locked(struct mm_struct *mm, unsigned long start, unsigned long end);

/* Stack growth towards address with the guard gap; the VMA grows or an error comes. */
int expand_stack(struct vm_area_struct *vma, unsigned long address);
extern unsigned long stack_guard_gap; /* bytes: 256 pages */

/* --- pages --- */
/* zap.c: pages of [start, end) out of the tables: rmap, counters, TLB, references. Never fails. */
struct mmu_gather { /* what a range operation collects before one TLB flush */
	struct mm_struct *mm;
	unsigned long start, end; /* bytes touched */
	unsigned nr;
	bool full_mm;		  /* the whole space goes: no flush needed */
	struct page *pages[64];
};
void tlb_gather_init(struct mmu_gather *tlb, struct mm_struct *mm, bool full_mm);
void tlb_gather_page(struct mmu_gather *tlb, unsigned long address, struct page *page);
void tlb_gather_finish(struct mmu_gather *tlb);
void zap_page_range(struct mmu_gather *tlb, struct vm_area_struct *vma, unsigned long start,
		    unsigned long end);
/* Page tables that cover only [floor, ceiling) around the emptied [start, end) go too. */
void free_page_tables(struct mmu_gather *tlb, unsigned long start, unsigned long end,
		      unsigned long floor, unsigned long ceiling);
/* protect.c: the entries of [start, end) get the VMA's present protection. Pages changed. */
unsigned long change_protection(struct vm_area_struct *vma, unsigned long start, unsigned long end);
/* move.c: entries of an anonymous or file area move; bytes moved (less than len without memory). */
unsigned long move_page_tables(struct vm_area_struct *from_vma, unsigned long from,
			       struct vm_area_struct *to_vma, unsigned long to, unsigned long len);
/* fork.c: copy the entries for a child, write-protecting private ones. 0 or -ENOMEM. */
int copy_page_range(struct vm_area_struct *child, struct vm_area_struct *parent);

/* --- rmap.c: who maps a page --- */
int anon_vma_prepare(struct vm_area_struct *vma); /* give it a family: 0 or -ENOMEM. VMA lock or mmap_lock held */
int anon_vma_fork(struct vm_area_struct *child, struct vm_area_struct *parent); /* link the child's */
int anon_vma_clone(struct vm_area_struct *copy, struct vm_area_struct *vma);	/* a split or moved part */
void anon_vma_unlink(struct vm_area_struct *vma);
/* Around a change of vm_start, vm_end or vm_pgoff of a linked VMA. */
void anon_vma_pre_update(struct vm_area_struct *vma);
void anon_vma_post_update(struct vm_area_struct *vma);
/* May two neighbours become one as far as their families go? */
bool anon_vma_mergeable(const struct vm_area_struct *a, const struct vm_area_struct *b);
void page_add_new_anon_rmap(struct page *page, struct vm_area_struct *vma, unsigned long address);
void page_add_file_rmap(struct page *page);
void page_remove_rmap(struct page *page); /* ptl held; counters follow */
/* rmap_reuse.c decides alone: may this anonymous page be written in place, or is it shared? */
bool page_reusable(struct page *page, struct vm_area_struct *vma);
