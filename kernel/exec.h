/*
 * exec: the process's side (exec.c) and the file's (elf.c, elf_stack.c).
 */
#pragma once

#include "kernel/task.h"
#include "machine/info.h"
#include <linux/elf.h>

#if MACHINE_ELF_CLASS == 64
typedef Elf64_Ehdr elf_ehdr;
typedef Elf64_Phdr elf_phdr;
#else
typedef Elf32_Ehdr elf_ehdr;
typedef Elf32_Phdr elf_phdr;
#endif

/* An ELF file that has been checked, and where it is mapped. */
struct elf_object {
	const struct exec_file *file;
	elf_ehdr header;
	elf_phdr *segment;  /* header.e_phnum of them; kmalloc'ed */
	unsigned long bias; /* added to the file's addresses */
	unsigned long
		bytes_first_to_last; /* from the first PT_LOAD's first page to the last's end */
	/* Absolute addresses, once mapped: */
	unsigned long start_code, end_code, start_data, end_data, end; /* end: of the bss */
	unsigned long base;                                            /* the first page */
	unsigned long program_headers;
	unsigned long entry;
};

/* Where code of the kernel's own is in the program's space, for the auxiliary vector; 0: nowhere. */
struct vdso_place {
	unsigned long header, entry; /* AT_SYSINFO_EHDR, AT_SYSINFO */
};
/* Map it into a new space: 0 or -errno. NULL where the machine has none. By kernel/abi32/vdso.c. */
extern int (*map_vdso)(struct mm_struct *mm, struct vdso_place *place);

/*
 * Everything above the program's first stack pointer: strings, auxiliary vector, argv, argc
 * (psABI 3.4.1). `interp` may be NULL. Sets mm->arg_start .. env_end, saved_auxv, start_stack.
 * 0, -E2BIG, -ENOMEM or -EFAULT.
 */
int build_stack(struct mm_struct *mm, unsigned long top, const struct exec_strings *strings,
		const struct elf_object *program, const struct elf_object *interp,
		const struct vdso_place *vdso);

/* Point of no return: forget what a new program does not inherit. */
void exec_reset_task(const char *path);
