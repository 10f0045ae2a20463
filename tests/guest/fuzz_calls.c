/*
 * Random system calls, most of them about memory: wild pointers, absurd sizes, offsets that fit
 * nothing. Several processes, some with threads, all in each other's way.
 *
 * A generation is a few workers that live for some hundred calls; its number is its
 * seed. TEST_SEED says the first, so that the one that was in progress when
 * something happened can be had again alone. TEST_SECONDS says how long.
 *
 * What a worker does to itself is its own affair. It must not get out, though: it has no
 * rights that reach beyond it (most run as nobody), knows no number of a process but
 * its own and its children's, has bounds for files and memory, and the calls that would
 * end the session or move the clock are left out.
 *
 * When all is over the machine must be alive, consistent (/proc/mm_check, which the
 * runner writes), have its memory back, and have warned of nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/fuzz.h"
#include "lib/leak.h"
#include "lib/procfs.h"

#define SECONDS     8    /* unless TEST_SECONDS says more */
#define WORKERS     4    /* at once */
#define CALLS       1500 /* of a thread */
#define THREADS     3    /* of a worker at most, the first included */
#define PATIENCE_MS 3000 /* for a generation */
#define NOBODY      65534
#define DIR         "/fuzz"
#define LOST_PAGES  300 /* noise: names, caches of each CPU */

static unsigned long generation;
static struct thread threads[THREADS];
static bool has_fail_nth;
static bool is_child; /* of a worker: it forks no more */

/* --- memory touched by itself --- */

/* Threads are made without a C library that would know them: by the stack they stand on. */
static void on_fault(int number)
{
	struct thread *t = &threads[0];

	for (int i = 1; i < THREADS; i++)
		if ((char *)&number >= threads[i].stack &&
		    (char *)&number < threads[i].stack + sizeof(threads[i].stack))
			t = &threads[i];
	if (!t->touching)
		_exit(128 + number);
	siglongjmp(*t->touching, 1);
}

static void on_alarm(int number)
{
	(void)number; /* it has ended a call that sleeps */
}

static void touch_some(struct thread *t)
{
	volatile char *at = (volatile char *)fuzz_page(t);
	sigjmp_buf back;

	if (!sigsetjmp(back, 1)) {
		t->touching = &back;
		for (int i = dice(t, 16); i >= 0 && at < fuzz.arena + FUZZ_ARENA; i--, at += 4096) {
			if (chance(t, 3))
				(void)*at;
			else
				*at = i;
		}
	}
	t->touching = NULL;
}

/* Lists of buffers at the fuzz.arena's start. */
static void fill_vectors(struct thread *t)
{
	sigjmp_buf back;

	if (!sigsetjmp(back, 1)) {
		t->touching = &back;
		struct iovec *iov = (struct iovec *)fuzz.arena;

		for (int i = 0; i < 280; i++)
			iov[i] = (struct iovec){(void *)fuzz_pointer(t), fuzz_length(t)};
	}
	t->touching = NULL;
}

/* --- a worker --- */

static void set_handlers(void)
{
	struct sigaction fault = {.sa_handler = on_fault, .sa_flags = SA_NODEFER};
	struct sigaction alarm = {.sa_handler = on_alarm};
	struct itimerval often = {{0, 30000}, {0, 30000}};
	sigset_t none;

	sigaction(SIGSEGV, &fault, NULL);
	sigaction(SIGBUS, &fault, NULL);
	sigaction(SIGALRM, &alarm, NULL);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

static void run_thread(struct thread *t);

/* Where there is fault injection: some allocation from now on fails. */
static void fail_soon(struct thread *t)
{
	char text[16];
	int file = open("/proc/thread-self/fail-nth", O_WRONLY);

	if (file < 0)
		return;
	(void)!write(file, text, snprintf(text, sizeof(text), "%lu", 1 + dice(t, 30)));
	syscall(SYS_close, file);
}

static void fork_one(struct thread *t)
{
	pid_t pid;

	if (is_child || fuzz.nr_children == FUZZ_CHILDREN)
		return;
	pid = syscall(SYS_fork);
	if (pid == 0) {
		is_child = true;
		t->calls = dice(t, 60);
		run_thread(t);
		_exit(0);
	}
	if (pid > 0)
		fuzz.children[fuzz.nr_children++] = pid;
}

/* The program itself, or what is none, with good arguments or bad ones. */
static void exec_one(struct thread *t)
{
	const char *arguments[] = {"suite", "no such test", NULL};
	pid_t pid;

	if (is_child || fuzz.nr_children == FUZZ_CHILDREN)
		return;
	pid = syscall(SYS_fork);
	if (pid == 0) {
		for (int i = 0; i < 3; i++)
			syscall(SYS_execve,
				chance(t, 2) ? (unsigned long)"/proc/self/exe" : fuzz_path(t),
				chance(t, 2) ? (unsigned long)arguments : fuzz_pointer(t),
				chance(t, 2) ? 0 : fuzz_pointer(t));
		_exit(0);
	}
	if (pid > 0)
		fuzz.children[fuzz.nr_children++] = pid;
}

static void reap(struct thread *t)
{
	if (!fuzz.nr_children || is_child)
		return;
	if (chance(t, 2))
		kill(fuzz.children[dice(t, fuzz.nr_children)], SIGKILL);
	for (unsigned i = 0; i < fuzz.nr_children; i++)
		if (waitpid(fuzz.children[i], NULL, WNOHANG) == fuzz.children[i])
			fuzz.children[i--] = fuzz.children[--fuzz.nr_children];
}

static void run_thread(struct thread *t)
{
	for (int i = 0; i < t->calls; i++) {
		unsigned what = dice(t, 100);

		if (i % 16 == 0)
			set_handlers();
		if (has_fail_nth && chance(t, 20))
			fail_soon(t);
		if (what < 70)
			fuzz_call(t);
		else if (what < 88)
			touch_some(t);
		else if (what < 91)
			fill_vectors(t);
		else if (what < 94)
			fuzz_any_call(t);
		else if (what == 94)
			fork_one(t);
		else if (what == 95 && chance(t, 3))
			exec_one(t);
		else
			reap(t);
	}
}

static int thread_body(void *t)
{
	run_thread(t);
	syscall(SYS_exit, 0);
	return 0;
}

static void set_limit(int resource, unsigned long limit)
{
	setrlimit(resource, &(struct rlimit){limit, limit});
}

static void worker(unsigned long seed, unsigned number)
{
	struct thread *t = &threads[0];
	char dir[32];

	t->state = seed * WORKERS + number;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid();
	snprintf(dir, sizeof(dir), DIR "/%u", number);
	mkdir(dir, 0777);
	chmod(dir, 0777);
	must(chdir(dir));
	mknod("null", S_IFCHR | 0666, makedev(1, 3));
	mknod("zero", S_IFCHR | 0666, makedev(1, 5));
	mknod("full", S_IFCHR | 0666, makedev(1, 7));
	mknod("urandom", S_IFCHR | 0666, makedev(1, 9));
	syscall(SYS_close_range, 0, ~0u, 0);
	for (int i = 0; i < 3; i++)
		open("/dev/null", O_RDWR);
	set_limit(RLIMIT_AS, 48 << 20);
	set_limit(RLIMIT_FSIZE, 256 << 10);
	set_limit(RLIMIT_NOFILE, 32);
	set_limit(RLIMIT_MEMLOCK, 1 << 20);
	set_limit(RLIMIT_CORE, 0);
	fuzz.is_root = chance(t, 4);
	if (!fuzz.is_root) {
		setgroups(0, NULL);
		must(setresgid(NOBODY, NOBODY, NOBODY));
		must(setresuid(NOBODY, NOBODY, NOBODY));
	}
	fuzz.arena = mmap(NULL, FUZZ_ARENA, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (fuzz.arena == MAP_FAILED)
		_exit(1);
	for (unsigned n = dice(t, THREADS); n > 0; n--) {
		threads[n].state = random_next(&t->state);
		threads[n].calls = CALLS;
		clone(thread_body, threads[n].stack + sizeof(threads[n].stack),
		      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			      CLONE_SYSVSEM,
		      &threads[n]);
	}
	t->calls = CALLS;
	run_thread(t);
	_exit(0);
}

/* --- generations --- */

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Of a process; 0: there is none. Its name may be anything, by now, also brackets. */
static pid_t parent_of(pid_t pid)
{
	static char file[32], text[512];
	const char *end;
	ssize_t n;
	int fd;

	if (kill(pid, 0))
		return 0;
	snprintf(file, sizeof(file), "/proc/%d/stat", pid);
	do
		fd = open(file, O_RDONLY);
	while (fd < 0 && errno == ENOMEM);
	do
		n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	while (n < 0 && errno == ENOMEM);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	end = strrchr(text, ')');
	return end && strlen(end) > 4 ? atoi(end + 4) : 0;
}

/* Orphans come to us (PR_SET_CHILD_SUBREAPER); kill them all. */
static void kill_children(void)
{
	for (int tries = 0; tries < 1000; tries++) {
		bool any = false;

		for (pid_t pid = 2; pid < 32768; pid++) {
			if (parent_of(pid) != getpid())
				continue;
			kill(pid, SIGKILL);
			any = true;
		}
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (!any)
			return;
		usleep(2000);
	}
	fail("seed %lu: a process cannot be killed", generation);
}

static void remove_segments(void)
{
	struct shmid_ds ds;
	int highest = shmctl(0, SHM_INFO, &ds);

	for (int i = 0; i <= highest; i++) {
		int id = shmctl(i, SHM_STAT, &ds);

		if (id >= 0)
			shmctl(id, IPC_RMID, NULL);
	}
}

/* In the midst of it: an address space that is not in order is found near where it became so. */
static void check_kernel(void)
{
	int fd = open("/proc/mm_check", O_WRONLY);

	if (fd < 0)
		return; /* not there */
	if (write(fd, "1", 1) < 0 && errno != ENOMEM)
		fail("seed %lu: the kernel's state is inconsistent", generation);
	close(fd);
}

static void run_generation(void)
{
	long end = now_ms() + PATIENCE_MS;
	pid_t workers[WORKERS], pid;
	unsigned left = WORKERS;

	for (unsigned n = 0; n < WORKERS; n++) {
		workers[n] = must(fork());
		if (workers[n] == 0) {
			worker(generation, n);
			_exit(0);
		}
	}
	for (unsigned turns = 1; left && now_ms() < end; turns++) {
		if (turns % 64 == 0)
			check_kernel();
		pid = waitpid(-1, NULL, WNOHANG);
		if (pid <= 0)
			usleep(5000);
		for (unsigned n = 0; n < WORKERS; n++)
			left -= workers[n] == pid; /* and not an orphan of theirs */
	}
	kill_children();
	remove_segments();
	must(system("rm -rf " DIR "/*"));
}

static int count_warnings(void)
{
	static char log[1 << 18];
	int length = klogctl(3, log, sizeof(log) - 1), count = 0;

	log[length < 0 ? 0 : length] = '\0';
	for (char *at = log; (at = strstr(at, "WARNING")); at++)
		count++;
	return count;
}

static void write_text(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY);

	if (fd < 0)
		return;
	must(write(fd, text, strlen(text)));
	close(fd);
}

static void fuzz_for_a_time(void)
{
	static struct usage before;
	static char shmall[32];
	const char *seconds = getenv("TEST_SECONDS"), *leak;
	long end = now_ms() + (seconds ? atol(seconds) : SECONDS) * 1000;
	unsigned long first = random_seed();
	int warnings = count_warnings();

	has_fail_nth = access("/proc/self/fail-nth", W_OK) == 0;
	mkdir(DIR, 0755);
	must(mount("fuzz", DIR, "tmpfs", 0, "size=20%"));
	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	snprintf(shmall, sizeof(shmall), "%s", read_text("/proc/sys/kernel/shmall"));
	write_text("/proc/sys/kernel/shmall", "1024\n");
	for (generation = first; now_ms() < end; generation++) {
		if (generation == first + 1)
			leak_measure(&before);
		if (seconds) {
			printf("# generation %lu\n", generation);
			fflush(stdout);
		}
		run_generation();
		if (count_warnings() != warnings)
			fail("seed %lu: the kernel has warned of something", generation);
	}
	write_text("/proc/sys/kernel/shmall", shmall);
	must(umount(DIR));
	rmdir(DIR);
	leak = generation > first + 1
		       ? leak_found(&before, LOST_PAGES * sysconf(_SC_NPROCESSORS_ONLN), 500)
		       : NULL;
	if (leak)
		fail("seeds %lu to %lu: %s", first, generation - 1, leak);
	printf("# %lu generations\n", generation - first);
}

int main(void)
{
	run("fuzz-calls", fuzz_for_a_time);
	return finish();
}
