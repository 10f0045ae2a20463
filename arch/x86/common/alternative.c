/*
 * Patch the instructions that depend on the CPU (machine/alternative.h) or on whether the event
 * stream is recorded (machine/recording.h), once, on the boot CPU, while kernel text is
 * still writable through the boot mapping.
 */
#include "arch/x86/common/internal.h"
#include "lib/assert.h"
#include "lib/string.h"
#include "machine/alternative.h"

struct altinstr {
	s32 site, replacement; /* distances from their own fields */
	u8 site_bytes, replacement_bytes;
	u8 feature, unused;
};
extern const struct altinstr __start_altinstr[], __stop_altinstr[];

static bool has(unsigned feature)
{
	switch (feature) {
	case ALT_SMAP: return cpu_features.smap;
	case ALT_ERMS: return cpu_features.erms;
	case ALT_FSRM: return cpu_features.erms && cpu_features.fsrm;
	case ALT_XSAVE: return cpu_features.xsave;
	case ALT_XSAVEOPT: return cpu_features.xsaveopt;
	default: return false;
	}
}

/* The multi-byte NOPs of the Intel SDM (vol. 2B, NOP), up to 8 bytes. */
static const u8 nops[9][8] = {
	{0},
	{0x90},
	{0x66, 0x90},
	{0x0f, 0x1f, 0x00},
	{0x0f, 0x1f, 0x40, 0x00},
	{0x0f, 0x1f, 0x44, 0x00, 0x00},
	{0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00},
	{0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00},
	{0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
};

void alternatives_patch(void)
{
	for (const struct altinstr *alt = __start_altinstr; alt < __stop_altinstr; alt++) {
		u8 *site = (u8 *)&alt->site + alt->site;
		const u8 *replacement = (const u8 *)&alt->replacement + alt->replacement;
		unsigned rest = alt->site_bytes;

		if (!has(alt->feature))
			continue;
		BUG_ON(alt->replacement_bytes > alt->site_bytes);
		/* Byte by byte: memcpy itself is among the patched. */
		for (unsigned i = 0; i < alt->replacement_bytes; i++, rest--)
			WRITE_ONCE(*site++, replacement[i]);
		while (rest) {
			unsigned n = min(rest, 8u);

			for (unsigned i = 0; i < n; i++, rest--)
				WRITE_ONCE(*site++, nops[n][i]);
		}
	}
}

/* Where an event may be recorded, and the code that does. */
struct recordsite {
	s32 site, target; /* distances from their own fields */
};
extern const struct recordsite __start_recordsite[], __stop_recordsite[];

void record_sites_patch(void)
{
	for (const struct recordsite *row = __start_recordsite; row < __stop_recordsite; row++) {
		u8 *site = (u8 *)&row->site + row->site;
		const u8 *target = (const u8 *)&row->target + row->target;
		const s32 distance = (s32)(target - (site + 5));

		site[0] = 0xe9; /* JMP rel32 */
		memcpy(site + 1, &distance, sizeof(distance));
	}
}
