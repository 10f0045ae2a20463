/*
 * The PC's timers: the 8254 PIT, which every PC has, and the HPET, which is finer
 * (IA-PC HPET specification 1.0a).
 */
#include "arch/x86/common/internal.h"
#include "lib/div.h"

#define PIT_CHANNEL0      0x40
#define PIT_CHANNEL2      0x42
#define PIT_MODE          0x43
#define PIT_HZ            1193182u
#define SPEAKER           0x61 /* bit 0 gates channel 2, bit 1 the loudspeaker, bit 5 is its output */

#define HPET_CAPABILITIES 0x00 /* high half: femtoseconds per count */
#define HPET_CONFIG       0x10
#define HPET_COUNTER      0xf0

static volatile u32 *hpet; /* constant after boot */
static u32 femtoseconds;

/* Channel 0 interrupts at that rate (mode 2: one pulse per period). */
void pit_start(u32 hz)
{
	u32 count = (PIT_HZ + hz / 2) / hz;

	outb(PIT_MODE, 0x34);
	outb(PIT_CHANNEL0, (u8)count);
	outb(PIT_CHANNEL0, (u8)(count >> 8));
	pic_mask(0, false);
}

/* Channel 2 counts down once (mode 0) and raises its output. */
void pit_wait(u32 count)
{
	u8 speaker = inb(SPEAKER);

	outb(SPEAKER, (speaker & ~2) | 1);
	outb(PIT_MODE, 0xb0);
	outb(PIT_CHANNEL2, (u8)count);
	outb(PIT_CHANNEL2, (u8)(count >> 8));
	while (!(inb(SPEAKER) & 0x20))
		cpu_relax();
	outb(SPEAKER, speaker);
}

bool hpet_init(void)
{
	u32 period;

	if (!acpi.hpet_base)
		return false;
	hpet = fixmap_device(acpi.hpet_base);
	if (!hpet)
		return false;
	period = hpet[HPET_CAPABILITIES / 4 + 1];
	if (period < 100000 || period > 100000000) { /* the specification's bounds */
		hpet = NULL;
		return false;
	}
	hpet[HPET_CONFIG / 4] |= 1; /* run */
	femtoseconds = period;
	return true;
}

u32 hpet_read(void)
{
	return hpet[HPET_COUNTER / 4];
}

u32 hpet_femtoseconds(void)
{
	return femtoseconds;
}
