/*
 * The rows of the benchmark that run inside the machine: what the operations of
 * memory management cost in guest instructions.
 *
 * Under -icount shift=0 the time stamp counter ticks once per instruction, so a
 * loop between two rdtsc is counted, not timed.  The same static program runs on
 * Pagoda and on Linux; `make bench` prints both and the ratio.
 *
 * It is the machine's init.  Output: one line per row, "name instructions", per operation;
 * with the word "boot" behind it only what booting took, and what a shell finds free.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE  4096UL
#define MiB   (1UL << 20)
#define PAGES (64 * MiB / PAGE)

static uint64_t now(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
	return low | (uint64_t)high << 32;
}

static void row(const char *name, uint64_t begin, uint64_t end, unsigned long n)
{
	printf("%s %llu\n", name, (unsigned long long)((end - begin) / n));
	fflush(stdout);
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void *map(size_t bytes, int prot, int flags, int fd)
{
	void *p = mmap(NULL, bytes, prot, flags, fd, 0);

	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW   (PROT_READ | PROT_WRITE)

static long faults(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_minflt;
}

static void touch(volatile char *p, unsigned long pages)
{
	for (unsigned long i = 0; i < pages; i++)
		p[i * PAGE] = 1;
}

static unsigned long look(const volatile char *p, unsigned long pages)
{
	unsigned long sum = 0;

	for (unsigned long i = 0; i < pages; i++)
		sum += p[i * PAGE];
	return sum;
}

static void bench_syscall(void)
{
	uint64_t t = now();

	for (int i = 0; i < 10000; i++)
		syscall(SYS_getppid);
	row("syscall_null", t, now(), 10000);
}

static void bench_anon(void)
{
	char *p = map(64 * MiB, RW, ANON, -1);
	long before = faults();
	uint64_t t;

	madvise(p, 64 * MiB, MADV_NOHUGEPAGE);
	t = now();
	touch(p, PAGES);
	row("fault_anon_write", t, now(), PAGES);
	if ((unsigned long)(faults() - before) < PAGES)
		printf("# fewer faults than pages\n");
	t = now();
	munmap(p, 64 * MiB);
	row("unmap_touched", t, now(), PAGES);

	p = map(64 * MiB, RW, ANON, -1);
	madvise(p, 64 * MiB, MADV_NOHUGEPAGE);
	t = now();
	look(p, PAGES);
	row("fault_zero_read", t, now(), PAGES);
	munmap(p, 64 * MiB);
}

static void bench_map(void)
{
	uint64_t t = now();

	for (int i = 0; i < 1000; i++)
		munmap(map(PAGE, RW, ANON, -1), PAGE);
	row("mmap_munmap", t, now(), 1000);
	t = now();
	for (int i = 0; i < 1000; i++) {
		char *p = map(PAGE, RW, ANON, -1);

		*p = 1;
		munmap(p, PAGE);
	}
	row("mmap_touch_munmap", t, now(), 1000);

	char *p = map(16 * PAGE, RW, ANON, -1);

	touch(p, 16);
	t = now();
	for (int i = 0; i < 1000; i++) {
		mprotect(p, 16 * PAGE, PROT_READ);
		mprotect(p, 16 * PAGE, RW);
	}
	row("mprotect_16p", t, now(), 2000);
	munmap(p, 16 * PAGE);

	t = now();
	for (int i = 0; i < 1000; i++) {
		char *b = sbrk(PAGE);

		*b = 1;
		sbrk(-(long)PAGE);
	}
	row("brk_touch", t, now(), 1000);
}

static void bench_vmas(void)
{
	char *p = map(4000 * PAGE, PROT_NONE, ANON, -1);
	uint64_t t = now();

	for (int i = 0; i < 1000; i++)
		mprotect(p + (2 * i + 1) * PAGE, PAGE, RW);
	row("vma_split", t, now(), 1000);
	for (int i = 1000; i < 2000; i++)
		mprotect(p + (2 * i + 1) * PAGE, PAGE, RW);
	t = now();
	for (int i = 0; i < 2000; i++)
		p[(2 * i + 1) * PAGE] = 1;
	row("fault_2000_vmas", t, now(), 2000);
	t = now();
	munmap(p, 4000 * PAGE);
	row("munmap_2000_vmas", t, now(), 4000);
}

static void bench_fork(unsigned mib)
{
	char *p = mib ? map(mib * MiB, RW, ANON, -1) : NULL;
	uint64_t t, forked = 0, cycle = 0;
	char name[32];
	const int rounds = 8;

	if (p) {
		madvise(p, mib * MiB, MADV_NOHUGEPAGE);
		touch(p, mib * MiB / PAGE);
	}
	for (int i = 0; i < rounds; i++) {
		t = now();
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		forked += now() - t;
		waitpid(pid, NULL, 0);
		cycle += now() - t;
	}
	snprintf(name, sizeof(name), "fork_%u", mib);
	row(name, 0, forked, rounds);
	snprintf(name, sizeof(name), "fork_exit_wait_%u", mib);
	row(name, 0, cycle, rounds);
	if (p)
		munmap(p, mib * MiB);
}

static void bench_cow(void)
{
	const unsigned long pages = 16 * MiB / PAGE;
	char *p = map(16 * MiB, RW, ANON, -1);
	int ends[2];

	madvise(p, 16 * MiB, MADV_NOHUGEPAGE);
	touch(p, pages);
	if (pipe(ends))
		die("pipe");
	if (fork() == 0) {
		uint64_t t = now();

		touch(p, pages);
		t = now() - t;
		if (write(ends[1], &t, sizeof(t)) != sizeof(t))
			_exit(1);
		_exit(0);
	}
	uint64_t took;

	if (read(ends[0], &took, sizeof(took)) != sizeof(took))
		die("read");
	wait(NULL);
	row("cow_break", 0, took, pages);
	munmap(p, 16 * MiB);
}

/* The parent writes again what a child that lives on still shares: a database's snapshot. */
static void bench_rewrite(void)
{
	const unsigned long pages = 128 * MiB / PAGE;
	char *p = map(128 * MiB, RW, ANON, -1), end;
	int ends[2];
	uint64_t t;

	madvise(p, 128 * MiB, MADV_NOHUGEPAGE);
	touch(p, pages);
	if (pipe(ends))
		die("pipe");
	if (fork() == 0) {
		close(ends[1]);
		_exit(read(ends[0], &end, 1) != 0);
	}
	t = now();
	touch(p, pages);
	row("fork_rewrite_128", t, now(), pages);
	close(ends[0]);
	close(ends[1]);
	wait(NULL);
	munmap(p, 128 * MiB);
}

static void bench_file(void)
{
	const unsigned long pages = 16 * MiB / PAGE;
	static char buf[PAGE];
	int fd = open("/tmp/bench", O_RDWR | O_CREAT | O_TRUNC, 0600);
	uint64_t t;
	char *p;

	if (fd < 0)
		die("/tmp/bench");
	for (unsigned long i = 0; i < pages; i++)
		if (write(fd, buf, PAGE) != (long)PAGE)
			die("write");
	lseek(fd, 0, SEEK_SET);
	t = now();
	for (unsigned long i = 0; i < pages; i++)
		if (read(fd, buf, PAGE) != (long)PAGE)
			die("read");
	row("read_4k_cached", t, now(), pages);
	p = map(16 * MiB, PROT_READ, MAP_SHARED, fd);
	t = now();
	look(p, pages);
	row("fault_file_shared_read", t, now(), pages);
	munmap(p, 16 * MiB);
	p = map(16 * MiB, RW, MAP_SHARED, fd);
	t = now();
	touch(p, pages);
	row("fault_file_shared_write", t, now(), pages);
	munmap(p, 16 * MiB);
	p = map(16 * MiB, RW, MAP_PRIVATE, fd);
	t = now();
	touch(p, pages);
	row("fault_file_private_write", t, now(), pages);
	munmap(p, 16 * MiB);
	close(fd);
	unlink("/tmp/bench");
}

static void bench_exec(const char *name, const char *program, char *const argv[])
{
	const int rounds = 8;
	uint64_t t = now();

	for (int i = 0; i < rounds; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			execv(program, argv);
			_exit(127);
		}
		waitpid(pid, NULL, 0);
	}
	row(name, t, now(), rounds);
}

/* From reset to init: the counter began at zero. Then what the machine has besides a shell. */
static void bench_boot(uint64_t started)
{
	row("boot_to_init", 0, started, 1);
	if (fork() == 0) {
		execl("/bin/busybox", "sh", "-c",
		      "read -r _ total _; read -r _ free _; echo meminfo $total $free", NULL);
		_exit(127);
	}
	wait(NULL);
}

int main(int argc, char **argv)
{
	uint64_t started = now();

	if (getpid() != 1)
		return 0; /* the program that bench_exec() runs */
	mkdir("/proc", 0755);
	mkdir("/tmp", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("tmpfs", "/tmp", "tmpfs", 0, NULL);
	if (argc > 1 && !strcmp(argv[1], "boot")) {
		if (!freopen("/proc/meminfo", "r", stdin))
			die("/proc/meminfo");
		bench_boot(started);
		reboot(RB_POWER_OFF);
	}
	bench_syscall();
	bench_anon();
	bench_map();
	bench_vmas();
	bench_fork(0);
	bench_fork(16);
	bench_fork(128);
	bench_cow();
	bench_rewrite();
	bench_file();
	bench_exec("fork_exec_exit_static", "/init", (char *[]){"init", NULL});
	bench_exec("fork_exec_exit_busybox_true", "/bin/busybox",
		   (char *[]){"busybox", "true", NULL});
	reboot(RB_POWER_OFF);
}
