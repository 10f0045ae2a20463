/*
 * Between the files of the area half of mm/space. mmap_lock is held for writing in
 * all of them unless they say otherwise.
 */
#pragma once

#include "lib/assert.h"
#include "machine/layout.h"
#include "mm/space/vma_tree.h"
#include <linux/resource.h>

#define VM_ACCESS_FLAGS     (VM_READ | VM_WRITE | VM_EXEC)
/* Areas that are what they are: not merged, not locked, not moved into each other. */
#define VM_SPECIAL          (VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_MIXEDMAP)

/* Flags that do not keep neighbours apart: what a merged area has if either had it. */
#define VM_IGNORED_BY_MERGE VM_SOFTDIRTY

/* --- account.c --- */
void account_init(void);
/* Could so many pages be promised to anybody at all? Always in modes 1 and 2. */
bool vm_may_promise(unsigned long pages);
/* Promise (or take back) pages without asking. */
void vm_commit(long pages);
static inline unsigned long space_rlimit(unsigned resource)
{
	return likely(space_limits.rlimit) ? space_limits.rlimit(resource) : ~0UL;
}
/* Private and writable, not a stack: what RLIMIT_DATA counts. */
static inline bool vma_is_data(vm_flags_t flags)
{
	return (flags & (VM_WRITE | VM_SHARED | VM_GROWSDOWN)) == VM_WRITE;
}
/* A view through which its file may be written to, now or after mprotect: mmap_writable counts it. */
static inline bool vma_may_write_file(vm_flags_t flags)
{
	return (flags & (VM_SHARED | VM_MAYWRITE)) == (VM_SHARED | VM_MAYWRITE);
}
/* Private and writable memory is promised, unless the program said not to. */
static inline bool vma_is_accountable(vm_flags_t flags)
{
	return (flags & (VM_NORESERVE | VM_SHARED | VM_WRITE)) == VM_WRITE;
}
/* total_vm and its parts, by this many pages of an area with these flags. */
static inline void mm_count(struct mm_struct *mm, vm_flags_t flags, long pages)
{
	mm->total_vm += pages;
	if (vma_is_data(flags))
		mm->data_vm += pages;
	else if ((flags & (VM_EXEC | VM_WRITE | VM_GROWSDOWN)) == VM_EXEC)
		mm->exec_vm += pages;
	else if (flags & VM_GROWSDOWN)
		mm->stack_vm += pages;
	if (mm->total_vm > mm->hiwater_vm)
		mm->hiwater_vm = mm->total_vm;
}
static inline bool mm_may_expand(const struct mm_struct *mm, vm_flags_t flags, unsigned long pages)
{
	if (unlikely(mm->total_vm + pages > space_rlimit(RLIMIT_AS) >> PAGE_SHIFT))
		return false;
	return !vma_is_data(flags) ||
	       likely(mm->data_vm + pages <= space_rlimit(RLIMIT_DATA) >> PAGE_SHIFT);
}
/* The same pages with other flags: only the parts change. */
static inline void mm_recount(struct mm_struct *mm, vm_flags_t old, vm_flags_t new, long pages)
{
	const vm_flags_t counted = VM_WRITE | VM_EXEC | VM_SHARED | VM_GROWSDOWN;

	if ((old ^ new) & counted) {
		mm_count(mm, old, -pages);
		mm_count(mm, new, pages);
	}
}
bool can_mlock(void); /* at all */
bool may_lock_more(const struct mm_struct *mm, unsigned long pages);

/* --- vma.c --- */
/* What a mapping would be, before there is a VMA for it. */
struct vma_shape {
	unsigned long start, end;
	vm_flags_t flags;
	u64 pgoff;
	struct file *file;
	const struct vm_operations *ops;
	void *private;
};
struct vma_shape vma_shape(const struct vm_area_struct *vma);
void vma_boot(void);
/* In no index (VM_DETACHED), without a family and without vm_page_prot; takes a reference to the file. NULL. */
struct vm_area_struct *vma_new(struct mm_struct *mm, const struct vma_shape *shape,
			       struct address_space *mapping);
/* A new VMA becomes known: to rmap, and to faults as soon as they find it. */
void vma_publish(struct vm_area_struct *vma);
/* vma_link() where the cursor is. */
void vma_link_at(struct vma_cursor *at, struct vm_area_struct *vma);
/* vma_split() of the cursor's VMA. The cursor is at the upper part then, which has these flags. */
int vma_split_at(struct vma_cursor *at, struct vm_area_struct *vma, unsigned long address,
		 vm_flags_t flags);
/*
 * Cut the cursor's VMA twice. The cursor is at the part [start, end) then, which has these flags.
 * 0, or -ENOMEM and nothing is cut. Neither counts anything.
 */
int vma_cut_at(struct vma_cursor *at, struct vm_area_struct *vma, unsigned long start,
	       unsigned long end, vm_flags_t flags);
/* Around a change of range of a VMA that rmap knows: out of the trees, in again. Locks held between. */
void vma_range_lock(struct vm_area_struct *vma);
void vma_range_unlock(struct vm_area_struct *vma);
static inline void vma_range_begin(struct vm_area_struct *vma)
{
	if (vma->anon_vma || vma->vm_mapping)
		vma_range_lock(vma);
}
static inline void vma_range_end(struct vm_area_struct *vma)
{
	if (vma->anon_vma || vma->vm_mapping)
		vma_range_unlock(vma);
}
/* The end of a detached VMA whose pages are gone: out of rmap, closed; freed, its file by mm_unlock. */
void vma_discard(struct vm_area_struct *vma);
void vma_free_released(struct vm_area_struct *list);
/* Unlock mmap_lock; then, for that may take any lock, put the files of areas that went. */
static inline void mm_unlock(struct mm_struct *mm) RELEASES(mm->mmap_lock)
{
	struct vm_area_struct *released = mm->released;

	mm->released = NULL;
	up_write(&mm->mmap_lock);
	if (unlikely(released))
		vma_free_released(released);
}

/* --- merge.c --- */
/*
 * Make a neighbour cover the new range, if one can: that VMA, or NULL. Counts nothing. The cursor
 * is at the place, before `next`; it is good afterwards if the answer is NULL.
 */
struct vm_area_struct *vma_merge_new(struct vma_cursor *at, struct vm_area_struct *prev,
				     struct vm_area_struct *next, const struct vma_shape *shape);
/* Make a VMA reach up to `end`, where nothing is; false if its kind does not grow. Counts nothing. */
bool vma_extend(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long end);
/*
 * Give [start, end), which lies within the cursor's vma, other flags: split and merged as need
 * be. The VMA that now contains it, or ERR_PTR(-ENOMEM) and all is as before. Sizes are
 * counted anew. The cursor is void afterwards.
 */
struct vm_area_struct *vma_modify(struct vma_cursor *at, struct vm_area_struct *vma,
				  unsigned long start, unsigned long end, vm_flags_t flags);

/* --- mmap.c --- */
/* Where a mapping of len bytes goes: an address, or -errno. *at and *next are set to the place. */
unsigned long get_unmapped_area(struct mm_struct *mm, unsigned long addr, unsigned long len,
				unsigned long flags, struct vma_cursor *at,
				struct vm_area_struct **next);
/* Anonymous private memory at a free place, all limits looked at: an area, new or grown. 0 or -ENOMEM. */
int map_anonymous(struct mm_struct *mm, unsigned long start, unsigned long end, vm_flags_t flags);
static inline unsigned long round_to_page(unsigned long bytes)
{
	return ALIGN_UP(bytes, PAGE_SIZE);
}
/* mmap_lock not held: make [start, start+len) present, errors be forgotten (mmap, brk, mremap). */
void populate_quietly(struct mm_struct *mm, unsigned long start, unsigned long len);
/* Room for len more bytes of locked memory: 0 or -EAGAIN. */
int check_locked_limit(const struct mm_struct *mm, vm_flags_t flags, unsigned long len);

/* --- mlock.c --- */
/* mmap_lock not held: fault in what is locked in the range (but not MLOCK_ONFAULT areas). */
void populate_locked(struct mm_struct *mm, unsigned long start, unsigned long end);

unsigned long
random_pages(unsigned bits); /* below 2^bits pages, in bytes; 0 without randomisation */
