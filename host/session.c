/*
 * The session: one loop around poll(2).
 *
 *	our stdin  ---> [terminal port]  or STDIN frames on the wire
 *	our stdout <--- [terminal port]  or STDOUT frames
 *	our stderr <--- [terminal port]  or STDERR frames
 *	signals    ---> SIGNAL frames, or fatal when the guest does not listen yet
 *	the console, QEMU's messages and monitor: kept, to tell what happened
 *
 * Back pressure: nothing is read from a channel while what it delivers to is
 * full, so a slow reader of our stdout slows the guest down and no byte is lost
 * or kept in memory without bound. Towards the guest the window of wire.h holds.
 *
 * How it ends. The program's status arrives on the wire; then the guest powers
 * off, QEMU ends, and its channels come to their end. A machine that ends
 * otherwise (panic, reset, QEMU failed, killed by timeout or user) leaves a
 * reason, and all we kept is shown. When the time is over the machine gets an NMI first,
 * through QEMU's monitor: the kernel answers with a backtrace of each CPU on its
 * console, hung or not. The status counts only when the machine then
 * stopped in good order: a kernel that panics on its way down is a failure too.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "buffer.h"
#include "command.h"
#include "session.h"
#include "terminal.h"
#include "wire.h"

#define QUEUE_FULL   (16 << 10) /* bytes: stop reading what fills this queue */
#define CONSOLE_KEPT (64 << 10)
#define LINES_BEFORE 30   /* of the console before the time was over */
#define ANSWER_MS    500  /* the backtraces are complete when the console is silent for so long, */
#define ANSWER_TURNS 16   /* but nobody waits longer than this many times that */
#define ESCAPE_KEY   0x1d /* ^] */

enum output {
	OUTPUT_STDOUT,
	OUTPUT_STDERR,
	OUTPUT_SCREEN, /* where the terminal port's bytes go */
	NR_OUTPUTS,
};

struct session {
	struct machine *machine;
	const struct run_options *options;
	bool stdin_is_terminal, show_console;

	int outputs[NR_OUTPUTS]; /* -1: nobody reads it any more */
	struct buffer to_output[NR_OUTPUTS];
	struct buffer to_channel[NR_CHANNELS];
	struct buffer from_channel[NR_CHANNELS]; /* frames not yet whole; text kept */

	int signals, timer;
	bool stdin_over;
	bool busy;        /* a channel has just delivered: more is likely to come at once */
	bool heard;       /* the guest said something on any of its ports */
	bool guest_ready; /* READY came */
	int in_flight;    /* bytes of STDIN frames without credit */
	unsigned escapes; /* ^] in a row */
	struct timespec start;
	struct timespec last_signals[2]; /* when the last two for the program came */

	bool have_status;
	int wait_status; /* the program's */
	bool timed_out, escaped;
	unsigned answer_turns; /* after the time was over: how often we have waited for more */
	bool begun,
		answering;    /* the kernel has said something since the NMI, since the last turn */
	size_t answered;      /* bytes of its console since the NMI */
	struct timespec over; /* when the time was */
	int killed_by;        /* signal that ended the session, or 0 */
	int qemu_status;
};

static const int handled[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,  SIGUSR1, SIGUSR2,
			      SIGALRM, SIGTSTP, SIGCHLD, SIGWINCH, SIGCONT};

static sigset_t handled_set(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (unsigned i = 0; i < sizeof(handled) / sizeof(handled[0]); i++)
		sigaddset(&set, handled[i]);
	return set;
}

void session_block_signals(void)
{
	sigset_t set = handled_set();

	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void kill_machine(struct session *session)
{
	kill(session->machine->pid, SIGKILL);
}

/* ---- towards the guest ---- */

static void send_frame(struct session *session, uint8_t type, const void *payload, unsigned length)
{
	uint8_t header[WIRE_HEADER] = {type, length & 0xff, length >> 8};

	buffer_add(&session->to_channel[CHANNEL_WIRE], header, sizeof(header));
	buffer_add(&session->to_channel[CHANNEL_WIRE], payload, length);
}

static void send_window_size(struct session *session)
{
	unsigned rows, columns;

	terminal_size(session->outputs[OUTPUT_SCREEN], &rows, &columns);
	uint8_t size[4] = {rows & 0xff, rows >> 8, columns & 0xff, columns >> 8};
	if (session->guest_ready && (rows || columns)) /* else there is no terminal */
		send_frame(session, WIRE_WINSIZE, size, sizeof(size));
}

/* How many bytes may be read from our stdin now. */
static size_t stdin_room(const struct session *session)
{
	if (session->stdin_over)
		return 0;
	if (session->stdin_is_terminal)
		return session->to_channel[CHANNEL_TERMINAL].used ? 0 : WIRE_PAYLOAD_MAX;
	int room = WIRE_WINDOW - session->in_flight - WIRE_HEADER;
	if (!session->guest_ready || room <= 0)
		return 0;
	return room < WIRE_PAYLOAD_MAX ? room : WIRE_PAYLOAD_MAX;
}

/* Counts ^] in a row; the third within one session of them ends the machine. */
static void watch_for_escape(struct session *session, const char *keys, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		session->escapes = keys[i] == ESCAPE_KEY ? session->escapes + 1 : 0;
		if (session->escapes == 3) {
			session->escaped = true;
			kill_machine(session);
		}
	}
}

static void read_stdin(struct session *session)
{
	char data[WIRE_PAYLOAD_MAX];
	ssize_t n = read(0, data, stdin_room(session));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		session->stdin_over = true;
		if (!session->stdin_is_terminal)
			send_frame(session, WIRE_STDIN_END, NULL, 0);
	} else if (session->stdin_is_terminal) {
		watch_for_escape(session, data, n);
		buffer_add(&session->to_channel[CHANNEL_TERMINAL], data, n);
	} else {
		send_frame(session, WIRE_STDIN, data, n);
		session->in_flight += WIRE_HEADER + n;
	}
}

/* ---- from the guest ---- */

static void to_output(struct session *session, enum output output, const void *bytes, size_t count)
{
	if (session->outputs[output] >= 0)
		buffer_add(&session->to_output[output], bytes, count);
}

static void handle_frame(struct session *session, uint8_t type, const uint8_t *data,
			 unsigned length)
{
	switch (type) {
	case WIRE_READY:
		session->guest_ready = true;
		send_window_size(session);
		break;
	case WIRE_STDOUT: to_output(session, OUTPUT_STDOUT, data, length); break;
	case WIRE_STDERR: to_output(session, OUTPUT_STDERR, data, length); break;
	case WIRE_CREDIT: session->in_flight -= data[0] | data[1] << 8; break;
	case WIRE_EXIT:
		session->wait_status = data[0] | data[1] << 8;
		session->have_status = true;
		break;
	}
}

static void handle_frames(struct session *session)
{
	struct buffer *in = &session->from_channel[CHANNEL_WIRE];
	const uint8_t *bytes = (const uint8_t *)in->bytes;
	size_t at = 0;

	while (in->used - at >= WIRE_HEADER) {
		unsigned length = bytes[at + 1] | bytes[at + 2] << 8;

		if (length > WIRE_PAYLOAD_MAX || !strchr("ROECX", bytes[at])) {
			at++; /* not a frame: something else wrote to the port */
			continue;
		}
		if (in->used - at < WIRE_HEADER + length)
			break;
		handle_frame(session, bytes[at], bytes + at + WIRE_HEADER, length);
		at += WIRE_HEADER + length;
	}
	buffer_take(in, at);
}

static void show_text(struct session *session, struct buffer *text)
{
	for (size_t i = 0; i < text->used; i++)
		if (text->bytes[i] != '\r')
			to_output(session, OUTPUT_STDERR, &text->bytes[i], 1);
}

static void read_channel(struct session *session, enum machine_channel channel)
{
	struct buffer *in = &session->from_channel[channel];
	long n = buffer_read(in, session->machine->channels[channel], 4096);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close(session->machine->channels[channel]);
		session->machine->channels[channel] = -1;
		return;
	}
	session->heard |= channel <= CHANNEL_CONSOLE;
	session->busy = true;
	if (session->timed_out && (channel == CHANNEL_TERMINAL || channel == CHANNEL_CONSOLE))
		session->begun = session->answering = true;
	switch (channel) {
	case CHANNEL_WIRE: handle_frames(session); break;
	case CHANNEL_TERMINAL:
		to_output(session, OUTPUT_SCREEN, in->bytes, in->used);
		buffer_take(in, in->used);
		break;
	case CHANNEL_CONSOLE:
		if (session->timed_out)
			session->answered += n;
		if (session->show_console) {
			show_text(session, in);
			buffer_take(in, in->used);
		}
		/* fall through */
	default: buffer_keep_last(in, CONSOLE_KEPT);
	}
}

/* Whether what @channel delivers can be taken on now. */
static bool has_room_for(const struct session *session, enum machine_channel channel)
{
	const struct buffer *to = session->to_output;

	switch (channel) {
	case CHANNEL_TERMINAL: return to[OUTPUT_SCREEN].used < QUEUE_FULL;
	case CHANNEL_WIRE:
		return to[OUTPUT_STDOUT].used < QUEUE_FULL && to[OUTPUT_STDERR].used < QUEUE_FULL;
	case CHANNEL_CONSOLE: return to[OUTPUT_STDERR].used < QUEUE_FULL;
	default: return true;
	}
}

static void write_output(struct session *session, enum output output)
{
	if (buffer_write(&session->to_output[output], session->outputs[output]))
		return;
	if (output != OUTPUT_STDERR && errno == EPIPE && !session->killed_by) {
		/* As if the program itself had written there. */
		session->killed_by = SIGPIPE;
		kill_machine(session);
	}
	session->outputs[output] = -1;
	buffer_take(&session->to_output[output], session->to_output[output].used);
}

/* ---- signals and time ---- */

/* The third signal within two seconds: the user wants the machine to end. */
static bool user_insists(struct session *session)
{
	struct timespec now, *last = session->last_signals;

	clock_gettime(CLOCK_MONOTONIC, &now);
	bool insists = last[0].tv_sec && now.tv_sec - last[0].tv_sec < 2;
	last[0] = last[1];
	last[1] = now;
	return insists;
}

static void stop_all(struct session *session)
{
	terminal_restore();
	kill(session->machine->pid, SIGSTOP);
	raise(SIGSTOP);
	kill(session->machine->pid, SIGCONT);
	if (session->stdin_is_terminal)
		terminal_raw(0);
}

static void set_timer(struct session *session, double seconds)
{
	struct itimerspec when = {
		.it_value = {(time_t)seconds, (long)((seconds - (time_t)seconds) * 1e9)},
	};

	timerfd_settime(session->timer, 0, &when, NULL);
}

/* The time is over: the first time ask the kernel what it does, then wait until it has said it. */
static void handle_timeout(struct session *session)
{
	static const char nmi[] = "{\"execute\": \"inject-nmi\"}\n";

	if (!session->timed_out) {
		session->timed_out = true;
		clock_gettime(CLOCK_MONOTONIC, &session->over);
		buffer_add(&session->to_channel[CHANNEL_MONITOR], nmi, sizeof(nmi) - 1);
	} else if ((session->begun && !session->answering) ||
		   session->answer_turns == ANSWER_TURNS) {
		kill_machine(session);
		return;
	}
	session->answer_turns++;
	session->answering = false;
	set_timer(session, ANSWER_MS / 1e3);
}

static void handle_signal(struct session *session)
{
	struct signalfd_siginfo info;

	if (read(session->signals, &info, sizeof(info)) != sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGCONT: return;
	case SIGCHLD:
		if (waitpid(session->machine->pid, &session->qemu_status, WNOHANG) > 0)
			session->machine->pid = -1;
		return;
	case SIGWINCH: send_window_size(session); return;
	case SIGTSTP: stop_all(session); return;
	case SIGALRM:
		if (!session->timed_out)
			handle_timeout(session);
		return;
	}
	if (session->guest_ready && !user_insists(session)) {
		uint8_t number = info.ssi_signo;

		send_frame(session, WIRE_SIGNAL, &number, 1);
	} else {
		session->killed_by = info.ssi_signo;
		kill_machine(session);
	}
}

/* ---- the loop ---- */

/* Whether an output has bytes to write. For a killed machine nobody waits for a slow reader. */
static bool is_pending(const struct session *session, enum output output)
{
	struct pollfd writer = {session->outputs[output], POLLOUT, 0};

	if (!session->to_output[output].used)
		return false;
	if (!session->timed_out && !session->killed_by && !session->escaped)
		return true;
	return poll(&writer, 1, 0) > 0;
}

static bool is_over(const struct session *session)
{
	if (session->machine->pid >= 0)
		return false;
	for (int i = 0; i < NR_CHANNELS; i++)
		if (session->machine->channels[i] >= 0)
			return false;
	for (int i = 0; i < NR_OUTPUTS; i++)
		if (is_pending(session, i))
			return false;
	return true;
}

static void turn(struct session *session)
{
	enum { SIGNALS, TIMER, STDIN, OUTPUTS, CHANNELS = OUTPUTS + NR_OUTPUTS, END };
	struct pollfd polls[END + NR_CHANNELS - 1];
	bool ending = session->timed_out || session->killed_by || session->escaped;
	/* QEMU hands over one byte at a time: let some gather, a system call for each is dear. */
	static const struct timespec gather = {0, 200000};
	uint64_t expired;

	polls[SIGNALS] = (struct pollfd){session->signals, POLLIN, 0};
	polls[TIMER] = (struct pollfd){session->timer, POLLIN, 0};
	polls[STDIN] = (struct pollfd){stdin_room(session) ? 0 : -1, POLLIN, 0};
	for (int i = 0; i < NR_OUTPUTS; i++)
		polls[OUTPUTS + i] = (struct pollfd){
			session->to_output[i].used ? session->outputs[i] : -1, POLLOUT, 0};
	for (int i = 0; i < NR_CHANNELS; i++) {
		int events = session->to_channel[i].used ? POLLOUT : 0;

		if (ending || has_room_for(session, i))
			events |= POLLIN;
		/* A hang-up is always reported: leave it out while we cannot read on. */
		polls[CHANNELS + i] =
			(struct pollfd){events ? session->machine->channels[i] : -1, events, 0};
	}
	if (session->busy)
		nanosleep(&gather, NULL);
	session->busy = false;
	if (poll(polls, CHANNELS + NR_CHANNELS, -1) < 0)
		return;

	if (polls[SIGNALS].revents)
		handle_signal(session);
	if (polls[TIMER].revents && read(session->timer, &expired, sizeof(expired)) > 0)
		handle_timeout(session);
	if (polls[STDIN].revents)
		read_stdin(session);
	for (int i = 0; i < NR_OUTPUTS; i++)
		if (polls[OUTPUTS + i].revents)
			write_output(session, i);
	for (int i = 0; i < NR_CHANNELS; i++) {
		struct pollfd *poll = &polls[CHANNELS + i];

		if (poll->revents & POLLOUT && session->to_channel[i].used)
			buffer_write(&session->to_channel[i], poll->fd);
		if (poll->revents & (POLLIN | POLLHUP) && poll->events & POLLIN)
			read_channel(session, i);
	}
}

/* ---- how it ended ---- */

static void put(const char *bytes, size_t count)
{
	while (count) {
		ssize_t n = write(2, bytes, count);

		if (n <= 0)
			return;
		bytes += n;
		count -= n;
	}
}

/* Shows the last @lines lines of @text before its last @rest bytes, and those, without the
 * carriage returns, on stderr. */
static void show_last(const struct buffer *text, unsigned lines, size_t rest)
{
	size_t end = text->used - (rest < text->used ? rest : text->used), start = end;

	while (start && (text->bytes[start - 1] != '\n' || start == end || lines--))
		start--;
	for (size_t i = start; i < text->used; i++)
		if (text->bytes[i] != '\r')
			put(&text->bytes[i], 1);
	if (text->used && text->bytes[text->used - 1] != '\n')
		put("\n", 1);
}

/* Why QEMU says it stopped: "guest-shutdown", "guest-reset", ... or "" */
static void shutdown_reason(struct session *session, char *reason, size_t size)
{
	static const char event[] = "\"event\": \"SHUTDOWN\"", key[] = "\"reason\": \"";
	struct buffer *text = &session->from_channel[CHANNEL_MONITOR];

	reason[0] = '\0';
	buffer_add(text, "", 1);
	char *at = strstr(text->bytes, event);
	if (at && (at = strstr(at, key)))
		snprintf(reason, size, "%.*s", (int)strcspn(at + sizeof(key) - 1, "\""),
			 at + sizeof(key) - 1);
}

static int conclude(struct session *session)
{
	char reason[64];
	bool in_order = WIFEXITED(session->qemu_status) && !WEXITSTATUS(session->qemu_status);

	shutdown_reason(session, reason, sizeof(reason));
	if (session->escaped) {
		fprintf(stderr, "\npagoda: machine ended by the user\n");
		return EXIT_MACHINE;
	}
	if (session->killed_by)
		return EXIT_SIGNAL + session->killed_by;
	if (session->timed_out) {
		show_last(&session->from_channel[CHANNEL_CONSOLE], LINES_BEFORE, session->answered);
		fprintf(stderr, "pagoda: timeout after %.3g s\n",
			session->over.tv_sec - session->start.tv_sec +
				(session->over.tv_nsec - session->start.tv_nsec) / 1e9);
		return EXIT_TIMEOUT;
	}
	if (in_order && !strcmp(reason, "guest-shutdown")) {
		if (session->have_status)
			return WIFEXITED(session->wait_status)
				       ? WEXITSTATUS(session->wait_status)
				       : EXIT_SIGNAL + WTERMSIG(session->wait_status);
		if (session->options->initrd)
			return 0;
	}

	show_last(&session->from_channel[CHANNEL_CONSOLE], ~0U, 0);
	show_last(&session->from_channel[CHANNEL_ERRORS], ~0U, 0);
	if (!session->heard)
		fprintf(stderr, "pagoda: the machine did not start\n");
	else if (session->have_status)
		fprintf(stderr,
			"pagoda: the program had ended, but the kernel did not stop in "
			"good order (%s)\n",
			reason[0] ? reason : "QEMU failed");
	else
		fprintf(stderr, "pagoda: the kernel stopped without the program's status (%s)\n",
			reason[0] ? reason : "QEMU failed");
	return EXIT_MACHINE;
}

static void start_timer(struct session *session)
{
	clock_gettime(CLOCK_MONOTONIC, &session->start);
	session->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (session->options->timeout > 0)
		set_timer(session, session->options->timeout);
}

/* Where the guest's terminal is shown: stdout, or the user's terminal when stdout is none. */
static int open_screen(const bool stream_is_terminal[3])
{
	if (!stream_is_terminal[0] || stream_is_terminal[1])
		return 1;
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	return fd >= 0 ? fd : 0;
}

int session_run(struct machine *machine, const struct run_options *options,
		const bool stream_is_terminal[3], bool show_console)
{
	static const char greeting[] = "{\"execute\": \"qmp_capabilities\"}\n";
	static struct session session;
	sigset_t set = handled_set();

	session.machine = machine;
	session.options = options;
	session.stdin_is_terminal = stream_is_terminal[0];
	session.stdin_over = is_nothing(0);
	session.show_console = show_console;
	session.outputs[OUTPUT_STDOUT] = 1;
	session.outputs[OUTPUT_STDERR] = 2;
	session.outputs[OUTPUT_SCREEN] = open_screen(stream_is_terminal);
	session.signals = signalfd(-1, &set, SFD_CLOEXEC);
	start_timer(&session);
	buffer_add(&session.to_channel[CHANNEL_MONITOR], greeting, sizeof(greeting) - 1);
	if (stream_is_terminal[0])
		terminal_raw(0);

	while (!is_over(&session))
		turn(&session);

	terminal_restore();
	int status = conclude(&session);
	for (int i = 0; i < NR_CHANNELS; i++) {
		buffer_free(&session.to_channel[i]);
		buffer_free(&session.from_channel[i]);
	}
	for (int i = 0; i < NR_OUTPUTS; i++)
		buffer_free(&session.to_output[i]);
	return status;
}
