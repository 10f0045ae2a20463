/*
 * System V shared memory: segments, attachments and their counts, rights, limits.
 */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/fault.h"
#include "lib/procfs.h"

#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#endif
#define KEY    0x5eed
#define PAGES  5
#define NOBODY 65534

/* musl's shmctl() declares less than the kernel has, glibc's guards SHM_INFO's struct. */
struct info {
	int used_ids;
	unsigned long total, resident, swapped, attempts, successes;
};
struct limits {
	unsigned long shmmax, shmmin, shmmni, shmseg, shmall, unused[4];
};

static int id = -1;

static int make(int key, size_t size, int flags)
{
	return id = must(shmget(key, size, flags));
}

static struct shmid_ds status(void)
{
	struct shmid_ds ds;

	must(shmctl(id, IPC_STAT, &ds));
	return ds;
}

static char *attach(const void *at, int flags)
{
	return must(shmat(id, at, flags));
}

static void expect_gone(void)
{
	struct shmid_ds ds;

	expect_errno(shmctl(id, IPC_STAT, &ds), EINVAL);
}

static void remove_segment(void)
{
	must(shmctl(id, IPC_RMID, NULL));
}

static void write_number(const char *file, unsigned long number)
{
	char text[32];
	int fd = must(open(file, O_WRONLY));

	snprintf(text, sizeof(text), "%lu\n", number);
	must(write(fd, text, strlen(text)));
	close(fd);
}

/* --- shmget --- */

static void get(void)
{
	expect_errno(shmget(KEY, 4096, 0600), ENOENT);
	make(KEY, 10000, IPC_CREAT | 0640);
	expect_equal(shmget(KEY, 0, 0), id);
	expect_equal(shmget(KEY, 10000, IPC_CREAT | 0600), id);
	expect_errno(shmget(KEY, 10001, 0), EINVAL);
	expect_errno(shmget(KEY, 10000, IPC_CREAT | IPC_EXCL), EEXIST);
	expect_errno(shmget(KEY, 10001, IPC_CREAT | IPC_EXCL), EEXIST);

	struct shmid_ds ds = status();
	expect_equal(ds.shm_segsz, 10000);
	expect_equal(ds.shm_perm.mode, 0640);
	expect_equal(ds.shm_perm.uid, geteuid());
	expect_equal(ds.shm_perm.cgid, getegid());
	expect_equal(ds.shm_cpid, getpid());
	expect_equal(ds.shm_lpid, 0);
	expect_equal(ds.shm_nattch, 0);
	expect_equal(ds.shm_atime, 0);
	expect_equal(ds.shm_dtime, 0);
	expect_between(ds.shm_ctime, time(NULL) - 2, time(NULL));
	remove_segment();
	expect_gone();
	expect_errno(shmget(KEY, 0, 0), ENOENT);

	int first = make(IPC_PRIVATE, 1, 0600), second = make(IPC_PRIVATE, 1, 0600);
	expect(first != second);
	remove_segment();
	id = first;
	remove_segment();
}

static void sizes(void)
{
	expect_errno(shmget(IPC_PRIVATE, 0, 0600), EINVAL);
	expect_errno(shmget(KEY, 0, IPC_CREAT | 0600), EINVAL);
	expect_errno(shmget(IPC_PRIVATE, ULONG_MAX, 0600), EINVAL);
	if (read_number("/proc/meminfo", "MemTotal") < LONG_MAX / 1024) /* else it is there */
		expect_errno(shmget(IPC_PRIVATE, LONG_MAX, 0600), ENOMEM);
	/* Memory that is only used if it is touched may be promised; the promise is broken late. */
	make(IPC_PRIVATE, sizeof(long) == 8 ? ULONG_MAX >> 24 : 1UL << 30, 0600 | SHM_NORESERVE);
	remove_segment();
}

static void huge(void)
{
	expect_errno(shmget(IPC_PRIVATE, 2 << 20, 0600 | SHM_HUGETLB), ENOMEM);
}

static void ids_are_not_reused(void)
{
	int first = make(IPC_PRIVATE, 1, 0600);

	remove_segment();
	for (int i = 0; i < 200; i++) {
		make(IPC_PRIVATE, 1, 0600);
		expect(id != first);
		remove_segment();
	}
}

/* --- shmat, shmdt --- */

static void attach_and_detach(void)
{
	make(IPC_PRIVATE, PAGES * page_size - 100, 0600);
	char *a = attach(NULL, 0), *b = attach(NULL, SHM_RDONLY);
	struct shmid_ds ds = status();

	expect(a != b);
	expect_equal(ds.shm_nattch, 2);
	expect_equal(ds.shm_lpid, getpid());
	expect_between(ds.shm_atime, time(NULL) - 2, time(NULL));
	strcpy(a + page_size, "shared");
	expect_string(b + page_size, "shared");
	a[PAGES * page_size - 1] = 1; /* the last page is there as a whole */
	expect_fault(b, WRITE, SIGSEGV, SEGV_ACCERR);
	expect_errno(mprotect(b, page_size, PROT_READ | PROT_WRITE), EACCES);
	must(shmdt(b));
	expect_equal(status().shm_nattch, 1);
	expect_errno(shmdt(b), EINVAL);
	expect_errno(shmdt(a + page_size), EINVAL);
	expect_errno(shmdt(a + 1), EINVAL);
	must(shmdt(a));
	expect_equal(status().shm_nattch, 0);
	expect_between(status().shm_dtime, time(NULL) - 2, time(NULL));
	expect_fault(a, READ, SIGSEGV, SEGV_MAPERR);
	a = attach(NULL, 0);
	expect_string(a + page_size, "shared"); /* it outlives its attachments */
	must(shmdt(a));
	remove_segment();
	expect_errno(shmat(id, NULL, 0), EINVAL);
	expect_errno(shmat(-1, NULL, 0), EINVAL);
}

static void addresses(void)
{
	char *room =
		must(mmap(NULL, 16 * page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	make(IPC_PRIVATE, 2 * page_size, 0600);
	expect_errno(shmat(id, room, 0), EINVAL); /* something is there */
	expect_errno(shmat(id, room - page_size, 0), EINVAL);
	expect_errno(shmat(id, NULL, SHM_REMAP), EINVAL);
	expect_errno(shmat(id, (void *)1, SHM_REMAP | SHM_RND), EINVAL);
	expect_errno(shmat(id, room + 1, SHM_REMAP), EINVAL);
	expect_errno(shmat(id, (void *)-4096L, 0), EINVAL);
	expect_errno(shmat(id, (void *)-8192L, SHM_REMAP), ENOMEM);
	expect(attach(room + 4 * page_size, SHM_REMAP) == room + 4 * page_size);
	room[5 * page_size] = 1;
	expect_fault(room + 6 * page_size, WRITE, SIGSEGV, SEGV_ACCERR);
	must(munmap(room + 10 * page_size, 4 * page_size));
	expect(attach(room + 11 * page_size + 5, SHM_RND) == room + 11 * page_size);
	expect_equal(room[12 * page_size], 1);
	expect_equal(status().shm_nattch, 2);
	must(munmap(room, 16 * page_size));
	expect_equal(status().shm_nattch, 0);
	remove_segment();
}

static void executable(void)
{
	make(IPC_PRIVATE, page_size, 0700);
	char *code = attach(NULL, SHM_EXEC);
	struct mapping mapping;

	code[0] = (char)0xc3; /* ret */
	expect_no_fault(code, EXECUTE);
	expect(find_mapping(code, &mapping));
	expect_string(mapping.permissions, "rwxs");
	must(shmdt(code));
	remove_segment();
}

/* A hole cut into an attachment makes two; shmdt takes both. */
static void pieces(void)
{
	make(IPC_PRIVATE, PAGES * page_size, 0600);
	char *a = attach(NULL, 0);

	must(munmap(a + 2 * page_size, page_size));
	expect_equal(status().shm_nattch, 2);
	must(mprotect(a, page_size, PROT_READ));
	expect_equal(status().shm_nattch, 3);
	must(mprotect(a, page_size, PROT_READ | PROT_WRITE));
	must(shmdt(a));
	expect_equal(status().shm_nattch, 0);
	expect_equal(count_mappings(a, a + PAGES * page_size), 0);

	/* Without its first page there is nothing where it was attached, but it is found all the same. */
	a = attach(NULL, 0);
	must(munmap(a, page_size));
	must(shmdt(a));
	expect_equal(status().shm_nattch, 0);

	/* What else stands in its range is left alone. */
	a = attach(NULL, 0);
	must(mmap(a + page_size, page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		  0));
	must(shmdt(a));
	expect_equal(count_mappings(a, a + PAGES * page_size), 1);
	must(munmap(a + page_size, page_size));
	remove_segment();
}

static void moved(void)
{
	make(IPC_PRIVATE, PAGES * page_size, 0600);
	char *a = attach(NULL, 0), *b;

	strcpy(a, "moved");
	b = must(mmap(NULL, PAGES * page_size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	b = must(mremap(a, PAGES * page_size, PAGES * page_size, MREMAP_MAYMOVE | MREMAP_FIXED, b));
	expect_equal(status().shm_nattch, 1);
	expect_string(b, "moved");
	expect_errno(shmdt(a), EINVAL);
	/* Growing works in place, beyond the segment's end is nothing. */
	must(munmap(must(mremap(b, PAGES * page_size, 2 * PAGES * page_size, MREMAP_MAYMOVE)),
		    2 * PAGES * page_size));
	expect_equal(status().shm_nattch, 0);
	remove_segment();
}

static void names(void)
{
	struct mapping mapping;
	char wanted[64];

	make(KEY, page_size, IPC_CREAT | 0600);
	char *a = attach(NULL, 0);

	expect(find_mapping(a, &mapping));
	expect_string(mapping.permissions, "rw-s");
	snprintf(wanted, sizeof(wanted), "/SYSV%08x (deleted)", KEY);
	expect_string(mapping.name, wanted);

	/* The number of the inode is the segment's. */
	char *line = strstr(read_text("/proc/self/maps"), wanted);
	while (line[-1] == ' ')
		line--;
	while (line[-1] != ' ')
		line--;
	expect_equal(atoi(line), id);
	remove_segment();
	must(shmdt(a));
}

/* --- counts over the life of processes --- */

static char *inherited;

static void look_and_exit(void)
{
	expect_equal(status().shm_nattch, 2);
	expect_equal(*inherited, 7);
	*inherited = 8;
	must(shmdt(inherited));
	expect_equal(status().shm_nattch, 1);
	expect_equal(status().shm_lpid, getpid());
}

static void exit_attached(void)
{
	expect_equal(status().shm_nattch, 2);
}

static void exec_attached(void)
{
	must(execl("/proc/self/exe", "suite", "no such test", NULL));
}

static void counts(void)
{
	make(IPC_PRIVATE, page_size, 0600);
	inherited = attach(NULL, 0);
	*inherited = 7;
	expect_child_ok(look_and_exit);
	expect_equal(*inherited, 8);
	expect_child_ok(exit_attached);
	expect_equal(status().shm_nattch, 1);
	wait_child(start_child(exec_attached));
	expect_equal(status().shm_nattch, 1);
	must(shmdt(inherited));
	remove_segment();
}

static void child_uses_removed(void)
{
	expect_equal(*inherited, 9);
	char *again = must(shmat(id, NULL, 0)); /* by number it can still be had */
	expect_equal(*again, 9);
	expect_equal(status().shm_nattch, 3);
}

static void removed_while_attached(void)
{
	make(KEY, page_size, IPC_CREAT | 0600);
	inherited = attach(NULL, 0);
	*inherited = 9;
	remove_segment();
	expect_equal(status().shm_perm.mode, 0600 | SHM_DEST);
	expect_errno(shmget(KEY, 0, 0), ENOENT);
	expect_child_ok(child_uses_removed);
	expect_equal(status().shm_nattch, 1);
	expect_equal(*inherited, 9);
	must(shmdt(inherited));
	expect_gone();
}

static void memory_comes_back(void)
{
	const long pages = 500;

	make(IPC_PRIVATE, pages * page_size, 0600);
	char *a = attach(NULL, 0);
	long before = read_number("/proc/meminfo", "Shmem");

	memset(a, 1, pages * page_size);
	expect_between(read_number("/proc/meminfo", "Shmem"), before + pages * 4 - 200,
		       before + pages * 4 + 100);
	remove_segment();
	must(shmdt(a));
	expect_between(read_number("/proc/meminfo", "Shmem"), before - 200, before + 200);
}

/* --- rights --- */

static void become_nobody(void)
{
	must(setgid(NOBODY));
	must(setuid(NOBODY));
}

static void without_rights(void)
{
	struct shmid_ds ds = status();

	become_nobody();
	expect_errno(shmat(id, NULL, 0), EACCES);
	expect_errno(shmat(id, NULL, SHM_RDONLY | SHM_EXEC), EACCES);
	must(shmat(id, NULL, SHM_RDONLY));
	expect_errno(shmget(KEY, 0, 0200), EACCES);
	expect_errno(shmget(KEY, 0, 0002), EACCES);
	expect_equal(shmget(KEY, 0, 0400), id);
	must(shmctl(id, IPC_STAT, &ds));
	expect_errno(shmctl(id, IPC_SET, &ds), EPERM);
	expect_errno(shmctl(id, IPC_RMID, NULL), EPERM);
	expect_errno(shmctl(id, SHM_LOCK, NULL), EPERM);
	expect_errno(shmctl(id, SHM_UNLOCK, NULL), EPERM);
}

static void with_no_rights(void)
{
	struct shmid_ds ds;

	become_nobody();
	expect_errno(shmctl(id, IPC_STAT, &ds), EACCES);
	expect_errno(shmat(id, NULL, SHM_RDONLY), EACCES);
}

static void as_owner(void)
{
	struct shmid_ds ds;

	become_nobody();
	must(shmctl(id, IPC_STAT, &ds));
	ds.shm_perm.mode = 01777;
	must(shmctl(id, IPC_SET, &ds));
	expect_equal(status().shm_perm.mode, 0777);
	must(shmctl(id, SHM_LOCK, NULL));
	expect_equal(status().shm_perm.mode, 0777 | SHM_LOCKED);
	must(shmctl(id, IPC_RMID, NULL));
}

static void rights(void)
{
	struct shmid_ds ds;

	make(KEY, page_size, IPC_CREAT | 0644);
	expect_child_ok(without_rights);
	ds = status();
	ds.shm_perm.mode = 0640;
	must(shmctl(id, IPC_SET, &ds));
	expect_child_ok(with_no_rights);
	must(shmdt(attach(NULL, 0))); /* root may all */
	ds.shm_perm.uid = NOBODY;
	must(shmctl(id, IPC_SET, &ds));
	expect_child_ok(as_owner);
	expect_gone();
}

/* --- shmctl, /proc --- */

static void info(void)
{
	struct limits limits;
	struct info now;
	int highest = must(shmctl(0, IPC_INFO, (void *)&limits)), found = -1;

	expect_equal(limits.shmmax, ULONG_MAX - (1UL << 24));
	expect_equal(limits.shmall, ULONG_MAX - (1UL << 24));
	expect_equal(limits.shmmin, 1);
	expect_equal(limits.shmmni, 4096);
	expect_equal(limits.shmseg, 4096);
	expect_equal(highest, 0);

	make(IPC_PRIVATE, PAGES * page_size, 0600);
	char *a = attach(NULL, 0);
	memset(a, 1, 3 * page_size);
	highest = must(shmctl(0, SHM_INFO, (void *)&now));
	expect_equal(now.used_ids, 1);
	expect_equal(now.total, PAGES);
	expect_equal(now.resident, 3);
	for (int i = 0; i <= highest; i++) {
		struct shmid_ds ds;

		if (shmctl(i, SHM_STAT, &ds) == id && ds.shm_nattch == 1)
			found = i;
	}
	expect_equal(found, highest);
	expect_errno(shmctl(highest + 1, SHM_STAT, (void *)&now), EINVAL);
	expect_errno(shmctl(highest + 100000, SHM_STAT, (void *)&now), EINVAL);
	expect_errno(shmctl(id, 99, NULL), EINVAL);
	expect_errno(shmctl(-1, IPC_STAT, (void *)&now), EINVAL);
	expect_errno(syscall(SYS_shmctl, id, IPC_STAT & 0xff, NULL), EFAULT);
	expect_errno(syscall(SYS_shmctl, id, IPC_SET, NULL), EFAULT);
	must(shmctl(id, SHM_LOCK, NULL));
	expect_equal(status().shm_perm.mode, 0600 | SHM_LOCKED);
	must(shmctl(id, SHM_UNLOCK, NULL));
	expect_equal(status().shm_perm.mode, 0600);
	must(shmdt(a));
	remove_segment();
}

static void proc(void)
{
	const char *heads =
		"       key      shmid perms                  size  cpid  lpid nattch   uid"
		"   gid  cuid  cgid      atime      dtime      ctime"
		"                   rss                  swap\n";
	char wanted[300];
	struct shmid_ds ds;

	make(KEY, PAGES * page_size - 1, IPC_CREAT | 0604);
	char *a = attach(NULL, 0);
	*a = 1;
	ds = status();
	snprintf(wanted, sizeof(wanted),
		 "%10d %10d  %4o %21lu %5u %5u  %5lu %5u %5u %5u %5u %10lu %10lu %10lu %21lu "
		 "%21lu\n",
		 KEY, id, 0604, PAGES * page_size - 1, getpid(), getpid(), 1UL, 0, 0, 0, 0,
		 (long)ds.shm_atime, (long)ds.shm_dtime, (long)ds.shm_ctime, page_size, 0UL);
	char *text = read_text("/proc/sysvipc/shm");
	expect_equal(strncmp(text, heads, strlen(heads)), 0);
	expect_string(text + strlen(heads), wanted);
	must(shmdt(a));
	remove_segment();
	expect_string(read_text("/proc/sysvipc/shm"), heads);
}

static void limits(void)
{
	int ids[2];

	write_number("/proc/sys/kernel/shmmax", 8191);
	expect_errno(shmget(IPC_PRIVATE, 8192, 0600), EINVAL);
	write_number("/proc/sys/kernel/shmmax", ULONG_MAX - (1UL << 24));
	expect_string(read_text("/proc/sys/kernel/shmmax"),
		      sizeof(long) == 8 ? "18446744073692774399\n" : "4278190079\n");

	write_number("/proc/sys/kernel/shmall", 3);
	ids[0] = make(IPC_PRIVATE, 8192, 0600);
	expect_errno(shmget(IPC_PRIVATE, 8192, 0600), ENOSPC);
	ids[1] = make(IPC_PRIVATE, 1, 0600);
	write_number("/proc/sys/kernel/shmall", ULONG_MAX - (1UL << 24));

	write_number("/proc/sys/kernel/shmmni", 2);
	expect_errno(shmget(IPC_PRIVATE, 1, 0600), ENOSPC);
	write_number("/proc/sys/kernel/shmmni", 4096);
	expect_string(read_text("/proc/sys/kernel/shmmni"), "4096\n");
	for (int i = 0; i < 2; i++)
		must(shmctl(ids[i], IPC_RMID, NULL));
}

static void make_and_exit(void)
{
	FILE *f = fopen("/tmp-shm-id", "w");

	fprintf(f, "%d", make(IPC_PRIVATE, 1, 0600));
	fclose(f);
}

static void rmid_forced(void)
{
	expect_string(read_text("/proc/sys/kernel/shm_rmid_forced"), "0\n");
	expect_child_ok(make_and_exit);
	id = atoi(read_text("/tmp-shm-id"));
	status(); /* still there */
	write_number("/proc/sys/kernel/shm_rmid_forced", 1);
	expect_gone();
	make(IPC_PRIVATE, 1, 0600);
	must(shmdt(attach(NULL, 0)));
	expect_gone(); /* the last detach ends it */
	expect_child_ok(make_and_exit);
	id = atoi(read_text("/tmp-shm-id"));
	expect_gone();
	write_number("/proc/sys/kernel/shm_rmid_forced", 0);
	unlink("/tmp-shm-id");
}

int main(void)
{
	run("shm-get", get);
	run("shm-sizes", sizes);
	run("shm-huge", huge);
	run("shm-ids-are-not-reused", ids_are_not_reused);
	run("shm-attach", attach_and_detach);
	run("shm-addresses", addresses);
	run("shm-executable", executable);
	run("shm-pieces", pieces);
	run("shm-moved", moved);
	run("shm-names", names);
	run("shm-counts", counts);
	run("shm-removed-while-attached", removed_while_attached);
	run("shm-memory-comes-back", memory_comes_back);
	run("shm-rights", rights);
	run("shm-info", info);
	run("shm-proc", proc);
	run("shm-limits", limits);
	run("shm-rmid-forced", rmid_forced);
	return finish();
}
