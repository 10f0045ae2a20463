/*
 * Random system calls, weighted to those about memory: arguments of the right kind, and now and
 * then of none; and calls that are known by their number alone.
 */
#include "lib/fuzz.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

struct fuzz fuzz;

/*
 * What the machine's word is long enough for, and its own numbers of calls. On i386 an offset of 64
 * bits takes two arguments, mmap2 counts it in pages, and what a plain name means is often an older
 * call, which is only made by its number.
 */
#define WORD_BITS (8 * (int)sizeof(long))
#ifdef SYS_gettimeofday_time32 /* musl's names for what counts seconds of 32 bits */
#define SYS_gettimeofday  SYS_gettimeofday_time32
#define SYS_settimeofday  SYS_settimeofday_time32
#define SYS_clock_settime SYS_clock_settime32
#endif
#ifdef __i386__
#define WILD_NUMBERS   0xbfffffff, 0xc0000000, 0xc0001000
#define WILD_ADDRESSES 0xbffff000, 0xbfffffff, 0xc0000000, 0xc0100000, 0xf8000000, 0xff000000
#define OFFSET         "o0"
#define MMAP           SYS_mmap2
#define MMAP_OFFSET    "P"
#define FCNTL          SYS_fcntl64
#define SENDFILE       SYS_sendfile64
#define FTRUNCATE      SYS_ftruncate64
#define TRUNCATE       SYS_truncate64
#define FSTAT          SYS_fstat64
#define STAT           SYS_stat64
#define FSTATAT        SYS_fstatat64
#define STATFS         SYS_statfs64
#define STATFS_SIZE    "n"
#define FADVISE        SYS_fadvise64_64
#define FADVISE_END    OFFSET
#define SELECT         SYS__newselect
#define GETGROUPS      SYS_getgroups32
#define CLOCK_GETTIME  SYS_clock_gettime64
#define CLOCK_SLEEP    SYS_clock_nanosleep_time64
#else
#define WILD_NUMBERS 0x100000000, 1UL << 47, (1UL << 47) - 4096
#define WILD_ADDRESSES                                                                          \
	0x7ffffffff000, 0x7fffffffefff, 0x800000000000, 0xffff800000000000, 0xffff888000001000, \
		0xffffffff80000000, 0xffffffff81000000
#define OFFSET        "o"
#define MMAP          SYS_mmap
#define MMAP_OFFSET   "o"
#define FCNTL         SYS_fcntl
#define SENDFILE      SYS_sendfile
#define FTRUNCATE     SYS_ftruncate
#define TRUNCATE      SYS_truncate
#define FSTAT         SYS_fstat
#define STAT          SYS_stat
#define FSTATAT       SYS_newfstatat
#define STATFS        SYS_statfs
#define STATFS_SIZE   ""
#define FADVISE       SYS_fadvise64
#define FADVISE_END   "o"
#define SELECT        SYS_select
#define GETGROUPS     SYS_getgroups
#define CLOCK_GETTIME SYS_clock_gettime
#define CLOCK_SLEEP   SYS_clock_nanosleep
#endif

/* --- arguments --- */

static unsigned long wild_number(struct thread *t)
{
	static const unsigned long edges[] = {
		0,        1,         2,        3,          7,          8,
		4095,     4096,      4097,     0x7fffffff, 0x80000000, 0xffffffff,
		LONG_MAX, ULONG_MAX, LONG_MIN, -4096UL,    -4095UL,    WILD_NUMBERS};

	switch (dice(t, 4)) {
	case 0: return PICK(t, edges);
	case 1: return random_next(&t->state);
	case 2: return random_next(&t->state) >> dice(t, WORD_BITS);
	default: return dice(t, 64);
	}
}

static unsigned long wild_address(struct thread *t)
{
	static const unsigned long edges[] = {0,         8,       4096,     0x10000,
					      ULONG_MAX, -4096UL, LONG_MIN, WILD_ADDRESSES};

	return chance(t, 3) ? random_next(&t->state) : PICK(t, edges);
}

unsigned long fuzz_page(struct thread *t)
{
	return (unsigned long)fuzz.arena + (dice(t, FUZZ_ARENA / 4096) << 12);
}

/* Somewhere in the fuzz.arena, near a border of pages; or nowhere. */
unsigned long fuzz_pointer(struct thread *t)
{
	if (chance(t, 12))
		return wild_address(t);
	return fuzz_page(t) + (chance(t, 2) ? 0 : dice(t, 2) ? dice(t, 4096) : 4096 - dice(t, 64));
}

unsigned long fuzz_length(struct thread *t)
{
	switch (dice(t, 12)) {
	case 0: return wild_number(t);
	case 3: return chance(t, 2) ? 0 : dice(t, 64);
	case 1: return dice(t, FUZZ_ARENA);
	case 2: return 2 << 20;
	default: return (1 + dice(t, 24)) << 12;
	}
}

static unsigned long descriptor(struct thread *t)
{
	return chance(t, 20) ? wild_number(t) : dice(t, 24);
}

/* A path: a name that may be there, one that cannot, or no pointer to one at all. */
unsigned long fuzz_path(struct thread *t)
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
		return fuzz_pointer(t);
	memset(long_name, 'x', sizeof(long_name) - 1);
	return (unsigned long)PICK(t, names);
}

/* A list of buffers, in the fuzz.arena; so it may change while it is looked at. */
static unsigned long vector(struct thread *t)
{
	struct iovec *iov = (struct iovec *)(fuzz.arena + dice(t, 64) * sizeof(struct iovec) * 4);

	return chance(t, 8) ? fuzz_pointer(t) : (unsigned long)iov;
}

static unsigned long process(struct thread *t)
{
	if (fuzz.nr_children && chance(t, 2))
		return fuzz.children[dice(t, fuzz.nr_children)];
	return chance(t, 4) ? 0 : getpid();
}

/* Bits of a small set of flags, and sometimes others. */
static unsigned long flags(struct thread *t, unsigned long known)
{
	unsigned long bits = random_next(&t->state) & known;

	if (chance(t, 3))
		bits &= random_next(&t->state);
	return chance(t, 30) ? bits | 1UL << dice(t, WORD_BITS) : bits;
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
	case 'a': return chance(t, 100) ? fuzz_pointer(t) : fuzz_page(t); /* changes mappings */
	case 'b': return fuzz_pointer(t);
	case 'd': return descriptor(t);
	case 'f': return chance(t, 25) ? flags(t, 0x1fffff) : PICK(t, maps);
	case 'l': return fuzz_length(t);
	case 'n': return wild_number(t);
	case 'o': return chance(t, 4) ? wild_number(t) : dice(t, 64) << 12;
	case 'P': return chance(t, 4) ? wild_number(t) : dice(t, 64);
	case 'p': return flags(t, PROT_READ | PROT_WRITE | PROT_EXEC | PROT_READ);
	case 'r': return flags(t, PROT_READ | PROT_WRITE) | PROT_READ | PROT_WRITE;
	case 's': return fuzz_path(t);
	case 'v': return vector(t);
	case 'c': return dice(t, 20);
	case 'i': return process(t);
	case 'm': return chance(t, 10) ? wild_number(t) : dice(t, 26); /* an advice */
	case 'M': return flags(t, 7);
	case 'k': return chance(t, 3) ? IPC_PRIVATE : 1 + dice(t, 6);
	case 'K':
		return chance(t, 6) ? dice(t, 5) * 32768 + dice(t, 64)
				    : (unsigned)PICK(t, fuzz.segments);
	case 'S': return flags(t, 03000 | 0666 | 014000) | 0600;
	case 'A': return flags(t, 0170000);
	case 'C': return chance(t, 8) ? wild_number(t) : dice(t, 16);
	case 'O': return flags(t, 0x7fff) & ~(unsigned long)O_DIRECT;
	case 'x':
		switch (dice(t, 5)) {
		case 0: return descriptor(t);
		case 1: return fuzz_pointer(t);
		case 2: return fuzz_length(t);
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
	{MMAP, 60, "alpfd" MMAP_OFFSET},
	{MMAP, 60, "alrfd" MMAP_OFFSET},
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
	{SYS_pread64, 10, "dbl" OFFSET},
	{SYS_pwrite64, 15, "dbl" OFFSET},
	{SYS_readv, 8, "dvc"},
	{SYS_writev, 8, "dvc"},
	{SYS_preadv, 5, "dvc" OFFSET},
	{SYS_pwritev, 5, "dvc" OFFSET},
	{SENDFILE, 4, "ddbl"},
	{SYS_lseek, 5, "don"},
	{FTRUNCATE, 12, "d" OFFSET},
	{SYS_fallocate, 10, "dM" OFFSET OFFSET},
	{FCNTL, 10, "dnn"},
	{FCNTL, 4, "d\x01n"}, /* F_ADD_SEALS, F_GET_SEALS: see fuzz_call() */
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
	{FSTAT, 4, "db"},
	{STAT, 4, "sb"},
	{SYS_statx, 3, "dsnnb"},
	{FSTATAT, 3, "dsbn"},
	{SYS_readlink, 3, "sbl"},
	{SYS_getdents64, 4, "dbl"},
	{SYS_mkdir, 3, "sn"},
	{SYS_rmdir, 3, "s"},
	{SYS_unlink, 5, "s"},
	{SYS_link, 3, "ss"},
	{SYS_symlink, 3, "ss"},
	{SYS_rename, 3, "ss"},
	{SYS_renameat2, 2, "dsdsM"},
	{TRUNCATE, 4, "s" OFFSET},
	{SYS_chmod, 2, "sn"},
	{SYS_mknod, 2, "snn"},
	{SYS_utimensat, 2, "dsbn"},
	{SYS_access, 2, "sM"},
	{SYS_getcwd, 2, "bl"},
	{SYS_chdir, 1, "s"},
	{SYS_poll, 5, "bcc"},
	{SYS_ppoll, 3, "bcbbc"},
	{SELECT, 4, "cbbbb"},
	{SYS_pselect6, 3, "cbbbbb"},
	{SYS_futex, 8, "bcnbbn"},
	{SYS_nanosleep, 2, "bb"},
	{CLOCK_SLEEP, 2, "cMbb"},
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
	{CLOCK_GETTIME, 2, "cb"},
	{SYS_getitimer, 1, "cb"},
	{SYS_setitimer, 1, "cbb"},
	{SYS_sched_yield, 3, ""},
	{SYS_sched_getaffinity, 2, "inb"},
	{SYS_sched_setaffinity, 2, "inb"},
	{SYS_sched_setscheduler, 1, "inb"},
	{SYS_sched_getparam, 1, "ib"},
	{GETGROUPS, 1, "nb"},
	{SYS_capget, 1, "bb"},
	{SYS_prctl, 4, "cnnnn"},
	{SYS_set_robust_list, 2, "bn"},
	{SYS_get_robust_list, 2, "ibb"},
	{SYS_set_tid_address, 1, "b"},
	{FADVISE, 2, "d" OFFSET FADVISE_END "c"},
	{SYS_fsync, 2, "d"},
	{STATFS, 2, "s" STATFS_SIZE "b"},
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
#ifdef __i386__
				  SYS_stime,
				  SYS_nice,
				  SYS_umount,
				  SYS_sigsuspend,
				  SYS_clock_settime64,
				  SYS_clock_adjtime64,
				  SYS_setuid32,
				  SYS_setgid32,
				  SYS_setreuid32,
				  SYS_setregid32,
				  SYS_setresuid32,
				  SYS_setresgid32,
				  SYS_setfsuid32,
				  SYS_setfsgid32,
				  SYS_setgroups32,
				  SYS_chown32,
				  SYS_fchown32,
				  SYS_lchown32,
#else
				  SYS_kexec_file_load,
#endif
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

void fuzz_any_call(struct thread *t)
{
	int nr = dice(t, 460);

	for (unsigned i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		if (forbidden[i] == nr)
			return;
	syscall(nr, argument(t, 'x'), argument(t, 'x'), argument(t, 'x'), argument(t, 'x'),
		argument(t, 'x'), argument(t, 'x'));
}

void fuzz_call(struct thread *t)
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
	if (call->nr == SYS_chmod && fuzz.is_root)
		return; /* by a link it may be the tests' own program */
	if ((call->nr == SYS_kill || call->nr == SYS_tgkill || call->nr == SYS_rt_sigqueueinfo) &&
	    ((pid_t)a[0] == getpid() || a[0] == 0))
		a[call->nr == SYS_tgkill ? 2 : 1] = PICK(t, harmless);
	long result = syscall(call->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (call->nr == SYS_shmget && result >= 0)
		fuzz.segments[dice(t, sizeof(fuzz.segments) / sizeof(fuzz.segments[0]))] = result;
}
