/*
 * 16550 serial ports (PC16550D data sheet).
 *
 * Four ports at their customary places; who answers is there.  The chip has FIFOs
 * of 16 bytes in both directions.
 *
 *   receive    interrupt -> chip FIFO -> hold[16] -> client.receive()
 *              A client that takes less than offered stops the flow: the rest stays
 *              in hold, the chip's FIFO fills up and RTS falls, until
 *              serial_resume_receive().  One context delivers at a time
 *              (`delivering`), so bytes keep their order; a resume that comes while
 *              the client is being called is remembered (`resumed`).
 *   transmit   serial_write() -> ring -> interrupt "room in the FIFO" -> chip
 *   polled     kernel messages wait for the chip themselves and share only the lock,
 *              which they take by force if it is not had in a while (a panic may
 *              have come while it was held)
 *
 * Clients are called without the port's lock: they may call back.
 */
#include "drivers/serial.h"
#include "arch/x86/common/x86.h"
#include "lib/errno.h"
#include "lib/printk.h"
#include "lib/string.h"
#include "machine/boot.h"
#include "machine/irq.h"
#include "sync/spinlock.h"

/* Registers, from the port's base. */
#define DATA         0 /* RBR, THR; divisor low while LCR_DLAB */
#define IER          1 /* divisor high while LCR_DLAB */
#define FCR          2
#define LCR          3
#define MCR          4
#define LSR          5
#define SCRATCH      7

#define IER_RECEIVE  0x01
#define IER_TRANSMIT 0x02
#define FCR_ENABLE   0xc7 /* on, both emptied; interrupt at 14 bytes, or 4 idle ones after fewer */
#define LCR_8N1      0x03
#define LCR_DLAB     0x80
#define MCR_DTR      0x01
#define MCR_RTS      0x02
#define MCR_OUT2     0x08 /* the PC's gate for the interrupt line */
#define LSR_DATA     0x01
#define LSR_ROOM     0x20
#define LSR_IDLE     0x40

#define FIFO_BYTES   16
#define BASE_BAUD    115200
#define POLL_LIMIT   1000000
#define FORCE_AFTER  1000000

struct port {
	u16 base;
	u8 irq;
	bool present;    /* constant after probing */
	spinlock_t lock; /* irq-safe; all below, and the chip */
	u8 ier;          /* as written last */
	bool open, delivering, resumed;
	struct serial_client client; /* constant while open */
	u8 hold[FIFO_BYTES];
	u8 held;
	u8 ring[SERIAL_TX_BYTES];
	u32 head, tail; /* free-running; head - tail bytes are queued */
};

static struct port ports[NR_SERIAL] = {
	{.base = 0x3f8, .irq = 4},
	{.base = 0x2f8, .irq = 3},
	{.base = 0x3e8, .irq = 4},
	{.base = 0x2e8, .irq = 3},
};

static void set_ier(struct port *p, u8 ier)
{
	if (p->ier != ier)
		outb(p->base + IER, ier);
	p->ier = ier;
}

static bool probe(struct port *p)
{
	if (inb(p->base + LSR) == 0xff)
		return false;
	outb(p->base + SCRATCH, 0x5a);
	if (inb(p->base + SCRATCH) != 0x5a)
		return false;
	outb(p->base + SCRATCH, 0xa5);
	return inb(p->base + SCRATCH) == 0xa5;
}

static void set_divisor(struct port *p, unsigned divisor)
{
	outb(p->base + LCR, LCR_8N1 | LCR_DLAB);
	outb(p->base + DATA, (u8)divisor);
	outb(p->base + IER, (u8)(divisor >> 8));
	outb(p->base + LCR, LCR_8N1);
	outb(p->base + IER, p->ier);
}

bool serial_present(unsigned port)
{
	return port < NR_SERIAL && ports[port].present;
}

unsigned serial_iobase(unsigned port)
{
	return ports[port].base;
}

int serial_set_speed(unsigned port, unsigned baud)
{
	struct port *p = &ports[port];
	unsigned long flags;

	if (baud == 0 || BASE_BAUD % baud != 0)
		return -EINVAL;
	flags = spin_lock_irqsave(&p->lock);
	set_divisor(p, BASE_BAUD / baud);
	spin_unlock_irqrestore(&p->lock, flags);
	return 0;
}

/* --- Receive --- */

static void deliver(struct port *p)
{
	unsigned long flags = spin_lock_irqsave(&p->lock);

	if (p->delivering || !p->open) {
		spin_unlock_irqrestore(&p->lock, flags);
		return;
	}
	p->delivering = true;
	for (;;) {
		u8 data[FIFO_BYTES];
		size_t n, taken;

		while (p->held < FIFO_BYTES && inb(p->base + LSR) & LSR_DATA)
			p->hold[p->held++] = inb(p->base + DATA);
		n = p->held;
		if (n == 0)
			break;
		memcpy(data, p->hold, n);
		p->resumed = false;
		spin_unlock(&p->lock);
		taken = p->client.receive(p->client.arg, data, n);
		spin_lock(&p->lock);
		memmove(p->hold, p->hold + taken, n - taken);
		p->held = n - taken;
		if (taken < n && !p->resumed) {
			set_ier(p, p->ier & ~IER_RECEIVE);
			outb(p->base + MCR, MCR_DTR | MCR_OUT2);
			break;
		}
	}
	p->delivering = false;
	spin_unlock_irqrestore(&p->lock, flags);
}

void serial_resume_receive(unsigned port)
{
	struct port *p = &ports[port];
	unsigned long flags = spin_lock_irqsave(&p->lock);

	p->resumed = true;
	if (p->open && !(p->ier & IER_RECEIVE)) {
		outb(p->base + MCR, MCR_DTR | MCR_RTS | MCR_OUT2);
		set_ier(p, p->ier | IER_RECEIVE);
	}
	spin_unlock_irqrestore(&p->lock, flags);
	deliver(p);
}

/* --- Transmit --- */

/* Fill the chip's FIFO if it is empty; the lock is held. True if the ring got shorter. */
static bool feed(struct port *p)
{
	unsigned room = FIFO_BYTES;
	bool fed = false;

	if (p->head != p->tail && inb(p->base + LSR) & LSR_ROOM) {
		for (; room && p->head != p->tail; room--)
			outb(p->base + DATA, p->ring[p->tail++ % SERIAL_TX_BYTES]);
		fed = true;
	}
	if (p->head == p->tail)
		set_ier(p, p->ier & ~IER_TRANSMIT);
	else
		set_ier(p, p->ier | IER_TRANSMIT);
	return fed;
}

size_t serial_write(unsigned port, const u8 *data, size_t bytes)
{
	struct port *p = &ports[port];
	unsigned long flags = spin_lock_irqsave(&p->lock);
	size_t n = 0;

	while (n < bytes && p->head - p->tail < SERIAL_TX_BYTES)
		p->ring[p->head++ % SERIAL_TX_BYTES] = data[n++];
	feed(p);
	spin_unlock_irqrestore(&p->lock, flags);
	return n;
}

size_t serial_write_room(unsigned port)
{
	struct port *p = &ports[port];

	return SERIAL_TX_BYTES - (READ_ONCE(p->head) - READ_ONCE(p->tail));
}

bool serial_idle(unsigned port)
{
	struct port *p = &ports[port];

	return READ_ONCE(p->head) == READ_ONCE(p->tail) && inb(p->base + LSR) & LSR_IDLE;
}

void serial_flush_transmit(unsigned port)
{
	struct port *p = &ports[port];
	unsigned long flags = spin_lock_irqsave(&p->lock);

	p->tail = p->head;
	set_ier(p, p->ier & ~IER_TRANSMIT);
	spin_unlock_irqrestore(&p->lock, flags);
}

static void serial_interrupt(void *arg)
{
	struct port *p = arg;
	unsigned long flags;
	bool fed;

	deliver(p);
	flags = spin_lock_irqsave(&p->lock);
	fed = p->open && feed(p);
	spin_unlock_irqrestore(&p->lock, flags);
	if (fed)
		p->client.transmit_ready(p->client.arg);
}

int serial_open(unsigned port, const struct serial_client *client)
{
	struct port *p = &ports[port];
	unsigned long flags;
	int err;

	if (!serial_present(port))
		return -ENODEV;
	flags = spin_lock_irqsave(&p->lock);
	if (p->open) {
		spin_unlock_irqrestore(&p->lock, flags);
		return -EBUSY;
	}
	p->client = *client;
	p->open = true;
	spin_unlock_irqrestore(&p->lock, flags);

	err = request_irq(p->irq, serial_interrupt, p, "ttyS");
	if (err) {
		p->open = false;
		return err;
	}
	flags = spin_lock_irqsave(&p->lock);
	outb(p->base + MCR, MCR_DTR | MCR_RTS | MCR_OUT2);
	set_ier(p, IER_RECEIVE);
	feed(p);
	spin_unlock_irqrestore(&p->lock, flags);
	deliver(p); /* what came before we listened makes no new interrupt */
	return 0;
}

void serial_close(unsigned port)
{
	struct port *p = &ports[port];
	unsigned long flags = spin_lock_irqsave(&p->lock);

	p->open = false;
	p->tail = p->head;
	set_ier(p, 0);
	outb(p->base + MCR, 0);
	spin_unlock_irqrestore(&p->lock, flags);
	free_irq(p->irq, serial_interrupt, p);
}

/* --- Kernel messages --- */

static void put_polled(struct port *p, char c)
{
	for (int i = 0; i < POLL_LIMIT && !(inb(p->base + LSR) & LSR_ROOM); i++)
		cpu_relax();
	outb(p->base + DATA, c);
}

void serial_write_polled(unsigned port, const char *text, size_t bytes)
{
	struct port *p = &ports[port];
	unsigned long flags = irq_save();
	bool locked = false;

	for (int i = 0; i < FORCE_AFTER && !locked; i++)
		locked = raw_spin_trylock(&p->lock.raw);
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] == '\n')
			put_polled(p, '\r');
		put_polled(p, text[i]);
	}
	if (locked)
		store_release(&p->lock.raw.v, 0);
	irq_restore(flags);
}

struct serial_console {
	struct console console;
	unsigned port;
	bool registered;
};
static struct serial_console consoles[NR_SERIAL];

static void console_write(struct console *console, const char *text, size_t bytes)
{
	serial_write_polled(container_of(console, struct serial_console, console)->port, text,
			    bytes);
}

/* "ttyS1,9600n8": the port's number, or -1 if it names another device. */
static int parse_console(const char *name, unsigned *baud)
{
	const char *end;
	unsigned port;

	if (strncmp(name, "ttyS", 4) != 0 || name[4] < '0' || name[4] > '0' + NR_SERIAL - 1)
		return -1;
	port = name[4] - '0';
	if (name[5] == ',')
		*baud = parse_number(name + 6, &end);
	return serial_present(port) ? (int)port : -1;
}

static void start_console(unsigned port)
{
	struct serial_console *c = &consoles[port];

	if (!serial_present(port) || c->registered)
		return;
	c->console.write = console_write;
	c->port = port;
	c->registered = true;
	register_console(&c->console);
}

void serial_early_init(void)
{
	char name[32];
	unsigned n = 0;

	for (unsigned i = 0; i < NR_SERIAL; i++) {
		spin_lock_init(&ports[i].lock, RANK_CONSOLE);
		ports[i].present = probe(&ports[i]);
		if (!ports[i].present)
			continue;
		outb(ports[i].base + IER, 0);
		set_divisor(&ports[i], 1);
		outb(ports[i].base + FCR, FCR_ENABLE);
		outb(ports[i].base + MCR, MCR_DTR | MCR_RTS);
	}
	for (; boot_option_nth("console", n, name, sizeof(name)); n++) {
		unsigned baud = BASE_BAUD;
		int port = parse_console(name, &baud);

		if (port >= 0) {
			serial_set_speed(port, baud);
			start_console(port);
		}
	}
	if (n == 0)
		start_console(0);
}
