// flags: -Iarch/x86/common/include -Iarch/x86/x86_64/include
/*
 * Programs: kernel/elf.c and elf_stack.c load whatever the input is, on address spaces of the soft
 * machine.  The first two bytes say which allocation fails and how the file is opened; the rest is
 * the file, which is its own interpreter, too.
 *
 * What does not load leaves nothing behind.  What loads has the file's bytes and zeros where
 * the last segment says, areas that pass the checks, and a stack one can read.
 */
#include "machine/current.h"
#undef current
#define current (&me)
extern struct task_struct me;

#include "kernel/exec.h"
#include "kernel/process.h"
#include "kernel/random.h"
#include "world.h"

struct task_struct me;

#include "kernel/elf.c"
#define add elf_stack_add
#define put elf_stack_put
#include "kernel/elf_stack.c"

#define FILE_MOST 65536

static struct address_space mapping;
static u8 image[FILE_MOST];
static size_t image_bytes;
static struct mm_struct *loaded;
static u8 kernel_stack[4096] __aligned(16);
static struct sighand_struct my_sighand;
static struct signal_struct my_signal;

/* --- the rest of the kernel --- */

long cache_read_kernel(struct address_space *file, u64 pos, void *buf, size_t bytes)
{
	if (pos >= image_bytes)
		return 0;
	bytes = min(bytes, (size_t)(image_bytes - pos));
	memcpy(buf, image + pos, bytes);
	return bytes;
}

int become_only_thread(void)
{
	return 0;
}

void mm_release(struct task_struct *t)
{
}

struct mm_struct *exchange_mm(struct mm_struct *mm)
{
	loaded = mm;
	return NULL;
}

void note_maxrss(struct signal_struct *signal, const struct mm_struct *mm)
{
}

void exec_reset_task(const char *path)
{
}

void start_thread(struct pt_regs *regs, unsigned long entry, unsigned long stack)
{
	MUST(entry < TASK_SIZE && stack < TASK_SIZE);
}

u64 get_random_u64(void)
{
	return 0x123456789abcdefULL;
}

void get_random_bytes(void *to, size_t bytes)
{
	memset(to, 0x5a, bytes);
}

struct sighand_struct *lock_sighand(struct task_struct *t)
{
	return &my_sighand;
}

void unlock_sighand(struct sighand_struct *sighand)
{
}

void force_signal(int sig, int code, unsigned long address)
{
}

unsigned long machine_hwcap(void)
{
	return 1;
}

unsigned long machine_hwcap2(void)
{
	return 2;
}

unsigned long machine_minsigstksz(void)
{
	return 2048;
}

/* --- the file --- */

static int read_page(struct address_space *file, struct page *page)
{
	const u64 at = page_index(page) << PAGE_SHIFT;
	u8 *window = kmap_local_page(page);

	memset(window, 0, PAGE_SIZE);
	if (at < image_bytes)
		memcpy(window, image + at, min(PAGE_SIZE, (size_t)(image_bytes - at)));
	kunmap_local(window);
	page_set(page, PG_uptodate);
	return 0;
}

static u64 file_size(const struct address_space *file)
{
	return image_bytes;
}

static const struct address_space_ops file_ops = {.read_page = read_page};

static struct exec_file the_file(void)
{
	return (struct exec_file){
		.file = (struct file *)&mapping,
		.source = {.file = (struct file *)&mapping, .mapping = &mapping, .readable = true},
		.path = "/bin/fuzz"};
}

static unsigned interps_open;

static int open_interp(const char *path, struct exec_file *interp)
{
	MUST(strlen(path) < PATH_MAX);
	if (strlen(path) == 13)
		return -ENOENT;
	interps_open++;
	*interp = the_file();
	return 0;
}

static void close_interp(struct exec_file *interp)
{
	interps_open--;
}

/* --- what came of it --- */

static u8 byte_at(unsigned long va)
{
	u8 byte = 0;

	MUST(access_remote_vm(loaded, va, &byte, 1, ACCESS_READ) == 1);
	return byte;
}

/* The segment that was mapped last, of a program that lies where it says, without interpreter. */
static void check_last_segment(void)
{
	const elf_ehdr *header = (const void *)image;
	elf_phdr last = {0}, ph;

	for (unsigned i = 0; i < header->e_phnum; i++) {
		memcpy(&ph, image + header->e_phoff + i * sizeof(ph), sizeof(ph));
		if (ph.p_type == PT_INTERP)
			return;
		if (ph.p_type == PT_LOAD && ph.p_memsz)
			last = ph;
	}
	if (header->e_type != ET_EXEC || !last.p_filesz || !(last.p_flags & (PF_R | PF_W)) ||
	    last.p_offset + last.p_filesz > image_bytes || last.p_vaddr + last.p_memsz > 1UL << 40)
		return;
	MUST_EQUAL(byte_at(last.p_vaddr), image[last.p_offset]);
	MUST_EQUAL(byte_at(last.p_vaddr + last.p_filesz - 1),
		   image[last.p_offset + last.p_filesz - 1]);
	if (last.p_memsz > last.p_filesz && (last.p_flags & PF_W)) {
		MUST_EQUAL(byte_at(last.p_vaddr + last.p_filesz), 0);
		MUST_EQUAL(byte_at(last.p_vaddr + last.p_memsz - 1), 0);
	}
}

static void check_stack(void)
{
	const unsigned long sp = loaded->start_stack;
	unsigned long words[2];

	MUST(IS_ALIGNED(sp, 16UL));
	MUST(access_remote_vm(loaded, sp, words, sizeof(words), ACCESS_READ) == sizeof(words));
	MUST_EQUAL(words[0], 2);
	MUST_EQUAL(byte_at(words[1]), 'a');
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	world_boot();
	mapping_init(&mapping, &file_ops, NULL, false);
	mapping.size = file_size;
	my_signal.rlim[RLIMIT_STACK].rlim_cur = 8 << 20;
	me.thread.stack_top = (unsigned long)(kernel_stack + sizeof(kernel_stack));
	me.signal = &my_signal;
	me.sighand = &my_sighand;
	return 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	static char text[] = "a\0bc\0E=1";
	const struct exec_strings strings = {
		.argc = 2, .envc = 1, .bytes = text, .used = sizeof(text)};
	struct input in = {data, data + bytes};
	const unsigned fail = input_byte(&in), how = input_byte(&in);
	struct exec_file program = the_file();
	int err;

	image_bytes = min((size_t)(in.end - in.at), (size_t)FILE_MOST);
	memset(image, 0, sizeof(image));
	memcpy(image, in.at, image_bytes);
	me.mm = NULL;
	loaded = NULL;
	fail_begin(fail & 0x80 ? fail & 0x7f : 0);
	err = exec_elf(&program, &strings, open_interp, close_interp);
	(void)fail_end();
	MUST_EQUAL(interps_open, 0);
	MUST((err == 0) == (loaded != NULL));
	if (loaded) {
		check_stack();
		check_last_segment();
		if (how & 1)
			world_check();
		program_exit(loaded);
	}
	down_write(&mapping.invalidate_lock);
	cache_truncate(&mapping, 0, ~0ULL >> 1);
	up_write(&mapping.invalidate_lock);
	epoch_synchronize();
	MUST_EQUAL(file_references, 0);
	MUST_EQUAL(vm_committed(), 0);
	MUST_EQUAL(warn_count, 0);
	return 0;
}
