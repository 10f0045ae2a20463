/*
 * set_thread_area(2), get_thread_area(2): segments of a thread's own (SYSTEM.md S6).
 *
 * Threads of one process share one LDT, so what a thread shall have for itself stands in
 * the GDT: three entries that are exchanged at each switch. A C library takes one, with
 * the thread's control block as base, and loads %gs with it.
 */
#include "arch/x86/i386/tls.h"
#include "arch/x86/common/internal.h"
#include "arch/x86/i386/segments.h"
#include "lib/errno.h"
#include "lib/syscall.h"
#include "machine/thread.h"
#include "machine/uaccess.h"
#include "machine/user_desc.h"

/* A zeroed structure counts as empty, too. */
static bool is_zero(const struct user_desc *d)
{
	return !d->base_addr && !d->limit && !d->contents && !d->read_exec_only && !d->seg_32bit &&
	       !d->limit_in_pages && !d->seg_not_present && !d->useable;
}

/* Data segments of 32 bits, as Linux: what a system call must not be entered with is not to be had. */
static bool acceptable(const struct user_desc *d)
{
	return user_desc_empty(d) || is_zero(d) ||
	       (d->seg_32bit && d->contents <= 1 && !d->seg_not_present);
}

int tls_set(struct arch_tls *tls, struct user_desc __user *user, bool choose)
{
	struct user_desc d;
	unsigned n;

	if (copy_from_user(&d, user, sizeof(d)))
		return -EFAULT;
	if (!acceptable(&d))
		return -EINVAL;
	if (d.entry_number == -1u && choose) {
		for (n = 0; n < GDT_TLS_ENTRIES && tls->descriptor[n]; n++)
			;
		if (n == GDT_TLS_ENTRIES)
			return -ESRCH;
		if (put_user(GDT_TLS + n, &user->entry_number))
			return -EFAULT;
	} else {
		n = d.entry_number - GDT_TLS;
		if (n >= GDT_TLS_ENTRIES)
			return -EINVAL;
	}
	tls->descriptor[n] = user_desc_empty(&d) || is_zero(&d) ? 0 : user_desc_encode(&d);
	return 0;
}

SYSCALL1(set_thread_area, struct user_desc __user *, user)
{
	struct arch_tls *tls = &this_cpu(current_thread)->tls;
	int err = tls_set(tls, user, true);
	unsigned long flags;

	if (err)
		return err;
	flags = irq_save();
	load_tls(tls);
	load_gs(thread_gs()); /* its hidden part was loaded from the old descriptor */
	irq_restore(flags);
	return 0;
}

SYSCALL1(get_thread_area, struct user_desc __user *, user)
{
	const struct arch_tls *tls = &this_cpu(current_thread)->tls;
	struct user_desc d;
	u32 entry;

	if (get_user(entry, &user->entry_number))
		return -EFAULT;
	if (entry - GDT_TLS >= GDT_TLS_ENTRIES)
		return -EINVAL;
	d = user_desc_decode(entry, tls->descriptor[entry - GDT_TLS]);
	return copy_to_user(user, &d, sizeof(d)) ? -EFAULT : 0;
}
