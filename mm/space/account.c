/*
 * What a space may have: promises of memory, and limits.
 *
 * A private writable page may one day need a frame of its own, a shared anonymous one
 * certainly will; mmap promises it long before. Committed is the sum of all such promises
 * (Committed_AS), kept for each CPU as a small difference to one shared sum, so that a
 * promise costs an addition. The mode (overcommit_memory) says which promises
 * are given:
 *
 *	0  any single one that RAM and swap together could keep
 *	1  all
 *	2  those that keep the sum within the commit limit: ratio % of RAM (or a number of
 *	   KiB) plus swap, less a reserve for the administrator (unless it is he who asks) and
 *	   one for every program, so that a person can still log in and kill something
 *
 * Who promises marks the area VM_ACCOUNT, and takes it back when the area goes; what
 * tmpfs holds it accounts for itself.
 *
 * The other limits are the process's own: address space, data, locked memory, number of
 * areas. Sizes are in pages.
 */
#include "mm/space/areas.h"

int sysctl_overcommit_memory; /* 0 */
int sysctl_overcommit_ratio = 50;
unsigned long sysctl_overcommit_kbytes;
unsigned long sysctl_max_map_count = 65530;
unsigned long sysctl_mmap_min_addr = 65536;
unsigned long sysctl_user_reserve_kbytes = 131072;
unsigned long sysctl_admin_reserve_kbytes = 8192;
struct space_limits space_limits;

#define KB_PAGES(kbytes) ((kbytes) >> (PAGE_SHIFT - 10))
#define COMMIT_FOLD      1024 /* pages a CPU keeps to itself at most */

static unsigned long ram_at_boot;             /* pages; there is never less */
static long committed_sum;                    /* atomic */
static DEFINE_PER_CPU(long, committed_delta); /* of this CPU, not yet in the sum */

void vm_commit(long pages)
{
	long *delta = &this_cpu(committed_delta);

	*delta += pages;
	if (unlikely(*delta > COMMIT_FOLD || *delta < -COMMIT_FOLD)) {
		fetch_add(&committed_sum, *delta);
		*delta = 0;
	}
}

long vm_committed(void)
{
	long sum = READ_ONCE(committed_sum);
	unsigned cpu;

	for_each_online_cpu (cpu)
		sum += READ_ONCE(per_cpu(committed_delta, cpu));
	return max(sum, 0L);
}

static unsigned long total_swap(void)
{
	return space_limits.total_swap ? space_limits.total_swap() : 0;
}

unsigned long vm_commit_limit(void)
{
	const unsigned long ram = sysctl_overcommit_kbytes
					  ? KB_PAGES(sysctl_overcommit_kbytes)
					  : totalram_pages() * sysctl_overcommit_ratio / 100;

	return ram + total_swap();
}

static bool within_limit(const struct mm_struct *mm)
{
	long allowed = vm_commit_limit();

	if (!space_limits.capable_sys_admin || !space_limits.capable_sys_admin())
		allowed -= KB_PAGES(sysctl_admin_reserve_kbytes);
	if (mm)
		allowed -= min(mm->total_vm / 32, KB_PAGES(sysctl_user_reserve_kbytes));
	return vm_committed() < allowed;
}

bool vm_may_promise(unsigned long pages)
{
	return sysctl_overcommit_memory != 0 || pages <= ram_at_boot ||
	       pages <= totalram_pages() + total_swap();
}

int vm_account(struct mm_struct *mm, unsigned long pages)
{
	bool given;

	vm_commit(pages);
	given = sysctl_overcommit_memory == 2 ? within_limit(mm) : vm_may_promise(pages);
	if (given)
		return 0;
	vm_commit(-(long)pages);
	return -ENOMEM;
}

void vm_unaccount(unsigned long pages)
{
	vm_commit(-(long)pages);
}

void account_init(void)
{
	/* A machine too small for the usual reserves keeps a thirty-second part of its memory. */
	const unsigned long part = (nr_free_pages() << (PAGE_SHIFT - 10)) / 32;

	ram_at_boot = totalram_pages();
	sysctl_user_reserve_kbytes = min(sysctl_user_reserve_kbytes, part);
	sysctl_admin_reserve_kbytes = min(sysctl_admin_reserve_kbytes, part);
}

/* --- the process's limits --- */

bool can_mlock(void)
{
	return space_rlimit(RLIMIT_MEMLOCK) != 0 ||
	       (space_limits.capable_ipc_lock && space_limits.capable_ipc_lock());
}

bool may_lock_more(const struct mm_struct *mm, unsigned long pages)
{
	return mm->locked_vm + pages <= space_rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT ||
	       (space_limits.capable_ipc_lock && space_limits.capable_ipc_lock());
}
