/*
 * The kernel log: a ring of records that dmesg reads, copied to every registered
 * console whose level admits them.
 *
 * printk() may be called in any context, interrupts included; it takes only its
 * own locks.  Every line is a record of its own, with or without a final newline;
 * there are no continued lines.  A message begins with a level ("<3>" .. KERN_ERR); without one it
 * is KERN_WARNING's (4), the default.  Time stamps are microseconds since boot.
 */
#pragma once

#include "lib/list.h"
#include "lib/types.h"

#define KERN_EMERG   "<0>"
#define KERN_ALERT   "<1>"
#define KERN_CRIT    "<2>"
#define KERN_ERR     "<3>"
#define KERN_WARNING "<4>"
#define KERN_NOTICE  "<5>"
#define KERN_INFO    "<6>"
#define KERN_DEBUG   "<7>"

#define LOG_BYTES    (1u << 16) /* the ring holds about this much text */

void printk(const char *fmt, ...) __printf(1, 2);

#define pr_err(fmt, ...)  printk(KERN_ERR fmt, ##__VA_ARGS__)
#define pr_warn(fmt, ...) printk(KERN_WARNING fmt, ##__VA_ARGS__)
#define pr_info(fmt, ...) printk(KERN_INFO fmt, ##__VA_ARGS__)

struct console {
	struct list_head list;
	void (*write)(struct console *con, const char *text, size_t bytes); /* any context */
};

/* Registering replays what the ring holds. Messages below the level go to consoles. */
void register_console(struct console *con);
/* For panic: print what is left, whoever holds the consoles. */
void console_flush_on_panic(void);
/*
 * While it is on, messages of this CPU wait for no lock of the log: what it interrupted may hold
 * them, or a CPU that has been stopped. Where one is taken the text goes straight to the
 * consoles, and may be missing in the ring or appear twice. One CPU at a time.
 */
void printk_urgent(bool on);
extern int console_loglevel; /* 7 by default; "quiet" makes it 4, "loglevel=N" sets it */

/*
 * Read the log: copy whole records "<level>[secs.usecs] text\n" from sequence
 * number *seq on into buf; returns bytes copied and advances *seq past them.
 * Records that were overwritten are skipped.
 */
size_t log_read(u64 *seq, char *buf, size_t bytes);
/* One record apart: its text (cut to size-1 bytes, NUL-ended), level and time. False: none yet. */
bool log_read_record(u64 *seq, char *text, size_t size, unsigned *level, u64 *time_us);
u64 log_first_seq(void); /* the oldest record still held */
u64 log_next_seq(void);  /* the number the next record will get */

/* Microseconds since boot, for time stamps; zero until the clock runs. */
extern u64 (*printk_clock)(void);
