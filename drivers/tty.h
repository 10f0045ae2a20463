/*
 * Terminals: a device that carries bytes (tty_device), a line discipline that
 * makes lines and signals of them (ldisc.c), and the file a program sees (tty.c).
 */
#pragma once

#include "fs/vfs.h"
#include "kernel/signal.h"
#include <asm/termbits.h>
#include <asm/termios.h>

#define TTY_BUFFER 4096u /* bytes a program has not read yet; a line is at most this long */
#define TTY_RAW    1024u /* bytes that came in and were not looked at */
#define TTY_ECHO   512u

struct tty_device {                                                  /* where the bytes go */
	size_t (*write)(void *device, const u8 *data, size_t bytes); /* bytes that found room */
	size_t (*room)(void *device);
	bool (*idle)(void *device);
	void (*flush_output)(void *device);
	void (*resume_input)(void *device); /* there is room for input again */
	int (*open)(void *device);
	void (*set_termios)(void *device, const struct termios *old, const struct termios *now);
};

struct tty_struct {
	char name[8];
	u32 dev;
	const struct tty_device *ops;
	void *device;
	bool opened; /* (lock) the device runs */

	spinlock_t raw_lock; /* irq-safe */
	u8 raw[TTY_RAW];     /* (raw_lock) ring of bytes that came in */
	u32 raw_head, raw_tail;
	bool raw_throttled; /* (raw_lock) the device was told that there is no room */

	struct mutex write_lock; /* one write(2) at a time */
	struct mutex lock;       /* all below */
	struct termios termios;
	struct winsize winsize;
	u8 buf[TTY_BUFFER]; /* ring: what programs read */
	unsigned long line_end[TTY_BUFFER / 64], eof[TTY_BUFFER / 64]; /* marks on it, by slot */
	u32 tail, canon,
		head; /* counts ever: [tail, canon) are whole lines, [canon, head) is being edited */
	u8 echo[TTY_ECHO]; /* ring: echoes that found no room yet */
	u32 echo_head, echo_tail;
	unsigned column;       /* of the cursor, for erasing tabs */
	unsigned canon_column; /* where the line being edited began */
	bool literal_next;     /* ^V was typed */
	bool stopped;          /* by ^S */

	pid_t session, pgrp; /* (all families) whose terminal it is; foreground group */
	struct wait_queue_head read_wait, write_wait;
	struct list_head list; /* all terminals; constant after boot */
};

/* --- ldisc.c; the lock is held --- */
void ldisc_init(struct tty_struct *tty);
/* One byte came in: echo it, edit with it, make a signal of it. False: no room, keep it. */
bool ldisc_receive(struct tty_struct *tty, u8 c);
/* Is there something a read would return now (for VMIN: that many bytes)? */
bool ldisc_readable(struct tty_struct *tty, unsigned min);
/* Take up to n bytes into buf: in canonical mode at most one line. */
size_t ldisc_take(struct tty_struct *tty, u8 *buf, size_t n);
/* Send bytes through output processing: how many were consumed before there was no room. */
size_t ldisc_write(struct tty_struct *tty, const u8 *data, size_t bytes);
void ldisc_flush_echo(struct tty_struct *tty);
void ldisc_flush_input(struct tty_struct *tty);
/* The mode changed: what was being edited becomes readable, or the other way round. */
void ldisc_mode_changed(struct tty_struct *tty, const struct termios *old);
u32 ldisc_bytes(struct tty_struct *tty); /* FIONREAD */

/* --- tty.c --- */
/* A terminal on a device; it appears as /dev/name. 0 or -ENOMEM. */
int tty_register(const char *name, u32 dev, const struct tty_device *ops, void *device,
		 struct tty_struct **tty);
/* From the device, in interrupts: bytes taken; and: there is room to send. */
size_t tty_received(struct tty_struct *tty, const u8 *data, size_t bytes);
void tty_transmit_ready(struct tty_struct *tty);
/* A signal to the foreground group; called with the lock held. */
void tty_signal(struct tty_struct *tty, int sig);
