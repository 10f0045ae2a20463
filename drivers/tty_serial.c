/*
 * ttyS0..3: terminals on the serial ports.
 */
#include "drivers/serial.h"
#include "drivers/tty.h"
#include "kernel/initcall.h"
#include "lib/printf.h"

#define TTY_MAJOR        4
#define TTYS_FIRST_MINOR 64

static struct tty_struct *tty_of_port[NR_SERIAL];

/* The device handed around is the port's number. */
static unsigned port_of(void *device)
{
	return (unsigned long)device;
}

static size_t received(void *arg, const u8 *data, size_t bytes)
{
	return tty_received(tty_of_port[port_of(arg)], data, bytes);
}

static void transmit_ready(void *arg)
{
	tty_transmit_ready(tty_of_port[port_of(arg)]);
}

static int port_open(void *device)
{
	const struct serial_client client = {
		.receive = received, .transmit_ready = transmit_ready, .arg = device};

	return serial_open(port_of(device), &client);
}

static size_t port_write(void *device, const u8 *data, size_t bytes)
{
	return serial_write(port_of(device), data, bytes);
}

static size_t port_room(void *device)
{
	return serial_write_room(port_of(device));
}

static bool port_idle(void *device)
{
	return serial_idle(port_of(device));
}

static void port_flush(void *device)
{
	serial_flush_transmit(port_of(device));
}

static void port_resume(void *device)
{
	serial_resume_receive(port_of(device));
}

static unsigned baud_of(const struct termios *t)
{
	static const struct {
		tcflag_t code;
		unsigned baud;
	} rates[] = {{B1200, 1200},   {B2400, 2400},   {B4800, 4800},   {B9600, 9600},
		     {B19200, 19200}, {B38400, 38400}, {B57600, 57600}, {B115200, 115200}};

	for (unsigned i = 0; i < ARRAY_SIZE(rates); i++)
		if ((t->c_cflag & CBAUD) == rates[i].code)
			return rates[i].baud;
	return 0;
}

static void port_set_termios(void *device, const struct termios *old, const struct termios *now)
{
	unsigned baud = baud_of(now);

	if (baud && baud != baud_of(old))
		serial_set_speed(port_of(device), baud);
}

static const struct tty_device serial_device = {
	.open = port_open,
	.write = port_write,
	.room = port_room,
	.idle = port_idle,
	.flush_output = port_flush,
	.resume_input = port_resume,
	.set_termios = port_set_termios,
};

static int tty_serial_init(void)
{
	for (unsigned long port = 0; port < NR_SERIAL; port++) {
		char name[8];
		int err;

		if (!serial_present(port))
			continue;
		scnprintf(name, sizeof(name), "ttyS%lu", port);
		err = tty_register(name, MKDEV(TTY_MAJOR, TTYS_FIRST_MINOR + port), &serial_device,
				   (void *)port, &tty_of_port[port]);
		if (err)
			return err;
	}
	return 0;
}
INITCALL(INIT_DEVICE, tty_serial_init);
