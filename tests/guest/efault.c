/*
 * Bad pointers given to system calls are EFAULT, never worse: unmapped memory, a
 * read-only page to be written, the kernel's half, a buffer whose end is missing.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/check.h"

/* Seconds of 64 bits on every machine. */
#ifdef SYS_clock_gettime64
#define CLOCK_GETTIME SYS_clock_gettime64
#else
#define CLOCK_GETTIME SYS_clock_gettime
#endif

/* Not a process's: the first page, the kernel's half, the page below it, no address at all. */
static const unsigned long nowhere[] = {
#ifdef __i386__
	0x8, 0xc0000000, 0xc0100000, 0xf8001000, 0xfffff000,
#else
	0x8, 0xffff888000000000, 0xffffffff81000000, 0x1234567800000000, 0x7ffffffff000,
#endif
};

static char *unmapped, *read_only;
static int ends[2];

static void prepare(void)
{
	unmapped = must(mmap(NULL, 2 * page_size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	must(munmap(unmapped, 2 * page_size));
	read_only = must(mmap(NULL, page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	must(pipe(ends));
	must(write(ends[1], "0123456789", 10));
}

static void expect_all_fail(char *bad)
{
	expect_errno(syscall(SYS_read, ends[0], bad, 4), EFAULT);
	expect_errno(syscall(SYS_pipe, bad), EFAULT);
	expect_errno(syscall(SYS_uname, bad), EFAULT);
	expect_errno(syscall(CLOCK_GETTIME, CLOCK_MONOTONIC, bad), EFAULT);
	expect_errno(syscall(SYS_statx, AT_FDCWD, "/", 0, 0, bad), EFAULT);
	expect_errno(syscall(SYS_getcwd, bad, 64), EFAULT);
	expect_errno(syscall(SYS_rt_sigaction, SIGUSR1, NULL, bad, 8), EFAULT);
	expect_errno(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, bad, 8), EFAULT);
	expect_errno(syscall(SYS_getrusage, 0, bad), EFAULT);
	expect_errno(syscall(SYS_sysinfo, bad), EFAULT);
	expect_errno(syscall(SYS_getrandom, bad, 8, 0), EFAULT);
	expect_errno(syscall(SYS_times, bad), EFAULT);
	expect_errno(syscall(SYS_readlink, "/proc/self/exe", bad, 64), EFAULT);
}

static void results_nowhere(void)
{
	prepare();
	expect_all_fail(unmapped);
	expect_all_fail(read_only);
	for (unsigned i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++)
		expect_all_fail((char *)nowhere[i]);
	/* What could not be delivered was not taken. */
	char data[10];
	expect_equal(read(ends[0], data, 10), 10);
	expect_equal(data[0], '0');
}

static void expect_no_arguments(char *bad)
{
	expect_errno(syscall(SYS_write, ends[1], bad, 4), EFAULT);
	expect_errno(syscall(SYS_openat, AT_FDCWD, bad, O_RDONLY), EFAULT);
	expect_errno(syscall(SYS_chdir, bad), EFAULT);
	expect_errno(syscall(SYS_unlink, bad), EFAULT);
	expect_errno(syscall(SYS_mkdir, bad, 0700), EFAULT);
	expect_errno(syscall(SYS_execve, bad, NULL, NULL), EFAULT);
	expect_errno(syscall(SYS_nanosleep, bad, NULL), EFAULT);
	expect_errno(syscall(SYS_rt_sigaction, SIGUSR1, bad, NULL, 8), EFAULT);
	expect_errno(syscall(SYS_writev, ends[1], bad, 1), EFAULT);
	expect_errno(syscall(SYS_poll, bad, 1, 0), EFAULT);
	expect_errno(syscall(SYS_setrlimit, 3, bad), EFAULT);
}

static void arguments_nowhere(void)
{
	prepare();
	expect_no_arguments(unmapped);
	for (unsigned i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++)
		expect_no_arguments((char *)nowhere[i]);
}

static void strings_that_run_off(void)
{
	char *area = must(mmap(NULL, 2 * page_size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	must(munmap(area + page_size, page_size));
	char *tail = area + page_size - 4;
	tail[0] = '/', tail[1] = 't', tail[2] = 'm', tail[3] = 'p';
	expect_errno(syscall(SYS_chdir, tail), EFAULT);
	tail[3] = '\0';
	expect_errno(syscall(SYS_chdir, tail), ENOENT);
}

static void buffers_that_run_off(void)
{
	char *area = must(mmap(NULL, 2 * page_size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	int fd = must(open("/tmp/efault", O_RDWR | O_CREAT | O_TRUNC, 0600));

	for (int i = 0; i < 2 * page_size; i++)
		area[i] = i;
	must(write(fd, area, 2 * page_size));
	must(munmap(area + page_size, page_size));
	/* As much as there is room for. */
	expect_equal(pread(fd, area + page_size - 100, 200, 0), 100);
	expect_between(pwrite(fd, area + page_size - 100, 200, 0), 100, 100);
	close(fd);
	unlink("/tmp/efault");
}

static void vectors(void)
{
	int file = must(open("/bin/busybox", O_RDONLY));
	char good[4];

	prepare();
	struct iovec vector[] = {{good, 4}, {unmapped, 4}};
	expect_equal(readv(file, vector, 2), 4);
	close(file);
	vector[1].iov_len = -1;
	expect_errno(readv(ends[0], vector, 2), EINVAL);
	expect_errno(syscall(SYS_readv, ends[0], vector, 1025), EINVAL);
	expect_errno(syscall(SYS_readv, ends[0], vector, -1), EINVAL);
}

static void child_exits(void)
{
}

static void wait_nowhere(void)
{
	pid_t child = start_child(child_exits);

	prepare();
	/* Linux reaps and then fails to tell; all that counts is the error. */
	expect_errno(syscall(SYS_wait4, child, unmapped, 0, NULL), EFAULT);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static void spoil_stack_and_signal(void)
{
	/* No stack to put the signal's frame on: the process dies of SIGSEGV. */
	signal(SIGUSR1, (void (*)(int))child_exits);
#ifdef __i386__
	__asm__ volatile("mov $0x10, %%esp\n\tint $0x80\n\thlt"
			 :
			 : "a"(SYS_kill), "b"(getpid()), "c"(SIGUSR1)
			 : "memory");
#else
	register long number __asm__("rax") = SYS_kill;
	register long pid __asm__("rdi") = getpid();
	register long signal_number __asm__("rsi") = SIGUSR1;
	__asm__ volatile("mov $0x10, %%rsp\n\tsyscall\n\thlt"
			 :
			 : "r"(number), "r"(pid), "r"(signal_number)
			 : "rcx", "r11", "memory");
#endif
}

static void signal_without_a_stack(void)
{
	expect_child_killed(spoil_stack_and_signal, SIGSEGV);
}

int main(void)
{
	run("efault-results", results_nowhere);
	run("efault-arguments", arguments_nowhere);
	run("efault-strings", strings_that_run_off);
	run("efault-buffers", buffers_that_run_off);
	run("efault-vectors", vectors);
	run("efault-wait", wait_nowhere);
	run("efault-signal-stack", signal_without_a_stack);
	return finish();
}
