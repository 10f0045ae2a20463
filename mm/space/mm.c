/*
 * The life of an address space.
 *
 * Two counts. mm_users: tasks that run in it and those who look into it for longer (/proc);
 * when the last goes, its areas, pages and tables go. mm_count: all users together are one,
 * and everyone who only needs the struct and its root table to exist -- a kernel thread that
 * idles on it -- is another; when that is zero, the rest goes.
 */
#include "mm/space/areas.h"

struct kmem_cache *mm_cache;

void space_init(void)
{
	all_mms_init();
	mm_cache = KMEM_CACHE(mm_struct, SLAB_PANIC | SLAB_HWCACHE_ALIGN);
	vma_boot();
	vma_tree_boot();
	account_init();
	pages_init();
}

struct mm_struct *mm_alloc_in(u32 part)
{
	struct mm_struct *mm = kmem_cache_zalloc(mm_cache, GFP_KERNEL);
	pte_t *root;

	if (!mm)
		return NULL;
	root = pt_alloc_root(GFP_KERNEL);
	if (!root) {
		kmem_cache_free(mm_cache, mm);
		return NULL;
	}
	arch_mm_init(&mm->arch, root);
	atomic_set(&mm->mm_users, 1);
	atomic_set(&mm->mm_count, 1);
	init_rwsem(&mm->mmap_lock, RANK_MMAP);
	vma_tree_init(&mm->vmas);
	mm->part = part;
	mm->mmap_base = TASK_UNMAPPED_BASE;
	trace_mm_new((unsigned long)mm, page_to_pfn(virt_to_page(root)), 0, 0);
	mm_register(mm);
	return mm;
}

struct mm_struct *mm_alloc(void)
{
	return mm_alloc_in(cpu_id() % I_MMAP_PARTS);
}

void mmget(struct mm_struct *mm)
{
	ASSERT(atomic_read(&mm->mm_users) > 0);
	atomic_inc(&mm->mm_users);
}

bool mmget_not_zero(struct mm_struct *mm)
{
	return atomic_inc_not_zero(&mm->mm_users);
}

void mmgrab(struct mm_struct *mm)
{
	atomic_inc(&mm->mm_count);
}

static void free_mm_now(struct epoch_head *head)
{
	kmem_cache_free(mm_cache, container_of(head, struct mm_struct, epoch));
}

void mmdrop(struct mm_struct *mm)
{
	if (!atomic_dec_and_test(&mm->mm_count))
		return;
	mm_unregister(mm);
	trace_mm_free((unsigned long)mm, page_to_pfn(virt_to_page(mm->arch.root)), 0, 0);
	arch_mm_exit(&mm->arch);
	pt_free_root(mm->arch.root);
	epoch_call(&mm->epoch, free_mm_now);
}

/* No task runs in it any more: rmap alone may still come by, under its own locks. */
static void unmap_all(struct mm_struct *mm)
{
	struct vm_area_struct *vma, *next;
	unsigned long promised = 0;
	struct mmu_gather tlb;

	down_write(&mm->mmap_lock);
	tlb_gather_init(&tlb, mm, true);
	for (vma = vma_tree_find(&mm->vmas, 0); vma; vma = next) {
		const unsigned long start = vma->vm_start, end = vma->vm_end;

		next = vma_tree_find(&mm->vmas, end);
		if (vma->vm_flags & VM_ACCOUNT)
			promised += vma_pages(vma);
		zap_page_range(&tlb, vma, start, end);
		vma_discard(vma);
		free_page_tables(&tlb, start, end, 0, next ? next->vm_start : TASK_SIZE);
	}
	vma_tree_destroy(&mm->vmas);
	tlb_gather_finish(&tlb);
	vm_unaccount(promised);
	mm->total_vm = mm->data_vm = mm->exec_vm = mm->stack_vm = mm->locked_vm = 0;
	mm_unlock(mm);
}

void mmput(struct mm_struct *mm)
{
	if (!atomic_dec_and_test(&mm->mm_users))
		return;
	trace_mm_exit((unsigned long)mm, 0, 0, 0);
	unmap_all(mm);
	if (mm->exe_file)
		vm_file_ops.put(mm->exe_file);
	for (unsigned i = 0; i < NR_MM_COUNTERS; i++)
		WARN_ON(atomic_read(&mm->rss[i]) != 0);
	mmdrop(mm);
}

struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long address)
{
	return vma_tree_find(&mm->vmas, address);
}

struct vm_area_struct *vma_next(struct mm_struct *mm, const struct vm_area_struct *vma)
{
	return vma_tree_find(&mm->vmas, vma->vm_end);
}

struct vm_area_struct *vma_prev(struct mm_struct *mm, unsigned long address)
{
	return vma_tree_prev(&mm->vmas, address);
}
