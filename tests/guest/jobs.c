/*
 * Job control on a terminal: the foreground group gets the keys' signals, the
 * background one is stopped when it reads. The terminal is the serial port ttyS0
 * (nobody types there in a test, so TIOCSTI or kill stand in for keys).
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "lib/check.h"

static int terminal;

/* Becomes the leader of a new session with ttyS0 as its terminal. */
static void take_terminal(void)
{
	must(setsid());
	terminal = must(open("/dev/ttyS0", O_RDWR));
	must(ioctl(terminal, TIOCSCTTY, 1));
	signal(SIGTTOU, SIG_IGN);
}

static void sessions_and_groups(void)
{
	expect_errno(setpgid(0, -1), EINVAL);
	must(setsid());
	expect_equal(getsid(0), getpid());
	expect_equal(getpgrp(), getpid());
	expect_errno(setsid(), EPERM);
	expect_errno(open("/dev/tty", O_RDWR), ENXIO);
	expect_errno(setpgid(0, getpid() + 1), EPERM); /* a session's leader stays */
}

static void in_new_session(void)
{
	expect_child_ok(sessions_and_groups);
}

static void sleep_on(void)
{
	for (;;)
		pause();
}

static void read_terminal(void)
{
	char byte;

	signal(SIGTTIN, SIG_DFL);
	while (tcgetpgrp(terminal) == getpgrp())
		usleep(1000);
	_exit(read(terminal, &byte, 1) < 0 ? 1 : 0);
}

static void foreground_and_background(void)
{
	int status;

	take_terminal();
	expect_equal(tcgetpgrp(terminal), getpgrp());
	expect_equal(tcgetsid(terminal), getpid());
	int tty = must(open("/dev/tty", O_RDWR));
	expect_equal(tcgetpgrp(tty), getpgrp());
	close(tty);

	/* A child in a group of its own, in the background, reads: it is stopped. */
	pid_t child = start_child(read_terminal);
	must(setpgid(child, child));
	expect_equal(waitpid(child, &status, WUNTRACED), child);
	expect(WIFSTOPPED(status));
	expect_equal(WSTOPSIG(status), SIGTTIN);
	must(kill(-child, SIGKILL));
	expect_equal(wait_child(child), SIGKILL);

	must(tcsetpgrp(terminal, getpgrp()));
	expect_errno(tcsetpgrp(terminal, 99999), ESRCH);
}

static void background_is_stopped(void)
{
	expect_child_ok(foreground_and_background);
}

static void keys_become_signals_body(void)
{
	static const struct {
		char key;
		int signal;
	} keys[] = {{3, SIGINT}, {28, SIGQUIT}};
	struct termios mode;
	int status;

	take_terminal();
	must(tcgetattr(terminal, &mode));
	mode.c_lflag = ISIG | ICANON; /* no echo */
	mode.c_cc[VINTR] = 3;
	mode.c_cc[VQUIT] = 28;
	mode.c_cc[VSUSP] = 26;
	must(tcsetattr(terminal, TCSANOW, &mode));
	for (int i = 0; i < 2; i++) {
		pid_t child = start_child(sleep_on);

		must(setpgid(child, child));
		must(tcsetpgrp(terminal, child));
		if (ioctl(terminal, TIOCSTI, &keys[i].key) < 0)
			must(kill(-child, keys[i].signal));
		status = wait_child(child);
		expect(WIFSIGNALED(status));
		expect_equal(WTERMSIG(status), keys[i].signal);
		must(tcsetpgrp(terminal, getpgrp()));
	}
	char suspend = 26;
	pid_t child = start_child(sleep_on);
	must(setpgid(child, child));
	must(tcsetpgrp(terminal, child));
	if (ioctl(terminal, TIOCSTI, &suspend) < 0)
		must(kill(-child, SIGTSTP));
	expect_equal(waitpid(child, &status, WUNTRACED), child);
	expect_equal(WSTOPSIG(status), SIGTSTP);
	must(tcsetpgrp(terminal, getpgrp()));
	must(kill(-child, SIGCONT));
	must(kill(-child, SIGTERM));
	expect_equal(wait_child(child), SIGTERM);
}

static void keys_become_signals(void)
{
	expect_child_ok(keys_become_signals_body);
}

static void window_size_body(void)
{
	struct winsize size = {.ws_row = 44, .ws_col = 133}, got = {0};

	take_terminal();
	must(ioctl(terminal, TIOCSWINSZ, &size));
	must(ioctl(terminal, TIOCGWINSZ, &got));
	expect_equal(got.ws_row, 44);
	expect_equal(got.ws_col, 133);
}

static void window_size(void)
{
	expect_child_ok(window_size_body);
}

static volatile int hung_up;

static void note_hangup(int number)
{
	(void)number;
	hung_up = 1;
}

/* A stopped group that loses the session's last tie to it is told: SIGHUP, SIGCONT. */
static int ends[2];

static void orphan_member(void)
{
	signal(SIGHUP, note_hangup);
	must(write(ends[1], "r", 1));
	raise(SIGSTOP);
	for (int i = 0; i < 100 && !hung_up; i++)
		usleep(10000);
	must(write(ends[1], hung_up ? "h" : "n", 1));
}

static void middle(void)
{
	char byte;
	int status;
	pid_t child = start_child(orphan_member);

	expect_equal(read(ends[0], &byte, 1), 1);
	expect_equal(waitpid(child, &status, WUNTRACED), child);
	expect(WIFSTOPPED(status));
}

static void start_group(void)
{
	must(setpgid(0, 0));
	middle();
}

static void orphaned_group(void)
{
	char byte;

	must(pipe(ends));
	expect_child_ok(start_group);
	expect_equal(read(ends[0], &byte, 1), 1);
	expect_equal(byte, 'h');
}

int main(void)
{
	run("jobs-session", in_new_session);
	run("jobs-background", background_is_stopped);
	run("jobs-keys", keys_become_signals);
	run("jobs-window", window_size);
	run("jobs-orphaned", orphaned_group);
	return finish();
}
