/*
 * Areas: what mmap, munmap, mprotect, mremap, madvise, mlock and fork make of memory that nobody
 * touches.
 *
 * Untouched memory has no past, so what the areas must be is known exactly: of pages that
 * are alike, in one file one behind the other, as few areas as there can be.  After each call
 * the list of areas is held against the model's runs of pages: a wrong cut, a lost merge,
 * a page too many or a wrong count of promised memory shows at once, in the call that
 * did it.  After a call that failed for want of memory each page is as before or as asked, and
 * the list is no longer than it must be.
 */
#include "world.h"
#include <linux/mman.h>

#define PAGES 160
#define PROCS 2
#define BASE  ((PT_SIZE(PT_PTE) << PT_BITS(PT_PTE)) * 5 - 32 * PAGE_SIZE)

struct model_page {
	vm_flags_t flags; /* 0: none; VM_MAYREAD of whatever is mapped is always set */
	int file;         /* -1: anonymous */
	u32 index;
};

static struct proc {
	struct mm_struct *mm;
	struct model_page page[PAGES];
} procs[PROCS];

static struct model_page before[PAGES];
static struct input in;
static unsigned fail_next;

static unsigned long va_of(unsigned n)
{
	return BASE + n * PAGE_SIZE;
}

static bool mapped(const struct model_page *page)
{
	return page->flags != 0;
}

static bool same(const struct model_page *a, const struct model_page *b)
{
	return a->flags == b->flags && (!mapped(a) || (a->file == b->file && a->index == b->index));
}

/* Does the page n+1 belong to the same area as page n? */
static bool goes_on(const struct proc *proc, unsigned n)
{
	const struct model_page *a = &proc->page[n], *b = a + 1;

	return n + 1 < PAGES && mapped(a) && a->flags == b->flags && a->file == b->file &&
	       (a->file < 0 || b->index == a->index + 1);
}

static struct model_page seen_page(const struct vm_area_struct *vma, unsigned n)
{
	struct model_page page = {.flags = vma->vm_flags & ~(VM_SOFTDIRTY | VM_DETACHED),
				  .file = -1};

	if (vma->vm_file) {
		page.file = (struct world_file *)vma->vm_file - files;
		page.index = vma->vm_pgoff + ((va_of(n) - vma->vm_start) >> PAGE_SHIFT);
	}
	return page;
}

static long promised(void)
{
	long pages = 0;

	for (int i = 0; i < PROCS; i++)
		for (unsigned n = 0; procs[i].mm && n < PAGES; n++)
			pages += (procs[i].page[n].flags & VM_ACCOUNT) != 0;
	return pages;
}

/* The areas are the model's runs, and everything counted is what they come to. */
static void check_areas(const struct proc *proc)
{
	unsigned long total = 0, locked = 0;
	unsigned n = 0, areas = 0;

	while (n < PAGES) {
		const struct vm_area_struct *vma = find_vma(proc->mm, va_of(n));
		struct model_page seen;
		unsigned end = n;

		if (!mapped(&proc->page[n])) {
			MUST(!vma || vma->vm_start > va_of(n));
			n++;
			continue;
		}
		while (goes_on(proc, end))
			end++;
		end++;
		MUST(vma != NULL);
		MUST_EQUAL(vma->vm_start, va_of(n));
		MUST_EQUAL(vma->vm_end, va_of(end));
		seen = seen_page(vma, n);
		MUST_EQUAL(seen.flags, proc->page[n].flags);
		MUST_EQUAL(seen.file, proc->page[n].file);
		if (seen.file >= 0)
			MUST_EQUAL(seen.index, proc->page[n].index);
		else
			MUST_EQUAL(vma->vm_pgoff, vma->vm_start >> PAGE_SHIFT);
		total += end - n;
		locked += seen.flags & VM_LOCKED ? end - n : 0;
		areas++;
		n = end;
	}
	MUST_EQUAL(proc->mm->total_vm, total);
	MUST_EQUAL(proc->mm->locked_vm, locked);
	MUST_EQUAL(proc->mm->vmas.count, areas);
	MUST_EQUAL(vm_committed(), promised());
}

/* --- calls --- */

static void call_begin(const struct proc *proc)
{
	memcpy(before, proc->page, sizeof(before));
	fail_begin(fail_next);
}

/*
 * After a call whose effect proc->page has: what it said and should have said. `whole`: a
 * call that fails has done nothing, but for pages [vanish, vanish_end), which may be gone.
 */
static void call_end(struct proc *proc, long error, long expected, bool whole, unsigned vanish,
		     unsigned vanish_end)
{
	const bool failed = fail_end() && fail_next;

	fail_next = 0;
	if (!failed) {
		MUST_EQUAL(error, expected);
	} else if (error) {
		MUST(error == -ENOMEM || error == -EAGAIN || error == expected);
		for (unsigned n = 0; n < PAGES; n++) {
			const struct vm_area_struct *vma = find_vma(proc->mm, va_of(n));
			struct model_page seen = {0}, *page = &proc->page[n];

			if (vma && vma->vm_start <= va_of(n))
				seen = seen_page(vma, n);
			MUST(same(&seen, &before[n]) || (same(&seen, page) && !whole) ||
			     (!mapped(&seen) && n >= vanish && n < vanish_end));
			*page = seen;
		}
	}
	check_areas(proc);
}

static void range(unsigned *first, unsigned *n)
{
	*first = input_below(&in, PAGES);
	*n = 1 + input_below(&in, 256) % (PAGES / 4);
	*n = min(*n, PAGES - *first);
}

static vm_flags_t promise(vm_flags_t flags)
{
	return (flags & (VM_NORESERVE | VM_SHARED | VM_WRITE)) == VM_WRITE ? flags | VM_ACCOUNT
									   : flags;
}

static void do_map(struct proc *proc)
{
	const unsigned how = input_byte(&in), prot = how & 7;
	const int file = how & 8 ? (how >> 4 & 1) : -1;
	const bool shared = file >= 0 && (how & 0x20), noreserve = how & 0x40;
	struct map_source source = file_source(max(file, 0), true);
	unsigned long flags = MAP_FIXED | (shared ? MAP_SHARED : MAP_PRIVATE), at;
	unsigned first, n, start = 0;
	vm_flags_t vm_flags = prot | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
	long expected = 0;

	source.ops = NULL; /* so that nothing but the file tells the two apart */
	range(&first, &n);
	if (file < 0)
		flags |= MAP_ANONYMOUS;
	else
		start = how & 0x80 ? first : input_byte(&in);
	if (shared)
		vm_flags |= VM_SHARED | VM_MAYSHARE;
	if (noreserve) {
		flags |= MAP_NORESERVE;
		vm_flags |= VM_NORESERVE;
	}
	call_begin(proc);
	at = do_mmap(proc->mm, va_of(first), n * PAGE_SIZE, prot, flags, start,
		     file < 0 ? NULL : &source);
	for (unsigned i = 0; i < n; i++)
		proc->page[first + i] =
			(struct model_page){promise(vm_flags), file, file < 0 ? 0 : start + i};
	call_end(proc, IS_ERR_VALUE(at) ? (long)at : 0, expected, true, first, first + n);
}

static void do_unmap(struct proc *proc)
{
	unsigned first, n;
	int err;

	range(&first, &n);
	call_begin(proc);
	err = do_munmap(proc->mm, va_of(first), n * PAGE_SIZE);
	memset(&proc->page[first], 0, n * sizeof(proc->page[0]));
	call_end(proc, err, 0, true, 0, 0);
}

/* A call that changes flags from page to page, up to the first hole. */
static void do_protect(struct proc *proc)
{
	const unsigned prot = input_byte(&in) & 7;
	unsigned first, n;
	long expected = 0;
	int err;

	range(&first, &n);
	call_begin(proc);
	err = do_mprotect(proc->mm, va_of(first), n * PAGE_SIZE, prot);
	for (unsigned i = first; i < first + n && !expected; i++) {
		struct model_page *page = &proc->page[i];
		const vm_flags_t flags = (page->flags & ~(VM_READ | VM_WRITE | VM_EXEC)) | prot;

		if (!mapped(page))
			expected = -ENOMEM;
		else if (flags != page->flags)
			page->flags = promise(flags);
	}
	call_end(proc, err, expected, false, 0, 0);
}

static void do_advise(struct proc *proc)
{
	static const struct {
		u8 advice;
		vm_flags_t set, clear;
	} advices[] = {
		{MADV_NORMAL, 0, VM_SEQ_READ | VM_RAND_READ},
		{MADV_SEQUENTIAL, VM_SEQ_READ, VM_RAND_READ},
		{MADV_RANDOM, VM_RAND_READ, VM_SEQ_READ},
		{MADV_DONTFORK, VM_DONTCOPY, 0},
		{MADV_DOFORK, 0, VM_DONTCOPY},
		{MADV_DONTDUMP, VM_DONTDUMP, 0},
		{MADV_DODUMP, 0, VM_DONTDUMP},
		{MADV_NOHUGEPAGE, VM_NOHUGEPAGE, VM_HUGEPAGE},
	};
	const unsigned which = input_byte(&in) % ARRAY_SIZE(advices);
	unsigned first, n;
	long hole = 0;
	int err;

	range(&first, &n);
	call_begin(proc);
	err = do_madvise(proc->mm, va_of(first), n * PAGE_SIZE, advices[which].advice);
	for (unsigned i = first; i < first + n; i++) {
		struct model_page *page = &proc->page[i];

		if (!mapped(page))
			hole = -ENOMEM;
		else
			page->flags = (page->flags & ~advices[which].clear) | advices[which].set;
	}
	call_end(proc, err, hole, false, 0, 0);
}

/* When they are touched, so that nothing is touched now. */
static void do_lock(struct proc *proc)
{
	const vm_flags_t flags = VM_LOCKED | VM_LOCKONFAULT;
	const bool lock = input_byte(&in) & 1;
	unsigned first, n;
	long expected = 0;
	int err;

	range(&first, &n);
	call_begin(proc);
	if (lock)
		err = do_mlock(proc->mm, va_of(first), n * PAGE_SIZE, flags);
	else
		err = do_munlock(proc->mm, va_of(first), n * PAGE_SIZE);
	for (unsigned i = first; i < first + n && !expected; i++) {
		if (!mapped(&proc->page[i]))
			expected = -ENOMEM;
		else if (lock)
			proc->page[i].flags |= flags;
		else
			proc->page[i].flags &= ~flags;
	}
	call_end(proc, err, expected, false, 0, 0);
}

static bool one_area(const struct proc *proc, unsigned first, unsigned n)
{
	for (unsigned i = 0; i + 1 < n; i++)
		if (!goes_on(proc, first + i))
			return false;
	return mapped(&proc->page[first]);
}

/* As page 0 of `from`, n pages of one area. */
static void spread(struct model_page *to, struct model_page from, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		to[i] = from;
		if (from.file >= 0)
			to[i].index = from.index + i;
	}
}

static void do_move(struct proc *proc)
{
	const unsigned how = input_byte(&in);
	unsigned first, old, new, to;
	struct model_page zero;
	unsigned long at;
	long expected = 0;

	range(&first, &old);
	to = input_below(&in, PAGES);
	new = how & 1 ? 1 + input_byte(&in) % (PAGES / 4) : old;
	new = min(new, PAGES - to);
	call_begin(proc);
	at = do_mremap(proc->mm, va_of(first), old * PAGE_SIZE, new *PAGE_SIZE,
		       MREMAP_MAYMOVE | MREMAP_FIXED, va_of(to));
	zero = proc->page[first];
	if (!mapped(&zero)) {
		expected = -EFAULT;
	} else if (to < first + old && first < to + new) {
		expected = -EINVAL;
	} else {
		const unsigned stay = min(old, new);

		/* What is in the way goes, and what is too much, even if no move comes of it. */
		memset(&proc->page[to], 0, new * sizeof(zero));
		if (old > new)
			memset(&proc->page[first + new], 0, (old - new) * sizeof(zero));
		if (!one_area(proc, first, stay)) {
			expected = -EFAULT;
		} else {
			memset(&proc->page[first], 0, stay * sizeof(zero));
			spread(&proc->page[to], zero, new);
		}
	}
	/* What is left when memory is missing: see mremap.c. */
	if (IS_ERR_VALUE(at) && fail_next && !expected) {
		for (unsigned i = 0; i < min(old, new); i++)
			proc->page[first + i] = before[first + i];
		memset(&proc->page[to], 0, new * sizeof(zero));
		call_end(proc, (long)at, 0, false, first + new, first + max(old, new));
	} else {
		call_end(proc, IS_ERR_VALUE(at) ? (long)at : 0, expected, false, 0, 0);
	}
}

static void do_resize(struct proc *proc)
{
	unsigned first, old, new;
	unsigned long at;
	long expected = 0;

	range(&first, &old);
	new = 1 + input_byte(&in) % (PAGES / 4);
	new = min(new, PAGES - first);
	call_begin(proc);
	at = do_mremap(proc->mm, va_of(first), old * PAGE_SIZE, new *PAGE_SIZE, 0, 0);
	if (!mapped(&proc->page[first])) {
		expected = -EFAULT;
	} else if (new <= old) {
		memset(&proc->page[first + new], 0, (old - new) * sizeof(proc->page[0]));
	} else if (!one_area(proc, first, old)) {
		expected = -EFAULT;
	} else {
		for (unsigned i = old; i < new; i++)
			if (mapped(&proc->page[first + i]))
				expected = -ENOMEM;
		if (!expected)
			spread(&proc->page[first], proc->page[first], new);
	}
	call_end(proc, IS_ERR_VALUE(at) ? (long)at : 0, expected, true, 0, 0);
}

static void do_fork(struct proc *proc)
{
	struct proc *child = &procs[1];
	struct mm_struct *mm;

	if (child->mm)
		return;
	fail_begin(fail_next);
	mm = dup_mm(proc->mm);
	MUST(fail_end() && fail_next ? !IS_ERR(mm) || PTR_ERR(mm) == -ENOMEM : !IS_ERR(mm));
	fail_next = 0;
	if (IS_ERR(mm))
		return;
	child->mm = mm;
	for (unsigned n = 0; n < PAGES; n++) {
		child->page[n] = proc->page[n];
		child->page[n].flags &= ~(VM_LOCKED | VM_LOCKONFAULT);
		if (proc->page[n].flags & VM_DONTCOPY)
			child->page[n].flags = 0;
	}
	/* Areas that differed only in what a child does not inherit stay two. */
	for (unsigned n = 0; n + 1 < PAGES; n++)
		if (goes_on(child, n) && !goes_on(proc, n)) {
			program_exit(child->mm);
			*child = (struct proc){0};
			break;
		}
	if (child->mm)
		check_areas(child);
	check_areas(proc);
}

static void step(void)
{
	const unsigned op = input_byte(&in);
	struct proc *proc = op & 0x80 && procs[1].mm ? &procs[1] : &procs[0];

	switch (op % 16) {
	case 0 ... 4: do_map(proc); break;
	case 5: do_unmap(proc); break;
	case 6:
	case 7: do_protect(proc); break;
	case 8:
	case 9: do_advise(proc); break;
	case 10: do_lock(proc); break;
	case 11: do_move(proc); break;
	case 12: do_resize(proc); break;
	case 13: do_fork(&procs[0]); break;
	case 14:
		if (procs[1].mm)
			program_exit(procs[1].mm);
		procs[1] = (struct proc){0};
		break;
	default: fail_next = 1 + input_byte(&in) % 12; break;
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	world_boot();
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	in = (struct input){data, data + bytes};
	fail_next = 0;
	procs[0].mm = mm_alloc();
	MUST(procs[0].mm);
	while (!input_ended(&in))
		step();
	MUST_EQUAL(mm_check(), 0);
	for (int i = 0; i < PROCS; i++) {
		if (procs[i].mm)
			program_exit(procs[i].mm);
		procs[i] = (struct proc){0};
	}
	soft_move_to_cpu(0);
	epoch_synchronize();
	MUST_EQUAL(file_references, 0);
	MUST_EQUAL(vm_committed(), 0);
	MUST_EQUAL(warn_count, 0);
	return 0;
}
