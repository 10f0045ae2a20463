/*
 * Time.  The counter is the TSC when it is steady, else the HPET or the PIT's
 * ticks; it runs before start_kernel().  The tick comes HZ times a second as
 * soon as interrupts are enabled (timer_tick() in machine/upcall.h).
 */
#pragma once

#include "lib/types.h"

#define HZ 250

/* Nanoseconds since boot; monotonic. Any context. */
u64 machine_clock_ns(void);
/* Wall time when the machine booted (clock 0), in seconds since 1970, as the battery clock had it. */
u64 machine_rtc_seconds(void);
/* "tsc", "hpet" or "pit", and the TSC's frequency (0: unknown). */
const char *machine_clock_name(void);
u64 machine_tsc_hz(void);
/* Wait without interrupts, for device handshakes: at most milliseconds. */
void machine_delay_ns(u64 ns);
