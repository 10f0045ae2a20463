/*
 * madvise: what a program knows about its memory and the kernel does not.
 *
 *	flags     of areas, cut and joined as by mprotect: reading order, what fork and core
 *	          dumps leave out, huge pages and sharing of equal pages (kept and shown,
 *	          but nothing here acts on them)
 *	throw     DONTNEED, FREE (at once: a program must expect that), REMOVE (also from
 *	          the file)
 *	fetch     POPULATE_READ, POPULATE_WRITE, with errors; WILLNEED, without
 *	hints     COLD, PAGEOUT: checked, and handed to reclaim when there is one;
 *		  COLLAPSE finds no area that could have huge pages
 *
 * Holes in the range do not stop the walk: the rest is done and -ENOMEM comes back at the
 * end. Only flags need mmap_lock exclusively; pages are thrown with it shared, so
 * faults go on meanwhile.
 */
#include "mm/space/areas.h"
#include <linux/mman.h>

void (*madvise_reclaim)(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			bool page_out);

enum kind { UNKNOWN, FLAGS, THROW, FETCH, HINT };

static enum kind kind_of(int advice)
{
	switch (advice) {
	case MADV_NORMAL:
	case MADV_SEQUENTIAL:
	case MADV_RANDOM:
	case MADV_DONTFORK:
	case MADV_DOFORK:
	case MADV_WIPEONFORK:
	case MADV_KEEPONFORK:
	case MADV_DONTDUMP:
	case MADV_DODUMP:
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
	case MADV_MERGEABLE:
	case MADV_UNMERGEABLE: return FLAGS;
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
	case MADV_FREE:
	case MADV_REMOVE: return THROW;
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE: return FETCH;
	case MADV_WILLNEED:
	case MADV_COLD:
	case MADV_PAGEOUT:
	case MADV_COLLAPSE: return HINT;
	default: return UNKNOWN;
	}
}

/* Neither a file nor a device behind it. */
static bool is_anonymous(const struct vm_area_struct *vma)
{
	return !vma->vm_mapping && !vma->vm_ops;
}

/* The flags an area gets by the advice: 0 or -EINVAL. */
static int advised_flags(const struct vm_area_struct *vma, int advice, vm_flags_t *flags)
{
	const vm_flags_t old = vma->vm_flags;

	switch (advice) {
	case MADV_NORMAL: *flags = old & ~(VM_RAND_READ | VM_SEQ_READ); break;
	case MADV_SEQUENTIAL: *flags = (old & ~VM_RAND_READ) | VM_SEQ_READ; break;
	case MADV_RANDOM: *flags = (old & ~VM_SEQ_READ) | VM_RAND_READ; break;
	case MADV_DONTFORK: *flags = old | VM_DONTCOPY; break;
	case MADV_DOFORK:
		if (old & VM_IO)
			return -EINVAL;
		*flags = old & ~VM_DONTCOPY;
		break;
	case MADV_WIPEONFORK:
		if (vma->vm_file || (old & VM_SHARED))
			return -EINVAL;
		*flags = old | VM_WIPEONFORK;
		break;
	case MADV_KEEPONFORK: *flags = old & ~VM_WIPEONFORK; break;
	case MADV_DONTDUMP: *flags = old | VM_DONTDUMP; break;
	case MADV_DODUMP:
		if (old & VM_SPECIAL)
			return -EINVAL;
		*flags = old & ~VM_DONTDUMP;
		break;
	case MADV_HUGEPAGE: *flags = (old & ~VM_NOHUGEPAGE) | VM_HUGEPAGE; break;
	case MADV_NOHUGEPAGE: *flags = (old & ~VM_HUGEPAGE) | VM_NOHUGEPAGE; break;
	case MADV_MERGEABLE:
		*flags = old & (VM_SHARED | VM_MAYSHARE | VM_SPECIAL) ? old : old | VM_MERGEABLE;
		break;
	default: *flags = old & ~VM_MERGEABLE; break; /* MADV_UNMERGEABLE */
	}
	return 0;
}

/* Cut pages [start, end) of a shared file out of the file itself. */
static int remove_part(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	struct address_space *mapping = vma->vm_mapping;
	const u64 first = vma->vm_pgoff + ((start - vma->vm_start) >> PAGE_SHIFT);

	if ((vma->vm_flags & VM_LOCKED) || !vma->vm_file)
		return -EINVAL;
	if ((vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) != (VM_SHARED | VM_MAYWRITE))
		return -EACCES;
	if (!mapping || !mapping->swap_backed)
		return -EOPNOTSUPP;
	down_write(&mapping->invalidate_lock);
	cache_punch_hole(mapping, first, first + ((end - start) >> PAGE_SHIFT) - 1);
	up_write(&mapping->invalidate_lock);
	return 0;
}

static int throw_part(struct vm_area_struct *vma, unsigned long start, unsigned long end,
		      int advice)
{
	struct mmu_gather tlb;

	if (advice == MADV_REMOVE)
		return remove_part(vma, start, end);
	if ((vma->vm_flags & VM_PFNMAP) ||
	    ((vma->vm_flags & VM_LOCKED) && advice != MADV_DONTNEED_LOCKED) ||
	    (advice == MADV_FREE && !is_anonymous(vma)))
		return -EINVAL;
	tlb_gather_init_shared(&tlb, vma->vm_mm);
	zap_page_range(&tlb, vma, start, end);
	tlb_gather_finish(&tlb);
	return 0;
}

static int hint_part(struct vm_area_struct *vma, unsigned long start, unsigned long end, int advice)
{
	if (advice == MADV_WILLNEED)
		return 0;
	if (advice == MADV_COLLAPSE || (vma->vm_flags & (VM_LOCKED | VM_PFNMAP)))
		return -EINVAL;
	if (madvise_reclaim)
		madvise_reclaim(vma, start, end, advice == MADV_PAGEOUT);
	return 0;
}

/* One area's part. 0 or -errno; *vma is the area that covers it afterwards. */
static int advise_part(struct mm_struct *mm, struct vm_area_struct **vma, unsigned long start,
		       unsigned long end, int advice, enum kind kind)
{
	struct vma_cursor at;
	vm_flags_t flags;
	int err;

	if (kind == THROW)
		return throw_part(*vma, start, end, advice);
	if (kind == HINT)
		return hint_part(*vma, start, end, advice);
	err = advised_flags(*vma, advice, &flags);
	if (err || flags == (*vma)->vm_flags)
		return err;
	vma_seek(&at, &mm->vmas, (*vma)->vm_start);
	*vma = vma_modify(&at, *vma, start, end, flags);
	return IS_ERR(*vma) ? -EAGAIN : 0;
}

static int advise_range(struct mm_struct *mm, unsigned long start, unsigned long end, int advice,
			enum kind kind)
{
	int hole = 0;

	while (start < end) {
		struct vm_area_struct *vma = vma_tree_find(&mm->vmas, start);
		int err;

		if (!vma)
			return -ENOMEM;
		if (vma->vm_start > start) {
			hole = -ENOMEM;
			start = vma->vm_start;
			if (start >= end)
				break;
		}
		err = advise_part(mm, &vma, start, min(vma->vm_end, end), advice, kind);
		if (err)
			return err;
		start = vma->vm_end;
	}
	return hole;
}

/* Fault in all of it, or say at the first page why not. Holes count at the end, as for the others. */
static int fetch_range(struct mm_struct *mm, unsigned long start, unsigned long end, bool write)
{
	int hole = 0;

	for (; start < end; start += PAGE_SIZE) {
		const vm_flags_t needed = write ? VM_WRITE : VM_READ;
		struct vm_area_struct *vma;
		vm_flags_t flags = 0;
		fault_t fault;

		down_read(&mm->mmap_lock);
		vma = vma_tree_find(&mm->vmas, start);
		if (vma && vma->vm_start > start) {
			start = vma->vm_start;
			hole = -ENOMEM;
		}
		if (vma)
			flags = vma->vm_flags;
		up_read(&mm->mmap_lock);
		if (!vma)
			return -ENOMEM;
		if (start >= end)
			break;
		if ((flags & (VM_PFNMAP | VM_IO)) || !(flags & needed))
			return -EINVAL;
		fault = handle_mm_fault(mm, start, write ? ACCESS_WRITE : ACCESS_READ);
		if (fault & FAULT_ERROR)
			return fault & FAULT_OOM              ? -ENOMEM
			       : fault & FAULT_SIGBUS         ? -EFAULT
			       : fault & FAULT_SIGSEGV_MAPERR ? -ENOMEM
							      : -EINVAL;
		if (fatal_signal_pending())
			return -EINTR;
	}
	return hole;
}

int do_madvise(struct mm_struct *mm, unsigned long start, unsigned long len, int advice)
{
	const enum kind kind = kind_of(advice);
	const unsigned long end = start + round_to_page(len);
	int err;

	if (kind == UNKNOWN || (start & ~PAGE_MASK) || (len && !round_to_page(len)) || end < start)
		return -EINVAL;
	if (start == end)
		return 0;
	if (kind == FETCH)
		return fetch_range(mm, start, end, advice == MADV_POPULATE_WRITE);
	if (kind == FLAGS) {
		if (down_write_killable(&mm->mmap_lock))
			return -EINTR;
		err = advise_range(mm, start, end, advice, kind);
		mm_unlock(mm);
	} else {
		down_read(&mm->mmap_lock);
		err = advise_range(mm, start, end, advice, kind);
		up_read(&mm->mmap_lock);
	}
	return err;
}
