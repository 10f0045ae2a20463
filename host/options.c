/*
 * Reading the options of `pagoda run` with argp.
 *
 * argp and getopt each print a line for an unknown option; we keep getopt's
 * ("unrecognized option '--foo'") and silence argp's advice, so that a mistake
 * is one line on stderr and exit status 2.
 */
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "gdb.h"
#include "options.h"

enum option_key {
	KEY_ARCH = 256,
	KEY_RAM,
	KEY_CPUS,
	KEY_INITRD,
	KEY_APPEND,
	KEY_ICOUNT,
	KEY_TIMEOUT,
	KEY_KERNEL,
	KEY_QEMU_ARGS,
	KEY_DEBUG,
	KEY_ADD,
	KEY_DISK,
	KEY_SWAP,
	KEY_GDB,
	KEY_RECORD,
};

static const struct argp_option option_list[] = {
	{"arch", KEY_ARCH, "ARCH", 0, "machine: x86_64 (default), i386 or i386-pae", 0},
	{"ram", KEY_RAM, "SIZE", 0, "memory, as 64M or 1G (default 256M)", 0},
	{"cpus", KEY_CPUS, "N", 0, "number of CPUs (default 1)", 0},
	{"add", KEY_ADD, "HOST[:GUEST]", 0,
	 "put this file (with its libraries, if it is a program) or directory into the guest "
	 "too; may be given again",
	 0},
	{"disk", KEY_DISK, "FILE[:ro]", 0,
	 "a disk whose contents are this file: /dev/vda, and if it is given again vdb and so on; "
	 "with :ro it is not written to",
	 0},
	{"swap", KEY_SWAP, "SIZE[:PRIORITY]", 0,
	 "swap space, as 256M, switched on before the program starts; may be given again: the area "
	 "with "
	 "the highest priority (0 to 32767) is filled first, areas of equal priority in turns",
	 0},
	{"timeout", KEY_TIMEOUT, "SECONDS", 0, "end the machine after so long, with status 124", 0},
	{"icount", KEY_ICOUNT, NULL, 0,
	 "deterministic: count guest instructions instead of time (one CPU)", 0},
	{"kernel", KEY_KERNEL, "FILE", 0, "boot this kernel (any Linux will do)", 0},
	{"debug", KEY_DEBUG, NULL, 0, "boot the debug build of the kernel", 0},
	{"append", KEY_APPEND, "STRING", 0,
	 "add to the kernel's command line; with loglevel=N or debug in it the kernel's "
	 "console is shown on stderr",
	 0},
	{"initrd", KEY_INITRD, "FILE", 0, "use this initramfs instead of packing a program", 0},
	{"gdb", KEY_GDB, "SOCKET", OPTION_ARG_OPTIONAL,
	 "stop before the first instruction and wait for gdb on this socket (default: one in "
	 "/tmp); see `pagoda gdb'",
	 0},
	{"record", KEY_RECORD, "FILE", 0,
	 "record the events of memory management in this file, from boot on; see `pagoda events' "
	 "and `pagoda check'",
	 0},
	{"qemu-args", KEY_QEMU_ARGS, "STRING", 0, "add to QEMU's command line, split at blanks", 0},
	{0},
};

static const char help_before[] =
	"Boot the kernel in QEMU and run PROGRAM, an unmodified Linux program, on it, as if it "
	"were "
	"run here: with these streams, signals and exit status. Without PROGRAM: a shell.";

static const char help_after[] =
	"PROGRAM is a file, or a name found in PATH; when that is no static program there, it is "
	"taken from busybox, if that has it (`pagoda run -- ls -l'). A dynamic program brings its "
	"libraries along, not its data: see --add. Scripts (#!) run under busybox.\n\n"
	"Exit status: the program's, or 128+N when signal N killed it; 2 bad usage; 124 "
	"--timeout passed; 125 the machine did not start, or the kernel stopped (its console "
	"is then shown on stderr); 126 PROGRAM cannot be executed; 127 PROGRAM not found.\n\n"
	"Signals go to the program. Three within two seconds, or ^] typed three times in a "
	"terminal, end the machine itself; SIGALRM does what --timeout does.";

struct reading {
	struct run_options *options;
	bool debug;
};

/* A whole number from @min to @max, or death. */
static unsigned long read_number(const char *option, const char *text, unsigned long min,
				 unsigned long max)
{
	char *end;

	errno = 0;
	unsigned long value = strtoul(text, &end, 10);
	if (errno || end == text || *end || !strchr("0123456789", text[0]) || value < min ||
	    value > max)
		die(EXIT_USAGE, "--%s: '%s' is not a number from %lu to %lu", option, text, min,
		    max);
	return value;
}

/* A size with K, M (also without a letter) or G, up to 1024G; *rest is what follows. Returns KiB. */
static unsigned long read_size(const char *option, const char *text, unsigned long min,
			       const char *min_text, const char **rest)
{
	char *end;

	errno = 0;
	unsigned long value = strtoul(text, &end, 10);
	unsigned shift = 10;
	if (*end && strchr("Kk", *end))
		shift = 0;
	else if (*end && strchr("Gg", *end))
		shift = 20;
	else if (*end && !strchr("Mm", *end))
		shift = UINT_MAX;
	if (errno || end == text || !strchr("0123456789", text[0]) || shift > 20)
		die(EXIT_USAGE, "--%s: '%s' is not a size such as 64M or 1G", option, text);
	if (value > (1UL << 40 >> shift) || value << shift < min || value << shift > 1UL << 30)
		die(EXIT_USAGE, "--%s: '%s' is not between %s and 1024G", option, text, min_text);
	*rest = *end ? end + 1 : end;
	return value << shift;
}

static unsigned long read_ram(const char *text)
{
	const char *rest;
	unsigned long kib = read_size("ram", text, 1024, "1M", &rest);

	if (*rest)
		die(EXIT_USAGE, "--ram: '%s' is not a size such as 64M or 1G", text);
	return kib;
}

/* "SIZE[:PRIORITY]" */
static struct swap_option read_swap(const char *text)
{
	char *size = format_string("%.*s", (int)strcspn(text, ":"), text);
	const char *rest, *priority = strchr(text, ':');
	struct swap_option swap = {.kib = read_size("swap", size, 40, "40K", &rest),
				   .priority = -1};

	if (*rest)
		die(EXIT_USAGE, "--swap: '%s' is not a size such as 64M or 1G", size);
	if (priority)
		swap.priority = (int)read_number("swap", priority + 1, 0, 32767);
	free(size);
	return swap;
}

static double read_seconds(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value > 0) || value > 1e6)
		die(EXIT_USAGE, "--timeout: '%s' is not a number of seconds", text);
	return value;
}

static error_t read_option(int key, char *text, struct argp_state *state)
{
	struct reading *reading = state->input;
	struct run_options *options = reading->options;

	switch (key) {
	case ARGP_KEY_INIT: state->err_stream = NULL; break;
	case KEY_ARCH:
		if (strcmp(text, "x86_64") && strcmp(text, "i386") && strcmp(text, "i386-pae"))
			die(EXIT_USAGE, "--arch: '%s' is not x86_64, i386 or i386-pae", text);
		options->arch = text;
		break;
	case KEY_RAM: options->ram = read_ram(text); break;
	case KEY_CPUS: options->cpus = read_number("cpus", text, 1, 255); break;
	case KEY_INITRD: options->initrd = text; break;
	case KEY_APPEND: options->append = text; break;
	case KEY_ICOUNT: options->icount = true; break;
	case KEY_TIMEOUT: options->timeout = read_seconds(text); break;
	case KEY_KERNEL: options->kernel = text; break;
	case KEY_QEMU_ARGS: options->qemu_args = text; break;
	case KEY_DEBUG: reading->debug = true; break;
	case KEY_GDB: options->gdb = text ? text : gdb_default_socket(); break;
	case KEY_RECORD: options->record = text; break;
	case KEY_SWAP: options->swap[options->nr_swap++] = read_swap(text); break;
	case KEY_DISK: options->disk[options->nr_disk++] = text; break;
	case KEY_ADD: options->add[options->nr_add++] = text; break;
	case ARGP_KEY_ARG:
		/* The first word that is no option: all from here on is the program's. */
		options->program = state->argv + state->next - 1;
		options->nr_program = state->argc - state->next + 1;
		state->next = state->argc;
		break;
	default: return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static void check_readable(const char *what, const char *file)
{
	if (access(file, R_OK) < 0)
		die(EXIT_USAGE, "%s %s: %s", what, file, strerror(errno));
}

void options_read(struct run_options *options, int argc, char **argv)
{
	struct reading reading = {.options = options};
	struct argp_child none[] = {{0}};
	char *doc = format_string("%s\v%s", help_before, help_after);
	struct argp argp = {option_list, read_option, "[-- PROGRAM [ARGUMENT...]]", doc, none,
			    NULL,        NULL};

	*options = (struct run_options){
		.arch = "x86_64",
		.ram = 256 << 10,
		.cpus = 1,
		.add = allocate(argc * sizeof(char *)),
		.disk = allocate(argc * sizeof(char *)),
		.swap = allocate(argc * sizeof(struct swap_option)),
	};
	argv[0] = "pagoda run";
	argp_err_exit_status = EXIT_USAGE;
	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &reading))
		exit(EXIT_USAGE);

	if (options->initrd && options->nr_program)
		die(EXIT_USAGE, "--initrd and PROGRAM exclude each other");
	if (options->initrd && options->nr_add)
		die(EXIT_USAGE, "--initrd and --add exclude each other");
	if (options->initrd && options->nr_swap)
		die(EXIT_USAGE, "--initrd and --swap exclude each other");
	if (options->nr_disk + options->nr_swap > 26)
		die(EXIT_USAGE, "--disk and --swap: 26 of both at most");
	if (options->icount && options->cpus > 1)
		die(EXIT_USAGE, "--icount needs --cpus 1");
	if (options->gdb && strpbrk(options->gdb, ", \t"))
		die(EXIT_USAGE, "--gdb: no commas and blanks, please, in the name of the socket");
	if (options->kernel && reading.debug)
		die(EXIT_USAGE, "--kernel and --debug exclude each other");
	options->debug = reading.debug;
	options->own_kernel = options->kernel;
	if (!options->kernel)
		options->kernel = built_kernel(options->arch, reading.debug);
	check_readable("kernel", options->kernel);
	if (options->initrd)
		check_readable("initrd", options->initrd);
}
