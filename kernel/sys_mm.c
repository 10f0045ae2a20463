/*
 * The memory system calls: from registers to mm/space, and what that floor must know of
 * processes: their limits and rights.
 */
#include "kernel/initcall.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "mm/space/space.h"
#include "mm/swap/swap.h"
#include <linux/capability.h>
#include <linux/mman.h>

#define HUGE_2M_SHIFT 21
#define HUGE_1G_SHIFT 30

/* There is no pool of huge pages: what Linux says when the pool is empty. */
static long no_huge_pages(unsigned long addr, unsigned long len, unsigned long flags)
{
	unsigned shift = (flags >> MAP_HUGE_SHIFT) & MAP_HUGE_MASK;

	if (!shift)
		shift = HUGE_2M_SHIFT;
	if ((shift != HUGE_2M_SHIFT && shift != HUGE_1G_SHIFT) || !ALIGN_UP(len, 1UL << shift))
		return -EINVAL;
	if ((flags & MAP_FIXED) && (addr & ((1UL << shift) - 1)))
		return -EINVAL;
	return -ENOMEM;
}

SYSCALL6(mmap, unsigned long, addr, unsigned long, len, unsigned long, prot, unsigned long, flags,
	 int, fd, unsigned long, offset)
{
	struct map_source source;
	long result;

	if (!MMAP_COUNTS_PAGES) {
		if (offset & ~PAGE_MASK)
			return -EINVAL;
		offset >>= PAGE_SHIFT;
	}
	if (likely(flags & MAP_ANONYMOUS)) {
		if (unlikely(flags & MAP_HUGETLB))
			return no_huge_pages(addr, len, flags);
		return do_mmap(current->mm, addr, len, prot, flags, offset, NULL);
	}
	result = map_source_of_fd(fd, &source);
	if (result)
		return result;
	if (flags & MAP_HUGETLB)
		result = -EINVAL;
	else
		result = do_mmap(current->mm, addr, len, prot, flags, offset, &source);
	vm_file_ops.put(source.file);
	return result;
}

SYSCALL2(munmap, unsigned long, addr, unsigned long, len)
{
	return do_munmap(current->mm, addr, len);
}

SYSCALL3(mprotect, unsigned long, addr, unsigned long, len, unsigned long, prot)
{
	return do_mprotect(current->mm, addr, len, prot);
}

/* Protection keys: there are none, as on a CPU that has none. */
SYSCALL4(pkey_mprotect, unsigned long, addr, unsigned long, len, unsigned long, prot, int, key)
{
	return key == -1 ? do_mprotect(current->mm, addr, len, prot) : -EINVAL;
}

SYSCALL2(pkey_alloc, unsigned long, flags, unsigned long, rights)
{
	return flags || (rights & ~(PKEY_DISABLE_ACCESS | PKEY_DISABLE_WRITE)) ? -EINVAL : -ENOSPC;
}

SYSCALL1(pkey_free, int, key)
{
	return -EINVAL;
}

SYSCALL1(brk, unsigned long, brk)
{
	return do_brk(current->mm, brk);
}

SYSCALL5(mremap, unsigned long, addr, unsigned long, old_len, unsigned long, new_len, unsigned long,
	 flags, unsigned long, new_addr)
{
	return do_mremap(current->mm, addr, old_len, new_len, flags, new_addr);
}

SYSCALL5(remap_file_pages, unsigned long, start, unsigned long, len, unsigned long, prot,
	 unsigned long, pgoff, unsigned long, flags)
{
	return prot ? -EINVAL : do_remap_file_pages(current->mm, start, len, pgoff, flags);
}

SYSCALL3(madvise, unsigned long, addr, unsigned long, len, int, advice)
{
	return do_madvise(current->mm, addr, len, advice);
}

SYSCALL3(msync, unsigned long, addr, unsigned long, len, int, flags)
{
	return do_msync(current->mm, addr, len, flags);
}

SYSCALL3(mincore, unsigned long, addr, unsigned long, len, u8 __user *, vec)
{
	unsigned long pages = (len >> PAGE_SHIFT) + ((len & ~PAGE_MASK) != 0);
	u8 answers[256];

	if (addr & ~PAGE_MASK)
		return -EINVAL;
	if (!access_ok((const void __user *)addr, len))
		return -ENOMEM;
	if (!access_ok(vec, pages))
		return -EFAULT;
	while (pages) {
		long n = do_mincore(current->mm, addr, min(pages, sizeof(answers)), answers);

		if (n < 0)
			return n;
		if (copy_to_user(vec, answers, n))
			return -EFAULT;
		pages -= n;
		vec += n;
		addr += n << PAGE_SHIFT;
	}
	return 0;
}

SYSCALL2(mlock, unsigned long, addr, unsigned long, len)
{
	return do_mlock(current->mm, addr, len, VM_LOCKED);
}

SYSCALL3(mlock2, unsigned long, addr, unsigned long, len, int, flags)
{
	if (flags & ~MLOCK_ONFAULT)
		return -EINVAL;
	return do_mlock(current->mm, addr, len,
			VM_LOCKED | (flags & MLOCK_ONFAULT ? VM_LOCKONFAULT : 0));
}

SYSCALL2(munlock, unsigned long, addr, unsigned long, len)
{
	return do_munlock(current->mm, addr, len);
}

SYSCALL1(mlockall, int, flags)
{
	return do_mlockall(current->mm, flags);
}

SYSCALL0(munlockall)
{
	do_munlockall(current->mm);
	return 0;
}

static unsigned long current_rlimit(unsigned resource)
{
	return rlimit(resource);
}

static bool ipc_lock(void)
{
	return capable(CAP_IPC_LOCK);
}

static bool sys_admin(void)
{
	return capable(CAP_SYS_ADMIN);
}

static bool sys_rawio(void)
{
	return capable(CAP_SYS_RAWIO);
}

static int register_limits(void)
{
	space_limits.rlimit = current_rlimit;
	space_limits.capable_ipc_lock = ipc_lock;
	space_limits.capable_sys_admin = sys_admin;
	space_limits.capable_sys_rawio = sys_rawio;
	space_limits.total_swap = swap_total_pages;
	return 0;
}
INITCALL(INIT_EARLY, register_limits);
