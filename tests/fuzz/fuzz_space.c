// needs: tests/fuzz/space_model.c
/*
 * Whole address spaces: processes that map, protect, move, lock, advise, read, write,
 * fork and end, over files that are cut and grown, on two CPUs with TLBs that forget nothing
 * by themselves, with allocations that fail.  What must come of it the model knows
 * (space_model.c).
 */
#include "space_model.h"
#include <linux/mman.h>

static struct input in;

/* The ends of the range of the last call. */
static unsigned probe_first, probe_last;

/* What a program may do with these pages it does, so that the TLB remembers what it may. */
static void probe(struct proc *proc)
{
	const unsigned fail = fail_next;

	fail_next = 0;
	check_load(proc, probe_first);
	check_store(proc, probe_first, false);
	check_load(proc, probe_last);
	fail_next = fail;
}

static void range(struct proc *proc, unsigned *first, unsigned *n)
{
	*first = input_below(&in, PAGES);
	*n = 1 + input_below(&in, PAGES);
	*n = min(*n, PAGES - *first);
	probe_first = *first;
	probe_last = *first + *n - 1;
	probe(proc);
}

static unsigned some_prot(unsigned n)
{
	static const u8 prots[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE,
				   PROT_READ | PROT_WRITE | PROT_EXEC};

	return prots[n % ARRAY_SIZE(prots)];
}

/* Locked pages that may be had are there, and a program's own if it may write them. */
static void lock_populates(struct proc *proc, unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n; i++) {
		struct model_page *page = &proc->page[i];

		if (page->locked && !page->on_fault && writable(page) && !beyond_file(page))
			becomes_own(page);
	}
}

/* As populating does: up to the first page that cannot be had. */
static bool populates(struct proc *proc, unsigned first, unsigned n)
{
	for (unsigned i = first; i < first + n; i++) {
		struct model_page *page = &proc->page[i];

		if (page->kind != NONE && page->on_fault)
			continue;
		if (!readable(page) || beyond_file(page))
			return false;
		if (writable(page))
			becomes_own(page);
	}
	return true;
}

static void do_map(struct proc *proc)
{
	const unsigned how = input_byte(&in), file = how >> 2 & 1;
	const enum kind kind = 1 + how % 3;
	const bool read_only = (how & 0xc0) == 0x40, populate = (how & 0xc0) == 0x80;
	struct map_source source = file_source(file, !read_only);
	unsigned prot = some_prot(how >> 3), first, n, start = 0;
	unsigned long flags = MAP_FIXED | (kind == SHARED ? MAP_SHARED : MAP_PRIVATE), at;
	long expected = 0;

	range(proc, &first, &n);
	if (kind == ANON) {
		flags |= MAP_ANONYMOUS;
	} else {
		n = min(n, FILE_PAGES);
		start = input_below(&in, FILE_PAGES - n + 1);
	}
	if (populate)
		flags |= MAP_POPULATE;
	if (how & 0x20)
		flags |= MAP_FIXED_NOREPLACE;
	if (kind == SHARED && read_only && (prot & PROT_WRITE))
		expected = -EACCES;
	call_begin(proc);
	for (unsigned i = first; i < first + n; i++) {
		if ((how & 0x20) && proc->page[i].kind != NONE)
			expected = -EEXIST;
		may_vanish[i] = !(how & 0x20);
	}
	at = do_mmap(proc->mm, va_of(first), n * PAGE_SIZE, prot, flags, start,
		     kind == ANON ? NULL : &source);
	if (!IS_ERR_VALUE(at)) {
		MUST_EQUAL(at, va_of(first));
		at = 0;
	}
	for (unsigned i = 0; i < n; i++)
		proc->page[first + i] =
			(struct model_page){.kind = kind,
					    .prot = prot,
					    .file = kind == ANON ? 0 : file,
					    .read_only = kind == SHARED && read_only,
					    .index = kind == ANON ? 0 : start + i};
	if (populate && !at)
		populates(proc, first, n);
	call_result(proc, at, expected);
}

static void do_unmap(struct proc *proc)
{
	unsigned first, n;
	int err;

	range(proc, &first, &n);
	call_begin(proc);
	err = do_munmap(proc->mm, va_of(first), n * PAGE_SIZE);
	memset(&proc->page[first], 0, n * sizeof(proc->page[0]));
	call_result(proc, err, 0);
}

static void do_protect(struct proc *proc)
{
	const unsigned prot = some_prot(input_byte(&in));
	unsigned first, n, done;
	long expected = 0;
	int err;

	range(proc, &first, &n);
	call_begin(proc);
	partly = true;
	for (done = 0; done < n && !expected; done++) {
		struct model_page *page = &proc->page[first + done];

		if (page->kind == NONE)
			expected = -ENOMEM;
		else if (page->read_only && (prot & PROT_WRITE))
			expected = -EACCES;
		else
			page->prot = prot;
	}
	err = do_mprotect(proc->mm, va_of(first), n * PAGE_SIZE, prot);
	if (prot & PROT_WRITE)
		lock_populates(proc, first, n);
	call_result(proc, err, expected);
}

static void do_truncate(void)
{
	const unsigned which = input_byte(&in) % FILES, pages = input_below(&in, FILE_PAGES + 1);

	if (pages < files[which].pages)
		for (int p = 0; p < PROCS; p++)
			for (unsigned n = 0; procs[p].mm && n < PAGES; n++) {
				struct model_page *page = &procs[p].page[n];

				/* Private copies beyond the end go, too. */
				if (page->kind == PRIVATE && page->file == which &&
				    page->index >= pages)
					page->own = false;
			}
	file_truncate(which, pages);
}

static void do_fork(struct proc *proc)
{
	struct proc *child = procs;
	struct mm_struct *mm;

	while (child < procs + PROCS && child->mm)
		child++;
	if (child == procs + PROCS)
		return;
	call_begin(proc);
	mm = dup_mm(proc->mm);
	call_end();
	if (IS_ERR(mm)) {
		MUST(failed && PTR_ERR(mm) == -ENOMEM);
		return;
	}
	child->mm = mm;
	for (unsigned n = 0; n < PAGES; n++) {
		struct model_page *page = &child->page[n];

		*page = proc->page[n];
		if (page->nofork) {
			*page = (struct model_page){0};
		} else {
			page->locked = page->on_fault = false;
			if (page->wipe)
				page->value = 0;
		}
	}
}

static void do_exit(struct proc *proc)
{
	program_exit(proc->mm);
	*proc = (struct proc){0};
}

static void do_populate(struct proc *proc)
{
	unsigned first, n;

	range(proc, &first, &n);
	call_begin(proc);
	(void)populate_range(proc->mm, va_of(first), n * PAGE_SIZE);
	populates(proc, first, n);
	call_result(proc, 0, 0);
}

/* Pages from `first` on that certainly are no one area: of different kinds. */
static bool is_uniform(const struct proc *proc, unsigned first, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct model_page *page = &proc->page[first + i], *zero = &proc->page[first];

		if (page->kind == NONE || page->kind != zero->kind || page->prot != zero->prot ||
		    page->file != zero->file || page->read_only != zero->read_only ||
		    page->locked != zero->locked || page->on_fault != zero->on_fault ||
		    page->nofork != zero->nofork || page->wipe != zero->wipe ||
		    (page->kind != ANON && page->index != zero->index + i))
			return false;
	}
	return true;
}

/* New pages of an area that grows, like its last one. */
static void grown(struct model_page *to, const struct model_page *last, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		to[i] = *last;
		to[i].own = false;
		to[i].value = 0;
		if (last->kind != ANON)
			to[i].index = last->index + 1 + i;
	}
}

/* To a place that is given, as long as before, shorter or longer. */
static void do_move(struct proc *proc)
{
	struct model_page kept[PAGES];
	const unsigned how = input_byte(&in);
	unsigned first, old, new, to, stay;
	unsigned long at;
	long expected = 0, error;

	range(proc, &first, &old);
	to = input_below(&in, PAGES);
	new = how & 1 ? 1 + input_below(&in, PAGES) : old;
	new = min(new, PAGES - to);
	if (!(how & 1))
		old = new;
	stay = min(old, new);
	/* A file has no pages to grow by where its numbers end; keep to what the model holds. */
	if (proc->page[first].kind > ANON && proc->page[first].index + new > FILE_PAGES)
		return;
	call_begin(proc);
	if (proc->page[first].kind == NONE)
		expected = -EFAULT;
	else if (to < first + old && first < to + new)
		expected = -EINVAL;
	if (!expected) {
		for (unsigned i = 0; i < new; i++)
			may_vanish[to + i] = true;
		for (unsigned i = new; i < old; i++)
			may_vanish[first + i] = true;
	}
	at = do_mremap(proc->mm, va_of(first), old * PAGE_SIZE, new *PAGE_SIZE,
		       MREMAP_MAYMOVE | MREMAP_FIXED, va_of(to));
	error = IS_ERR_VALUE(at) ? (long)at : 0;
	if (!error)
		MUST_EQUAL(at, va_of(to));
	if (!expected) {
		memcpy(kept, &proc->page[first], stay * sizeof(kept[0]));
		if (error == -EFAULT) /* two areas: for the model, or by their pasts */
			expected = -EFAULT;
		else if (!failed)
			MUST(error || is_uniform(proc, first, stay));
		memset(&proc->page[first], 0, old * sizeof(proc->page[0]));
		memcpy(&proc->page[to], kept, stay * sizeof(kept[0]));
		if (new > stay)
			grown(&proc->page[to + stay], &kept[stay - 1], new - stay);
		if (!error)
			lock_populates(proc, to + stay, new - stay);
	}
	call_result(proc, error, expected);
}

/* In place: shorter, or longer if there is room. */
static void do_resize(struct proc *proc)
{
	unsigned first, old, new;
	unsigned long at;
	long error;

	range(proc, &first, &old);
	new = 1 + input_below(&in, PAGES);
	new = min(new, PAGES - first);
	if (proc->page[first].kind > ANON && proc->page[first].index + new > FILE_PAGES)
		return;
	call_begin(proc);
	for (unsigned i = new; i < old; i++)
		may_vanish[first + i] = true;
	at = do_mremap(proc->mm, va_of(first), old * PAGE_SIZE, new *PAGE_SIZE, 0, 0);
	error = IS_ERR_VALUE(at) ? (long)at : 0;
	if (!error) {
		MUST_EQUAL(at, va_of(first));
		if (new < old) {
			memset(&proc->page[first + new], 0, (old - new) * sizeof(proc->page[0]));
		} else if (new > old) {
			MUST(is_uniform(proc, first, old));
			for (unsigned i = old; i < new; i++)
				MUST_EQUAL(proc->page[first + i].kind, NONE);
			grown(&proc->page[first + old], &proc->page[first + old - 1], new - old);
			lock_populates(proc, first + old, new - old);
		}
	} else if (!fail_next) {
		MUST(error == -EFAULT || error == -ENOMEM);
		if (new <= old)
			MUST(proc->page[first].kind == NONE);
		else if (error == -ENOMEM) {
			bool room = true;

			for (unsigned i = old; i < new; i++)
				room = room && proc->page[first + i].kind == NONE;
			MUST(!room || !is_uniform(proc, first, old) || first + new == PAGES);
		}
	}
	call_result(proc, error, error);
}

/* Does the walk over areas stop at this page, and with what? */
static long advise_page(struct model_page *page, int advice)
{
	switch (advice) {
	case MADV_DONTNEED:
		if (page->locked)
			return -EINVAL;
		page->own = false;
		page->value = 0;
		return 0;
	case MADV_FREE:
		if (page->locked || page->kind != ANON)
			return -EINVAL;
		page->value = 0;
		return 0;
	case MADV_REMOVE:
		if (page->locked || page->kind == ANON)
			return -EINVAL;
		if (page->kind != SHARED || page->read_only)
			return -EACCES;
		if (page->file != 1)
			return -EOPNOTSUPP;
		files[1].now[page->index] = 0;
		return 0;
	case MADV_DONTFORK: page->nofork = true; return 0;
	case MADV_DOFORK: page->nofork = false; return 0;
	case MADV_WIPEONFORK:
		if (page->kind != ANON)
			return -EINVAL;
		page->wipe = true;
		return 0;
	case MADV_KEEPONFORK: page->wipe = false; return 0;
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		if (!(page->prot & (advice == MADV_POPULATE_READ ? PROT_READ : PROT_WRITE)))
			return -EINVAL;
		if (beyond_file(page))
			return -EFAULT;
		if (advice == MADV_POPULATE_WRITE)
			becomes_own(page);
		return 0;
	default: return 0;
	}
}

static void do_advise(struct proc *proc)
{
	static const u8 advices[] = {MADV_DONTNEED,   MADV_DONTNEED,      MADV_FREE,
				     MADV_REMOVE,     MADV_DONTFORK,      MADV_DOFORK,
				     MADV_WIPEONFORK, MADV_KEEPONFORK,    MADV_POPULATE_READ,
				     MADV_WILLNEED,   MADV_POPULATE_WRITE};
	const int advice = advices[input_byte(&in) % ARRAY_SIZE(advices)];
	unsigned first, n, i;
	bool hole = false;
	long expected = 0;
	int err;

	range(proc, &first, &n);
	call_begin(proc);
	partly = true;
	if (advice == MADV_REMOVE || advice == MADV_POPULATE_WRITE)
		fail_begin(fail_next = 0); /* the files' words would not say how far it came */
	for (i = first; i < first + n && !expected; i++) {
		if (proc->page[i].kind == NONE)
			hole = true;
		else
			expected = advise_page(&proc->page[i], advice);
	}
	err = do_madvise(proc->mm, va_of(first), n * PAGE_SIZE, advice);
	if (!expected && hole)
		expected = -ENOMEM;
	if (err == -EAGAIN && fail_next) /* flags say this where memory is missing */
		expected = -EAGAIN;
	call_result(proc, err, expected);
}

static void do_lock(struct proc *proc)
{
	const unsigned how = input_byte(&in) % 4;
	const vm_flags_t flags = VM_LOCKED | (how == 1 ? VM_LOCKONFAULT : 0);
	unsigned first, n;
	long expected = 0;
	int err;

	range(proc, &first, &n);
	call_begin(proc);
	partly = true;
	for (unsigned i = first; i < first + n && !expected; i++) {
		struct model_page *page = &proc->page[i];

		if (page->kind == NONE) {
			expected = -ENOMEM;
		} else {
			page->locked = how < 2;
			page->on_fault = how == 1;
		}
	}
	if (how < 2)
		err = do_mlock(proc->mm, va_of(first), n * PAGE_SIZE, flags);
	else
		err = do_munlock(proc->mm, va_of(first), n * PAGE_SIZE);
	if (how == 0 && !expected && !populates(proc, first, n))
		expected = -ENOMEM;
	call_result(proc, err, expected);
}

static void do_remap(struct proc *proc)
{
	unsigned first, n, to;
	int err;

	range(proc, &first, &n);
	to = input_below(&in, FILE_PAGES);
	if (to + n > FILE_PAGES)
		return;
	call_begin(proc);
	for (unsigned i = 0; i < n; i++)
		may_vanish[first + i] = true;
	err = do_remap_file_pages(proc->mm, va_of(first), n * PAGE_SIZE, to, 0);
	if (!err) {
		for (unsigned i = 0; i < n; i++) {
			struct model_page *page = &proc->page[first + i];

			MUST_EQUAL(page->kind, SHARED);
			page->index = to + i;
			page->nofork = page->on_fault = false;
		}
	}
	call_result(proc, err, err == -EINVAL ? err : 0);
}

static unsigned alive(void)
{
	unsigned n = 0;

	for (int i = 0; i < PROCS; i++)
		n += procs[i].mm != NULL;
	return n;
}

static void step(void)
{
	const unsigned op = input_byte(&in);
	struct proc *proc = &procs[op >> 6];

	if (!proc->mm)
		proc = &procs[0];
	probe_last = PAGES;
	switch (op % 64 % 24) {
	case 0:
	case 1: do_map(proc); break;
	case 2: do_unmap(proc); break;
	case 3: do_protect(proc); break;
	case 4: do_truncate(); break;
	case 5: do_fork(proc); break;
	case 6:
		if (alive() > 1 && proc != &procs[0])
			do_exit(proc);
		break;
	case 7: check_store(proc, input_below(&in, PAGES), true); break;
	case 8: do_populate(proc); break;
	case 9: do_move(proc); break;
	case 10: do_resize(proc); break;
	case 11:
	case 12: do_advise(proc); break;
	case 13: do_lock(proc); break;
	case 14: do_remap(proc); break;
	case 15: cache_drop_clean(); break;
	case 16: soft_move_to_cpu(input_byte(&in) % WORLD_CPUS); break;
	case 17: fail_next = 1 + input_below(&in, 40); break;
	case 18: check_all(); break;
	case 19:
	case 20: check_load(proc, input_below(&in, PAGES)); break;
	default: check_store(proc, input_below(&in, PAGES), false); break;
	}
	if (probe_last < PAGES)
		probe(proc); /* it has a range: what was remembered must not go on */
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	world_boot();
	return 0;
}

static unsigned long in_use(void)
{
	return global_node_stat(NR_ANON_MAPPED) + global_node_stat(NR_FILE_MAPPED) +
	       global_node_stat(NR_FILE_PAGES) + global_node_stat(NR_INACTIVE_ANON) +
	       global_node_stat(NR_ACTIVE_ANON) + global_node_stat(NR_INACTIVE_FILE) +
	       global_node_stat(NR_ACTIVE_FILE) + global_node_stat(NR_UNEVICTABLE) +
	       global_zone_stat(NR_MLOCK);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	in = (struct input){data, data + bytes};
	fail_next = 0;
	checks = 3;
	stamp = 1 << 20;
	procs[0].mm = mm_alloc();
	MUST(procs[0].mm);
	while (!input_ended(&in))
		step();
	fail_next = 0;
	checks = 1;
	check_all();
	for (int i = 0; i < PROCS; i++)
		if (procs[i].mm)
			do_exit(&procs[i]);
	files_reset();
	soft_move_to_cpu(0);
	lru_add_drain_all();
	epoch_synchronize();
	MUST_EQUAL(in_use(), 0);
	MUST_EQUAL(file_references, 0);
	MUST_EQUAL(vm_committed(), 0);
	return 0;
}
