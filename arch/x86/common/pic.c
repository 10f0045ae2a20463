/*
 * The two 8259 interrupt controllers of the PC/AT: used where there is no IOAPIC,
 * silenced where there is.  (Intel 8259A data sheet; line 2 is where the second
 * hangs on the first.)
 */
#include "arch/x86/common/internal.h"

#define MASTER         0x20
#define SLAVE          0xa0
#define DATA           1 /* from the command port */
#define END            0x20
#define READ_INSERVICE 0x0b
#define CASCADE        2

static u16 masked = 0xffff & ~BIT(CASCADE);

static void write_masks(void)
{
	outb(MASTER + DATA, (u8)masked);
	outb(SLAVE + DATA, masked >> 8);
}

void pic_init(bool use)
{
	/* Also when unused: a stray interrupt must come on a vector of its own. */
	outb(MASTER, 0x11); /* edge triggered, cascaded, with ICW4 */
	outb(SLAVE, 0x11);
	outb(MASTER + DATA, VECTOR_IRQ);
	outb(SLAVE + DATA, VECTOR_IRQ + 8);
	outb(MASTER + DATA, 1 << CASCADE);
	outb(SLAVE + DATA, CASCADE);
	outb(MASTER + DATA, 1); /* 8086 mode */
	outb(SLAVE + DATA, 1);
	if (!use)
		masked = 0xffff;
	write_masks();
}

void pic_mask(unsigned irq, bool mask)
{
	if (mask)
		masked |= BIT(irq);
	else
		masked &= ~BIT(irq);
	write_masks();
}

void pic_eoi(unsigned irq)
{
	if (irq >= 8)
		outb(SLAVE, END);
	outb(MASTER, END);
}

/* A line that fell back before it was acknowledged shows as 7 or 15, not in service. */
bool pic_spurious(unsigned irq)
{
	u16 port = irq >= 8 ? SLAVE : MASTER;

	if (irq != 7 && irq != 15)
		return false;
	outb(port, READ_INSERVICE);
	if (inb(port) & 0x80)
		return false;
	if (irq == 15)
		outb(MASTER, END); /* the first one did see its cascade line */
	return true;
}
