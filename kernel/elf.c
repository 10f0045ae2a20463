/*
 * Running an ELF file (System V ABI, chapters 4 and 5).
 *
 *   exec_elf()   read and check the headers of the program and of its interpreter
 *                build a whole new address space beside the old one:
 *                   segments mapped, bss zeroed, break, stack filled
 *                -- nothing has been lost so far: errors go back --
 *                become the only thread, change spaces, forget handlers, ...
 *
 * Linux finds out that segments cannot be mapped only when the old program is gone,
 * and kills the process by SIGSEGV.  Here it could still be told, but programs that
 * test for it expect what Linux does, so those errors kill, too (cannot_map).
 *
 * Where a file goes:
 *   ET_EXEC                    where its addresses say
 *   ET_DYN with interpreter    from ELF_ET_DYN_BASE up, at random: far below the
 *                              mmap region, so the heap behind it can grow
 *   ET_DYN without (static     into the mmap region; the heap then starts at
 *   PIE, ld.so itself)         ELF_ET_DYN_BASE
 *
 * A segment is a private mapping of its file bytes; from p_filesz to p_memsz it is
 * zeros: the rest of the last page by hand, whole pages as anonymous memory.
 */
#include "kernel/exec.h"
#include "kernel/process.h"
#include "kernel/random.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "mm/frame/frame.h"
#include "mm/lru/lru.h"
#include "mm/kva/kva.h"
#include "mm/slab/slab.h"
#include <linux/limits.h>
#include <linux/mman.h>

#define for_each_segment(ph, elf) \
	for (ph = (elf)->segment; ph < (elf)->segment + (elf)->header.e_phnum; ph++)

/* --- Reading --- */

/* Exactly `bytes` at `offset`; 0, -EIO when the file is shorter, or -errno. */
static int read_exact(const struct exec_file *file, u64 offset, void *buf, size_t bytes)
{
	long n = cache_read_kernel(file->source.mapping, offset, buf, bytes);

	return n == (long)bytes ? 0 : n < 0 ? (int)n : -EIO;
}

/* `wrong` is what to say when it is no file we can run. */
static int read_headers(struct elf_object *elf, const struct exec_file *file, int wrong)
{
	elf_ehdr *h = &elf->header;
	size_t bytes;
	int err;

	elf->file = file;
	err = read_exact(file, 0, h, sizeof(*h));
	if (err)
		return err == -EIO ? wrong : err;
	if (memcmp(h->e_ident, ELFMAG, SELFMAG) || h->e_machine != MACHINE_ELF_ARCH ||
	    (h->e_type != ET_EXEC && h->e_type != ET_DYN))
		return wrong;
	bytes = (size_t)h->e_phnum * sizeof(elf_phdr);
	if (h->e_phentsize != sizeof(elf_phdr) || !bytes || bytes > PAGE_SIZE)
		return wrong;
	elf->segment = kmalloc(bytes, GFP_KERNEL);
	if (!elf->segment)
		return -ENOMEM;
	err = read_exact(file, h->e_phoff, elf->segment, bytes);
	return err == -EIO ? wrong : err;
}

/* The addresses must make sense before anything is added to them. */
static int check_segments(struct elf_object *elf)
{
	unsigned long first = ~0UL, last = 0;
	const elf_phdr *ph;

	for_each_segment(ph, elf)
	{
		if (ph->p_type != PT_LOAD)
			continue;
		if (ph->p_filesz > ph->p_memsz || ph->p_memsz > TASK_SIZE ||
		    ph->p_vaddr > TASK_SIZE - ph->p_memsz ||
		    ph->p_offset + ph->p_filesz < ph->p_offset)
			return -EINVAL;
		if ((ph->p_offset ^ ph->p_vaddr) & ~PAGE_MASK && ph->p_filesz)
			return -EINVAL;
		first = min(first, (unsigned long)ph->p_vaddr & PAGE_MASK);
		last = max(last, (unsigned long)(ph->p_vaddr + ph->p_memsz));
	}
	if (last <= first)
		return -EINVAL; /* nothing to load */
	elf->base = first;
	elf->bytes_first_to_last = ALIGN_UP(last, PAGE_SIZE) - first;
	return 0;
}

/* The interpreter's path, kmalloc'ed, or NULL: none; ERR_PTR. */
static char *read_interp_path(const struct elf_object *elf)
{
	const elf_phdr *ph;
	char *path;
	int err;

	for_each_segment(ph, elf) if (ph->p_type == PT_INTERP) goto found;
	return NULL;
found:
	if (ph->p_filesz < 2 || ph->p_filesz > PATH_MAX)
		return ERR_PTR(-ENOEXEC);
	path = kmalloc(ph->p_filesz, GFP_KERNEL);
	if (!path)
		return ERR_PTR(-ENOMEM);
	err = read_exact(elf->file, ph->p_offset, path, ph->p_filesz);
	if (!err && path[ph->p_filesz - 1])
		err = -ENOEXEC;
	if (err) {
		kfree(path);
		return ERR_PTR(err);
	}
	return path;
}

static bool wants_executable_stack(const struct elf_object *elf)
{
	const elf_phdr *ph;

	for_each_segment(ph, elf) if (ph->p_type == PT_GNU_STACK) return ph->p_flags & PF_X;
	return false;
}

/* --- Mapping --- */

static unsigned long segment_prot(const elf_phdr *ph)
{
	return (ph->p_flags & PF_R ? PROT_READ : 0) | (ph->p_flags & PF_W ? PROT_WRITE : 0) |
	       (ph->p_flags & PF_X ? PROT_EXEC : 0);
}

/* Zero the rest of the page in which the file's bytes end. */
static int zero_tail(struct mm_struct *mm, const elf_phdr *ph, unsigned long end)
{
	size_t bytes = -end & ~PAGE_MASK;
	struct page *page;
	char *window;
	int err;

	/* Nobody can write there and count on zeros in a read-only segment. */
	if (!bytes || !(ph->p_flags & PF_W))
		return 0;
	err = get_user_page(mm, end, true, &page);
	if (err)
		return err;
	window = kmap_local_page(page);
	memset(window + (end & ~PAGE_MASK), 0, bytes);
	kunmap_local(window);
	put_page(page);
	return 0;
}

static vm_flags_t bss_flags(const elf_phdr *ph)
{
	vm_flags_t flags = VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;

	if (ph->p_flags & PF_R)
		flags |= VM_READ;
	if (ph->p_flags & PF_W)
		flags |= VM_READ | VM_WRITE | VM_ACCOUNT;
	if (ph->p_flags & PF_X)
		flags |= VM_EXEC;
	return flags;
}

static int map_segment(struct mm_struct *mm, const struct elf_object *elf, const elf_phdr *ph)
{
	unsigned long start = elf->bias + ph->p_vaddr;
	unsigned long file_end = start + ph->p_filesz, end = start + ph->p_memsz;
	unsigned long page = start & PAGE_MASK, bss = page;
	int err;

	if (ph->p_filesz) {
		unsigned long at;

		at = do_mmap(mm, page, file_end - page, segment_prot(ph), MAP_PRIVATE | MAP_FIXED,
			     ph->p_offset >> PAGE_SHIFT, &elf->file->source);
		if (IS_ERR_VALUE(at))
			return (long)at;
		bss = ALIGN_UP(file_end, PAGE_SIZE);
		if (end > file_end) {
			err = zero_tail(mm, ph, file_end);
			if (err)
				return err;
		}
	}
	if (end <= bss)
		return 0;
	return map_anon_fixed(mm, bss, ALIGN_UP(end, PAGE_SIZE) - bss, bss_flags(ph));
}

/* What /proc and brk want to know of the program's parts. */
static void note_segment(struct elf_object *elf, const elf_phdr *ph)
{
	unsigned long start = elf->bias + ph->p_vaddr;
	unsigned long file_end = start + ph->p_filesz;

	if (ph->p_flags & PF_X) {
		elf->start_code = min(elf->start_code, start);
		elf->end_code = max(elf->end_code, file_end);
	}
	elf->start_data = max(elf->start_data, start);
	elf->end_data = max(elf->end_data, file_end);
	elf->end = max(elf->end, start + (unsigned long)ph->p_memsz);
	if (elf->header.e_phoff >= ph->p_offset &&
	    elf->header.e_phoff < ph->p_offset + ph->p_filesz)
		elf->program_headers = start + elf->header.e_phoff - ph->p_offset;
}

/* bias is set: map all of it. */
static int map_segments(struct mm_struct *mm, struct elf_object *elf)
{
	const elf_phdr *ph;

	elf->base += elf->bias;
	elf->entry = elf->bias + elf->header.e_entry;
	elf->start_code = ~0UL;
	for_each_segment(ph, elf)
	{
		int err;

		if (ph->p_type != PT_LOAD || !ph->p_memsz)
			continue;
		err = map_segment(mm, elf, ph);
		if (err)
			return err;
		note_segment(elf, ph);
	}
	return elf->entry < TASK_SIZE ? 0 : -EINVAL;
}

/* A place in the mmap region for a file that may go anywhere. */
static int find_place(struct mm_struct *mm, struct elf_object *elf)
{
	unsigned long at = do_mmap(mm, 0, elf->bytes_first_to_last, PROT_NONE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, 0, NULL);

	if (IS_ERR_VALUE(at))
		return (long)at;
	elf->bias = at - elf->base;
	return do_munmap(mm, at, elf->bytes_first_to_last);
}

static int choose_bias(struct mm_struct *mm, struct elf_object *elf, bool has_interp)
{
	unsigned long align = PAGE_SIZE, at = ELF_ET_DYN_BASE;
	const elf_phdr *ph;

	elf->bias = 0;
	if (elf->header.e_type == ET_EXEC)
		return 0;
	if (!has_interp)
		return find_place(mm, elf);
	for_each_segment(ph, elf) if (ph->p_type == PT_LOAD && ph->p_align > align &&
				      !(ph->p_align & (ph->p_align - 1)) &&
				      ph->p_align <= 1UL << 30) align = ph->p_align;
	if (space_randomize())
		at += (get_random_u64() & ((1UL << MMAP_RND_BITS) - 1)) << PAGE_SHIFT;
	elf->bias = ALIGN_DOWN(at, align) - elf->base;
	return 0;
}

/* --- The new space --- */

int (*map_vdso)(struct mm_struct *mm, struct vdso_place *place);

static int map_program(struct mm_struct *mm, struct elf_object *program, bool has_interp)
{
	int err = check_segments(program);

	if (!err)
		err = choose_bias(mm, program, has_interp);
	if (!err)
		err = map_segments(mm, program);
	if (err)
		return err;
	mm->start_code = program->start_code == ~0UL ? 0 : program->start_code;
	mm->end_code = program->end_code;
	mm->start_data = program->start_data;
	mm->end_data = program->end_data;
	mm_set_brk(mm, program->header.e_type == ET_DYN && !has_interp ? ELF_ET_DYN_BASE
								       : program->end);
	return 0;
}

/* The segments make no sense: the process ends, but for init in the making. Returns the error. */
static int cannot_map(int err)
{
	struct sighand_struct *sighand;

	if (current->mm) {
		sighand = lock_sighand(current);
		sighand->action[SIGSEGV - 1].handler = SIG_DFL_PTR;
		unlock_sighand(sighand);
		force_signal(SIGSEGV, SI_KERNEL, 0);
	}
	return err;
}

static struct mm_struct *build_space(struct elf_object *program, struct elf_object *interp,
				     const struct exec_strings *strings)
{
	struct mm_struct *mm = mm_alloc();
	unsigned long top = mm_stack_top();
	struct vdso_place vdso = {};
	int err;

	if (!mm)
		return ERR_PTR(-ENOMEM);
	mm_set_layout(mm);
	err = map_program(mm, program, interp != NULL);
	if (!err && interp) {
		err = check_segments(interp);
		if (!err)
			err = choose_bias(mm, interp, false);
		if (!err)
			err = map_segments(mm, interp);
	}
	if (err)
		err = cannot_map(err);
	else if (map_vdso)
		err = map_vdso(mm, &vdso);
	if (!err)
		err = setup_stack(mm, top, wants_executable_stack(program));
	if (!err)
		err = build_stack(mm, top, strings, program, interp, &vdso);
	if (!err)
		err = finish_stack(mm);
	if (err) {
		mmput(mm);
		return ERR_PTR(err);
	}
	vm_file_ops.get(program->file->file);
	mm->exe_file = program->file->file;
	return mm;
}

/* --- exec --- */

static int run_image(struct elf_object *program, struct elf_object *interp,
		     const struct exec_strings *strings)
{
	struct mm_struct *mm = build_space(program, interp, strings), *old;
	unsigned long entry = interp ? interp->entry : program->entry;
	int err;

	if (IS_ERR(mm))
		return PTR_ERR(mm);
	err = become_only_thread();
	if (err) {
		mmput(mm);
		return err;
	}
	/* Nothing below can fail. */
	mm_release(current);
	old = exchange_mm(mm);
	if (old) {
		note_maxrss(current->signal, old);
		mmput(old);
	}
	exec_reset_task(program->file->path);
	start_thread(arch_user_regs(&current->thread), entry, mm->start_stack);
	return 0;
}

static int with_interp(struct elf_object *program, const struct exec_strings *strings,
		       const char *path, int (*open_interp)(const char *, struct exec_file *),
		       void (*close_interp)(struct exec_file *))
{
	struct elf_object interp = {};
	struct exec_file file = {};
	int err = open_interp(path, &file);

	if (err)
		return err;
	err = read_headers(&interp, &file, -ELIBBAD);
	if (!err)
		err = run_image(program, &interp, strings);
	kfree(interp.segment);
	close_interp(&file);
	return err;
}

int exec_elf(const struct exec_file *image, const struct exec_strings *strings,
	     int (*open_interp)(const char *path, struct exec_file *interp),
	     void (*close_interp)(struct exec_file *interp))
{
	struct elf_object program = {};
	char *path = NULL;
	int err = read_headers(&program, image, -ENOEXEC);

	if (!err) {
		path = read_interp_path(&program);
		if (IS_ERR(path))
			err = PTR_ERR(path);
		else if (path)
			err = with_interp(&program, strings, path, open_interp, close_interp);
		else
			err = run_image(&program, NULL, strings);
		if (!IS_ERR(path))
			kfree(path);
	}
	kfree(program.segment);
	return err;
}
