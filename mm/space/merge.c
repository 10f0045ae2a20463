/*
 * Neighbours that are alike are one area (S32).
 *
 * Two areas that touch are joined when nothing tells them apart: flags, the file and a place
 * in it that goes on without a step (anonymous memory: the page numbers it was born with), the
 * operations behind it, and families of anonymous pages that can be one. So a program that
 * grows a heap by small mmaps has one area, and protecting a part and undoing it leaves
 * no trace. Families are asked as Linux asks them, for programs see the result (mremap
 * refuses two areas): what changes, or is new, looks whether its neighbours accept it.
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
	ACQUIRES(lower->lock, upper->lock)
{
	down_write(&lower->lock);
	down_write(&upper->lock);
}

static void unlock_two(struct vm_area_struct *lower, struct vm_area_struct *upper)
	RELEASES(lower->lock, upper->lock)
{
	up_write(&upper->lock);
	up_write(&lower->lock);
}

/* The cursor is at lower. */
static void join(struct vma_cursor *at, struct vm_area_struct *lower, struct vm_area_struct *upper)
{
	lock_two(lower, upper);
	vma_range_begin(lower);
	lower->vm_flags |= upper->vm_flags & VM_IGNORED_BY_MERGE;
	trace_vma_join((unsigned long)lower->vm_mm, lower->vm_start, upper->vm_start,
		       lower->vm_flags);
	vma_tree_join_at(at, lower, upper);
	vma_range_end(lower);
	if (upper->anon_vma)
		anon_vma_merge(lower, upper);
	upper->vm_flags |= VM_DETACHED;
	unlock_two(lower, upper);
	vma_discard(upper);
}

static bool alike(const struct vm_area_struct *lower, const struct vm_area_struct *upper)
{
	struct vma_shape shape;

	if (likely((lower->vm_flags ^ upper->vm_flags) & ~VM_IGNORED_BY_MERGE) ||
	    lower->vm_end != upper->vm_start)
		return false;
	shape = vma_shape(upper);
	return continues(lower, &shape);
}

/* As vma_merge(), of the cursor's VMA. */
static struct vm_area_struct *merge_at(struct vma_cursor *at, struct vm_area_struct *vma)
{
	struct vm_area_struct *prev = vma_before(at, vma->vm_start);
	struct vm_area_struct *next = vma_behind(at, vma->vm_end);
	const struct anon_vma *family = vma->anon_vma;

	if (unlikely(prev && alike(prev, vma) && anon_vma_accepts(prev, family))) {
		vma_seek(at, at->tree, prev->vm_start);
		join(at, prev, vma);
		vma = prev;
	}
	if (unlikely(next && alike(vma, next) && anon_vma_accepts(next, family) &&
		     anon_vma_compatible(vma, next)))
		join(at, vma, next);
	return vma;
}

struct vm_area_struct *vma_merge(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct vma_cursor at;

	vma_seek(&at, &mm->vmas, vma->vm_start);
	return merge_at(&at, vma);
}

/* The cursor's VMA grows, to either side. */
static void grow(struct vma_cursor *at, struct vm_area_struct *vma, unsigned long start,
		 unsigned long end)
{
	down_write(&vma->lock);
	vma_range_begin(vma);
	vma->vm_pgoff -= (vma->vm_start - start) >> PAGE_SHIFT;
	trace_vma_resize((unsigned long)vma->vm_mm, vma->vm_start, start, end);
	vma_tree_resize_at(at, vma, start, end);
	vma_range_end(vma);
	up_write(&vma->lock);
}

bool vma_extend(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long end)
{
	struct vm_area_struct *next;
	struct vma_cursor at;

	if (vma->vm_flags & VM_SPECIAL)
		return false;
	vma_seek(&at, &mm->vmas, vma->vm_start);
	next = vma_behind(&at, vma->vm_end);
	grow(&at, vma, vma->vm_start, end);
	if (next && alike(vma, next) && anon_vma_accepts(next, vma->anon_vma))
		join(&at, vma, next);
	return true;
}

struct vm_area_struct *vma_merge_new(struct vma_cursor *at, struct vm_area_struct *prev,
				     struct vm_area_struct *next, const struct vma_shape *shape)
{
	const bool below = next && precedes(shape, next) && anon_vma_accepts(next, NULL);

	if (prev && continues(prev, shape) && anon_vma_accepts(prev, NULL)) {
		vma_seek(at, at->tree, prev->vm_start);
		grow(at, prev, prev->vm_start, shape->end);
		if (below && anon_vma_compatible(prev, next))
			join(at, prev, next);
		return prev;
	}
	if (below) {
		grow(at, next, shape->start, next->vm_end);
		return next;
	}
	return NULL;
}

/* Move the border between two neighbours. */
static void move_border(struct vma_tree *tree, struct vm_area_struct *lower,
			struct vm_area_struct *upper, unsigned long border)
{
	const bool up = border > lower->vm_end;
	struct vm_area_struct *grows = up ? lower : upper, *shrinks = up ? upper : lower;
	const unsigned long old = upper->vm_start;
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
	trace_vma_border((unsigned long)lower->vm_mm, lower->vm_start, old, border);
	vma_tree_move_border(tree, lower, upper, border);
	upper->vm_pgoff = upper_pgoff;
	vma_range_end(shrinks);
	unlock_two(lower, upper);
}

static inline void set_flags(struct vm_area_struct *vma, vm_flags_t flags)
{
	down_write(&vma->lock);
	vma->vm_flags = flags;
	vma_set_prot(vma);
	trace_vma_flags((unsigned long)vma->vm_mm, vma->vm_start, vma->vm_end, flags);
	up_write(&vma->lock);
}

/* One end of an area becomes like its neighbour: the neighbour, or NULL if they are not alike. */
static struct vm_area_struct *give_to_neighbour(struct vma_cursor *at, struct vm_area_struct *vma,
						const struct vma_shape *shape)
{
	struct vm_area_struct *other;

	if (shape->start == vma->vm_start) {
		other = vma_before(at, shape->start);
		if (!other || !continues(other, shape) || !anon_vma_accepts(other, vma->anon_vma))
			return NULL;
		move_border(at->tree, other, vma, shape->end);
	} else {
		other = vma_behind(at, shape->end);
		if (!other || !precedes(shape, other) || !anon_vma_accepts(other, vma->anon_vma))
			return NULL;
		move_border(at->tree, vma, other, shape->start);
	}
	return other;
}

/* A border moves, or cuts: what has the flags then, or ERR_PTR(-ENOMEM). */
static struct vm_area_struct *modify_part(struct vma_cursor *at, struct vm_area_struct *vma,
					  unsigned long start, unsigned long end, vm_flags_t flags)
{
	struct vma_shape shape;
	struct vm_area_struct *other;
	int err;

	if (start > vma->vm_start && end < vma->vm_end) {
		err = vma_cut_at(at, vma, start, end, flags);
		return err ? ERR_PTR(err) : vma_at(at);
	}
	shape = vma_shape(vma);
	shape.start = start;
	shape.end = end;
	shape.pgoff += (start - vma->vm_start) >> PAGE_SHIFT;
	shape.flags = flags;
	other = give_to_neighbour(at, vma, &shape);
	if (other)
		return other;
	if (start > vma->vm_start) {
		err = vma_split_at(at, vma, start, flags);
		return err ? ERR_PTR(err) : vma_at(at);
	}
	err = vma_split_at(at, vma, end, vma->vm_flags);
	if (err)
		return ERR_PTR(err);
	set_flags(vma, flags);
	return vma;
}

struct vm_area_struct *vma_modify(struct vma_cursor *at, struct vm_area_struct *vma,
				  unsigned long start, unsigned long end, vm_flags_t flags)
{
	const long pages = (end - start) >> PAGE_SHIFT;
	const vm_flags_t old = vma->vm_flags;
	struct mm_struct *mm = vma->vm_mm;

	ASSERT(vma->vm_start <= start && start < end && end <= vma->vm_end);
	if (start == vma->vm_start && end == vma->vm_end) {
		set_flags(vma, flags);
		vma = merge_at(at, vma);
	} else {
		vma = modify_part(at, vma, start, end, flags);
		if (IS_ERR(vma))
			return vma;
	}
	mm_recount(mm, old, flags, pages);
	return vma;
}
