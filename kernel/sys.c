/*
 * System calls that ask about or set simple things of a process or of the machine.
 */
#include "kernel/process.h"
#include "kernel/sched.h"
#include "kernel/syscall.h"
#include "kernel/time.h"
#include "lib/div.h"
#include "lib/string.h"
#include "mm/cache/cache.h"
#include "mm/frame/frame.h"
#include "mm/swap/swap.h"
#include <linux/capability.h>
#include <linux/personality.h>
#include <linux/sysinfo.h>

/* --- Numbers --- */

SYSCALL0(getpid)
{
	return current->tgid;
}

SYSCALL0(gettid)
{
	return current->pid;
}

SYSCALL0(getppid)
{
	/* Without a lock: a parent's struct is freed by epoch only. */
	return task_parent(current->group_leader)->tgid;
}

/* --- The processor --- */

SYSCALL3(getcpu, unsigned __user *, cpu, unsigned __user *, node, void __user *, unused)
{
	unsigned here = cpu_id();

	if ((cpu && put_user(here, cpu)) || (node && put_user((unsigned)cpu_to_node(here), node)))
		return -EFAULT;
	return 0;
}

SYSCALL1(personality, unsigned, persona)
{
	u32 old = current->personality;

	if (persona != 0xffffffff)
		current->personality = persona;
	return old;
}

/* --- The machine --- */

SYSCALL1(sysinfo, struct sysinfo __user *, to)
{
	const unsigned shift = SI_LOAD_SHIFT - LOAD_SHIFT;
	/* In bytes, unless a word is too short for them. */
	const unsigned unit = totalram_pages() >> (BITS_PER_LONG - PAGE_SHIFT) ? PAGE_SHIFT : 0;
	const unsigned page = PAGE_SHIFT - unit;
	unsigned long load[3];
	struct sysinfo info;

	memset(&info, 0, sizeof(info));
	info.uptime = div_u64(ktime_ns() + NSEC_PER_SEC - 1, NSEC_PER_SEC, NULL);
	get_loadavg(load);
	for (unsigned i = 0; i < 3; i++)
		info.loads[i] = load[i] << shift;
	info.totalram = totalram_pages() << page;
	info.freeram = nr_free_pages() << page;
	info.sharedram = global_node_stat(NR_SHMEM) << page;
	info.bufferram = cache_buffer_pages() << page;
	info.totalhigh = totalhigh_pages() << page;
	info.freehigh = nr_free_highpages() << page;
	info.totalswap = swap_total_pages() << page;
	info.freeswap = swap_free_pages() << page;
	info.procs = nr_threads();
	info.mem_unit = 1U << unit;
	return copy_to_user(to, &info, sizeof(info)) ? -EFAULT : 0;
}

/* --- Limits --- */

static int set_limit(struct task_struct *t, unsigned which, const struct rlimit64 *new)
{
	struct rlimit64 *limit = &t->signal->rlim[which];

	if (new->rlim_cur > new->rlim_max)
		return -EINVAL;
	if (which == RLIMIT_NOFILE && new->rlim_max > 1048576)
		return -EPERM;
	if (new->rlim_max > limit->rlim_max && !capable(CAP_SYS_RESOURCE))
		return -EPERM;
	*limit = *new;
	return 0;
}

SYSCALL4(prlimit64, int, pid, unsigned, which, const struct rlimit64 __user *, new,
	 struct rlimit64 __user *, old)
{
	struct rlimit64 limit, before;
	struct task_struct *t;
	int err = 0;

	if (which >= RLIM_NLIMITS)
		return -EINVAL;
	if (new &&copy_from_user(&limit, new, sizeof(limit)))
		return -EFAULT;
	t = find_get_task(pid ? pid : current->pid);
	if (!t)
		return -ESRCH;
	if (t->signal != current->signal && t->cred.uid != current->cred.uid &&
	    !capable(CAP_SYS_RESOURCE))
		err = -EPERM;
	before = t->signal->rlim[which];
	if (!err && new)
		err = set_limit(t, which, &limit);
	put_task(t);
	if (!err && old && copy_to_user(old, &before, sizeof(before)))
		err = -EFAULT;
	return err;
}

struct user_rlimit {
	unsigned long cur, max;
};

static unsigned long to_word(u64 limit)
{
	return limit > ~0UL ? ~0UL : (unsigned long)limit;
}

static u64 from_word(unsigned long limit)
{
	return limit == ~0UL ? RLIM64_INFINITY : limit;
}

SYSCALL2(getrlimit, unsigned, which, struct user_rlimit __user *, to)
{
	struct user_rlimit limit;

	if (which >= RLIM_NLIMITS)
		return -EINVAL;
	limit.cur = to_word(current->signal->rlim[which].rlim_cur);
	limit.max = to_word(current->signal->rlim[which].rlim_max);
	return copy_to_user(to, &limit, sizeof(limit)) ? -EFAULT : 0;
}

SYSCALL2(setrlimit, unsigned, which, const struct user_rlimit __user *, from)
{
	struct user_rlimit limit;
	struct rlimit64 new;

	if (which >= RLIM_NLIMITS)
		return -EINVAL;
	if (copy_from_user(&limit, from, sizeof(limit)))
		return -EFAULT;
	new.rlim_cur = from_word(limit.cur);
	new.rlim_max = from_word(limit.max);
	return set_limit(current, which, &new);
}
