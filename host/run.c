/*
 * `pagoda run`: boots a kernel and runs one Linux program on it.
 *
 *	options   what the user asks for			options.c
 *	program   which file that is, and how to execute it	program.c
 *	initramfs init, busybox, the program, packed		initramfs.c
 *	machine   QEMU, started					machine.c
 *	session   streams, signals, status			session.c
 *
 * In the guest, guest-init/init.c is the other end; wire.h is between them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "buffer.h"
#include "initramfs.h"
#include "machine.h"
#include "options.h"
#include "program.h"
#include "recorder.h"
#include "session.h"
#include "swap_disk.h"
#include "terminal.h"
#include "wire.h"

/* The guest's init, built before and linked into this executable (guest-init.S). */
extern const char guest_init_start[], guest_init_end[];

/* A shell that was asked for by giving no program. */
static char *shell_words[] = {"sh"};

/* Which of our streams the guest sees as its terminal: those that are one here. */
static void find_terminals(bool stream_is_terminal[3])
{
	for (int i = 0; i < 3; i++) {
		/* A closed stream must not be taken by a descriptor of ours. */
		if (fcntl(i, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) != i)
			die(EXIT_MACHINE, "/dev/null: %s", strerror(errno));
		stream_is_terminal[i] = isatty(i);
	}
}

static void add_string(struct buffer *text, const char *string)
{
	buffer_add(text, string, strlen(string) + 1);
}

/* What the run file says of --swap: these disks come behind those of --disk. */
static char *swap_areas(const struct run_options *options)
{
	char *text = format_string("%s", "");

	for (unsigned i = 0; i < options->nr_swap; i++) {
		char *longer = format_string("%s%s/dev/vd%c %d %lu", text, i ? " " : "",
					     'a' + options->nr_disk + i, options->swap[i].priority,
					     swap_in_memory(options) ? options->swap[i].kib : 0);

		free(text);
		text = longer;
	}
	return text;
}

/* The run file of wire.h. */
static void add_run_file(struct initramfs *ramfs, const struct run_options *options,
			 const struct program *program, const bool stream_is_terminal[3])
{
	struct buffer text = {0};
	unsigned rows = 0, columns = 0, count = 0;
	char streams[4] = "ppp";

	for (int i = 2; i >= 0; i--)
		if (stream_is_terminal[i]) {
			streams[i] = 't';
			terminal_size(i, &rows, &columns);
		}
	if (is_nothing(0))
		streams[0] = 'n';
	char *size = format_string("%u %u", rows, columns);
	while (program->argv[count])
		count++;
	const char *term = getenv("TERM");
	char *environment[] = {
		"HOME=/root",
		"PATH=/bin:/sbin:/usr/bin:/usr/sbin",
		format_string("TERM=%s", term ? term : "dumb"),
	};
	unsigned nr_environment = sizeof(environment) / sizeof(environment[0]);
	char *counts = format_string("%u %u", count, nr_environment);
	char *swap = swap_areas(options);

	add_string(&text, streams);
	add_string(&text, size);
	add_string(&text, counts);
	add_string(&text, swap);
	add_string(&text, GUEST_DIRECTORY);
	add_string(&text, program->file);
	for (unsigned i = 0; i < count; i++)
		add_string(&text, program->argv[i]);
	for (unsigned i = 0; i < nr_environment; i++)
		add_string(&text, environment[i]);
	if (text.used > WIRE_RUN_MAX || count > WIRE_RUN_STRINGS)
		die(EXIT_USAGE, "the program's arguments are too long (at most %d, %d bytes)",
		    WIRE_RUN_STRINGS, WIRE_RUN_MAX);
	initramfs_add_bytes(ramfs, WIRE_RUN_FILE, 0600, text.bytes, text.used);
	buffer_free(&text);
	free(size);
	free(counts);
	free(swap);
}

/* Busybox and links for its applets, where no other program has the name. */
static void add_busybox(struct initramfs *ramfs, const char *arch)
{
	if (!initramfs_has(ramfs, GUEST_BUSYBOX))
		initramfs_add_host(ramfs, busybox_file(arch), GUEST_BUSYBOX);
	for (const char *at = busybox_applets(); *at;) {
		int length = strcspn(at, "\n");
		char *name = format_string("/bin/%.*s", length, at);

		if (!initramfs_has(ramfs, name))
			initramfs_add_symlink(ramfs, name, "busybox");
		free(name);
		at += length + (at[length] == '\n');
	}
}

/* The file @host as @guest, and the libraries it is linked to. */
static void add_with_libraries(struct initramfs *ramfs, const char *arch, const char *host,
			       const char *guest)
{
	char **libraries = program_libraries(host, arch);

	if (!initramfs_has(ramfs, guest))
		initramfs_add_host(ramfs, host, guest);
	for (char **library = libraries; *library; library++) {
		if (!initramfs_has(ramfs, *library))
			initramfs_add_host(ramfs, *library, *library);
		free(*library);
	}
	free(libraries);
}

/* "HOST[:GUEST]" */
static void add_extra(struct initramfs *ramfs, const char *arch, const char *what)
{
	const char *colon = strchr(what, ':');
	char *host = format_string("%.*s", colon ? (int)(colon - what) : (int)strlen(what), what);
	char *guest = program_guest_name(colon ? colon + 1 : host);

	if (access(host, R_OK) < 0)
		die(EXIT_USAGE, "--add: %s: %s", host, strerror(errno));
	for (size_t end = strlen(guest); end > 1 && guest[end - 1] == '/'; end--)
		guest[end - 1] = '\0';
	add_with_libraries(ramfs, arch, host, guest);
	free(host);
	free(guest);
}

/* The guest's init: linked into this program, or of another machine and beside it. */
static void add_init(struct initramfs *ramfs, const char *arch)
{
	if (!is_i386(arch)) {
		initramfs_add_bytes(ramfs, "/init", 0755, guest_init_start,
				    guest_init_end - guest_init_start);
		return;
	}
	const char *file = format_string("%s/guest/init-i386", own_directory());

	if (access(file, R_OK) < 0)
		die(EXIT_MACHINE, "%s is missing: make ARCH=i386 builds it", file);
	initramfs_add_host(ramfs, file, "/init");
}

/* Returns a descriptor of the packed initramfs. */
static int pack(const struct run_options *options, const struct program *program,
		const bool stream_is_terminal[3])
{
	static const struct {
		const char *name;
		unsigned major, minor;
	} devices[] = {{"/dev/console", 5, 1},
		       {"/dev/null", 1, 3},
		       {"/dev/ttyS0", 4, 64},
		       {"/dev/ttyS1", 4, 65},
		       {"/dev/ttyS2", 4, 66}};
	static const char users[] = "root:x:0:0:root:/root:/bin/sh\n", groups[] = "root:x:0:\n";
	static const char *const directories[] = {"/proc", "/sys", "/tmp", GUEST_DIRECTORY};
	struct initramfs *ramfs = initramfs_new();

	/* What init finds when the kernel has no devtmpfs, and the console it starts with. */
	for (unsigned i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		initramfs_add_device(ramfs, devices[i].name, devices[i].major, devices[i].minor);
	for (unsigned i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		initramfs_add_directory(ramfs, directories[i]);
	add_init(ramfs, options->arch);
	initramfs_add_bytes(ramfs, "/etc/passwd", 0644, users, sizeof(users) - 1);
	initramfs_add_bytes(ramfs, "/etc/group", 0644, groups, sizeof(groups) - 1);
	add_run_file(ramfs, options, program, stream_is_terminal);
	if (program->host)
		add_with_libraries(ramfs, options->arch, program->host, program->guest);
	for (unsigned i = 0; i < options->nr_add; i++)
		add_extra(ramfs, options->arch, options->add[i]);
	add_busybox(ramfs, options->arch);
	return initramfs_finish(ramfs);
}

/* Whether the user asked for the kernel's messages. */
static bool wants_console(const char *append)
{
	static const char *const words[] = {"loglevel=", "debug", "ignore_loglevel"};

	for (unsigned i = 0; append && i < sizeof(words) / sizeof(words[0]); i++) {
		const char *at = strstr(append, words[i]);

		if (at && (at == append || at[-1] == ' '))
			return true;
	}
	return false;
}

/* On stderr, before the machine starts: it stands still until gdb comes. */
static void say_how_to_attach(const struct run_options *options, const char *pagoda)
{
	fprintf(stderr, "pagoda: the machine waits for gdb: %s gdb%s%s%s %s\n", pagoda,
		options->debug ? " --debug" : "",
		!options->debug && options->own_kernel ? " --kernel " : "",
		!options->debug && options->own_kernel ? options->kernel : "", options->gdb);
}

/* Says what went wrong with the recording. Returns the session's status, or that it was no good. */
static int finish_recording(struct recorder *recorder, const char *file, int status)
{
	struct recording recording = recorder_finish(recorder);

	if (recording.error)
		fprintf(stderr, "pagoda: %s: %s: events are missing\n", file,
			strerror(recording.error));
	else if (!recording.begun)
		fprintf(stderr, "pagoda: %s: the kernel has recorded nothing\n", file);
	else if (!recording.ended)
		fprintf(stderr,
			"pagoda: %s: the machine was not switched off: no state at the end\n",
			file);
	if (recording.error || !recording.begun)
		return status ? status : EXIT_MACHINE;
	return status;
}

int command_run(int argc, char **argv)
{
	struct run_options options;
	struct program program;
	struct machine machine;
	bool stream_is_terminal[3];
	int initrd = -1;

	options_read(&options, argc, argv);
	find_terminals(stream_is_terminal);
	bool interactive = !options.nr_program && stream_is_terminal[0] && stream_is_terminal[1];
	if (!options.initrd) {
		program_find(&program, options.arch,
			     options.nr_program ? options.program : shell_words,
			     options.nr_program ? options.nr_program : 1);
		initrd = pack(&options, &program, stream_is_terminal);
	} else {
		/* Whatever is in there, it finds all of our stdin and stdout on ttyS0. */
		interactive = stream_is_terminal[0] = stream_is_terminal[1] = true;
	}

	if (options.gdb)
		say_how_to_attach(&options, argv[-1]);
	session_block_signals();
	struct recorder *recorder = NULL;
	if (options.record && !(recorder = recorder_start(options.record)))
		die(EXIT_USAGE, "--record: %s: %s", options.record, strerror(errno));
	int *swap = swap_disks_make(&options);
	machine_start(&machine, &options, initrd, recorder ? recorder_memory_fd(recorder) : -1,
		      swap, interactive);
	if (initrd >= 0)
		close(initrd);
	for (unsigned i = 0; swap && i < options.nr_swap; i++)
		close(swap[i]);
	free(swap);
	int status = session_run(&machine, &options, stream_is_terminal,
				 !interactive && wants_console(options.append));
	if (recorder)
		status = finish_recording(recorder, options.record, status);
	if (options.gdb)
		unlink(options.gdb); /* QEMU leaves it when it is killed */
	return status;
}
