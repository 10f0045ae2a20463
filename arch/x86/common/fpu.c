/*
 * The floating point and vector registers of programs; the kernel uses none.
 *
 * They are saved and restored at each switch between tasks ("eagerly"), in the
 * standard format of XSAVE, or FXSAVE's where the CPU has no more:
 *
 *     0 .. 511     x87, MXCSR, xmm: FXSAVE's area
 *     512 .. 575   header: XSTATE_BV (which parts are not in their initial state),
 *                  XCOMP_BV (0 in standard format), 48 bytes of zeros
 *     576 ..       AVX, AVX-512
 *
 * The same bytes are what a signal frame shows a program and takes back from it
 * (Intel SDM 1, chapter 13).  Protection keys are not enabled.
 */
#include "arch/x86/common/internal.h"
#include "lib/string.h"
#include "machine/alternative.h"
#include "machine/info.h"
#include "machine/thread.h"
#include "machine/uaccess.h"
#include "machine/words.h"

#define XCR0_X87_SSE_AVX   0x07
#define XCR0_AVX512        0xe0
#define MXCSR_DEFAULT      0x1f80
#define MXCSR_OFFSET       24
#define MXCSR_MASK_OFFSET  28
#define LEGACY_BYTES       512
#define HEADER_BYTES       64
#define SIGNAL_FRAME_BYTES 0x400 /* registers, siginfo, alignment: a generous bound */

unsigned fpu_bytes = LEGACY_BYTES;
u64 fpu_features;
u32 fpu_mxcsr_mask = 0xffbf; /* what a CPU that reports none has */

static void set_xcr0(u64 value)
{
	__asm__ volatile("xsetbv" ::"c"(0), "a"((u32)value), "d"((u32)(value >> 32)));
}

void fpu_setup_cpu(void)
{
	static u8 area[LEGACY_BYTES] __aligned(16);
	u32 mask;

	__asm__ volatile("fninit");
	if (cpu_features.xsave) {
		if (!fpu_features) {
			struct cpuid parts = cpuid_count(0xd, 0);

			fpu_features = parts.eax & XCR0_X87_SSE_AVX;
			if ((parts.eax & XCR0_AVX512) == XCR0_AVX512 && fpu_features & 4)
				fpu_features |= XCR0_AVX512;
		}
		set_xcr0(fpu_features);
		fpu_bytes = cpuid_count(0xd, 0).ebx; /* for what XCR0 enables now */
	}
	__asm__ volatile("fxsave %0" : "=m"(area));
	memcpy(&mask, area + MXCSR_MASK_OFFSET, sizeof(mask));
	if (mask)
		fpu_mxcsr_mask = mask;
}

void fpu_save(void *area)
{
	if (!fpu_features)
		__asm__ volatile("fxsave" FPU_WORD " (%0)" ::"r"(area) : "memory");
	else
		__asm__ volatile(ALTERNATIVE("xsave" FPU_WORD " (%0)", "xsaveopt" FPU_WORD " (%0)",
					     "4")::"r"(area),
				 "a"(~0), "d"(~0)
				 : "memory");
}

/* The area is our own, so it is sound, or fpu_sanitize() has made it so. */
void fpu_restore(const void *area)
{
	if (!fpu_features)
		__asm__ volatile("fxrstor" FPU_WORD " (%0)" ::"r"(area) : "memory");
	else
		__asm__ volatile("xrstor" FPU_WORD " (%0)" ::"r"(area), "a"(~0), "d"(~0)
				 : "memory");
}

void fpu_init_area(void *area)
{
	const u32 mxcsr = MXCSR_DEFAULT;
	const u16 control = 0x37f;

	memset(area, 0, min(fpu_bytes, (unsigned)(LEGACY_BYTES + HEADER_BYTES)));
	memcpy(area, &control, sizeof(control));
	memcpy((u8 *)area + MXCSR_OFFSET, &mxcsr, sizeof(mxcsr));
}

bool fpu_sanitize(void *area)
{
	u32 mxcsr;
	u64 header[HEADER_BYTES / 8];

	memcpy(&mxcsr, (u8 *)area + MXCSR_OFFSET, sizeof(mxcsr));
	if (mxcsr & ~fpu_mxcsr_mask)
		return false;
	if (!fpu_features)
		return true;
	memcpy(header, (u8 *)area + LEGACY_BYTES, sizeof(header));
	header[0] &= fpu_features;
	memset(header + 1, 0, sizeof(header) - 8);
	memcpy((u8 *)area + LEGACY_BYTES, header, sizeof(header));
	return true;
}

unsigned long machine_minsigstksz(void)
{
	return SIGNAL_FRAME_BYTES + fpu_bytes + 64 + 4;
}
