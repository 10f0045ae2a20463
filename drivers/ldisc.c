/*
 * The line discipline (termios(3)): what happens between a keyboard and a program.
 *
 * In canonical mode bytes gather in a line that can be edited until newline, EOL
 * or EOF ends it; only whole lines are readable.  In raw mode each byte is
 * readable at once.  One ring serves both:
 *
 *         tail            canon         head
 *          v               v             v
 *     -----| ls\n | cd x\n | ec...       |        slots are count modulo size
 *            whole lines     being edited
 *
 * Raw mode keeps canon == head.  A mark says that a line ends with this slot;
 * an EOF mark says that the slot itself is no data (^D: end of what is there).
 *
 * Echo goes the way of output; echoes that find no room wait in a small ring of
 * their own so that typing never blocks.
 */
#include "drivers/tty.h"
#include "kernel/task.h"
#include "lib/bitmap.h"
#include "lib/string.h"

#define I_FLAG(tty, f) ((tty)->termios.c_iflag & (f))
#define O_FLAG(tty, f) ((tty)->termios.c_oflag & (f))
#define L_FLAG(tty, f) ((tty)->termios.c_lflag & (f))
#define CHAR(tty, i)   ((tty)->termios.c_cc[i])

static u32 slot(u32 count)
{
	return count % TTY_BUFFER;
}

void ldisc_init(struct tty_struct *tty)
{
	static const u8 chars[NCCS] = {
		[VINTR] = 3,     [VQUIT] = 28,   [VERASE] = 127, [VKILL] = 21, [VEOF] = 4,
		[VMIN] = 1,      [VSTART] = 17,  [VSTOP] = 19,   [VSUSP] = 26, [VREPRINT] = 18,
		[VDISCARD] = 15, [VWERASE] = 23, [VLNEXT] = 22,
	};

	tty->termios = (struct termios){
		.c_iflag = ICRNL | IXON,
		.c_oflag = OPOST | ONLCR,
		.c_cflag = B9600 | CS8 | CREAD | HUPCL | CLOCAL,
		.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
	};
	memcpy(tty->termios.c_cc, chars, sizeof(chars));
}

/* --- output --- */

/* What one byte becomes; the column follows. Returns bytes put into out (at most 8). */
static unsigned process_output(struct tty_struct *tty, u8 c, u8 *out)
{
	unsigned n = 0;

	if (!O_FLAG(tty, OPOST)) {
		out[0] = c;
		return 1;
	}
	switch (c) {
	case '\n':
		if (O_FLAG(tty, ONLRET))
			tty->column = 0;
		if (O_FLAG(tty, ONLCR)) {
			out[n++] = '\r';
			tty->column = 0;
		}
		break;
	case '\r':
		if (O_FLAG(tty, ONOCR) && tty->column == 0)
			return 0;
		if (O_FLAG(tty, OCRNL)) {
			c = '\n';
			break;
		}
		tty->column = 0;
		break;
	case '\t': {
		unsigned spaces = 8 - (tty->column & 7);

		tty->column += spaces;
		if (O_FLAG(tty, TABDLY) == XTABS) {
			memset(out, ' ', spaces);
			return spaces;
		}
		break;
	}
	case '\b':
		if (tty->column)
			tty->column--;
		break;
	default:
		if (O_FLAG(tty, OLCUC) && c >= 'a' && c <= 'z')
			c -= 32;
		if (c >= ' ' && c != 127 && (c & 0xc0) != 0x80)
			tty->column++;
	}
	out[n++] = c;
	return n;
}

size_t ldisc_write(struct tty_struct *tty, const u8 *data, size_t bytes)
{
	size_t done = 0, room;
	u8 chunk[128];
	unsigned n = 0;

	if (tty->stopped)
		return 0;
	room = tty->ops->room(tty->device);
	while (done < bytes && n + 8 <= room) {
		n += process_output(tty, data[done++], chunk + n);
		if (n + 8 > sizeof(chunk)) {
			tty->ops->write(tty->device, chunk, n);
			room -= n;
			n = 0;
		}
	}
	if (n)
		tty->ops->write(tty->device, chunk, n);
	return done;
}

void ldisc_flush_echo(struct tty_struct *tty)
{
	while (tty->echo_tail != tty->echo_head) {
		u32 at = tty->echo_tail % TTY_ECHO;
		u32 n = min(tty->echo_head - tty->echo_tail, TTY_ECHO - at);
		size_t sent = ldisc_write(tty, tty->echo + at, n);

		tty->echo_tail += sent;
		if (sent < n)
			break;
	}
}

static void echo_byte(struct tty_struct *tty, u8 c)
{
	if (tty->echo_head - tty->echo_tail < TTY_ECHO)
		tty->echo[tty->echo_head++ % TTY_ECHO] = c;
	ldisc_flush_echo(tty);
}

/* As a terminal shows it: control characters as ^X. */
static void echo_char(struct tty_struct *tty, u8 c)
{
	if (L_FLAG(tty, ECHOCTL) && (c < ' ' || c == 127) && c != '\t' && c != '\n') {
		echo_byte(tty, '^');
		echo_byte(tty, c ^ 0x40);
	} else {
		echo_byte(tty, c);
	}
}

/* --- the line being edited --- */

static bool put_byte(struct tty_struct *tty, u8 c)
{
	u32 at = slot(tty->head);

	if (tty->head - tty->tail >= TTY_BUFFER)
		return false;
	tty->buf[at] = c;
	bitmap_clear(tty->line_end, at);
	bitmap_clear(tty->eof, at);
	tty->head++;
	return true;
}

static bool is_continuation(u8 c)
{
	return (c & 0xc0) == 0x80;
}

/* How wide the edited line's text up to `end` stands on the screen, from its beginning. */
static unsigned column_at(struct tty_struct *tty, u32 end)
{
	unsigned column = tty->canon_column;

	for (u32 i = tty->canon; i != end; i++) {
		u8 c = tty->buf[slot(i)];

		if (c == '\t')
			column = (column | 7) + 1;
		else if (c < ' ' || c == 127)
			column += L_FLAG(tty, ECHOCTL) ? 2 : 0;
		else if (!(I_FLAG(tty, IUTF8) && is_continuation(c)))
			column++;
	}
	return column;
}

static void erase_one(struct tty_struct *tty)
{
	unsigned before = column_at(tty, tty->head), after;

	do
		tty->head--;
	while (I_FLAG(tty, IUTF8) && is_continuation(tty->buf[slot(tty->head)]) &&
	       tty->head != tty->canon);
	if (!L_FLAG(tty, ECHO))
		return;
	if (!L_FLAG(tty, ECHOE)) {
		echo_char(tty, CHAR(tty, VERASE));
		return;
	}
	after = column_at(tty, tty->head);
	for (unsigned i = after; i < before; i++) {
		echo_byte(tty, '\b');
		echo_byte(tty, ' ');
		echo_byte(tty, '\b');
	}
}

static void erase_word(struct tty_struct *tty)
{
	bool seen = false;

	while (tty->head != tty->canon) {
		u8 c = tty->buf[slot(tty->head - 1)];
		bool blank = c == ' ' || c == '\t';

		if (blank && seen)
			break;
		seen |= !blank;
		erase_one(tty);
	}
}

static void erase_line(struct tty_struct *tty)
{
	if (L_FLAG(tty, ECHO) && L_FLAG(tty, ECHOK) && L_FLAG(tty, ECHOKE) && L_FLAG(tty, ECHOE)) {
		while (tty->head != tty->canon)
			erase_one(tty);
		return;
	}
	tty->head = tty->canon;
	if (L_FLAG(tty, ECHO)) {
		echo_char(tty, CHAR(tty, VKILL));
		if (L_FLAG(tty, ECHOK))
			echo_byte(tty, '\n');
	}
}

static void reprint(struct tty_struct *tty)
{
	echo_char(tty, CHAR(tty, VREPRINT));
	echo_byte(tty, '\n');
	for (u32 i = tty->canon; i != tty->head; i++)
		echo_char(tty, tty->buf[slot(i)]);
}

static void line_done(struct tty_struct *tty)
{
	bitmap_set(tty->line_end, slot(tty->head - 1));
	tty->canon = tty->head;
	wake_up(&tty->read_wait);
}

/* A character with a meaning in canonical mode; false: it is text. */
static bool edit(struct tty_struct *tty, u8 c)
{
	if (c == CHAR(tty, VERASE)) {
		if (tty->head != tty->canon)
			erase_one(tty);
		return true;
	}
	if (c == CHAR(tty, VKILL)) {
		erase_line(tty);
		return true;
	}
	if (L_FLAG(tty, IEXTEN)) {
		if (c == CHAR(tty, VWERASE)) {
			erase_word(tty);
			return true;
		}
		if (c == CHAR(tty, VLNEXT)) {
			tty->literal_next = true;
			if (L_FLAG(tty, ECHO) && L_FLAG(tty, ECHOCTL)) {
				echo_byte(tty, '^');
				echo_byte(tty, '\b');
			}
			return true;
		}
		if (c == CHAR(tty, VREPRINT) && L_FLAG(tty, ECHO)) {
			reprint(tty);
			return true;
		}
	}
	if (c == CHAR(tty, VEOF)) {
		if (put_byte(tty, 0)) {
			bitmap_set(tty->eof, slot(tty->head - 1));
			line_done(tty);
		}
		return true;
	}
	return false;
}

static bool add_text(struct tty_struct *tty, u8 c, bool literal)
{
	bool canonical = L_FLAG(tty, ICANON);
	bool ends = !literal && canonical &&
		    (c == '\n' || (c && (c == CHAR(tty, VEOL) || c == CHAR(tty, VEOL2))));

	if (tty->head - tty->tail >= TTY_BUFFER - (canonical && !ends ? 1 : 0)) {
		/* The sender waits while there is something to read; */
		if (!canonical || tty->canon != tty->tail) {
			tty->literal_next = literal;
			return false;
		}
		/* an over-long line is cut: the last place is kept for its end. */
		if (I_FLAG(tty, IMAXBEL))
			echo_byte(tty, 7);
		return true;
	}
	if (tty->head == tty->canon)
		tty->canon_column = tty->column;
	if (L_FLAG(tty, ECHO) || (c == '\n' && L_FLAG(tty, ECHONL) && canonical)) {
		if (literal && c == '\n')
			echo_char(tty, c ^ 0x40);
		else
			echo_char(tty, c);
	}
	put_byte(tty, c);
	if (!canonical) {
		tty->canon = tty->head;
		wake_up(&tty->read_wait);
	} else if (ends) {
		line_done(tty);
	}
	return true;
}

static bool make_signal(struct tty_struct *tty, u8 c)
{
	int sig = c == CHAR(tty, VINTR)   ? SIGINT
		  : c == CHAR(tty, VQUIT) ? SIGQUIT
		  : c == CHAR(tty, VSUSP) ? SIGTSTP
					  : 0;

	if (!sig || !c)
		return false;
	tty->stopped = false;
	if (!L_FLAG(tty, NOFLSH)) {
		ldisc_flush_input(tty);
		tty->ops->flush_output(tty->device);
		tty->echo_tail = tty->echo_head;
	}
	if (L_FLAG(tty, ECHO))
		echo_char(tty, c);
	tty_signal(tty, sig);
	return true;
}

static bool flow_control(struct tty_struct *tty, u8 c)
{
	if (c == CHAR(tty, VSTOP)) {
		tty->stopped = true;
		return true;
	}
	if (c == CHAR(tty, VSTART) || (tty->stopped && I_FLAG(tty, IXANY))) {
		tty->stopped = false;
		ldisc_flush_echo(tty);
		wake_up(&tty->write_wait);
		return c == CHAR(tty, VSTART);
	}
	return false;
}

bool ldisc_receive(struct tty_struct *tty, u8 c)
{
	if (I_FLAG(tty, ISTRIP))
		c &= 0x7f;
	if (tty->literal_next) {
		tty->literal_next = false;
		return add_text(tty, c, true);
	}
	if (I_FLAG(tty, IXON) && flow_control(tty, c))
		return true;
	if (L_FLAG(tty, ISIG) && make_signal(tty, c))
		return true;
	if (c == '\r') {
		if (I_FLAG(tty, IGNCR))
			return true;
		if (I_FLAG(tty, ICRNL))
			c = '\n';
	} else if (c == '\n' && I_FLAG(tty, INLCR)) {
		c = '\r';
	}
	if (L_FLAG(tty, ICANON) && c && edit(tty, c))
		return true;
	return add_text(tty, c, false);
}

/* --- reading --- */

bool ldisc_readable(struct tty_struct *tty, unsigned min)
{
	if (L_FLAG(tty, ICANON))
		return tty->canon != tty->tail;
	return tty->head - tty->tail >= max(min, 1u);
}

size_t ldisc_take(struct tty_struct *tty, u8 *buf, size_t n)
{
	size_t done = 0;

	while (done < n && tty->tail != tty->canon) {
		u32 at = slot(tty->tail);
		bool ends = L_FLAG(tty, ICANON) && bitmap_test(tty->line_end, at);
		bool eof = bitmap_test(tty->eof, at);

		/* An EOF behind a full buffer's worth is for the next read, unless it ends this line. */
		tty->tail++;
		if (!eof)
			buf[done++] = tty->buf[at];
		if (ends)
			break;
	}
	/* The line was taken to its last byte: an EOF right behind belongs to it. */
	if (done == n && n && L_FLAG(tty, ICANON) && tty->tail != tty->canon &&
	    bitmap_test(tty->eof, slot(tty->tail)) &&
	    !bitmap_test(tty->line_end, slot(tty->tail - 1)))
		tty->tail++;
	return done;
}

void ldisc_flush_input(struct tty_struct *tty)
{
	tty->tail = tty->canon = tty->head;
	tty->literal_next = false;
}

void ldisc_mode_changed(struct tty_struct *tty, const struct termios *old)
{
	if ((old->c_lflag & ICANON) && !L_FLAG(tty, ICANON)) {
		tty->canon = tty->head;
		if (tty->head != tty->tail)
			wake_up(&tty->read_wait);
	} else if (!(old->c_lflag & ICANON) && L_FLAG(tty, ICANON)) {
		/* What is there is one line, readable as it stands. */
		if (tty->head != tty->tail)
			bitmap_set(tty->line_end, slot(tty->head - 1));
		tty->canon = tty->head;
	}
	if (!I_FLAG(tty, IXON) && tty->stopped) {
		tty->stopped = false;
		wake_up(&tty->write_wait);
	}
}

u32 ldisc_bytes(struct tty_struct *tty)
{
	return tty->canon - tty->tail;
}
