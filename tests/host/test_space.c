// geometries: all
// needs: tests/host/recorded.c host/recorder.c host/stream.c host/table.c host/model.c host/model_frames.c host/model_slabs.c host/model_lists.c host/model_spaces.c host/command.c
/*
 * Address spaces against a model.
 *
 * A few processes with a window of pages each map, unmap, protect, move, read, write and
 * fork at random, over the soft machine's MMU and TLB, which forgets nothing that
 * it is not told to.  The model is one word for each page of each process.
 * Now and then, and at the end, every invariant is checked; when the last process is gone all
 * memory must be back.
 */
#include "harness.h"
#include "lib/assert.h"
#include "lib/list.h"
#include "lib/printk.h"
#include "lib/string.h"
#include "machine/soft.h"
#include "mm/check.h"
#include "mm/mark.h"
#include "mm/lru/lru.h"
#include "mm/space/pages.h"
#include "sync/percpu.h"
#include "recorded.h"
#include "sync/task.h"
#include <linux/mman.h>
#include <stdio.h>
#include <stdlib.h>

#define PROCS       4
#define PAGES       192
#define FILES       2
#define FILE_PAGES  96
/* Where the second node begins: above 4 GiB, if the entries of tables reach so far. */
#define SECOND_NODE (sizeof(pte_t) > 4 ? 0x140000000 : 0x40000000)
/* The window lies across a border between two leaf tables. */
#define BASE        ((PT_SIZE(PT_PTE) << PT_BITS(PT_PTE)) * 5 - 64 * PAGE_SIZE)

/* --- the world around address spaces --- */

static unsigned long no_limit(unsigned resource)
{
	return ~0UL;
}

static bool yes(void)
{
	return true;
}

static long file_references;

static void get_file(struct file *file)
{
	fetch_add(&file_references, 1);
}

static void put_file(struct file *file)
{
	fetch_add(&file_references, -1);
}

/* A file is a mapping whose host is an array of words, one for each page: what the disk holds. */
static struct test_file {
	struct address_space mapping;
	u64 disk[FILE_PAGES];
	u64 pages;           /* its size */
	u64 now[FILE_PAGES]; /* the model: what a reader sees */
	unsigned notified;
} files[FILES];

static int read_page(struct address_space *mapping, struct page *page)
{
	struct test_file *file = mapping->host;
	u64 *window = kmap_local_page(page);

	memset(window, 0, PAGE_SIZE);
	window[3] = file->disk[page_index(page)];
	kunmap_local(window);
	page_set(page, PG_uptodate);
	return 0;
}

static int page_mkwrite(struct vm_area_struct *vma, struct page *page)
{
	struct test_file *file = vma->vm_mapping->host;

	ASSERT(page_test(page, PG_locked));
	fetch_add(&file->notified, 1);
	return 0;
}

static u64 file_size(const struct address_space *mapping)
{
	return ((struct test_file *)mapping->host)->pages << PAGE_SHIFT;
}

static const struct address_space_ops file_ops = {.read_page = read_page};
static const struct vm_operations file_vm_ops = {.page_mkwrite = page_mkwrite};

/* File 0 has a disk and wants to be told of writes; file 1 is memory. */
static void make_files(void)
{
	for (int i = 0; i < FILES; i++) {
		struct test_file *file = &files[i];

		mapping_init(&file->mapping, i ? NULL : &file_ops, file, i > 0);
		file->mapping.size = file_size;
		file->pages = FILE_PAGES;
		for (int n = 0; n < FILE_PAGES; n++)
			file->disk[n] = file->now[n] = i ? 0 : n + 1000;
	}
}

static void to_stderr(struct console *console, const char *text, size_t bytes)
{
	fwrite(text, 1, bytes, stderr);
}

static struct console console = {.write = to_stderr};

static bool recorded; /* the event stream is: its model is compared, too */

static void boot(unsigned cpus, u64 schedule_seed)
{
	if (recorded)
		recording_start();
	/* Two nodes, so that pages come from elsewhere than the tables that map them. */
	soft_machine_init(&(struct soft_config){
		.cpus = cpus,
		.schedule_seed = schedule_seed,
		.ram = {{0, 24 << 20, 0}, {SECOND_NODE, 24 << 20, 1}},
		.cpu_node = {0, 1, 0, 1},
	});
	if (recorded)
		recording_begin();
	console_loglevel = 5; /* warnings, and what checks find */
	register_console(&console);
	frame_init();
	slab_init();
	for (unsigned cpu = 1; cpu < cpus; cpu++) {
		assert_int_equal(frame_cpu_init(cpu), 0);
		assert_int_equal(slab_cpu_init(cpu), 0);
	}
	kva_init();
	pt_init();
	lru_init();
	cache_init();
	space_limits.rlimit = no_limit;
	space_limits.capable_ipc_lock = yes;
	space_limits.capable_sys_admin = yes;
	space_limits.capable_sys_rawio = yes;
	vm_file_ops = (struct vm_file_ops){.get = get_file, .put = put_file};
	sysctl_overcommit_memory = 1;
	space_init();
	make_files();
}

/* What the scheduler sees to on a PC: no CPU has a space loaded that goes. */
static unsigned last_cpu;

static void put_mm(struct mm_struct *mm)
{
	for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++) {
		soft_move_to_cpu(cpu);
		switch_mm(NULL);
	}
	mmput(mm);
	soft_move_to_cpu(fetch_add(&last_cpu, 1) % nr_cpu_ids);
}

/* --- a program's accesses --- */

static fault_t touch(struct mm_struct *mm, unsigned long va, enum soft_access access, void **host)
{
	const unsigned as[] = {
		[SOFT_READ] = ACCESS_READ, [SOFT_WRITE] = ACCESS_WRITE, [SOFT_EXEC] = ACCESS_EXEC};

	for (int tries = 0; tries < 1000; tries++) {
		fault_t fault;

		switch_mm(&mm->arch);
		if (soft_translate(va, access, host, NULL))
			return FAULT_DONE;
		fault = handle_mm_fault(mm, va, as[access] | ACCESS_USER);
		if (fault & FAULT_ERROR)
			return fault;
	}
	panic("no end to faults at %lx", va);
}

#define WORD 3 /* the place in a page that programs use */

static fault_t load(struct mm_struct *mm, unsigned long va, u64 *value)
{
	void *host;
	fault_t fault = touch(mm, va, SOFT_READ, &host);

	if (!fault)
		*value = __atomic_load_n((u64 *)host + WORD, __ATOMIC_RELAXED);
	return fault;
}

static fault_t store(struct mm_struct *mm, unsigned long va, u64 value)
{
	void *host;
	fault_t fault = touch(mm, va, SOFT_WRITE, &host);

	if (!fault)
		__atomic_store_n((u64 *)host + WORD, value, __ATOMIC_RELAXED);
	return fault;
}

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

static unsigned long va_of(unsigned n)
{
	return BASE + n * PAGE_SIZE;
}

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
		assert_int_equal(access_remote_vm(proc->mm, va, &value, 8, true), 0);
		return;
	}
	assert_int_equal(access_remote_vm(proc->mm, va, &value, 8, true), 8);
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

static void check_all(void)
{
	for (int i = 0; i < PROCS; i++)
		for (unsigned n = 0; procs[i].mm && n < PAGES; n++)
			check_load(&procs[i], n);
	assert_int_equal(mm_check(), 0);
	if (recorded)
		assert_int_equal(mm_mark(), 0);
}

static void drop_files(void)
{
	for (int i = 0; i < FILES; i++) {
		down_write(&files[i].mapping.invalidate_lock);
		cache_truncate(&files[i].mapping, 0, ~0ULL >> 1);
		up_write(&files[i].mapping.invalidate_lock);
	}
}

static unsigned long in_use(void)
{
	epoch_synchronize();
	lru_add_drain_all();
	return global_node_stat(NR_ANON_MAPPED) + global_node_stat(NR_FILE_MAPPED) +
	       global_node_stat(NR_FILE_PAGES) + global_node_stat(NR_INACTIVE_ANON) +
	       global_node_stat(NR_ACTIVE_ANON) + global_node_stat(NR_INACTIVE_FILE) +
	       global_node_stat(NR_ACTIVE_FILE) + global_node_stat(NR_UNEVICTABLE) +
	       global_zone_stat(NR_MLOCK);
}

static void at_random(void **state)
{
	const char *steps = getenv("STEPS");
	long n = steps ? atol(steps) : 30000;

	recorded = true;
	boot(2, 0);
	rng.state = test_seed();
	procs[0].mm = mm_alloc();
	assert_non_null(procs[0].mm);
	for (long i = 0; i < n; i++) {
		step();
		if (i % 1000 == 0)
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
	recording_end();
	assert_int_equal(recording_follow(NULL, 0), DIV_ROUND_UP(n, 1000) + 2);
	recording_remove();
}

/* --- single properties --- */

static struct mm_struct *anon_mm(unsigned pages)
{
	struct mm_struct *mm = mm_alloc();

	assert_int_equal(do_mmap(mm, BASE, pages * PAGE_SIZE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0, NULL),
			 BASE);
	return mm;
}

/* What smaps says of a page goes from private to shared at fork and back by a write (S35). */
static void copy_on_write_in_smaps(void **state)
{
	struct vma_stats stats;

	boot(1, 0);

	struct mm_struct *parent = anon_mm(8), *child;

	for (int i = 0; i < 8; i++)
		assert_int_equal(store(parent, BASE + i * PAGE_SIZE, i + 1), 0);
	stats = (struct vma_stats){0};
	vma_stats(find_vma(parent, BASE), &stats);
	assert_int_equal(stats.private_dirty, 8 * PAGE_SIZE);
	child = dup_mm(parent);
	stats = (struct vma_stats){0};
	vma_stats(find_vma(child, BASE), &stats);
	assert_int_equal(stats.shared_dirty, 8 * PAGE_SIZE);
	assert_int_equal(stats.pss >> 12, 4 * PAGE_SIZE);
	assert_int_equal(store(child, BASE + PAGE_SIZE, 100), 0);
	stats = (struct vma_stats){0};
	vma_stats(find_vma(child, BASE), &stats);
	assert_int_equal(stats.shared_dirty, 7 * PAGE_SIZE);
	assert_int_equal(stats.private_dirty, PAGE_SIZE);
	assert_int_equal(mm_rss(child), 8);
	assert_int_equal(mm_check(), 0);

	u64 value;

	assert_int_equal(load(parent, BASE + PAGE_SIZE, &value), 0);
	assert_int_equal(value, 2);
	put_mm(child);
	put_mm(parent);
	assert_int_equal(in_use(), 0);
}

/* X14: no block of the size is free any more, but a program that maps and touches as much gets it. */
static void scattered_frames_look_contiguous(void **state)
{
	enum { ORDER = 6, PIECE = 1 << ORDER };
	const gfp_t gfp = GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY;
	struct page **all, *block;
	unsigned long n = 0, most, neighbours = 0;
	struct mm_struct *mm;
	void *last = NULL;

	boot(1, 0);
	mm = anon_mm(PIECE);
	most = nr_free_pages() + nr_pcp_pages();
	all = calloc(most, sizeof(*all));
	assert_non_null(all);
	while (n < most && (all[n] = alloc_page(gfp | __GFP_MEMALLOC)) != NULL)
		n++;
	/* Every second frame comes back: none of them has a free buddy. */
	for (unsigned long i = 0; i < n; i++)
		if (page_to_pfn(all[i]) & 1) {
			__free_page(all[i]);
			all[i] = NULL;
		}
	block = alloc_pages(gfp, ORDER);
	assert_null(block);
	for (unsigned i = 0; i < PIECE; i++) {
		void *host;

		assert_int_equal(touch(mm, BASE + i * PAGE_SIZE, SOFT_WRITE, &host), 0);
		neighbours += last && host == (char *)last + PAGE_SIZE;
		last = host;
	}
	assert_int_equal(neighbours, 0);
	assert_int_equal(mm_rss(mm), PIECE);
	put_mm(mm);
	for (unsigned long i = 0; i < n; i++)
		if (all[i])
			__free_page(all[i]);
	free(all);
	assert_int_equal(mm_check(), 0);
}

/* When the sharers are gone the last one writes in place. */
static void the_last_sharer_reuses(void **state)
{
	struct page *before, *after;
	unsigned long copies;

	boot(1, 0);

	struct mm_struct *parent = anon_mm(1), *child;

	store(parent, BASE, 7);
	assert_int_equal(get_user_page(parent, BASE, false, &before), 0);
	put_page(before);
	child = dup_mm(parent);
	put_mm(child);
	copies = trace_count(TRACE_cow_copy);
	store(parent, BASE, 8);
	assert_int_equal(trace_count(TRACE_cow_copy), copies);
	assert_int_equal(get_user_page(parent, BASE, true, &after), 0);
	assert_ptr_equal(before, after);
	put_page(after);
	put_mm(parent);
	assert_int_equal(in_use(), 0);
}

/* Generation after generation: each child forks and outlives its parent. */
static void a_line_of_daemons(void **state)
{
	boot(1, 0);

	struct mm_struct *mm = anon_mm(4);

	for (u64 generation = 1; generation < 100; generation++) {
		struct mm_struct *child;
		u64 value;

		store(mm, BASE + generation % 4 * PAGE_SIZE, generation);
		child = dup_mm(mm);
		store(child, BASE + (generation + 1) % 4 * PAGE_SIZE, 1000 + generation);
		put_mm(mm);
		mm = child;
		assert_int_equal(load(mm, BASE + generation % 4 * PAGE_SIZE, &value), 0);
		assert_int_equal(value, generation);
		if (generation % 10 == 0)
			assert_int_equal(mm_check(), 0);
	}
	assert_true(find_vma(mm, BASE)->anon_vma->depth < 20);
	put_mm(mm);
	assert_int_equal(in_use(), 0);
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
	boot(1, 0);
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

/* Locked pages are counted, on the unevictable list, and come off it; children inherit no lock. */
static void locked_pages(void **state)
{
	struct mm_struct *mm, *child;

	boot(2, 0);
	mm = anon_mm(16);
	store(mm, BASE, 1); /* one is there before */
	assert_int_equal(do_mlock(mm, BASE, 8 * PAGE_SIZE, VM_LOCKED), 0);
	assert_int_equal(mm_rss(mm), 8);
	assert_int_equal(global_zone_stat(NR_MLOCK), 8);
	lru_add_drain_all();
	assert_int_equal(global_node_stat(NR_UNEVICTABLE), 8);
	child = dup_mm(mm);
	for (int i = 0; i < 8; i++)
		store(child, BASE + i * PAGE_SIZE, 2);
	lru_add_drain_all();
	assert_int_equal(global_zone_stat(NR_MLOCK), 8);
	assert_int_equal(global_node_stat(NR_UNEVICTABLE), 8);
	assert_int_equal(mm_check(), 0);
	assert_int_equal(do_munlock(mm, BASE, 4 * PAGE_SIZE), 0);
	lru_add_drain_all();
	assert_int_equal(global_zone_stat(NR_MLOCK), 4);
	assert_int_equal(global_node_stat(NR_UNEVICTABLE), 4);
	put_mm(child);
	put_mm(mm);
	assert_int_equal(in_use(), 0);
	assert_int_equal(mm_check(), 0);
}

/* Neighbours of a file page come along, and count as used only when they are. */
static void faults_around(void **state)
{
	struct vma_stats stats = {0};
	struct mm_struct *mm;
	u64 value;

	boot(1, 0);
	for (u64 i = 0; i < 40; i++)
		put_page(cache_get_page(&files[1].mapping, i, &(bool){0}));
	mm = mm_alloc();
	do_mmap(mm, BASE, 40 * PAGE_SIZE, PROT_READ, MAP_SHARED | MAP_FIXED, 0,
		&(struct map_source){.readable = true,
				     .file = (struct file *)&files[1],
				     .mapping = &files[1].mapping});
	assert_int_equal(load(mm, BASE + 20 * PAGE_SIZE, &value), 0);
	assert_int_equal(mm_counter(mm, MM_SHMEMPAGES), 16);
	vma_stats(find_vma(mm, BASE), &stats);
	assert_int_equal(stats.rss, 16 * PAGE_SIZE);
	assert_int_equal(stats.referenced, PAGE_SIZE);
	assert_int_equal(load(mm, BASE + 39 * PAGE_SIZE, &value), 0);
	assert_int_equal(mm_counter(mm, MM_SHMEMPAGES), 24);
	u64 entries[40];

	pagemap_range(mm, BASE, 40, entries);
	assert_int_equal(entries[20] >> 61, 5); /* present, of a file */
	assert_int_equal(entries[0] >> 61, 0);
	assert_int_equal(mm_check(), 0);
	put_mm(mm);
	drop_files();
	assert_int_equal(in_use(), 0);
}

/* Clean pages of a file with a disk go; dirty, mapped and used ones stay, and memory's own files. */
static void clean_cache_is_dropped(void **state)
{
	struct mm_struct *mm;
	struct page *held;
	u64 value;

	boot(2, 0);
	for (int file = 0; file < FILES; file++)
		for (u64 i = 0; i < 40; i++)
			put_page(cache_get_page(&files[file].mapping, i, &(bool){0}));
	for (u64 i = 0; i < 5; i++) {
		struct page *page = find_get_page(&files[0].mapping, i);

		set_page_dirty(page);
		put_page(page);
	}
	mm = mm_alloc();
	do_mmap(mm, BASE, 3 * PAGE_SIZE, PROT_READ, MAP_SHARED | MAP_FIXED, 10,
		&(struct map_source){.readable = true,
				     .file = (struct file *)&files[0],
				     .mapping = &files[0].mapping});
	assert_int_equal(populate_range(mm, BASE, 3 * PAGE_SIZE), 3);
	held = find_get_page(&files[0].mapping, 30);

	const unsigned long mapped = (unsigned long)mm_counter(mm, MM_FILEPAGES);

	assert_int_equal(cache_drop_clean(), 40 - 5 - mapped - 1);
	assert_int_equal(files[0].mapping.nrpages, 5 + mapped + 1);
	assert_int_equal(files[1].mapping.nrpages, 40);
	assert_int_equal(cache_drop_clean(), 0);
	assert_int_equal(mm_check(), 0);
	put_page(held);
	put_mm(mm);
	assert_int_equal(cache_drop_clean(), mapped + 1);
	assert_int_equal(files[0].mapping.nrpages, 5);

	/* What is gone is read again. */
	held = cache_get_page(&files[0].mapping, 20, &(bool){0});
	u64 *window = kmap_local_page(held);

	value = window[3];
	kunmap_local(window);
	assert_int_equal(value, files[0].disk[20]);
	put_page(held);
	assert_int_equal(mm_check(), 0);
	drop_files();
	assert_int_equal(in_use(), 0);
}

/* --- threads of one space, forks meanwhile --- */

static struct mm_struct *shared_mm;
static bool stop;
static unsigned long page_a, page_b;

/* a, then b: whoever looks at one moment sees a equal to b or one ahead. */
static int count_up(void *arg)
{
	for (u64 i = 1; !READ_ONCE(stop); i++) {
		store(shared_mm, page_a, i);
		store(shared_mm, page_b, i);
		cond_resched();
	}
	switch_mm(NULL);
	return 0;
}

static void forks_see_one_moment(void **state)
{
	boot(3, test_seed());
	for (int order = 0; order < 2; order++) {
		struct mm_struct *mm = shared_mm = anon_mm(8);
		struct task_struct *writer;

		/* The two pages lie in different areas. */
		assert_int_equal(do_mprotect(mm, BASE + 3 * PAGE_SIZE, PAGE_SIZE, PROT_READ), 0);
		page_a = BASE + (order ? 6 : 1) * PAGE_SIZE;
		page_b = BASE + (order ? 1 : 6) * PAGE_SIZE;
		stop = false;
		writer = soft_run(count_up, NULL, "writer", 6);
		for (int i = 0; i < 300; i++) {
			struct mm_struct *child = dup_mm(mm);
			u64 a = 0, b = 0;

			assert_false(IS_ERR(child));
			assert_int_equal(load(child, page_a, &a), 0);
			cond_resched();
			assert_int_equal(load(child, page_b, &b), 0);
			if (a != b && a != b + 1)
				fail_msg("a child saw a=%llu b=%llu", (unsigned long long)a,
					 (unsigned long long)b);
			put_mm(child);
			cond_resched();
		}
		WRITE_ONCE(stop, true);
		soft_join(writer);
		put_mm(mm);
	}
	assert_int_equal(in_use(), 0);
	assert_int_equal(mm_check(), 0);
}

static int disturb(void *arg)
{
	struct random mine = {.state = test_seed() + (unsigned long)arg};
	struct mm_struct *mm = shared_mm;

	for (int i = 0; i < 3000; i++) {
		unsigned n = random_below(&mine, PAGES), len = 1 + random_below(&mine, 16);
		unsigned long va = va_of(n);
		struct mm_struct *child;
		void *host;
		int file;

		len = min(len, PAGES - n);
		switch (random_below(&mine, 12)) {
		case 0:
			do_mmap(mm, va, len * PAGE_SIZE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0, NULL);
			break;
		case 1:
			file = random_below(&mine, FILES);
			do_mmap(mm, va, len * PAGE_SIZE, PROT_READ | PROT_WRITE,
				(random_below(&mine, 2) ? MAP_SHARED : MAP_PRIVATE) | MAP_FIXED,
				n % 64,
				&(struct map_source){.readable = true,
						     .writable = true,
						     .file = (struct file *)&files[file],
						     .mapping = &files[file].mapping,
						     .ops = file ? NULL : &file_vm_ops});
			break;
		case 2: do_munmap(mm, va, len * PAGE_SIZE); break;
		case 3: do_mprotect(mm, va, len * PAGE_SIZE, random_below(&mine, 4)); break;
		case 4:
			if (random_below(&mine, 4))
				break;
			child = dup_mm(mm);
			BUG_ON(IS_ERR(child));
			for (int k = 0; k < 10; k++)
				touch(child, va_of(random_below(&mine, PAGES)), SOFT_WRITE, &host);
			put_mm(child);
			break;
		case 5: {
			u64 word = i;

			access_remote_vm(mm, va, &word, 8, random_below(&mine, 2));
			break;
		}
		default: touch(mm, va, random_below(&mine, 2) ? SOFT_WRITE : SOFT_READ, &host);
		}
		cond_resched();
	}
	switch_mm(NULL);
	return 0;
}

static void many_threads(u64 schedule_seed)
{
	struct task_struct *task[4];

	boot(4, schedule_seed);
	shared_mm = mm_alloc();
	for (unsigned long i = 0; i < ARRAY_SIZE(task); i++)
		task[i] = soft_run(disturb, (void *)i, "disturb", 15);
	for (unsigned i = 0; i < ARRAY_SIZE(task); i++)
		soft_join(task[i]);
	assert_int_equal(mm_check(), 0);
	put_mm(shared_mm);
	drop_files();
	assert_int_equal(in_use(), 0);
	assert_int_equal(file_references, 0);
	assert_int_equal(mm_check(), 0);
}

static void threads_in_turn(void **state)
{
	many_threads(test_seed());
}

static void threads_in_parallel(void **state)
{
	many_threads(0);
}

/* --- without memory --- */

/* A life with a bit of everything; where memory is missing it does with less. */
static void life(void)
{
	struct mm_struct *mm = mm_alloc(), *child;
	void *host;

	if (!mm)
		return;
	do_mmap(mm, BASE, 100 * PAGE_SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0, NULL);
	for (int i = 0; i < 100; i += 7)
		touch(mm, va_of(i), i % 2 ? SOFT_READ : SOFT_WRITE, &host);
	do_mprotect(mm, va_of(20), 10 * PAGE_SIZE, PROT_READ);
	do_mmap(mm, va_of(100), 50 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, 0,
		&(struct map_source){.readable = true,
				     .file = (struct file *)&files[1],
				     .mapping = &files[1].mapping});
	for (int i = 100; i < 150; i += 9)
		touch(mm, va_of(i), i % 2 ? SOFT_READ : SOFT_WRITE, &host);
	child = dup_mm(mm);
	if (!IS_ERR(child)) {
		for (int i = 0; i < 150; i += 3)
			touch(child, va_of(i), SOFT_WRITE, &host);
		put_mm(child);
	}
	for (int i = 0; i < 150; i += 5)
		touch(mm, va_of(i), SOFT_WRITE, &host);
	do_munmap(mm, va_of(50), 60 * PAGE_SIZE);
	put_mm(mm);
}

static void every_allocation_fails_once(void **state)
{
	boot(1, 0);
	life();
	for (unsigned n = 1; n < 400; n++) {
		fail_nth_set(n);
		life();
		fail_nth_set(0);
		drop_files();
		assert_int_equal(in_use(), 0);
		if (n % 20 == 0)
			assert_int_equal(mm_check(), 0);
	}
	assert_int_equal(file_references, 0);
	assert_int_equal(vm_committed(), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forks_see_one_moment),
		cmocka_unit_test(threads_in_turn),
		cmocka_unit_test(threads_in_parallel),
		cmocka_unit_test(every_allocation_fails_once),
		cmocka_unit_test(copy_on_write_in_smaps),
		cmocka_unit_test(scattered_frames_look_contiguous),
		cmocka_unit_test(the_last_sharer_reuses),
		cmocka_unit_test(a_line_of_daemons),
		cmocka_unit_test(locked_pages),
		cmocka_unit_test(faults_around),
		cmocka_unit_test(clean_cache_is_dropped),
		cmocka_unit_test(rmap_finds_all),
		cmocka_unit_test(at_random),
	};

	return run_host_tests(__FILE__, tests, ARRAY_SIZE(tests), argv);
}
