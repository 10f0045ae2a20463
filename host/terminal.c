/*
 * The terminal's mode (terminal.h). Signals that end a process by a fault are
 * caught only to restore the terminal; all others go through the session, which
 * ends in an orderly way. SIGKILL cannot be caught: a shell puts its own
 * terminal back then.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

#include "terminal.h"

static struct termios before;
static volatile int raw_fd = -1;

void terminal_restore(void)
{
	if (raw_fd < 0)
		return;
	tcsetattr(raw_fd, TCSADRAIN, &before);
	raw_fd = -1;
}

static void restore_and_die(int signal_number)
{
	terminal_restore();
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

void terminal_raw(int fd)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
	static int prepared;
	struct termios raw;

	if (tcgetattr(fd, &before) < 0)
		return;
	if (!prepared) {
		prepared = 1;
		atexit(terminal_restore);
		for (unsigned i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
			signal(faults[i], restore_and_die);
	}
	raw = before;
	cfmakeraw(&raw);
	raw_fd = fd;
	tcsetattr(fd, TCSADRAIN, &raw);
}

void terminal_size(int fd, unsigned *rows, unsigned *columns)
{
	struct winsize size = {0};

	ioctl(fd, TIOCGWINSZ, &size);
	*rows = size.ws_row;
	*columns = size.ws_col;
}

bool is_nothing(int fd)
{
	struct stat stat;

	return fstat(fd, &stat) == 0 && S_ISCHR(stat.st_mode) && stat.st_rdev == makedev(1, 3);
}
