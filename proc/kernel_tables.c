/*
 * The kernel's own page tables: shown, as on Linux, in /sys/kernel/debug/page_tables/kernel, and
 * checked: at boot of a debug build, and whenever mm_check() runs.
 *
 * The invariants, for the upper half of the address space:
 *
 *   1  no address is writable and executable
 *   2  programs can reach none
 *   3  what is the kernel's code, or a constant, by one address is not writable by any other
 *   4  only the kernel's code and modules are executable
 */
#include "kernel/initcall.h"
#include "lib/printk.h"
#include "lib/string.h"
#include "mm/check.h"
#include "mm/pgtable/pgtable.h"
#include "proc/procfs_int.h"

/* Addresses from here on are the kernel's: those with the highest translated bit set. */
static unsigned long kernel_half(void)
{
	return ~0UL << (PT_SHIFT(pt_top()) + PT_BITS(pt_top()) - 1);
}

/* --- the check --- */

struct audit {
	u64 code_start, code_end, constant_start, constant_end; /* physical */
	unsigned long bad, leaves, executable;
};

static bool image_range(const char *name, u64 *start, u64 *end)
{
	phys_addr_t at;
	const char *what;
	u64 bytes;

	for (unsigned n = 0; early_reservation(n, &at, &bytes, &what); n++) {
		if (strcmp(what, name))
			continue;
		*start = ALIGN_DOWN(at.v, PAGE_SIZE);
		*end = ALIGN_UP(at.v + bytes, PAGE_SIZE);
		return true;
	}
	return false;
}

static void complain(struct audit *a, unsigned long va, const char *what)
{
	if (a->bad++ < 8)
		pr_err("kernel tables: %#lx is %s\n", va, what);
}

static void check_leaf(unsigned long va, enum pt_level level, pte_t e, struct pt_rights rights,
		       void *arg)
{
	const u64 start = (u64)pte_pfn(e) << PAGE_SHIFT, end = start + PT_SIZE(level);
	struct audit *a = arg;
	const bool code = start < a->code_end && a->code_start < end;
	const bool constant = start < a->constant_end && a->constant_start < end;

	a->leaves++;
	a->executable += rights.exec;
	if (rights.write && rights.exec)
		complain(a, va, "writable and executable");
	if (rights.user)
		complain(a, va, "open to programs");
	if (rights.write && code)
		complain(a, va, "a writable alias of code");
	if (rights.write && constant)
		complain(a, va, "a writable alias of constants");
	if (rights.exec && !code && !(va >= MODULES_START && va < MODULES_END))
		complain(a, va, "executable, but no code");
}

static unsigned kernel_tables_check(void)
{
	struct audit a = {};

	if (pte_exec(mk_pte(0, KERNEL_PROT_RW)))
		return 0; /* a CPU that cannot tell data from code */
	if (!image_range("Kernel code", &a.code_start, &a.code_end) ||
	    !image_range("Kernel rodata", &a.constant_start, &a.constant_end))
		return 1;
	pt_each_leaf(swapper_pg_dir, kernel_half(), ~0UL, check_leaf, &a);
	if (!a.executable)
		complain(&a, 0, "not found: no code at all?");
	return (unsigned)a.bad;
}

/* --- the text --- */

struct run { /* neighbours that are alike */
	struct seq_file *m;
	unsigned long start, end; /* end 0: none yet, or the end of all */
	enum pt_level level;
	struct pt_rights rights;
	bool any;
};

static void print_run(struct run *run)
{
	static const char *const names[PT_LEVELS] = {"pte", "pmd", "pud", "p4d", "pgd"};
	static const char units[] = "KMGT";
	unsigned long size = (run->end - run->start) >> 10;
	unsigned unit = 0;

	if (!run->any)
		return;
	for (; size % 1024 == 0 && unit < 3; unit++)
		size /= 1024;
	seq_printf(run->m, "0x%016lx-0x%016lx %15lu%c %s %s     %s %s\n", run->start, run->end,
		   size, units[unit], run->rights.user ? "USR" : "   ",
		   run->rights.write ? "RW" : "ro", run->rights.exec ? "x " : "NX",
		   names[run->level]);
	run->any = false;
}

static void show_leaf(unsigned long va, enum pt_level level, pte_t e, struct pt_rights rights,
		      void *arg)
{
	struct run *run = arg;

	if (!run->any || run->end != va || run->level != level ||
	    run->rights.write != rights.write || run->rights.exec != rights.exec ||
	    run->rights.user != rights.user) {
		print_run(run);
		*run = (struct run){
			.m = run->m, .start = va, .level = level, .rights = rights, .any = true};
	}
	run->end = va + PT_SIZE(level);
}

static int show_tables(struct seq_file *m, void *unused)
{
	struct run run = {.m = m};

	seq_puts(m, "---[ Kernel Space ]---\n");
	pt_each_leaf(swapper_pg_dir, kernel_half(), ~0UL, show_leaf, &run);
	print_run(&run);
	return 0;
}

static struct mm_checker checker = {.name = "kernel tables", .check = kernel_tables_check};

static int kernel_tables_init(void)
{
	debugfs_create("page_tables/kernel", 0400, show_tables, NULL, NULL);
	mm_check_register(&checker);
#ifdef PAGODA_DEBUG
	if (kernel_tables_check())
		panic("the kernel's page tables allow what they must not");
	pr_info("Checked the kernel's page tables: nothing is writable and executable\n");
#endif
	return 0;
}
INITCALL(INIT_LATE, kernel_tables_init);
