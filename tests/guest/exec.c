/*
 * exec: what the new program finds (arguments, environment, auxiliary vector) and
 * what it keeps or loses of the old one. The program executed is this one again,
 * told by its second argument what to look at.
 */
#include <elf.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/check.h"
#include "lib/fault.h"
#include "lib/procfs.h"

extern char **environ;

static char self[256];

/* Executes this program as `suite exec WHAT [ARGUMENT]` in a child. Gives its exit status. */
static int execute(const char *what, char *argument)
{
	pid_t child = must(fork());

	if (child == 0) {
		execl(self, "suite", "exec", what, argument, NULL);
		_exit(99);
	}
	int status = wait_child(child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void arguments_arrive(void)
{
	char *argv[] = {"suite", "exec", "arguments", "", "a b", NULL};
	char *envp[] = {"A=1", "B=", NULL};
	pid_t child = must(fork());

	if (child == 0) {
		execve(self, argv, envp);
		_exit(99);
	}
	expect_equal(wait_child(child), 0);
}

static int look_at_arguments(int argc, char **argv)
{
	return !(argc == 4 && !strcmp(argv[2], "") && !strcmp(argv[3], "a b") && !argv[4] &&
		 !strcmp(environ[0], "A=1") && !strcmp(environ[1], "B=") && !environ[2]);
}

static void auxiliary_vector(void)
{
	expect_equal(getauxval(AT_PAGESZ), page_size);
	expect_equal(getauxval(AT_CLKTCK), 100);
	expect_equal(getauxval(AT_UID), getuid());
	expect_equal(getauxval(AT_SECURE), 0);
	expect_equal(getauxval(AT_PHENT),
		     sizeof(long) == 8 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr));
	expect_string((char *)getauxval(AT_PLATFORM), sizeof(long) == 8 ? "x86_64" : "i686");
	expect(getauxval(AT_ENTRY) != 0);
	expect(getauxval(AT_MINSIGSTKSZ) == 0 || getauxval(AT_MINSIGSTKSZ) >= 512);
	expect(getauxval(AT_EXECFN) != 0);
	const Elf64_Phdr *headers = (void *)getauxval(AT_PHDR);
	expect_between(getauxval(AT_PHNUM), 3, 20);
	expect(headers[0].p_type != PT_NULL);
	const unsigned char *random = (void *)getauxval(AT_RANDOM);
	int sum = 0;
	for (int i = 0; i < 16; i++)
		sum |= random[i];
	expect(sum != 0);
}

static void descriptors(void)
{
	char argument[32];
	int kept = must(open("/dev/null", O_RDONLY));
	int closed = must(open("/dev/null", O_RDONLY | O_CLOEXEC));

	snprintf(argument, sizeof(argument), "%d %d", kept, closed);
	expect_equal(execute("descriptors", argument), 0);
	expect_equal(fcntl(closed, F_GETFD), FD_CLOEXEC); /* ours is still open */
	close(kept);
	close(closed);
}

static int look_at_descriptors(const char *argument)
{
	int kept, closed;

	sscanf(argument, "%d %d", &kept, &closed);
	return !(fcntl(kept, F_GETFD) == 0 && fcntl(closed, F_GETFD) == -1);
}

static void handler(int number)
{
	(void)number;
}

static void signals(void)
{
	sigset_t set;

	signal(SIGUSR1, handler);
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	expect_equal(execute("signals", NULL), 0);
	must(sigprocmask(SIG_UNBLOCK, &set, NULL));
	signal(SIGUSR1, SIG_DFL);
	signal(SIGUSR2, SIG_DFL);
}

static int look_at_signals(void)
{
	struct sigaction one, two;
	sigset_t set;

	sigaction(SIGUSR1, NULL, &one);
	sigaction(SIGUSR2, NULL, &two);
	sigprocmask(SIG_BLOCK, NULL, &set);
	return !(one.sa_handler == SIG_DFL && two.sa_handler == SIG_IGN &&
		 sigismember(&set, SIGALRM));
}

/* The old program's memory is gone: an address mapped there is not mapped here. */
static void memory(void)
{
	char argument[32];
	char *area = must(mmap((void *)0x123450000000, page_size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));

	area[0] = 1;
	snprintf(argument, sizeof(argument), "%p", area);
	expect_equal(execute("memory", argument), 0);
	expect_equal(area[0], 1);
	must(munmap(area, page_size));
}

static int look_at_memory(const char *argument)
{
	return touch((void *)strtoul(argument, NULL, 16), READ).signal != SIGSEGV;
}

static void too_long(void)
{
	size_t length = 200 << 10;
	char *argument = malloc(length + 1);

	memset(argument, 'a', length);
	argument[length] = '\0';
	char *one[] = {"suite", argument, NULL};
	expect_errno(execve(self, one, environ), E2BIG);

	/* Many long ones: more than three quarters of the stack's usual limit. */
	if (read_number("/proc/meminfo", "MemFree") < 16 << 10)
		skip("they are no shorter than memory");
	char *many[64] = {"suite"};
	argument[100 << 10] = '\0';
	for (int i = 1; i < 63; i++)
		many[i] = argument;
	expect_errno(execve(self, many, environ), E2BIG);
	free(argument);
}

static void long_arguments(void)
{
	char *argument = malloc((100 << 10) + 1);

	memset(argument, 'a', 100 << 10);
	argument[100 << 10] = '\0';
	expect_equal(execute("length", argument), 0);
	free(argument);
}

static void name_of_process(void)
{
	expect_equal(execute("name", NULL), 0);
}

static int look_at_name(void)
{
	return strncmp(read_text("/proc/self/comm"), "suite", 5) != 0 ||
	       strncmp(read_text("/proc/self/cmdline"), "suite", 6) != 0;
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		const char *what = argv[1];

		if (!strcmp(what, "arguments"))
			return look_at_arguments(argc, argv);
		if (!strcmp(what, "descriptors"))
			return look_at_descriptors(argv[2]);
		if (!strcmp(what, "signals"))
			return look_at_signals();
		if (!strcmp(what, "memory"))
			return look_at_memory(argv[2]);
		if (!strcmp(what, "length"))
			return strlen(argv[2]) != 100 << 10;
		if (!strcmp(what, "name"))
			return look_at_name();
		return 98;
	}
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return 1;
	run("exec-arguments", arguments_arrive);
	run("exec-auxv", auxiliary_vector);
	run("exec-descriptors", descriptors);
	run("exec-signals", signals);
	run("exec-memory", memory);
	run("exec-too-long", too_long);
	run("exec-long", long_arguments);
	run("exec-name", name_of_process);
	return finish();
}
