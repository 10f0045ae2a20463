/*
 * One area: its life, and how it enters and leaves the places that know it.
 *
 *	                the index (mm->vmas)        found by faults, without a lock
 *	               /
 *	   struct vma --- i_mmap of its file        found by truncation and reclaim
 *	               \
 *	                tree of its anon_vma        found by reclaim
 *
 * A change of a VMA holds mmap_lock, and the VMA's own lock against the faults; fields that
 * rmap looks at change between vma_range_begin() and vma_range_end(), which take the VMA
 * out of the trees of rmap and put it back.
 *
 * Order of things. Rmap must know an area before a fault can put a page into it, and until
 * the last page is out: so a new VMA enters rmap first and the index last, and a VMA that goes
 * leaves the index (munmap.c), then its pages go, then it leaves rmap (vma_discard).
 * Two intervals may cover one page for a moment while a border moves; who walks rmap
 * looks at the entry and does not mind to see it twice.
 *
 * Who looks the index up without mmap_lock may hold a VMA that leaves it. Its memory remains a
 * VMA until the end of the epoch, but perhaps another one's: so the lock is made once for
 * the memory and not for each VMA in it, whatever is not in the index has VM_DETACHED,
 * and who has the lock asks vma_covers() before it believes anything. In return freeing
 * costs nothing more than that, and the next VMA gets memory that is in the cache.
 */
#include "mm/space/areas.h"

struct kmem_cache *vma_cache;
unsigned long stack_guard_gap = 256UL << PAGE_SHIFT;
struct vm_file_ops vm_file_ops;

static void make_vma(void *object)
{
	struct vm_area_struct *vma = object;

	vma->vm_flags = VM_DETACHED;
	vma->anon_vma = NULL;
	init_rwsem(&vma->lock, RANK_VMA);
}

void vma_boot(void)
{
	vma_cache = kmem_cache_create("vm_area_struct", sizeof(struct vm_area_struct),
				      _Alignof(struct vm_area_struct),
				      SLAB_TYPESAFE_BY_EPOCH | SLAB_PANIC, make_vma);
}

struct vm_area_struct *vma_new(struct mm_struct *mm, const struct vma_shape *shape,
			       struct address_space *mapping)
{
	struct vm_area_struct *vma = kmem_cache_alloc(vma_cache, GFP_KERNEL);

	if (unlikely(!vma))
		return NULL;
	ASSERT(vma->vm_flags == VM_DETACHED && !vma->anon_vma);
	WRITE_ONCE(vma->vm_mm, mm);
	WRITE_ONCE(vma->vm_start, shape->start);
	WRITE_ONCE(vma->vm_end, shape->end);
	WRITE_ONCE(vma->vm_flags, shape->flags | VM_DETACHED);
	vma->vm_pgoff = shape->pgoff;
	vma->vm_file = shape->file;
	vma->vm_mapping = mapping;
	vma->vm_ops = shape->ops;
	vma->vm_private = shape->private;
	vma->anon_guest = false;
	if (vma->vm_file)
		vm_file_ops.get(vma->vm_file);
	return vma;
}

struct vma_shape vma_shape(const struct vm_area_struct *vma)
{
	return (struct vma_shape){.start = vma->vm_start,
				  .end = vma->vm_end,
				  .flags = vma->vm_flags,
				  .pgoff = vma->vm_pgoff,
				  .file = vma->vm_file,
				  .ops = vma->vm_ops,
				  .private = vma->vm_private};
}

/* The part [start, end) of another, with these flags. */
static __always_inline struct vm_area_struct *
dup_part(const struct vm_area_struct *vma, unsigned long start, unsigned long end, vm_flags_t flags)
{
	struct vm_area_struct *copy = kmem_cache_alloc(vma_cache, GFP_KERNEL);

	if (unlikely(!copy))
		return NULL;
	ASSERT(copy->vm_flags == VM_DETACHED && !copy->anon_vma);
	WRITE_ONCE(copy->vm_mm, vma->vm_mm);
	WRITE_ONCE(copy->vm_start, start);
	WRITE_ONCE(copy->vm_end, end);
	WRITE_ONCE(copy->vm_flags, flags | VM_DETACHED);
	copy->vm_page_prot = vma->vm_page_prot;
	copy->vm_pgoff = vma->vm_pgoff + ((start - vma->vm_start) >> PAGE_SHIFT);
	copy->vm_file = vma->vm_file;
	copy->vm_mapping = vma->vm_mapping;
	copy->vm_ops = vma->vm_ops;
	copy->vm_private = vma->vm_private;
	copy->anon_guest = false;
	if (copy->vm_file)
		vm_file_ops.get(copy->vm_file);
	return copy;
}

struct vm_area_struct *vma_dup(const struct vm_area_struct *vma)
{
	return dup_part(vma, vma->vm_start, vma->vm_end, vma->vm_flags);
}

static void recycle(struct vm_area_struct *vma)
{
	WRITE_ONCE(vma->vm_flags, VM_DETACHED);
	kmem_cache_free(vma_cache, vma);
}

void vma_free(struct vm_area_struct *vma)
{
	if (vma->anon_vma)
		anon_vma_unlink(vma);
	if (vma->vm_file)
		vm_file_ops.put(vma->vm_file);
	recycle(vma);
}

/*
 * Which rights the entries of present pages start with. A private page may be shared with a
 * parent, a child or the file, so a write to it is always asked about; so is the first write
 * to a shared page of a file that must know what to write back.
 */
void vma_set_prot(struct vm_area_struct *vma)
{
	const vm_flags_t flags = vma->vm_flags;
	bool write = false;

	if ((flags & (VM_WRITE | VM_SHARED)) == (VM_WRITE | VM_SHARED)) {
		const struct address_space *mapping = vma->vm_mapping;
		const bool asks = vma->vm_ops && vma->vm_ops->page_mkwrite;

		write = !asks && !(mapping && mapping->ops && mapping->ops->write_pages);
	}
	vma->vm_page_prot = user_pgprot(flags & (VM_READ | VM_WRITE), write, flags & VM_EXEC);
}

/* --- rmap --- */

static void set_file_range(struct vm_area_struct *vma)
{
	vma->file_node.start = vma->vm_pgoff;
	vma->file_node.last = vma->vm_pgoff + vma_pages(vma) - 1;
}

static void link_file(struct vm_area_struct *vma)
{
	struct i_mmap *i_mmap = vma_i_mmap(vma);

	if (vma_may_write_file(vma->vm_flags))
		atomic_inc(&vma->vm_mapping->mmap_writable);
	down_write(&i_mmap->lock);
	set_file_range(vma);
	interval_insert(&i_mmap->areas, &vma->file_node);
	WRITE_ONCE(i_mmap->count, i_mmap->count + 1);
	up_write(&i_mmap->lock);
}

static void unlink_file(struct vm_area_struct *vma)
{
	struct i_mmap *i_mmap = vma_i_mmap(vma);

	down_write(&i_mmap->lock);
	interval_remove(&i_mmap->areas, &vma->file_node);
	WRITE_ONCE(i_mmap->count, i_mmap->count - 1);
	up_write(&i_mmap->lock);
	if (vma_may_write_file(vma->vm_flags))
		atomic_dec(&vma->vm_mapping->mmap_writable);
}

void vma_range_lock(struct vm_area_struct *vma) NO_LOCK_ANALYSIS
{
	if (vma->anon_vma)
		anon_vma_pre_update(vma);
	if (vma->vm_mapping) {
		down_write(&vma_i_mmap(vma)->lock);
		interval_remove(&vma_i_mmap(vma)->areas, &vma->file_node);
	}
}

void vma_range_unlock(struct vm_area_struct *vma) NO_LOCK_ANALYSIS
{
	if (vma->vm_mapping) {
		set_file_range(vma);
		interval_insert(&vma_i_mmap(vma)->areas, &vma->file_node);
		up_write(&vma_i_mmap(vma)->lock);
	}
	if (vma->anon_vma)
		anon_vma_post_update(vma);
}

/* --- coming and going --- */

void vma_publish(struct vm_area_struct *vma)
{
	if (vma->vm_mapping)
		link_file(vma);
	store_release(&vma->vm_flags, vma->vm_flags & ~VM_DETACHED);
}

void vma_link_at(struct vma_cursor *at, struct vm_area_struct *vma)
{
	vma_publish(vma);
	vma_tree_insert_at(at, vma);
	mm_count(vma->vm_mm, vma->vm_flags, vma_pages(vma));
	trace_vma_map((unsigned long)vma->vm_mm, vma->vm_start, vma->vm_end, vma->vm_flags);
}

void vma_link(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct vma_cursor at;

	vma_seek(&at, &mm->vmas, vma->vm_start);
	vma_link_at(&at, vma);
}

void vma_discard(struct vm_area_struct *vma)
{
	if (unlikely(vma->vm_ops && vma->vm_ops->close))
		vma->vm_ops->close(vma);
	if (vma->anon_vma)
		anon_vma_unlink(vma);
	if (vma->vm_mapping)
		unlink_file(vma);
	if (vma->vm_file) {
		vma->vm_private = vma->vm_mm->released;
		vma->vm_mm->released = vma;
	} else {
		recycle(vma);
	}
}

void vma_free_released(struct vm_area_struct *list)
{
	while (list) {
		struct vm_area_struct *vma = list;

		list = vma->vm_private;
		vm_file_ops.put(vma->vm_file);
		recycle(vma);
	}
}

/* A part that is to be split off, known to rmap; NULL without memory. */
static struct vm_area_struct *new_part(struct vm_area_struct *vma, unsigned long start,
				       unsigned long end, vm_flags_t flags)
{
	struct vm_area_struct *part = dup_part(vma, start, end, flags);

	if (unlikely(!part))
		return NULL;
	if (flags != vma->vm_flags)
		vma_set_prot(part);
	if (vma->anon_vma && anon_vma_clone(part, vma)) {
		vma_free(part);
		return NULL;
	}
	vma_publish(part);
	return part;
}

static void forget_part(struct vm_area_struct *part)
{
	if (part->vm_mapping)
		unlink_file(part);
	vma_free(part);
}

static inline void opened(struct vm_area_struct *part)
{
	if (unlikely(part->vm_ops && part->vm_ops->open))
		part->vm_ops->open(part);
}

int vma_split_at(struct vma_cursor *at, struct vm_area_struct *vma, unsigned long address,
		 vm_flags_t flags)
{
	struct vma_tree *tree = at->tree;
	struct vm_area_struct *upper;

	ASSERT(vma->vm_start < address && address < vma->vm_end);
	if (unlikely(tree->count >= sysctl_max_map_count || vma_tree_prepare(tree, 1)))
		return -ENOMEM;
	upper = new_part(vma, address, vma->vm_end, flags);
	if (unlikely(!upper))
		return -ENOMEM;
	down_write(&vma->lock);
	vma_range_begin(vma);
	trace_vma_split((unsigned long)vma->vm_mm, vma->vm_start, address, flags);
	vma_tree_split_at(at, vma, upper);
	vma_range_end(vma);
	up_write(&vma->lock);
	opened(upper);
	return 0;
}

int vma_cut_at(struct vma_cursor *at, struct vm_area_struct *vma, unsigned long start,
	       unsigned long end, vm_flags_t flags)
{
	struct vma_tree *tree = at->tree;
	struct vm_area_struct *middle, *upper;

	ASSERT(vma->vm_start < start && start < end && end < vma->vm_end);
	if (unlikely(tree->count + 1 >= sysctl_max_map_count || vma_tree_prepare(tree, 2)))
		return -ENOMEM;
	upper = new_part(vma, end, vma->vm_end, vma->vm_flags);
	middle = upper ? new_part(vma, start, end, flags) : NULL;
	if (unlikely(!middle)) {
		if (upper)
			forget_part(upper);
		return -ENOMEM;
	}
	down_write(&vma->lock);
	vma_range_begin(vma);
	trace_vma_split((unsigned long)vma->vm_mm, vma->vm_start, end, vma->vm_flags);
	trace_vma_split((unsigned long)vma->vm_mm, vma->vm_start, start, flags);
	vma_tree_cut_at(at, vma, middle, upper);
	vma_range_end(vma);
	up_write(&vma->lock);
	opened(middle);
	opened(upper);
	return 0;
}

int vma_split(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long address)
{
	struct vma_cursor at;

	vma_seek(&at, &mm->vmas, vma->vm_start);
	return vma_split_at(&at, vma, address, vma->vm_flags);
}
