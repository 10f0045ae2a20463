/*
 * The kernel log.
 *
 *     ring of 64 KiB                   oldest                      newest
 *     | ... free ... | record | record | record | ... | record | free ...
 *                      ^first_at                                ^next_at
 *
 * A record is a header and the text of one line, without a newline, and is never
 * split by the ring's end: where it does not fit, a header with no line marks the
 * rest as unused.  A new record drops the oldest ones in its way.  Records have
 * numbers; a reader (dmesg, a console) keeps the number of the next one it wants.
 *
 * Locking: `log_lock` guards the ring and is held for a memcpy.  Consoles are slow
 * and have their own, `console_lock`, which is only ever tried: who finds it taken
 * leaves, for the holder prints what has come in since, and looks once more after
 * letting go.  Both are bare words with interrupts off around the first, outside
 * the lock checker, because the checker speaks through them.  Whoever prints
 * while he holds log_lock on the same CPU (a fault in this very file) would wait
 * for himself; no code under it can fault.
 */
#include "lib/printk.h"
#include "lib/assert.h"
#include "lib/atomic.h"
#include "lib/div.h"
#include "lib/printf.h"
#include "lib/string.h"
#include "machine/cpu.h"

#define LINE_MAX      480 /* longer messages are cut */
#define DEFAULT_LEVEL 4
#define URGENT_TRIES  100000 /* to have a lock that another CPU is perhaps about to let go of */

struct record {
	u64 time_us;
	u16 bytes; /* of text behind this header; LOG_SKIP: the ring goes on at its start */
	u8 level;
} __aligned(8);
#define LOG_SKIP 0xffff

static char ring[LOG_BYTES] __aligned(8); /* (log_lock) */
static u32 first_at, next_at;             /* (log_lock) offsets in the ring */
static u64 first_seq, next_seq;           /* (log_lock) their numbers; equal when empty */
static u32 log_lock;

static LIST_HEAD(consoles); /* (console_lock) */
static u64
	console_seq; /* (written with both locks, read with either) the record the consoles want next */
static u32 console_lock;

int console_loglevel = 7;

static u64 no_clock(void)
{
	return 0;
}
u64 (*printk_clock)(void) = no_clock;

static unsigned long lock_log(void)
{
	unsigned long flags = irq_save();

	while (__atomic_exchange_n(&log_lock, 1, __ATOMIC_ACQUIRE))
		cpu_relax();
	return flags;
}

static void unlock_log(unsigned long flags)
{
	store_release(&log_lock, 0);
	irq_restore(flags);
}

static unsigned urgent_cpu; /* the CPU that must not wait, plus one */

void printk_urgent(bool on)
{
	WRITE_ONCE(urgent_cpu, on ? cpu_id() + 1 : 0);
}

static bool try_lock_log(void)
{
	for (int i = 0; i < URGENT_TRIES; i++) {
		if (!__atomic_exchange_n(&log_lock, 1, __ATOMIC_ACQUIRE))
			return true;
		cpu_relax();
	}
	return false;
}

static bool try_lock_console(void)
{
	return __atomic_exchange_n(&console_lock, 1, __ATOMIC_SEQ_CST) == 0;
}

static void unlock_console(void)
{
	__atomic_store_n(&console_lock, 0, __ATOMIC_SEQ_CST);
}

static struct record *record_at(u32 offset)
{
	return (struct record *)(ring + offset);
}

static u32 record_size(u32 text_bytes)
{
	return ALIGN_UP((u32)sizeof(struct record) + text_bytes, 8u);
}

/* Where the record really is that should begin at `offset`. */
static u32 skip_end(u32 offset)
{
	if (LOG_BYTES - offset < sizeof(struct record) || record_at(offset)->bytes == LOG_SKIP)
		return 0;
	return offset;
}

static u32 record_after(u32 offset)
{
	return offset + record_size(record_at(offset)->bytes);
}

/* Drop the oldest record. */
static void drop_first(void)
{
	first_at = record_after(skip_end(first_at));
	first_seq++;
	if (first_seq == next_seq)
		first_at = next_at;
	else
		first_at = skip_end(first_at);
}

/* Drop records until [offset, offset + bytes) holds none. */
static void make_room(u32 offset, u32 bytes)
{
	while (first_seq != next_seq && first_at >= offset && first_at < offset + bytes)
		drop_first();
}

/* log_lock is held. */
static void append(unsigned level, u64 time_us, const char *text, u32 bytes)
{
	u32 size = record_size(bytes);

	if (LOG_BYTES - next_at < size) {
		make_room(next_at, LOG_BYTES - next_at);
		if (LOG_BYTES - next_at >= sizeof(struct record))
			record_at(next_at)->bytes = LOG_SKIP;
		next_at = 0;
	}
	make_room(next_at, size);
	if (first_seq == next_seq)
		first_at = next_at;
	*record_at(next_at) = (struct record){.time_us = time_us, .bytes = bytes, .level = level};
	memcpy(record_at(next_at) + 1, text, bytes);
	next_at += size;
	next_seq++;
}

/*
 * The record with number *seq, or the oldest if that is gone (*seq follows): its
 * offset, or false at the end. log_lock is held. The search starts at the oldest
 * record: a few hundred steps at most, and reading a log is rare.
 */
static bool find_record(u64 *seq, u32 *offset)
{
	*seq = max(*seq, first_seq);
	if (*seq >= next_seq)
		return false;
	*offset = skip_end(first_at);
	for (u64 n = first_seq; n < *seq; n++)
		*offset = skip_end(record_after(*offset));
	return true;
}

static int format_prefix(char *buf, size_t size, const struct record *record)
{
	u32 usecs;
	u64 secs = div_u64(record->time_us, 1000000, &usecs);

	return scnprintf(buf, size, "[%5llu.%06u] ", (unsigned long long)secs, usecs);
}

/* Give the consoles what they have not seen. console_lock is held. */
static void feed_consoles(void)
{
	struct console *con;

	for (;;) {
		char line[LINE_MAX + 40];
		unsigned long flags = lock_log();
		struct record *record;
		int n, level;
		u32 offset;

		if (!find_record(&console_seq, &offset)) {
			unlock_log(flags);
			return;
		}
		record = record_at(offset);
		level = record->level;
		n = format_prefix(line, sizeof(line), record);
		memcpy(line + n, record + 1, record->bytes);
		n += record->bytes;
		line[n++] = '\n';
		console_seq++;
		unlock_log(flags);
		if (level < READ_ONCE(console_loglevel))
			list_for_each_entry (con, &consoles, list)
				con->write(con, line, n);
	}
}

/* Has something come in that the consoles have not seen? */
static bool consoles_lag(void)
{
	unsigned long flags = lock_log();
	bool lag = console_seq < next_seq;

	unlock_log(flags);
	return lag;
}

static void flush_consoles(void)
{
	do {
		if (!try_lock_console())
			return;
		feed_consoles();
		unlock_console();
	} while (consoles_lag());
}

void register_console(struct console *con)
{
	while (!try_lock_console())
		cpu_relax();
	/* The new one starts at the oldest record, the others have seen it all. */
	feed_consoles();
	LIST_HEAD(others);
	list_splice_init(&consoles, &others);
	list_add_tail(&con->list, &consoles);
	unsigned long flags = lock_log();

	console_seq = 0;
	unlock_log(flags);
	feed_consoles();
	list_splice_init(&others, &consoles);
	unlock_console();
	flush_consoles();
}

void console_flush_on_panic(void)
{
	if (!try_lock_log()) /* its holder has been stopped: what was urgent went past the ring */
		return;
	store_release(&log_lock, 0);
	store_release(&console_lock, 1);
	feed_consoles();
	unlock_console();
}

/* Each line of the text is a record. log_lock is held. */
static void append_lines(unsigned level, u64 now, const char *line)
{
	for (;;) {
		const char *end = strchr(line, '\n');

		append(level, now, line, end ? (u32)(end - line) : (u32)strlen(line));
		if (!end || end[1] == '\0')
			return;
		line = end + 1;
	}
}

/* Past all locks. */
static void write_consoles(unsigned level, u64 now, const char *text)
{
	const struct record record = {.time_us = now, .level = level};
	char prefix[40];
	struct console *con;
	int n = format_prefix(prefix, sizeof(prefix), &record);
	size_t bytes = strlen(text);

	if (level >= READ_ONCE(console_loglevel))
		return;
	list_for_each_entry (con, &consoles, list) {
		con->write(con, prefix, n);
		con->write(con, text, bytes);
		if (!bytes || text[bytes - 1] != '\n')
			con->write(con, "\n", 1);
	}
}

/* Interrupts are off, or this is an NMI. */
static void print_urgently(unsigned level, u64 now, const char *text)
{
	bool logged = try_lock_log();

	if (logged) {
		append_lines(level, now, text);
		store_release(&log_lock, 0);
		if (try_lock_console()) {
			feed_consoles();
			unlock_console();
			return;
		}
	}
	write_consoles(level, now, text);
}

void printk(const char *fmt, ...)
{
	char text[LINE_MAX];
	unsigned level = DEFAULT_LEVEL;
	unsigned long flags;
	va_list args;
	u64 now;

	if (fmt[0] == '<' && fmt[1] >= '0' && fmt[1] <= '7' && fmt[2] == '>') {
		level = fmt[1] - '0';
		fmt += 3;
	}
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);

	now = printk_clock();
	if (unlikely(READ_ONCE(urgent_cpu) == cpu_id() + 1)) {
		print_urgently(level, now, text);
		return;
	}
	flags = lock_log();
	append_lines(level, now, text);
	unlock_log(flags);
	flush_consoles();
}

size_t log_read(u64 *seq, char *buf, size_t bytes)
{
	unsigned long flags = lock_log();
	size_t done = 0;
	u32 offset;

	if (find_record(seq, &offset)) {
		for (; *seq < next_seq; (*seq)++, offset = record_after(offset)) {
			struct record *record;
			char prefix[40];
			size_t n;

			offset = skip_end(offset);
			record = record_at(offset);
			n = scnprintf(prefix, sizeof(prefix), "<%u>", record->level);
			n += format_prefix(prefix + n, sizeof(prefix) - n, record);
			if (done + n + record->bytes + 1 > bytes)
				break;
			memcpy(buf + done, prefix, n);
			memcpy(buf + done + n, record + 1, record->bytes);
			done += n + record->bytes;
			buf[done++] = '\n';
		}
	}
	unlock_log(flags);
	return done;
}

bool log_read_record(u64 *seq, char *text, size_t size, unsigned *level, u64 *time_us)
{
	unsigned long flags = lock_log();
	u32 offset;
	bool found = find_record(seq, &offset) && *seq < next_seq;

	if (found) {
		struct record *record = record_at(skip_end(offset));
		size_t n = min((size_t)record->bytes, size - 1);

		memcpy(text, record + 1, n);
		text[n] = 0;
		*level = record->level;
		*time_us = record->time_us;
		(*seq)++;
	}
	unlock_log(flags);
	return found;
}

u64 log_first_seq(void)
{
	unsigned long flags = lock_log();
	u64 seq = first_seq;

	unlock_log(flags);
	return seq;
}

u64 log_next_seq(void)
{
	unsigned long flags = lock_log();
	u64 seq = next_seq;

	unlock_log(flags);
	return seq;
}
