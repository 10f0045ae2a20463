// geometries: all
// needs: tests/host/spaces.c tests/host/recorded.c host/recorder.c host/stream.c host/table.c host/model.c host/model_frames.c host/model_slabs.c host/model_lists.c host/model_spaces.c host/command.c
/*
 * Address spaces against a model.
 *
 * A few processes with a window of pages each map, unmap, protect, move, read, write and
 * fork at random, over the soft machine's MMU and TLB, which forgets nothing that
 * it is not told to.  The model is one word for each page of each process.
 * Now and then, and at the end, every invariant is checked; when the last process is gone all
 * memory must be back.
 */
#include "lib/string.h"
#include "mm/mark.h"
#include "recorded.h"
#include "spaces.h"
#include <stdlib.h>

#define PROCS 4
#define PAGES 192

/* --- the model --- */

enum kind { NONE, ANON, PRIVATE, SHARED };
struct model_page {
	enum kind kind;
	unsigned prot;
	bool own;  /* PRIVATE: no longer the file's */
	u64 value; /* ANON, or own */
	int file;
	unsigned index; /* in the file */
};

static struct proc {
	struct mm_struct *mm;
	struct model_page page[PAGES];
} procs[PROCS];

static struct random rng;

static u64 *model_word(struct model_page *page)
{
	if (page->kind == SHARED || (page->kind == PRIVATE && !page->own))
		return &files[page->file].now[page->index];
	return &page->value;
}

static bool beyond_file(const struct model_page *page)
{
	return (page->kind == SHARED || (page->kind == PRIVATE && !page->own)) &&
	       page->index >= files[page->file].pages;
}

static void check_load(struct proc *proc, unsigned n)
{
	struct model_page *page = &proc->page[n];
	u64 value = 0;
	fault_t fault = load(proc->mm, va_of(n), &value);

	if (page->kind == NONE)
		assert_int_equal(fault, FAULT_SIGSEGV_MAPERR);
	else if (!(page->prot & (PROT_READ | PROT_WRITE)))
		assert_int_equal(fault, FAULT_SIGSEGV_ACCERR);
	else if (beyond_file(page))
		assert_int_equal(fault, FAULT_SIGBUS);
	else {
		assert_int_equal(fault, FAULT_DONE);
		assert_int_equal(value, *model_word(page));
	}
}

static void check_store(struct proc *proc, unsigned n, u64 value)
{
	struct model_page *page = &proc->page[n];
	fault_t fault = store(proc->mm, va_of(n), value);

	if (page->kind == NONE) {
		assert_int_equal(fault, FAULT_SIGSEGV_MAPERR);
	} else if (!(page->prot & PROT_WRITE)) {
		assert_int_equal(fault, FAULT_SIGSEGV_ACCERR);
	} else if (beyond_file(page)) {
		assert_int_equal(fault, FAULT_SIGBUS);
	} else {
		assert_int_equal(fault, FAULT_DONE);
		if (page->kind == PRIVATE)
			page->own = true;
		*model_word(page) = value;
	}
}

static void range(unsigned *first, unsigned *n)
{
	*first = random_below(&rng, PAGES);
	*n = 1 + random_below(&rng, random_below(&rng, 4) ? 8 : PAGES - *first);
	*n = min(*n, PAGES - *first);
}

static unsigned random_prot(void)
{
	const unsigned prots[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE,
				  PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE | PROT_EXEC};

	return prots[random_below(&rng, ARRAY_SIZE(prots))];
}

static void do_map(struct proc *proc)
{
	unsigned first, n, prot = random_prot(), start = 0;
	enum kind kind = 1 + random_below(&rng, 3);
	int file = random_below(&rng, FILES);
	struct map_source source = {.readable = true, .writable = true};
	unsigned long flags = MAP_FIXED | (kind == SHARED ? MAP_SHARED : MAP_PRIVATE), at;

	range(&first, &n);
	if (kind == ANON) {
		flags |= MAP_ANONYMOUS;
	} else {
		n = min(n, FILE_PAGES);
		start = random_below(&rng, FILE_PAGES - n + 1);
		source.file = (struct file *)&files[file];
		source.mapping = &files[file].mapping;
		source.ops = file ? NULL : &file_vm_ops;
	}
	at = do_mmap(proc->mm, va_of(first), n * PAGE_SIZE, prot, flags, start,
		     kind == ANON ? NULL : &source);
	assert_int_equal(at, va_of(first));
	for (unsigned i = 0; i < n; i++)
		proc->page[first + i] = (struct model_page){
			.kind = kind, .prot = prot, .file = file, .index = start + i};
}

static void do_unmap(struct proc *proc)
{
	unsigned first, n;

	range(&first, &n);
	assert_int_equal(do_munmap(proc->mm, va_of(first), n * PAGE_SIZE), 0);
	memset(&proc->page[first], 0, n * sizeof(proc->page[0]));
}

static void do_protect(struct proc *proc)
{
	unsigned first, n, prot = random_prot();

	range(&first, &n);
	for (unsigned i = 0; i < n; i++)
		if (proc->page[first + i].kind == NONE)
			n = i;
	if (!n)
		return;
	assert_int_equal(do_mprotect(proc->mm, va_of(first), n * PAGE_SIZE, prot), 0);
	for (unsigned i = 0; i < n; i++)
		proc->page[first + i].prot = prot;
}

static void do_truncate(void)
{
	int i = random_below(&rng, FILES);
	struct test_file *file = &files[i];
	u64 pages = random_below(&rng, FILE_PAGES + 1);

	down_write(&file->mapping.invalidate_lock);
	if (pages < file->pages) {
		u64 old = file->pages;

		file->pages = pages;
		cache_truncate(&file->mapping, pages, ~0ULL >> 1);
		for (u64 n = pages; n < old; n++)
			file->disk[n] = file->now[n] = 0;
		/* Private copies beyond the end go, too. */
		for (int p = 0; p < PROCS; p++)
			for (unsigned n = 0; procs[p].mm && n < PAGES; n++)
				if (procs[p].page[n].kind == PRIVATE &&
				    procs[p].page[n].file == i && procs[p].page[n].index >= pages)
					procs[p].page[n].own = false;
	} else {
		file->pages = pages;
	}
	up_write(&file->mapping.invalidate_lock);
}

static void do_fork(struct proc *proc)
{
	for (int i = 0; i < PROCS; i++) {
		if (procs[i].mm)
			continue;
		procs[i].mm = dup_mm(proc->mm);
		assert_false(IS_ERR(procs[i].mm));
		memcpy(procs[i].page, proc->page, sizeof(proc->page));
		return;
	}
}

static void do_exit(struct proc *proc)
{
	put_mm(proc->mm);
	*proc = (struct proc){0};
}

static unsigned alive(void)
{
	unsigned n = 0;

	for (int i = 0; i < PROCS; i++)
		n += procs[i].mm != NULL;
	return n;
}

static void do_remote(struct proc *proc, unsigned n)
{
	struct model_page *page = &proc->page[n];
	u64 value = random_u64(&rng);
	unsigned long va = va_of(n) + WORD * 8;

	if (page->kind == NONE || !(page->prot & PROT_WRITE) || beyond_file(page)) {
		assert_int_equal(access_remote_vm(proc->mm, va, &value, 8, ACCESS_WRITE), 0);
		return;
	}
	assert_int_equal(access_remote_vm(proc->mm, va, &value, 8, ACCESS_WRITE), 8);
	if (page->kind == PRIVATE)
		page->own = true;
	*model_word(page) = value;
	check_load(proc, n);
}

static void do_populate(struct proc *proc)
{
	unsigned first, n;

	range(&first, &n);
	(void)populate_range(proc->mm, va_of(first), n * PAGE_SIZE);
	for (unsigned i = 0; i < n; i++) {
		struct model_page *page = &proc->page[first + i];

		/* A private writable page is its own from then on, if populating came so far. */
		if (page->kind == NONE || !(page->prot & (PROT_READ | PROT_WRITE)) ||
		    beyond_file(page))
			break;
		if (page->kind == PRIVATE && page->prot & PROT_WRITE && !page->own) {
			page->value = *model_word(page);
			page->own = true;
		}
	}
}

static void do_move(struct proc *proc)
{
	unsigned first, n, to;

	range(&first, &n);
	to = random_below(&rng, PAGES - n + 1);
	if (to < first + n && first < to + n)
		return;
	/* One area only: all pages of one kind, in order. */
	for (unsigned i = 0; i < n; i++) {
		struct model_page *page = &proc->page[first + i], *zero = &proc->page[first];

		if (page->kind == NONE || page->kind != zero->kind || page->prot != zero->prot ||
		    (page->kind != ANON &&
		     (page->file != zero->file || page->index != zero->index + i)))
			n = i;
	}
	if (!n)
		return;

	unsigned long at = do_mremap(proc->mm, va_of(first), n * PAGE_SIZE, n * PAGE_SIZE,
				     MREMAP_MAYMOVE | MREMAP_FIXED, va_of(to));

	if (IS_ERR_VALUE(at)) {
		assert_int_equal(at, -EFAULT); /* two areas after all: different pasts */
		memset(&proc->page[to], 0, n * sizeof(proc->page[0])); /* gone, as on Linux */
		return;
	}
	assert_int_equal(at, va_of(to));
	memmove(&proc->page[to], &proc->page[first], n * sizeof(proc->page[0]));
	memset(&proc->page[first], 0, n * sizeof(proc->page[0]));
}

static void step(void)
{
	struct proc *proc;
	unsigned n = random_below(&rng, PAGES);

	do
		proc = &procs[random_below(&rng, PROCS)];
	while (!proc->mm);
	switch (random_below(&rng, 40)) {
	case 0:
	case 1:
	case 2: do_map(proc); break;
	case 3: do_unmap(proc); break;
	case 4:
	case 5: do_protect(proc); break;
	case 6: do_truncate(); break;
	case 7: do_fork(proc); break;
	case 8:
		if (alive() > 1 && !random_below(&rng, 2))
			do_exit(proc);
		break;
	case 9: do_remote(proc, n); break;
	case 10: do_populate(proc); break;
	case 11: do_move(proc); break;
	case 12: cache_drop_clean(); break;
	case 13 ... 24: check_load(proc, n); break;
	default: check_store(proc, n, random_u64(&rng)); break;
	}
}

static bool recorded; /* the event stream is: its model is compared, too */

static void check_all(void)
{
	for (int i = 0; i < PROCS; i++)
		for (unsigned n = 0; procs[i].mm && n < PAGES; n++)
			check_load(&procs[i], n);
	assert_int_equal(mm_check(), 0);
	if (recorded)
		assert_int_equal(mm_mark(), 0);
}

static void random_life(long steps, long every)
{
	if (recorded)
		recording_start();
	spaces_machine(2, 0);
	if (recorded)
		recording_begin();
	spaces_floors();
	rng.state = test_seed();
	procs[0].mm = mm_alloc();
	assert_non_null(procs[0].mm);
	for (long i = 0; i < steps; i++) {
		step();
		if (i % every == 0)
			check_all();
	}
	check_all();
	for (int i = 0; i < PROCS; i++)
		if (procs[i].mm)
			do_exit(&procs[i]);
	drop_files();
	assert_int_equal(in_use(), 0);
	assert_int_equal(file_references, 0);
	assert_int_equal(mm_check(), 0);
}

static void at_random(void **state)
{
	const char *steps = getenv("STEPS");
	const long n = steps ? atol(steps) : 30000;

	recorded = true;
	random_life(n, 1000);
	recording_end();
	assert_int_equal(recording_follow(NULL, 0), DIV_ROUND_UP(n, 1000) + 2);
	recording_remove();
}

/* All pages compared and all invariants checked after each step. */
static void step_by_step(void **state)
{
	random_life(150, 1);
}

static int count_places(struct page *page, struct vm_area_struct *vma, unsigned long address,
			void *arg)
{
	pte_t *slot = user_pte(vma->vm_mm, address);

	if (address >= vma->vm_start && address < vma->vm_end && slot &&
	    pte_present(pte_get(slot)) && pte_pfn(pte_get(slot)) == page_to_pfn(page))
		++*(int *)arg;
	return 0;
}

/* rmap finds every place a page is mapped at, after forks, moves, splits and merges. */
static void rmap_finds_all(void **state)
{
	spaces_up(1, 0);
	rng.state = test_seed();
	procs[0].mm = mm_alloc();
	for (int i = 0; i < 4000; i++) {
		step();
		if (i % 50)
			continue;

		struct proc *proc = &procs[random_below(&rng, PROCS)];
		unsigned n = random_below(&rng, PAGES);
		struct page *page;
		int places = 0;

		if (!proc->mm || get_user_page(proc->mm, va_of(n), false, &page))
			continue;
		if (page_to_pfn(page) != zero_pfn) {
			lock_page(page);
			assert_int_equal(rmap_walk(page, count_places, &places), 0);
			assert_int_equal(places, page_mapcount(page));
			unlock_page(page);
		}
		put_page(page);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(at_random),
	cmocka_unit_test(step_by_step),
	cmocka_unit_test(rmap_finds_all),
};
HOST_TESTS(tests)
