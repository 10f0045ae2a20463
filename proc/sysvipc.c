/*
 * /proc/sysvipc/shm, and the limits of System V shared memory in /proc/sys/kernel.
 */
#include "fs/sysv_shm.h"
#include "kernel/initcall.h"
#include "lib/string.h"
#include "proc/proc.h"

#define MAX_SEGMENTS 32768

static int show_segments(struct seq_file *m, void *unused)
{
	struct shm_status s;
	unsigned index = 0;

	seq_puts(
		m,
		"       key      shmid perms                  size  cpid  lpid nattch   uid   gid  "
		"cuid  cgid      atime      dtime      ctime                   rss"
		"                  swap\n");
	while (shm_next(&index, &s)) {
		const struct ipc64_perm *p = &s.ds.shm_perm;

		seq_printf(m,
			   "%10d %10d  %4o %21lu %5u %5u  %5lu %5u %5u %5u %5u %10llu %10llu "
			   "%10llu %21lu %21lu\n",
			   p->key, s.id, p->mode, (unsigned long)s.ds.shm_segsz, s.ds.shm_cpid,
			   s.ds.shm_lpid, (unsigned long)s.ds.shm_nattch, p->uid, p->gid, p->cuid,
			   p->cgid, (unsigned long long)s.ds.shm_atime,
			   (unsigned long long)s.ds.shm_dtime, (unsigned long long)s.ds.shm_ctime,
			   s.resident << PAGE_SHIFT, s.swapped << PAGE_SHIFT);
	}
	return 0;
}

static int show_limit(struct seq_file *m, void *limit)
{
	seq_printf(m, "%lu\n", *(unsigned long *)limit);
	return 0;
}

/* All 64 bits are a number here: proc_create_number()'s end at half of them. */
static int write_limit(char *text, size_t bytes, void *limit)
{
	const char *end;
	unsigned long value;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	value = parse_number(text, &end);
	if (*end && *end != '\n')
		return -EINVAL;
	WRITE_ONCE(*(unsigned long *)limit, value);
	return 0;
}

static int rmid_forced_changed(s64 now)
{
	if (now) {
		WRITE_ONCE(sysctl_shm_rmid_forced, 1);
		shm_destroy_orphans();
	}
	return 0;
}

static const struct proc_number numbers[] = {
	PROC_NUMBER("sys/kernel/shmmni", sysctl_shmmni, 0, MAX_SEGMENTS, NULL),
	PROC_NUMBER("sys/kernel/shm_rmid_forced", sysctl_shm_rmid_forced, 0, 1,
		    rmid_forced_changed),
};

static int sysvipc_init(void)
{
	for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++)
		proc_create_number(&numbers[i], 0644);
	proc_create("sysvipc/shm", 0444, show_segments, NULL, NULL);
	proc_create("sys/kernel/shmmax", 0644, show_limit, write_limit, &sysctl_shmmax);
	proc_create("sys/kernel/shmall", 0644, show_limit, write_limit, &sysctl_shmall);
	return 0;
}
INITCALL(INIT_LATE, sysvipc_init);
