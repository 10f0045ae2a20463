/*
 * Instructions chosen at boot by what the CPU can do.
 *
 * A site holds the code for a CPU without the feature; a row in the section
 * `altinstr` says what to put there instead when the CPU has it.  The sites are
 * patched once, before kernel text becomes read-only (arch/x86/common/alternative.c).
 * The replacement must not be longer than the original nor contain relative jumps
 * out of itself; what remains is filled with NOPs.
 */
#pragma once

#define ALT_SMAP     0
#define ALT_ERMS     1 /* fast REP MOVSB and STOSB */
#define ALT_FSRM     2 /* ... also for short ones */
#define ALT_XSAVE    3
#define ALT_XSAVEOPT 4

#ifdef __ASSEMBLER__
/* clang-format off */
.macro ALTERNATIVE original:req, replacement, feature:req
771:	\original
772:
	.pushsection altreplace, "a"
773:	\replacement
774:
	.popsection
	.pushsection altinstr, "a"
	.balign 4
	.long	771b - ., 773b - .
	.byte	772b - 771b, 774b - 773b, \feature, 0
	.popsection
.endm
/* clang-format on */
#else
#define ALTERNATIVE(original, replacement, feature)                                    \
	"771:\t" original "\n772:\n\t"                                                 \
	".pushsection altreplace, \"a\"\n773:\t" replacement "\n774:\t.popsection\n\t" \
	".pushsection altinstr, \"a\"\n\t.balign 4\n\t.long 771b - ., 773b - .\n\t"    \
	".byte 772b - 771b, 774b - 773b, " feature ", 0\n\t.popsection\n\t"

/* Supervisor access to user pages, where SMAP would trap it: three-byte NOPs without it. */
#define SMAP_OPEN  ALTERNATIVE(".byte 0x0f, 0x1f, 0x00", "stac", "0")
#define SMAP_CLOSE ALTERNATIVE(".byte 0x0f, 0x1f, 0x00", "clac", "0")
#endif
