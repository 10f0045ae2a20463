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
#include "lib/leak.h"
#include "lib/procfs.h"

#define SECONDS     8    /* unless TEST_SECONDS says more */
#define WORKERS     4    /* at once */
#define CALLS       1500 /* of a thread */
#define THREADS     3    /* of a worker at most, the first included */
#define PATIENCE_MS 3000 /* for a generation */
#define ARENA       (4L << 20)
#define NOBODY      65534
#define DIR         "/fuzz"
#define LOST_PAGES  300 /* noise: names, caches of each CPU */

/* One thread of a worker. */
struct thread {
	unsigned long state;
	int calls;
	sigjmp_buf *touching; /* where a fault leads while it touches memory itself */
	char stack[32768] __attribute__((aligned(16)));
};

static unsigned long generation;
static struct thread threads[THREADS];
static char *arena;
static pid_t children[16];
static unsigned nr_children;
static int segments[4]; /* ids of System V segments */
static bool is_root, has_fail_nth;
static bool is_child; /* of a worker: it forks no more */

/* --- dice --- */

static unsigned long dice(struct thread *t, unsigned long sides)
{
	return random_next(&t->state) % sides;
}

static bool chance(struct thread *t, unsigned one_in)
{
	return dice(t, one_in) == 0;
}

#define PICK(t, array) ((array)[dice(t, sizeof(array) / sizeof((array)[0]))])

/* --- arguments --- */

static unsigned long wild_number(struct thread *t)
{
	static const unsigned long edges[] = {
		0,          1,          2,           3,         7,
		8,          4095,       4096,        4097,      0x7fffffff,
		0x80000000, 0xffffffff, 0x100000000, LONG_MAX,  ULONG_MAX,
		LONG_MIN,   -4096UL,    -4095UL,     1UL << 47, (1UL << 47) - 4096};

	switch (dice(t, 4)) {
	case 0: return PICK(t, edges);
	case 1: return random_next(&t->state);
	case 2: return random_next(&t->state) >> dice(t, 64);
	default: return dice(t, 64);
	}
}

static unsigned long wild_address(struct thread *t)
{
	static const unsigned long edges[] = {0,
					      8,
					      4096,
					      0x10000,
					      0x7ffffffff000,
					      0x7fffffffefff,
					      0x800000000000,
					      0xffff800000000000,
					      0xffff888000001000,
					      0xffffffff80000000,
					      0xffffffff81000000,
					      0xffffffffffffffff,
					      0xfffffffffffff000,
					      0x8000000000000000};

	return chance(t, 3) ? random_next(&t->state) : PICK(t, edges);
}

static unsigned long arena_page(struct thread *t)
{
	return (unsigned long)arena + (dice(t, ARENA / 4096) << 12);
}

/* Somewhere in the arena, near a border of pages; or nowhere. */
static unsigned long any_pointer(struct thread *t)
{
	if (chance(t, 12))
		return wild_address(t);
	return arena_page(t) + (chance(t, 2) ? 0 : dice(t, 2) ? dice(t, 4096) : 4096 - dice(t, 64));
}

static unsigned long length(struct thread *t)
{
	switch (dice(t, 12)) {
	case 0: return wild_number(t);
	case 3: return chance(t, 2) ? 0 : dice(t, 64);
	case 1: return dice(t, ARENA);
	case 2: return 2 << 20;
	default: return (1 + dice(t, 24)) << 12;
	}
}

static unsigned long descriptor(struct thread *t)
{
	return chance(t, 20) ? wild_number(t) : dice(t, 24);
}

/* A path: a name that may be there, one that cannot, or no pointer to one at all. */
static unsigned long path(struct thread *t)
{
	static char long_name[5000];
	static const char *const names[] = {"a",
					    "b",
					    "c",
					    "d",
					    "d/e",
					    "d/../a",
					    "",
					    ".",
					    "..",
					    "a/",
					    "/proc/self/maps",
					    "/proc/self/smaps",
					    "/proc/self/pagemap",
					    "/proc/self/status",
					    "/proc/self/comm",
					    "/proc/self/oom_score_adj",
					    "/proc/thread-self/fail-nth",
					    "/proc/self/exe",
					    "/proc/self/fd",
					    "/proc/self/fd/3",
					    "/proc/self/task",
					    "/proc/meminfo",
					    "/proc/sysvipc/shm",
					    "null", /* devices of its own: it renames and unlinks */
					    "zero",
					    "full",
					    "urandom",
					    long_name};

	if (chance(t, 15))
		return any_pointer(t);
	memset(long_name, 'x', sizeof(long_name) - 1);
	return (unsigned long)PICK(t, names);
}

/* A list of buffers, in the arena; so it may change while it is looked at. */
static unsigned long vector(struct thread *t)
{
	struct iovec *iov = (struct iovec *)(arena + dice(t, 64) * sizeof(struct iovec) * 4);

	return chance(t, 8) ? any_pointer(t) : (unsigned long)iov;
}

static unsigned long process(struct thread *t)
{
	if (nr_children && chance(t, 2))
		return children[dice(t, nr_children)];
	return chance(t, 4) ? 0 : getpid();
}

/* Bits of a small set of flags, and sometimes others. */
static unsigned long flags(struct thread *t, unsigned long known)
{
	unsigned long bits = random_next(&t->state) & known;

	if (chance(t, 3))
		bits &= random_next(&t->state);
	return chance(t, 30) ? bits | 1UL << dice(t, 64) : bits;
}

/* The arguments of a call, one letter each. */
static unsigned long argument(struct thread *t, char kind)
{
	static const unsigned long maps[] = {
		MAP_PRIVATE | MAP_ANONYMOUS,
		MAP_SHARED | MAP_ANONYMOUS,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED,
		MAP_PRIVATE | MAP_FIXED,
		MAP_SHARED | MAP_FIXED,
		MAP_SHARED,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_POPULATE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_LOCKED,
		MAP_PRIVATE | MAP_ANONYMOUS | 0x100000 /* FIXED_NOREPLACE */,
	};

	switch (kind) {
	case 'a': return chance(t, 100) ? any_pointer(t) : arena_page(t); /* changes mappings */
	case 'b': return any_pointer(t);
	case 'd': return descriptor(t);
	case 'f': return chance(t, 25) ? flags(t, 0x1fffff) : PICK(t, maps);
	case 'l': return length(t);
	case 'n': return wild_number(t);
	case 'o': return chance(t, 4) ? wild_number(t) : dice(t, 64) << 12;
	case 'p': return flags(t, PROT_READ | PROT_WRITE | PROT_EXEC | PROT_READ);
	case 'r': return flags(t, PROT_READ | PROT_WRITE) | PROT_READ | PROT_WRITE;
	case 's': return path(t);
	case 'v': return vector(t);
	case 'c': return dice(t, 20);
	case 'i': return process(t);
	case 'm': return chance(t, 10) ? wild_number(t) : dice(t, 26); /* an advice */
	case 'M': return flags(t, 7);
	case 'k': return chance(t, 3) ? IPC_PRIVATE : 1 + dice(t, 6);
	case 'K':
		return chance(t, 6) ? dice(t, 5) * 32768 + dice(t, 64)
				    : (unsigned)PICK(t, segments);
	case 'S': return flags(t, 03000 | 0666 | 014000) | 0600;
	case 'A': return flags(t, 0170000);
	case 'C': return chance(t, 8) ? wild_number(t) : dice(t, 16);
	case 'O': return flags(t, 0x7fff) & ~(unsigned long)O_DIRECT;
	case 'x':
		switch (dice(t, 5)) {
		case 0: return descriptor(t);
		case 1: return any_pointer(t);
		case 2: return length(t);
		default: return wild_number(t);
		}
	default: return 0;
	}
}

/* --- calls --- */

static const struct call {
	short nr, weight;
	const char *arguments;
} calls[] = {
	{SYS_mmap, 60, "alpfdo"},
	{SYS_mmap, 60, "alrfdo"},
	{SYS_munmap, 30, "al"},
	{SYS_mprotect, 40, "alp"},
	{SYS_mprotect, 40, "alr"},
	{SYS_mremap, 40, "allMa"},
	{SYS_madvise, 50, "alm"},
	{SYS_brk, 4, "n"},
	{SYS_mlock, 8, "al"},
	{SYS_mlock2, 8, "alc"},
	{SYS_munlock, 12, "al"},
	{SYS_mlockall, 1, "M"},
	{SYS_munlockall, 4, ""},
	{SYS_msync, 8, "alM"},
	{SYS_mincore, 12, "alb"},
	{SYS_remap_file_pages, 20, "al0oM"},
	{SYS_remap_file_pages, 2, "alpon"},
	{SYS_shmget, 15, "klS"},
	{SYS_shmat, 20, "KaA"},
	{SYS_shmdt, 15, "a"},
	{SYS_shmctl, 20, "KCb"},
	{SYS_memfd_create, 10, "sM"},
	{SYS_process_vm_readv, 15, "ivcvc0"},
	{SYS_process_vm_writev, 15, "ivcvc0"},
	{SYS_process_vm_readv, 2, "ivnvnn"},
	{SYS_read, 20, "dbl"},
	{SYS_write, 20, "dbl"},
	{SYS_pread64, 10, "dblo"},
	{SYS_pwrite64, 15, "dblo"},
	{SYS_readv, 8, "dvc"},
	{SYS_writev, 8, "dvc"},
	{SYS_preadv, 5, "dvco"},
	{SYS_pwritev, 5, "dvco"},
	{SYS_sendfile, 4, "ddbl"},
	{SYS_lseek, 5, "don"},
	{SYS_ftruncate, 12, "do"},
	{SYS_fallocate, 10, "dMoo"},
	{SYS_fcntl, 10, "dnn"},
	{SYS_fcntl, 4, "d\x01n"}, /* F_ADD_SEALS, F_GET_SEALS: see run_call() */
	{SYS_open, 25, "sOn"},
	{SYS_openat, 5, "dsOn"},
	{SYS_creat, 4, "sn"},
	{SYS_close, 20, "d"},
	{SYS_close_range, 1, "nnM"},
	{SYS_dup, 4, "d"},
	{SYS_dup2, 4, "dd"},
	{SYS_dup3, 3, "ddn"},
	{SYS_pipe2, 6, "bO"},
	{SYS_ioctl, 6, "dnb"},
	{SYS_fstat, 4, "db"},
	{SYS_stat, 4, "sb"},
	{SYS_statx, 3, "dsnnb"},
	{SYS_newfstatat, 3, "dsbn"},
	{SYS_readlink, 3, "sbl"},
	{SYS_getdents64, 4, "dbl"},
	{SYS_mkdir, 3, "sn"},
	{SYS_rmdir, 3, "s"},
	{SYS_unlink, 5, "s"},
	{SYS_link, 3, "ss"},
	{SYS_symlink, 3, "ss"},
	{SYS_rename, 3, "ss"},
	{SYS_renameat2, 2, "dsdsM"},
	{SYS_truncate, 4, "so"},
	{SYS_chmod, 2, "sn"},
	{SYS_mknod, 2, "snn"},
	{SYS_utimensat, 2, "dsbn"},
	{SYS_access, 2, "sM"},
	{SYS_getcwd, 2, "bl"},
	{SYS_chdir, 1, "s"},
	{SYS_poll, 5, "bcc"},
	{SYS_ppoll, 3, "bcbbc"},
	{SYS_select, 4, "cbbbb"},
	{SYS_pselect6, 3, "cbbbbb"},
	{SYS_futex, 8, "bcnbbn"},
	{SYS_nanosleep, 2, "bb"},
	{SYS_clock_nanosleep, 2, "cMbb"},
	{SYS_rt_sigaction, 3, "cbbn"},
	{SYS_rt_sigprocmask, 2, "Mbbn"},
	{SYS_rt_sigpending, 2, "bn"},
	{SYS_rt_sigtimedwait, 2, "bbbn"},
	{SYS_rt_sigqueueinfo, 2, "icb"},
	{SYS_sigaltstack, 3, "bb"},
	{SYS_kill, 1, "ic"},
	{SYS_tgkill, 1, "iic"},
	{SYS_wait4, 4, "ibnb"},
	{SYS_waitid, 3, "Mibnb"},
	{SYS_getrusage, 2, "nb"},
	{SYS_times, 1, "b"},
	{SYS_sysinfo, 1, "b"},
	{SYS_uname, 1, "b"},
	{SYS_getrandom, 3, "blM"},
	{SYS_gettimeofday, 1, "bb"},
	{SYS_clock_gettime, 2, "cb"},
	{SYS_getitimer, 1, "cb"},
	{SYS_setitimer, 1, "cbb"},
	{SYS_sched_yield, 3, ""},
	{SYS_sched_getaffinity, 2, "inb"},
	{SYS_sched_setaffinity, 2, "inb"},
	{SYS_sched_setscheduler, 1, "inb"},
	{SYS_sched_getparam, 1, "ib"},
	{SYS_getgroups, 1, "nb"},
	{SYS_capget, 1, "bb"},
	{SYS_prctl, 4, "cnnnn"},
	{SYS_set_robust_list, 2, "bn"},
	{SYS_get_robust_list, 2, "ibb"},
	{SYS_set_tid_address, 1, "b"},
	{SYS_fadvise64, 2, "dooc"},
	{SYS_fsync, 2, "d"},
	{SYS_statfs, 2, "sb"},
	{SYS_umask, 1, "n"},
	{SYS_personality, 1, "c"},
	{SYS_getpriority, 1, "nn"},
};

/* Not for the ones that are picked by number alone. */
static const short forbidden[] = {SYS_exit,
				  SYS_exit_group,
				  SYS_fork,
				  SYS_vfork,
				  SYS_clone,
				  SYS_clone3,
				  SYS_execve,
				  SYS_execveat,
				  SYS_kill,
				  SYS_tkill,
				  SYS_tgkill,
				  SYS_rt_sigqueueinfo,
				  SYS_rt_tgsigqueueinfo,
				  SYS_reboot,
				  SYS_mount,
				  SYS_umount2,
				  SYS_pivot_root,
				  SYS_chroot,
				  SYS_settimeofday,
				  SYS_clock_settime,
				  SYS_adjtimex,
				  SYS_clock_adjtime,
				  SYS_setrlimit,
				  SYS_prlimit64,
				  SYS_setpriority,
				  SYS_sched_setscheduler,
				  SYS_sched_setparam,
				  SYS_sched_setattr,
				  SYS_sched_setaffinity,
				  SYS_setsid,
				  SYS_setpgid,
				  SYS_syslog,
				  SYS_swapon,
				  SYS_swapoff,
				  SYS_sethostname,
				  SYS_setdomainname,
				  SYS_init_module,
				  SYS_finit_module,
				  SYS_delete_module,
				  SYS_pause,
				  SYS_rt_sigsuspend,
				  SYS_arch_prctl,
				  SYS_acct,
				  SYS_quotactl,
				  SYS_ptrace,
				  SYS_unlink,
				  SYS_unlinkat,
				  SYS_rmdir,
				  SYS_rename,
				  SYS_renameat,
				  SYS_renameat2,
				  SYS_kcmp,
				  SYS_process_vm_writev,
				  SYS_unshare,
				  SYS_setns,
				  SYS_vhangup,
				  SYS_iopl,
				  SYS_ioperm,
				  SYS_kexec_load,
				  SYS_kexec_file_load,
				  SYS_sync,
				  SYS_syncfs,
				  SYS_bpf,
				  SYS_migrate_pages,
				  SYS_move_pages,
				  SYS_process_madvise,
				  SYS_io_setup,
				  SYS_ioprio_set,
				  SYS_pidfd_send_signal,
				  SYS_open_by_handle_at,
				  SYS_seccomp,
				  SYS_setuid,
				  SYS_setgid,
				  SYS_setreuid,
				  SYS_setregid,
				  SYS_setresuid,
				  SYS_setresgid,
				  SYS_setfsuid,
				  SYS_setfsgid,
				  SYS_capset,
				  SYS_setgroups,
				  SYS_chmod,
				  SYS_fchmod,
				  SYS_chown,
				  SYS_fchown,
				  SYS_lchown,
				  SYS_prctl,
				  SYS_alarm};

static const struct call *pick_call(struct thread *t)
{
	static unsigned total;
	const struct call *call = calls;
	unsigned sum = 0;

	if (!total) {
		for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
			sum += calls[i].weight;
		total = sum;
	}
	for (long at = dice(t, total); at >= call->weight; call++)
		at -= call->weight;
	return call;
}

static void run_any_call(struct thread *t)
{
	int nr = dice(t, 460);

	for (unsigned i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		if (forbidden[i] == nr)
			return;
	syscall(nr, argument(t, 'x'), argument(t, 'x'), argument(t, 'x'), argument(t, 'x'),
		argument(t, 'x'), argument(t, 'x'));
}

static void run_call(struct thread *t)
{
	static const int harmless[] = {0, SIGALRM, SIGCHLD, SIGURG, SIGWINCH, SIGCONT};
	const struct call *call = pick_call(t);
	unsigned long a[6] = {0};

	for (unsigned i = 0; call->arguments[i]; i++)
		a[i] = call->arguments[i] == 1 ? F_ADD_SEALS + dice(t, 2)
					       : argument(t, call->arguments[i]);
	if (call->nr == SYS_mlockall && !chance(t, 8))
		return;
	if (call->nr == SYS_prctl && a[0] == PR_SET_PDEATHSIG)
		return;
	if (call->nr == SYS_chmod && is_root)
		return; /* by a link it may be the tests' own program */
	if ((call->nr == SYS_kill || call->nr == SYS_tgkill || call->nr == SYS_rt_sigqueueinfo) &&
	    ((pid_t)a[0] == getpid() || a[0] == 0))
		a[call->nr == SYS_tgkill ? 2 : 1] = PICK(t, harmless);
	long result = syscall(call->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (call->nr == SYS_shmget && result >= 0)
		segments[dice(t, sizeof(segments) / sizeof(segments[0]))] = result;
}

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
	volatile char *at = (volatile char *)arena_page(t);
	sigjmp_buf back;

	if (!sigsetjmp(back, 1)) {
		t->touching = &back;
		for (int i = dice(t, 16); i >= 0 && at < arena + ARENA; i--, at += 4096) {
			if (chance(t, 3))
				(void)*at;
			else
				*at = i;
		}
	}
	t->touching = NULL;
}

/* Lists of buffers at the arena's start. */
static void fill_vectors(struct thread *t)
{
	sigjmp_buf back;

	if (!sigsetjmp(back, 1)) {
		t->touching = &back;
		struct iovec *iov = (struct iovec *)arena;

		for (int i = 0; i < 280; i++)
			iov[i] = (struct iovec){(void *)any_pointer(t), length(t)};
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

	if (is_child || nr_children == sizeof(children) / sizeof(children[0]))
		return;
	pid = syscall(SYS_fork);
	if (pid == 0) {
		is_child = true;
		t->calls = dice(t, 60);
		run_thread(t);
		_exit(0);
	}
	if (pid > 0)
		children[nr_children++] = pid;
}

/* The program itself, or what is none, with good arguments or bad ones. */
static void exec_one(struct thread *t)
{
	const char *arguments[] = {"suite", "no such test", NULL};
	pid_t pid;

	if (is_child || nr_children == sizeof(children) / sizeof(children[0]))
		return;
	pid = syscall(SYS_fork);
	if (pid == 0) {
		for (int i = 0; i < 3; i++)
			syscall(SYS_execve,
				chance(t, 2) ? (unsigned long)"/proc/self/exe" : path(t),
				chance(t, 2) ? (unsigned long)arguments : any_pointer(t),
				chance(t, 2) ? 0 : any_pointer(t));
		_exit(0);
	}
	if (pid > 0)
		children[nr_children++] = pid;
}

static void reap(struct thread *t)
{
	if (!nr_children || is_child)
		return;
	if (chance(t, 2))
		kill(children[dice(t, nr_children)], SIGKILL);
	for (unsigned i = 0; i < nr_children; i++)
		if (waitpid(children[i], NULL, WNOHANG) == children[i])
			children[i--] = children[--nr_children];
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
			run_call(t);
		else if (what < 88)
			touch_some(t);
		else if (what < 91)
			fill_vectors(t);
		else if (what < 94)
			run_any_call(t);
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
	is_root = chance(t, 4);
	if (!is_root) {
		setgroups(0, NULL);
		must(setresgid(NOBODY, NOBODY, NOBODY));
		must(setresuid(NOBODY, NOBODY, NOBODY));
	}
	arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (arena == MAP_FAILED)
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

/* Orphans come to us (PR_SET_CHILD_SUBREAPER); kill them all. */
static void kill_children(void)
{
	char file[64];
	FILE *list;
	long pid;

	for (int tries = 0; tries < 1000; tries++) {
		bool any = false;

		for (pid = 2; pid < 32768; pid++) {
			int parent = 0;

			if (kill(pid, 0))
				continue;
			snprintf(file, sizeof(file), "/proc/%ld/stat", pid);
			list = fopen(file, "r");
			if (!list)
				continue;
			if (fscanf(list, "%*d (%*[^)]) %*c %d", &parent) == 1 &&
			    parent == getpid()) {
				kill(pid, SIGKILL);
				any = true;
			}
			fclose(list);
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

static void fuzz(void)
{
	static struct usage before;
	const char *seconds = getenv("TEST_SECONDS"), *leak;
	long end = now_ms() + (seconds ? atol(seconds) : SECONDS) * 1000;
	unsigned long first = random_seed();
	int warnings = count_warnings();

	has_fail_nth = access("/proc/self/fail-nth", W_OK) == 0;
	mkdir(DIR, 0755);
	must(mount("fuzz", DIR, "tmpfs", 0, "size=20%"));
	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
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
	write_text("/proc/sys/kernel/shmall", "18446744073692774399\n");
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
	run("fuzz-calls", fuzz);
	return finish();
}
