/*
 * The kernel's access to any space's memory, page by page: process_vm_writev, /proc/PID/mem,
 * arguments and environment, futex keys.
 *
 * A page is faulted in as if its program had touched it, found by its entry under the table's lock,
 * and held by a reference while bytes are copied.  For reading that is enough: what is read was the
 * program's at some moment in between.  Writing needs more.  Entry and page must still belong
 * together when the bytes land: if a fork came in between, the page would be the
 * child's as well, the parent's next write would take a copy of its own, and ours would be seen by the
 * child alone.  So a writer holds the area's lock, shared as a fault does, from the look at the entry to the
 * last byte; fork, mprotect and mremap take it for themselves first.  MADV_DONTNEED and truncation
 * do not, and need not: what was written before them is gone with the page.
 *
 *     area lock (shared) -> table's lock: entry, reference -> copy -> both go
 *            not there, or not to be written: all is let go, a fault is taken, once more
 *
 * Force.  Who may trace a program may read and write what the program itself may not at present
 * (a debugger's breakpoints): only in private memory, which then becomes the program's own copy by an
 * entry without the write right.  Whether a page behind a read-only entry may be written is
 * asked of the page, under the table's lock, each time: is it anonymous and nobody else's?  That a fault
 * has made a copy a moment ago says nothing, for MADV_DONTNEED may have thrown it away, and
 * the entry may lead to the file's own page again (CVE-2016-5195, "Dirty COW").
 */
#include "lib/string.h"
#include "mm/space/pages.h"

/* May the page of a present entry be read, or written, by the kernel for this access? (ptl) */
static bool entry_serves(struct vm_area_struct *vma, pte_t e, unsigned access)
{
	const bool force = access & ACCESS_FORCE;

	if (!pte_present(e))
		return false;
	if (!(access & ACCESS_WRITE))
		return pte_user(e) || force;
	if (pte_user(e) && pte_write(e))
		return true;
	/* Where the program may write, a fault of its own would take our reference for a sharer's, and copy. */
	return force && !(vma->vm_flags & VM_WRITE) && pte_counted(e) &&
	       page_reusable(pte_page(e), vma);
}

/*
 * The page behind an address of a locked area with a reference; NULL: a fault is needed; -EFAULT: a
 * bare frame.
 */
static struct page *try_get_page(struct mm_struct *mm, struct vm_area_struct *vma,
				 unsigned long address, unsigned access)
{
	struct page *page = NULL, *table;
	pte_t *slot = user_pte(mm, address), e;

	if (!slot)
		return NULL;
	table = user_table(slot);
	raw_spin_lock(&table->ptl, RANK_PTL);
	e = pte_get(slot);
	if (pte_present(e) && pte_special(e) && pte_pfn(e) != zero_pfn) {
		page = ERR_PTR(-EFAULT);
	} else if (entry_serves(vma, e, access)) {
		page = pte_page(e);
		get_page(page);
	}
	raw_spin_unlock(&table->ptl);
	return page;
}

#define PATIENCE 100 /* rounds for a task that is being killed */

/*
 * The page with a reference and its area locked; -EFAULT, -ENOMEM, -EINTR. Two rounds do, but for a
 * page that others take away as fast as we bring it.
 */
static int lock_user_page(struct mm_struct *mm, unsigned long address, unsigned access,
			  struct vm_area_struct **locked, struct page **page) NO_LOCK_ANALYSIS
{
	for (unsigned tries = 0; tries < PATIENCE || !fatal_signal_pending(); tries++) {
		struct vm_area_struct *vma = lock_area(mm, address);
		fault_t result;

		if (!vma)
			return -EFAULT;
		*locked = vma;
		*page = try_get_page(mm, vma, address, access);
		if (*page && !IS_ERR(*page))
			return 0;
		up_read(&vma->lock);
		if (*page)
			return PTR_ERR(*page);
		result = handle_mm_fault(mm, address, access);
		if (result & FAULT_ERROR)
			return fault_to_errno(result);
		cond_resched();
	}
	return -EINTR;
}

int get_user_page(struct mm_struct *mm, unsigned long address, bool write,
		  struct page **page) NO_LOCK_ANALYSIS
{
	struct vm_area_struct *vma;
	int err = lock_user_page(mm, address, write ? ACCESS_WRITE : ACCESS_READ, &vma, page);

	if (!err)
		up_read(&vma->lock);
	return err;
}

size_t access_remote_vm(struct mm_struct *mm, unsigned long address, void *buf, size_t bytes,
			unsigned access) NO_LOCK_ANALYSIS
{
	size_t done = 0;

	while (done < bytes) {
		unsigned long offset = (address + done) & ~PAGE_MASK;
		size_t part = min(bytes - done, PAGE_SIZE - offset);
		struct vm_area_struct *vma;
		struct page *page;
		char *window;

		if (lock_user_page(mm, address + done, access, &vma, &page))
			break;
		window = kmap_local_page(page);
		if (access & ACCESS_WRITE)
			memcpy(window + offset, (char *)buf + done, part);
		else
			memcpy((char *)buf + done, window + offset, part);
		kunmap_local(window);
		if (access & ACCESS_WRITE && !page_is_anon(page))
			set_page_dirty(page);
		up_read(&vma->lock);
		put_page(page);
		done += part;
	}
	return done;
}
