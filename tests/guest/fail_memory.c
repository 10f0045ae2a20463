/*
 * Memory system calls with each of their allocations failing once: they fail properly
 * or do without, leave everything as it was, and lose nothing.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/failing.h"
#include "lib/procfs.h"

#define PAGES 16L
#define BIG   (64L << 20)
#define RW    (PROT_READ | PROT_WRITE)
#define ANON  (MAP_PRIVATE | MAP_ANONYMOUS)

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

static char *area, *other; /* of PAGES pages */
static void *made;         /* by the operation */
static int fd = -1, id;

static char *page(long n)
{
	return area + n * page_size;
}

/* --- before and after --- */

/* By itself between two areas that it cannot be merged with. */
static char *new_area(int prot, int flags, int file)
{
	char *room =
		must(mmap(NULL, (PAGES + 2) * page_size, PROT_NONE, ANON | MAP_NORESERVE, -1, 0));

	return must(mmap(room + page_size, PAGES * page_size, prot, flags | MAP_FIXED, file, 0));
}

static void remove_area(char *at)
{
	must(munmap(at - page_size, (PAGES + 2) * page_size));
}

static void anonymous_area(void)
{
	area = new_area(RW, ANON, -1);
}

static void touched_area(void)
{
	anonymous_area();
	memset(area, 1, PAGES * page_size);
}

static void two_areas(void)
{
	touched_area();
	other = new_area(PROT_READ, ANON, -1);
}

static void shared_area(void)
{
	area = new_area(RW, MAP_SHARED | MAP_ANONYMOUS, -1);
	memset(area, 1, PAGES * page_size);
}

static void fresh_file(void)
{
	fd = must(memfd_create("file", 0));
	must(ftruncate(fd, PAGES * page_size));
}

static void file_area(void)
{
	fresh_file();
	must(pwrite(fd, "x", 1, 0));
	area = new_area(RW, MAP_SHARED, fd);
}

static void private_file_area(void)
{
	fresh_file();
	must(pwrite(fd, "x", 1, 0));
	area = new_area(RW, MAP_PRIVATE, fd);
}

static void no_area(bool succeeded)
{
	(void)succeeded;
	remove_area(area);
}

static void no_areas(bool succeeded)
{
	no_area(succeeded);
	remove_area(other);
}

static void no_file(bool succeeded)
{
	(void)succeeded;
	close(fd);
}

static void no_file_area(bool succeeded)
{
	no_area(succeeded);
	close(fd);
}

static void unmap_made(bool succeeded)
{
	if (succeeded)
		must(munmap(made, PAGES * page_size));
}

static long note(void *at)
{
	made = at;
	return at == MAP_FAILED ? -1 : 0;
}

/* --- mmap --- */

static long map_anonymous(void)
{
	return note(mmap(NULL, PAGES * page_size, RW, ANON, -1, 0));
}

static long map_shared(void)
{
	return note(mmap(NULL, PAGES * page_size, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

static long map_populated(void)
{
	return note(mmap(NULL, PAGES * page_size, RW, ANON | MAP_POPULATE, -1, 0));
}

static long map_locked(void)
{
	return note(mmap(NULL, PAGES * page_size, RW, ANON | MAP_LOCKED, -1, 0));
}

static long map_stack(void)
{
	return note(mmap(NULL, PAGES * page_size, RW, ANON | MAP_GROWSDOWN | MAP_STACK, -1, 0));
}

static long map_file_shared(void)
{
	return note(mmap(NULL, PAGES * page_size, RW, MAP_SHARED, fd, 0));
}

static long map_file_private(void)
{
	return note(mmap(NULL, PAGES * page_size, RW, MAP_PRIVATE | MAP_POPULATE, fd, 0));
}

static void open_zero(void)
{
	fd = must(open("/dev/zero", O_RDWR));
}

static void unmap_made_and_file(bool succeeded)
{
	unmap_made(succeeded);
	close(fd);
}

static long map_over_middle(void)
{
	return note(mmap(page(4), 4 * page_size, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED,
			 -1, 0));
}

static long map_over_end(void)
{
	return note(mmap(page(8), 9 * page_size, PROT_READ, ANON | MAP_FIXED, -1, 0));
}

static const struct operation mmaps[] = {
	{"mmap private", NULL, map_anonymous, unmap_made},
	{"mmap shared", NULL, map_shared, unmap_made},
	{"mmap populate", NULL, map_populated, unmap_made},
	{"mmap locked", NULL, map_locked, unmap_made, EAGAIN},
	{"mmap grows down", NULL, map_stack, unmap_made},
	{"mmap file shared", fresh_file, map_file_shared, unmap_made_and_file},
	{"mmap file private", fresh_file, map_file_private, unmap_made_and_file},
	{"mmap /dev/zero private", open_zero, map_file_private, unmap_made_and_file},
	{"mmap /dev/zero shared", open_zero, map_file_shared, unmap_made_and_file},
	{"mmap over the middle", touched_area, map_over_middle, no_area},
	{"mmap over an end", touched_area, map_over_end, no_area},
	{"mmap over shared memory", shared_area, map_over_middle, no_area},
	{"mmap over a file", private_file_area, map_over_middle, no_file_area},
};

/* --- munmap, mprotect, mremap --- */

static long unmap_all(void)
{
	return munmap(area - page_size, (PAGES + 2) * page_size);
}

static void reserve_again(bool succeeded)
{
	if (!succeeded)
		no_area(false);
}

static long unmap_middle(void)
{
	return munmap(page(4), 4 * page_size);
}

static long unmap_end(void)
{
	return munmap(page(4), (PAGES - 4) * page_size);
}

static long protect_all(void)
{
	return mprotect(area, PAGES * page_size, PROT_READ);
}

static long protect_middle(void)
{
	return mprotect(page(4), 4 * page_size, PROT_READ);
}

static long protect_start(void)
{
	return mprotect(area, 4 * page_size, PROT_NONE);
}

static long unprotect(void)
{
	return mprotect(page(4), 4 * page_size, PROT_READ | PROT_WRITE | PROT_EXEC);
}

static void room_behind(void)
{
	touched_area();
	must(munmap(page(12), 4 * page_size));
}

static long grow_in_place(void)
{
	return note(mremap(area, 12 * page_size, PAGES * page_size, 0));
}

static long grow_by_moving(void)
{
	return note(mremap(area, PAGES * page_size, 2 * PAGES * page_size, MREMAP_MAYMOVE));
}

/* What has moved is away, the reservation around it is there still. */
static void no_moved_area(bool succeeded)
{
	if (succeeded)
		must(munmap(made, 2 * PAGES * page_size));
	no_area(succeeded);
}

static long move_middle(void)
{
	return note(mremap(page(4), 4 * page_size, 8 * page_size, MREMAP_MAYMOVE));
}

static void no_moved_middle(bool succeeded)
{
	if (succeeded)
		must(munmap(made, 8 * page_size));
	no_area(succeeded);
}

static void no_moved_file(bool succeeded)
{
	no_moved_middle(succeeded);
	close(fd);
}

static long move_over(void)
{
	return note(mremap(page(4), 4 * page_size, 4 * page_size, MREMAP_MAYMOVE | MREMAP_FIXED,
			   other + 4 * page_size));
}

static long move_leaving(void)
{
	return note((void *)syscall(SYS_mremap, area, PAGES * page_size, PAGES * page_size,
				    MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL));
}

static void no_left_area(bool succeeded)
{
	unmap_made(succeeded);
	no_area(succeeded);
}

static long view_again(void)
{
	return note(mremap(area, 0, PAGES * page_size, MREMAP_MAYMOVE));
}

static long shrink(void)
{
	return note(mremap(area, PAGES * page_size, 4 * page_size, 0));
}

static const struct operation changes[] = {
	{"munmap all", touched_area, unmap_all, reserve_again},
	{"munmap middle", touched_area, unmap_middle, no_area},
	{"munmap middle of shared", shared_area, unmap_middle, no_area},
	{"munmap middle of file", private_file_area, unmap_middle, no_file_area},
	{"munmap end", touched_area, unmap_end, no_area},
	{"mprotect all", touched_area, protect_all, no_area},
	{"mprotect middle", touched_area, protect_middle, no_area},
	{"mprotect middle of file", file_area, protect_middle, no_file_area},
	{"mprotect start", touched_area, protect_start, no_area},
	{"mprotect more", anonymous_area, unprotect, no_area},
	{"mremap in place", room_behind, grow_in_place, no_area},
	{"mremap moving", touched_area, grow_by_moving, no_moved_area},
	{"mremap moving the middle", touched_area, move_middle, no_moved_middle},
	{"mremap moving over", two_areas, move_over, no_areas, .partly = true},
	{"mremap leaving", touched_area, move_leaving, no_left_area},
	{"mremap a second view", shared_area, view_again, no_left_area},
	{"mremap a file", private_file_area, move_middle, no_moved_file},
	{"mremap shrinking", touched_area, shrink, no_area},
};

/* --- madvise, brk, mlock, msync, remap_file_pages --- */

static int advice;

static long advise(void)
{
	return madvise(page(4), 4 * page_size, advice);
}

#define ADVICE(name, what)               \
	static void prepare_##name(void) \
	{                                \
		advice = what;           \
		touched_area();          \
	}
ADVICE(dontneed, MADV_DONTNEED)
ADVICE(free, MADV_FREE)
ADVICE(willneed, MADV_WILLNEED)
ADVICE(dontfork, MADV_DONTFORK)
ADVICE(random, MADV_RANDOM)

static void prepare_remove(void)
{
	advice = MADV_REMOVE;
	shared_area();
}

static void prepare_read(void)
{
	advice = MADV_POPULATE_READ;
	file_area();
}

static void prepare_write(void)
{
	advice = MADV_POPULATE_WRITE;
	anonymous_area();
}

static long grow_break(void)
{
	return syscall(SYS_brk, made + BIG) == (long)(made + BIG) ? 0 : (errno = ENOMEM, -1);
}

static void note_break(void)
{
	made = (void *)syscall(SYS_brk, 0);
}

static void shrink_break(bool succeeded)
{
	(void)succeeded;
	must(syscall(SYS_brk, made));
}

static long lock_middle(void)
{
	return mlock(page(4), 4 * page_size);
}

static void locked_area(void)
{
	touched_area();
	must(mlock(area, PAGES * page_size));
}

static long unlock_middle(void)
{
	return munlock(page(4), 4 * page_size);
}

static long lock_all(void)
{
	return mlockall(MCL_CURRENT);
}

static void unlock_all(bool succeeded)
{
	must(munlockall());
	no_area(succeeded);
}

static long sync_all(void)
{
	return msync(area, PAGES * page_size, MS_SYNC);
}

static long remap(void)
{
	return syscall(SYS_remap_file_pages, page(4), 4 * page_size, 0, 8, 0);
}

static long look(void)
{
	unsigned char answers[PAGES];

	return mincore(area, PAGES * page_size, answers);
}

static const struct operation others[] = {
	{"madvise DONTNEED", prepare_dontneed, advise, no_area},
	{"madvise FREE", prepare_free, advise, no_area},
	{"madvise WILLNEED", prepare_willneed, advise, no_area},
	{"madvise DONTFORK", prepare_dontfork, advise, no_area, EAGAIN},
	{"madvise RANDOM", prepare_random, advise, no_area, EAGAIN},
	{"madvise REMOVE", prepare_remove, advise, no_area},
	{"madvise POPULATE_READ", prepare_read, advise, no_file_area},
	{"madvise POPULATE_WRITE", prepare_write, advise, no_area},
	{"brk", note_break, grow_break, shrink_break},
	{"mlock", anonymous_area, lock_middle, no_area, EAGAIN, .partly = true},
	{"munlock", locked_area, unlock_middle, no_area},
	{"mlockall", touched_area, lock_all, unlock_all, EAGAIN, .partly = true},
	{"msync", file_area, sync_all, no_file_area},
	{"mincore", touched_area, look, no_area},
	{"remap_file_pages", file_area, remap, no_file_area},
};

/* --- memory with a name --- */

static long get_segment(void)
{
	return id = shmget(IPC_PRIVATE, PAGES * page_size, 0600);
}

static void remove_segment(bool succeeded)
{
	if (succeeded)
		must(shmctl(id, IPC_RMID, NULL));
}

static void new_segment(void)
{
	must(get_segment());
}

static long attach(void)
{
	return note(shmat(id, NULL, 0));
}

static void detach(bool succeeded)
{
	if (succeeded)
		must(shmdt(made));
	remove_segment(true);
}

static void attached(void)
{
	new_segment();
	must(attach());
	memset(made, 1, PAGES * page_size);
}

static long cut_segment(void)
{
	return munmap((char *)made + page_size, page_size);
}

static void detach_pieces(bool succeeded)
{
	struct shmid_ds ds;

	must(shmctl(id, IPC_STAT, &ds));
	expect_equal(ds.shm_nattch, succeeded ? 2 : 1);
	detach(true);
}

static long make_memfd(void)
{
	return fd = memfd_create("memfd", MFD_ALLOW_SEALING);
}

static void close_made(bool succeeded)
{
	if (succeeded)
		close(fd);
}

static long write_memfd(void)
{
	static char bytes[PAGES * 4096];
	ssize_t n = write(fd, bytes, sizeof(bytes));

	return n < 0 ? -1 : 0;
}

static long allocate_memfd(void)
{
	return posix_fallocate(fd, 0, PAGES * page_size) == 0 ? 0 : (errno = ENOMEM, -1);
}

static long read_process(void)
{
	static char bytes[PAGES * 4096];
	struct iovec local = {bytes, sizeof(bytes)}, remote = {area, PAGES * page_size};

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
}

static long write_process(void)
{
	static char bytes[PAGES * 4096];
	struct iovec local[16], remote = {area, PAGES * page_size};

	for (int i = 0; i < 16; i++)
		local[i] = (struct iovec){bytes + i * 4096, 4096};
	return process_vm_writev(getpid(), local, 16, &remote, 1, 0);
}

static const struct operation named[] = {
	{"shmget", NULL, get_segment, remove_segment},
	{"shmat", new_segment, attach, detach},
	{"munmap of a part of a segment", attached, cut_segment, detach_pieces},
	{"memfd_create", NULL, make_memfd, close_made},
	{"write to a memfd", fresh_file, write_memfd, no_file},
	{"fallocate", fresh_file, allocate_memfd, no_file},
	{"process_vm_readv", anonymous_area, read_process, no_area, EFAULT},
	{"process_vm_writev", anonymous_area, write_process, no_area, EFAULT},
};

/* --- faults: a program's are tried again; the kernel's on its behalf make a call fail --- */

static long write_fault(void)
{
	for (int i = 0; i < PAGES; i++)
		*(volatile char *)page(i) = 2;
	return 0;
}

static long read_fault(void)
{
	for (int i = 0; i < PAGES; i++)
		(void)*(volatile char *)page(i);
	return 0;
}

/* Pages that a child shares. */
static pid_t sharer;

static void sleep_forever(void)
{
	for (;;)
		pause();
}

static void shared_by_child(void)
{
	touched_area();
	sharer = start_child(sleep_forever);
}

static void end_sharer(bool succeeded)
{
	must(kill(sharer, SIGKILL));
	wait_child(sharer);
	no_area(succeeded);
}

static void stack_area(void)
{
	char *room = must(mmap(NULL, BIG, PROT_NONE, ANON | MAP_NORESERVE, -1, 0));

	must(munmap(room, BIG - page_size));
	area = must(mmap(room + BIG - page_size, page_size, RW, ANON | MAP_GROWSDOWN | MAP_FIXED,
			 -1, 0));
}

static long grow_stack(void)
{
	*(volatile char *)(area - 20 * page_size) = 1;
	return 0;
}

static void no_stack(bool succeeded)
{
	(void)succeeded;
	must(munmap(area - 20 * page_size, 21 * page_size));
}

static void fresh_area_and_file(void)
{
	anonymous_area();
	fresh_file();
	must(pwrite(fd, "x", 1, 0));
}

static long read_into(void)
{
	return pread(fd, area, PAGES * page_size, 0) < 0 ? -1 : 0;
}

static long write_from(void)
{
	return pwrite(fd, area, PAGES * page_size, 0) < 0 ? -1 : 0;
}

static const struct operation faults[] = {
	{"fault: write", anonymous_area, write_fault, no_area},
	{"fault: read", anonymous_area, read_fault, no_area},
	{"fault: copy on write", shared_by_child, write_fault, end_sharer},
	{"fault: shared memory", file_area, write_fault, no_file_area},
	{"fault: private file", private_file_area, write_fault, no_file_area},
	{"fault: file", file_area, read_fault, no_file_area},
	{"fault: stack", stack_area, grow_stack, no_stack},
	{"fault in read()", fresh_area_and_file, read_into, no_file_area, EFAULT},
	{"fault in write()", fresh_area_and_file, write_from, no_file_area, EFAULT},
};

/* --- fork, exec --- */

static long fork_once(void)
{
	pid_t pid = syscall(SYS_fork);

	if (pid == 0)
		_exit(0);
	sharer = pid;
	return pid;
}

static void reap(bool succeeded)
{
	if (succeeded)
		wait_child(sharer);
	no_area(succeeded);
}

/* Several kinds of area for the child. */
static void areas_to_fork(void)
{
	private_file_area();
	memset(area, 1, PAGES * page_size);
	must(mprotect(page(4), 4 * page_size, PROT_READ));
	must(mmap(page(10), 2 * page_size, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	close(fd);
}

static const struct operation forks[] = {
	{"fork", areas_to_fork, fork_once, reap, EAGAIN},
};

static unsigned exec_n;

static void exec_failing(void)
{
	failing_arm(exec_n);
	execl("/proc/self/exe", "suite", "fail_memory", "left", NULL);
	failing_disarm();
	expect_equal(errno, ENOMEM);
	_exit(2);
}

/* Its own error, an end by a signal once there is no way back, or the program runs. */
static void exec_until_none_fails(void)
{
	for (exec_n = 1; exec_n < 1000; exec_n++) {
		int status = wait_child(start_child(exec_failing));

		if (WIFSIGNALED(status))
			expect(WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGSEGV);
		else if (WEXITSTATUS(status) == 1)
			return;                      /* it ran, and none had failed */
		else if (WEXITSTATUS(status) != 127) /* the C library could not start */
			expect_between(WEXITSTATUS(status), 0, 2);
	}
	fail("there is no end");
}

/* --- */

#define RUN_ALL(table) failing_run(table, sizeof(table) / sizeof((table)[0]))

static void run_mmaps(void)
{
	RUN_ALL(mmaps);
}

static void run_changes(void)
{
	RUN_ALL(changes);
}

static void run_others(void)
{
	RUN_ALL(others);
}

static void run_named(void)
{
	RUN_ALL(named);
}

static void run_faults(void)
{
	RUN_ALL(faults);
}

static void run_forks(void)
{
	RUN_ALL(forks);
}

static void run_execs(void)
{
	failing_needed();
	exec_until_none_fails();
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "left"))
		return failing_disarm() > 0;
	run("fail-mmap", run_mmaps);
	run("fail-change", run_changes);
	run("fail-other", run_others);
	run("fail-named", run_named);
	run("fail-fault", run_faults);
	run("fail-fork", run_forks);
	run("fail-exec", run_execs);
	return finish();
}
