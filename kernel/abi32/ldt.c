/*
 * modify_ldt(2): segments of a process's own (SYSTEM.md S6).
 *
 *   func 0x00   read the own table's entries; 0 if there is none
 *        0x01   write one entry, as before Linux 2.1: a code or data segment with base and limit 0 is
 *               none, conforming code must be marked absent, and the program's own bit is cleared
 *        0x11   write one entry: what is none is said by struct user_desc's flags alone
 *        0x02   read the default table
 *
 * A process has no table until it first writes an entry; then it has one that reaches to the highest
 * entry it has written, of 64 KiB at most. fork() copies it, threads share it, exec() leaves it behind
 * with the old space.
 *
 *     write:  new table = copy of the old + the entry
 *             mm->segments.ldt = new
 *             all CPUs that run the space load it (call_where_loaded)
 *             free the old one
 *
 * So no CPU ever has a table that is freed, and none is changed under a CPU that has it. What is in
 * registers stays as it was (S1): ds, es, fs, cs and ss of the caller are loaded anew on the way
 * back, gs when its thread is next switched to.
 *
 * Changes are rare: one lock for all processes.
 */
#include "kernel/abi32/ldt.h"
#include "kernel/initcall.h"
#include "kernel/task.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "lib/syscall.h"
#include "machine/mmu.h"
#include "machine/uaccess.h"
#include "machine/user_desc.h"
#include "mm/slab/slab.h"
#include "mm/space/space.h"
#include "sync/mutex.h"

#define FUNC_READ         0
#define FUNC_WRITE_OLD    1
#define FUNC_READ_DEFAULT 2
#define FUNC_WRITE        0x11
#define DEFAULT_BYTES     (5 * sizeof(u64)) /* as Linux tells it, since there was room for five */

static struct mutex ldt_lock = MUTEX_INIT(ldt_lock, RANK_LDT);

static void free_ldt(const struct ldt *ldt)
{
	kfree(ldt->descriptor);
	kfree((void *)ldt);
}

/* Entries beyond the old table's are zero: nothing can be loaded from them. NULL: no memory. */
static struct ldt *new_ldt(const struct ldt *old, unsigned entries)
{
	struct ldt *ldt = kmalloc(sizeof(*ldt), GFP_KERNEL);
	u64 *table = ldt ? kzalloc(entries * sizeof(u64), GFP_KERNEL | __GFP_NOWARN) : NULL;

	if (!table) {
		kfree(ldt);
		return NULL;
	}
	if (old)
		memcpy(table, old->descriptor, old->entries * sizeof(u64));
	*ldt = (struct ldt){table, entries};
	return ldt;
}

const struct ldt *ldt_lock_of(const struct mm_struct *mm)
{
	mutex_lock(&ldt_lock);
	return mm->arch.segments.ldt;
}

void ldt_unlock(void)
{
	mutex_unlock(&ldt_lock);
}

static int copy_ldt(struct arch_mm *child, const struct arch_mm *parent)
{
	const struct ldt *ldt;
	int err = 0;

	mutex_lock(&ldt_lock);
	ldt = parent->segments.ldt;
	if (ldt) {
		child->segments.ldt = new_ldt(ldt, ldt->entries);
		err = child->segments.ldt ? 0 : -ENOMEM;
	}
	mutex_unlock(&ldt_lock);
	return err;
}

static int set_entry(struct mm_struct *mm, unsigned entry, u64 descriptor)
{
	const struct ldt *old;
	struct ldt *ldt;

	mutex_lock(&ldt_lock);
	old = mm->arch.segments.ldt;
	ldt = new_ldt(old, old ? max(old->entries, entry + 1) : entry + 1);
	if (ldt) {
		ldt->descriptor[entry] = descriptor;
		store_release(&mm->arch.segments.ldt, ldt);
		smp_mb(); /* a CPU that is not in cpu_mask yet will find the new one */
		call_where_loaded(&mm->arch, arch_mm_reload_ldt);
		if (old)
			free_ldt(old);
	}
	mutex_unlock(&ldt_lock);
	return ldt ? 0 : -ENOMEM;
}

static int write_ldt(const void __user *from, unsigned long bytes, bool old_form)
{
	struct user_desc d;
	u64 descriptor = 0;

	if (bytes != sizeof(d))
		return -EINVAL;
	if (copy_from_user(&d, from, sizeof(d)))
		return -EFAULT;
	if (d.entry_number >= LDT_ENTRIES_MAX)
		return -EINVAL;
	if (d.contents == 3 && (old_form || !d.seg_not_present))
		return -EINVAL;
	if (old_form)
		d.useable = 0;
	if (!user_desc_empty(&d) && !(old_form && !d.base_addr && !d.limit))
		descriptor = user_desc_encode(&d);
	return set_entry(current->mm, d.entry_number, descriptor);
}

static long read_ldt(void __user *to, unsigned long bytes)
{
	const struct ldt *ldt;
	unsigned long own;
	u64 *table;

	bytes = min(bytes, LDT_ENTRIES_MAX * sizeof(u64));
	mutex_lock(&ldt_lock);
	ldt = current->mm->arch.segments.ldt;
	own = ldt ? min(bytes, ldt->entries * sizeof(u64)) : 0;
	table = ldt ? kmemdup(ldt->descriptor, own, GFP_KERNEL | __GFP_NOWARN) : NULL;
	mutex_unlock(&ldt_lock);
	if (!ldt)
		return 0;
	if (!table)
		return -ENOMEM;
	own = copy_to_user(to, table, own) || clear_user((char __user *)to + own, bytes - own);
	kfree(table);
	return own ? -EFAULT : (long)bytes;
}

static long read_default(void __user *to, unsigned long bytes)
{
	u64 table[DEFAULT_BYTES / sizeof(u64)] = {0};

	bytes = min(bytes, sizeof(table));
	memcpy(table, default_ldt.descriptor, default_ldt.entries * sizeof(u64));
	return copy_to_user(to, table, bytes) ? -EFAULT : (long)bytes;
}

SYSCALL3(modify_ldt, int, func, void __user *, at, unsigned long, bytes)
{
	switch (func) {
	case FUNC_READ: return read_ldt(at, bytes);
	case FUNC_WRITE_OLD: return write_ldt(at, bytes, true);
	case FUNC_WRITE: return write_ldt(at, bytes, false);
	case FUNC_READ_DEFAULT: return read_default(at, bytes);
	}
	return -ENOSYS;
}

static const struct ldt_ops operations = {.copy = copy_ldt, .free = free_ldt};

static int ldt_init(void)
{
	ldt_ops = &operations;
	return 0;
}
INITCALL(INIT_EARLY, ldt_init);
