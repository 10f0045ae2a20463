/*
 * process_vm_readv, process_vm_writev: from one program's memory to another's, without a
 * detour.
 *
 * Page by page on the remote side, as mm/space/remote.c has it.  Whoever may trace the process may do
 * this (may_trace()).  What was copied before something could not be had counts; only
 * if that is nothing the call fails.
 */
#include "kernel/cred.h"
#include "kernel/iovec.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "mm/kva/kva.h"
#include "mm/lru/lru.h"
#include "mm/slab/slab.h"

#define BOUNCE 512 /* bytes on the stack, of what is on its way to another program */

/* Read one remote page's part, [address, address + bytes): bytes done. */
static size_t read_part(struct mm_struct *mm, unsigned long address, size_t bytes,
			struct iov_iter *local, int *err)
{
	struct page *page;
	char *window;
	size_t done;

	*err = get_user_page(mm, address, false, &page);
	if (*err)
		return 0;
	window = kmap(page);
	done = copy_to_iter(window + (address & ~PAGE_MASK), bytes, local);
	kunmap(window);
	put_page(page);
	if (done < bytes)
		*err = -EFAULT;
	return done;
}

/*
 * Write it. Bytes from here may have to be faulted in, the page there must not be forked away
 * meanwhile: so they make a stop in between.
 */
static size_t write_part(struct mm_struct *mm, unsigned long address, size_t bytes,
			 struct iov_iter *local, int *err)
{
	char bounce[BOUNCE];
	size_t done = 0;

	while (done < bytes && !*err) {
		const struct iov_iter before = *local;
		const size_t part = min(bytes - done, sizeof(bounce));
		const size_t got = copy_from_iter(bounce, part, local);

		if (got < part)
			*err = -EFAULT;
		if (access_remote_vm(mm, address + done, bounce, got, ACCESS_WRITE) < got) {
			*local = before;
			*err = -EFAULT;
			break;
		}
		done += got;
	}
	return done;
}

/* One remote buffer, as much as there is room for locally: 0 or -errno, the iterator tells how far. */
static int copy_segment(struct mm_struct *mm, const struct iovec *remote, struct iov_iter *local,
			bool write)
{
	unsigned long address = (unsigned long)remote->iov_base;
	size_t left = min(remote->iov_len, local->count);
	int err = 0;

	while (left && !err) {
		const size_t part = min(left, PAGE_SIZE - (address & ~PAGE_MASK));

		if (address >= TASK_SIZE)
			return -EFAULT;
		left -= write ? write_part(mm, address, part, local, &err)
			      : read_part(mm, address, part, local, &err);
		address += part;
		if (fatal_signal_pending())
			return -EINTR;
		cond_resched();
	}
	return err;
}

/* The space of a process that the current one may look into. ERR_PTR. */
static struct mm_struct *get_traceable_mm(pid_t pid)
{
	struct task_struct *task = find_get_task(pid);
	struct mm_struct *mm;

	if (!task)
		return ERR_PTR(-ESRCH);
	mm = get_task_mm(task);
	if (!mm) {
		mm = ERR_PTR(-ESRCH);
	} else if (mm != current->mm && !may_trace(task)) {
		mmput(mm);
		mm = ERR_PTR(-EPERM);
	}
	put_task(task);
	return mm;
}

static long copy_all(pid_t pid, const struct iovec *remote, unsigned long n, struct iov_iter *local,
		     bool write)
{
	const size_t asked = local->count;
	struct mm_struct *mm;
	size_t bytes = 0;
	int err = 0;

	for (unsigned long i = 0; i < n; i++)
		bytes |= remote[i].iov_len;
	if (!bytes)
		return 0;
	mm = get_traceable_mm(pid);
	if (IS_ERR(mm))
		return PTR_ERR(mm);
	for (unsigned long i = 0; i < n && local->count && !err; i++)
		err = copy_segment(mm, &remote[i], local, write);
	mmput(mm);
	return asked > local->count ? (long)(asked - local->count) : err;
}

static long process_vm_rw(pid_t pid, const struct iovec __user *user_local, unsigned long n_local,
			  const struct iovec __user *user_remote, unsigned long n_remote,
			  unsigned long flags, bool write)
{
	struct iovec *local, *remote;
	struct iov_iter iter;
	long result;

	if (flags)
		return -EINVAL;
	result = import_iovec(user_local, n_local, &local, &iter);
	if (result)
		return result;
	if (iter.count) {
		result = copy_iovec(user_remote, n_remote, &remote);
		if (!result) {
			result = copy_all(pid, remote, n_remote, &iter, write);
			kfree(remote);
		}
	}
	kfree(local);
	return result;
}

SYSCALL6(process_vm_readv, pid_t, pid, const struct iovec __user *, local, unsigned long, n_local,
	 const struct iovec __user *, remote, unsigned long, n_remote, unsigned long, flags)
{
	return process_vm_rw(pid, local, n_local, remote, n_remote, flags, false);
}

SYSCALL6(process_vm_writev, pid_t, pid, const struct iovec __user *, local, unsigned long, n_local,
	 const struct iovec __user *, remote, unsigned long, n_remote, unsigned long, flags)
{
	return process_vm_rw(pid, local, n_local, remote, n_remote, flags, true);
}
