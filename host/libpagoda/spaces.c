/*
 * Address spaces of the library: the calls of mm/space, and a program's accesses.
 *
 * An access is what a CPU does: the space is loaded, the bytes move through the TLB, and where the
 * machine would raise a page fault the kernel's handler is called and the access tried
 * again.
 */
#include "host/libpagoda/library.h"

#include "lib/errno.h"
#include "mm/pgtable/pgtable.h"
#include "sync/task.h"
#include <linux/mman.h>

static struct mm_struct *mm_of(struct pagoda_space *space)
{
	return (struct mm_struct *)space;
}

/* Every call ends as a system call does: this CPU holds nothing, others may have it. */
static int done(long err)
{
	cond_resched();
	return (int)err;
}

struct pagoda_space *pagoda_space_new(void)
{
	struct mm_struct *mm = mm_alloc();

	if (mm)
		mm_set_layout(mm);
	return (struct pagoda_space *)mm;
}

struct pagoda_space *pagoda_space_fork(struct pagoda_space *parent)
{
	struct mm_struct *child = dup_mm(mm_of(parent));

	done(0);
	return IS_ERR(child) ? NULL : (struct pagoda_space *)child;
}

void pagoda_space_free(struct pagoda_space *space)
{
	if (!space)
		return;
	soft_unload_mm(&mm_of(space)->arch);
	mmput(mm_of(space));
	done(0);
}

/* ---- mmap and its kin ---- */

static int result(unsigned long address, uint64_t *at)
{
	if (IS_ERR_VALUE(address))
		return done((long)address);
	*at = address;
	return done(0);
}

int pagoda_mmap(struct pagoda_space *space, uint64_t address, uint64_t bytes, int protection,
		int flags, struct pagoda_file *file, uint64_t offset, uint64_t *at)
{
	struct map_source source;

	if (!file != !!(flags & MAP_ANONYMOUS))
		return -EBADF;
	if (offset & ~PAGE_MASK)
		return -EINVAL;
	if (file)
		source = file_source(file);
	return result(do_mmap(mm_of(space), address, bytes, (unsigned)protection, (unsigned)flags,
			      offset >> PAGE_SHIFT, file ? &source : NULL),
		      at);
}

int pagoda_munmap(struct pagoda_space *space, uint64_t address, uint64_t bytes)
{
	return done(do_munmap(mm_of(space), address, bytes));
}

int pagoda_mprotect(struct pagoda_space *space, uint64_t address, uint64_t bytes, int protection)
{
	return done(do_mprotect(mm_of(space), address, bytes, (unsigned)protection));
}

int pagoda_mremap(struct pagoda_space *space, uint64_t address, uint64_t old_bytes,
		  uint64_t new_bytes, int flags, uint64_t new_address, uint64_t *at)
{
	return result(do_mremap(mm_of(space), address, old_bytes, new_bytes, (unsigned)flags,
				new_address),
		      at);
}

int pagoda_madvise(struct pagoda_space *space, uint64_t address, uint64_t bytes, int advice)
{
	return done(do_madvise(mm_of(space), address, bytes, advice));
}

int pagoda_mlock(struct pagoda_space *space, uint64_t address, uint64_t bytes)
{
	return done(do_mlock(mm_of(space), address, bytes, VM_LOCKED));
}

int pagoda_munlock(struct pagoda_space *space, uint64_t address, uint64_t bytes)
{
	return done(do_munlock(mm_of(space), address, bytes));
}

/* ---- Accesses ---- */

static int fault_errno(fault_t fault)
{
	if (fault & FAULT_OOM)
		return -ENOMEM;
	if (fault & FAULT_SIGBUS)
		return -EIO;
	return fault & FAULT_SIGSEGV_ACCERR ? -EACCES : -EFAULT;
}

static int access_in_page(struct mm_struct *mm, unsigned long va, enum soft_access access,
			  void *buffer, size_t bytes)
{
	static const unsigned as[] = {
		[SOFT_READ] = ACCESS_READ, [SOFT_WRITE] = ACCESS_WRITE, [SOFT_EXEC] = ACCESS_EXEC};

	for (;;) {
		fault_t fault;

		/* The fault may have slept, and another CPU has another space loaded. */
		switch_mm(&mm->arch);
		if (soft_access(va, access, buffer, bytes, NULL))
			return 0;
		fault = handle_mm_fault(mm, va, as[access] | ACCESS_USER);
		if (fault & FAULT_ERROR)
			return fault_errno(fault);
	}
}

static int access(struct pagoda_space *space, u64 va, enum soft_access access, void *buffer,
		  size_t bytes)
{
	int err = 0;

	if (va >= TASK_SIZE || bytes > TASK_SIZE - va)
		return -EFAULT;
	while (bytes > 0 && !err) {
		size_t n = min(bytes, PAGE_SIZE - (size_t)(va & ~PAGE_MASK));

		err = access_in_page(mm_of(space), va, access, buffer, n);
		va += n;
		buffer += n;
		bytes -= n;
	}
	return done(err);
}

int pagoda_load(struct pagoda_space *space, uint64_t address, void *to, size_t bytes)
{
	return access(space, address, SOFT_READ, to, bytes);
}

int pagoda_store(struct pagoda_space *space, uint64_t address, const void *from, size_t bytes)
{
	return access(space, address, SOFT_WRITE, (void *)from, bytes);
}

int pagoda_execute(struct pagoda_space *space, uint64_t address)
{
	char opcode;

	return access(space, address, SOFT_EXEC, &opcode, 1);
}

/* ---- Looking ---- */

bool pagoda_page(struct pagoda_space *space, uint64_t address, struct pagoda_page *page)
{
	enum pt_level level;
	pte_t e;

	/* Tables that are freed meanwhile stay until this CPU is quiescent: nothing here sleeps. */
	if (address >= TASK_SIZE || !pt_translate(mm_of(space)->arch.root, address, &e, &level))
		return false;
	*page = (struct pagoda_page){
		.frame = pte_pfn(e) + ((address & (PT_SIZE(level) - 1)) >> PAGE_SHIFT),
		.level = level,
		.writable = pte_write(e),
		.executable = pte_exec(e),
		.accessed = pte_young(e),
		.dirty = pte_dirty(e),
	};
	if (page->frame != zero_pfn)
		page->mapped = (unsigned)page_mapcount(pfn_to_page(page->frame));
	return true;
}

bool pagoda_area(struct pagoda_space *space, uint64_t address, struct pagoda_area *area)
{
	struct mm_struct *mm = mm_of(space);
	const struct vm_area_struct *vma;

	down_read(&mm->mmap_lock);
	vma = find_vma(mm, address);
	if (vma)
		*area = (struct pagoda_area){
			.start = vma->vm_start,
			.end = vma->vm_end,
			.protection = (vma->vm_flags & VM_READ ? PROT_READ : 0) |
				      (vma->vm_flags & VM_WRITE ? PROT_WRITE : 0) |
				      (vma->vm_flags & VM_EXEC ? PROT_EXEC : 0),
			.shared = vma->vm_flags & VM_SHARED,
			.grows_down = vma->vm_flags & VM_GROWSDOWN,
			.locked = vma->vm_flags & VM_LOCKED,
			.file = file_of_area(vma),
			.offset = file_of_area(vma) ? vma->vm_pgoff << PAGE_SHIFT : 0,
		};
	up_read(&mm->mmap_lock);
	return vma != NULL;
}

void pagoda_usage(struct pagoda_space *space, struct pagoda_usage *usage)
{
	struct mm_struct *mm = mm_of(space);

	down_read(&mm->mmap_lock);
	*usage = (struct pagoda_usage){
		.areas = mm->vmas.count,
		.virtual_bytes = mm->total_vm << PAGE_SHIFT,
		.table_bytes = (u64)atomic_read(&mm->pgtables_bytes),
		.anonymous_pages = (u64)mm_counter(mm, MM_ANONPAGES),
		.file_pages = (u64)(mm_counter(mm, MM_FILEPAGES) + mm_counter(mm, MM_SHMEMPAGES)),
	};
	up_read(&mm->mmap_lock);
}
