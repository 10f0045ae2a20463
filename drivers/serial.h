/*
 * The PC's serial ports, 16550 and compatible (drivers/serial.c): four at most,
 * ttyS0..3, found by probing.  The terminal layer (drivers/tty.c) stands on this
 * face; the kernel log has its own polled way to the port (serial_console).
 *
 * Both directions are driven by interrupts.  Nothing is lost on receive as long
 * as the terminal layer says how much it can take: when that is nothing, bytes
 * stay in the chip's FIFO (and with CRTSCTS the sender is held off) until
 * serial_resume_receive().
 */
#pragma once

#include "lib/types.h"

#define NR_SERIAL 4

struct serial_client {
	/* `bytes` arrived; returns how many were taken. Interrupt context, interrupts off. */
	size_t (*receive)(void *arg, const u8 *data, size_t bytes);
	/* There is room to send again. Interrupt context. */
	void (*transmit_ready)(void *arg);
	void *arg;
};

/* Is there a chip? */
bool serial_present(unsigned port);
/* Ports' I/O base and interrupt, for TIOCGSERIAL and /proc. */
unsigned serial_iobase(unsigned port);
/* Start receiving into the client. 0, -ENODEV or -EBUSY. The client stays until serial_close(). */
int serial_open(unsigned port, const struct serial_client *client);
void serial_close(unsigned port);
/* Queue for sending: returns how many bytes found room (a ring of SERIAL_TX_BYTES). Any context. */
#define SERIAL_TX_BYTES 1024
size_t serial_write(unsigned port, const u8 *data, size_t bytes);
size_t serial_write_room(unsigned port);
bool serial_idle(unsigned port);           /* all has left the chip: for tcdrain() */
void serial_flush_transmit(unsigned port); /* drop what is queued */
/* The client can take bytes again after receive() returned less than it was given. */
void serial_resume_receive(unsigned port);
/* Line speed; 0, or -EINVAL for one that 115200 is no multiple of. */
int serial_set_speed(unsigned port, unsigned baud);
/* Polled, for kernel messages and a panic: waits for the chip. */
void serial_write_polled(unsigned port, const char *text, size_t bytes);
/* Called before start_kernel(): probe, and register the console the command line names. */
void serial_early_init(void);
