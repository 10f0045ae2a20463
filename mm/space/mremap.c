/*
 * mremap: an area, or a part of one, changes its size or its place (S32).
 *
 *	shrink     the end goes, as by munmap
 *	grow       in place, if it ends where the area ends and there is room behind it
 *	move       else, with MREMAP_MAYMOVE, to a free place or (MREMAP_FIXED) a given one
 *
 * A move cuts the part out first, for that can fail; makes the new area and puts it into
 * rmap and index while its lock keeps faults out; moves the entries; and unmaps the old
 * place, which is empty by then. If memory for page tables runs out half-way, the entries
 * go back, to tables that are still there. The pages do not move, nor does what they are
 * called in rmap: the new area keeps the old page numbers (vm_pgoff), unless no page
 * was ever touched.
 *
 * MREMAP_DONTUNMAP leaves an empty area where the old one was. An old length of zero
 * asks for a second view of a shared mapping.
 */
#include "mm/space/areas.h"
#include <linux/mman.h>

struct move {
	unsigned long addr, old_len, new_len, new_addr;
	unsigned long flags;
};

/* May [addr, addr+old_len) become new_len long? The VMA, or ERR_PTR. */
static struct vm_area_struct *vma_to_resize(struct mm_struct *mm, const struct move *m,
					    unsigned long old_len)
{
	struct vm_area_struct *vma = vma_tree_find(&mm->vmas, m->addr);
	const unsigned long new_len = m->new_len;
	u64 pgoff;

	if (!vma || vma->vm_start > m->addr)
		return ERR_PTR(-EFAULT);
	if (!old_len && !(vma->vm_flags & (VM_SHARED | VM_MAYSHARE)))
		return ERR_PTR(-EINVAL);
	if ((m->flags & MREMAP_DONTUNMAP) && (vma->vm_flags & (VM_DONTEXPAND | VM_PFNMAP)))
		return ERR_PTR(-EINVAL);
	if (old_len > vma->vm_end - m->addr)
		return ERR_PTR(-EFAULT);
	if (new_len == old_len)
		return vma;
	pgoff = vma->vm_pgoff + ((m->addr - vma->vm_start) >> PAGE_SHIFT);
	if (pgoff + (new_len >> PAGE_SHIFT) < pgoff)
		return ERR_PTR(-EINVAL);
	if (vma->vm_flags & (VM_DONTEXPAND | VM_PFNMAP))
		return ERR_PTR(-EFAULT);
	if (check_locked_limit(mm, vma->vm_flags, new_len - old_len))
		return ERR_PTR(-EAGAIN);
	if (!mm_may_expand(mm, vma->vm_flags, (new_len - old_len) >> PAGE_SHIFT))
		return ERR_PTR(-ENOMEM);
	return vma;
}

/* The new area, locked, in rmap and index. */
static struct vm_area_struct *copy_area(struct mm_struct *mm, struct vm_area_struct *vma,
					const struct move *m) NO_LOCK_ANALYSIS
{
	struct vm_area_struct *copy;

	if (vma_tree_prepare(&mm->vmas, 1))
		return NULL;
	copy = vma_dup(vma);
	if (!copy)
		return NULL;
	copy->vm_start = m->new_addr;
	copy->vm_end = m->new_addr + m->new_len;
	copy->vm_pgoff += (m->addr - vma->vm_start) >> PAGE_SHIFT;
	if (!vma->vm_file && !vma->vm_ops && !vma->anon_vma)
		copy->vm_pgoff = m->new_addr >> PAGE_SHIFT;
	if (vma->anon_vma && anon_vma_clone(copy, vma)) {
		vma_free(copy);
		return NULL;
	}
	if (copy->vm_ops && copy->vm_ops->open)
		copy->vm_ops->open(copy);
	down_write(&copy->lock); /* nobody knows it yet */
	vma_link(mm, copy);
	return copy;
}

/* The entries, and back again if there is no memory for tables. */
static bool move_entries(struct vm_area_struct *vma, struct vm_area_struct *copy,
			 const struct move *m)
{
	unsigned long done;

	down_write(&vma->lock);
	done = move_page_tables(vma, m->addr, copy, m->new_addr, m->old_len);
	if (done < m->old_len)
		move_page_tables(copy, m->new_addr, vma, m->addr, done);
	up_write(&vma->lock);
	return done == m->old_len;
}

/* What stays behind with MREMAP_DONTUNMAP is no longer locked. */
static void unlock_rest(struct mm_struct *mm, struct vm_area_struct *vma)
{
	down_write(&vma->lock);
	vma->vm_flags &= ~(VM_LOCKED | VM_LOCKONFAULT);
	trace_vma_flags((unsigned long)mm, vma->vm_start, vma->vm_end, vma->vm_flags);
	up_write(&vma->lock);
	mm->locked_vm -= vma_pages(vma);
}

static int move_area(struct mm_struct *mm, struct vm_area_struct *vma,
		     const struct move *m) NO_LOCK_ANALYSIS
{
	const bool stays = (m->flags & MREMAP_DONTUNMAP) || !m->old_len;
	const unsigned long peak = mm->hiwater_vm;
	const vm_flags_t flags = vma->vm_flags;
	const bool cut = m->old_len && (!stays || (flags & VM_LOCKED));
	struct vm_area_struct *copy;
	unsigned long grown = m->new_len - (stays ? 0 : m->old_len);

	if (mm->vmas.count >= sysctl_max_map_count - 3)
		return -ENOMEM;
	if (cut && m->addr > vma->vm_start) {
		if (vma_split(mm, vma, m->addr))
			return -ENOMEM;
		vma = vma_tree_find(&mm->vmas, m->addr);
	}
	if (cut && m->addr + m->old_len < vma->vm_end && vma_split(mm, vma, m->addr + m->old_len))
		goto undo;
	if ((flags & VM_ACCOUNT) && vm_account(mm, grown >> PAGE_SHIFT))
		goto undo;
	copy = copy_area(mm, vma, m);
	if (!copy)
		goto unaccount;
	if (flags & VM_ACCOUNT)
		vm_commit((m->new_len - grown) >> PAGE_SHIFT); /* the old place takes it back */
	if (flags & VM_LOCKED)
		mm->locked_vm += m->new_len >> PAGE_SHIFT;
	if (m->old_len && !move_entries(vma, copy, m)) {
		up_write(&copy->lock);
		unmap_range_locked(mm, m->new_addr, m->new_addr + m->new_len);
		vma_merge(mm, vma);
		return -ENOMEM;
	}
	up_write(&copy->lock);
	if (!stays)
		unmap_range_locked(mm, m->addr, m->addr + m->old_len);
	else if (cut)
		unlock_rest(mm, vma);
	mm->hiwater_vm = max(peak, mm->total_vm);
	if (!stays || (copy->vm_end != vma->vm_start && vma->vm_end != copy->vm_start))
		vma_merge(mm, copy); /* but not with where it came from */
	return 0;
unaccount:
	if (flags & VM_ACCOUNT)
		vm_unaccount(grown >> PAGE_SHIFT);
undo:
	vma_merge(mm, vma);
	return -ENOMEM;
}

/* Unmap what munmap would unmap. 0 or -errno. */
static int unmap_part(struct mm_struct *mm, unsigned long start, unsigned long len)
{
	if (start > TASK_SIZE || len > TASK_SIZE - start)
		return -EINVAL;
	return unmap_range_locked(mm, start, start + len);
}

/* MREMAP_FIXED, MREMAP_DONTUNMAP: always a move. */
static unsigned long remap_to(struct mm_struct *mm, struct move *m)
{
	struct vm_area_struct *vma;
	unsigned long map_flags = 0, place;
	struct vm_area_struct *next;
	struct vma_cursor at;
	int err;

	if (m->new_addr & ~PAGE_MASK)
		return -EINVAL;
	if (m->new_len > TASK_SIZE || m->new_addr > TASK_SIZE - m->new_len)
		return -EINVAL;
	if (m->addr + m->old_len > m->new_addr && m->new_addr + m->new_len > m->addr)
		return -EINVAL;
	if (mm->vmas.count + 2 >= sysctl_max_map_count - 3)
		return -ENOMEM;
	/* As Linux has it: what is in the way goes first, even if no move comes of it. */
	err = m->flags & MREMAP_FIXED ? unmap_part(mm, m->new_addr, m->new_len) : 0;
	if (!err && m->old_len > m->new_len)
		err = unmap_part(mm, m->addr + m->new_len, m->old_len - m->new_len);
	if (err)
		return err;
	m->old_len = min(m->old_len, m->new_len);
	vma = vma_to_resize(mm, m, m->old_len);
	if (IS_ERR(vma))
		return PTR_ERR(vma);
	if ((m->flags & MREMAP_DONTUNMAP) &&
	    !mm_may_expand(mm, vma->vm_flags, m->old_len >> PAGE_SHIFT))
		return -ENOMEM;
	if (m->flags & MREMAP_FIXED)
		map_flags |= MAP_FIXED;
	place = get_unmapped_area(mm, m->new_addr, m->new_len, map_flags, &at, &next);
	if (IS_ERR_VALUE(place))
		return place;
	m->new_addr = place;
	err = move_area(mm, vma, m);
	return err ? err : place;
}

static bool can_extend(const struct mm_struct *mm, const struct vm_area_struct *vma,
		       unsigned long end)
{
	const struct vm_area_struct *next = vma_tree_find(&mm->vmas, vma->vm_end);

	return end > vma->vm_end && end <= TASK_SIZE && !(next && next->vm_start < end);
}

static int extend(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long end)
{
	const unsigned long pages = (end - vma->vm_end) >> PAGE_SHIFT;
	const vm_flags_t flags = vma->vm_flags;

	if ((flags & VM_ACCOUNT) && vm_account(mm, pages))
		return -ENOMEM;
	if (!vma_extend(mm, vma, end)) {
		if (flags & VM_ACCOUNT)
			vm_unaccount(pages);
		return -ENOMEM;
	}
	mm_count(mm, flags, pages);
	if (flags & VM_LOCKED)
		mm->locked_vm += pages;
	return 0;
}

static unsigned long remap_locked(struct mm_struct *mm, struct move *m)
{
	struct vm_area_struct *vma = vma_tree_find(&mm->vmas, m->addr), *next;
	struct vma_cursor at;
	unsigned long place;
	int err;

	if (!vma || vma->vm_start > m->addr)
		return -EFAULT;
	if (m->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		return remap_to(mm, m);
	if (m->old_len >= m->new_len) {
		err = m->old_len == m->new_len
			      ? 0
			      : unmap_part(mm, m->addr + m->new_len, m->old_len - m->new_len);
		return err ? err : m->addr;
	}
	vma = vma_to_resize(mm, m, m->old_len);
	if (IS_ERR(vma))
		return PTR_ERR(vma);
	if (m->old_len == vma->vm_end - m->addr && can_extend(mm, vma, m->addr + m->new_len)) {
		err = extend(mm, vma, m->addr + m->new_len);
		return err ? err : m->addr;
	}
	if (!(m->flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	place = get_unmapped_area(mm, 0, m->new_len, 0, &at, &next);
	if (IS_ERR_VALUE(place))
		return place;
	m->new_addr = place;
	err = move_area(mm, vma, m);
	return err ? err : place;
}

unsigned long do_mremap(struct mm_struct *mm, unsigned long addr, unsigned long old_len,
			unsigned long new_len, unsigned long flags, unsigned long new_addr)
{
	struct move m = {addr, round_to_page(old_len), round_to_page(new_len), new_addr, flags};
	unsigned long result;
	bool locked;

	if (flags & ~(unsigned long)(MREMAP_FIXED | MREMAP_MAYMOVE | MREMAP_DONTUNMAP))
		return -EINVAL;
	if ((flags & MREMAP_FIXED) && !(flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if ((flags & MREMAP_DONTUNMAP) && (!(flags & MREMAP_MAYMOVE) || old_len != new_len))
		return -EINVAL;
	if ((addr & ~PAGE_MASK) || !m.new_len)
		return -EINVAL;
	if (down_write_killable(&mm->mmap_lock))
		return -EINTR;
	result = remap_locked(mm, &m);
	locked = mm->locked_vm != 0;
	mm_unlock(mm);
	if (locked && !IS_ERR_VALUE(result) && m.new_len > m.old_len)
		populate_locked(mm, result + m.old_len, result + m.new_len);
	return result;
}
