/*
 * The machine that the fuzz targets run on, its files and its programs.
 */
#include "world.h"
#include "lib/printk.h"
#include <stdio.h>
#include <stdlib.h>

struct world_file files[FILES];
long file_references;

static void to_stderr(struct console *console, const char *text, size_t bytes)
{
	fwrite(text, 1, bytes, stderr);
}

static struct console console = {.write = to_stderr};

static unsigned long no_limit(unsigned resource)
{
	return ~0UL;
}

static bool yes(void)
{
	return true;
}

static void get_file(struct file *file)
{
	file_references++;
}

static void put_file(struct file *file)
{
	file_references--;
}

/* Arrays are made when a CPU first needs one: let there be all. */
static void warm_up(void)
{
	struct kmem_cache *cache = kmem_cache_create("warm", 64, 8, 0, NULL);

	MUST(cache);
	for (unsigned cpu = 0; cpu < WORLD_CPUS; cpu++) {
		soft_move_to_cpu(cpu);
		for (unsigned i = 0; i < KMALLOC_CACHES; i++)
			for (int nid = 0; nid < 2; nid++)
				kmem_cache_free(
					kmalloc_caches[i],
					kmem_cache_alloc_node(kmalloc_caches[i], GFP_KERNEL, nid));
		kmem_cache_free(cache, kmem_cache_alloc(cache, GFP_KERNEL));
	}
	kmem_cache_destroy(cache);
	world_check();
}

void world_boot(void)
{
	/* The second node lies high, so that there are zones of both kinds. */
	soft_machine_init(&(struct soft_config){
		.cpus = WORLD_CPUS,
		.ram = {{0, 4 << 20, 0}, {0x140000000, 4 << 20, 1}},
		.cpu_node = {0, 1},
	});
	console_loglevel = 4; /* what checks find, not that memory was missing */
	register_console(&console);
	frame_init();
	slab_init();
	for (unsigned cpu = 1; cpu < WORLD_CPUS; cpu++)
		MUST(frame_cpu_init(cpu) == 0 && slab_cpu_init(cpu) == 0);
	kva_init();
	pt_init();
	lru_init();
	swap_init();
	cache_init();
	space_limits.rlimit = no_limit;
	space_limits.capable_ipc_lock = yes;
	space_limits.capable_sys_admin = yes;
	space_limits.capable_sys_rawio = yes;
	vm_file_ops = (struct vm_file_ops){.get = get_file, .put = put_file};
	sysctl_overcommit_memory = 1;
	space_init();
	for (int i = 0; i < FILES; i++) {
		mapping_init(&files[i].mapping, NULL, &files[i], i > 0);
		files[i].pages = FILE_PAGES;
	}
	files_reset();
	warm_up();
}

unsigned long world_settle(void)
{
	unsigned long before, free = 0;

	/* What one floor gives back lets the one below give back more. */
	do {
		before = free;
		for (unsigned cpu = 0; cpu < 2 * WORLD_CPUS; cpu++) {
			soft_move_to_cpu((cpu + 1) % WORLD_CPUS); /* ends on the first */
			lru_add_drain_all();
			epoch_synchronize();
			slab_shrink_all();
			drain_local_pages();
		}
		free = nr_free_pages() + nr_pcp_pages();
	} while (free != before);
	return free;
}

void world_check(void)
{
	MUST_EQUAL(mm_check(), 0);
	MUST_EQUAL(warn_count, 0);
}

void fail_begin(unsigned n)
{
	fail_nth_set(n);
}

bool fail_end(void)
{
	const bool failed = fail_nth_left() == 0;

	fail_nth_set(0);
	return failed;
}

/* --- files --- */

static int read_page(struct address_space *mapping, struct page *page)
{
	struct world_file *file = mapping->host;
	u64 *window = kmap_local_page(page);

	memset(window, 0, PAGE_SIZE);
	window[WORD] = file->disk[page_index(page)];
	kunmap_local(window);
	page_set(page, PG_uptodate);
	return 0;
}

static int page_mkwrite(struct vm_area_struct *vma, struct page *page)
{
	MUST(page_test(page, PG_locked));
	return 0;
}

static u64 file_size(const struct address_space *mapping)
{
	return ((struct world_file *)mapping->host)->pages << PAGE_SHIFT;
}

static const struct address_space_ops file_ops = {.read_page = read_page};
static const struct vm_operations file_vm_ops = {.page_mkwrite = page_mkwrite};

void files_reset(void)
{
	for (int i = 0; i < FILES; i++) {
		struct world_file *file = &files[i];

		file_truncate(i, 0);
		MUST_EQUAL(file->mapping.nrpages, 0);
		file->mapping.ops = i ? NULL : &file_ops;
		file->mapping.size = file_size;
		file->pages = FILE_PAGES;
		for (int n = 0; n < FILE_PAGES; n++)
			file->disk[n] = file->now[n] = i ? 0 : n + 1000;
	}
}

struct map_source file_source(int file, bool writable)
{
	return (struct map_source){.file = (struct file *)&files[file],
				   .mapping = &files[file].mapping,
				   .ops = file ? NULL : &file_vm_ops,
				   .readable = true,
				   .writable = writable};
}

void file_truncate(int which, u64 pages)
{
	struct world_file *file = &files[which];
	const u64 old = file->pages;

	down_write(&file->mapping.invalidate_lock);
	file->pages = pages;
	if (pages < old)
		cache_truncate(&file->mapping, pages, ~0ULL >> 1);
	for (u64 n = pages; n < old; n++)
		file->disk[n] = file->now[n] = 0;
	up_write(&file->mapping.invalidate_lock);
}

/* --- programs --- */

static fault_t touch(struct mm_struct *mm, unsigned long va, enum soft_access access, void **host)
{
	for (int tries = 0; tries < 10; tries++) {
		fault_t fault;

		switch_mm(&mm->arch);
		if (soft_translate(va, access, host, NULL))
			return FAULT_DONE;
		fault = handle_mm_fault(
			mm, va, (access == SOFT_WRITE ? ACCESS_WRITE : ACCESS_READ) | ACCESS_USER);
		if (fault & FAULT_ERROR)
			return fault;
	}
	panic("no end to faults at %lx", va);
}

fault_t program_load(struct mm_struct *mm, unsigned long va, u64 *value)
{
	void *host;
	fault_t fault = touch(mm, va, SOFT_READ, &host);

	if (!fault)
		*value = ((u64 *)host)[WORD];
	return fault;
}

fault_t program_store(struct mm_struct *mm, unsigned long va, u64 value)
{
	void *host;
	fault_t fault = touch(mm, va, SOFT_WRITE, &host);

	if (!fault)
		((u64 *)host)[WORD] = value;
	return fault;
}

void program_exit(struct mm_struct *mm)
{
	const unsigned here = cpu_id();

	for (unsigned cpu = 0; cpu < WORLD_CPUS; cpu++) {
		soft_move_to_cpu((here + cpu + 1) % WORLD_CPUS);
		switch_mm(NULL);
	}
	mmput(mm);
}
