#include "spaces.h"

#include "lib/printk.h"
#include "lib/string.h"
#include "sync/percpu.h"
#include "sync/task.h"
#include <stdio.h>

static unsigned long no_limit(unsigned resource)
{
	return ~0UL;
}

static bool yes(void)
{
	return true;
}

long file_references;

static void get_file(struct file *file)
{
	fetch_add(&file_references, 1);
}

static void put_file(struct file *file)
{
	fetch_add(&file_references, -1);
}

struct test_file files[FILES];

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
const struct vm_operations file_vm_ops = {.page_mkwrite = page_mkwrite};

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

void spaces_machine(unsigned cpus, u64 schedule_seed)
{
	/* Two nodes, so that pages come from elsewhere than the tables that map them. */
	soft_machine_init(&(struct soft_config){
		.cpus = cpus,
		.schedule_seed = schedule_seed,
		.ram = {{0, 24 << 20, 0}, {SECOND_NODE, 24 << 20, 1}},
		.cpu_node = {0, 1, 0, 1},
	});
}

void spaces_floors(void)
{
	console_loglevel = 5; /* warnings, and what checks find */
	register_console(&console);
	frame_init();
	slab_init();
	for (unsigned cpu = 1; cpu < nr_cpu_ids; cpu++) {
		assert_int_equal(frame_cpu_init(cpu), 0);
		assert_int_equal(slab_cpu_init(cpu), 0);
	}
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
	make_files();
}

void spaces_up(unsigned cpus, u64 schedule_seed)
{
	spaces_machine(cpus, schedule_seed);
	spaces_floors();
}

/* What the scheduler sees to on a PC: no CPU has a space loaded that goes. */
static unsigned last_cpu;

void put_mm(struct mm_struct *mm)
{
	for (unsigned cpu = 0; cpu < nr_cpu_ids; cpu++) {
		soft_move_to_cpu(cpu);
		switch_mm(NULL);
	}
	mmput(mm);
	soft_move_to_cpu(fetch_add(&last_cpu, 1) % nr_cpu_ids);
}

/* --- a program's accesses --- */

/* Until it works, or never will. NULL: only whether it would. */
static fault_t move(struct mm_struct *mm, unsigned long va, enum soft_access access, u64 *word)
{
	const unsigned as[] = {
		[SOFT_READ] = ACCESS_READ, [SOFT_WRITE] = ACCESS_WRITE, [SOFT_EXEC] = ACCESS_EXEC};
	void *host;

	for (int tries = 0; tries < 1000; tries++) {
		fault_t fault;

		switch_mm(&mm->arch);
		if (word ? soft_access(va, access, word, sizeof(*word), NULL)
			 : soft_translate(va, access, &host, NULL))
			return FAULT_DONE;
		fault = handle_mm_fault(mm, va, as[access] | ACCESS_USER);
		if (fault & FAULT_ERROR)
			return fault;
	}
	panic("no end to faults at %lx", va);
}

fault_t touch(struct mm_struct *mm, unsigned long va, enum soft_access access)
{
	return move(mm, va, access, NULL);
}

fault_t load(struct mm_struct *mm, unsigned long va, u64 *value)
{
	return move(mm, va + WORD * 8, SOFT_READ, value);
}

fault_t store(struct mm_struct *mm, unsigned long va, u64 value)
{
	return move(mm, va + WORD * 8, SOFT_WRITE, &value);
}

void drop_files(void)
{
	for (int i = 0; i < FILES; i++) {
		down_write(&files[i].mapping.invalidate_lock);
		cache_truncate(&files[i].mapping, 0, ~0ULL >> 1);
		up_write(&files[i].mapping.invalidate_lock);
	}
}

unsigned long in_use(void)
{
	epoch_synchronize();
	lru_add_drain_all();
	return global_node_stat(NR_ANON_MAPPED) + global_node_stat(NR_FILE_MAPPED) +
	       global_node_stat(NR_FILE_PAGES) + global_node_stat(NR_INACTIVE_ANON) +
	       global_node_stat(NR_ACTIVE_ANON) + global_node_stat(NR_INACTIVE_FILE) +
	       global_node_stat(NR_ACTIVE_FILE) + global_node_stat(NR_UNEVICTABLE) +
	       global_zone_stat(NR_MLOCK);
}

struct mm_struct *anon_mm(unsigned pages)
{
	struct mm_struct *mm = mm_alloc();

	assert_int_equal(do_mmap(mm, BASE, pages * PAGE_SIZE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0, NULL),
			 BASE);
	return mm;
}
