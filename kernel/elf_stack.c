/*
 * What lies on the stack when a program starts.
 *
 *   top         0 (a word)
 *               the path it was executed by            AT_EXECFN
 *               environment strings
 *               argument strings
 *               (at random: up to 8 KiB)
 *               "x86_64"                                AT_PLATFORM
 *               16 random bytes                         AT_RANDOM
 *               (alignment)
 *               auxiliary vector: pairs of words, AT_NULL at the end
 *               environment pointers, 0
 *               argument pointers, 0
 *   sp -->      argument count                          16-byte aligned
 *
 * The strings are in the kernel already, in the order in which they lie here, so
 * the pointers follow from their lengths.
 */
#include "kernel/exec.h"
#include "kernel/random.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "mm/kva/kva.h"
#include "mm/slab/slab.h"
#include <linux/auxvec.h>
#include <linux/limits.h>

#ifndef AT_SYSINFO
#define AT_SYSINFO 32 /* the headers have it for i386 alone */
#endif
#define MAX_ARGUMENT_BYTES (6UL << 20) /* three quarters of the usual stack */

struct auxv {
	unsigned long *at;
};

static void add(struct auxv *auxv, unsigned long type, unsigned long value)
{
	*auxv->at++ = type;
	*auxv->at++ = value;
}

/* Addresses in the new space that the vector needs. */
struct places {
	unsigned long execfn, platform, random;
	struct vdso_place vdso;
};

/* Returns the number of words, AT_NULL included. */
static unsigned fill_auxv(unsigned long *words, const struct places *places,
			  const struct elf_object *program, const struct elf_object *interp)
{
	const struct cred *cred = &current->cred;
	struct auxv auxv = {words};

	if (places->vdso.header) {
		add(&auxv, AT_SYSINFO, places->vdso.entry);
		add(&auxv, AT_SYSINFO_EHDR, places->vdso.header);
	}
	add(&auxv, AT_MINSIGSTKSZ, machine_minsigstksz());
	add(&auxv, AT_HWCAP, machine_hwcap());
	add(&auxv, AT_PAGESZ, PAGE_SIZE);
	add(&auxv, AT_CLKTCK, USER_HZ);
	add(&auxv, AT_PHDR, program->program_headers);
	add(&auxv, AT_PHENT, sizeof(elf_phdr));
	add(&auxv, AT_PHNUM, program->header.e_phnum);
	add(&auxv, AT_BASE, interp ? interp->bias : 0);
	add(&auxv, AT_FLAGS, 0);
	add(&auxv, AT_ENTRY, program->entry);
	add(&auxv, AT_UID, cred->uid);
	add(&auxv, AT_EUID, cred->euid);
	add(&auxv, AT_GID, cred->gid);
	add(&auxv, AT_EGID, cred->egid);
	add(&auxv, AT_SECURE, cred->uid != cred->euid || cred->gid != cred->egid);
	add(&auxv, AT_RANDOM, places->random);
	add(&auxv, AT_HWCAP2, machine_hwcap2());
	add(&auxv, AT_EXECFN, places->execfn);
	add(&auxv, AT_PLATFORM, places->platform);
	add(&auxv, AT_NULL, 0);
	return auxv.at - words;
}

static bool put(struct mm_struct *mm, unsigned long address, const void *from, size_t bytes)
{
	return access_remote_vm(mm, address, (void *)from, bytes, ACCESS_WRITE) == bytes;
}

/* The pointers to `n` strings that start at `text` here and at `address` there, and a zero. */
static unsigned long *fill_pointers(unsigned long *words, unsigned n, const char **text,
				    unsigned long *address)
{
	for (unsigned i = 0; i < n; i++) {
		size_t bytes = strlen(*text) + 1;

		*words++ = *address;
		*text += bytes;
		*address += bytes;
	}
	*words++ = 0;
	return words;
}

int build_stack(struct mm_struct *mm, unsigned long top, const struct exec_strings *strings,
		const struct elf_object *program, const struct elf_object *interp,
		const struct vdso_place *vdso)
{
	const char *path = program->file->path, *text = strings->bytes;
	const size_t path_bytes = strlen(path) + 1;
	size_t limit = min(rlimit(RLIMIT_STACK) / 4, MAX_ARGUMENT_BYTES), n_words, bytes;
	unsigned long auxv[ARRAY_SIZE(mm->saved_auxv)], *words, *w, sp, at;
	unsigned auxv_words;
	struct places places = {.vdso = *vdso};
	struct {
		u8 random[16];
		char platform[16];
	} above;
	int err = 0;

	n_words = 1 + strings->argc + 1 + strings->envc + 1;
	if (strings->used + path_bytes + n_words * sizeof(long) > max(limit, (size_t)ARG_MAX))
		return -E2BIG;

	sp = top - sizeof(long) - path_bytes;
	places.execfn = sp;
	sp -= strings->used;
	mm->arg_start = sp;
	if (space_randomize())
		sp -= get_random_u64() & 0x1ff0;
	sp = ALIGN_DOWN(sp - sizeof(above), 16UL);
	get_random_bytes(above.random, sizeof(above.random));
	memset(above.platform, 0, sizeof(above.platform));
	str_copy(above.platform, MACHINE_PLATFORM, sizeof(above.platform));
	places.random = sp;
	places.platform = sp + offsetof(typeof(above), platform);

	memset(mm->saved_auxv, 0, sizeof(mm->saved_auxv));
	auxv_words = fill_auxv(auxv, &places, program, interp);
	memcpy(mm->saved_auxv, auxv, auxv_words * sizeof(long));
	bytes = (n_words + auxv_words) * sizeof(long);
	mm->start_stack = ALIGN_DOWN(sp - bytes, 16UL);
	/* The gap from rounding lies above the vector, nothing looks there. */
	words = bytes <= 8 * PAGE_SIZE ? kmalloc(bytes, GFP_KERNEL) : vmalloc(bytes);
	if (!words)
		return -ENOMEM;
	w = words;
	*w++ = strings->argc;
	at = mm->arg_start;
	w = fill_pointers(w, strings->argc, &text, &at);
	mm->arg_end = mm->env_start = at;
	w = fill_pointers(w, strings->envc, &text, &at);
	mm->env_end = at;
	memcpy(w, auxv, auxv_words * sizeof(long));
	ASSERT(at == places.execfn && w + auxv_words == words + bytes / sizeof(long));
	if (!put(mm, places.execfn, path, path_bytes) ||
	    !put(mm, mm->arg_start, strings->bytes, strings->used) ||
	    !put(mm, sp, &above, sizeof(above)) || !put(mm, mm->start_stack, words, bytes))
		err = -ENOMEM;
	if (is_vmalloc_addr(words))
		vfree(words);
	else
		kfree(words);
	return err;
}
