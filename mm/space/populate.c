/*
 * Memory made present without being touched by its program, and touched by others:
 * MAP_POPULATE and mlock, and the kernel's access to any space, page by page.
 *
 * All of it is faults, taken on purpose.  What is present already is skipped by a look
 * at the entry without locks: tables live until the end of an epoch.
 */
#include "lib/string.h"
#include "mm/space/pages.h"

/* Does the entry for an address allow the access already? No lock, a hint. */
static bool is_present(const struct mm_struct *mm, unsigned long address, bool write)
{
	pte_t *slot = user_pte(mm, address), e;

	if (!slot)
		return false;
	e = pte_get(slot);
	return pte_present(e) && pte_user(e) && (!write || pte_write(e));
}

static int fault_errno(fault_t fault)
{
	return fault & FAULT_OOM ? -ENOMEM : -EFAULT;
}

/* What a program would do to have its pages: private memory is written, the rest read. */
static unsigned populate_access(const struct vm_area_struct *vma)
{
	if ((vma->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE)
		return ACCESS_WRITE;
	return vma->vm_flags & (VM_READ | VM_WRITE) ? ACCESS_READ : ACCESS_EXEC;
}

long populate_range(struct mm_struct *mm, unsigned long start, unsigned long len)
{
	const unsigned long end = ALIGN_UP(start + len, PAGE_SIZE);
	unsigned long area_end = 0;
	unsigned access = 0;
	bool on_fault = false;
	long done = 0;

	for (unsigned long va = start & PAGE_MASK; va < end; va += PAGE_SIZE, done++) {
		if (va >= area_end) {
			struct vm_area_struct *vma;

			cond_resched();
			down_read(&mm->mmap_lock);
			vma = find_vma(mm, va);
			if (vma && vma->vm_start <= va) {
				access = populate_access(vma);
				area_end = vma->vm_end;
				on_fault = vma->vm_flags & VM_LOCKONFAULT;
			} else {
				vma = NULL;
			}
			up_read(&mm->mmap_lock);
			if (!vma)
				return -ENOMEM;
			if (on_fault) { /* it is to have its pages when they are touched */
				done += (min(area_end, end) - va - 1) >> PAGE_SHIFT;
				va = min(area_end, end) - PAGE_SIZE;
				continue;
			}
		}

		bool present;

		epoch_read_lock();
		present = is_present(mm, va, access == ACCESS_WRITE);
		epoch_read_unlock();
		if (present)
			continue;

		fault_t result = handle_mm_fault(mm, va, access);

		if (result & FAULT_ERROR)
			return fault_errno(result);
		if (fatal_signal_pending())
			return -EINTR;
	}
	return done;
}

/* The page behind an address with a reference, if its entry allows the access now. */
static struct page *try_get_user_page(struct mm_struct *mm, unsigned long address, bool write)
{
	struct page *page = NULL, *table;
	pte_t *slot, e;

	epoch_read_lock();
	slot = user_pte(mm, address);
	if (slot) {
		table = user_table(slot);
		raw_spin_lock(&table->ptl, RANK_PTL);
		e = pte_get(slot);
		if (pte_present(e) && pte_user(e) && (!write || pte_write(e)) &&
		    (!pte_special(e) || pte_pfn(e) == zero_pfn)) {
			page = pte_page(e);
			get_page(page);
		}
		raw_spin_unlock(&table->ptl);
	}
	epoch_read_unlock();
	return page;
}

int get_user_page(struct mm_struct *mm, unsigned long address, bool write, struct page **page)
{
	/* Two rounds do, but for a page that others take away as fast as we bring it. */
	for (int tries = 0; tries < 100; tries++) {
		fault_t result;

		*page = try_get_user_page(mm, address, write);
		if (*page)
			return 0;
		result = handle_mm_fault(mm, address, write ? ACCESS_WRITE : ACCESS_READ);
		if (result & FAULT_ERROR)
			return fault_errno(result);
		cond_resched();
	}
	return -EFAULT; /* bare frames */
}

size_t access_remote_vm(struct mm_struct *mm, unsigned long address, void *buf, size_t bytes,
			bool write)
{
	size_t done = 0;

	while (done < bytes) {
		unsigned long offset = (address + done) & ~PAGE_MASK;
		size_t part = min(bytes - done, PAGE_SIZE - offset);
		struct page *page;
		char *window;

		if (get_user_page(mm, address + done, write, &page))
			break;
		window = kmap_local_page(page);
		if (write)
			memcpy(window + offset, (char *)buf + done, part);
		else
			memcpy((char *)buf + done, window + offset, part);
		kunmap_local(window);
		if (write && !page_is_anon(page))
			set_page_dirty(page);
		put_page(page);
		done += part;
	}
	return done;
}
