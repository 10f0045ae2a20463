/*
 * Calls that only 32-bit machines have: those whose times have another width than their newer
 * namesakes' (kernel/time.c tells them apart by their numbers), and those that were the first of
 * their kind and are called by old programs still.
 */
#include "kernel/process.h"
#include "kernel/signal_int.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "lib/string.h"
#include <linux/mman.h>

SYSCALL_ALIAS(clock_gettime64, clock_gettime)
SYSCALL_ALIAS(clock_settime64, clock_settime)
SYSCALL_ALIAS(clock_getres_time64, clock_getres)
SYSCALL_ALIAS(clock_nanosleep_time64, clock_nanosleep)
SYSCALL_ALIAS(futex_time64, futex)
SYSCALL_ALIAS(ppoll_time64, ppoll)
SYSCALL_ALIAS(pselect6_time64, pselect6)
SYSCALL_ALIAS(rt_sigtimedwait_time64, rt_sigtimedwait)
SYSCALL_ALIAS(sched_rr_get_interval_time64, sched_rr_get_interval)
SYSCALL_ALIAS(utimensat_time64, utimensat)
SYSCALL_ALIAS(sigreturn, rt_sigreturn) /* the machine knows which frame it is by the number */

SYSCALL3(waitpid, int, pid, int __user *, status, int, options)
{
	return syscall_table[__NR_wait4](pid, (unsigned long)status, options, 0, 0, 0);
}

SYSCALL1(nice, int, by)
{
	long nice = 20 - syscall_table[__NR_getpriority](0, 0, 0, 0, 0, 0);

	return syscall_table[__NR_setpriority](0, 0, min(max(nice + by, -20L), 19L), 0, 0, 0);
}

SYSCALL1(umount, const char __user *, target)
{
	return syscall_table[__NR_umount2]((unsigned long)target, 0, 0, 0, 0, 0);
}

/* All arguments behind one pointer: there were no six registers for them at first. */
SYSCALL1(mmap_old, const unsigned long __user *, arguments)
{
	unsigned long a[6];

	if (copy_from_user(a, arguments, sizeof(a)))
		return -EFAULT;
	if (a[5] & ~PAGE_MASK)
		return -EINVAL;
	return syscall_table[__NR_mmap](a[0], a[1], a[2], a[3], a[4], a[5] >> PAGE_SHIFT);
}

SYSCALL1(select_old, const unsigned long __user *, arguments)
{
	unsigned long a[5];

	if (copy_from_user(a, arguments, sizeof(a)))
		return -EFAULT;
	return syscall_table[__NR_select](a[0], a[1], a[2], a[3], a[4], 0);
}

/* Limits are signed there: what does not fit reads as the largest. */
SYSCALL2(getrlimit_old, unsigned, which, unsigned long __user *, to)
{
	const unsigned long most = 0x7fffffff;
	const struct rlimit64 *limit;

	if (which >= RLIM_NLIMITS)
		return -EINVAL;
	limit = &current->signal->rlim[which];
	return put_user(limit->rlim_cur > most ? most : (unsigned long)limit->rlim_cur, to) ||
			       put_user(limit->rlim_max > most ? most
							       : (unsigned long)limit->rlim_max,
					to + 1)
		       ? -EFAULT
		       : 0;
}

/* --- Signals, the first 32 only --- */

SYSCALL3(sigprocmask, int, how, const u32 __user *, new, u32 __user *, old)
{
	const u64 before = current->blocked;
	u64 mask;
	u32 low;

	if (new) {
		if (get_user(low, new))
			return -EFAULT;
		switch (how) {
		case SIG_BLOCK: mask = before | low; break;
		case SIG_UNBLOCK: mask = before & ~(u64)low; break;
		case SIG_SETMASK: mask = (before & ~0xffffffffULL) | low; break;
		default: return -EINVAL;
		}
		set_current_blocked(mask);
	}
	low = (u32)before;
	return old && put_user(low, old) ? -EFAULT : 0;
}

/* --- System V IPC through one call --- */

#define IPC_SHMAT  21
#define IPC_SHMDT  22
#define IPC_SHMGET 23
#define IPC_SHMCTL 24
#define IPC_64     0x100 /* structures of today's form, the only ones there are */

SYSCALL6(ipc, unsigned, call, int, first, unsigned long, second, unsigned long, third,
	 unsigned long, pointer, unsigned long, fifth)
{
	long result;

	switch (call & 0xffff) {
	case IPC_SHMAT:
		result = syscall_table[__NR_shmat](first, pointer, second, 0, 0, 0);
		if (IS_ERR_VALUE(result))
			return result;
		return put_user((unsigned long)result, (unsigned long __user *)third) ? -EFAULT : 0;
	case IPC_SHMDT: return syscall_table[__NR_shmdt](pointer, 0, 0, 0, 0, 0);
	case IPC_SHMGET: return syscall_table[__NR_shmget](first, second, third, 0, 0, 0);
	case IPC_SHMCTL:
		return syscall_table[__NR_shmctl](first, second & ~IPC_64, pointer, 0, 0, 0);
	default: return -ENOSYS; /* semaphores and messages: there are none */
	}
}
