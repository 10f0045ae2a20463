/*
 * Time: a counter, its frequency, and the wall clock at boot.
 *
 *   tsc    read in one instruction; its frequency is measured at boot against a
 *          reference of known speed (the HPET, else the PIT) for about a
 *          millisecond, and once more against the HPET over the first second
 *   hpet   where the TSC stops or changes speed (no CPU since about 2008) or
 *          "clocksource=hpet" says so
 *   pit    ticks counted, if there is nothing else: HZ steps a second
 *
 * Counter values become nanoseconds by
 *
 *     ns = base.ns + (counter - base.counter) * base.mult / 2^base.shift
 *
 * When the frequency is corrected a new base is made that continues where the old
 * one is, and `base` points to it: readers take the pointer once.
 */
#include "arch/x86/common/internal.h"
#include "lib/div.h"
#include "lib/printk.h"
#include "lib/sample.h"
#include "lib/string.h"
#include "machine/boot.h"
#include "machine/clock.h"

#define NS_PER_SEC    1000000000u
#define PIT_HZ        1193182u
#define CALIBRATE_PIT 1193 /* PIT periods: 1 ms */
#define REFINE_TICKS  HZ

enum source { SOURCE_NONE, SOURCE_TSC, SOURCE_HPET, SOURCE_PIT };

struct clock_base {
	u64 counter, ns;
	u32 mult, shift;
};

static enum source source;
static u64 tsc_hz;
static u32 lapic_hz; /* of its timer, divided by 16 */
static struct clock_base bases[2];
static struct clock_base *base = &bases[0];
static u64 ticks;         /* since boot, by the boot CPU */
static u64 hpet_high;     /* the HPET's 32 bits extended, at each tick */
static u64 boot_seconds;  /* wall clock at boot */
static u64 calibrate_tsc; /* where the measurement began */
static u32 calibrate_hpet;
static bool have_hpet;

static u64 hpet_counter(void)
{
	u64 last = READ_ONCE(hpet_high);

	return last + (u32)(hpet_read() - (u32)last);
}

static u64 read_counter(void)
{
	switch (source) {
	case SOURCE_TSC: return cycles();
	case SOURCE_HPET: return hpet_counter();
	case SOURCE_PIT: return READ_ONCE(ticks);
	default: return 0;
	}
}

/* a * mult >> shift with 96 bits in between; shift is at most 32. */
static u64 scale(u64 a, u32 mult, u32 shift)
{
	u64 low = (u64)(u32)a * mult, high = (a >> 32) * mult;

	return (low >> shift) + (high << (32 - shift));
}

u64 machine_clock_ns(void)
{
	const struct clock_base *b = READ_ONCE(base);

	return b->ns + scale(read_counter() - b->counter, b->mult, b->shift);
}

/* The best mult and shift for a counter of `hz`: as many bits as fit. */
static void set_rate(struct clock_base *b, u64 hz)
{
	b->shift = 32;
	for (;;) {
		u64 n = (u64)NS_PER_SEC << b->shift; /* 30 + 32 bits */
		u64 mult = hz >> 32 ? 0 : div_u64(n + hz / 2, (u32)hz, NULL);

		if (hz >> 32) /* above 4.29 GHz: a little less precise */
			mult = div_u64(n, (u32)(hz >> 4), NULL) >> 4;
		if (mult >> 32 == 0) {
			b->mult = (u32)mult;
			return;
		}
		b->shift--;
	}
}

static void rebase(u64 hz)
{
	struct clock_base *next = base == &bases[0] ? &bases[1] : &bases[0];

	next->counter = read_counter();
	next->ns = base->ns + scale(next->counter - base->counter, base->mult, base->shift);
	set_rate(next, hz);
	store_release(&base, next);
}

/* Counter ticks per second when `count` of them took `span` of a clock with `hz`. */
static u64 rate(u64 count, u64 span, u64 hz)
{
	/* count * hz may exceed 64 bits only beyond what is measured here (seconds). */
	while (span >> 32 || count >> 33) {
		count >>= 1;
		span >>= 1;
	}
	return span ? div_u64(count * hz, (u32)span, NULL) : 0;
}

static struct sample read_all(void)
{
	struct sample s = {.counter = cpu_features.tsc ? cycles() : 0};

	s.reference = have_hpet ? hpet_read() : 0;
	s.other = lapic_enabled ? lapic_timer_elapsed() : 0;
	s.took = cpu_features.tsc ? cycles() - s.counter : 0;
	return s;
}

static void calibrate(void)
{
	struct sample begin, end;
	u32 hz = PIT_HZ, span = CALIBRATE_PIT;

	if (lapic_enabled)
		lapic_timer_count();
	/* Everything once for practice: caches (an emulator's of translated code) are warm then. */
	sample_best(read_all);
	if (!have_hpet)
		pit_wait(1);
	begin = sample_best(read_all);
	if (have_hpet) {
		hz = (u32)div_u64(1000000000000000ULL, hpet_femtoseconds(), NULL);
		hpet_high = calibrate_hpet = begin.reference;
		calibrate_tsc = begin.counter;
		while (hpet_read() - begin.reference < hz / 1000)
			;
		end = sample_best(read_all);
		span = end.reference - begin.reference;
	} else {
		pit_wait(CALIBRATE_PIT);
		end = read_all();
	}
	tsc_hz = rate(end.counter - begin.counter, span, hz);
	lapic_hz = (u32)rate(end.other - begin.other, span, hz);
}

static enum source choose(void)
{
	char name[8];

	if (boot_option("clocksource", name, sizeof(name))) {
		if (strcmp(name, "hpet") == 0 && have_hpet)
			return SOURCE_HPET;
		if (strcmp(name, "pit") == 0)
			return SOURCE_PIT;
	}
	if (cpu_features.tsc && tsc_hz && (cpu_features.tsc_steady || cpu_features.hypervisor))
		return SOURCE_TSC;
	return have_hpet ? SOURCE_HPET : tsc_hz ? SOURCE_TSC : SOURCE_PIT;
}

/* --- The battery clock (MC146818 data sheet) --- */

static u8 cmos(u8 index)
{
	outb(0x70, 0x80 | index); /* NMI held off meanwhile */
	return inb(0x71);
}

static unsigned from_bcd(u8 value, bool binary)
{
	return binary ? value : (value >> 4) * 10 + (value & 15);
}

/* Days since 1970 of a Gregorian date: years begin in March, so that leap days come last. */
static s64 days_since_1970(s64 year, unsigned month, unsigned day)
{
	unsigned march = (month + 9) % 12; /* months since March */

	if (month <= 2)
		year--;
	return 365 * year + year / 4 - year / 100 + year / 400 + (march * 153 + 2) / 5 + day - 1 -
	       719468;
}

static u64 read_rtc(void)
{
	u8 now[7] = {0}, before[7];
	static const u8 index[6] = {0, 2, 4, 7, 8, 9}; /* s, min, h, day, month, year */
	unsigned hour, century = 0;
	bool binary;
	u8 status;

	for (int tries = 0; tries < 1000; tries++) { /* until two readings agree */
		for (int i = 0; i < 1000 && cmos(10) & 0x80; i++)
			; /* an update is under way */
		memcpy(before, now, sizeof(now));
		for (int i = 0; i < 6; i++)
			now[i] = cmos(index[i]);
		now[6] = acpi.century ? cmos(acpi.century) : 0;
		if (tries && memcmp(before, now, sizeof(now)) == 0)
			break;
	}
	status = cmos(11);
	outb(0x70, 0); /* NMI on again */
	binary = status & 4;
	hour = from_bcd(now[2] & 0x7f, binary);
	if (!(status & 2)) /* twelve-hour clock: the top bit means p.m. */
		hour = hour % 12 + (now[2] & 0x80 ? 12 : 0);
	if (now[6])
		century = from_bcd(now[6], binary);
	if (century < 19 || century > 29)
		century = from_bcd(now[5], binary) < 70 ? 20 : 19;
	return (u64)days_since_1970(century * 100 + from_bcd(now[5], binary),
				    from_bcd(now[4], binary), from_bcd(now[3], binary)) *
		       86400 +
	       hour * 3600 + from_bcd(now[1], binary) * 60 + from_bcd(now[0], binary);
}

u64 machine_rtc_seconds(void)
{
	return boot_seconds;
}

/* --- */

static u64 clock_us(void)
{
	return div_u64(machine_clock_ns(), 1000, NULL);
}

void clock_init(void)
{
	u64 hz;

	have_hpet = hpet_init();
	calibrate();
	source = choose();
	hz = source == SOURCE_TSC    ? tsc_hz
	     : source == SOURCE_HPET ? div_u64(1000000000000000ULL, hpet_femtoseconds(), NULL)
				     : HZ;
	base->counter = read_counter();
	set_rate(base, hz);
	boot_seconds = read_rtc();
	printk_clock = clock_us;
	pr_info("Clock: %s, TSC at %llu.%03llu MHz\n", machine_clock_name(),
		(unsigned long long)tsc_hz / 1000000, (unsigned long long)tsc_hz / 1000 % 1000);
}

void tick_init(void)
{
	if (lapic_enabled && lapic_hz)
		lapic_timer_start(lapic_hz / HZ, VECTOR_TICK);
	else
		pit_start(HZ);
}

/* The frequency, measured over a thousand times the span that boot could spare. */
static void refine(void)
{
	const struct sample now = sample_best(read_all);
	u32 span = now.reference - calibrate_hpet;
	u64 hz = div_u64(1000000000000000ULL, hpet_femtoseconds(), NULL);
	u64 better = rate(now.counter - calibrate_tsc, span, hz);

	/* A guest that was stopped meanwhile measures nonsense: believe small corrections only. */
	if (better > tsc_hz - tsc_hz / 50 && better < tsc_hz + tsc_hz / 50) {
		tsc_hz = better;
		rebase(better);
	}
}

void clock_tick(void)
{
	WRITE_ONCE(ticks, ticks + 1);
	if (!hpet_femtoseconds())
		return;
	if (source == SOURCE_HPET)
		WRITE_ONCE(hpet_high, hpet_counter());
	else if (source == SOURCE_TSC && ticks == REFINE_TICKS)
		refine();
}

const char *machine_clock_name(void)
{
	static const char *const names[] = {"none", "tsc", "hpet", "pit"};

	return names[source];
}

u64 machine_tsc_hz(void)
{
	return tsc_hz;
}

void machine_delay_ns(u64 ns)
{
	if (source == SOURCE_TSC || source == SOURCE_HPET) {
		u64 end = machine_clock_ns() + ns;

		while (machine_clock_ns() < end)
			cpu_relax();
		return;
	}
	/* Before the clock runs, or without one: the PIT, a millisecond at a time. */
	for (u64 us = div_u64(ns, 1000, NULL) + 1; us; us -= min(us, (u64)1000))
		pit_wait((u32)min(us, (u64)1000) * 1193 / 1000 + 1);
}
