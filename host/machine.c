/*
 * QEMU's command line and its process.
 *
 * The line is what anyone would use to boot Linux: -kernel, -initrd, -append;
 * Pagoda and Linux are started alike. No devices but the serial ports (wire.h),
 * isa-debug-exit, by which a kernel without power management can end a machine
 * that panicked, virtio disks (--disk, --swap), and with --record the memory that events are recorded in (recorder.h).
 *
 * The serial ports are socket pairs that QEMU inherits by number: nothing has a
 * name in a file system, so nothing is left behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "command.h"
#include "machine.h"
#include "swap_disk.h"
#include "mm/trace/record.h"

#define MAX_WORDS 256

/* The words stay until the process ends; there is one machine to a process. */
struct words {
	char *word[MAX_WORDS + 1];
	unsigned count;
};

static void add(struct words *words, char *word)
{
	if (words->count == MAX_WORDS)
		die(EXIT_USAGE, "--qemu-args: too many words");
	words->word[words->count++] = word;
}

static void add_all(struct words *words, const char *const list[])
{
	for (; *list; list++)
		add(words, format_string("%s", *list));
}

/* Splits @text at blanks; quotes keep blanks together. */
static void add_split(struct words *words, const char *text)
{
	char *word = allocate(strlen(text) + 1);
	unsigned length = 0;
	char quote = 0;
	bool inside = false;

	for (; *text; text++) {
		if (quote ? *text == quote : *text == '\'' || *text == '"') {
			quote = quote ? 0 : *text;
			inside = true;
		} else if (!quote && strchr(" \t\n", *text)) {
			if (inside)
				add(words, format_string("%.*s", (int)length, word));
			inside = false;
			length = 0;
		} else {
			word[length++] = *text;
			inside = true;
		}
	}
	if (quote)
		die(EXIT_USAGE, "--qemu-args: a quote is not closed");
	if (inside)
		add(words, format_string("%.*s", (int)length, word));
	free(word);
}

static void add_socket(struct words *words, const char *name, int fd)
{
	add(words, "-chardev");
	add(words, format_string("socket,id=%s,fd=%d", name, fd));
}

/* "FILE[:ro]" as virtio disk number n. QEMU's options end at a comma, which is doubled in a name. */
static void add_disk(struct words *words, const char *disk, unsigned n)
{
	size_t length = strlen(disk);
	bool read_only = length > 3 && !strcmp(disk + length - 3, ":ro");
	char *file = allocate(2 * length + 1), *to = file;

	for (size_t i = 0; i < length - (read_only ? 3 : 0); i++) {
		if (disk[i] == ',')
			*to++ = ',';
		*to++ = disk[i];
	}
	*to = '\0';
	add(words, "-drive");
	add(words, format_string("file=%s,format=raw,if=none,id=disk%u,discard=unmap%s", file, n,
				 read_only ? ",readonly=on" : ""));
	add(words, "-device");
	add(words, format_string("virtio-blk-pci,drive=disk%u", n));
	free(file);
}

/* A disk for swap, from a descriptor. What is in it when the machine ends nobody wants. */
static void add_swap(struct words *words, int fd, unsigned n)
{
	add(words, "-drive");
	add(words, format_string("file=/dev/fd/%d,format=raw,if=none,id=swap%u,discard=unmap,"
				 "cache=unsafe,file.locking=off",
				 fd, n));
	add(words, "-device");
	add(words, format_string("virtio-blk-pci,drive=swap%u", n));
}

/* KiB: what was asked for, and what disks in memory take of it. */
static unsigned long memory(const struct run_options *options)
{
	unsigned long kib = options->ram;

	for (unsigned i = 0; swap_in_memory(options) && i < options->nr_swap; i++)
		kib += options->swap[i].kib;
	return kib;
}

static char *command_line(const struct run_options *options, bool console_on_terminal)
{
	/* A panic ends the machine (-no-reboot). */
	char *line =
		format_string("console=%s panic=-1%s%s%s", console_on_terminal ? "ttyS0" : "ttyS2",
			      options->record ? " record" : "", options->append ? " " : "",
			      options->append ? options->append : "");

	/* Before the rest, where a "--" may stand; the first comes first. */
	for (unsigned i = options->nr_swap; swap_in_memory(options) && i > 0; i--) {
		char *longer = format_string("ram_disk=%luK %s", options->swap[i - 1].kib, line);

		free(line);
		line = longer;
	}
	return line;
}

/* @theirs: QEMU's ends of the channels. */
static void make_words(struct words *words, const struct run_options *options, int initrd,
		       int record, const int *swap, bool console_on_terminal,
		       const int theirs[NR_CHANNELS])
{
	static const char *const ports[] = {"terminal", "wire", "console"};
	static const char *const fixed[] = {
		"-nodefaults",
		"-no-user-config",
		"-display",
		"none",
		"-no-reboot",
		"-device",
		"isa-debug-exit,iobase=0xf4,iosize=4",
		"-cpu",
		"max",
		NULL,
	};
	static const char *const counted[] = {
		"-icount", "shift=0,sleep=off", "-rtc", "base=2020-01-01,clock=vm", "-seed", "1",
		NULL};

	add(words,
	    format_string("qemu-system-%s", is_i386(options->arch) ? "i386" : options->arch));
	add_all(words, fixed);
	add(words, "-m");
	add(words, format_string("size=%luk", memory(options)));
	add(words, "-smp");
	add(words, format_string("%u", options->cpus));
	if (options->icount)
		add_all(words, counted);
	for (unsigned i = 0; i < sizeof(ports) / sizeof(ports[0]); i++) {
		add_socket(words, ports[i], theirs[i]);
		add(words, "-serial");
		add(words, format_string("chardev:%s", ports[i]));
	}
	add_socket(words, "monitor", theirs[CHANNEL_MONITOR]);
	add(words, "-mon");
	add(words, "chardev=monitor,mode=control");
	add(words, "-kernel");
	add(words, format_string("%s", options->kernel));
	add(words, "-initrd");
	add(words, initrd >= 0 ? format_string("/dev/fd/%d", initrd)
			       : format_string("%s", options->initrd));
	add(words, "-append");
	add(words, command_line(options, console_on_terminal));
	for (unsigned i = 0; i < options->nr_disk; i++)
		add_disk(words, options->disk[i], i);
	for (unsigned i = 0; swap && i < options->nr_swap; i++)
		add_swap(words, swap[i], i);
	if (record >= 0) {
		add(words, "-object");
		add(words, format_string("memory-backend-file,id=events,share=on,size=%u,"
					 "mem-path=/dev/fd/%d",
					 TRACE_RING_BYTES, record));
		add(words, "-device");
		add(words, "ivshmem-plain,memdev=events");
	}
	if (options->gdb) {
		add(words, "-S");
		add(words, "-gdb");
		add(words, format_string("unix:%s,server=on,wait=off", options->gdb));
	}
	if (options->qemu_args)
		add_split(words, options->qemu_args);
}

/* The child's part: ties its life to @parent, takes its descriptors, becomes QEMU. */
static _Noreturn void become_qemu(pid_t parent, char **words, int initrd, int record,
				  const int *swap, unsigned nr_swap, const int theirs[NR_CHANNELS])
{
	sigset_t none;

	/* A parent that died before prctl() has left us to another one. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(EXIT_MACHINE);
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	for (int i = 0; i < NR_CHANNELS; i++)
		fcntl(theirs[i], F_SETFD, 0);
	if (initrd >= 0)
		fcntl(initrd, F_SETFD, 0);
	if (record >= 0)
		fcntl(record, F_SETFD, 0);
	for (unsigned i = 0; swap && i < nr_swap; i++)
		fcntl(swap[i], F_SETFD, 0);
	dup2(open("/dev/null", O_RDWR), 0);
	dup2(theirs[CHANNEL_ERRORS], 1);
	dup2(theirs[CHANNEL_ERRORS], 2);
	close(theirs[CHANNEL_ERRORS]);
	execvp(words[0], words);
	dprintf(2, "cannot run %s: %s (Debian: apt install qemu-system-x86)\n", words[0],
		strerror(errno));
	_exit(EXIT_NOT_FOUND);
}

/*
 * QEMU writes byte by byte, and each takes its 768 bytes of the socket's buffer. When that is full the
 * guest's port stands still until we have read, and when that is only the host knows: with room for all
 * that is usually said a run under --icount does not depend on it. Without privilege it gets what there is.
 */
static void make_room(int socket)
{
	const int bytes = 64 << 20;

	if (setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) < 0)
		setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

void machine_start(struct machine *machine, const struct run_options *options, int initrd,
		   int record, const int *swap, bool console_on_terminal)
{
	struct words words = {0};
	int theirs[NR_CHANNELS];
	pid_t parent = getpid();

	for (int i = 0; i < NR_CHANNELS; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
			die(EXIT_MACHINE, "socketpair: %s", strerror(errno));
		machine->channels[i] = pair[0];
		theirs[i] = pair[1];
		fcntl(pair[0], F_SETFL, O_NONBLOCK);
		make_room(pair[1]);
	}
	make_words(&words, options, initrd, record, swap, console_on_terminal, theirs);
	machine->pid = fork();
	if (machine->pid < 0)
		die(EXIT_MACHINE, "fork: %s", strerror(errno));
	if (machine->pid == 0)
		become_qemu(parent, words.word, initrd, record, swap, options->nr_swap, theirs);
	for (int i = 0; i < NR_CHANNELS; i++)
		close(theirs[i]);
}
