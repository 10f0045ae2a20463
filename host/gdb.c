/*
 * `pagoda gdb`: attaches gdb to a machine that `pagoda run --gdb` has started.
 *
 * The machine says where QEMU listens for gdb: a socket with a name, /tmp/pagoda-PID.gdb
 * unless the user has named another.  Without a name here the newest of ours is meant.
 * gdb gets the kernel with its symbols; beside that lies KERNEL-gdb.py, the commands
 * `pg` (tools/gdb/pagoda.py), which gdb loads by itself once the directory is said to be safe.
 */
#include <argp.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "gdb.h"

#define SOCKET_NAME "/tmp/pagoda-%s.gdb"

char *gdb_default_socket(void)
{
	char *pid = format_string("%d", (int)getpid()), *name = format_string(SOCKET_NAME, pid);

	free(pid);
	return name;
}

/* The newest socket of this user's. */
static const char *newest_socket(void)
{
	char *pattern = format_string(SOCKET_NAME, "*");
	const char *newest = NULL;
	struct timespec when = {0};
	struct stat status;
	glob_t found;

	if (glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++) {
			const char *name = found.gl_pathv[i];

			if (lstat(name, &status) < 0 || !S_ISSOCK(status.st_mode) ||
			    status.st_uid != getuid() ||
			    (newest && (status.st_mtim.tv_sec < when.tv_sec ||
					(status.st_mtim.tv_sec == when.tv_sec &&
					 status.st_mtim.tv_nsec < when.tv_nsec))))
				continue;
			newest = name;
			when = status.st_mtim;
		}
	if (!newest)
		die(EXIT_USAGE, "no machine waits for gdb: start one with `pagoda run --gdb'");
	free(pattern);
	return newest; /* of a list that stays until the process ends */
}

enum option_key { KEY_KERNEL = 256, KEY_DEBUG };

static const struct argp_option option_list[] = {
	{"kernel", KEY_KERNEL, "FILE", 0, "the kernel that runs there, with symbols", 0},
	{"debug", KEY_DEBUG, NULL, 0, "it is the debug build", 0},
	{0},
};

static const char help[] =
	"Attach gdb to the machine that `pagoda run --gdb' has started: to the one behind SOCKET, "
	"or to the one started last. What follows -- goes to gdb. In gdb, `help pg' lists the "
	"commands that show Pagoda's memory: pages, zones, slabs, areas, page tables, tasks.\v"
	"The machine stands still until gdb says `continue'; `detach' lets it run on without gdb, "
	"`kill' ends it.";

struct reading {
	const char *kernel, *socket;
	bool debug;
	char **words; /* for gdb, nr_words of them */
	int nr_words;
};

static error_t read_option(int key, char *text, struct argp_state *state)
{
	struct reading *reading = state->input;

	switch (key) {
	case ARGP_KEY_INIT: state->err_stream = NULL; break;
	case KEY_KERNEL: reading->kernel = text; break;
	case KEY_DEBUG: reading->debug = true; break;
	case ARGP_KEY_ARG:
		if (!reading->socket && strcmp(state->argv[state->next - 2], "--")) {
			reading->socket = text;
			break;
		}
		reading->words = state->argv + state->next - 1;
		reading->nr_words = state->argc - state->next + 1;
		state->next = state->argc;
		break;
	default: return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* Debian's package, when gdb is missing and our tools are at hand. */
static void install_gdb(void)
{
	char *command = format_string("%s/../tools/need.sh gdb=gdb", own_directory());

	if (system("command -v gdb >/dev/null") != 0 && system(command) != 0)
		die(EXIT_NOT_FOUND, "cannot run gdb (Debian: apt install gdb)");
	free(command);
}

int command_gdb(int argc, char **argv)
{
	struct reading reading = {0};
	struct argp argp = {option_list, read_option, "[SOCKET] [-- GDB-ARGUMENT...]", help, NULL,
			    NULL,        NULL};
	char kernel[PATH_MAX];

	argv[0] = "pagoda gdb";
	argp_err_exit_status = EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &reading))
		exit(EXIT_USAGE);
	if (reading.kernel && reading.debug)
		die(EXIT_USAGE, "--kernel and --debug exclude each other");
	if (!reading.kernel)
		reading.kernel = built_kernel("x86_64", reading.debug);
	if (!realpath(reading.kernel, kernel))
		die(EXIT_USAGE, "kernel %s: %s", reading.kernel, strerror(errno));
	if (!reading.socket)
		reading.socket = newest_socket();
	install_gdb();

	/* The directory of the kernel, and that of the commands its gdb script is a link to. */
	const char *slash = strrchr(kernel, '/');
	char **words = allocate((reading.nr_words + 16) * sizeof(char *));
	char *fixed[] = {
		"gdb",
		"-q",
		"-iex",
		format_string("add-auto-load-safe-path %.*s", (int)(slash - kernel), kernel),
		"-iex",
		format_string("add-auto-load-safe-path %s/../tools/gdb", own_directory()),
		kernel,
		"-ex",
		format_string("target remote %s", reading.socket),
	};
	int count = sizeof(fixed) / sizeof(fixed[0]);

	memcpy(words, fixed, sizeof(fixed));
	memcpy(words + count, reading.words, reading.nr_words * sizeof(char *));
	execvp("gdb", words);
	die(EXIT_NOT_FOUND, "cannot run gdb: %s", strerror(errno));
}
