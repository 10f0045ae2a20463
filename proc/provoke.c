/*
 * /sys/kernel/debug/provoke-crash/DIRECT, in debug builds: doing what must not be possible, to see
 * that it is not (Linux, Documentation/fault-injection/provoke-crashes.rst; the names are its).
 * Reading lists what there is; writing a name does it.  Each is to end in a panic that says
 * what was tried: a write that comes back is the failure.
 */
#ifdef PAGODA_DEBUG
#include "kernel/initcall.h"
#include "lib/printk.h"
#include "lib/string.h"
#include "machine/uaccess.h"
#include "mm/kva/kva.h"
#include "mm/slab/slab.h"
#include "proc/procfs_int.h"
#include <linux/mman.h>

#define RETURN 0xc3 /* the instruction, on every x86 */

static u8 in_data[16] __aligned(16) = {RETURN};
static const u8 in_rodata[16] __aligned(16) = {RETURN};

/* The compiler is not to know what is at an address. */
static void *hidden(const void *at)
{
	__asm__ volatile("" : "+r"(at) : : "memory");
	return (void *)at;
}

static void execute(void *at)
{
	((void (*)(void))hidden(at))();
}

static void overwrite(const void *at)
{
	*(volatile u8 *)hidden(at) = RETURN;
}

/* A page of the program that writes to the file, with a return in it, present. NULL without memory. */
static void *user_page(void)
{
	const u8 code = RETURN;
	unsigned long at = do_mmap(current->mm, 0, PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
				   MAP_PRIVATE | MAP_ANONYMOUS, 0, NULL);

	if (IS_ERR_VALUE(at) || copy_to_user((void __user *)at, &code, 1))
		return NULL;
	return (void *)at;
}

static void exec_userspace(void)
{
	execute(user_page());
}

static void access_userspace(void)
{
	pr_info("provoke: read %u\n", *(volatile u8 *)hidden(user_page()));
}

static void exec_data(void)
{
	execute(in_data);
}

static void exec_rodata(void)
{
	execute((void *)in_rodata);
}

static void exec_stack(void)
{
	u8 code[16] = {RETURN};

	execute(code);
}

static void exec_kmalloc(void)
{
	u8 *code = kmalloc(16, GFP_KERNEL);

	if (code) {
		*code = RETURN;
		execute(code);
	}
}

static void exec_vmalloc(void)
{
	u8 *code = vmalloc(PAGE_SIZE);

	if (code) {
		*code = RETURN;
		execute(code);
	}
}

static void exec_null(void)
{
	execute(NULL);
}

static void access_null(void)
{
	pr_info("provoke: read %u\n", *(volatile u8 *)hidden(NULL));
}

static void write_ro(void)
{
	overwrite(in_rodata);
}

static void write_kern(void)
{
	overwrite((const void *)(unsigned long)exec_null);
}

/* The same byte of code by its other address, in the direct map. */
static void write_alias(void)
{
	overwrite(pfn_to_virt(virt_to_pfn((void *)(unsigned long)exec_null)));
}

static void provoke_panic(void)
{
	panic("provoked");
}

static const struct {
	const char *name;
	void (*act)(void);
} acts[] = {
	{"PANIC", provoke_panic},
	{"EXEC_USERSPACE", exec_userspace},
	{"ACCESS_USERSPACE", access_userspace},
	{"EXEC_DATA", exec_data},
	{"EXEC_RODATA", exec_rodata},
	{"EXEC_STACK", exec_stack},
	{"EXEC_KMALLOC", exec_kmalloc},
	{"EXEC_VMALLOC", exec_vmalloc},
	{"EXEC_NULL", exec_null},
	{"ACCESS_NULL", access_null},
	{"WRITE_RO", write_ro},
	{"WRITE_KERN", write_kern},
	{"WRITE_ALIAS", write_alias},
};

static int show_acts(struct seq_file *m, void *unused)
{
	seq_puts(m, "Available crash types:\n");
	for (unsigned i = 0; i < ARRAY_SIZE(acts); i++)
		seq_printf(m, "%s\n", acts[i].name);
	return 0;
}

static int provoke(char *text, size_t bytes, void *unused)
{
	char *end = strchr(text, '\n');

	if (end)
		*end = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(acts); i++) {
		if (strcmp(text, acts[i].name))
			continue;
		acts[i].act();
		pr_err("provoke: %s went through\n", text);
		return 0;
	}
	return -EINVAL;
}

static int provoke_init(void)
{
	debugfs_create("provoke-crash/DIRECT", 0600, show_acts, provoke, NULL);
	return 0;
}
INITCALL(INIT_LATE, provoke_init);
#endif
