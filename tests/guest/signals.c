/*
 * Signals: delivery, masks, restarting of system calls, what survives exec is in
 * exec.c, the alternative stack in sigstack.c.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/check.h"

static volatile int count;
static volatile siginfo_t info;

static void note(int number, siginfo_t *about, void *context)
{
	(void)context;
	(void)number;
	memcpy((void *)&info, about, sizeof(info));
	count++;
}

static void handle(int number, int flags)
{
	struct sigaction action = {.sa_sigaction = note, .sa_flags = flags | SA_SIGINFO};

	count = 0;
	must(sigaction(number, &action, NULL));
}

static void block(int how, int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	must(sigprocmask(how, &set, NULL));
}

static void handler_runs(void)
{
	handle(SIGUSR1, 0);
	must(kill(getpid(), SIGUSR1));
	expect_equal(count, 1);
	expect_equal(info.si_signo, SIGUSR1);
	expect_equal(info.si_code, SI_USER);
	expect_equal(info.si_pid, getpid());
	expect_equal(info.si_uid, getuid());
	must(raise(SIGUSR1));
	expect_equal(count, 2);
	expect_equal(info.si_code, SI_TKILL);
}

static void blocked_signals_wait(void)
{
	sigset_t pending;

	handle(SIGUSR1, 0);
	block(SIG_BLOCK, SIGUSR1);
	must(kill(getpid(), SIGUSR1));
	must(kill(getpid(), SIGUSR1)); /* one is kept */
	expect_equal(count, 0);
	must(sigpending(&pending));
	expect_equal(sigismember(&pending, SIGUSR1), 1);
	expect_equal(sigismember(&pending, SIGUSR2), 0);
	block(SIG_UNBLOCK, SIGUSR1);
	expect_equal(count, 1);
}

static void real_time_signals_queue(void)
{
	handle(SIGRTMIN, 0);
	block(SIG_BLOCK, SIGRTMIN);
	for (int i = 0; i < 3; i++)
		must(sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = i + 10}));
	block(SIG_UNBLOCK, SIGRTMIN);
	expect_equal(count, 3);
	expect_equal(info.si_code, SI_QUEUE);
	expect_equal(info.si_value.sival_int, 12);
}

static void resets_and_nests(void)
{
	struct sigaction action;

	handle(SIGUSR1, SA_RESETHAND);
	must(raise(SIGUSR1));
	must(sigaction(SIGUSR1, NULL, &action));
	expect(action.sa_handler == SIG_DFL);
}

static void ignored_signals_vanish(void)
{
	sigset_t pending;

	signal(SIGUSR2, SIG_IGN);
	block(SIG_BLOCK, SIGUSR2);
	must(kill(getpid(), SIGUSR2));
	block(SIG_UNBLOCK, SIGUSR2);
	must(sigpending(&pending));
	expect_equal(sigismember(&pending, SIGUSR2), 0);
	signal(SIGUSR2, SIG_DFL);
}

static void alarm_soon(void)
{
	struct itimerval soon = {.it_value = {0, 50000}};

	must(setitimer(ITIMER_REAL, &soon, NULL));
}

static void read_is_interrupted(void)
{
	int ends[2];
	char byte;

	must(pipe(ends));
	handle(SIGALRM, 0);
	alarm_soon();
	expect_errno(read(ends[0], &byte, 1), EINTR);
	expect_equal(count, 1);
}

static int restart_ends[2];

static void write_byte_later(void)
{
	usleep(150000);
	must(write(restart_ends[1], "r", 1));
}

static void read_is_restarted(void)
{
	char byte = 0;

	must(pipe(restart_ends));
	handle(SIGALRM, SA_RESTART);
	pid_t child = start_child(write_byte_later);
	alarm_soon();
	expect_equal(read(restart_ends[0], &byte, 1), 1);
	expect_equal(byte, 'r');
	expect_equal(count, 1);
	expect_equal(wait_child(child), 0);
}

static void sleep_tells_what_remains(void)
{
	struct timespec second = {1, 0}, rest = {0, 0};

	handle(SIGALRM, SA_RESTART); /* nanosleep is not restarted by it */
	alarm_soon();
	expect_errno(nanosleep(&second, &rest), EINTR);
	expect_between(rest.tv_sec * 1000 + rest.tv_nsec / 1000000, 300, 990);
}

static void suspend_takes_a_mask(void)
{
	sigset_t none;

	handle(SIGUSR1, 0);
	block(SIG_BLOCK, SIGUSR1);
	must(kill(getpid(), SIGUSR1));
	sigemptyset(&none);
	expect_errno(sigsuspend(&none), EINTR);
	expect_equal(count, 1);
	must(kill(getpid(), SIGUSR1)); /* blocked again */
	expect_equal(count, 1);
	block(SIG_UNBLOCK, SIGUSR1);
}

static void cannot_be_caught(void)
{
	struct sigaction action = {.sa_handler = SIG_IGN};

	expect_errno(sigaction(SIGKILL, &action, NULL), EINVAL);
	expect_errno(sigaction(SIGSTOP, &action, NULL), EINVAL);
	expect_errno(kill(getpid(), 65), EINVAL);
	expect_errno(kill(99999999, SIGTERM), ESRCH);
	must(kill(getpid(), 0));
}

static void wait_forever(void)
{
	for (;;)
		pause();
}

static void stop_and_continue(void)
{
	pid_t child = start_child(wait_forever);
	int status;

	must(kill(child, SIGSTOP));
	expect_equal(waitpid(child, &status, WUNTRACED), child);
	expect(WIFSTOPPED(status));
	expect_equal(WSTOPSIG(status), SIGSTOP);
	must(kill(child, SIGCONT));
	expect_equal(waitpid(child, &status, WCONTINUED), child);
	expect(WIFCONTINUED(status));
	must(kill(child, SIGTERM));
	expect_equal(wait_child(child), SIGTERM);
}

/* A handler may use every register, vector ones too: the program must not notice. */
static void spoil(int number)
{
	(void)number;
	__asm__ volatile("pcmpeqd %%xmm0, %%xmm0\n\tpcmpeqd %%xmm7, %%xmm7\n\tstd\n\tcld"
			 :
			 :
			 : "xmm0", "xmm7");
	count++;
}

static void registers_survive(void)
{
	struct itimerval often = {{0, 1000}, {0, 1000}}, never = {0};
	long wrong = 0;

	signal(SIGALRM, spoil);
	count = 0;
	must(setitimer(ITIMER_REAL, &often, NULL));
	while (count < 20) {
		unsigned long long in = 0x1234567890abcdef, out;

		__asm__ volatile("movq %1, %%xmm7\n\t"
				 "mov $2000, %%ecx\n"
				 "1:\tdec %%ecx\n\tjnz 1b\n\t"
				 "movq %%xmm7, %0"
				 : "=m"(out)
				 : "m"(in)
				 : "ecx", "xmm7", "cc");
		wrong += out != in;
	}
	must(setitimer(ITIMER_REAL, &never, NULL));
	expect_equal(wrong, 0);
}

int main(void)
{
	run("signal-handler", handler_runs);
	run("signal-blocked", blocked_signals_wait);
	run("signal-queued", real_time_signals_queue);
	run("signal-reset", resets_and_nests);
	run("signal-ignored", ignored_signals_vanish);
	run("signal-interrupt", read_is_interrupted);
	run("signal-restart", read_is_restarted);
	run("signal-sleep", sleep_tells_what_remains);
	run("signal-suspend", suspend_takes_a_mask);
	run("signal-refused", cannot_be_caught);
	run("signal-stop", stop_and_continue);
	run("signal-registers", registers_survive);
	return finish();
}
