/*
 * System V shared memory.
 */
#include <sys/ipc.h>
#include <sys/shm.h>

#include "compare.h"

#define shmget(key, size, flags) sys3(SYS_shmget, key, size, flags)
#define shmat(id, at, flags)     sys3(SYS_shmat, id, at, flags)
#define shmdt(at)                sys1(SYS_shmdt, at)
#define shmctl(id, what, buffer) sys3(SYS_shmctl, id, what, buffer)

static int make(long pages)
{
	return shmget(IPC_PRIVATE, pages * P, IPC_CREAT | 0600);
}

CASE(attach_and_detach)
{
	int id = make(4);

	show(shmat(id, at(0), 0));
	maps();
	vm_flags();
	fill(0, 4);
	show(shmat(id, at(8), 0));
	bytes(8, 4);
	*at(8) = 'Z';
	bytes(0, 4);
	show(shmdt(at(0)));
	maps();
	bytes(8, 4);
	show(shmdt(at(0)));
	show(shmctl(id, IPC_RMID, 0));
	bytes(8, 4);
	show(shmat(id, at(0), 0));
	show(shmdt(at(8)));
	show(shmat(id, at(0), 0));
	maps();
}

CASE(get_arguments)
{
	show(shmget(IPC_PRIVATE, 0, IPC_CREAT | 0600));
	show(shmget(IPC_PRIVATE, -1UL, IPC_CREAT | 0600));
	show(shmget(12345, P, 0600));
	int id = shmget(12345, 100, IPC_CREAT | 0600);
	show(id >= 0);
	show(shmget(12345, 100, 0) == id);
	show(shmget(12345, 0, 0) == id);
	show(shmget(12345, 101, 0));
	show(shmget(12345, P, 0));
	show(shmget(12345, 100, IPC_CREAT | IPC_EXCL | 0600));
	show(shmget(12345, 100, IPC_EXCL | 0600) == id);
	show(shmget(IPC_PRIVATE, 100, IPC_CREAT | IPC_EXCL | 0600) != id);
	show(shmctl(id, IPC_RMID, 0));
	show(shmctl(id, IPC_RMID, 0));
	show(shmget(12345, 100, 0));
	show(shmget(IPC_PRIVATE, P, IPC_CREAT | 04000 /* SHM_HUGETLB */ | 0600));
}

CASE(attach_arguments)
{
	int id = make(2);

	show(shmat(-1, at(0), 0));
	show(shmat(99999, at(0), 0));
	show(shmat(id, at(0) + 1, 0));
	show(shmat(id, at(0) + 100, SHM_RND));
	show(shmat(id, at(4) + 4095, SHM_RND));
	show(shmat(id, at(0), 0));
	show(shmat(id, at(1), 0));
	show(shmat(id, at(1), SHM_REMAP));
	show(shmat(id, 0, SHM_REMAP));
	show(shmat(id, at(100), SHM_RDONLY));
	show(shmat(id, at(110), SHM_EXEC));
	maps();
	touch(at(100), WRITE);
	show(mprotect(at(100), P, RW));
	vm_flags();
	show(shmat(id, 100, 0));
	show(shmat(id, 100, SHM_RND));
	show(shmat(id, 0x7ffffffff000, 0));
	show(shmctl(id, IPC_RMID, 0));
}

CASE(pieces)
{
	int id = make(8);

	show(shmat(id, at(0), 0));
	fill(0, 8);
	show(munmap(at(3), 2 * P));
	maps();
	show(mprotect(at(6), P, R));
	maps();
	show(shmdt(at(1)));
	show(shmdt(at(0) + 1));
	show(shmdt(at(0)));
	maps();
	show(shmat(id, at(0), 0));
	show(munmap(at(0), 2 * P));
	show(shmdt(at(0)));
	show(shmdt(at(2)));
	maps();
	show(shmctl(id, IPC_RMID, 0));
}

CASE(moved)
{
	int id = make(4);

	show(shmat(id, at(0), 0));
	fill(0, 4);
	show(mremap(at(0), 4 * P, 4 * P, MREMAP_MAYMOVE | MREMAP_FIXED, at(10)));
	maps();
	bytes(10, 4);
	show(shmdt(at(0)));
	show(shmdt(at(10)));
	show(shmat(id, at(0), 0));
	show(mremap(at(0), 4 * P, 6 * P, 0, 0));
	touch(at(4), READ);
	show(shmdt(at(0)));
	maps();
	show(shmctl(id, IPC_RMID, 0));
}

static void attached(int id)
{
	struct shmid_ds status;

	result(shmctl(id, IPC_STAT, &status), "stat");
	say("  size %ld attached %ld mode %o", (long)status.shm_segsz, (long)status.shm_nattch,
	    status.shm_perm.mode);
}

static int shared_id;

static void child(void)
{
	attached(shared_id);
	*at(0) = 'C';
	show(shmdt(at(0)));
	attached(shared_id);
}

CASE(counts)
{
	shared_id = make(2);
	attached(shared_id);
	show(shmat(shared_id, at(0), 0));
	attached(shared_id);
	show(shmat(shared_id, at(8), SHM_RDONLY));
	attached(shared_id);
	in_child(child);
	attached(shared_id);
	bytes(0, 2);
	show(shmctl(shared_id, IPC_RMID, 0));
	attached(shared_id);
	show(shmdt(at(0)));
	attached(shared_id);
	show(shmdt(at(8)));
	attached(shared_id);
}

CASE(rights)
{
	int id = make(1), open_to_read = shmget(IPC_PRIVATE, P, IPC_CREAT | 0444);

	be_nobody();
	show(shmat(id, at(0), 0));
	show(shmat(id, at(0), SHM_RDONLY));
	show(shmat(open_to_read, at(0), 0));
	show(shmat(open_to_read, at(0), SHM_RDONLY));
	show(shmctl(id, IPC_RMID, 0));
	show(shmctl(id, IPC_STAT, at(100)));
	attached(open_to_read);
}

CASE(control)
{
	int id = make(2);
	struct shmid_ds status;

	show(shmctl(id, 99, 0));
	show(shmctl(id, IPC_STAT, 0));
	show(shmctl(-1, IPC_STAT, &status));
	show(shmctl(id, IPC_STAT, &status));
	status.shm_perm.mode = 0400;
	show(shmctl(id, IPC_SET, &status));
	attached(id);
	show(shmctl(id, SHM_LOCK, 0));
	attached(id);
	show(shmctl(id, SHM_UNLOCK, 0));
	show(shmctl(id, IPC_RMID, 0));
}
