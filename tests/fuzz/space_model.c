/*
 * What each page of each process is and must hold.
 *
 * A call that goes well must have the effect the manual says; one that fails for want of memory
 * may have done a part, page by page, of what the manual allows and nothing else: then the model
 * is told by the areas themselves how far it came (settle).
 */
#include "space_model.h"
#include <linux/mman.h>

struct proc procs[PROCS];
bool may_vanish[PAGES], partly, failed;
unsigned fail_next, checks;
u64 stamp;

static struct model_page before[PAGES]; /* the process of the call, as it was */

unsigned long va_of(unsigned n)
{
	return BASE + n * PAGE_SIZE;
}

static bool of_file(const struct model_page *page)
{
	return page->kind == SHARED || (page->kind == PRIVATE && !page->own);
}

u64 *model_word(struct model_page *page)
{
	return of_file(page) ? &files[page->file].now[page->index] : &page->value;
}

bool beyond_file(const struct model_page *page)
{
	return of_file(page) && page->index >= files[page->file].pages;
}

bool readable(const struct model_page *page)
{
	return page->kind != NONE && (page->prot & (PROT_READ | PROT_WRITE));
}

bool writable(const struct model_page *page)
{
	return page->kind != NONE && (page->prot & PROT_WRITE);
}

/* It was written, or is as good as: a private page is the process's own from now on. */
void becomes_own(struct model_page *page)
{
	if (page->kind == PRIVATE && !page->own) {
		page->value = *model_word(page);
		page->own = true;
	}
}

/* --- calls that may fail --- */

void call_begin(const struct proc *proc)
{
	memcpy(before, proc->page, sizeof(before));
	memset(may_vanish, 0, sizeof(may_vanish));
	partly = false;
	fail_begin(fail_next);
}

void call_end(void)
{
	failed = fail_end() && fail_next;
	fail_next = 0;
}

/* What the areas say of a page: all but its contents. */
static struct model_page seen_page(struct mm_struct *mm, unsigned n)
{
	const struct vm_area_struct *vma = find_vma(mm, va_of(n));
	struct model_page page = {0};

	if (!vma || vma->vm_start > va_of(n))
		return page;
	page.kind = !vma->vm_file                               ? ANON
		    : vma->vm_flags & (VM_SHARED | VM_MAYSHARE) ? SHARED
								: PRIVATE;
	page.prot = vma->vm_flags & (VM_READ | VM_WRITE | VM_EXEC);
	if (vma->vm_file) {
		page.file = (struct world_file *)vma->vm_file - files;
		page.index = vma->vm_pgoff + ((va_of(n) - vma->vm_start) >> PAGE_SHIFT);
	}
	page.read_only = page.kind == SHARED && !(vma->vm_flags & VM_MAYWRITE);
	page.locked = vma->vm_flags & VM_LOCKED;
	page.on_fault = vma->vm_flags & VM_LOCKONFAULT;
	page.nofork = vma->vm_flags & VM_DONTCOPY;
	page.wipe = vma->vm_flags & VM_WIPEONFORK;
	return page;
}

static bool same_area(const struct model_page *a, const struct model_page *b)
{
	return a->kind == b->kind && a->prot == b->prot && a->file == b->file &&
	       a->index == b->index && a->read_only == b->read_only && a->locked == b->locked &&
	       a->on_fault == b->on_fault && a->nofork == b->nofork && a->wipe == b->wipe;
}

/* The page of its own that a private mapping has there, or NULL; *zero: that of zeros. */
static u64 *own_page(struct mm_struct *mm, unsigned n)
{
	pte_t *slot = user_pte(mm, va_of(n));

	if (!slot || !pte_present(pte_get(slot)) || pte_special(pte_get(slot)) ||
	    !page_is_anon(pte_page(pte_get(slot))))
		return NULL;
	return pfn_to_virt(pte_pfn(pte_get(slot)));
}

/*
 * The process's pages after a call that failed or may have done a part only: each is as it
 * was, as the call would have it (proc->page), or, where it may, gone.
 */
static void settle(struct proc *proc, bool error)
{
	for (unsigned n = 0; n < PAGES; n++) {
		struct model_page *page = &proc->page[n], seen = seen_page(proc->mm, n);
		const bool as_new = same_area(page, &seen), as_old = same_area(&before[n], &seen);
		u64 *own;

		if (seen.kind == NONE && error && may_vanish[n]) {
			*page = seen;
			continue;
		}
		MUST(as_old || as_new);
		if (error && !partly)
			MUST(as_old);
		if (!error)
			MUST(as_new);
		if (error && as_old && !(as_new && partly))
			*page = before[n];
		own = seen.kind == ANON || seen.kind == PRIVATE ? own_page(proc->mm, n) : NULL;
		if (seen.kind == PRIVATE) {
			const u64 word = page->own ? page->value : *model_word(page);
			const u64 old = before[n].kind != PRIVATE ? word
					: before[n].own           ? before[n].value
								  : *model_word(&before[n]);

			page->own = own != NULL;
			page->value = own ? own[WORD] : 0;
			if (own)
				MUST(own[WORD] == word || own[WORD] == old);
		} else if (seen.kind == ANON) {
			const u64 value = own ? own[WORD] : 0;

			MUST(value == page->value ||
			     (before[n].kind == ANON && value == before[n].value));
			page->value = value;
		}
	}
}

/* After a call: `error` is what it said, 0 for success. */
void call_result(struct proc *proc, long error, long expected)
{
	call_end();
	if (failed) {
		if (error)
			MUST(error == -ENOMEM || error == -EAGAIN || error == expected ||
			     error == -EFAULT);
		settle(proc, error != 0);
	} else {
		MUST_EQUAL(error, expected);
		if (error)
			settle(proc, true);
	}
}

/* --- accesses --- */

void check_load(struct proc *proc, unsigned n)
{
	struct model_page *page = &proc->page[n];
	u64 value = 0;
	fault_t fault;

	call_begin(proc);
	fault = program_load(proc->mm, va_of(n), &value);
	call_end();
	if (fault == FAULT_OOM && failed)
		return;
	if (page->kind == NONE)
		MUST_EQUAL(fault, FAULT_SIGSEGV_MAPERR);
	else if (!readable(page))
		MUST_EQUAL(fault, FAULT_SIGSEGV_ACCERR);
	else if (beyond_file(page))
		MUST_EQUAL(fault, FAULT_SIGBUS);
	else {
		MUST_EQUAL(fault, FAULT_DONE);
		MUST_EQUAL(value, *model_word(page));
	}
}

void check_store(struct proc *proc, unsigned n, bool remote)
{
	struct model_page *page = &proc->page[n];
	u64 value = ++stamp;
	fault_t fault;

	call_begin(proc);
	if (remote)
		fault = access_remote_vm(proc->mm, va_of(n) + WORD * 8, &value, 8, ACCESS_WRITE)
				? 0
				: ~0u;
	else
		fault = program_store(proc->mm, va_of(n), value);
	call_end();
	if (fault && failed)
		return;
	if (!writable(page)) {
		MUST(fault);
		if (!remote)
			MUST_EQUAL(fault, page->kind == NONE ? FAULT_SIGSEGV_MAPERR
							     : FAULT_SIGSEGV_ACCERR);
	} else if (beyond_file(page)) {
		MUST(remote ? fault : fault == FAULT_SIGBUS);
	} else {
		MUST_EQUAL(fault, FAULT_DONE);
		becomes_own(page);
		*model_word(page) = value;
	}
}

void check_all(void)
{
	if (!checks)
		return;
	checks--;
	for (int i = 0; i < PROCS; i++)
		for (unsigned n = 0; procs[i].mm && n < PAGES; n++)
			check_load(&procs[i], n);
	world_check();
}
