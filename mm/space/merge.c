/*
 * Neighbours that are alike are one area (S32).
 *
 * Two areas that touch are joined when nothing tells them apart: flags, the file and a place
 * in it that goes on without a step (anonymous memory: the page numbers it was born with), the
 * operations behind it, and families of anonymous pages that can be one. So a program that
 * grows a heap by small mmaps has one area, and protecting a part and undoing it leaves
 * no trace.
 *
 * All that changes flags of a part of an area goes through vma_modify():
 *
 *	PPPP [VVVV] NNNN   whole area: flags change in place, then it is joined to P or N or both
 *	PPPP [VV|VV        the head is like P: only the border moves
 *	      VV|VV] NNNN  the tail is like N: the same
 *	      V|VV|V       else it is cut out
 *
 * A border moves and areas join in one step of the index: a fault that looks it up sees
 * either state and never a hole. The lower area of two that join is the one that stays; what
 * grows is known to rmap over its new range, and in the other's family of anonymous pages,
 * before the other shrinks or goes. None of this can fail.
 */
#include "mm/space/areas.h"

static bool same_kind(const struct vm_area_struct *vma, const struct vma_shape *shape)
{
	return !((vma->vm_flags ^ shape->flags) & ~VM_IGNORED_BY_MERGE) &&
	       vma->vm_file == shape->file && vma->vm_ops == shape->ops &&
	       vma->vm_private == shape->private && !(shape->flags & VM_SPECIAL) &&
	       !(shape->ops && shape->ops->close);
}

static struct vma_shape shape_of(const struct vm_area_struct *vma)
{
	return (struct vma_shape){.start = vma->vm_start,
				  .end = vma->vm_end,
				  .flags = vma->vm_flags,
				  .pgoff = vma->vm_pgoff,
				  .file = vma->vm_file,
				  .ops = vma->vm_ops,
				  .private = vma->vm_private};
}

static bool continues(const struct vm_area_struct *lower, const struct vma_shape *shape)
{
	return lower->vm_end == shape->start &&
	       lower->vm_pgoff + vma_pages(lower) == shape->pgoff && same_kind(lower, shape);
}

static bool precedes(const struct vma_shape *shape, const struct vm_area_struct *upper)
{
	return upper->vm_start == shape->end &&
	       shape->pgoff + ((shape->end - shape->start) >> PAGE_SHIFT) == upper->vm_pgoff &&
	       same_kind(upper, shape);
}

/* Only the holder of mmap_lock holds two at once: always upwards. */
static void lock_two(struct vm_area_struct *lower, struct vm_area_struct *upper)
{
	down_write(&lower->lock);
	down_write(&upper->lock);
}

static void unlock_two(struct vm_area_struct *lower, struct vm_area_struct *upper)
{
	up_write(&upper->lock);
	up_write(&lower->lock);
}

static void join(struct mm_struct *mm, struct vm_area_struct *lower, struct vm_area_struct *upper)
{
	lock_two(lower, upper);
	vma_range_begin(lower);
	vma_tree_join(&mm->vmas, lower, upper);
	lower->vm_flags |= upper->vm_flags & VM_IGNORED_BY_MERGE;
	vma_range_end(lower);
	if (upper->anon_vma)
		anon_vma_merge(lower, upper);
	upper->vm_flags |= VM_DETACHED;
	unlock_two(lower, upper);
	vma_discard(upper);
}

static bool joinable(const struct vm_area_struct *lower, const struct vm_area_struct *upper)
{
	struct vma_shape shape;

	if ((lower->vm_flags ^ upper->vm_flags) & ~VM_IGNORED_BY_MERGE)
		return false;
	shape = shape_of(upper);
	return continues(lower, &shape) && anon_vma_mergeable(lower, upper);
}

struct vm_area_struct *vma_merge(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct vm_area_struct *prev, *next;

	vma_tree_find_prev(&mm->vmas, vma->vm_start, &prev);
	if (prev && joinable(prev, vma)) {
		join(mm, prev, vma);
		vma = prev;
	}
	next = vma_tree_find(&mm->vmas, vma->vm_end);
	if (next && joinable(vma, next))
		join(mm, vma, next);
	return vma;
}

bool vma_can_grow_into(const struct vm_area_struct *vma, const struct vma_shape *shape)
{
	return continues(vma, shape) && anon_vma_mergeable(vma, NULL);
}

static void change_range(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long start,
			 unsigned long end)
{
	down_write(&vma->lock);
	vma_range_begin(vma);
	vma->vm_pgoff -= (long)(vma->vm_start - start) >> PAGE_SHIFT;
	vma_tree_resize(&mm->vmas, vma, start, end);
	vma_range_end(vma);
	up_write(&vma->lock);
}

bool vma_extend(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long end)
{
	struct vm_area_struct *next;

	if ((vma->vm_flags & VM_SPECIAL) || (vma->vm_ops && vma->vm_ops->close))
		return false;
	change_range(mm, vma, vma->vm_start, end);
	next = vma_tree_find(&mm->vmas, end);
	if (next && joinable(vma, next))
		join(mm, vma, next);
	return true;
}

struct vm_area_struct *vma_merge_new(struct mm_struct *mm, struct vm_area_struct *prev,
				     struct vm_area_struct *next, const struct vma_shape *shape)
{
	if (prev && vma_can_grow_into(prev, shape)) {
		change_range(mm, prev, prev->vm_start, shape->end);
		if (next && joinable(prev, next))
			join(mm, prev, next);
		return prev;
	}
	if (next && precedes(shape, next) && anon_vma_mergeable(next, NULL)) {
		change_range(mm, next, shape->start, next->vm_end);
		return next;
	}
	return NULL;
}

/* Move the border between two neighbours. */
static void move_border(struct mm_struct *mm, struct vm_area_struct *lower,
			struct vm_area_struct *upper, unsigned long border)
{
	const bool up = border > lower->vm_end;
	struct vm_area_struct *grows = up ? lower : upper, *shrinks = up ? upper : lower;
	const u64 upper_pgoff = upper->vm_pgoff + ((long)(border - upper->vm_start) >> PAGE_SHIFT);

	lock_two(lower, upper);
	vma_range_begin(grows);
	if (up) {
		lower->vm_end = border;
	} else {
		upper->vm_start = border;
		upper->vm_pgoff = upper_pgoff;
	}
	vma_range_end(grows);
	if (shrinks->anon_vma)
		anon_vma_merge(grows, shrinks);
	vma_range_begin(shrinks);
	vma_tree_move_border(&mm->vmas, lower, upper, border);
	upper->vm_pgoff = upper_pgoff;
	vma_range_end(shrinks);
	unlock_two(lower, upper);
}

static void set_flags(struct mm_struct *mm, struct vm_area_struct *vma, vm_flags_t flags)
{
	const long pages = vma_pages(vma);

	mm_count(mm, vma->vm_flags, -pages);
	mm_count(mm, flags, pages);
	down_write(&vma->lock);
	vma->vm_flags = flags;
	vma_set_prot(vma);
	up_write(&vma->lock);
}

struct vm_area_struct *vma_modify(struct mm_struct *mm, struct vm_area_struct *vma,
				  unsigned long start, unsigned long end, vm_flags_t flags)
{
	const vm_flags_t old_flags = vma->vm_flags;
	const long pages = (end - start) >> PAGE_SHIFT;
	struct vm_area_struct *other, *cut;
	struct vma_shape shape = shape_of(vma);

	ASSERT(vma->vm_start <= start && start < end && end <= vma->vm_end);
	shape.start = start;
	shape.end = end;
	shape.pgoff += (start - vma->vm_start) >> PAGE_SHIFT;
	shape.flags = flags;
	if (start == vma->vm_start && end == vma->vm_end) {
		set_flags(mm, vma, flags);
		return vma_merge(mm, vma);
	}
	if (start == vma->vm_start) {
		vma_tree_find_prev(&mm->vmas, start, &other);
		if (other && continues(other, &shape) && anon_vma_mergeable(other, vma)) {
			move_border(mm, other, vma, end);
			mm_count(mm, old_flags, -pages);
			mm_count(mm, flags, pages);
			return other;
		}
	} else if (end == vma->vm_end) {
		other = vma_tree_find(&mm->vmas, end);
		if (other && precedes(&shape, other) && anon_vma_mergeable(vma, other)) {
			move_border(mm, vma, other, start);
			mm_count(mm, old_flags, -pages);
			mm_count(mm, flags, pages);
			return other;
		}
	}
	cut = vma;
	if (start > vma->vm_start) {
		if (vma_split(mm, vma, start))
			return ERR_PTR(-ENOMEM);
		cut = vma_tree_find(&mm->vmas, start);
	}
	if (end < cut->vm_end && vma_split(mm, cut, end)) {
		if (cut != vma)
			join(mm, vma, cut);
		return ERR_PTR(-ENOMEM);
	}
	set_flags(mm, cut, flags);
	return cut;
}
