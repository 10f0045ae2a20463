/*
 * The guest's first process.
 *
 * It mounts what Linux programs expect, starts the one program that the host
 * asked for, and becomes two processes:
 *
 *	init (pid 1)   waits; adopts and reaps orphans; when the program has
 *	   |           ended it tells the relay, waits for it and powers off
 *	   +- program  its streams are pipes to the relay, or the terminal ttyS0
 *	   +- relay    moves bytes between the pipes and the wire (host/wire.h)
 *
 * Splitting them means that nobody needs a SIGCHLD handler: a young kernel
 * must run this with fork, wait, pipes, poll and little else. Kept in a static
 * binary of some 30 kB, without stdio or malloc.
 *
 * When the program has ended, the relay sends what stands in the pipes at that
 * moment and stops, whether or not some background process still holds them.
 *
 * Signals from the host go to the program's process group, like a terminal's.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "../swap_header.h"
#include "../wire.h"

static char run_text[WIRE_RUN_MAX + 1];

struct run {
	const char *streams;
	const char *winsize;
	const char *counts;
	const char *swap;
	const char *directory;
	const char *file;
	char *argv[WIRE_RUN_STRINGS + 1];
	char *envp[WIRE_RUN_STRINGS + 1];
};

static void say(const char *text)
{
	if (write(2, text, strlen(text)) < 0)
		return;
}

static void complain(const char *what, const char *why)
{
	say("pagoda init: ");
	say(what);
	say(": ");
	say(why);
	say("\n");
}

/* Not /tmp: the root is in memory already, and what the host added may be there. */
static void mount_all(void)
{
	static const struct {
		const char *type, *where, *data;
	} mounts[] = {
		{"proc", "/proc", NULL},     {"sysfs", "/sys", NULL},
		{"devtmpfs", "/dev", NULL},  {"devpts", "/dev/pts", "mode=600"},
		{"tmpfs", "/dev/shm", NULL},
	};

	for (unsigned i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].where, 0755);
		/* A kernel without one of them runs the others' programs well. */
		(void)mount(mounts[i].type, mounts[i].where, mounts[i].type, 0, mounts[i].data);
	}
}

static unsigned number(const char **text)
{
	unsigned n = 0;

	while (**text == ' ')
		++*text;
	for (; **text >= '0' && **text <= '9'; ++*text)
		n = n * 10 + (**text - '0');
	return n;
}

/* Reads the run file into @run. Returns 0, or -1 when there is none or it is cut short. */
static int read_run(struct run *run)
{
	int fd = open(WIRE_RUN_FILE, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t n;

	if (fd < 0)
		return -1;
	while ((n = read(fd, run_text + length, WIRE_RUN_MAX - length)) > 0)
		length += n;
	close(fd);

	char *at = run_text, *end = run_text + length;
	const char **head[] = {&run->streams, &run->winsize,   &run->counts,
			       &run->swap,    &run->directory, &run->file};
	for (unsigned i = 0; i < sizeof(head) / sizeof(head[0]) && at < end; i++) {
		*head[i] = at;
		at += strlen(at) + 1;
	}
	if (!run->file)
		return -1;
	char **lists[] = {run->argv, run->envp};
	for (unsigned i = 0; i < 2; i++) {
		unsigned count = number(&run->counts);

		if (count > WIRE_RUN_STRINGS)
			return -1;
		for (unsigned j = 0; j < count && at < end; j++) {
			lists[i][j] = at;
			at += strlen(at) + 1;
		}
	}
	return at == end && run->argv[0] ? 0 : -1;
}

static void make_raw(int fd)
{
	struct termios mode;

	if (tcgetattr(fd, &mode) < 0)
		return;
	cfmakeraw(&mode);
	mode.c_cflag |= CLOCAL | CREAD;
	mode.c_cc[VMIN] = 1;
	mode.c_cc[VTIME] = 0;
	cfsetspeed(&mode, B115200);
	tcsetattr(fd, TCSANOW, &mode);
}

/* A terminal as a login shell finds it. */
static void make_cooked(int fd)
{
	static const unsigned char keys[NCCS] = {
		[VINTR] = 3,    [VQUIT] = 28,  [VERASE] = 127,  [VKILL] = 21, [VEOF] = 4,
		[VMIN] = 1,     [VSTART] = 17, [VSTOP] = 19,    [VSUSP] = 26, [VREPRINT] = 18,
		[VWERASE] = 23, [VLNEXT] = 22, [VDISCARD] = 15,
	};
	struct termios mode;

	if (tcgetattr(fd, &mode) < 0)
		return;
	mode.c_iflag = ICRNL | IXON | IUTF8;
	mode.c_oflag = OPOST | ONLCR;
	mode.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN;
	mode.c_cflag = CS8 | CREAD | CLOCAL | HUPCL;
	memcpy(mode.c_cc, keys, sizeof(keys));
	cfsetspeed(&mode, B115200);
	tcsetattr(fd, TCSANOW, &mode);
}

static int open_terminal(const struct run *run)
{
	int fd = open("/dev/ttyS0", O_RDWR | O_NOCTTY);

	if (fd < 0) {
		complain("/dev/ttyS0", strerror(errno));
		return -1;
	}
	if (run->streams[0] == 't')
		make_cooked(fd);
	else
		make_raw(fd);

	const char *text = run->winsize;
	struct winsize size = {0};
	size.ws_row = number(&text);
	size.ws_col = number(&text);
	ioctl(fd, TIOCSWINSZ, &size);
	return fd;
}

/* Reads will find the end at once. */
static void take_nothing(void)
{
	int fd = open("/dev/null", O_RDONLY);

	if (fd < 0) {
		complain("/dev/null", strerror(errno));
	} else if (fd > 0) {
		dup2(fd, 0);
		close(fd);
	}
}

/* What mkswap(8) does to a disk in memory, which nobody could prepare. */
static int make_swap(const char *device, unsigned long kib, unsigned n)
{
	unsigned char page[SWAP_PAGE] = {0};
	int fd = open(device, O_WRONLY | O_CLOEXEC), failed;

	if (fd < 0)
		return -1;
	swap_header_fill(page, kib, n);
	failed = pwrite(fd, page, SWAP_PAGE, 0) != SWAP_PAGE || fsync(fd) < 0;
	close(fd);
	return failed ? -1 : 0;
}

/* The areas that the host made; a machine without them is not the one that was asked for. */
static void swap_on(const char *areas)
{
	char device[32];

	for (unsigned n = 0; *areas; n++) {
		size_t length = strcspn(areas, " ");
		unsigned long kib;
		int flags = 0;

		if (length >= sizeof(device))
			_exit(125);
		memcpy(device, areas, length);
		device[length] = '\0';
		areas += length + 1;
		if (*areas != '-')
			flags = SWAP_FLAG_PREFER | (int)number(&areas);
		areas += strcspn(areas, " ");
		kib = number(&areas);
		areas += *areas == ' ';
		if ((kib && make_swap(device, kib, n) < 0) || swapon(device, flags) < 0) {
			complain(device, strerror(errno));
			_exit(125);
		}
	}
}

/* The child: takes its streams and becomes the program. @ends are its ends of the pipes. */
static void start_program(const struct run *run, int terminal, const int ends[3])
{
	setsid();
	if (terminal >= 0)
		ioctl(terminal, TIOCSCTTY, 0);
	for (int i = 0; i < 3; i++)
		dup2(run->streams[i] == 't' ? terminal : ends[i], i);
	if (run->streams[0] == 'n')
		take_nothing();
	if (terminal > 2)
		close(terminal);
	swap_on(run->swap);
	if (chdir(run->directory) < 0)
		complain(run->directory, strerror(errno));
	execve(run->file, run->argv, run->envp);

	int error = errno;
	complain(run->file, strerror(error));
	_exit(error == ENOENT ? 127 : 126);
}

/* ---- the relay ---- */

/* Bytes on their way: filled at the end, drained from the front. */
struct queue {
	unsigned used;
	uint8_t bytes[4 * WIRE_FRAME_MAX];
};

static unsigned queue_room(const struct queue *queue)
{
	return sizeof(queue->bytes) - queue->used;
}

static void queue_add(struct queue *queue, const void *bytes, unsigned count)
{
	memcpy(queue->bytes + queue->used, bytes, count);
	queue->used += count;
}

static void queue_take(struct queue *queue, unsigned count)
{
	queue->used -= count;
	memmove(queue->bytes, queue->bytes + count, queue->used);
}

struct relay {
	int wire, terminal;
	int stdin_pipe; /* we write; -1 once closed */
	int out[2];     /* the program's stdout, stderr; -1 once at their end */
	int ended;      /* readable when the program is dead: its status */
	pid_t program;
	int stdin_over;    /* STDIN_END came: close when the queue is empty */
	unsigned consumed; /* bytes of STDIN frames not yet given back */
	struct queue to_host;
	struct queue to_program;
	struct queue from_host; /* a frame not yet whole */
};

static void send_frame(struct relay *relay, uint8_t type, const void *payload, unsigned length)
{
	uint8_t header[WIRE_HEADER] = {type, length & 0xff, length >> 8};

	queue_add(&relay->to_host, header, sizeof(header));
	queue_add(&relay->to_host, payload, length);
}

static void close_stdin(struct relay *relay)
{
	if (relay->stdin_pipe >= 0)
		close(relay->stdin_pipe);
	relay->stdin_pipe = -1;
	relay->to_program.used = 0;
}

static void handle_frame(struct relay *relay, uint8_t type, const uint8_t *data, unsigned length)
{
	switch (type) {
	case WIRE_STDIN:
		/* Once the program has closed its end no credit is given: the host stops reading. */
		if (relay->stdin_pipe >= 0) {
			queue_add(&relay->to_program, data, length);
			relay->consumed += WIRE_HEADER;
		}
		break;
	case WIRE_STDIN_END: relay->stdin_over = 1; break;
	case WIRE_SIGNAL:
		if (kill(-relay->program, data[0]) < 0)
			kill(relay->program, data[0]);
		break;
	case WIRE_WINSIZE:
		if (relay->terminal >= 0) {
			struct winsize size = {0};
			size.ws_row = data[0] | data[1] << 8;
			size.ws_col = data[2] | data[3] << 8;
			ioctl(relay->terminal, TIOCSWINSZ, &size);
		}
		break;
	}
}

/* Reads what the host sent and handles each whole frame. */
static void read_wire(struct relay *relay)
{
	struct queue *in = &relay->from_host;
	ssize_t n = read(relay->wire, in->bytes + in->used, queue_room(in));

	if (n <= 0)
		return;
	in->used += n;
	unsigned at = 0;
	while (in->used - at >= WIRE_HEADER) {
		unsigned length = in->bytes[at + 1] | in->bytes[at + 2] << 8;

		if (length > WIRE_PAYLOAD_MAX) { /* not ours: the line is broken */
			at = in->used;
			break;
		}
		if (in->used - at < WIRE_HEADER + length)
			break;
		handle_frame(relay, in->bytes[at], in->bytes + at + WIRE_HEADER, length);
		at += WIRE_HEADER + length;
	}
	queue_take(in, at);
}

/* Moves what stands in the program's stdout (0) or stderr (1) towards the host. */
static void read_program(struct relay *relay, int which)
{
	uint8_t data[WIRE_PAYLOAD_MAX];
	ssize_t n = read(relay->out[which], data, sizeof(data));

	if (n > 0) {
		send_frame(relay, which ? WIRE_STDERR : WIRE_STDOUT, data, n);
	} else if (n == 0 || errno != EINTR) {
		close(relay->out[which]);
		relay->out[which] = -1;
	}
}

static void feed_program(struct relay *relay)
{
	ssize_t n = write(relay->stdin_pipe, relay->to_program.bytes, relay->to_program.used);

	if (n > 0) {
		queue_take(&relay->to_program, n);
		relay->consumed += n;
	} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
		close_stdin(relay);
	}
}

static void flush_wire(struct relay *relay)
{
	ssize_t n = write(relay->wire, relay->to_host.bytes, relay->to_host.used);

	if (n > 0)
		queue_take(&relay->to_host, n);
}

/* One turn. @wait: milliseconds, as poll(2). */
static void relay_turn(struct relay *relay, int wait)
{
	int room = queue_room(&relay->to_host) >= 2 * WIRE_FRAME_MAX;
	struct pollfd polls[] = {
		{relay->wire, POLLIN | (relay->to_host.used ? POLLOUT : 0), 0},
		{relay->to_program.used ? relay->stdin_pipe : -1, POLLOUT, 0},
		{room ? relay->out[0] : -1, POLLIN, 0},
		{room ? relay->out[1] : -1, POLLIN, 0},
		{relay->ended, POLLIN, 0},
	};

	if (poll(polls, 5, wait) <= 0)
		return;
	if (polls[0].revents & POLLOUT)
		flush_wire(relay);
	if (polls[0].revents & POLLIN)
		read_wire(relay);
	if (polls[1].revents && relay->stdin_pipe >= 0)
		feed_program(relay);
	for (int i = 0; i < 2; i++)
		if (polls[2 + i].revents)
			read_program(relay, i);

	if (relay->stdin_over && !relay->to_program.used)
		close_stdin(relay);
	if (relay->consumed >= WIRE_WINDOW / 4 && queue_room(&relay->to_host) >= WIRE_FRAME_MAX) {
		uint8_t credit[2] = {relay->consumed & 0xff, relay->consumed >> 8};

		send_frame(relay, WIRE_CREDIT, credit, sizeof(credit));
		relay->consumed = 0;
	}
}

static void relay_run(struct relay *relay)
{
	uint8_t version = WIRE_VERSION;
	int status = 0;

	signal(SIGPIPE, SIG_IGN);
	fcntl(relay->wire, F_SETFL, O_RDWR | O_NONBLOCK);
	if (relay->stdin_pipe >= 0)
		fcntl(relay->stdin_pipe, F_SETFL, O_WRONLY | O_NONBLOCK);
	send_frame(relay, WIRE_READY, &version, 1);

	struct pollfd ended = {relay->ended, POLLIN, 0};
	do
		relay_turn(relay, -1);
	while (poll(&ended, 1, 0) <= 0);
	if (read(relay->ended, &status, sizeof(status)) != sizeof(status))
		status = 0xff00;
	relay->ended = -1;

	/* What the program left in its pipes, then the status, then all of it out of the port. */
	close_stdin(relay);
	struct pollfd left[2];
	do {
		relay_turn(relay, relay->to_host.used ? -1 : 0);
		for (int i = 0; i < 2; i++)
			left[i] = (struct pollfd){relay->out[i], POLLIN, 0};
	} while (relay->to_host.used || poll(left, 2, 0) > 0);

	if (relay->terminal >= 0)
		tcdrain(relay->terminal);
	uint8_t exit_status[2] = {status & 0xff, status >> 8};
	send_frame(relay, WIRE_EXIT, exit_status, sizeof(exit_status));
	fcntl(relay->wire, F_SETFL, O_RDWR);
	while (relay->to_host.used)
		flush_wire(relay);
	tcdrain(relay->wire);
	_exit(0);
}

/* ---- */

static void power_off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	/* No power to switch off: stop here. */
	for (;;)
		pause();
}

static void run_program(const struct run *run)
{
	static struct relay relay;
	int pipes[3][2], ended[2], ends[3], terminal = -1;

	relay.wire = open("/dev/ttyS1", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (relay.wire < 0) {
		complain("/dev/ttyS1", strerror(errno));
		return;
	}
	make_raw(relay.wire);
	if (strchr(run->streams, 't'))
		terminal = open_terminal(run);

	for (int i = 0; i < 3; i++) {
		pipes[i][0] = pipes[i][1] = -1;
		if (run->streams[i] == 'p' && pipe2(pipes[i], O_CLOEXEC) < 0)
			complain("pipe", strerror(errno));
		ends[i] = pipes[i][i ? 1 : 0];
	}
	if (pipe2(ended, O_CLOEXEC) < 0)
		complain("pipe", strerror(errno));

	pid_t program = fork();
	if (program == 0)
		start_program(run, terminal, ends);
	if (program < 0) {
		complain("fork", strerror(errno));
		return;
	}
	for (int i = 0; i < 3; i++)
		close(ends[i]);

	relay.terminal = terminal;
	relay.stdin_pipe = pipes[0][1];
	relay.out[0] = pipes[1][0];
	relay.out[1] = pipes[2][0];
	relay.ended = ended[0];
	relay.program = program;
	pid_t relay_pid = fork();
	if (relay_pid == 0) {
		close(ended[1]);
		relay_run(&relay);
	}
	if (relay_pid < 0) {
		complain("fork", strerror(errno));
		return;
	}
	close(relay.wire);
	for (int i = 0; i < 3; i++)
		close(pipes[i][i ? 0 : 1]);

	for (;;) {
		int status;
		pid_t pid = wait(&status);

		if (pid == program && write(ended[1], &status, sizeof(status)) < 0)
			return;
		if (pid == relay_pid || (pid < 0 && errno == ECHILD))
			return;
	}
}

int main(void)
{
	static struct run run;

	mount_all();
	if (read_run(&run) < 0)
		complain(WIRE_RUN_FILE, "missing or cut short");
	else
		run_program(&run);
	power_off();
}
