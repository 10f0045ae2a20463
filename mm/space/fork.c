/*
 * fork: a second space with the same contents, without copying a page.
 *
 * Each area is duplicated, and the entries of private memory are copied into the
 * child's tables with the write right taken from both sides; the first write on
 * either side copies the page (fault.c).  What the child can fetch again is
 * not copied: entries of areas without private pages (a shared file, program text)
 * come back by faults from the cache.
 *
 *   parent area      child gets
 *   -----------------------------------------------------------------
 *   VM_DONTCOPY      nothing
 *   VM_WIPEONFORK    an empty area
 *   without family   an empty area of the same file (no private page was ever made)
 *   with family      the area, a guest in the family (rmap.c), and the entries
 *
 * Speed.  Forks are judged by the resident pages they must copy entries for, so that is one
 * tight loop over two tables, under both locks (the parent's first), without calls: a page
 * costs one increment of its references and one of its mapcount; everything else -- rss,
 * entries in use -- is added up and posted for each table.  Tables that hold nothing are
 * skipped, and a table's count of entries says when its last one has been seen.
 *
 * Threads of the parent may be running, and the child must get a state that the parent was in:
 * if it sees a write, it sees those before.  So no fault may get through in the
 * meantime.  mm->forking sends them to wait for mmap_lock, and each area's lock is taken once,
 * before it is copied, to see off those inside.  CPUs may still remember write rights that
 * the entries have lost; what is written that way, parent and child both see, until the
 * flush at the end.  No page is copied away before it, as that takes a fault.
 *
 * Without memory for an area or a table the half-made child is torn down like any
 * space; the parent keeps its lost write rights and gets them back by faults.
 */
#include "lib/string.h"
#include "mm/space/pages.h"
#include "mm/swap/swap.h"

/* What is copied in one go: entries of one table on either side, both locked. */
struct copy_run {
	pte_t *from, *to; /* the child's are empty */
	unsigned long n;
	bool private;
	long anon, file; /* pages that the child maps, by kind */
	long swapped;    /* swap entries that it has as well */
};

/* A frame without a count, or the name of a swap slot; what the child gets. */
static __noinline pte_t copy_uncounted(struct copy_run *run, pte_t *from, pte_t e, bool private)
{
	if (!pte_present(e)) {
		run->swapped++;
		swap_dup(pte_to_swp_entry(e));
	} else if (private && pte_write(e)) {
		pte_clear_write(from);
		e = pte_wrprotect(e);
	}
	return e;
}

/*
 * Copy; returns how many entries. only_anon is a constant where it is inlined: such areas are
 * private, have anonymous pages and perhaps the zero page, and need not ask each page what it is.
 */
static __always_inline u32 copy_run(struct copy_run *run, bool only_anon)
{
	const u32 present = user_table(run->from)->pt_present;
	const bool private = only_anon || run->private;
	const pte_t *end = run->from + run->n;
	pte_t *from = run->from, *to = run->to;
	u32 empty = 0, bare = 0, file = 0, copied;

	while (from < end) {
		pte_t e = pte_get(from);

		if (pte_none(e)) {
			pte_t *gap = from;

			if (from - run->from - empty == present)
				break; /* nothing follows */
			from = skip_empty(from + 1, end);
			to += from - gap;
			empty += from - gap;
			continue;
		}
		if (pte_counted(e)) {
			struct page *page = pte_page(e);

			if (private && likely(pte_write(e))) {
				pte_clear_write(from);
				e = pte_wrprotect(e);
			}

			ASSERT(page_ref_count(page) > 0 && page_mapcount(page) > 0);
			atomic_inc(&page->refcount);
			atomic_inc(&page->mapcount);
			if (!only_anon)
				file += !page_is_anon(page);
		} else {
			bare++;
			e = copy_uncounted(run, from, e, private);
		}
		pte_set(to, e);
		from++;
		to++;
	}
	copied = from - run->from - empty;
	user_table(run->to)->pt_present += copied;
	run->anon += copied - bare - file;
	run->file += file;
	return copied;
}

/* Functions of their own, so that the loops have all registers. */
static __noinline u32 copy_anon_run(struct copy_run *run)
{
	return copy_run(run, true);
}

static __noinline u32 copy_mixed_run(struct copy_run *run)
{
	return copy_run(run, false);
}

int copy_page_range(struct vm_area_struct *child, struct vm_area_struct *parent)
{
	struct mm_struct *from_mm = parent->vm_mm, *to_mm = child->vm_mm;
	const bool only_anon = vma_is_anonymous(parent);
	struct copy_run run = {.private = !(parent->vm_flags & VM_SHARED)};
	unsigned long next;
	int err = 0;

	/* What is not here the child fetches by faults. */
	if (!parent->anon_vma && !(parent->vm_flags & (VM_PFNMAP | VM_MIXEDMAP)))
		return 0;
	for (unsigned long va = parent->vm_start; va < parent->vm_end; va = next) {
		struct page *from, *to;
		u32 copied;

		run.from = user_pte_next(from_mm, va, &next);
		if (!run.from || !table_in_use(run.from))
			continue;
		next = min(next, parent->vm_end);
		run.to = user_pte_alloc(to_mm, va);
		if (!run.to) {
			err = -ENOMEM;
			break;
		}
		run.n = (next - va) >> PAGE_SHIFT;
		from = user_table(run.from);
		to = user_table(run.to);
		raw_spin_lock(&from->ptl, RANK_PTL);
		raw_spin_lock(&to->ptl, RANK_PTL);
		copied = only_anon ? copy_anon_run(&run) : copy_mixed_run(&run);
		trace_copy_range((unsigned long)to_mm, va, next, copied);
		raw_spin_unlock(&to->ptl);
		raw_spin_unlock(&from->ptl);
	}
	count_rss(to_mm, MM_ANONPAGES, run.anon);
	count_rss(to_mm, file_counter(parent), run.file);
	count_rss(to_mm, MM_SWAPENTS, run.swapped);
	return err;
}

/* One area of the parent, no fault inside. 0 or -ENOMEM. */
static int dup_area(struct mm_struct *mm, struct vm_area_struct *vma)
{
	const bool wipe = vma->vm_flags & VM_WIPEONFORK;
	struct vm_area_struct *copy;

	if (vma->vm_flags & VM_DONTCOPY)
		return 0;
	if (vma->vm_flags & VM_ACCOUNT && vm_account(mm, vma_pages(vma)))
		return -ENOMEM;
	copy = vma_tree_prepare(&mm->vmas, 1) ? NULL : vma_dup(vma);
	if (!copy) {
		if (vma->vm_flags & VM_ACCOUNT)
			vm_unaccount(vma_pages(vma));
		return -ENOMEM;
	}
	/* Who has it by the pointer of an area that is gone may be looking. */
	WRITE_ONCE(copy->vm_mm, mm);
	WRITE_ONCE(copy->vm_flags, copy->vm_flags & ~(VM_LOCKED | VM_LOCKONFAULT));
	if (!wipe)
		(void)anon_vma_fork(copy, vma); /* cannot fail: it only links */
	vma_link(mm, copy);
	if (copy->vm_ops && copy->vm_ops->open)
		copy->vm_ops->open(copy);
	return wipe ? 0 : copy_page_range(copy, vma);
}

static void copy_layout(struct mm_struct *mm, const struct mm_struct *old)
{
	mm->mmap_base = old->mmap_base;
	mm->start_code = old->start_code;
	mm->end_code = old->end_code;
	mm->start_data = old->start_data;
	mm->end_data = old->end_data;
	mm->start_brk = old->start_brk;
	mm->brk = old->brk;
	mm->start_stack = old->start_stack;
	mm->arg_start = old->arg_start;
	mm->arg_end = old->arg_end;
	mm->env_start = old->env_start;
	mm->env_end = old->env_end;
	memcpy(mm->saved_auxv, old->saved_auxv, sizeof(mm->saved_auxv));
	mm->flags = old->flags;
	mm->exe_file = old->exe_file;
	if (mm->exe_file)
		vm_file_ops.get(mm->exe_file);
}

struct mm_struct *dup_mm(struct mm_struct *old)
{
	struct mm_struct *mm = mm_alloc_in(old->part);
	struct vm_area_struct *vma;
	int err;

	if (!mm)
		return ERR_PTR(-ENOMEM);
	down_write(&old->mmap_lock);
	err = old->reaped ? -ENOMEM : 0; /* whose pages were taken has been killed */
	down_write(&mm->mmap_lock);      /* nobody else knows it; the rules ask for it */
	copy_layout(mm, old);
	trace_fork_mm((unsigned long)old, (unsigned long)mm, 0, 0);
	WRITE_ONCE(old->forking, true);
	for_each_vma(old, vma)
	{
		if (err)
			break;
		down_write(&vma->lock);
		up_write(&vma->lock);
		err = dup_area(mm, vma);
	}
	tlb_flush_mm(&old->arch);
	WRITE_ONCE(old->forking, old->reaped);
	mm->hiwater_rss = mm_rss(mm);
	mm->hiwater_vm = mm->total_vm;
	up_write(&mm->mmap_lock);
	up_write(&old->mmap_lock);
	if (err) {
		mmput(mm);
		return ERR_PTR(err);
	}
	return mm;
}
