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
 * leaves the index (vma_detach), then its pages go, then it leaves rmap (vma_discard).
 * Two intervals may cover one page for a moment while a border moves; who walks rmap
 * looks at the entry and does not mind to see it twice.
 *
 * Who looks the index up without mmap_lock may hold a VMA that leaves it: it takes the VMA's
 * lock and looks at VM_DETACHED and the range before it believes anything. The
 * memory itself lives until the end of the epoch.
 */
#include "mm/space/areas.h"

struct kmem_cache *vma_cache;
unsigned long stack_guard_gap = 256UL << PAGE_SHIFT;
struct vm_file_ops vm_file_ops;

struct vm_area_struct *vma_alloc(struct mm_struct *mm)
{
	struct vm_area_struct *vma = kmem_cache_alloc(vma_cache, GFP_KERNEL);

	if (unlikely(!vma))
		return NULL;
	*vma = (struct vm_area_struct){.vm_mm = mm};
	init_rwsem(&vma->lock, RANK_VMA);
	return vma;
}

struct vm_area_struct *vma_dup(const struct vm_area_struct *vma)
{
	struct vm_area_struct *copy = kmem_cache_alloc(vma_cache, GFP_KERNEL);

	if (unlikely(!copy))
		return NULL;
	*copy = (struct vm_area_struct){
		.vm_start = vma->vm_start,
		.vm_end = vma->vm_end,
		.vm_flags = vma->vm_flags,
		.vm_page_prot = vma->vm_page_prot,
		.vm_pgoff = vma->vm_pgoff,
		.vm_mm = vma->vm_mm,
		.vm_file = vma->vm_file,
		.vm_mapping = vma->vm_mapping,
		.vm_ops = vma->vm_ops,
		.vm_private = vma->vm_private,
	};
	init_rwsem(&copy->lock, RANK_VMA);
	if (copy->vm_file)
		vm_file_ops.get(copy->vm_file);
	return copy;
}

static void free_vma_now(struct epoch_head *head)
{
	kmem_cache_free(vma_cache, container_of(head, struct vm_area_struct, epoch));
}

void vma_free(struct vm_area_struct *vma)
{
	if (vma->anon_vma)
		anon_vma_unlink(vma);
	if (vma->vm_file)
		vm_file_ops.put(vma->vm_file);
	epoch_call(&vma->epoch, free_vma_now);
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

		write = !asks && !(mapping && mapping->ops && mapping->ops->write_page);
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
	struct address_space *mapping = vma->vm_mapping;

	if (vma->vm_flags & VM_SHARED)
		atomic_inc(&mapping->mmap_writable);
	down_write(&mapping->i_mmap_lock);
	set_file_range(vma);
	interval_insert(&mapping->i_mmap, &vma->file_node);
	up_write(&mapping->i_mmap_lock);
}

static void unlink_file(struct vm_area_struct *vma)
{
	struct address_space *mapping = vma->vm_mapping;

	down_write(&mapping->i_mmap_lock);
	interval_remove(&mapping->i_mmap, &vma->file_node);
	up_write(&mapping->i_mmap_lock);
	if (vma->vm_flags & VM_SHARED)
		atomic_dec(&mapping->mmap_writable);
}

void vma_range_begin(struct vm_area_struct *vma)
{
	if (vma->anon_vma)
		anon_vma_pre_update(vma);
	if (vma->vm_mapping) {
		down_write(&vma->vm_mapping->i_mmap_lock);
		interval_remove(&vma->vm_mapping->i_mmap, &vma->file_node);
	}
}

void vma_range_end(struct vm_area_struct *vma)
{
	if (vma->vm_mapping) {
		set_file_range(vma);
		interval_insert(&vma->vm_mapping->i_mmap, &vma->file_node);
		up_write(&vma->vm_mapping->i_mmap_lock);
	}
	if (vma->anon_vma)
		anon_vma_post_update(vma);
}

/* --- coming and going --- */

void vma_link(struct mm_struct *mm, struct vm_area_struct *vma)
{
	if (vma->vm_mapping)
		link_file(vma);
	vma_tree_insert(&mm->vmas, vma);
	mm_count(mm, vma->vm_flags, vma_pages(vma));
	trace_vma_map((u64)(uintptr_t)mm, vma->vm_start, vma->vm_end, vma->vm_flags);
}

void vma_detach(struct mm_struct *mm, struct vm_area_struct *vma)
{
	down_write(&vma->lock);
	vma_tree_remove(&mm->vmas, vma);
	vma->vm_flags |= VM_DETACHED;
	up_write(&vma->lock);
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
		epoch_call(&vma->epoch, free_vma_now);
	}
}

void vma_free_released(struct vm_area_struct *list)
{
	while (list) {
		struct vm_area_struct *vma = list;

		list = vma->vm_private;
		vm_file_ops.put(vma->vm_file);
		epoch_call(&vma->epoch, free_vma_now);
	}
}

int vma_split(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long address)
{
	struct vm_area_struct *upper;

	ASSERT(vma->vm_start < address && address < vma->vm_end);
	if (mm->vmas.count >= sysctl_max_map_count || vma_tree_prepare(&mm->vmas, 1))
		return -ENOMEM;
	upper = vma_dup(vma);
	if (!upper)
		return -ENOMEM;
	upper->vm_start = address;
	upper->vm_pgoff += (address - vma->vm_start) >> PAGE_SHIFT;
	if (vma->anon_vma && anon_vma_clone(upper, vma)) {
		vma_free(upper);
		return -ENOMEM;
	}
	if (upper->vm_mapping)
		link_file(upper);
	down_write(&vma->lock);
	vma_range_begin(vma);
	vma_tree_split(&mm->vmas, vma, upper);
	vma_range_end(vma);
	up_write(&vma->lock);
	if (upper->vm_ops && upper->vm_ops->open)
		upper->vm_ops->open(upper);
	return 0;
}
